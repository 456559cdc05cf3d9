"""How many independent values a run is worth, and how many it takes for an interval to hold what it promises."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from workersim.statistics.intervals import mean_of

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["effective_size", "enough_for"]

_ENOUGH = 25  # independent values on the rarer side of what is asked for; see the table in docs/trust.md


def enough_for(share: float) -> float:
    """Return how many independent values each replication, or batch, should be worth.

    Parameters
    ----------
    share
        Of the values that decide the figure: 1 for a mean, 0.05 for a 95th percentile.
    """
    return _ENOUGH / math.sqrt(share)


def effective_size(means: Sequence[float], deviations: Sequence[float]) -> float | None:
    """Return how many independent values one replication is worth.

    Parameters
    ----------
    means, deviations
        Mean and standard deviation of the values of each replication, in one unit.

    Returns
    -------
    float or None
        The variance of a value over the variance of the mean of a replication; None for fewer than two replications,
        or if the means are all the same.

    Examples
    --------
    >>> effective_size([9.0, 10.0, 11.0], [10.0, 10.0, 10.0])
    100.0
    """
    if len(means) < 2:
        return None
    middle = mean_of(means)
    between = math.fsum((value - middle) ** 2 for value in means) / (len(means) - 1)
    # Within a replication, and between them: all values vary by both.
    within = mean_of([deviation**2 for deviation in deviations])
    return within / between if between > 0 else None
