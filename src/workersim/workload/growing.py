"""Columns that grow by chunks, for files that are larger than what their rows come to."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING, Any

import numpy as np

from workersim.units import NEVER
from workersim.workload.demands import Demands
from workersim.workload.jobs import constant, is_constant

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Growing", "GrowingDemands", "moved"]


class Growing:
    """A column to which chunks are appended: one value for as long as all rows say the same.

    Chunks that are kept in a list and joined at the end stand in memory twice.  An ``array`` asks the system for more
    room instead, which moves pages and copies nothing once they are many.

    Examples
    --------
    >>> column = Growing()
    >>> column.extend(np.array([7, 7]))
    >>> column.made().strides
    (0,)
    >>> column.extend(np.array([7, 8]))
    >>> column.made().tolist()
    [7, 7, 7, 8]
    """

    def __init__(self, dtype: Any = np.int64) -> None:
        self._dtype = np.dtype(dtype)
        self._held = array(self._dtype.char)
        self._value, self._same = 0, 0

    def __len__(self) -> int:
        return len(self._held) or self._same

    def extend(self, values: NDArray[Any]) -> None:
        """Append rows."""
        if not len(values):
            return
        if not self._held:
            if self._says_the_same(values):
                self._same += len(values)
                return
            self._held = array(self._dtype.char, [self._value]) * self._same
        self._held.frombytes(np.ascontiguousarray(values, self._dtype).view(np.uint8))  # type: ignore[arg-type]

    def _says_the_same(self, values: NDArray[Any]) -> bool:
        first = int(values[0])
        if not self._same:
            self._value = first
        return first == self._value and (is_constant(values) or bool((values == first).all()))

    def made(self) -> NDArray[Any]:
        """Return the column, which is the caller's; nothing can be appended any more."""
        if self._held:
            return np.frombuffer(self._held, self._dtype)
        return constant(self._value, self._same, self._dtype)


class GrowingDemands:
    """The phases of jobs to which those of further jobs are appended."""

    def __init__(self) -> None:
        self._counts, self._kind, self._demand_ns = Growing(np.int32), Growing(np.uint8), Growing()

    def extend(self, demands: Demands) -> None:
        """Append jobs."""
        self._counts.extend(demands.counts)
        self._kind.extend(demands.kind)
        self._demand_ns.extend(demands.demand_ns)

    def made(self) -> Demands:
        """Return them, as ``Growing.made`` does."""
        return Demands(self._counts.made(), self._kind.made(), np.asarray(self._demand_ns.made()))


def moved(instants: NDArray[np.int64], by_ns: int) -> NDArray[np.int64]:
    """Return instants by a clock that begins so much later; in place, but for a column of one value.

    ``NEVER`` stays.
    """
    if is_constant(instants):
        value = int(instants[0])
        return constant(value if value == NEVER else value - by_ns, len(instants))
    if by_ns:
        np.subtract(instants, by_ns, out=instants, where=instants < NEVER)
    return instants
