"""How many replications it takes until a mean is known well enough."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from workersim.statistics.intervals import mean_interval, mean_of

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["next_count", "precision_of"]


def precision_of(values: Sequence[float], *, relative: bool, level: float = 0.95) -> float:
    """Return half the width of the interval of the mean; infinite while there is none.

    Parameters
    ----------
    values
        One a replication.
    relative
        Whether it is told as a share of the mean.
    level
        Of the interval.

    Examples
    --------
    >>> round(precision_of([9.0, 10.0, 11.0], relative=True), 3)
    0.248
    """
    interval = mean_interval(values, level)
    if interval is None:
        return math.inf
    half = (interval[1] - interval[0]) / 2
    if not relative or not half:
        return half
    mean = abs(mean_of(values))
    return half / mean if mean else math.inf


def next_count(count: int, precision: float, wanted: float) -> int:
    """Return after how many replications to look again.

    Half the width falls with the square root of their number, so that is where it is expected to be met; but never
    more than twice as many, as the spread of a few is not well known.

    Examples
    --------
    >>> next_count(10, 0.06, 0.05), next_count(10, 0.5, 0.05)
    (15, 20)
    """
    if not math.isfinite(precision) or wanted <= 0:
        return 2 * count
    return min(2 * count, max(count + 1, math.ceil(count * (precision / wanted) ** 2)))
