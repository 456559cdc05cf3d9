"""From what a scenario says about scaling to a rule that an engine can ask."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workersim.errors import InputError
from workersim.policies.guide import Lines, Manual
from workersim.policies.kubernetes import OnCpu, OnList
from workersim.policies.latency import Checkups, InRange
from workersim.policies.limits import Limited
from workersim.policies.railway import Sample
from workersim.policies.timetable import ByTheClock
from workersim.scenario.autoscale import Autoscale, GuideManual, OwnPolicy
from workersim.scenario.base import called
from workersim.scenario.scalers import HireFire, Hpa, Judoscale, Keda, Latency, Railway, Timetable

if TYPE_CHECKING:
    from collections.abc import Callable

    from workersim.policies.observation import Policy
    from workersim.scenario.scaling import Scaling

__all__ = ["PolicyFactory", "make_policy"]


def _own(scaling: OwnPolicy) -> Policy:
    # what a rule remembers is of one run: a class is made, an object is copied as it was given
    try:
        policy: Policy = scaling.policy() if isinstance(scaling.policy, type) else copy.deepcopy(scaling.policy)
    except TypeError as error:
        expected = "expected a callable that can be copied for each run, or a class that is made without arguments"
        msg = f"fleet.autoscale.policy: {expected}, found {called(scaling.policy)}: {error}"
        raise InputError(msg) from error
    return policy


_RULES: dict[type[Scaling], Callable[[Any], Policy]] = {
    Autoscale: Lines,
    GuideManual: Manual,
    OwnPolicy: _own,
    Timetable: ByTheClock,
    Keda: OnList,
    Hpa: OnCpu,
    Latency: InRange,
    Judoscale: InRange,
    HireFire: Checkups,
    Railway: Sample,
}


@dataclass(frozen=True)
class PolicyFactory:
    """Makes the rule of a service afresh for each run; called without arguments.

    Attributes
    ----------
    scaling
        What the scenario says.
    """

    scaling: Scaling

    @property
    def every_ns(self) -> int:
        """From one tick to the next."""
        return self.scaling.every_ns

    def __call__(self) -> Policy:
        """Return a rule that remembers nothing yet, and stays between the lowest and the highest number."""
        return Limited(self.scaling, _RULES[type(self.scaling)](self.scaling))


def make_policy(scaling: Scaling) -> PolicyFactory:
    """Return what makes the rule for each run, and says how often it is asked.

    Parameters
    ----------
    scaling
        ``fleet.autoscale`` of a scenario.

    Examples
    --------
    >>> from workersim.policies import Observation
    >>> from workersim.scenario.autoscale import read_autoscale
    >>> scaling = read_autoscale({"scale_up_when": "queue_length > 5", "max_replicas": 10})
    >>> factory = make_policy(scaling)
    >>> seen = Observation(30.0, 6, {("default", 0): 6}, {"default": 12.0}, 4, 4, 1.0, 1, 0, 1, 0, 6)
    >>> factory.every_ns, factory()(seen)
    (30000000000, 2)
    """
    return PolicyFactory(scaling)
