"""The life of one replica: it starts, is ready, drains or crashes, perhaps comes back, and goes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workersim.engines.reference.celery import CeleryWorker
from workersim.engines.reference.clock import Order, place_key
from workersim.engines.reference.ideal import IdealWorker
from workersim.runlog import Cause
from workersim.units import NEVER

if TYPE_CHECKING:
    import simpy

    from workersim.engines.reference.container import Container
    from workersim.engines.reference.fleet import Fleet

__all__ = ["Replica"]


class Replica:
    """One that was asked for under a number; the number is free again when it has gone.

    Attributes
    ----------
    wanted
        Whether it was asked for and nobody took that back.
    worker
        Its container while that is up; a new one each time.
    coming
        The event in which it is ready, if it starts or comes back.
    crashed_for_good
        It keeps its number, and never comes back.
    """

    def __init__(self, fleet: Fleet, number: int) -> None:
        self.fleet, self.number = fleet, number
        self.clock = fleet.world.clock
        self.place = (fleet.index, number)
        self.state, self.wanted, self.crashed_for_good = Cause.DOWN, True, False
        self.worker: Container | None = None
        self.coming: simpy.Event | None = None
        self.kills: list[simpy.Event] = []
        self.restarts = 0

    @property
    def free(self) -> bool:
        """Whether its number may be given to another."""
        return self.state is Cause.DOWN and self.coming is None and not self.crashed_for_good

    @property
    def returns(self) -> bool:
        """Whether it is down and will be ready again."""
        return self.state is Cause.DOWN and self.coming is not None

    def note(self) -> None:
        """Write down its state, if it is another than before."""
        rest = self.fleet.service
        slots, memory = 0, 0
        if self.state is Cause.STARTING:
            processes = rest.celery.processes if rest.celery and rest.celery.processes else rest.concurrency
            memory = rest.parent_bytes + processes * rest.process_bytes
        elif self.worker is not None:
            slots, memory = self.worker.slots, self.worker.memory
        self.fleet.world.ledger.note(self.place, self.state, slots, memory)

    def _enter(self, state: Cause) -> None:
        self.state = state
        self.note()
        self.fleet.world.call()

    def start(self) -> None:
        """Start, and be ready when the image is up and the models are loaded."""
        self._come_at(self.clock.now + self.fleet.next_startup())
        self._enter(Cause.STARTING)

    def _come_at(self, instant: int) -> None:
        self.coming = self.clock.at(instant, Order.READY + place_key(*self.place), self._ready)

    def _ready(self, _: simpy.Event) -> None:
        self.be_ready()
        self.fleet.started(self)

    def be_ready(self) -> None:
        """Take messages from now on."""
        self.coming = None
        self.worker = CeleryWorker(self) if self.fleet.service.celery else IdealWorker(self)
        self._enter(Cause.READY)

    def take_back(self, grace_ns: int) -> None:
        """End it, whatever it is at: a ready one gets SIGTERM and, when the grace is over, SIGKILL."""
        if self.state is Cause.READY and self.worker is not None:
            self.wanted = False
            self.worker.drain()
            self._enter(Cause.DRAINING)
            self.worker.go_if_nothing_runs()
            self._kill_after(grace_ns)
        elif self.state is Cause.DRAINING:
            self._kill_after(grace_ns)
        elif self.coming is not None:
            self.wanted = False
            self.clock.cancel(self.coming)
            self.coming = None
            self.gone()

    def _kill_after(self, grace_ns: int) -> None:
        if self.state is Cause.DOWN or grace_ns == NEVER:
            return
        if grace_ns == 0:
            self._kill()
        else:
            key = place_key(*self.place)
            self.kills.append(self.clock.at(self.clock.now + grace_ns, Order.GRACE_END + key, lambda _: self._kill()))

    def _kill(self) -> None:
        if self.worker is not None:
            self.worker.kill()
        self.gone()

    def gone(self) -> None:
        """Be down."""
        if self.worker is not None:
            self.worker.close()
        self.worker = None
        for event in self.kills:
            self.clock.cancel(event)
        self.kills.clear()
        self._enter(Cause.DOWN)
        self.fleet.started(self)

    def crash(self, down_for_ns: int) -> None:
        """Be killed without warning, and be ready again later if it was not about to go."""
        was = self.state
        if was not in {Cause.READY, Cause.DRAINING}:
            return
        self._kill()
        if was is Cause.READY and down_for_ns < NEVER:
            self._come_at(self.clock.now + down_for_ns)
        elif was is Cause.READY:
            self._be_lost()

    def _be_lost(self) -> None:
        self.crashed_for_good, self.wanted = True, False

    def run_out_of_memory(self) -> None:
        """Crash, and start again unless that has happened too often (the platform's restart policy)."""
        was = self.state
        self._kill()
        if was is Cause.DRAINING:
            return
        if self.restarts < self.fleet.service.restarts:
            self.restarts += 1
            self.start()
        else:
            self._be_lost()
