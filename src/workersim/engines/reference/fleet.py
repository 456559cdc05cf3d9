"""The replicas of one service: how many are wanted, which numbers they get, and how a deploy replaces them."""

from __future__ import annotations

from itertools import count, cycle
from typing import TYPE_CHECKING

from workersim.engines.reference.clock import Order
from workersim.engines.reference.ideal import Line
from workersim.engines.reference.replica import Replica
from workersim.runlog import Cause

if TYPE_CHECKING:
    import simpy

    from workersim.engines.reference.engine import World
    from workersim.engines.system import Change, Service

__all__ = ["Fleet"]


class Fleet:
    """All replicas of a service by number; those that have gone stay until their number is used again."""

    def __init__(self, world: World, index: int, service: Service) -> None:
        self.world, self.index, self.service = world, index, service
        self.startups = cycle(service.startups_ns.tolist())
        self.line = Line(world.broker, service, world.documents.lots)
        self.replicas: dict[int, Replica] = {}
        self.deploys: list[Deploy] = []
        for number in range(service.replicas):
            self.replicas[number] = Replica(self, number)
            self.replicas[number].be_ready()

    def next_startup(self) -> int:
        """Return how long the next start takes."""
        return int(next(self.startups))

    def of(self, *states: Cause) -> list[Replica]:
        """Return the replicas in some states, by number."""
        return [replica for _, replica in sorted(self.replicas.items()) if replica.state in states]

    def wanted(self) -> list[Replica]:
        """Return the replicas that are or will be ready and nobody took back, by number."""
        return [replica for _, replica in sorted(self.replicas.items()) if replica.wanted and not replica.free]

    def start(self, number: int) -> list[Replica]:
        """Start so many replicas under the lowest free numbers."""
        free = (n for n in count() if n not in self.replicas or self.replicas[n].free)
        started = [Replica(self, next(free)) for _ in range(number)]
        for replica in started:
            self.replicas[replica.number] = replica
            replica.start()
        return started

    def resize(self, number: int) -> bool:
        """Have so many wanted: more start, or the highest numbers are taken back.  Tell whether that is a change."""
        wanted = self.wanted()
        self.start(number - len(wanted))
        for replica in reversed(wanted[number:]):
            replica.take_back(self.service.drain_ns)
        return number != len(wanted)

    def find(self, number: int) -> Replica | None:
        """Return the replica that has a number, if one has."""
        return self.replicas.get(number)

    def deploy(self, row: int, change: Change) -> None:
        """Replace all replicas by new ones."""
        new = len(self.wanted())
        if not new:
            return
        old = [replica for _, replica in sorted(self.replicas.items()) if _is_old(replica)]
        for replica in old:
            replica.wanted = False
        deploy = Deploy(self, row, change, old)
        self.deploys.append(deploy)
        deploy.expects(self.start(new))

    def started(self, replica: Replica) -> None:
        """Notice that a replica is ready, or has gone."""
        for deploy in list(self.deploys):
            deploy.started(replica)


def _is_old(replica: Replica) -> bool:
    return replica.state in {Cause.READY, Cause.STARTING} or replica.returns


class Deploy:
    """A new set of replicas takes over from an old one, which is stopped when all new ones are ready."""

    def __init__(self, fleet: Fleet, row: int, change: Change, old: list[Replica]) -> None:
        self.fleet, self.row, self.change, self.old = fleet, row, change, old
        self.starting: list[Replica] = []

    def expects(self, new: list[Replica]) -> None:
        """Say which replicas take over."""
        self.starting = new

    def started(self, replica: Replica) -> None:
        """Notice that a replica is ready or has gone; with the last new one the overlap begins."""
        if replica not in self.starting:
            return
        self.starting.remove(replica)
        if self.starting:
            return
        self.fleet.deploys.remove(self)
        if self.change.lasts_ns == 0:
            self._stop_old(None)
        else:
            clock = self.fleet.world.clock
            clock.at(clock.now + self.change.lasts_ns, Order.OVERLAP_END + self.row, self._stop_old)

    def _stop_old(self, _: simpy.Event | None) -> None:
        for replica in self.old:
            if self.fleet.find(replica.number) is replica:
                replica.take_back(self.change.drain_ns)
