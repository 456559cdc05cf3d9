"""Is a mean on the right side of a bound?  Asked after every replication, until it is clear enough."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from workersim.errors import InputError
from workersim.statistics.intervals import mean_interval

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["BoundTest", "share_interval"]

Side = Literal["below", "above"]
_ROUNDING = 1e-9  # as with claims: what differs by less differs by rounding only


@dataclass(frozen=True, kw_only=True)
class BoundTest:
    """A sequential test of a mean against a bound, with an indifference zone around it.

    A mean that lies more than ``tolerance`` above the bound is called ``below`` with a probability of at most
    ``error``, and the other way round; within the zone either answer is right.  The number of replications is as
    many as it takes: few for a mean far from its bound.

    Parameters
    ----------
    bound
        What the mean is compared with.
    tolerance
        Half the width of the indifference zone, >= 0, in the unit of the bound.  0: no value above the bound is
        tolerated, and ``most`` of them at or below it are taken for an answer.
    error
        Probability of a wrong answer, above 0 and below 0.5.
    first
        Replications before the first look, >= 2.
    most
        Replications after which the sign of the mean decides.

    Notes
    -----
    Two tests share the error.  The first is procedure F of S. Andradóttir and S.-H. Kim, "Fully sequential procedures
    for comparing constrained systems via simulation", Naval Research Logistics 57 (2010), with c = 1: the sum of X -
    bound is watched until it leaves the triangle |sum| < η (n - 1) S² / ε - ε r / 2, where r counts replications, η =
    ((2 β)^(-2 / (n - 1)) - 1) / 2, β is the error, ε the tolerance, n is twice ``first``, and S² is the variance so
    far, at its largest: that of the first n alone is too small too often where a figure is skewed.  It ends for every
    mean.  The second, for means that are far from the bound and vary much, is Student's test at 1, 2, 4, ... times
    ``first`` replications; look k may spend 1 / (k (k + 1)) of its error.

    Both lean on replications that are independent and nearly normal.  Lognormal ones with a cv of 0.6 err about as
    often as promised, with a cv of 1 about twice as often.

    Examples
    --------
    >>> test = BoundTest(bound=10.0, tolerance=0.5, error=0.05, first=5)
    >>> test.side([7.0, 8.0, 7.5, 8.5, 8.0]), test.side([9.0, 11.0, 10.0, 10.5, 9.0])
    ('below', None)
    """

    bound: float
    tolerance: float
    error: float
    first: int = 10
    most: int = 1000

    def __post_init__(self) -> None:
        if self.first < 2 or self.most < self.first or not 0 < self.error < 0.5 or not self.tolerance >= 0:
            msg = "a test needs 2 <= first <= most, an error between 0 and 0.5 and a tolerance >= 0"
            raise InputError(msg)

    def side(self, values: Sequence[float]) -> Side | None:
        """Return on which side the mean is, or None while that is open; ``inf`` is above at once."""
        slack = _ROUNDING * abs(self.bound)
        if math.inf in values or (not self.tolerance and any(value > self.bound + slack for value in values)):
            return "above"
        if len(values) < self.first:
            return None
        if self.tolerance:
            found = self._far(values, slack) or self._left(values, slack)
            if found is not None:
                return found
        return None if len(values) < self.most else self.by_sign(values)

    def by_sign(self, values: Sequence[float]) -> Side:
        """Return on which side the mean of these values is."""
        return "below" if math.fsum(values) <= len(values) * (self.bound + _ROUNDING * abs(self.bound)) else "above"

    def _far(self, values: Sequence[float], slack: float) -> Side | None:
        """Return on which side the mean is, if it is far from the bound for the noise that it has."""
        count, look = self.first, 1
        while count <= len(values):
            interval = mean_interval(values[:count], 1 - self.error / (look * (look + 1)))
            if interval is not None and interval[0] > self.bound + slack:
                return "above"
            if interval is not None and interval[1] < self.bound - slack:
                return "below"
            count, look = 2 * count, look + 1
        return None

    def _left(self, values: Sequence[float], slack: float) -> Side | None:
        """Return where the sum left the triangle first."""
        opening = 2 * self.first
        eta = (self.error ** (-2 / (opening - 1)) - 1) / 2
        total = squares = widest = 0.0
        for count, value in enumerate(values, start=1):
            off = value - self.bound
            total, squares = total + off, squares + off * off
            if count < opening:
                continue
            variance = max(0.0, squares - total * total / count) / (count - 1)
            widest = max(widest, variance if variance > slack * slack else 0.0)
            height = eta * (opening - 1) * widest / self.tolerance
            if abs(total) >= height - self.tolerance * count / 2:
                return "below" if total <= count * slack else "above"
        return None


def share_interval(hits: int, of: int, level: float = 0.95) -> tuple[float, float]:
    """Return the interval of Clopper and Pearson for a probability.

    Parameters
    ----------
    hits, of
        How often something happened in how many independent trials; 0 <= hits <= of, of >= 1.
    level
        Share of such intervals that hold the probability, at least.

    Notes
    -----
    C. J. Clopper and E. S. Pearson, Biometrika 26 (1934).

    Examples
    --------
    >>> low, high = share_interval(95, 100)
    >>> round(low, 3), round(high, 3)
    (0.887, 0.984)
    """
    if not 0 <= hits <= of or of < 1 or not 0 < level < 1:
        msg = f"a share needs 0 <= hits <= trials and a level between 0 and 1, got {hits} of {of} at {level}"
        raise InputError(msg)
    from scipy.special import betaincinv  # noqa: PLC0415 (only shares need it)

    tail = (1 - level) / 2
    low = 0.0 if hits == 0 else float(betaincinv(hits, of - hits + 1, tail))
    high = 1.0 if hits == of else float(betaincinv(hits + 1, of - hits, 1 - tail))
    return low, high
