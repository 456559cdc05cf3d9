"""The guide's own rules: its YAML lines, and what it tells a person to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workersim.policies.conditions import Stopwatch, Watched
from workersim.policies.limits import instant_ns, within
from workersim.scenario.conditions import parse_condition

if TYPE_CHECKING:
    from workersim.policies.observation import Observation
    from workersim.scenario.autoscale import Autoscale, GuideManual

__all__ = ["Lines", "Manual"]


class Lines:
    """One replica more where ``scale_up_when`` holds, else one less where ``scale_down_when`` does."""

    def __init__(self, lines: Autoscale) -> None:
        self._up, self._down = (
            Watched(parse_condition(text)) if text is not None else None
            for text in (lines.scale_up_when, lines.scale_down_when)
        )

    def __call__(self, observation: Observation, /) -> int:
        """Return how many replicas are wanted."""
        up = self._up is not None and self._up.holds(observation)
        down = self._down is not None and self._down.holds(observation)
        return max(0, observation.wanted + (1 if up else -down))


class Manual:
    """One replica more or less for what was so consistently; after a change the time begins anew."""

    def __init__(self, manual: GuideManual) -> None:
        self._manual = manual
        self._long, self._idle = Stopwatch(), Stopwatch()

    def __call__(self, observation: Observation, /) -> int:
        """Return how many replicas are wanted."""
        manual, now_ns, wanted = self._manual, instant_ns(observation), observation.wanted
        long_ns = self._long.held_ns(now_ns, so=observation.queue_length > manual.queue_above)
        idle_ns = self._idle.held_ns(now_ns, so=observation.utilization < manual.busy_below)
        step = 1 if long_ns >= manual.consistently else -(idle_ns >= manual.consistently)
        target = within(manual, max(0, wanted + step))
        if target != wanted:
            self._long.restart()
            self._idle.restart()
        return target
