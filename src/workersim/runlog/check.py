"""What must be true of every run log, whoever wrote it.

An observed log cannot tell everything, so what needs the inside of a worker (phases, idle slots)
is asked of simulated logs only; slots and replicas only where the log knows them.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from workersim.errors import LogError
from workersim.runlog.laws import check_laws, idle_while_waiting
from workersim.runlog.schema import Cause, Outcome
from workersim.runlog.sharing import check_sharing
from workersim.runlog.tiling import check_phases
from workersim.runlog.timeline import Timeline
from workersim.runlog.wording import attempt_row, instant, refuse
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
    attempt follow each other and agree with its outcome; that no slot runs two attempts at once and
    each is up while it works; that phases tile their attempt and get the CPU that they ask for,
    never above what the replica has; that no job waits while a slot that could take it is idle
    (where workers take straight from the queue); and the laws of ``workersim.runlog.laws``.

    Parameters
    ----------
    log
        Any log.
    served
        Indices of the queues that every replica consumes, for the rule about idle slots; None: all.

    Raises
    ------
    LogError
        Naming the first row that breaks an invariant, or the law that does not hold.
    """
    simulated = log.engine != "observed"
    _check_jobs(log)
    _check_order(log)
    _check_instants(log)
    _check_fleet(log)
    if simulated:
        _check_outcomes(log)
    if simulated or len(log.fleet):
        _check_places(log)
    _check_slots(log)
    if simulated:
        check_phases(log)
        check_sharing(log)
        _check_idleness(log, served)
    check_laws(log)


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
        ((attempts.replica >= 0) != started, "it has a replica if, and only if, it started"),
        ((attempts.slot >= 0) != started, "it has a slot if, and only if, it started"),
    ]
    for bad, why in refused:
        refuse("attempts", bad, _ended(log, why), bare=True)
    expires = log.jobs.expires_ns[attempts.job]
    expired = outcome == Outcome.EXPIRED
    early = expired & (attempts.finished_ns < expires)
    _refuse(log, early, "expired at {}, before its patience ends ({})", attempts.finished_ns, expires)
    if _straight_from_queue(log):
        late = expired & (attempts.finished_ns != expires)
        _refuse(log, late, "expired at {}, its patience ended at {}", attempts.finished_ns, expires)
        overdue = started & (attempts.started_ns > expires)
        _refuse(log, overdue, "started at {} although its patience ended at {}", attempts.started_ns, expires)


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
    for name in ("replica", "slots", "vcpus", "memory_bytes", "price"):
        column: NDArray[Any] = getattr(fleet, name)
        refuse("fleet", ~((column >= 0) & (column < np.inf)), _says(name, column, "expected a number >= 0"))
    down = ((fleet.cause == Cause.DOWN) | (fleet.cause == Cause.STARTING)) & (fleet.slots > 0)
    refuse("fleet", down, lambda i: f"{fleet.slots[i]} slots are up although it starts or is down")


def _check_places(log: RunLog) -> None:
    """Check that each slot exists and takes messages at a start, and is up until the finish."""
    attempts, timeline = log.attempts, Timeline(log.fleet)
    rows = timeline.row_at(attempts.replica, attempts.started_ns)
    ran = (attempts.started_ns < NEVER) & (attempts.replica >= 0)
    _refuse(log, ran & (rows < 0), "starts on replica {}, which is not there yet", attempts.replica)
    if not len(log.fleet):
        return
    fleet = timeline.fleet
    _refuse(
        log,
        ran & (fleet.cause[rows] != Cause.READY),
        "starts on replica {}, which is not ready",
        attempts.replica,
    )
    _refuse(log, ran & (attempts.slot >= fleet.slots[rows]), "slot {} of {}", attempts.slot, fleet.slots[rows])
    gone = timeline.gone_ns[rows]
    _refuse(
        log,
        ran & (np.minimum(attempts.finished_ns, log.horizon_ns) > gone),
        "runs until {} although its replica went at {}",
        attempts.finished_ns,
        gone,
    )


def _check_slots(log: RunLog) -> None:
    """Check that no slot runs two attempts at once."""
    attempts = log.attempts
    ran = np.flatnonzero((attempts.started_ns < NEVER) & (attempts.replica >= 0) & (attempts.slot >= 0))
    if not len(ran):
        return
    started, finished = attempts.started_ns[ran], attempts.finished_ns[ran]
    slots = int(attempts.slot[ran].max()) + 1
    place = attempts.replica[ran].astype(np.int64) * slots + attempts.slot[ran]
    if place.max() < 2**16:
        place = place.astype(np.uint16)  # stable sorts of short words are many times faster
    by_start = np.argsort(started, kind="stable")
    order = by_start[np.argsort(place[by_start], kind="stable")]
    if len(_overlaps(order, place, started, finished)):
        # Attempts of no length may share their instant with another: these come first.
        order = np.lexsort((finished, started, place))
    overlaps = _overlaps(order, place, started, finished)
    if len(overlaps):
        first = overlaps[np.argmin(order[overlaps + 1])]
        former, latter = int(ran[order[first]]), int(ran[order[first + 1]])
        msg = (
            f"{attempt_row(log, latter)} starts at {instant(attempts.started_ns[latter])} in slot "
            f"{attempts.slot[latter]} of replica {attempts.replica[latter]}, in which "
            f"{attempt_row(log, former)} runs until {instant(attempts.finished_ns[former])}"
        )
        raise LogError(msg)


def _overlaps(order: Any, place: Any, started: Any, finished: Any) -> NDArray[np.int64]:
    placed = place[order]
    return np.flatnonzero((placed[1:] == placed[:-1]) & (finished[order[:-1]] > started[order[1:]]))


def _check_idleness(log: RunLog, served: frozenset[int] | None) -> None:
    found = idle_while_waiting(log, served) if _straight_from_queue(log) else None
    if found is not None:
        at, row = found
        msg = f"{attempt_row(log, row)} waits from {instant(at)} on although a slot is idle"
        raise LogError(msg)


def _straight_from_queue(log: RunLog) -> bool:
    """Tell whether workers reserve nothing ahead: each message starts at the instant of its receipt."""
    return bool(np.array_equal(log.attempts.reserved_ns, log.attempts.started_ns))


def _says(name: str, column: NDArray[Any], why: str) -> Callable[[int], str]:
    return lambda i: f"{name} is {column[i]}, {why}"


def _ended(log: RunLog, why: str) -> Callable[[int], str]:
    return lambda i: f"{attempt_row(log, i)} is {Outcome(log.attempts.outcome[i]).name.lower()}: {why}"


def _or(instants: Any, otherwise: Any) -> Any:
    return np.where(instants < NEVER, instants, otherwise)


def _refuse(log: RunLog, bad: NDArray[np.bool_], why: str, *columns: Any) -> None:
    refuse(
        "attempts",
        bad,
        lambda i: f"{attempt_row(log, i)}: " + why.format(*(instant(column[i]) for column in columns)),
        bare=True,
    )
