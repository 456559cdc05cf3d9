"""The model: documents arrive, wait in Redis for a worker, and run in it, on a fleet that changes meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workersim.engines.reference.broker import Broker
from workersim.engines.reference.celery import CeleryWorker
from workersim.engines.reference.clock import NoticingClock, Order
from workersim.engines.reference.documents import Documents
from workersim.engines.reference.fleet import Fleet
from workersim.engines.reference.ledger import Ledger
from workersim.engines.reference.policies import Ticks
from workersim.engines.system import Happening
from workersim.runlog import Cause
from workersim.units import NEVER

if TYPE_CHECKING:
    from collections.abc import Iterator

    import simpy

    from workersim.engines.system import Change, System
    from workersim.engines.written import Told
    from workersim.workload import Jobs

__all__ = ["World", "tell"]

TICKS_IN_VAIN = 10_000  # after so many ticks that changed nothing, a policy will not help any more


def tell(jobs: Jobs, system: System, horizon_ns: int) -> Told:
    """Run jobs on a system.

    Parameters
    ----------
    jobs
        What arrives, all draws made.
    system
        What they run on, and what happens to that.
    horizon_ns
        Instant at which the run ends; ``NEVER``: when nothing is left to happen.
    """
    world = World(jobs, system, drains=horizon_ns == NEVER)
    world.clock.run_while(world.goes_on if horizon_ns == NEVER else lambda: True, horizon_ns)
    return world.ledger.told()


class World:
    """One run: the clock, the broker, the documents, the fleet of each service, and what is written down."""

    def __init__(self, jobs: Jobs, system: System, *, drains: bool) -> None:
        self.system = system
        self.clock = NoticingClock()
        self.ledger = Ledger(self.clock, len(jobs), len(system.queues))
        self.broker = Broker(self.clock, self.ledger, system, self.call)
        self.documents = Documents(self, jobs, drains=drains)
        self.called = False
        self.ticks_in_vain, self.last_seen = 0, 0
        self.fleets = [Fleet(self, index, service) for index, service in enumerate(system.services)]
        self.clock.process(self.documents.arrivals())
        for row, change in enumerate(system.schedule):
            self._plan(row, change)
        for fleet in self.fleets:
            Ticks(fleet)

    def _plan(self, row: int, change: Change) -> None:
        plan = self.clock.look_at if change.drawn else self.clock.at
        plan(change.at_ns, Order.SCHEDULE + row, lambda _: self._happen(row, change))

    def _happen(self, row: int, change: Change) -> None:
        """Let a row of the schedule happen."""
        if change.kind == Happening.OUTAGE:
            self.broker.stop(change.lasts_ns)
            return
        fleet = self.fleets[change.service]
        replica = fleet.find(change.replica)
        if change.kind == Happening.CHANGE:
            fleet.resize(change.replicas)
        elif change.kind == Happening.DEPLOY:
            fleet.deploy(row, change)
        elif replica is None:
            return
        elif change.kind == Happening.STOP:
            replica.take_back(change.lasts_ns)
        elif change.slot == -1:
            replica.crash(change.lasts_ns)
        elif replica.worker is not None:
            replica.worker.kill_process(change.slot)

    def call(self) -> None:
        """Have messages handed out, once all else of this instant has happened."""
        if not self.called:
            self.called = True
            self.clock.at(self.clock.now, Order.DISPATCH, self._dispatch)

    def _dispatch(self, _: simpy.Event) -> None:
        """Hand out messages until nobody can take one."""
        self.called = False
        ideal = [fleet.line for fleet in self.fleets if fleet.service.celery is None]
        for line in ideal:
            line.join()
        while self.broker.up and any(line.serve() for line in ideal):
            pass  # after each message the first listed service has the first choice again
        workers = list(self._celery_workers())
        for worker in workers:
            worker.assign()
        for worker in workers:
            worker.ask()
        while asking := [worker for worker in workers if worker.may_fetch() and self.broker.best(worker.wheel)]:
            min(asking, key=lambda worker: (worker.begun(), worker.place)).fetch()

    def _celery_workers(self) -> Iterator[CeleryWorker]:
        """Go through the Celery workers that are ready, by service and replica."""
        for fleet in self.fleets:
            for replica in fleet.of(Cause.READY) if fleet.service.celery else ():
                if isinstance(replica.worker, CeleryWorker):
                    yield replica.worker

    def ticked(self, *, changed: bool) -> None:
        """Count the ticks of policies that change nothing, since something last happened."""
        if changed or self.clock.last != self.last_seen:
            self.ticks_in_vain, self.last_seen = 0, self.clock.last
        if not changed:
            self.ticks_in_vain += 1

    def goes_on(self) -> bool:
        """Tell whether a look at the clock may still lead to something when nothing else is due.

        It may if a sweep can return a message that nobody holds any more, or a policy can start a replica for one.
        """
        broker = self.broker
        if any(_sweeps(worker) for worker in self._celery_workers()) and any(
            not holder.up for holder in broker.register.values()
        ):
            return True
        waiting = bool(broker.register) or any(True for _ in broker.visible(range(len(broker.lists))))
        asked = any(fleet.service.policy is not None for fleet in self.fleets)
        return waiting and asked and self.ticks_in_vain < TICKS_IN_VAIN


def _sweeps(worker: CeleryWorker) -> bool:
    settings = worker.settings
    return settings.sweep_first_ns < NEVER and settings.visibility_timeout_ns < NEVER
