"""The phases of a run as a rule, so that they need not be stored.

Most phases say nothing that the job and the start of its attempt do not say already: each begins
when the one before it ends, and where nobody ever shared a CPU each lasts exactly its demand.
What is left to keep is the ends, and only where CPUs were shared.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from workersim.runlog.schema import Attempts, Ints, Phases
from workersim.units import NEVER

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["PhaseEnds"]


@dataclass(frozen=True, eq=False)
class PhaseEnds:
    """A rule that gives the phases table back exactly, for logs of one attempt a job.

    Attributes
    ----------
    first_phase
        n + 1 offsets: the phases of job j are ``first_phase[j]`` to ``first_phase[j + 1]``.
    kind, demand_ns
        m rows, shared with the jobs that were run: a ``Kind``, and nanoseconds.
    ends_ns
        m instants at which the phases ended, ``NEVER`` where they did not; None if nobody ever
        shared a CPU, so that every phase lasts its demand.
    """

    first_phase: Ints
    kind: Ints
    demand_ns: Ints
    ends_ns: Ints | None = None

    def table(self, attempts: Attempts, horizon_ns: int) -> Phases:
        """Return the phases that began, by attempt and then in order.

        Parameters
        ----------
        attempts
            n rows; row j is the one attempt of job j.
        horizon_ns
            Instant at which the run ended; what begins or ends at that very instant still does.
        """
        started = attempts.started_ns
        counts = np.diff(self.first_phase)
        job = np.repeat(np.arange(len(attempts), dtype=np.int64), counts)
        ends = self._ends(started, job)
        begins = np.empty_like(ends)
        begins[1:] = ends[:-1]
        filled = counts > 0
        begins[self.first_phase[:-1][filled]] = started[filled]
        # An attempt that was cut, or runs at the horizon, ends none of its phases after that.
        limit = np.minimum(attempts.finished_ns, horizon_ns)[job]
        begun = begins <= limit
        ends[ends > limit] = NEVER
        columns = (job, self.kind, self.demand_ns, begins, ends)
        return Phases(*(columns if begun.all() else (column[begun] for column in columns)))

    def _ends(self, started: Ints, job: NDArray[np.int64]) -> NDArray[np.int64]:
        if self.ends_ns is not None:
            return np.array(self.ends_ns, dtype=np.int64)
        # Sums over all jobs may wrap around; the difference of two of them inside a job does not.
        sums = np.empty(len(self.demand_ns) + 1, dtype=np.int64)
        sums[0] = 0
        np.cumsum(self.demand_ns, out=sums[1:])
        ends: NDArray[np.int64] = sums[1:]
        ends += (started - sums[self.first_phase[:-1]])[job]
        return _never_where(ends, (started >= NEVER)[job])


def _never_where(instants: NDArray[np.int64], absent: NDArray[Any]) -> NDArray[np.int64]:
    instants[absent] = NEVER
    return instants
