"""The one place where what a rule wants is kept between the lowest and the highest number of replicas."""

from __future__ import annotations

from numbers import Real
from typing import TYPE_CHECKING, Any

from workersim.errors import InputError
from workersim.scenario.scaling import MOST_REPLICAS
from workersim.units import SECOND, shown

if TYPE_CHECKING:
    from workersim.policies.observation import Observation, Policy
    from workersim.scenario.scaling import Scaling

__all__ = ["Limited", "instant_ns", "within"]


def within(scaling: Scaling, replicas: int) -> int:
    """Return so many replicas, or the nearest number that is allowed."""
    return min(max(replicas, scaling.min_replicas), scaling.most)


def instant_ns(observation: Observation) -> int:
    """Return the instant of an observation in whole nanoseconds, so that durations compare exactly."""
    return round(observation.now_s * SECOND)


class Limited:
    """A rule that never wants too few or too many replicas.

    Raises
    ------
    InputError
        When called, if the rule returns anything but a whole number from 0 to 100,000.
    """

    def __init__(self, scaling: Scaling, rule: Policy) -> None:
        self._scaling, self._rule = scaling, rule

    def __call__(self, observation: Observation, /) -> int:
        """Return how many replicas are wanted."""
        return within(self._scaling, _whole(self._rule(observation), observation.now_s))


def _whole(wanted: Any, now_s: float) -> int:
    # numpy's whole numbers, and floats out of a ceil, are what people return too
    if isinstance(wanted, bool) or not isinstance(wanted, Real) or not _counts(wanted):
        expected = f"expected a policy that returns a whole number of replicas from 0 to {MOST_REPLICAS}"
        msg = f"fleet.autoscale.policy: {expected}, found {shown(wanted)} at {now_s:g} s"
        raise InputError(msg)
    return int(float(wanted))


def _counts(wanted: Any) -> bool:
    return bool(wanted % 1 == 0 and 0 <= wanted <= MOST_REPLICAS)
