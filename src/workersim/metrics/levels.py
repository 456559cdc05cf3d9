"""Mean and maximum of a count over time, without the curve: of tens of millions of rows that would be large."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from workersim.runlog.counting import exact_sum
from workersim.runlog.ordering import blocks

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from workersim.runlog.schema import Ints

__all__ = ["ascending", "level"]


def level(ups: Ints, downs: Ints, start_ns: int, end_ns: int) -> tuple[int, int]:
    """Return the area under a count in a closed window, units times nanoseconds, and the most that it is there.

    Both are those of the step function of ``count_over_time``, exactly.

    Parameters
    ----------
    ups, downs
        n instants each, in any order, at which the count rises and falls by one; ``NEVER`` is ignored.
    start_ns, end_ns
        The window.

    Examples
    --------
    Two wait from 0 on, one of them until 20 and one until 40.

    >>> level(np.array([0, 0]), np.array([20, 40]), 0, 50)
    (60, 2)
    """
    area = sum(
        exact_sum(downs[rows].clip(start_ns, end_ns) - ups[rows].clip(start_ns, end_ns)) for rows in blocks(len(ups))
    )
    ups, downs = ascending(ups), ascending(downs)
    first, last = (int(np.searchsorted(ups, instant, side="right")) for instant in (start_ns, end_ns))
    most = first - int(np.searchsorted(downs, start_ns, side="right"))
    for rows in blocks(last - first):
        risen = np.arange(first + rows.start + 1, first + rows.stop + 1)
        fallen = np.searchsorted(downs, ups[first + rows.start : first + rows.stop], side="right")
        # Of several rises at one instant the last tells what the count is after it, and none before it tells more.
        most = max(most, int((risen - fallen).max()))
    return area, most


def ascending(instants: NDArray[Any]) -> NDArray[Any]:
    """Sort instants, if they are not in order already: to look is much cheaper, and they mostly are."""
    return instants if bool((instants[1:] >= instants[:-1]).all()) else np.sort(instants)
