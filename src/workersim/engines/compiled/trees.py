"""Three small structures in flat arrays, so that what a fleet costs grows with its logarithm.

A *winner tree* has its leaves in the second half of its arrays and the winner of two children in their
parent: the smallest value and whose it is stand at 1, the lower leaf wins a tie.  A *counting tree* (Fenwick)
counts things by index and finds the k-th.  A *heap* gives back integers, smallest first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from workersim.jit import helper

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["count_add", "count_below", "count_kth", "heap_pop", "heap_push", "winner_set"]


@helper
def winner_set(value: NDArray[Any], owner: NDArray[Any], leaf: int, new: int) -> None:
    """Give a leaf a new value and play its matches again.

    The winner so far stays in registers, so that no match waits for what the one before it has stored.
    """
    node = len(value) // 2 + leaf
    value[node] = new
    owner[node] = leaf
    while node > 1:
        other = node ^ 1
        wins = -np.int64(value[other] - (node & 1) < new)  # all bits or none; a tie is the left one's
        leaf ^= (leaf ^ owner[other]) & wins
        new ^= (new ^ value[other]) & wins
        node //= 2
        value[node] = new
        owner[node] = leaf


@helper
def count_add(counts: NDArray[Any], index: int, delta: int) -> None:
    """Count ``delta`` more at ``index``."""
    node = np.int64(index) + 1  # numbers of slots are unsigned
    while node < len(counts):
        counts[node] += delta
        node += node & -node


@helper
def count_below(counts: NDArray[Any], index: int) -> int:
    """Return how many are counted at lower indices."""
    total = 0
    node = index
    while node > 0:
        total += counts[node]
        node -= node & -node
    return total


@helper
def count_kth(counts: NDArray[Any], k: int) -> int:
    """Return the index of the k-th that is counted, from 0; the length of the tree if there are fewer."""
    node = 0
    step = len(counts) - 1
    while step > 0:
        if node + step < len(counts) and counts[node + step] <= k:
            node += step
            k -= counts[node]
        step //= 2
    return node


@helper
def heap_push(heap: NDArray[Any], size: int, value: int) -> None:
    """Add a value to the ``size`` values of the heap."""
    node = size
    while node > 0 and heap[(node - 1) // 2] > value:
        heap[node] = heap[(node - 1) // 2]
        node = (node - 1) // 2
    heap[node] = value


@helper
def heap_pop(heap: NDArray[Any], size: int) -> int:
    """Remove the smallest of the ``size`` values of the heap and return it."""
    smallest = heap[0]
    value = heap[size - 1]
    node = 0
    child = 1
    while child < size - 1:
        if child + 1 < size - 1 and heap[child + 1] < heap[child]:
            child += 1
        if heap[child] >= value:
            break
        heap[node] = heap[child]
        node = child
        child = 2 * node + 1
    heap[node] = value
    return smallest
