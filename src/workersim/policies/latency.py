"""Scaling by the age of the oldest message, or by the length of the queue: Judoscale, HireFire, and the bare rule.

Sources: judoscale-python 1.13.4 @f651939, judoscale.com ("Refining your autoscaling behavior", "Tuning your
application"); help.hirefire.io, articles 7, 13 and 62.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from workersim.policies.conditions import Stopwatch
from workersim.policies.limits import instant_ns, within
from workersim.scenario.scalers import Judoscale

if TYPE_CHECKING:
    from workersim.policies.observation import Observation
    from workersim.scenario.scalers import HireFire, Latency

__all__ = ["Checkups", "InRange", "Last"]


def _age_s(seen: Observation, queues: tuple[str, ...] | None) -> float:
    """Return the age of the oldest message in the lists of these queues, 0 if there is none."""
    return max((age for queue, age in seen.oldest_s.items() if queues is None or queue in queues), default=0.0)


class Last:
    """When something was done last, if ever."""

    def __init__(self) -> None:
        self._at_ns: int | None = None

    def mark(self, now_ns: int) -> None:
        """Remember that it was done now."""
        self._at_ns = now_ns

    def longer_ago(self, now_ns: int, time_ns: int) -> bool:
        """Return whether it was done at least so long ago, or never."""
        return self._at_ns is None or now_ns - self._at_ns >= time_ns


class InRange:
    """More above the range, if that is long enough ago; less after some time below it, since the last change too."""

    def __init__(self, settings: Latency) -> None:
        self._settings = settings
        self._up, self._below = Last(), Stopwatch()
        self._keep_busy = isinstance(settings, Judoscale) and settings.track_busy_jobs

    def __call__(self, observation: Observation, /) -> int:
        """Return how many replicas are wanted."""
        settings, now_ns, wanted = self._settings, instant_ns(observation), observation.wanted
        age_s = _age_s(observation, settings.queues)
        below_ns = self._below.held_ns(now_ns, so=age_s < settings.below.seconds)
        target = wanted
        if age_s > settings.above.seconds and self._up.longer_ago(now_ns, settings.up_every):
            target = wanted + settings.up_by
        elif below_ns >= settings.down_after and not (self._keep_busy and observation.running):
            target = max(0, wanted - settings.down_by)
        target = within(settings, target)
        if target > wanted:
            self._up.mark(now_ns)
        if target != wanted:
            self._below = Stopwatch()
            self._below.held_ns(now_ns, so=age_s < settings.below.seconds)
        return target


class Checkups:
    """HireFire's manager: by latency some more or less, by size as many as the ratio says; timeouts by direction."""

    def __init__(self, settings: HireFire) -> None:
        self._settings = settings
        self._up, self._down = Last(), Last()

    def __call__(self, observation: Observation, /) -> int:
        """Return how many replicas are wanted."""
        settings, now_ns, wanted = self._settings, instant_ns(observation), observation.wanted
        target = within(settings, self._target(observation))
        if target == wanted:
            return wanted
        last, timeout = (self._up, settings.up_timeout) if target > wanted else (self._down, settings.down_timeout)
        if not last.longer_ago(now_ns, timeout):
            return wanted
        last.mark(now_ns)
        return target

    def _target(self, seen: Observation) -> int:
        settings, wanted = self._settings, seen.wanted
        queues = settings.queues
        if settings.ratio is not None:
            size = sum(length for (queue, _), length in seen.lists.items() if queues is None or queue in queues)
            return -(-size // settings.ratio)
        age_s = _age_s(seen, queues)
        if settings.above is not None and age_s > settings.above.seconds:
            return wanted + settings.up_by
        if settings.below is not None and age_s < settings.below.seconds:
            return max(0, wanted - settings.down_by)
        return wanted
