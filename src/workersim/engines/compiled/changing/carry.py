"""A run that gets its jobs in chunks: those in hand move to the front, and the next chunk stands behind them.

A job is in hand until nothing can happen to it any more: a row of it is open, the broker still has one of its messages
in the register, or an event of one is due.  It moves with all of its rows, so that it can be told as a whole; jobs and
rows keep their order, because ties are broken by it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from workersim.engines.compiled.carry import ranges
from workersim.engines.compiled.changing import agenda
from workersim.engines.compiled.changing.layout import SPARE, job_columns, records
from workersim.engines.compiled.changing.records import Place
from workersim.units import NEVER

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from workersim.engines.compiled.changing.layout import Frame
    from workersim.engines.compiled.changing.world import Records, World
    from workersim.workload import Jobs

    Indices = NDArray[np.int64]
    Flags = NDArray[np.bool_]

__all__ = ["carry", "drop_idle_events", "jobs_in_hand", "jobs_of_rows"]

NOT_DUE = Place.NOT_DUE
# Fields that hold a row.
IN_ATTEMPT = ("before", "behind")
IN_MESSAGE = ("older", "earlier", "later", "held_before", "held_behind")
IN_CONTAINER = ("flying", "first_waiting", "last_waiting", "first_held", "last_held")
IN_LIST = ("head", "tail")
IN_CLOCK = ("first_unacked", "last_unacked")


def drop_idle_events(world: World) -> None:
    """Take events off the agenda that will find their message elsewhere: they would keep its job in hand."""
    clock = world.clock[0]
    events = np.concatenate((world.soon[: clock.soon], world.heap[: clock.heap])).view(np.recarray)
    due = events[_will_happen(world, events)]
    due = due[np.lexsort((due["second"], due["key"], due["code"] >> 3, due["at"]))]
    clock.soon = min(1, len(due))
    clock.heap = len(due) - clock.soon
    world.soon[: clock.soon] = due[: clock.soon]
    world.heap[: clock.heap] = due[clock.soon :]  # what is in order is a heap


def _will_happen(world: World, events: Records) -> Flags:
    of_message, held = events.row >= 0, (events.row >= 0) & (events.epoch >= 0)
    attempts = world.attempts[events.row]
    holder = np.where(held, world.messages.holder[events.row], 0)
    idle = held & (world.containers.epoch[holder] != events.epoch)
    idle |= of_message & (events.code == agenda.PATIENCE) & (attempts.patient == 0)
    idle |= of_message & ~held & (events.code == agenda.DUE) & (attempts.place != NOT_DUE)
    kept: Flags = ~idle
    return kept


def jobs_in_hand(world: World) -> Flags:
    """Flag the jobs that have not arrived, or to which something can still happen."""
    jobs, clock = int(world.settings[0].jobs), world.clock[0]
    attempts = world.attempts[: clock.rows]
    waiting = np.concatenate((world.soon.row[: clock.soon], world.heap.row[: clock.heap]))
    flags: Flags = (attempts.finished == NEVER) | (attempts.unacked > 0)
    flags[waiting[waiting >= 0]] = True
    flags[clock.published : jobs] = True
    flags[jobs_of_rows(world)[jobs:][flags[jobs:]]] = True
    return flags[:jobs]


def jobs_of_rows(world: World) -> Indices:
    """Return the job of each row."""
    jobs, rows = int(world.settings[0].jobs), int(world.clock[0].rows)
    return np.concatenate((np.arange(jobs), world.messages.job[jobs:rows]))


def carry(world: World, jobs: Jobs, frame: Frame, kept: Flags) -> World:
    """Return the world with a further chunk of jobs.

    Parameters
    ----------
    world
        A world whose run has stopped between two instants; it is used up.
    jobs
        They arrive by themselves, no earlier than any of the world's.
    frame
        What all chunks have in common.
    kept
        Flags the jobs in hand.
    """
    moves = _moves(world, kept, len(jobs))
    more = job_columns(jobs, frame)
    columns = _joined_columns(world, more, moves) | _joined_phases(world, more, moves)
    columns |= {"attempts": _moved(world, "attempts", IN_ATTEMPT, moves)}
    columns |= {"messages": _moved(world, "messages", IN_MESSAGE, moves)}
    _move_settings(world, moves)
    return world._replace(**columns, jobs=_moved_jobs(world, moves))


class _Moves(NamedTuple):
    """Where everything goes: the jobs and further rows that stay, and the new place of each old row (-1: none)."""

    live: Indices
    further: Indices
    jobs: int
    place: Indices

    def of(self, rows: NDArray[Any]) -> Indices:
        """Return the new places of rows; of none, and of what messages that are gone have left behind, -1."""
        none = len(self.place) - 1
        return self.place[np.where((rows >= 0) & (rows < none), rows, none)]


def _moves(world: World, kept: Flags, more: int) -> _Moves:
    rows = jobs_of_rows(world)
    live, further = np.flatnonzero(kept), len(kept) + np.flatnonzero(kept[rows[len(kept) :]])
    place = np.full(len(rows) + 1, -1)
    place[live] = np.arange(len(live))
    place[further] = len(live) + more + np.arange(len(further))
    return _Moves(live, further, len(live) + more, place)


def _joined_columns(world: World, more: dict[str, Any], moves: _Moves) -> dict[str, Any]:
    """Return what the kernel reads of each job; a column that says the same of every job stays short."""
    columns = {"arrival": np.concatenate((world.arrival[moves.live], more["arrival"]))}
    if len(more["lots"]):
        columns["lots"] = np.concatenate((world.lots[moves.live], more["lots"]))
    for name in ("lane", "expires", "job_class"):
        columns[name] = _joined(getattr(world, name), more[name], moves)
    fates = _joined(world.fates, more["fates"], moves, shared=not world.fates[0].retries)
    if fates is not world.fates:
        rows = fates[: len(moves.live)]
        held = world.retry_delay[ranges(rows.first_retry, rows.retries)]
        columns["retry_delay"] = np.concatenate((held, more["retry_delay"]))
        fates.first_retry = np.cumsum(fates.retries) - fates.retries
    return columns | {"fates": fates}


def _joined(old: NDArray[Any], new: NDArray[Any], moves: _Moves, *, shared: bool = True) -> Any:
    """Return a column of those that stay and of those that come; ``shared``: in one row if it may be."""
    if shared and len(old) == len(new) == 1 and old[0] == new[0]:
        return old
    rows, n = np.minimum(moves.live, len(old) - 1), moves.jobs - len(moves.live)
    some, others = _bytes(old)[rows], _bytes(new)
    joined = np.concatenate((some, others if len(new) == n else np.broadcast_to(others, (n, others.shape[1]))))
    return joined.reshape(-1).view(old.dtype).view(type(old))


def _bytes(column: NDArray[Any]) -> NDArray[np.uint8]:
    """Return a column as rows of bytes: NumPy moves records field by field (a tenth of W4)."""
    return column.view(np.uint8, np.ndarray).reshape(len(column), column.dtype.itemsize)


def _joined_phases(world: World, more: dict[str, Any], moves: _Moves) -> dict[str, Any]:
    """Return the phases of those that stay and of those that come, and point slots at the new places."""
    firsts, counts = world.first_phase[moves.live], np.diff(world.first_phase)[moves.live]
    places = np.cumsum(counts) - counts
    held = ranges(firsts, counts)
    running = np.flatnonzero(world.slots.row >= 0)
    at = np.searchsorted(moves.live, jobs_of_rows(world)[world.slots.row[running]])
    world.slots.phase[running] += (places - firsts)[at]
    return {
        "first_phase": np.concatenate((places, len(held) + more["first_phase"])),
        "kind": np.concatenate((world.kind[held], more["kind"])),
        "demand": np.concatenate((world.demand[held], more["demand"])),
    }


def _moved(world: World, name: str, fields: tuple[str, ...], moves: _Moves) -> Records:
    """Return the records of rows at their new places, in the same array where it has room; the others are empty."""
    column, clock, firsts = getattr(world, name), world.clock[0], len(moves.live)
    kept = _some(column, np.concatenate((moves.live, moves.further)))
    for field in fields:
        kept[field] = moves.of(kept[field])
    if name == "messages":
        kept.job[firsts:] = moves.place[kept.job[firsts:]]
    rows = moves.jobs + len(moves.further)
    room = int(rows + clock.needs + clock.unacked) + SPARE
    if room > len(column):
        column = records(room + room // 4, column.dtype)
    else:
        _bytes(column)[: clock.rows] = 0
    _bytes(column)[:firsts] = _bytes(kept)[:firsts]
    _bytes(column)[moves.jobs : rows] = _bytes(kept)[firsts:]
    return column


def _some(column: Records, rows: Indices) -> Records:
    """Return a copy of some records."""
    return _bytes(column)[rows].reshape(-1).view(column.dtype).view(np.recarray)


def _moved_jobs(world: World, moves: _Moves) -> Records:
    if not world.settings[0].remembers:
        return world.jobs
    kept, made = _some(world.jobs, moves.live), records(moves.jobs, world.jobs.dtype)
    kept["last_row"] = moves.of(kept["last_row"])
    _bytes(made)[: len(kept)] = _bytes(kept)
    return made


def _move_settings(world: World, moves: _Moves) -> None:
    """Point all that is not of a job at the new places."""
    settings, clock = world.settings[0], world.clock[0]
    clock.published = np.searchsorted(moves.live, clock.published)
    clock.rows = moves.jobs + len(moves.further)
    settings.jobs = settings.arrivals = moves.jobs
    for fields, holders in ((IN_CLOCK, world.clock), (IN_CONTAINER, world.containers), (IN_LIST, world.lists)):
        for field in fields:
            holders[field] = moves.of(holders[field])
    world.slots["row"] = moves.of(world.slots["row"])
    for due in (world.soon[: clock.soon], world.heap[: clock.heap]):
        due["key"] = np.where(due.row >= 0, moves.of(due["key"]), due["key"])
        due["row"] = moves.of(due["row"])
