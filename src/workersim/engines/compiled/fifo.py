"""First come, first served on slots that share nothing: a recursion instead of events.

With one queue, patient jobs and a CPU for every slot, a job starts when it has arrived and the slot that has been
free for longest, or will be free first, is free; nothing else can matter.  So one pass over the jobs gives the
same log as the event loop does, bit for bit.

A slot is one integer: the instant at which it is free, and in the lowest bits its place among slots that become
idle at the same instant, by number and then replica.  The smallest integer is the slot whose turn it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from workersim.engines.written import Written
from workersim.jit import entry, helper, plain
from workersim.runlog import Outcome
from workersim.units import NEVER

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from workersim.scenario import Fleet
    from workersim.workload import Jobs

__all__ = ["columns", "fits", "free_slots", "limit_ns", "run", "simulate"]

FEW = 128  # slots from which a tree of winners (19 ns a job at 128) beats a sorted row (12 ns, growing with them)
EXACT = 2**52  # a longer CPU phase does not come out to the nanosecond in float64, on which both engines agree


def fits(jobs: Jobs, fleet: Fleet, horizon_ns: int) -> bool:
    """Tell whether the recursion gives the log of this run."""
    table, slots = jobs.table, fleet.replicas * fleet.concurrency
    return (
        slots > 0
        and len(jobs) > 0
        and fleet.dispatch == "longest_idle"
        and fleet.cores >= fleet.concurrency
        and len(table.queues) == 1
        and int(jobs.phase_demand_ns.max()) < EXACT
        and int(jobs.demand_ns.min()) > 0  # a job of no length frees its slot at the instant at which it takes it
        and int(table.expires_ns.min()) == NEVER
        and int(table.priority.min()) == int(table.priority.max())
        and bool(np.all(table.arrival_ns[1:] >= table.arrival_ns[:-1]))
        and _latest_ns(jobs, slots, horizon_ns) < limit_ns(fleet)
    )


def limit_ns(fleet: Fleet) -> int:
    """Return the instant up to which an instant and the place of a slot fit into one integer."""
    return NEVER >> fleet.slots.bit_length()


def _latest_ns(jobs: Jobs, slots: int, horizon_ns: int) -> float:
    """Return a bound on all instants: no slot is idle while a job waits (Graham's bound for list scheduling)."""
    demand = jobs.demand_ns
    drained = float(jobs.table.arrival_ns[-1]) + float(demand.sum(dtype=float)) / slots
    return 1.001 * (min(drained, horizon_ns) + 2.0 * float(demand.max()))


def free_slots(fleet: Fleet) -> NDArray[np.int64]:
    """Return the slots before the first job, in order; padded to a power of two by slots that are never free."""
    slots = fleet.replicas * fleet.concurrency
    if slots < FEW:
        return np.arange(slots)
    leaves = 1 << (slots - 1).bit_length()
    row = np.full(2 * leaves, NEVER)
    row[leaves : leaves + slots] = np.arange(slots)
    for node in range(leaves - 1, 0, -1):
        row[node] = min(row[2 * node], row[2 * node + 1])
    return row


def simulate(jobs: Jobs, fleet: Fleet, horizon_ns: int) -> Written:
    """Run jobs that fit on the fleet up to the horizon; if that is ``NEVER``, until the last one is done."""
    filled = columns(fleet, len(jobs))
    arrival = plain(jobs.table.arrival_ns, np.int64)
    run(arrival, plain(jobs.demand_ns, np.int64), free_slots(fleet), horizon_ns, filled)
    outcome = np.where(filled.finished < NEVER, np.uint8(Outcome.DONE), np.uint8(Outcome.UNFINISHED))
    return Written(filled.started, filled.finished, filled.replica, filled.slot, outcome, None)


class Columns(NamedTuple):
    """What is filled, and which container and number belong to a place in the order of slots."""

    started: NDArray[np.int64]
    finished: NDArray[np.int64]
    replica: NDArray[np.int32]
    slot: NDArray[np.int32]
    container: NDArray[np.int32]
    number: NDArray[np.int32]


def columns(fleet: Fleet, n: int) -> Columns:
    """Return columns for n jobs, not filled."""
    places = np.arange(fleet.replicas * fleet.concurrency, dtype=np.int32)
    number, container = np.divmod(places, np.int32(fleet.replicas))
    started, finished = np.empty((2, n), np.int64)
    replica, slot = np.empty((2, n), np.int32)
    return Columns(started, finished, replica, slot, container, number)


@entry
def run(
    arrival: NDArray[np.int64], demand: NDArray[np.int64], free: NDArray[np.int64], horizon: int, columns: Columns
) -> None:
    """Fill the columns, job by job; a job that would start after the horizon does not."""
    slots = len(columns.number)
    bits = 0
    while slots >> bits > 0:
        bits += 1
    for j in range(len(arrival)):
        turn = free[0] if slots < FEW else free[1]
        place = turn & ((1 << bits) - 1)
        start = max(arrival[j], turn >> bits)
        if start > horizon:
            fill_with_nothing(columns, j)
            return
        end = start + demand[j]
        columns.started[j] = start
        columns.replica[j] = columns.container[place]
        columns.slot[j] = columns.number[place]
        columns.finished[j] = end if end <= horizon else NEVER
        if slots < FEW:
            sort_in(free, end << bits | place)
        else:
            play(free, place, end << bits | place)


@helper
def fill_with_nothing(columns: Columns, since: int) -> None:
    """Say of all jobs from this one on that they never start."""
    for j in range(since, len(columns.started)):
        columns.started[j] = NEVER
        columns.finished[j] = NEVER
        columns.replica[j] = -1
        columns.slot[j] = -1


@helper
def sort_in(row: NDArray[np.int64], new: int) -> None:
    """Put a slot that was first in a sorted row back where it belongs, later than it was.

    Each place looks at its two old neighbours only, so that none waits for another: 5 instead of 12 ns at 20 slots.
    """
    last = len(row) - 1
    for i in range(last):
        row[i] = min(max(row[i], new), row[i + 1])
    row[last] = max(row[last], new)


@helper
def play(tree: NDArray[np.int64], leaf: int, new: int) -> None:
    """Give a leaf of the tree of winners a new value and play its matches again."""
    node = len(tree) // 2 + leaf
    tree[node] = new
    while node > 1:
        node //= 2
        tree[node] = min(tree[2 * node], tree[2 * node + 1])
