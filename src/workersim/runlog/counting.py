"""Exact counts over time, and exact sums, of columns of nanoseconds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from workersim.units import NEVER

if TYPE_CHECKING:
    from workersim.runlog.schema import Ints

__all__ = ["area", "count_by_group", "count_over_time", "exact_sum", "left_queue_ns"]

Int64s = NDArray[np.int64]
_WORD = 2**64


def count_over_time(ups: Ints, downs: Ints) -> tuple[Int64s, Int64s]:
    """Return the instants at which a count may change, and the count after each.

    Parameters
    ----------
    ups, downs
        Instants in nanoseconds, in any order, at which the count rises and falls by one;
        ``NEVER`` is ignored.

    Returns
    -------
    tuple of arrays
        Strictly increasing instants, and the count after everything that happens at each.
    """
    parts = []
    for instants, is_up in ((ups, 1), (downs, 0)):
        # An instant is below 2**62, so it leaves room for the direction in one word, and plain
        # words sort several times faster than rows do.
        packed = instants[instants < NEVER].astype(np.int64)
        packed <<= 1
        packed |= is_up
        parts.append(packed)
    keys = np.concatenate(parts)
    keys.sort()  # equal words are the same, so the order among them does not matter: half the time of a stable sort
    counts = np.cumsum(((keys & 1) << 1) - 1)
    instants = keys >> 1
    last = np.empty(len(keys), dtype=np.bool_)
    last[-1:] = True
    np.not_equal(instants[1:], instants[:-1], out=last[:-1])
    return instants[last], counts[last]


def count_by_group(group: Ints, ups: Ints, downs: Ints) -> tuple[Ints, Ints, Ints]:
    """Return group, instant and the count after everything at it, by group and then instant.

    Parameters
    ----------
    group
        n numbers from 0 on, one a row.
    ups, downs
        n instants in nanoseconds at which the count of the row's group rises and falls by one.
    """
    bits = int(downs.max()).bit_length() + 1
    if bits + int(group.max()).bit_length() < 64:
        # Group, instant and direction in one word: plain words sort several times faster than rows.
        high = group.astype(np.int64) << bits
        keys = np.concatenate([high | (ups << 1) | 1, high | (downs << 1)])
        keys.sort()
        changes = ((keys & 1) << 1) - 1
        group, instants = keys >> bits, (keys & ((1 << bits) - 1)) >> 1
    else:
        group, instants = np.concatenate([group, group]), np.concatenate([ups, downs])
        order = np.lexsort((instants, group))
        changes = np.where(order < len(ups), 1, -1)
        group, instants = group[order], instants[order]
    last = np.ones(len(group), dtype=np.bool_)
    last[:-1] = (group[1:] != group[:-1]) | (instants[1:] != instants[:-1])
    return group[last], instants[last], np.cumsum(changes)[last]


def left_queue_ns(started_ns: Ints, finished_ns: Ints) -> Ints:
    """Return when each attempt left its queue: at its start, or when it was given up unstarted."""
    left: Ints = np.minimum(started_ns, finished_ns)
    return left


def exact_sum(values: NDArray[Any], weights: Ints | None = None) -> int:
    """Return the sum of whole numbers (times ``weights``) as a Python integer, however large.

    The sum modulo 2**64 is what integer arithmetic gives; a float sum, which is off by far less
    than that, says which multiple of it is meant.
    """
    words = values.astype(np.int64, copy=False)
    rough = words.astype(np.float64)
    if weights is not None:
        words = words * weights.astype(np.int64, copy=False)
        rough *= weights
    modulo = int(words.sum(dtype=np.int64))
    return modulo + round((int(rough.sum()) - modulo) / _WORD) * _WORD


def area(instants: Ints, counts: Ints, start_ns: int, end_ns: int) -> int:
    """Return the integral of a count over a window: units times nanoseconds, exactly.

    Before its first instant the count is 0; after its last it stays as it is.
    """
    edges = np.append(np.clip(instants, start_ns, end_ns), end_ns)
    return exact_sum(counts, np.diff(edges))
