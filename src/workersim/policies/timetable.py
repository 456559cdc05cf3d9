"""So many replicas from given times on."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

from workersim.policies.limits import instant_ns

if TYPE_CHECKING:
    from workersim.policies.observation import Observation
    from workersim.scenario.scalers import Timetable

__all__ = ["ByTheClock"]


class ByTheClock:
    """What the last row that has come says; it looks at nothing but the clock."""

    def __init__(self, timetable: Timetable) -> None:
        self._times = [int(at) for at, _ in timetable.replicas]
        self._replicas = [replicas for _, replicas in timetable.replicas]
        self._period_ns = timetable.period

    def __call__(self, observation: Observation, /) -> int:
        """Return how many replicas are wanted."""
        now_ns = instant_ns(observation)
        at_ns = now_ns if self._period_ns is None else now_ns % self._period_ns
        return self._replicas[bisect_right(self._times, at_ns) - 1]
