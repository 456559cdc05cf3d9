"""Intervals from a single long run: its values, in the order in which they came, are cut into batches.

Neighbours in a queue wait alike, so a thousand waits are worth far fewer independent ones.  Means of long batches
are nearly independent, and their spread says how far the mean of all may be off (batch means; Schmeiser, "Batch size
effects in the analysis of simulation output", Operations Research 30, 1982).  For a quantile the figure is that of
the whole run and the spread that of the batches about it (sectioning; Asmussen and Glynn, *Stochastic Simulation*,
2007, III.5a), as quantiles of short batches are biased.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from workersim.errors import InputError
from workersim.statistics.effective import enough_for
from workersim.statistics.quantiles import ensure_share

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike, NDArray

__all__ = ["BATCHES", "Estimate", "batch_means", "batch_quantile"]

BATCHES = 20


class Estimate(NamedTuple):
    """A figure, its interval, and what the values behind it are worth.

    Attributes
    ----------
    value, low, high
        In the unit of the values; the ends are None where no interval can be given.
    effective
        How many independent values would tell as much about the mean; None without an interval.
    longer
        How many times as long the run should be for the interval to hold what it promises; 1 if it is long enough.
    """

    value: float
    low: float | None
    high: float | None
    effective: float | None
    longer: float

    @property
    def is_enough(self) -> bool:
        """Whether the run is long enough for the interval to be trusted."""
        return self.longer <= 1


def batch_means(values: ArrayLike, *, level: float = 0.95, batches: int = BATCHES) -> Estimate:
    """Return the mean of the values of one run, with an interval by batch means.

    Parameters
    ----------
    values
        n values in the order in which they came, without the warm-up.
    level
        Of the interval.
    batches
        Into how many of equal length they are cut, >= 2; what is left over at the end is in the mean alone.

    Raises
    ------
    InputError
        If there is no value, one is not finite, or the level is not between 0 and 1.

    Examples
    --------
    >>> import numpy as np
    >>> estimate = batch_means(np.random.default_rng(1).exponential(1.0, 10_000))
    >>> estimate.low < 1 < estimate.high, estimate.is_enough
    (True, True)
    """
    return _estimate(values, np.mean, level, batches, share=1.0)


def batch_quantile(values: ArrayLike, q: float, *, level: float = 0.95, batches: int = BATCHES) -> Estimate:
    """Return a quantile of the values of one run, with an interval by sectioning.

    Parameters
    ----------
    values, level, batches
        As for ``batch_means``.
    q
        Which quantile, between 0 and 1.

    Raises
    ------
    InputError
        As ``batch_means``, and if ``q`` is not between 0 and 1.
    """
    ensure_share("q", q)

    def quantile(part: Any, axis: int | None = None) -> Any:
        return np.quantile(part, q, axis=axis)

    return _estimate(values, quantile, level, batches, share=min(q, 1 - q))


def _estimate(
    values: ArrayLike, statistic: Callable[..., Any], level: float, batches: int, *, share: float
) -> Estimate:
    held = np.asarray(values, dtype=np.float64)
    ensure_share("the level", level)
    if not len(held) or batches < 2 or not np.isfinite(held).all():
        msg = "an interval from one run needs finite values, and two batches or more"
        raise InputError(msg)
    value = float(statistic(held))
    length = len(held) // batches
    if length < 2:
        return Estimate(value, None, None, None, 2 * batches / len(held))
    # scipy.stats would do the same and take half a second to import.
    from scipy.special import stdtrit  # noqa: PLC0415 (only intervals need it)

    cut = held[: length * batches].reshape(batches, length)
    off = statistic(cut, axis=1) - value
    half = float(stdtrit(batches - 1, (1 + level) / 2)) * math.sqrt(float(off @ off) / (batches - 1) / batches)
    effective = _effective(held, cut)
    return Estimate(value, value - half, value + half, effective, max(1.0, enough_for(share) * batches / effective))


def _effective(held: NDArray[np.float64], cut: NDArray[np.float64]) -> float:
    """Return how many independent values have a mean that varies as little: from the spread of the batches' means."""
    spread = float(np.var(cut.mean(axis=1), ddof=1))
    return float(np.var(held)) * len(cut) / spread if spread > 0 else float(len(held))
