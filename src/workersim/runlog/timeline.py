"""The fleet table read along time: which state a replica is in, and what all of them add up to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from workersim.runlog.schema import Cause, FleetChanges, Ints
from workersim.units import NEVER

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Timeline", "fleet_total"]

Rows = NDArray[np.int64]
_MANY = 32  # different values; more are counted in another way, in one go


class Timeline:
    """The fleet table by replica and then instant, for questions about one replica at one instant.

    Parameters
    ----------
    fleet
        The table; of rows of one replica at one instant, the last one holds.

    Attributes
    ----------
    fleet
        The same rows, by replica and then instant.
    gone_ns, unready_ns
        For each of these rows the next instant at which its replica is down or starts, and at
        which it enters any state but ready; ``NEVER`` if it does not.
    """

    def __init__(self, fleet: FleetChanges) -> None:
        order = np.lexsort((fleet.instant_ns, fleet.replica))
        self.fleet = FleetChanges(**{name: column[order] for name, column in fleet.columns().items()})
        self._instants = np.unique(fleet.instant_ns)
        self._keys = self._key(self.fleet.replica, self.fleet.instant_ns)
        self.gone_ns = self._next_ns((self.fleet.cause == Cause.DOWN) | (self.fleet.cause == Cause.STARTING))
        self.unready_ns = self._next_ns(self.fleet.cause != Cause.READY)

    def row_at(self, replica: Ints, instant_ns: Ints) -> Rows:
        """Return the rows of ``fleet`` that hold for these replicas at these instants, -1 where none does."""
        if not len(self._keys):
            return np.full(len(replica), -1)
        if len(self._instants) == 1 and np.array_equal(self.fleet.replica, np.arange(len(self._keys))):
            # A fleet that never changes: its rows are its replicas.
            known = (replica >= 0) & (replica < len(self._keys)) & (instant_ns >= self._instants[0])
            return np.where(known, replica, -1).astype(np.int64)
        rows = np.searchsorted(self._keys, self._key(replica, instant_ns), side="right") - 1
        rows[(rows >= 0) & (self.fleet.replica[rows] != replica)] = -1
        return rows.astype(np.int64)

    def _key(self, replica: Ints, instant_ns: Ints) -> NDArray[np.int64]:
        # Replica and instant together would not fit into a word; replica and rank of the instant do.
        rank = np.searchsorted(self._instants, instant_ns, side="right")
        return replica.astype(np.int64) * (len(self._instants) + 1) + rank

    def _next_ns(self, wanted: NDArray[np.bool_]) -> NDArray[np.int64]:
        count = len(wanted)
        rows = np.append(np.where(wanted, np.arange(count), count), count)
        following = np.minimum.accumulate(rows[::-1])[::-1][1:]
        inside = following < count
        found = np.where(inside, following, 0)
        inside &= self.fleet.replica[found] == self.fleet.replica
        return np.where(inside, self.fleet.instant_ns[found], NEVER)


def fleet_total(fleet: FleetChanges, values: NDArray[Any]) -> tuple[Ints, NDArray[Any]]:
    """Return the sum over all replicas of a column of the fleet table, over time.

    Parameters
    ----------
    fleet
        The table.
    values
        One number a row of it: what its replica counts for from then until its next row.

    Returns
    -------
    tuple of arrays
        Strictly increasing instants in nanoseconds, and the total after everything at each.
    """
    order = np.lexsort((fleet.instant_ns, fleet.replica))
    replica = fleet.replica[order]
    before = np.empty(len(order), dtype=np.int64)
    before[order[1:]] = np.where(replica[1:] == replica[:-1], order[:-1], -1)
    before[order[:1]] = -1
    by_time = np.argsort(fleet.instant_ns, kind="stable")
    instants = fleet.instant_ns[by_time]
    last = np.append(instants[1:] != instants[:-1], np.ones(min(1, len(instants)), dtype=np.bool_))
    count = _counter(before, by_time, last)
    if values.dtype.kind in "iub":
        return instants[last], count(values.astype(np.int64))
    # Adding and taking away fractions would leave crumbs, so count the replicas at each value.
    different = np.unique(values)
    if len(different) > _MANY:
        return instants[last], _without_crumbs(values, before, by_time)[last]
    total = np.zeros(int(last.sum()))
    for value in different:
        total += value * count((values == value).astype(np.int64))
    return instants[last], total


def _without_crumbs(values: NDArray[Any], before: Rows, by_time: Rows) -> NDArray[np.float64]:
    """Add up many different fractions as whole multiples of a part so small that it is their last digit."""
    unit = 2.0 ** (np.frexp(float(np.abs(values).max()) * len(values))[1] - 62)
    parts = np.rint(values / unit).astype(np.int64)
    changes = parts - np.where(before >= 0, parts[before], 0)
    total: NDArray[np.float64] = np.cumsum(changes[by_time]) * unit
    return total


def _counter(before: Rows, by_time: Rows, last: NDArray[np.bool_]) -> Callable[[Rows], Rows]:
    def count(amounts: Rows) -> Rows:
        changes = amounts - np.where(before >= 0, amounts[before], 0)
        return np.cumsum(changes[by_time])[last]

    return count
