"""``worker --autoscale``: a worker that starts and stops processes (celery worker/autoscale.py)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workersim.engines.reference.clock import Order, place_key
from workersim.engines.reference.container import FORK, Process, State
from workersim.units import NEVER

if TYPE_CHECKING:
    import simpy

    from workersim.engines.reference.celery import CeleryWorker

__all__ = ["Autoscale"]


class Autoscale:
    """How many processes a worker has: between ``processes`` and ``concurrency``."""

    def __init__(self, worker: CeleryWorker) -> None:
        self.worker = worker
        self.least, self.most = worker.settings.processes, worker.service.concurrency
        self.last_growth = self.last_receipt = -NEVER
        self.next: simpy.Event | None = None
        self._plan()

    def _plan(self) -> None:
        worker = self.worker
        if worker.settings.keepalive_ns < NEVER:
            instant, key = worker.clock.now + worker.settings.keepalive_ns, place_key(*worker.place)
            self.next = worker.plan(instant, Order.KEEPALIVE + key, self._tick, look=True)

    def stop(self) -> None:
        """Leave the processes as they are."""
        if self.next is not None:
            self.worker.cancel(self.next)
            self.next = None

    def grow(self) -> bool:
        """Start processes if more messages are reserved than there are (``Autoscaler.maybe_scale``), one by one.

        That is done in the worker's loop, which goes on when the last of them is forked (celery asynpool.py,
        ``_create_worker_process``).
        """
        worker = self.worker
        missing = min(worker.reserved, self.most) - len(worker.processes)
        if missing <= 0:
            return False
        absent = [slot for slot in range(self.most) if slot not in worker.processes]
        worker.forks_until = max(worker.forks_until, worker.clock.now)
        for slot in absent[:missing]:
            worker.forks_until += FORK
            worker.processes[slot] = process = Process(worker, slot, 0)
            worker.replace(process, worker.forks_until - worker.clock.now)
        worker.plan(worker.forks_until, Order.READY + place_key(*worker.place), worker.world.call)
        self.last_growth = worker.clock.now
        worker.replica.note()
        return True

    def _tick(self) -> None:
        self._plan()
        if not self.grow():
            self._shrink()

    def _shrink(self) -> None:
        """Stop idle processes if there is no use for them, and nothing was received or started lately.

        The clock is the later of the last growth and the last receipt (celery 5.7).
        """
        worker = self.worker
        surplus = len(worker.processes) - max(worker.reserved, self.least)
        lately = worker.clock.now - max(self.last_growth, self.last_receipt) <= worker.settings.keepalive_ns
        if surplus <= 0 or lately:
            return
        idle = [slot for slot, process in worker.processes.items() if process.state is State.IDLE]
        for slot in sorted(idle, reverse=True)[:surplus]:
            del worker.processes[slot]
        worker.replica.note()
