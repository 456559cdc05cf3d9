"""Many rows, some at a time: as they stand, or in the order of their instants, without a column of their numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from workersim.runlog.schema import Ints

__all__ = ["BLOCK", "blocks", "in_order"]

BLOCK = 65_536


def blocks(n: int) -> Iterator[slice]:
    """Yield slices that together are n rows."""
    for first in range(0, n, BLOCK):
        yield slice(first, min(first + BLOCK, n))


def in_order(instants: Ints, *ties: Ints) -> Iterator[NDArray[np.int64]]:
    """Yield the numbers of rows in order of their instants, some at a time; ties go by further columns, then by row.

    Only so many numbers are held as lie between rows that are out of order and where they belong: few in a file that
    was written as things happened.

    Parameters
    ----------
    instants
        n of them, in any order.
    ties
        n numbers each.

    Examples
    --------
    >>> [rows.tolist() for rows in in_order(np.array([3, 1, 2, 1]), np.array([0, 1, 0, 0]))]
    [[3, 1, 2, 0]]
    """
    parts = list(blocks(len(instants)))
    # The least instant of what comes after each block: what lies before it is in its place.
    later = np.full(len(parts) + 1, np.iinfo(np.int64).max)
    later[:-1] = [instants[part].min() for part in parts]
    later = np.minimum.accumulate(later[::-1])[::-1]
    held = np.empty(0, np.int64)
    for number, part in enumerate(parts, 1):
        held = np.concatenate([held, np.arange(part.start, part.stop)])
        at = instants[held]
        if not (at[1:] > at[:-1]).all():
            held = held[np.lexsort([held, *(column[held] for column in ties[::-1]), at])]
        # An instant that comes again in a later block is kept, as its ties may belong before it.
        ready = int(np.searchsorted(instants[held], later[number], side="left"))
        if ready:
            yield held[:ready]
            held = held[ready:]
    if len(held):
        yield held
