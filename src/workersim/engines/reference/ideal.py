"""Ideal workers: every idle slot takes straight from the lists, and nothing is ever reserved."""

from __future__ import annotations

from math import floor
from typing import TYPE_CHECKING

from workersim.engines.reference.container import Container, Process, State

if TYPE_CHECKING:
    from collections.abc import Mapping

    from workersim.engines.reference.broker import Broker
    from workersim.engines.reference.ledger import Attempt
    from workersim.engines.reference.replica import Replica
    from workersim.engines.system import Service

__all__ = ["IdealWorker", "Line"]

GOLDEN = 0.6180339887498949  # spreads the lots of further attempts at a document evenly


class Line:
    """The idle slots of all replicas of a service, in the order in which they got idle."""

    def __init__(self, broker: Broker, service: Service, lots: list[float]) -> None:
        self.broker, self.service, self.lots = broker, service, lots
        self.idle: dict[Process, None] = {}
        self.freed: list[Process] = []
        self.pick = getattr(self, f"_{service.dispatch}")

    def join(self) -> None:
        """Have the slots join that got idle at this instant, by slot and then replica."""
        self.freed.sort(key=lambda process: (process.slot, process.container.place))
        self.idle.update(dict.fromkeys(self.freed))
        self.freed.clear()

    def leave(self, process: Process) -> None:
        """Take a slot out of the line."""
        if process in self.idle:
            del self.idle[process]
        else:
            self.freed.remove(process)

    def serve(self) -> bool:
        """Give one message to the slot whose turn it is, if there are both."""
        heads = self.broker.best(self.service.queues) if self.idle else {}
        if not heads:
            return False
        process: Process = self.pick(heads)
        del self.idle[process]
        attempt = process.container.choose(heads)
        self.broker.pop(attempt)
        attempt.reserved = self.broker.clock.now
        process.container.start(process, attempt)
        return True

    def _longest_idle(self, _: Mapping[int, Attempt]) -> Process:
        """As Redis serves processes that are blocked in BLPOP: who has waited longest."""
        return next(iter(self.idle))

    def _first(self, _: Mapping[int, Attempt]) -> Process:
        return min(self.idle, key=_number)

    def _least_busy(self, _: Mapping[int, Attempt]) -> Process:
        return min(self.idle, key=lambda process: (process.container.running, _number(process)))

    def _random(self, heads: Mapping[int, Attempt]) -> Process:
        """Any idle slot, by the lot of the message that was published first."""
        oldest = min(heads.values(), key=lambda attempt: attempt.age)
        lot = (self.lots[oldest.job] + oldest.number * GOLDEN) % 1.0
        return sorted(self.idle, key=_number)[floor(lot * len(self.idle))]


def _number(process: Process) -> tuple[int, int]:
    return process.container.place[1], process.slot


class IdealWorker(Container):
    """A container whose slots stand in the line of their service."""

    def __init__(self, replica: Replica) -> None:
        super().__init__(replica, replica.fleet.service.concurrency)
        self.line = replica.fleet.line
        for process in self.processes.values():
            self.freed(process)

    def freed(self, process: Process) -> None:
        """Have a slot join the line, in the next dispatch."""
        if not self.draining:
            self.line.freed.append(process)

    def took_away(self, process: Process) -> None:
        """Have an idle slot leave the line."""
        if not self.draining:
            self.line.leave(process)

    def stop_taking(self) -> None:
        """Have all idle slots leave the line."""
        for process in self.processes.values():
            if process.state is State.IDLE:
                self.line.leave(process)
