"""Conditions looked at tick by tick: is it so now, and since when."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING

from workersim.policies.limits import instant_ns
from workersim.scenario.conditions import Both, Comparison, Condition, Either, Held, Not
from workersim.units import Duration

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from workersim.policies.observation import Observation

__all__ = ["SEEN", "Stopwatch", "Watched"]

SEEN: Mapping[str, Callable[[Observation], float]] = {
    "queue_length": lambda seen: seen.queue_length,
    "oldest": lambda seen: max(seen.oldest_s.values(), default=0.0),
    "running": lambda seen: seen.running,
    "utilization": lambda seen: seen.utilization,
    "cpu": lambda seen: seen.cpu,
    "wanted": lambda seen: seen.wanted,
    "starting": lambda seen: seen.starting,
    "ready": lambda seen: seen.ready,
    "draining": lambda seen: seen.draining,
    "slots_up": lambda seen: seen.slots_up,
    "backlog": lambda seen: seen.backlog,
}
"""What the names of conditions stand for, in seconds where they are durations."""

_COMPARE = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "==": operator.eq}


class Stopwatch:
    """For how long something has been so at every look."""

    def __init__(self) -> None:
        self._since_ns: int | None = None

    def held_ns(self, now_ns: int, *, so: bool) -> int:
        """Return how long it has been so, from the first look at which it was; -1 if it is not."""
        if not so:
            self._since_ns = None
            return -1
        if self._since_ns is None:
            self._since_ns = now_ns
        return now_ns - self._since_ns

    def restart(self) -> None:
        """Begin anew with the next look."""
        self._since_ns = None


class Watched:
    """A condition with a stopwatch for each ``for`` in it; it must be asked at every tick."""

    def __init__(self, condition: Condition) -> None:
        self._condition = condition
        self._watches: dict[Held, Stopwatch] = {}  # equal parts have equal pasts

    def holds(self, observation: Observation) -> bool:
        """Return whether it holds at this tick."""
        return self._holds(self._condition, observation)

    def _holds(self, condition: Condition, seen: Observation) -> bool:
        match condition:
            case Comparison(name, sign, value):
                wanted = value.seconds if isinstance(value, Duration) else float(value)
                return bool(_COMPARE[sign](SEEN[name](seen), wanted))
            case Held(part, over):
                watch = self._watches.setdefault(condition, Stopwatch())
                return watch.held_ns(instant_ns(seen), so=self._holds(part, seen)) >= over
            case Not(part):
                return not self._holds(part, seen)
            case Both(parts):
                # a list: every stopwatch sees every tick
                return all([self._holds(part, seen) for part in parts])  # noqa: C419
            case Either(parts):
                return any([self._holds(part, seen) for part in parts])  # noqa: C419
