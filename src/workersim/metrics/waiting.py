"""Waits one after the other, for what is asked of a sequence and not of a heap."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from workersim.runlog.deciding import deciding_rows
from workersim.runlog.schema import Outcome
from workersim.units import NEVER

if TYPE_CHECKING:
    from workersim.runlog import RunLog
    from workersim.runlog.schema import Ints

__all__ = ["waits_in_order"]


def waits_in_order(log: RunLog, *, warm_up_ns: int = 0, response: bool = False) -> tuple[Ints, Ints]:
    """Return arrivals and waits in ns of the jobs that started and did not expire, in order of arrival.

    Parameters
    ----------
    log
        Any log.
    warm_up_ns
        Jobs that arrived before are left out.
    response
        Whether responses are wanted instead; then of the jobs that finished.
    """
    attempts, arrival = log.attempts, log.jobs.arrival_ns
    rows = deciding_rows(attempts, len(log.jobs))
    end = (attempts.finished_ns if response else attempts.started_ns)[rows]
    known = (attempts.started_ns[rows] < NEVER) & (end < NEVER) & (attempts.outcome[rows] != Outcome.EXPIRED)
    known &= arrival >= warm_up_ns
    order = np.argsort(arrival[known], kind="stable")
    arrived: Ints = arrival[known][order]
    return arrived, end[known][order] - arrived
