"""A run that gets its jobs in chunks: those in hand move to the front, and the next chunk stands behind them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from workersim.engines.compiled.layout import job_columns, phase_columns
from workersim.units import NEVER

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from workersim.engines.compiled.layout import Shape
    from workersim.engines.compiled.world import World
    from workersim.workload import Jobs

__all__ = ["carry", "carry_on", "in_line", "ranges"]


def carry(world: World, jobs: Jobs, shape: Shape) -> World:
    """Return the world with a further chunk of jobs, in the same arrays where they have room.

    Parameters
    ----------
    world
        A world whose run has stopped between two instants; it is used up.
    jobs
        They arrive no earlier than any of the world's.
    shape
        What all chunks have in common.
    """
    live = np.flatnonzero(world.finished[: world.settings[0].jobs] == NEVER)
    counts = np.diff(world.first_phase)[live]
    kept = np.concatenate(([0], np.cumsum(counts)))
    old_first = world.first_phase[live]
    phases = ranges(old_first, counts)
    columns: dict[str, NDArray[Any]] = {}
    for rows, more in ((live, job_columns(jobs, shape)), (phases, phase_columns(jobs))):
        columns |= {name: _moved(getattr(world, name), rows, column) for name, column in more.items()}
    carried = world._replace(**columns, first_phase=np.concatenate((kept[:-1], kept[-1] + jobs.first_phase)))
    _move_queues(world, carried, live)
    _move_running(carried, len(live), kept[:-1] - old_first)
    carried.settings[0].jobs = len(live) + len(jobs)
    return carried


def carry_on(world: World, jobs: Jobs, shape: Shape) -> World:
    """Do the same for a run that tells of jobs as they leave: slots know all of theirs but the phases to come.

    Parameters
    ----------
    world, jobs, shape
        As for ``carry``.
    """
    live, running = in_line(world), np.flatnonzero(world.began < NEVER)
    begins = np.concatenate((world.phase[running], world.first_phase[live]))
    counts = np.concatenate((world.last[running], world.first_phase[live + 1])) - begins
    kept = np.concatenate(([0], np.cumsum(counts)))
    phases = ranges(begins, counts)
    columns: dict[str, NDArray[Any]] = {}
    more = ((live, job_columns(jobs, shape, written=False)), (phases, phase_columns(jobs, written=False)))
    for rows, by_name in more:
        columns |= {name: _moved(getattr(world, name), rows, column) for name, column in by_name.items()}
    first = np.concatenate((kept[len(running) : -1], kept[-1] + jobs.first_phase))
    size = len(running) + len(live) + len(jobs)
    told = world.rows if world.rows.shape[1] >= size else np.empty((3, size + size // 4), np.int64)
    carried = world._replace(**columns, first_phase=first, rows=told)
    _move_queues(world, carried, live)
    carried.clock[0].taken = 0  # of those that are here; with several lanes it is a count, and no place
    carried.phase[running], carried.last[running] = kept[: len(running)], kept[1 : len(running) + 1]
    carried.settings[0].jobs = len(live) + len(jobs)
    return carried


def in_line(world: World) -> NDArray[np.int64]:
    """Return the jobs of a run that tells of them that have not started, in order of arrival."""
    settings, clock = world.settings[0], world.clock[0]
    if settings.one_lane:
        return np.arange(clock.taken, settings.jobs)
    there = np.ones(settings.jobs, np.bool_)
    there[: clock.published] = False
    for head in world.head.tolist():
        at = head
        while at >= 0:
            there[at] = True
            at = world.following[at]
    return np.flatnonzero(there)


def ranges(firsts: NDArray[np.int64], counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the numbers of some ranges, one range behind the other."""
    before: NDArray[np.int64] = np.cumsum(counts) - counts
    return np.arange(int(counts.sum())) + np.repeat(firsts - before, counts)


def _moved(column: NDArray[Any], rows: NDArray[np.int64], more: NDArray[Any]) -> NDArray[Any]:
    """Return a column with some of its rows in front and more behind; one that is not used stays empty."""
    if not len(more):
        return column
    held, size = column[rows], len(rows) + len(more)
    if size > len(column):
        column = np.empty(size + size // 4, column.dtype)  # memory that is touched for the first time costs most
    column[: len(rows)] = held
    column[len(rows) : size] = more
    return column


def _move_queues(world: World, carried: World, live: NDArray[np.int64]) -> None:
    """Point the queues at the new places of the jobs that wait in them."""
    clock = world.clock[0]
    clock.published, clock.taken = np.searchsorted(live, [clock.published, clock.taken])
    if len(carried.following):
        place = np.full(world.settings[0].jobs + 1, -1)  # the last one stands for "none"
        place[live] = np.arange(len(live))
        carried.following[: len(live)] = place[carried.following[: len(live)]]
        carried.head[:] = place[carried.head]
        carried.tail[:] = place[carried.tail]


def _move_running(carried: World, live: int, shift: NDArray[np.int64]) -> None:
    """Point the slots at the new places of their jobs and phases."""
    running = np.flatnonzero(carried.started[:live] < NEVER)
    slots = carried.replica[running] * np.int64(carried.settings[0].concurrency) + carried.slot[running]
    carried.job[slots] = running
    carried.phase[slots] += shift[running]
    carried.last[slots] += shift[running]
