"""Trees of figures, one a replication, put together into one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workersim.errors import InputError
from workersim.statistics.intervals import mean_interval, mean_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["combine"]


def combine(trees: Sequence[Mapping[str, Any]], *, level: float = 0.95) -> dict[str, Any]:
    """Return the mean of each figure over replications, with intervals beside them.

    Parameters
    ----------
    trees
        Nested dictionaries of numbers, all of one shape; None is a figure of nothing, and left out
        of the mean.
    level
        Of the intervals.

    Returns
    -------
    dict
        The same tree.  From more than one, each block of figures also has an ``interval``: for each
        figure ``[low, high]``, or None where fewer than two replications have it.  From a single
        tree it is that tree.

    Raises
    ------
    InputError
        If there is no tree.

    Examples
    --------
    >>> combine([{"wait": {"mean": 1.0, "max": None}}, {"wait": {"mean": 3.0, "max": None}}])["wait"]["mean"]
    2.0
    """
    if not trees:
        msg = "there must be at least one replication to combine"
        raise InputError(msg)
    combined: dict[str, Any] = {}
    intervals: dict[str, list[float] | None] = {}
    for name, first in trees[0].items():
        held = [tree[name] for tree in trees]
        if isinstance(first, dict):
            combined[name] = combine(held, level=level)
            continue
        known = [value for value in held if value is not None]
        combined[name] = first if len(trees) == 1 else mean_of(known) if known else None
        interval = mean_interval(known, level)
        intervals[name] = None if interval is None else list(interval)
    if intervals and len(trees) > 1:
        combined["interval"] = intervals
    return combined
