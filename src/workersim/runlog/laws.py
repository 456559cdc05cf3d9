"""The operational laws, as identities of whole numbers on the very path that was run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from workersim.errors import LogError
from workersim.runlog.counting import area, count_over_time, exact_sum, left_queue_ns
from workersim.runlog.deciding import deciding, fates, job_counts
from workersim.runlog.schema import Outcome
from workersim.units import NEVER

if TYPE_CHECKING:
    from workersim.runlog.log import RunLog
    from workersim.runlog.schema import Ints

__all__ = ["check_laws", "laws"]

QUEUE = "Little's law of the queue: queue length over time = sum of waits (ns)"
SYSTEM = "Little's law of the system: jobs in hand over time = sum of stays (ns)"
BUSY = "utilization law: busy slots over time = sum of services (ns)"
SPENT = "busy slots over time = sum of phases (ns)"
SPLIT = "visible + reserved = queue length, each over time (ns)"
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
    if not np.array_equal(attempts.reserved_ns, started):
        received = np.minimum(attempts.reserved_ns, left)
        halves = (_little(published, received, end)[0], _little(received, left, end)[0])
        sides[SPLIT] = (sum(halves), sides[QUEUE][0])
    phases = log.phases
    if len(phases):
        limit = np.minimum(finished, end)[phases.attempt]
        spent = exact_sum(np.minimum(phases.finished_ns, limit) - phases.started_ns)
        sides[SPENT] = (sides[BUSY][0], spent)
    sides[COUNT] = _jobs(log)
    return sides


def check_laws(log: RunLog) -> None:
    """Raise LogError if one of the laws does not hold.

    Of an observed log the count of its jobs alone can fail: the others hold for any two columns, and are asked of what
    was simulated so that a curve and its rows vouch for each other.
    """
    held = {COUNT: _jobs(log)} if log.engine == "observed" else laws(log)
    for law, (curve, rows) in held.items():
        if curve != rows:
            msg = f"the log breaks a law, {law}: {curve} on one side and {rows} on the other"
            raise LogError(msg)


def _little(enters: Ints, leaves: Ints, end: int) -> tuple[int, int]:
    instants, counts = count_over_time(enters, leaves)
    stays = np.minimum(leaves, end) - np.minimum(enters, end)
    return area(instants, counts, 0, end), exact_sum(stays)


def _jobs(log: RunLog) -> tuple[int, int]:
    counts = job_counts(log)
    rows = deciding(log)
    left = (fates(log, rows) != Outcome.UNFINISHED) & (log.attempts.finished_ns[rows] < NEVER)
    in_hand = np.count_nonzero(log.jobs.arrival_ns < NEVER) - np.count_nonzero(left)
    gone = counts["finished"] + counts["failed"] + counts["expired"] + counts["lost"]
    return counts["arrived"], gone + int(in_hand)
