"""The fleets that a plan may choose from, in the order of their price, and why others are out of the question."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

from workersim import engines, workload
from workersim.errors import InputError
from workersim.experiments.grid import MOST_POINTS
from workersim.experiments.run import measure_each
from workersim.metrics import figures, over_time
from workersim.units import SECOND

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from workersim.runlog import RunLog
    from workersim.scenario import Fleet, Scenario
    from workersim.workload import Jobs

__all__ = ["Choice", "Refused", "choices", "price_of"]

HOUR_NS = 3600 * SECOND
_RUNS = 10  # for the price of a fleet that changes
_MOVING = ("autoscale", "changes", "stops", "deploys", "crashes")


@dataclass(frozen=True, eq=False, repr=False)
class Choice:
    """One combination of the varied keys, and what it costs.

    Attributes
    ----------
    keys
        The varied keys by their paths.
    scenario
        With these values.
    price
        Of an hour of the fleet.
    """

    keys: dict[str, Any]
    scenario: Scenario
    price: float

    def __repr__(self) -> str:
        return f"<Choice {self.says}: {self.price:g} an hour>"

    @property
    def order(self) -> tuple[float, ...]:
        """What makes one choice better than another: the price, then memory, slots and vCPUs."""
        fleets = self.scenario.fleets.values()
        memory = sum(fleet.replicas * fleet.memory_bytes for fleet in fleets)
        return (self.price, memory, sum(f.slots for f in fleets), sum(f.replicas * f.cores for f in fleets))

    @property
    def says(self) -> str:
        """The keys in words."""
        return ", ".join(f"{path} {value}" for path, value in self.keys.items())


@dataclass(frozen=True)
class Refused:
    """A combination that is no valid scenario, and why."""

    keys: dict[str, Any]
    why: str


def price_of(scenario: Scenario) -> float:
    """Return what an hour of a scenario's fleets costs: of changing ones the mean over some runs."""
    fleets = scenario.fleets.values()
    if any(getattr(fleet, key) for fleet in fleets for key in _MOVING):
        runs = _RUNS if workload.is_random(scenario) else 1
        jobs = int(workload.expected_jobs(scenario)) * runs
        prices = list(measure_each(scenario, engines.choose(jobs), range(runs), _mean_price))
        return math.fsum(prices) / len(prices)
    return math.fsum(_steady_price(fleet) for fleet in fleets)


def _mean_price(_: Jobs, log: RunLog) -> float:
    mean = over_time(log, "cost").mean()
    return 0.0 if math.isnan(mean) else float(mean)


def _steady_price(fleet: Fleet) -> float:
    total = figures(engines.fleet_log(fleet, HOUR_NS))["cost"]["total"]
    return 0.0 if total is None else float(total)


def choices(scenario: Scenario, vary: Mapping[str, Sequence[Any]]) -> tuple[list[Choice], list[Refused]]:
    """Return the valid combinations, the best first, and those that the scenario refuses.

    Raises
    ------
    InputError
        If a value cannot stand at its key at all.
    """
    valid, refused = [], []
    count = math.prod(map(len, vary.values()))
    if count > MOST_POINTS:
        msg = f"vary: expected at most {MOST_POINTS:,} combinations, found {count:,}"
        raise InputError(msg)
    for values in product(*vary.values()):
        keys = dict(zip(vary, values, strict=True))
        try:
            other = scenario.replace_all(keys)
        except InputError as error:
            _ensure_values(error, keys)
            refused.append(Refused(keys, error.problems[0]))
        else:
            valid.append(Choice(keys, other, price_of(other)))
    return sorted(valid, key=lambda choice: choice.order), refused


def _ensure_values(error: InputError, keys: Mapping[str, Any]) -> None:
    """Pass on what is wrong with a value by itself; a limit that is too low for the rest is a finding."""
    wrong = [
        problem
        for problem in error.problems
        for path in keys
        if problem.startswith(f"{path}:") and not path.endswith("memory_limit")
    ]
    if wrong:
        raise InputError(*(f"vary {problem}" for problem in dict.fromkeys(wrong)))
