"""Processes of observed workers: which attempt ran in which, where a file names the worker alone."""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING, Any

import numpy as np

from workersim.runlog import Cause, FleetChanges
from workersim.runlog.ordering import blocks, in_order
from workersim.units import NEVER, SECOND
from workersim.workload.jobs import is_constant

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from workersim.traces.repairs import Repairs

__all__ = ["inferred_fleet", "ready_fleet", "seated"]

LATE_NS = SECOND // 10  # a process that is free again is told of up to so much later
LATE = "told to end after the next start in the same process, as ends are told late: ended at that start"


def seated(
    replica: NDArray[np.int64],
    started_ns: NDArray[np.int64],
    finished_ns: NDArray[np.int64],
    capacity: Mapping[int, int],
    repairs: Repairs,
) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Return a slot for each attempt that ran, and when it left it: the column of finishes, with some moved.

    Each start takes the lowest idle slot of its replica.  Where all are taken, and one is told to end within 0.1 s
    from then, it ended there.

    Parameters
    ----------
    replica, started_ns, finished_ns
        int64[n]; -1 and ``NEVER`` where nothing says.
    capacity
        Processes of each replica, as far as they are known.
    repairs
        Where is counted which ends were moved.
    """
    slot = np.full(len(replica), -1, np.int32)
    finished = np.array(finished_ns) if is_constant(finished_ns) else finished_ns
    idle: dict[int, list[int]] = {}
    busy: dict[int, list[tuple[int, int, int]]] = {}
    opened: dict[int, int] = {}
    moved = 0
    for row, where, begins in _starts(replica, started_ns, finished):
        free, running = idle.setdefault(where, []), busy.setdefault(where, [])
        while running and running[0][0] <= begins:
            heapq.heappush(free, heapq.heappop(running)[1])
        if not free and opened.get(where, 0) >= capacity.get(where, NEVER) and running:
            ends, left, former = running[0]
            if ends - begins <= LATE_NS and begins >= int(started_ns[former]):
                heapq.heappop(running)
                heapq.heappush(free, left)
                finished[former] = begins
                moved += 1
        if free:
            taken = heapq.heappop(free)
        else:
            taken = opened.get(where, 0)
            opened[where] = taken + 1
        slot[row] = taken
        heapq.heappush(running, (int(finished[row]), taken, row))
    repairs.count(LATE, moved, noun="attempt")
    return slot, finished


def _starts(
    replica: NDArray[np.int64], started_ns: NDArray[np.int64], finished_ns: NDArray[np.int64]
) -> Iterator[tuple[int, int, int]]:
    """Yield row, replica and start of what ran, by start and then by finish."""
    for rows in in_order(started_ns, finished_ns):
        ran = rows[(replica[rows] >= 0) & (started_ns[rows] < NEVER)]
        yield from zip(ran.tolist(), replica[ran].tolist(), started_ns[ran].tolist(), strict=True)


def ready_fleet(slots: Mapping[int, int], instant_ns: int, *, vcpus: float | None = None) -> FleetChanges:
    """Return the table of replicas with so many processes each, which are all ready at an instant.

    A replica has as many vCPUs as processes where nothing else is known, and costs 1 an hour.
    """
    replicas = sorted(slots)
    counts = np.array([slots[replica] for replica in replicas], np.int64)
    n = len(replicas)
    return FleetChanges(
        instant_ns=np.full(n, instant_ns, np.int64),
        replica=np.array(replicas, np.int64),
        cause=np.full(n, int(Cause.READY), np.int64),
        slots=counts,
        vcpus=counts.astype(np.float64) if vcpus is None else np.full(n, vcpus, np.float64),
        memory_bytes=np.zeros(n, np.int64),
        price=np.ones(n, np.float64),
    )


def inferred_fleet(replica: NDArray[np.int64], slot: NDArray[np.int64], instant_ns: int) -> FleetChanges | None:
    """Return a fleet that has as many processes as were ever busy at once in each replica; None without any."""
    most = np.zeros(int(replica.max()) + 1, np.int64)
    for rows in blocks(len(replica)):
        ran = (replica[rows] >= 0) & (slot[rows] >= 0)
        np.maximum.at(most, replica[rows][ran], slot[rows][ran] + 1)
    slots = {number: int(count) for number, count in enumerate(most.tolist()) if count}
    return ready_fleet(slots, instant_ns) if slots else None
