"""Visibility sweeps: what nobody has acknowledged for too long is served again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workersim.engines.reference.clock import Order, place_key
from workersim.runlog import Outcome
from workersim.units import NEVER

if TYPE_CHECKING:
    import simpy

    from workersim.engines.reference.celery import CeleryWorker

__all__ = ["Sweeps"]


class Sweeps:
    """The sweeps of one worker, which look at the messages of all."""

    def __init__(self, worker: CeleryWorker) -> None:
        self.worker = worker
        self.next: simpy.Event | None = None
        if worker.settings.sweep_first_ns < NEVER:
            self._plan(worker.settings.sweep_first_ns)

    def _plan(self, after_ns: int) -> None:
        """Sweep again: a timer acts on every ``restore_throttle``-th call.

        kombu redis.py, ``register_with_event_loop``; the first one is at (throttle - 1) x interval (measured).
        """
        worker = self.worker
        key = place_key(*worker.place)
        self.next = worker.plan(worker.clock.now + after_ns, Order.SWEEP + key, self._sweep, look=True)

    def stop(self) -> None:
        """Sweep no more."""
        if self.next is not None:
            self.worker.cancel(self.next)
            self.next = None

    def _sweep(self) -> None:
        """Return all messages that were popped longer ago than the visibility timeout, running or not.

        Age counts from the pop, and nothing extends it.  Each goes to the head of its list, so the oldest is pushed
        last and served first (kombu redis.py, ``QoS.restore_visible``).
        """
        self.next = None
        worker, broker = self.worker, self.worker.broker
        now, timeout = worker.clock.now, worker.settings.visibility_timeout_ns
        due = [attempt for attempt in broker.register if now - attempt.fetched > timeout]
        for attempt in sorted(due, key=lambda a: (a.fetched, a.job, a.number), reverse=True):
            holder = broker.forget(attempt)
            worker.documents.put_back(attempt)
            if not holder.up and attempt.started == NEVER:
                worker.ledger.close(attempt, Outcome.REDELIVERED)
        if due:
            worker.clock.happened()
        if worker.settings.sweep_every_ns < NEVER:
            self._plan(worker.settings.sweep_every_ns)
