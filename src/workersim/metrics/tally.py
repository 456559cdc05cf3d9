"""Durations tallied and levels followed as they are told, in memory that does not grow with them.

A duration falls into a bucket by the upper bits of its float64: the exponent and ``PRECISION`` bits of the fraction.
Buckets are in the order of the durations they hold, and none is wider than 2**-PRECISION of its lower edge; its middle
is at most half of that, ``ERROR``, from anything in it.  No duration but 0 falls into the first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from workersim.jit import entry

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["BUCKETS", "ERROR", "WORD", "middle_ns", "most_at_once", "new_sums", "tally", "total"]

PRECISION = 9
ERROR = 2.0**-10  # relative, of a quantile
_SHIFT = 52 - PRECISION
_LOWEST = int(np.float64(1).view(np.int64)) >> _SHIFT
BUCKETS = (int(np.float64(2**62).view(np.int64)) >> _SHIFT) - _LOWEST + 2
WORD = 31  # bits of the lower word of a sum


def new_sums() -> NDArray[Any]:
    """Return one record: how many, their sum in two words, their squares about ``center``, and the most."""
    names = ["count", "high", "low", "most"]
    return np.zeros(1, [*((name, np.int64) for name in names), ("center", np.float64), ("squares", np.float64)])


@entry
def tally(durations: NDArray[np.int64], buckets: NDArray[np.int64], sums: NDArray[Any]) -> None:
    """Count durations (ns, >= 0) into buckets and sums."""
    center = sums[0]["center"]
    high, low, most, squares = 0, 0, sums[0]["most"], 0.0
    for i in range(len(durations)):
        x = durations[i]
        bucket: Any = (np.float64(x).view(np.int64) >> _SHIFT) - _LOWEST + 1
        buckets[max(0, bucket)] += 1
        high += x >> WORD
        low += x & ((1 << WORD) - 1)
        most = max(most, x)
        squares += (x - center) * (x - center)
    sums[0]["count"] += len(durations)
    sums[0]["high"] += high
    sums[0]["low"] += low
    sums[0]["most"] = most
    sums[0]["squares"] += squares


@entry
def total(instants: NDArray[np.int64], since: int) -> tuple[int, int]:
    """Return the sum of instants, earlier ones moved up to ``since``, in two words."""
    high, low = 0, 0
    for i in range(len(instants)):
        x = max(instants[i], since)
        high += x >> WORD
        low += x & ((1 << WORD) - 1)
    return high, low


def middle_ns(bucket: int) -> float:
    """Return the middle of the whole numbers in a bucket."""
    if bucket == 0:
        return 0.0
    lower, upper = np.ceil((np.array([bucket + _LOWEST - 1, bucket + _LOWEST], np.int64) << _SHIFT).view(np.float64))
    return float(lower + upper - 1) / 2


@entry
def most_at_once(
    ups: NDArray[np.int64], downs: NDArray[np.int64], since: int, level: int, most: int
) -> tuple[int, int]:
    """Follow a level through its changes.

    Parameters
    ----------
    ups, downs
        Instants in order at which it rises and falls by one.
    since
        The most counts from here on.
    level, most
        Before.

    Returns
    -------
    tuple
        The level after the last change, and the most that has stood for some time before that.
    """
    i, j = 0, 0
    while i < len(ups) or j < len(downs):
        now = ups[i] if j == len(downs) or (i < len(ups) and ups[i] <= downs[j]) else downs[j]
        if now > since:
            most = max(most, level)
        while i < len(ups) and ups[i] == now:
            level += 1
            i += 1
        while j < len(downs) and downs[j] == now:
            level -= 1
            j += 1
    return level, most
