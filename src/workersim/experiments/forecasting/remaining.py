"""What running jobs still need, given for how long they have run.

A job of a class needs D in all; of one that has run for a it is known that D > a.  So its D is drawn from those that
are longer than a, and what it got through is taken from the front of its phases.  Of services that have no memory the
remainder is then distributed as the whole; of constant ones it is known exactly.

For how long a job has run is taken as what it got through: where CPUs are shared it has got through less, and the
forecast is too early by what its CPU phases were stretched so far.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from workersim.runlog import Kind
from workersim.scenario import Burst, RunSettings, Workload
from workersim.workload import realise

if TYPE_CHECKING:
    from numpy.random import Generator
    from numpy.typing import NDArray

    from workersim.scenario import Scenario
    from workersim.workload import Jobs

__all__ = ["Pool"]

FIRST, MOST = 20_000, 1_000_000
ENOUGH = 10_000  # that are longer than the age: then draws repeat so rarely that it does not show


class Pool:
    """Jobs of one class, to draw from those that are long enough.

    Parameters
    ----------
    scenario, job_class
        Where the class stands, and its name.
    """

    def __init__(self, scenario: Scenario, job_class: str) -> None:
        self._scenario, self._class = scenario, job_class
        self._jobs = self._drawn(FIRST)
        self._longer: dict[int, NDArray[np.int64]] = {}

    def _drawn(self, count: int) -> Jobs:
        kept = self._scenario.workload.jobs[self._class].model_copy(update={"then": ()})
        workload = Workload(jobs={self._class: kept}, arrivals=(Burst(jobs=count),))
        alone = self._scenario.model_copy(update={"workload": workload, "run": RunSettings(), "claims": ()})
        return realise(alone, seed=int(self._scenario.run.seed) ^ 0x5EED)

    def phases(self, age_ns: int, chance: Generator) -> list[tuple[int, int]]:
        """Return kind and demand of the phases that are left of a job of this age.

        One that has run for longer than any of its class ends at once.
        """
        longer = self._than(age_ns)
        if not len(longer):
            return [(int(Kind.IO), 0)]
        return _after(self._jobs.phases(int(longer[chance.integers(len(longer))])), age_ns)

    def is_exceeded(self, age_ns: int) -> bool:
        """Tell whether no job of this class runs for so long."""
        return not len(self._than(age_ns))

    def mean_ns(self) -> float:
        """Return what a job of the class needs in the mean."""
        return float(self._jobs.demand_ns.mean())

    def _than(self, age_ns: int) -> NDArray[np.int64]:
        """Return the jobs that are longer, of more jobs if they are few."""
        found = self._longer.get(age_ns)
        if found is None:
            found = np.flatnonzero(self._jobs.demand_ns > age_ns)
            if len(found) < ENOUGH and len(self._jobs) < MOST:
                self._jobs, self._longer = self._drawn(MOST), {}
                found = np.flatnonzero(self._jobs.demand_ns > age_ns)
            self._longer[age_ns] = found
        return found


def _after(phases: list[tuple[int, int]], age_ns: int) -> list[tuple[int, int]]:
    """Return what is left of phases when so much of them is done."""
    left = []
    for kind, demand in phases:
        done = min(demand, age_ns)
        age_ns -= done
        if demand > done:
            left.append((kind, demand - done))
    return left or [(phases[-1][0], 0)]
