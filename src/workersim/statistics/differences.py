"""Differences between alternatives that were given the same documents."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from workersim.errors import InputError
from workersim.statistics.intervals import mean_interval, mean_of

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Difference", "level_for_all", "paired_difference"]


class Difference(NamedTuple):
    """By how much one alternative exceeds another, on average.

    Attributes
    ----------
    mean
        Mean of second minus first; None if no pair has both.
    interval
        Low and high; None for fewer than two pairs.
    """

    mean: float | None
    interval: tuple[float, float] | None


def paired_difference(first: Sequence[float | None], second: Sequence[float | None], level: float = 0.95) -> Difference:
    """Return the mean of second minus first over pairs, with Student's interval of it.

    What both have in common, such as a day with many documents, falls out of a difference within a pair, so the
    interval is narrower than those of the two means let expect.

    Parameters
    ----------
    first, second
        The same figure in the same replications; a pair in which one of them is None is left out.
    level
        Of the interval.

    Raises
    ------
    InputError
        If they are not equally many, or as ``mean_interval``.

    Examples
    --------
    >>> paired_difference([10.0, 20.0, 30.0], [9.0, 19.0, 29.0])
    Difference(mean=-1.0, interval=(-1.0, -1.0))
    """
    if len(first) != len(second):
        msg = f"pairs need as many of the first as of the second, got {len(first)} and {len(second)}"
        raise InputError(msg)
    changes = [b - a for a, b in zip(first, second, strict=True) if a is not None and b is not None]
    return Difference(mean_of(changes) if changes else None, mean_interval(changes, level))


def level_for_all(intervals: int, level: float = 0.95) -> float:
    """Return the level that each of several intervals needs for all of them together to hold with ``level``.

    Bonferroni's, which holds however the figures depend on one another: with the same documents they depend strongly.

    Examples
    --------
    >>> round(level_for_all(3), 4)
    0.9833
    """
    return 1 - (1 - level) / max(1, intervals)
