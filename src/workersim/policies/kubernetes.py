"""Kubernetes' HorizontalPodAutoscaler, on CPU, and behind KEDA's Redis list scaler.

Ratios are fractions, so that a metric exactly at the edge of the tolerance counts as within it.
Sources: Kubernetes' horizontal-pod-autoscale.md @0165025 and podautoscaler/{horizontal,replica_calculator}.go;
KEDA 2.21's scaledobject-spec.md and redis-lists.md @a55c5d3, and its scale_scaledobjects.go.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING

from workersim.policies.limits import instant_ns, within

if TYPE_CHECKING:
    from workersim.policies.observation import Observation
    from workersim.scenario.scalers import Horizontal, Hpa, Keda

__all__ = ["HorizontalAutoscaler", "OnCpu", "OnList"]


def _exact(number: float) -> Fraction:
    # the shortest text of a float is the number that somebody meant: 0.1 is a tenth
    return Fraction(repr(float(number)))


class HorizontalAutoscaler:
    """What becomes of a recommendation: held back on the way down, and limited in its rate."""

    def __init__(self, settings: Horizontal) -> None:
        self._settings = settings
        self._recommended: list[tuple[int, int]] = []
        self._changes: list[tuple[int, int]] = []

    def near(self, ratio: Fraction) -> bool:
        """Return whether a metric is so near to its target that nothing changes."""
        return abs(ratio - 1) <= _exact(self._settings.tolerance)

    def scaled(self, now_ns: int, current: int, recommended: int) -> int:
        """Return how many replicas there should be, and remember it."""
        wanted = self._limited(now_ns, current, self._stabilized(now_ns, current, recommended))
        wanted = max(1, within(self._settings, wanted))  # from 1 to 0 is not its business
        self._changes.append((now_ns, wanted - current))
        return wanted

    def _stabilized(self, now_ns: int, current: int, recommended: int) -> int:
        """Return the highest recommendation of the window if that is a way down; what is found first counts as one."""
        self._recommended = self._recommended or [(now_ns, current)]
        self._recommended.append((now_ns, recommended))
        self._recommended = _younger(self._recommended, now_ns - self._settings.stabilization)
        highest = max((replicas for _, replicas in self._recommended), default=recommended)
        return recommended if recommended >= current else min(current, max(recommended, highest))

    def _limited(self, now_ns: int, current: int, wanted: int) -> int:
        """Return the nearest number that the rates allow, counted from what there was when the period began."""
        settings = self._settings
        self._changes = _younger(self._changes, now_ns - settings.rate_period)
        before = current - sum(change for _, change in self._changes)
        most = max(math.ceil(before * (1 + _exact(settings.up_percent))), before + settings.up_pods)
        fewest = math.floor(before * (1 - _exact(settings.down_percent)))
        return min(wanted, max(most, current)) if wanted > current else max(wanted, min(fewest, current))


def _younger(entries: list[tuple[int, int]], than_ns: int) -> list[tuple[int, int]]:
    return [entry for entry in entries if entry[0] > than_ns]


class OnCpu:
    """Desired = ready replicas x CPU in use / target; starting ones count as idle where it would scale up."""

    def __init__(self, settings: Hpa) -> None:
        self._settings = settings
        self._autoscaler = HorizontalAutoscaler(settings)

    def __call__(self, observation: Observation, /) -> int:
        """Return how many replicas are wanted."""
        if not observation.wanted or not observation.ready:
            return observation.wanted  # switched off, or without a metric
        return self._autoscaler.scaled(instant_ns(observation), observation.wanted, self._recommended(observation))

    def _recommended(self, seen: Observation) -> int:
        ratio = _exact(seen.cpu) / _exact(self._settings.target)
        if ratio > 1 and seen.starting:
            pods = seen.ready + seen.starting
            ratio = ratio * seen.ready / pods
            # what would have been a way up never becomes one down
            return seen.wanted if self._autoscaler.near(ratio) else max(seen.wanted, math.ceil(ratio * pods))
        return seen.wanted if self._autoscaler.near(ratio) else math.ceil(ratio * seen.ready)


class OnList:
    """KEDA from 0 to 1 and back at its polls, the HorizontalPodAutoscaler from 1 on at its own looks."""

    def __init__(self, settings: Keda) -> None:
        self._settings = settings
        self._autoscaler = HorizontalAutoscaler(settings)
        self._active_ns: int | None = None  # the last poll at which it was active

    def __call__(self, observation: Observation, /) -> int:
        """Return how many replicas are wanted."""
        settings, now_ns = self._settings, instant_ns(observation)
        length = observation.lists.get((settings.list_name, settings.priority), 0)
        wanted = observation.wanted
        if now_ns % settings.polling_interval == 0:
            wanted = self._polled(now_ns, wanted, active=length > settings.activation)
        if wanted and observation.wanted and now_ns % settings.sync_period == 0:
            return self._autoscaler.scaled(now_ns, wanted, self._recommended(observation, length))
        return wanted

    def _polled(self, now_ns: int, wanted: int, *, active: bool) -> int:
        if active:
            self._active_ns = now_ns
            return max(wanted, 1)
        if self._settings.min_replicas:
            return wanted
        if self._active_ns is None:
            return wanted if now_ns < self._settings.initial_cooldown_period else 0
        # it keeps whole seconds, cut off, so that the poll just after the period finds it over
        return wanted if now_ns - self._active_ns < self._settings.cooldown_period else 0

    def _recommended(self, seen: Observation, length: int) -> int:
        wanted, target = seen.wanted, self._settings.list_length
        if self._settings.metric_type == "value":
            ratio = Fraction(length, target)
            return wanted if self._autoscaler.near(ratio) else math.ceil(ratio * seen.ready)
        near = self._autoscaler.near(Fraction(length, target * wanted))
        return wanted if near else math.ceil(Fraction(length, target))
