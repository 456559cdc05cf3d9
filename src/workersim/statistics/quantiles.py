"""A quantile of independent values, with an interval that asks nothing of their distribution."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from workersim.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["ensure_share", "quantile_interval"]


def quantile_interval(values: Sequence[float], q: float, level: float = 0.95) -> tuple[float, float] | None:
    """Return the confidence interval of a quantile of independent values, between two of them.

    Parameters
    ----------
    values
        Independent figures of one kind, such as the longest wait of each of many days.
    q
        Which quantile, between 0 and 1.
    level
        Share of such intervals, at least, that hold the true quantile.

    Returns
    -------
    tuple or None
        Low and high, in the unit of the values; None if there are too few for an interval of this level.

    Raises
    ------
    InputError
        If ``q`` or the level is not between 0 and 1, or a value is not finite.

    Notes
    -----
    How many of n values lie below the quantile is binomial, whatever their distribution; the ends are the order
    statistics that cut off at most half of what the level leaves on each side (David and Nagaraja, *Order Statistics*,
    2003, section 7.1).  Waits of one run are not independent: ``batch_quantile`` is for those.

    Examples
    --------
    >>> quantile_interval([float(value) for value in range(1, 101)], 0.5)
    (40.0, 61.0)
    """
    ensure_share("q", q)
    ensure_share("the level", level)
    if not all(math.isfinite(value) for value in values):
        msg = "an interval needs finite values"
        raise InputError(msg)
    # scipy.stats would do the same and take half a second to import.
    from scipy.special import bdtr  # noqa: PLC0415 (only intervals need it)

    ordered, tail = sorted(values), (1 - level) / 2
    n = len(ordered)
    if n == 0:
        return None
    below = bdtr(np.arange(n), n, q)  # chance that at most so many lie below
    low = int(np.searchsorted(below, tail, side="right")) - 1
    high = int(np.searchsorted(below, 1 - tail, side="left"))
    return (ordered[low], ordered[high]) if low >= 0 and high < n else None


def ensure_share(name: str, value: float) -> None:
    """Refuse what does not lie between 0 and 1.

    Raises
    ------
    InputError
        If it does not.
    """
    if not 0 < value < 1:
        msg = f"{name} must lie between 0 and 1, got {value!r}"
        raise InputError(msg)
