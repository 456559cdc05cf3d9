"""Which attempt decided a job, and so what became of the job."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from workersim.runlog.ordering import blocks
from workersim.runlog.schema import SERVICE, Attempts, Cause, Outcome
from workersim.runlog.terms import Terms, of_service
from workersim.runlog.timeline import Timeline

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from workersim.runlog.log import RunLog
    from workersim.runlog.schema import Ints

__all__ = ["OWED", "counts_of", "deciding", "deciding_rows", "fates", "job_counts", "stranded"]

_UNKNOWN = Terms()
OWED = [Outcome.RETRIED, Outcome.REDELIVERED]  # what was to come has not come by the horizon


def deciding_rows(attempts: Attempts, jobs: int) -> NDArray[np.int64]:
    """Return for each job the row of its first done attempt, else of its last one.

    A message that was handed back, or deleted because another one of its job had run, is an attempt only
    where there is no other.

    Parameters
    ----------
    attempts
        By job and attempt, at least one row a job.
    jobs
        How many jobs there are.
    """
    rows = np.arange(len(attempts), dtype=np.int64)
    if len(attempts) == jobs:
        return rows
    decided = np.empty(jobs, dtype=np.int64)
    decided[attempts.job] = rows
    # Where an index comes more than once the last assignment stays: the last row, and the first done one.
    tried = np.flatnonzero(attempts.outcome != Outcome.REDELIVERED)
    decided[attempts.job[tried]] = tried
    done = np.flatnonzero(attempts.outcome == Outcome.DONE)[::-1]
    decided[attempts.job[done]] = done
    return decided


def deciding(log: RunLog) -> NDArray[np.int64] | slice:
    """Return the same of a log; where each job has but one attempt, as a slice of all, which copies no column."""
    n = len(log.jobs)
    return slice(0, n) if len(log.attempts) == n else deciding_rows(log.attempts, n)


def fates(log: RunLog, rows: NDArray[np.int64] | slice) -> Ints:
    """Return what became of each job, an ``Outcome``: that of its deciding row, unless its message still waits.

    It does after a retry or redelivery that has not come, and after a worker went that would have
    acknowledged it at its end: its job runs again, if somebody finds the message before the end.

    Parameters
    ----------
    log
        Any log.
    rows
        As ``deciding`` returns them.
    """
    ended = log.attempts.outcome[rows]
    owed = np.isin(ended, OWED) if len(log.attempts) > len(ended) else np.zeros(len(ended), dtype=np.bool_)
    lost = np.flatnonzero(ended == Outcome.LOST)
    if len(lost):
        owed[lost] = stranded(log, log.attempts.replica[rows][lost], log.attempts.finished_ns[rows][lost])
    return np.where(owed, Outcome.UNFINISHED, ended) if owed.any() else ended


def stranded(log: RunLog, replica: Ints, finished_ns: Ints) -> NDArray[np.bool_]:
    """Tell of lost attempts which were lost together with a worker that acknowledges late.

    Parameters
    ----------
    log
        Any log, for its fleet table and its terms.
    replica, finished_ns
        n attempts: where they ran, and when they were lost.
    """
    late = [service for service in range(len(log.services)) if (of_service(log.terms, service) or _UNKNOWN).late]
    if not late or not len(replica):
        return np.zeros(len(replica), np.bool_)
    timeline = Timeline(log.fleet)
    states = timeline.row_at(replica, finished_ns)
    gone = (states >= 0) & np.isin(timeline.fleet.cause[states], (Cause.DOWN, Cause.STARTING))
    return gone & np.isin(replica // SERVICE, late)


def job_counts(log: RunLog) -> dict[str, int]:
    """Return how many jobs arrived and what became of them, and how often something came back.

    Returns
    -------
    dict
        ``arrived`` is ``finished + failed + expired + lost + unfinished``.  Beside them ``timed_out`` (jobs, part of
        ``failed``), ``done_twice`` (jobs, part of ``finished``: done by more than one attempt), and the attempts that
        were ``retried`` and ``redelivered``.
    """
    attempts = log.attempts
    ended = _numbers(fates(log, deciding(log)))
    tried = _numbers(attempts.outcome)
    several = tried[Outcome.DONE] > ended[Outcome.DONE]
    done = np.bincount(attempts.job[attempts.outcome == Outcome.DONE]) if several else np.zeros(1, dtype=np.int64)
    return counts_of(ended, tried, int(np.count_nonzero(done > 1)))


def counts_of(ended: Sequence[int], tried: Sequence[int], done_twice: int = 0) -> dict[str, int]:
    """Return the counts of ``job_counts`` from those by outcome.

    Parameters
    ----------
    ended, tried
        How many jobs, and how many attempts, there are of each ``Outcome``.
    done_twice
        Jobs that were done by more than one attempt.
    """
    return {
        "arrived": sum(ended),
        "finished": ended[Outcome.DONE],
        "failed": ended[Outcome.FAILED] + ended[Outcome.TIMED_OUT],
        "expired": ended[Outcome.EXPIRED],
        "lost": ended[Outcome.LOST],
        "unfinished": ended[Outcome.UNFINISHED],
        "timed_out": ended[Outcome.TIMED_OUT],
        "retried": tried[Outcome.RETRIED],
        "redelivered": tried[Outcome.REDELIVERED],
        "done_twice": done_twice,
    }


def _numbers(outcomes: Ints) -> list[int]:
    """Return how many there are of each outcome."""
    parts = (np.bincount(outcomes[rows], minlength=len(Outcome)) for rows in blocks(len(outcomes)))
    counts: list[int] = sum(parts, np.zeros(len(Outcome), np.int64)).tolist()
    return counts
