"""Containers, their slots, and who takes the next message."""

from __future__ import annotations

from math import floor
from typing import TYPE_CHECKING, NamedTuple

from workersim.engines.reference.clock import Order
from workersim.engines.reference.cpu import Cpu

if TYPE_CHECKING:
    from collections.abc import Callable

    from workersim.engines.reference.clock import Clock
    from workersim.engines.reference.plain.broker import Broker, Message
    from workersim.scenario import Fleet

__all__ = ["Slot", "Workers"]


class Container:
    """A replica: slots that share its vCPUs, and the order in which it looks at its queues."""

    def __init__(self, clock: Clock, fleet: Fleet, queues: list[int]) -> None:
        self.cpu = Cpu(clock, fleet.cores)
        self.running = 0
        self.queues = list(queues)
        self.in_turn = fleet.queue_order == "round_robin"

    def choose(self, heads: dict[int, Message]) -> int:
        """Return the first of its queues that has one of these heads; served in turn, it goes to the end."""
        queue = next(queue for queue in self.queues if queue in heads)
        if self.in_turn:
            self.queues.remove(queue)
            self.queues.append(queue)
        return queue


class Slot(NamedTuple):
    """One worker process, which holds a document from start to finish."""

    replica: int
    number: int


class Workers:
    """All slots of the fleet, and the line of those that are idle; ``start(job, slot)`` gives a document its slot."""

    def __init__(self, clock: Clock, broker: Broker, fleet: Fleet, queues: list[int], lots: list[float]) -> None:
        self.clock, self.broker, self.queues = clock, broker, queues
        self.lots = lots  # a number in [0, 1) for each document, where dispatch is random
        self.pick = getattr(self, f"_{fleet.dispatch}")
        self.containers = [Container(clock, fleet, queues) for _ in range(fleet.replicas)]
        self.idle: dict[Slot, None] = {}
        self.freed = [Slot(r, s) for r in range(fleet.replicas) for s in range(fleet.concurrency)]
        self.called = False
        self.start: Callable[[int, Slot], None]

    def free(self, slot: Slot) -> None:
        """Take a slot back from the document that leaves it."""
        self.containers[slot.replica].running -= 1
        self.freed.append(slot)
        self.call()

    def call(self) -> None:
        """Have messages handed out, once all else of this instant has happened, if anybody could take one."""
        if not self.called and (self.idle or self.freed):
            self.called = True
            self.clock.at(self.clock.now, Order.DISPATCH, self._dispatch)

    def _dispatch(self, _: object) -> None:
        self.called = False
        self.freed.sort(key=lambda slot: (slot.number, slot.replica))
        self.idle.update(dict.fromkeys(self.freed))
        self.freed.clear()
        while self.idle and (heads := self.broker.best(self.queues)):
            slot = self.pick(heads)
            del self.idle[slot]
            container = self.containers[slot.replica]
            container.running += 1
            self.start(self.broker.take(container.choose(heads)), slot)

    def _longest_idle(self, _: dict[int, Message]) -> Slot:
        """As Redis serves processes that are blocked in BLPOP: who has waited longest."""
        return next(iter(self.idle))

    def _first(self, _: dict[int, Message]) -> Slot:
        return min(self.idle)

    def _least_busy(self, _: dict[int, Message]) -> Slot:
        return min(self.idle, key=lambda slot: (self.containers[slot.replica].running, slot))

    def _random(self, heads: dict[int, Message]) -> Slot:
        """Any idle slot, by the lot of the message that was published first."""
        oldest = min(heads.values(), key=lambda message: message.publication)
        return sorted(self.idle)[floor(self.lots[oldest.job] * len(self.idle))]
