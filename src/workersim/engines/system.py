"""What engines run jobs on: services resolved to numbers, and all that is going to happen to them."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from workersim.units import NEVER

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from workersim.policies import Policy

__all__ = ["BUSY", "WHOLE", "Celery", "Change", "Happening", "Service", "System"]

WHOLE, BUSY = -1, -2  # slots of a crash: the whole replica, and the lowest one that works


class Happening(IntEnum):
    """Kinds of rows of the schedule, in the order in which they happen at one instant."""

    CRASH = 0
    STOP = 1
    OUTAGE = 2
    CHANGE = 3
    DEPLOY = 4


class Change(NamedTuple):
    """A row of the schedule.

    Attributes
    ----------
    at_ns, kind, service
        When, what, and to which service (an outage: -1).
    replica, slot
        Crash and stop: whom.  A crash may hit one process: its slot, or ``BUSY``.
    lasts_ns
        Crash: until the replica is ready again (``NEVER``: never).  Stop: the grace (``NEVER``: as long as it needs).
        Outage: its length.  Deploy: the overlap.
    drain_ns
        Deploy: the grace of the old replicas.
    replicas
        Change: how many are wanted from then on.
    drawn
        Whether chance put it there; such a row keeps no run going.
    """

    at_ns: int
    kind: Happening
    service: int
    replica: int = -1
    slot: int = WHOLE
    lasts_ns: int = NEVER
    drain_ns: int = NEVER
    replicas: int = -1
    drawn: bool = False


@dataclass(frozen=True)
class Celery:
    """How the workers of a service reserve, acknowledge and replace; durations in ns, 0 of ``max_…``: no limit."""

    window: int  # messages that a worker may hold unacknowledged; NEVER: no limit
    late: bool = False
    disable_prefetch: bool = False
    reject_on_worker_lost: bool = False
    visibility_timeout_ns: int = NEVER
    fetch_ns: int = 1_000_000
    poll_ns: int = 1_000_000_000
    hand_off_ns: int = 3_000_000
    sweep_first_ns: int = NEVER  # after a worker is ready
    sweep_every_ns: int = NEVER
    process_start_ns: int = 0
    max_tasks_per_child: int = 0
    max_memory_per_child: int = 0
    processes: int = 0  # those that a worker with --autoscale starts with; 0: no --autoscale
    keepalive_ns: int = NEVER


@dataclass(frozen=True)
class Service:
    """Equal containers that serve the same queues.

    Attributes
    ----------
    queues
        Indices of the queues that it consumes, in the order in which they are looked at first.
    in_turn
        Whether each replica turns a wheel of its own (round robin).
    celery
        None: every slot takes straight from the queues.
    startups_ns
        int64[k], k >= 1: how long one start after the other takes, over again when they are used up.
    drain_ns
        Grace when the fleet is made smaller; ``NEVER``: as long as it needs.
    process_bytes, parent_bytes, limit_bytes
        Memory of a process at rest, of a container beside its processes, and its limit (``NEVER``: none).
    price, gb_price, vcpu_price
        Of a replica, of a GB of its memory and of a vCPU in use for an hour, unless it is down.
    least_price
        What an hour of all services costs at least, on the average of the run.
    restarts
        How often a replica comes back after it has run out of memory.
    every_ns, policy
        The ticks of its policy, and what makes a fresh one for a run; None: there is none.
    """

    name: str
    replicas: int
    concurrency: int
    vcpus: float
    queues: tuple[int, ...]
    in_turn: bool = True
    dispatch: str = "longest_idle"
    celery: Celery | None = None
    startups_ns: NDArray[np.int64] = field(default_factory=lambda: np.zeros(1, np.int64))
    drain_ns: int = NEVER
    process_bytes: int = 0
    parent_bytes: int = 0
    limit_bytes: int = NEVER
    restarts: int = 10
    price: float = 1.0
    gb_price: float = 0.0
    vcpu_price: float = 0.0
    least_price: float = 0.0
    every_ns: int = NEVER
    policy: Callable[[], Policy] | None = None


@dataclass(frozen=True)
class System:
    """All services on one broker, and the schedule, sorted by instant, kind and row."""

    services: tuple[Service, ...]
    queues: tuple[str, ...]
    schedule: tuple[Change, ...] = ()

    @property
    def stepped(self) -> bool:
        """Whether priorities are Redis's steps 0, 3, 6, 9, as they are for Celery."""
        return any(service.celery is not None for service in self.services)

    @property
    def steady(self) -> bool:
        """Whether it is one ideal service that stays as it is, whose processes never outgrow their memory."""
        first = self.services[0]
        return len(self.services) == 1 and first.celery is None and first.policy is None and not self.schedule
