"""Durations tallied and levels followed as they are told, in memory that does not grow with them.

A duration falls into a bucket by the upper bits of its float64: the exponent and ``PRECISION`` bits of the fraction.
Buckets are in the order of the durations they hold, and none is wider than 2**-PRECISION of its lower edge; its middle
is at most half of that, ``ERROR``, from anything in it.  No duration but 0 falls into the first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from workersim.jit import entry, helper
from workersim.units import NEVER

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "BUCKETS",
    "ERROR",
    "RESPONSE",
    "SERVICE",
    "WAIT",
    "WORD",
    "bucket_of",
    "count",
    "count_all",
    "middles_ns",
    "most_at_once",
    "new_sums",
    "tally",
    "total",
]

PRECISION = 9
ERROR = 2.0**-10  # relative, of a quantile
_SHIFT = 52 - PRECISION
_LOWEST = int(np.float64(1).view(np.int64)) >> _SHIFT
WAIT, SERVICE, RESPONSE = range(3)
BUCKETS = (int(np.float64(2**62).view(np.int64)) >> _SHIFT) - _LOWEST + 2
WORD = 31  # bits of the lower word of a sum


def new_sums(kinds: int) -> NDArray[Any]:
    """Return a record a kind: how many, their sum in two words, their squares about ``center``, and the most."""
    names = ["count", "high", "low", "most"]
    return np.zeros(
        kinds, [*((name, np.int64) for name in names), ("center", np.float64), ("squares", np.float64)]
    ).view(np.recarray)


@entry
def tally(
    arrival: NDArray[np.int64],
    started: NDArray[np.int64],
    finished: NDArray[np.int64],
    since: int,
    told: tuple[NDArray[np.int64], NDArray[Any]],
) -> int:
    """Count waits, services and responses of the jobs that arrived since an instant.

    Parameters
    ----------
    arrival, started, finished
        n rows.
    since
        Jobs that arrived before are left out.
    told
        Buckets, a row a kind, and sums, a record a kind: both are added to.

    Returns
    -------
    int
        How many of all jobs were done after ``since`` (or at any time, if that is 0).
    """
    buckets, sums = told
    done = 0
    for i in range(len(arrival)):
        if started[i] >= NEVER:
            continue
        if finished[i] < NEVER and (finished[i] > since or since == 0):
            done += 1
        if arrival[i] < since:
            continue
        count(started[i] - arrival[i], buckets[WAIT], sums[WAIT])
        if finished[i] < NEVER:
            count(finished[i] - started[i], buckets[SERVICE], sums[SERVICE])
            count(finished[i] - arrival[i], buckets[RESPONSE], sums[RESPONSE])
    return done


@entry
def count_all(durations: NDArray[np.int64], buckets: NDArray[np.int64], sums: Any) -> None:
    """Count durations: into buckets, and the sums of one kind."""
    for i in range(len(durations)):
        count(durations[i], buckets, sums[0])


@helper
def count(x: int, buckets: NDArray[np.int64], sums: Any) -> None:
    """Count one duration."""
    buckets[bucket_of(x)] += 1
    sums.count += 1
    sums.high += x >> WORD
    sums.low += x & ((1 << WORD) - 1)
    sums.most = max(sums.most, x)
    sums.squares += (x - sums.center) * (x - sums.center)


@helper
def bucket_of(x: int) -> int:
    """Return the bucket of a duration."""
    bucket: int = (np.float64(x).view(np.int64) >> _SHIFT) - _LOWEST + 1  # type: ignore[assignment]  # whole in kernels
    return max(bucket, 0)


@entry
def total(instants: NDArray[np.int64], since: int) -> tuple[int, int]:
    """Return the sum of instants, earlier ones moved up to ``since``, in two words."""
    high, low = 0, 0
    for i in range(len(instants)):
        x = max(instants[i], since)
        high += x >> WORD
        low += x & ((1 << WORD) - 1)
    return high, low


def middles_ns(buckets: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the middles of the whole numbers in buckets."""
    edges = (buckets + (_LOWEST - 1)) << _SHIFT
    lower, upper = np.ceil(edges.view(np.float64)), np.ceil((edges + (1 << _SHIFT)).view(np.float64))
    middles: NDArray[np.float64] = np.where(buckets > 0, (lower + upper - 1) / 2, 0.0)
    return middles


@entry
def most_at_once(ups: NDArray[np.int64], downs: NDArray[np.int64], level: int, most: int) -> tuple[int, int]:
    """Follow a level through its changes; it is at its highest after one of those that raise it.

    Parameters
    ----------
    ups, downs
        Instants in order at which it rises and falls by one.
    level, most
        Before them.

    Returns
    -------
    tuple
        The level after them, and the most that it has been.
    """
    i, j = 0, 0
    while i < len(ups) and j < len(downs):
        falls = downs[j] <= ups[i]  # as a number: a branch would be mispredicted half of the time (4 instead of 7 ns)
        level += 1 - 2 * falls
        i += 1 - falls
        j += falls
        most = max(most, level)
    level += len(ups) - i
    return level - (len(downs) - j), max(most, level)
