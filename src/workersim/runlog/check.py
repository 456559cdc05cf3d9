"""What must be true of every run log, whoever wrote it.

An observed log cannot tell everything, so what needs the inside of a worker (phases, idle slots)
is asked of simulated logs only; slots and replicas only where the log knows them.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from workersim.errors import LogError
from workersim.runlog.counting import count_by_group
from workersim.runlog.idleness import idle_while_waiting, straight_from_queue
from workersim.runlog.laws import check_laws
from workersim.runlog.messages import check_messages
from workersim.runlog.ordering import BLOCK, blocks, in_order
from workersim.runlog.schema import SERVICE, Attempts, Cause, Outcome
from workersim.runlog.sharing import check_sharing, containers
from workersim.runlog.tiling import check_phases
from workersim.runlog.timeline import Timeline
from workersim.runlog.wording import attempt_row, instant, place, refuse
from workersim.units import NEVER

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from workersim.runlog.log import RunLog

__all__ = ["check"]

_RAN = [Outcome.DONE, Outcome.FAILED, Outcome.RETRIED, Outcome.LOST, Outcome.TIMED_OUT]


def check(log: RunLog, *, served: frozenset[int] | None = None) -> None:
    """Verify the invariants and the operational laws of a log.

    Held are: the canonical order of the tables; that every job has a row; that the instants of an
    attempt follow each other and agree with its outcome; that no message vanishes and none comes from
    nowhere (``workersim.runlog.messages``); that no slot runs two attempts at once and each is up
    while it works; that phases tile their attempt and get the CPU that they ask for, never above what
    the replica has; that no job waits while a slot that could take it is idle (where workers take
    straight from the queue); and the laws of ``workersim.runlog.laws``.

    Parameters
    ----------
    log
        Any log.
    served
        Indices of the queues that every replica consumes, for the rule about idle slots; None: all, or those
        that the log's ``terms`` name.

    Raises
    ------
    LogError
        Naming the first row that breaks an invariant, or the law that does not hold.
    """
    simulated = log.engine != "observed"
    _check_jobs(log)
    _check_order(log)
    _by_part(log, _check_instants)
    _check_fleet(log)
    if simulated:
        _check_outcomes(log)
        check_messages(log)
    if simulated or len(log.fleet):
        _by_part(log, _check_places)
        _check_room(log)
    _check_slots(log)
    if simulated:
        check_phases(log)
        check_sharing(log)
        _check_idleness(log, served)
    check_laws(log)


def _by_part(log: RunLog, checked: Callable[[RunLog], None]) -> None:
    """Check a part of the attempts at a time; if one is broken then all of them, so that its row has its number."""
    for rows in blocks(len(log.attempts)):
        columns: dict[str, Any] = {name: column[rows] for name, column in log.attempts.columns().items()}
        try:
            checked(replace(log, attempts=Attempts(**columns)))
        except LogError:
            checked(log)
            raise


def _check_jobs(log: RunLog) -> None:
    jobs = log.jobs
    late = (jobs.arrival_ns < 0) | (jobs.arrival_ns > log.horizon_ns)
    refuse("jobs", late, lambda i: f"it arrives at {instant(jobs.arrival_ns[i])}, outside of the run")
    for name, column, names in (
        ("job_class", jobs.job_class, jobs.classes),
        ("queue", jobs.queue, jobs.queues),
    ):
        unknown = (column < 0) | (column >= len(names))
        refuse("jobs", unknown, _says(name, column, f"which is none of {len(names)}"))
    early = jobs.expires_ns < jobs.arrival_ns
    refuse("jobs", early, lambda i: f"its patience ends at {instant(jobs.expires_ns[i])}, before it arrives")


def _check_order(log: RunLog) -> None:
    job, attempt = log.attempts.job, log.attempts.attempt
    if len(job) == len(log.jobs) and _is_plain(log.attempts):
        return
    same = np.concatenate([np.zeros(1, dtype=np.bool_), job[1:] == job[:-1]])[: len(job)]
    wanted = np.where(same, np.roll(attempt, 1) + 1, 0)
    wrong = attempt != wanted
    wrong[1:] |= (job[1:] - job[:-1].astype(np.int64) > 1) | (job[1:] < job[:-1])
    wrong[:1] |= job[:1] != 0
    refuse("attempts", wrong, lambda i: f"job {job[i]}, attempt {attempt[i]} stands out of order")
    present = int(job[-1]) + 1 if len(job) else 0
    if present != len(log.jobs):
        msg = f"every job must have an attempt: there are {len(log.jobs)} jobs, and attempts of {present}"
        raise LogError(msg)


def _is_plain(attempts: Attempts) -> bool:
    """Tell whether each row is the first attempt of the job of that number."""
    return all(
        bool((attempts.job[rows] == np.arange(rows.start, rows.stop)).all() and not attempts.attempt[rows].any())
        for rows in blocks(len(attempts))
    )


def _check_instants(log: RunLog) -> None:
    for name in ("published_ns", "reserved_ns", "started_ns", "finished_ns"):
        column = getattr(log.attempts, name)
        _refuse(log, column > NEVER, name + " is {}, beyond never", column)
    attempts, arrival = log.attempts, log.jobs.arrival_ns[log.attempts.job]
    reserved = _or(attempts.reserved_ns, attempts.published_ns)
    started = _or(attempts.started_ns, reserved)
    chain = [
        ("arrival", arrival),
        ("published", attempts.published_ns),
        ("reserved", reserved),
        ("started", started),
        ("finished", _or(attempts.finished_ns, started)),
        ("the horizon", np.broadcast_to(np.int64(log.horizon_ns), (len(attempts),))),
    ]
    for (former, earlier), (latter, later) in pairwise(chain):
        _refuse(log, later < earlier, f"{latter} ({{}}) is before {former} ({{}})", later, earlier)
    if log.engine != "observed":
        moved = (attempts.attempt == 0) & (attempts.published_ns != arrival)
        _refuse(log, moved, "published at {} although it arrives at {}", attempts.published_ns, arrival)
        skipped = (attempts.started_ns < NEVER) & (attempts.reserved_ns == NEVER)
        _refuse(log, skipped, "started at {} without being reserved", attempts.started_ns)


def _check_outcomes(log: RunLog) -> None:
    attempts, outcome = log.attempts, log.attempts.outcome
    started, finished = attempts.started_ns < NEVER, attempts.finished_ns < NEVER
    unknown = (outcome < 0) | (outcome >= len(Outcome))
    _refuse(log, unknown, "{} is no outcome", outcome)
    refused = [
        (finished == (outcome == Outcome.UNFINISHED), "it has left, or it is unfinished: not both"),
        (np.isin(outcome, _RAN) & ~started, "it ran, so it must have started"),
        ((outcome == Outcome.EXPIRED) & started, "it expired, so it must not have started"),
        ((outcome == Outcome.REDELIVERED) & started, "it was returned, so it must not have started"),
        ((attempts.replica >= 0) != started, "it has a replica if, and only if, it started"),
        ((attempts.slot >= 0) != started, "it has a slot if, and only if, it started"),
    ]
    for bad, why in refused:
        refuse("attempts", bad, _ended(log, why), bare=True)
    _check_patience(log)


def _check_patience(log: RunLog) -> None:
    """Check that patience ends when it does: to the instant in a queue, and when a worker looks at it otherwise."""
    attempts = log.attempts
    patience = log.jobs.expires_ns[attempts.job]
    # A retry may be published when its job has no patience left, and is looked at once.
    expires = np.maximum(patience, attempts.published_ns)
    expired, received = attempts.outcome == Outcome.EXPIRED, attempts.reserved_ns < NEVER
    early = expired & (attempts.finished_ns < expires)
    _refuse(log, early, "expired at {}, before its patience ends ({})", attempts.finished_ns, expires)
    punctual = expired & received & (attempts.finished_ns == patience)
    _refuse(log, punctual, "expired in a worker at {}, when its patience had not ended yet", patience)
    late = expired & ~received & (attempts.finished_ns != expires)
    _refuse(log, late, "expired at {}, its patience ended at {}", attempts.finished_ns, expires)
    overdue = _ideal(log) & (attempts.started_ns < NEVER) & (attempts.started_ns > expires)
    _refuse(log, overdue, "started at {} although its patience ended at {}", attempts.started_ns, expires)


def _ideal(log: RunLog) -> NDArray[np.bool_]:
    """Flag the attempts that were taken straight from their queue."""
    if not log.terms:
        return np.full(len(log.attempts), straight_from_queue(log))
    ideal = [service for service, terms in enumerate(log.terms) if terms.ideal]
    flags: NDArray[np.bool_] = np.isin(log.attempts.replica // SERVICE, ideal)
    return flags


def _check_fleet(log: RunLog) -> None:
    fleet = log.fleet
    refuse(
        "fleet",
        (fleet.instant_ns < 0) | (fleet.instant_ns > log.horizon_ns),
        lambda i: f"its instant {instant(fleet.instant_ns[i])} lies outside of the run",
    )
    if len(fleet) > 1:
        order = np.lexsort((fleet.cause, fleet.replica, fleet.instant_ns))
        refuse(
            "fleet",
            order != np.arange(len(order)),
            lambda _: "it stands out of order (instant, replica, cause)",
        )
    bad = (fleet.cause < 0) | (fleet.cause >= len(Cause))
    refuse("fleet", bad, lambda i: f"{fleet.cause[i]} is no cause")
    for name in ("replica", "slots", "vcpus", "memory_bytes", "price", "vcpu_price"):
        column: NDArray[Any] = getattr(fleet, name)
        refuse("fleet", ~((column >= 0) & (column < np.inf)), _says(name, column, "expected a number >= 0"))
    down = ((fleet.cause == Cause.DOWN) | (fleet.cause == Cause.STARTING)) & (fleet.slots > 0)
    refuse("fleet", down, lambda i: f"{fleet.slots[i]} slots are up although it starts or is down")


def _check_places(log: RunLog) -> None:
    """Check that each slot exists and takes messages at a start, and is up until the finish."""
    attempts, timeline = log.attempts, Timeline(log.fleet)
    rows = timeline.row_at(attempts.replica, attempts.started_ns)
    ran = (attempts.started_ns < NEVER) & (attempts.replica >= 0)
    _refuse_place(log, ran & (rows < 0), "starts on replica {place}, which is not there yet")
    if not len(log.fleet):
        return
    _refuse_place(log, ran & ~_takes(log, timeline.fleet.cause[rows]), "starts on replica {place}, which is not ready")
    # Processes come and go with a worker's own autoscaler; their numbers stay below the most there ever were.
    there = containers(log)
    most = there.slots[there.rows(np.where(ran, attempts.replica, log.fleet.replica[0]))]
    # A replica that was up for no time at all has no row that says so.
    absent = ran & (attempts.slot >= most) & ((attempts.finished_ns > attempts.started_ns) | (most > 0))
    _refuse(log, absent, "slot {} of {}", attempts.slot, most)
    gone = timeline.gone_ns[rows]
    _refuse(
        log,
        ran & (np.minimum(attempts.finished_ns, log.horizon_ns) > gone),
        "runs until {} although its replica went at {}",
        attempts.finished_ns,
        gone,
    )


def _takes(log: RunLog, state: NDArray[Any]) -> NDArray[np.bool_]:
    """Flag the attempts that may start in these states of their replicas."""
    attempts = log.attempts
    # A message that was on its way to a process when its worker was told to stop still starts.
    handed = ~_ideal(log) & (state == Cause.DRAINING)
    # A start may itself take the replica down, by its memory; it is over at that instant.
    over = attempts.finished_ns == attempts.started_ns
    flags: NDArray[np.bool_] = (state == Cause.READY) | handed | over
    return flags


def _check_room(log: RunLog) -> None:
    """Check that no replica ever runs more attempts than it has slots up, where those change."""
    attempts, fleet, timeline = log.attempts, log.fleet, Timeline(log.fleet)
    if len(fleet) <= len(containers(log).keys):
        return
    ran = np.flatnonzero((attempts.started_ns < NEVER) & (attempts.replica >= 0))
    ends = np.minimum(attempts.finished_ns[ran], log.horizon_ns + 1)
    # Rows of the fleet begin and end nothing, but there too the count has to be right.
    group = np.concatenate([attempts.replica[ran], fleet.replica])
    begins = np.concatenate([attempts.started_ns[ran], fleet.instant_ns])
    replica, at, running = count_by_group(group, begins, np.concatenate([ends, fleet.instant_ns]))
    slots = timeline.fleet.slots[timeline.row_at(replica, at)]
    above = np.flatnonzero((running > slots) & (at <= log.horizon_ns))
    if len(above):
        first = int(above[np.argmin(at[above])])
        msg = f"replica {place(log, replica[first])} runs {running[first]} attempts at {instant(at[first])}"
        msg += f", and {slots[first]} slots are up"
        raise LogError(msg)


def _check_slots(log: RunLog) -> None:
    """Check that no slot runs two attempts at once."""
    attempts = log.attempts
    if not len(attempts) or attempts.slot.max() < 0 or (len(attempts) > BLOCK and not _overlap(attempts)):
        return
    ran = np.flatnonzero(_placed(attempts))
    if not len(ran):
        return
    started, finished = attempts.started_ns[ran], attempts.finished_ns[ran]
    slots = int(attempts.slot[ran].max()) + 1
    where = attempts.replica[ran].astype(np.int64) * slots + attempts.slot[ran]
    if where.max() < 2**16:
        where = where.astype(np.uint16)  # stable sorts of short words are many times faster
    by_start = np.argsort(started, kind="stable")
    order = by_start[np.argsort(where[by_start], kind="stable")]
    if len(_overlaps(order, where, started, finished)):
        # Attempts of no length may share their instant with another: these come first.
        order = np.lexsort((finished, started, where))
    overlaps = _overlaps(order, where, started, finished)
    if len(overlaps):
        first = overlaps[np.argmin(order[overlaps + 1])]
        former, latter = int(ran[order[first]]), int(ran[order[first + 1]])
        msg = (
            f"{attempt_row(log, latter)} starts at {instant(attempts.started_ns[latter])} in slot "
            f"{attempts.slot[latter]} of replica {place(log, attempts.replica[latter])}, in which "
            f"{attempt_row(log, former)} runs until {instant(attempts.finished_ns[former])}"
        )
        raise LogError(msg)


def _placed(attempts: Attempts, rows: Any = slice(None)) -> NDArray[np.bool_]:
    flags: NDArray[np.bool_] = (attempts.replica[rows] >= 0) & (attempts.slot[rows] >= 0)
    flags &= attempts.started_ns[rows] < NEVER
    return flags


def _overlap(attempts: Attempts) -> bool:
    """Tell whether two attempts overlap in a slot, of many attempts, without a column of their order."""
    slots, until = int(attempts.slot.max()) + 1, dict[int, int]()
    for rows in in_order(attempts.started_ns, attempts.finished_ns):
        ran = rows[_placed(attempts, rows)]
        where = attempts.replica[ran].astype(np.int64) * slots + attempts.slot[ran]
        order = np.argsort(where, kind="stable")
        ran, where = ran[order], where[order]
        starts, ends = attempts.started_ns[ran], attempts.finished_ns[ran]
        other = where[1:] != where[:-1]
        if bool((ends[:-1] > starts[1:])[~other].any()):
            return True
        first, last = np.append(True, other)[: len(ran)], np.append(other, True)[: len(ran)]
        for slot, start in zip(where[first].tolist(), starts[first].tolist(), strict=True):
            if until.get(slot, 0) > start:
                return True
        until |= dict(zip(where[last].tolist(), ends[last].tolist(), strict=True))
    return False


def _overlaps(order: Any, place: Any, started: Any, finished: Any) -> NDArray[np.int64]:
    placed = place[order]
    return np.flatnonzero((placed[1:] == placed[:-1]) & (finished[order[:-1]] > started[order[1:]]))


def _check_idleness(log: RunLog, served: frozenset[int] | None) -> None:
    found = idle_while_waiting(log, served)
    if found is not None:
        at, row = found
        msg = f"{attempt_row(log, row)} waits from {instant(at)} on although a slot is idle"
        raise LogError(msg)


def _says(name: str, column: NDArray[Any], why: str) -> Callable[[int], str]:
    return lambda i: f"{name} is {column[i]}, {why}"


def _ended(log: RunLog, why: str) -> Callable[[int], str]:
    return lambda i: f"{attempt_row(log, i)} is {Outcome(log.attempts.outcome[i]).name.lower()}: {why}"


def _or(instants: Any, otherwise: Any) -> Any:
    return np.where(instants < NEVER, instants, otherwise)


def _refuse_place(log: RunLog, bad: NDArray[np.bool_], why: str) -> None:
    def of(row: int) -> str:
        return f"{attempt_row(log, row)}: " + why.format(place=place(log, log.attempts.replica[row]))

    refuse("attempts", bad, of, bare=True)


def _refuse(log: RunLog, bad: NDArray[np.bool_], why: str, *columns: Any) -> None:
    refuse(
        "attempts",
        bad,
        lambda i: f"{attempt_row(log, i)}: " + why.format(*(instant(column[i]) for column in columns)),
        bare=True,
    )
