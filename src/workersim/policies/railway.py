"""The autoscaler that Railway publishes as a sample: up at once, down one at a time with a cooldown.

Source: Railway's guide "Autoscale a Service Horizontally Based on Load" of 2026-07-29, docs @c2a634f.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING

from workersim.policies.latency import Last
from workersim.policies.limits import instant_ns, within

if TYPE_CHECKING:
    from workersim.policies.observation import Observation
    from workersim.scenario.scalers import Railway

__all__ = ["Sample"]


class Sample:
    """Desired = replicas x load per replica / target, rounded up."""

    def __init__(self, settings: Railway) -> None:
        self._settings = settings
        self._down = Last()

    def __call__(self, observation: Observation, /) -> int:
        """Return how many replicas are wanted."""
        settings, now_ns, wanted = self._settings, instant_ns(observation), observation.wanted
        desired = self._desired(observation)
        if desired is None:
            return wanted
        desired = within(settings, desired)
        if desired >= wanted:
            return desired
        if not self._down.longer_ago(now_ns, settings.cooldown):
            return wanted
        self._down.mark(now_ns)
        return wanted - 1

    def _desired(self, seen: Observation) -> int | None:
        target = Fraction(repr(self._settings.target))
        if self._settings.load == "queue_length":
            return math.ceil(seen.queue_length / target)  # the whole queue: shared out and multiplied again
        # only those that answer can be asked, and without an answer the look is skipped
        return math.ceil(Fraction(seen.running, seen.ready) / target * seen.wanted) if seen.ready else None
