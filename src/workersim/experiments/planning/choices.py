"""The fleets that a plan may choose from, in the order of their price, and why others are out of the question."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workersim import engines
from workersim.errors import InputError
from workersim.experiments.vary import points
from workersim.metrics import figures
from workersim.units import SECOND

if TYPE_CHECKING:
    from collections.abc import Mapping

    from workersim.scenario import Fleet, Scenario

__all__ = ["HOUR_NS", "Choice", "Refused", "choices", "is_steady", "price_of"]

HOUR_NS = 3600 * SECOND
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
        fleet = self.scenario.fleet
        return (self.price, fleet.replicas * fleet.memory_bytes, fleet.slots, fleet.replicas * fleet.cores)

    @property
    def says(self) -> str:
        """The keys in words."""
        return ", ".join(f"{path} {value}" for path, value in self.keys.items())


@dataclass(frozen=True)
class Refused:
    """A combination that is no valid scenario, and why."""

    keys: dict[str, Any]
    why: str


def is_steady(fleet: Fleet) -> bool:
    """Return whether the fleet is the same from the start to the end, so that its price is known beforehand."""
    return not any(getattr(fleet, key, None) for key in _MOVING)


def price_of(fleet: Fleet) -> float:
    """Return what an hour of a fleet costs as it begins."""
    total = figures(engines.fleet_log(fleet, HOUR_NS))["cost"]["total"]
    return 0.0 if total is None else float(total)


def choices(scenario: Scenario, vary: Mapping[str, tuple[Any, ...]]) -> tuple[list[Choice], list[Refused]]:
    """Return the valid combinations, the best first, and those that the scenario refuses.

    Raises
    ------
    InputError
        If a value cannot stand at its key at all.
    """
    valid, refused = [], []
    for keys in points(vary):
        try:
            other = scenario.replace_all(keys)
        except InputError as error:
            _ensure_values(error, keys)
            refused.append(Refused(keys, error.problems[0]))
        else:
            valid.append(Choice(keys, other, price_of(other.fleet)))
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
