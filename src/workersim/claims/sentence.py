"""A claim in plain numbers: what it speaks of, and which values it allows."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from workersim.units import format_duration, format_number, format_rate, format_share, format_size

__all__ = ["Sentence", "sentence"]

# Figures are sums and quotients of floats; what differs by less than this differs by rounding only.
_ROUNDING = 1e-9

_FORMATS = {
    "duration": format_duration,
    "size": format_size,
    "share": format_share,
    "rate": format_rate,
    "number": format_number,
}


@dataclass(frozen=True, kw_only=True)
class Sentence:
    """A claim in plain numbers: seconds, bytes, per second, fractions.

    Attributes
    ----------
    says, measure
        As in ``Verdict``.
    kind
        Of its values: ``duration``, ``size``, ``share``, ``rate`` or ``number``.
    among
        Over which jobs: ``"waited"``, a job class, or None for all.
    at_s
        The instant at which a curve is read.
    expected
        The value that is expected, or the bound.
    low, high
        The lowest and the highest value that it allows, infinite where it does not say.
    """

    says: str
    measure: str
    kind: str
    expected: float
    low: float
    high: float
    among: str | None = None
    at_s: float | None = None

    @property
    def head(self) -> str:
        """First part of the measure."""
        return self.measure.partition(".")[0]

    @property
    def figure(self) -> str:
        """What is left of the measure; empty for a curve."""
        return self.measure.partition(".")[2]

    @property
    def exact(self) -> bool:
        """Whether only one value is right."""
        return self.low == self.high

    def below(self, value: float) -> bool:
        """Return whether a value lies below what is allowed."""
        return value < self.low - _slack(self.low, value)

    def above(self, value: float) -> bool:
        """Return whether a value lies above what is allowed."""
        return value > self.high + _slack(self.high, value)

    def allows(self, value: float) -> bool:
        """Return whether a value is right."""
        return not (self.below(value) or self.above(value))

    def distance(self, value: float) -> float:
        """Return how far a value is on the wrong side of a bound, or from the value that is expected."""
        if self.low == -math.inf:
            return value - self.high
        if self.high == math.inf:
            return self.low - value
        return abs(value - self.expected)

    def shown(self, value: float) -> str:
        """Return a value of its kind, rounded for people."""
        return _FORMATS[self.kind](value)

    @property
    def allowed(self) -> str:
        """What is allowed, in words."""
        if self.low == -math.inf:
            return f"at most {self.shown(self.high)}"
        if self.high == math.inf:
            return f"at least {self.shown(self.low)}"
        return self.shown(self.expected) if self.exact else f"{self.shown(self.low)} to {self.shown(self.high)}"


def sentence(
    says: str,
    measure: str,
    *,
    kind: str,
    bound: tuple[Literal["expect", "at_least", "at_most"], float],
    within: float = 0.0,
    over: tuple[str | None, float | None] = (None, None),
) -> Sentence:
    """Return a claim in plain numbers.

    Parameters
    ----------
    says, measure, kind
        As in ``Sentence``.
    bound
        What the value is compared with, and how.
    within
        How far from an expected value is still right, in its unit; 0: equal, but for rounding.
    over
        ``among`` and ``at_s``.

    Examples
    --------
    >>> about = sentence("6 wait about 20 min", "wait.mean", kind="duration", bound=("expect", 1200.0), within=120.0)
    >>> about.allows(1300.0), about.allows(1600.0), about.allowed
    (True, False, '18 min to 22 min')
    """
    how, value = bound
    low = -math.inf if how == "at_most" else max(0.0, value - within)
    high = math.inf if how == "at_least" else value + within
    among, at_s = over
    return Sentence(says=says, measure=measure, kind=kind, expected=value, low=low, high=high, among=among, at_s=at_s)


def _slack(bound: float, value: float) -> float:
    return _ROUNDING * max(abs(bound), abs(value)) if math.isfinite(bound) else 0.0
