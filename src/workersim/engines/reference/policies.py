"""The ticks of scaling policies, and what they are told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workersim.engines.reference.clock import Order
from workersim.policies import Observation
from workersim.runlog import Cause
from workersim.units import NEVER, SECOND

if TYPE_CHECKING:
    import simpy

    from workersim.engines.reference.container import Container
    from workersim.engines.reference.fleet import Fleet
    from workersim.policies import Policy

__all__ = ["Ticks", "observe"]


class Ticks:
    """The policy of a service, asked at ``every``, 2 x ``every`` and so on."""

    def __init__(self, fleet: Fleet) -> None:
        self.fleet, self.clock = fleet, fleet.world.clock
        self.number = 0
        if fleet.service.policy is not None and fleet.service.every_ns < NEVER:
            self.policy: Policy = fleet.service.policy()
            self._plan()

    def _plan(self) -> None:
        self.number += 1
        instant = self.number * self.fleet.service.every_ns
        self.clock.look_at(instant, Order.TICK + self.fleet.index, self._tick)

    def _tick(self, _: simpy.Event) -> None:
        self._plan()
        changed = self.fleet.resize(max(0, int(self.policy(observe(self.fleet)))))
        self.fleet.world.ticked(changed=changed)


def observe(fleet: Fleet) -> Observation:
    """Return what the real thing could see of a service now, and the truth beside it."""
    world, queues = fleet.world, fleet.service.queues
    lists: dict[tuple[str, int], int] = {}
    oldest: dict[str, float] = {}
    for attempt in world.broker.visible(queues):
        name = world.system.queues[attempt.queue]
        lists[name, attempt.level] = lists.get((name, attempt.level), 0) + 1
        oldest[name] = max(oldest.get(name, 0.0), (world.clock.now - attempt.published) / SECOND)
    ready, draining = fleet.of(Cause.READY), fleet.of(Cause.DRAINING)
    workers = [replica.worker for replica in ready + draining if replica.worker is not None]
    return Observation(
        now_s=world.clock.now / SECOND,
        queue_length=sum(lists.values()),
        lists=lists,
        oldest_s=oldest,
        running=sum(worker.running for worker in workers),
        slots_up=sum(worker.running if worker.draining else worker.slots for worker in workers),
        cpu=_cpu([worker for worker in workers if not worker.draining]),
        wanted=len(fleet.wanted()),
        starting=len(fleet.of(Cause.STARTING)),
        ready=len(ready),
        draining=len(draining),
        backlog=sum(world.ledger.backlog[queue] for queue in queues),
    )


def _cpu(workers: list[Container]) -> float:
    """Return the share of the vCPUs in use, mean over the ready replicas."""
    shares = [min(len(worker.cpu.marks), worker.cpu.vcpus) / worker.cpu.vcpus for worker in workers]
    return sum(shares) / len(shares) if shares else 0.0
