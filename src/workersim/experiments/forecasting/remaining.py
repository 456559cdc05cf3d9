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

from workersim.scenario import Burst, RunSettings, Workload
from workersim.workload import realise

if TYPE_CHECKING:
    from numpy.random import Generator

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

    def _drawn(self, count: int) -> Jobs:
        kept = self._scenario.workload.jobs[self._class].model_copy(update={"then": ()})
        workload = Workload(jobs={self._class: kept}, arrivals=(Burst(jobs=count),))
        alone = self._scenario.model_copy(update={"workload": workload, "run": RunSettings(), "claims": ()})
        return realise(alone, seed=int(self._scenario.run.seed) ^ 0x5EED)

    def phases(self, age_ns: int, chance: Generator) -> list[tuple[int, int]]:
        """Return kind and demand of the phases that are left of a job of this age.

        One that has run for longer than any of its class ends at once.
        """
        longer = np.flatnonzero(self._jobs.demand_ns > age_ns)
        if len(longer) < ENOUGH and len(self._jobs) < MOST:
            self._jobs = self._drawn(MOST)
            longer = np.flatnonzero(self._jobs.demand_ns > age_ns)
        if not len(longer):
            return [(1, 0)]
        return _after(self._jobs.phases(int(chance.choice(longer))), age_ns)

    def is_exceeded(self, age_ns: int) -> bool:
        """Tell whether no job of this class runs for so long."""
        return not bool((self._jobs.demand_ns > age_ns).any())


def _after(phases: list[tuple[int, int]], age_ns: int) -> list[tuple[int, int]]:
    """Return what is left of phases when so much of them is done."""
    left = []
    for kind, demand in phases:
        done = min(demand, age_ns)
        age_ns -= done
        if demand > done:
            left.append((kind, demand - done))
    return left or [(phases[-1][0], 0)]
