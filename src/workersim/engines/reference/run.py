"""An attempt in its process: it walks its phases, one after the other, unless it fails or is cut before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workersim.engines.reference.clock import Order, place_key
from workersim.runlog import Outcome
from workersim.units import NEVER

if TYPE_CHECKING:
    from collections.abc import Generator

    import simpy

    from workersim.engines.reference.container import Container, Process
    from workersim.engines.reference.ledger import Attempt

__all__ = ["Run"]


class Run:
    """One attempt from its start until it leaves its process.

    It is driven by hand and not as a ``simpy.Process``, because its first phase begins in the very event in which it
    starts: what comes later in that event finds it under way.
    """

    def __init__(self, container: Container, process: Process, attempt: Attempt) -> None:
        self.container, self.process, self.attempt = container, process, attempt
        self.clock, self.documents = container.clock, container.documents
        failures = self.documents.failures[attempt.job]
        self.failures = failures if failures < self.documents.fails[attempt.job] else None
        self.waits_for: simpy.Event | None = None
        self.on_cpu = False
        self.limit = self._set_limit()
        self.steps = self._walk()
        self._step(None)

    def _walk(self) -> Generator[simpy.Event, None, None]:
        """Walk the phases, or as much of them as a failing attempt gets through."""
        documents, ledger, job = self.documents, self.container.ledger, self.attempt.job
        left = NEVER if self.failures is None else documents.fails_after[job]
        if left == 0:
            yield self.clock.at(self.clock.now, Order.IO_END)
        for phase in range(documents.first_phase[job], documents.first_phase[job + 1]):
            if left == 0:
                break
            row, demand = ledger.begin_phase(self.attempt, phase), documents.demands[phase]
            yield self._begin(min(demand, left), on_cpu=documents.needs_cpu[phase])
            if demand <= left:
                ledger.end_phase(row)
            left -= min(demand, left)
        self.clock.cancel(self.limit)
        self.container.leave(self.process, documents.ended(self.attempt, failures=self.failures))

    def _begin(self, demand: int, *, on_cpu: bool) -> simpy.Event:
        self.on_cpu = on_cpu
        if on_cpu:
            return self.container.cpu.begin(demand)
        return self.clock.at(self.clock.now + demand, Order.IO_END)

    def _step(self, _: simpy.Event | None) -> None:
        self.waits_for = next(self.steps, None)
        if self.waits_for is not None:
            self.waits_for.callbacks.append(self._step)

    def _set_limit(self) -> simpy.Event | None:
        """Have the attempt cut at its time limit, which runs from the start (billiard pool.py, ``TimeoutHandler``)."""
        job, container = self.attempt.job, self.container
        lasts = min(self.documents.soft[job], self.documents.hard[job])
        if lasts == NEVER:
            return None
        key = place_key(*container.place, self.process.slot)
        return self.clock.at(self.clock.now + lasts, Order.LIMIT + key, self._time_out)

    def _time_out(self, _: simpy.Event) -> None:
        """Cut the attempt; a soft limit keeps the process, a hard one kills it.  There is no retry."""
        job = self.attempt.job
        self.cut()
        hard = self.documents.soft[job] > self.documents.hard[job]
        self.container.leave(self.process, Outcome.TIMED_OUT, killed=hard)

    def cut(self) -> None:
        """Stop at once, while others in the container go on."""
        if self.on_cpu and self.waits_for is not None:
            self.container.cpu.cut(self.waits_for)
            self.waits_for = None
        self.stop()

    def stop(self) -> None:
        """Stop at once, with all of the container."""
        if self.on_cpu and self.waits_for is not None:
            self.container.cpu.drop(self.waits_for)
        else:
            self.clock.cancel(self.waits_for)
        self.clock.cancel(self.limit)
        self.steps.close()
