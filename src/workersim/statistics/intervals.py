"""How far a mean over replications may be from the truth."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from workersim.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["mean_interval", "mean_of"]


def mean_of(values: Sequence[float]) -> float:
    """Return the mean of at least one value; of equal values it is just that value."""
    first = values[0]
    return first + math.fsum(value - first for value in values) / len(values)


def mean_interval(values: Sequence[float], level: float = 0.95) -> tuple[float, float] | None:
    """Return Student's confidence interval of a mean.

    Parameters
    ----------
    values
        Independent figures of one kind, one a replication.
    level
        Share of such intervals that hold the true mean, between 0 and 1.

    Returns
    -------
    tuple or None
        Low and high, in the unit of the values; None for fewer than two of them.

    Raises
    ------
    InputError
        If the level is not between 0 and 1, or a value is not finite.

    Notes
    -----
    mean ± t(1 - (1 - level) / 2; n - 1) · s / √n with s the standard deviation of a sample (Student,
    "The probable error of a mean", Biometrika 6, 1908).  It leans on the mean being nearly normal:
    fine for means over long runs, rough for the maximum of a few.

    Examples
    --------
    >>> low, high = mean_interval([9.0, 10.0, 11.0])
    >>> round(low, 3), round(high, 3)
    (7.516, 12.484)
    """
    if not 0 < level < 1:
        msg = f"the level of an interval must lie between 0 and 1, got {level!r}"
        raise InputError(msg)
    if not all(math.isfinite(value) for value in values):
        msg = "an interval needs finite values"
        raise InputError(msg)
    count = len(values)
    if count < 2:
        return None
    # scipy.stats would do the same and take half a second to import.
    from scipy.special import stdtrit  # noqa: PLC0415 (only intervals need it)

    mean = mean_of(values)
    deviation = math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (count - 1))
    half = float(stdtrit(count - 1, (1 + level) / 2)) * deviation / math.sqrt(count)
    return mean - half, mean + half
