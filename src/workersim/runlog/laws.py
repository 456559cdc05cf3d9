"""The operational laws, as identities of whole numbers on the very path that was run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from workersim.errors import LogError
from workersim.runlog.counting import area, count_over_time, exact_sum, left_queue_ns
from workersim.runlog.deciding import deciding_rows, job_counts
from workersim.runlog.schema import Cause
from workersim.runlog.timeline import Timeline, fleet_total
from workersim.units import NEVER

if TYPE_CHECKING:
    from workersim.runlog.log import RunLog
    from workersim.runlog.schema import Ints

__all__ = ["check_laws", "idle_while_waiting", "laws"]

QUEUE = "Little's law of the queue: queue length over time = sum of waits (ns)"
SYSTEM = "Little's law of the system: jobs in hand over time = sum of stays (ns)"
BUSY = "utilization law: busy slots over time = sum of services (ns)"
SPENT = "busy slots over time = sum of phases (ns)"
COUNT = "arrived = finished + failed + expired + lost + in hand"


def laws(log: RunLog) -> dict[str, tuple[int, int]]:
    """Return both sides of each operational law, which are equal on every path.

    The left side is read from a curve over time, the right side from rows; both are exact.

    Returns
    -------
    dict
        The law in words, and its two sides: job-nanoseconds, slot-nanoseconds, or jobs.
    """
    attempts, end = log.attempts, log.horizon_ns
    published, started, finished = attempts.published_ns, attempts.started_ns, attempts.finished_ns
    left = left_queue_ns(started, finished)
    ends = np.where(started <= end, finished, started)
    sides = {
        QUEUE: _little(published, left, end),
        SYSTEM: _little(published, finished, end),
        BUSY: _little(started, ends, end),
    }
    phases = log.phases
    if len(phases):
        limit = np.minimum(finished, end)[phases.attempt]
        spent = exact_sum(np.minimum(phases.finished_ns, limit) - phases.started_ns)
        sides[SPENT] = (sides[BUSY][0], spent)
    sides[COUNT] = _jobs(log)
    return sides


def check_laws(log: RunLog) -> None:
    """Raise LogError if one of the laws does not hold."""
    for law, (curve, rows) in laws(log).items():
        if curve != rows:
            msg = f"the log breaks a law, {law}: {curve} on one side and {rows} on the other"
            raise LogError(msg)


def _little(enters: Ints, leaves: Ints, end: int) -> tuple[int, int]:
    instants, counts = count_over_time(enters, leaves)
    stays = np.minimum(leaves, end) - np.minimum(enters, end)
    return area(instants, counts, 0, end), exact_sum(stays)


def _jobs(log: RunLog) -> tuple[int, int]:
    counts = job_counts(log)
    finished = log.attempts.finished_ns[deciding_rows(log.attempts, len(log.jobs))]
    _, in_hand = count_over_time(log.jobs.arrival_ns, finished)
    gone = counts["finished"] + counts["failed"] + counts["expired"] + counts["lost"]
    return counts["arrived"], gone + int(in_hand[-1] if len(in_hand) else 0)


def idle_while_waiting(log: RunLog, served: frozenset[int] | None) -> tuple[int, int] | None:
    """Find a stretch of time in which a job waits although a slot that takes its queue is idle.

    Parameters
    ----------
    log
        A log in which workers take messages straight from the queue.
    served
        Queues that every replica consumes; None: all.

    Returns
    -------
    tuple or None
        The instant at which the earliest such stretch begins, and the row of an attempt that waits.
    """
    attempts, timeline = log.attempts, Timeline(log.fleet)
    left = left_queue_ns(attempts.started_ns, attempts.finished_ns)
    taken = np.ones(len(attempts), dtype=np.bool_)
    if served is not None:
        taken = np.isin(log.jobs.queue, list(served))[attempts.job]
    waiting = count_over_time(attempts.published_ns[taken], left[taken])
    ready = fleet_total(timeline.fleet, np.where(timeline.fleet.cause == Cause.READY, timeline.fleet.slots, 0))
    # A replica that drains takes nothing any more, so neither its slots nor what they run count.
    rows = timeline.row_at(attempts.replica, attempts.started_ns)
    unready = timeline.unready_ns[rows] if len(timeline.unready_ns) else attempts.finished_ns
    ends = np.where(attempts.started_ns < NEVER, np.minimum(attempts.finished_ns, unready), NEVER)
    busy = count_over_time(attempts.started_ns, ends)
    # All that is due at the horizon still happens, dispatch too, so the rule holds at that instant as well.
    found = [
        instants[(_at(waiting, instants) > 0) & (_at(ready, instants) > _at(busy, instants))]
        for instants in (waiting[0][waiting[1] > 0], busy[0][_at(ready, busy[0]) > busy[1]], ready[0])
    ]
    begins = np.concatenate(found)
    if not len(begins):
        return None
    instant = int(begins.min())
    row = int(np.argmax(taken & (attempts.published_ns <= instant) & (left > instant)))
    return instant, row


def _at(curve: tuple[Ints, Ints], instants: Ints) -> Ints:
    """Return the values of a step curve, 0 before its first step."""
    steps, values = curve
    padded: Ints = np.append(np.zeros(1, dtype=np.int64), values)
    return padded[np.searchsorted(steps, instants, side="right")]
