"""Which attempt decided a job, and so what became of the job."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from workersim.runlog.schema import Attempts, Outcome

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from workersim.runlog.log import RunLog

__all__ = ["deciding_rows", "job_counts"]


def deciding_rows(attempts: Attempts, jobs: int) -> NDArray[np.int64]:
    """Return for each job the row of its first done attempt, else of its last one.

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
    done = np.flatnonzero(attempts.outcome == Outcome.DONE)[::-1]
    # Where an index comes more than once the last assignment stays: here the first done attempt.
    decided[attempts.job[done]] = done
    return decided


def job_counts(log: RunLog) -> dict[str, int]:
    """Return how many jobs arrived and what became of them; the parts add up to ``arrived``."""
    rows = deciding_rows(log.attempts, len(log.jobs))
    ended = np.bincount(log.attempts.outcome[rows], minlength=len(Outcome)).tolist()
    return {
        "arrived": len(log.jobs),
        "finished": ended[Outcome.DONE],
        "failed": ended[Outcome.FAILED] + ended[Outcome.TIMED_OUT],
        "expired": ended[Outcome.EXPIRED],
        "lost": ended[Outcome.LOST],
        # A retry or redelivery that never came is still owed at the horizon.
        "unfinished": ended[Outcome.UNFINISHED] + ended[Outcome.RETRIED] + ended[Outcome.REDELIVERED],
    }
