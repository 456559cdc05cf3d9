"""Where attempts of a log ran: its replicas, how many slots each had, and what people call them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from workersim.runlog.schema import SERVICE

if TYPE_CHECKING:
    from workersim.runlog.log import RunLog

__all__ = ["replica_name", "slots_of"]


def slots_of(log: RunLog) -> dict[int, int]:
    """Return the most slots of each replica, in order: those that the fleet had, and those that attempts tell of."""
    owner = np.concatenate([log.fleet.replica, log.attempts.replica]).astype(np.int64)
    slots = np.concatenate([log.fleet.slots.astype(np.int64), log.attempts.slot.astype(np.int64) + 1])
    known = owner >= 0
    replicas, index = np.unique(owner[known], return_inverse=True)
    most = np.zeros(len(replicas), dtype=np.int64)
    np.maximum.at(most, index, slots[known])
    return dict(zip(replicas.tolist(), most.tolist(), strict=True))


def replica_name(log: RunLog, replica: int) -> str:
    """Return what a replica is called: its number, after its service where there are several.

    Examples
    --------
    >>> import workersim as ws
    >>> ten = ws.Workload(jobs={"document": ws.Job(service="20 min")}, arrivals=[ws.Burst(jobs=10)])
    >>> log = ws.run(ws.Scenario(fleet=ws.Fleet(replicas=2, concurrency=4), workload=ten)).log
    >>> replica_name(log, 1), slots_of(log)
    ('replica 1', {0: 4, 1: 4})
    """
    service, number = divmod(replica, SERVICE)
    name = log.services[service] if service < len(log.services) else ""
    return f"{name} replica {number}" if name else f"replica {number}"
