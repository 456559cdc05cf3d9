"""The CPU of one container, shared by the CPU phases that run in it.

With n phases on ``vcpus`` cores each advances at rate min(1, vcpus / n).  All receive the same, so one number,
``received``, stands for all: a phase ends when it reaches the phase's own mark.  Instants are whole nanoseconds, but
a share of a core is not: ``received`` is right at the exact instant ``touched + late``, and the next end falls at
``next_end + next_late``; so no rounding adds up.
"""

from __future__ import annotations

from math import floor
from typing import TYPE_CHECKING

import simpy

from workersim.engines.reference.clock import Order
from workersim.units import NEVER

if TYPE_CHECKING:
    from workersim.engines.reference.clock import Clock

__all__ = ["REBASE", "Cpu"]

REBASE = 2.0**44  # received and the marks stay small, so that their sums stay exact for ever


class Cpu:
    """Processor sharing in one container."""

    def __init__(self, clock: Clock, vcpus: float) -> None:
        self.clock = clock
        self.vcpus = vcpus
        self.received = self.late = self.next_late = 0.0
        self.touched, self.next_end = 0, NEVER
        self.planned: simpy.Event | None = None
        self.marks: dict[simpy.Event, float] = {}

    def begin(self, demand_ns: int) -> simpy.Event:
        """Return an event that happens when a phase that begins now has received ``demand_ns`` of CPU."""
        self._touch()
        self._rebase()
        done = simpy.Event(self.clock)
        self.marks[done] = self.received + demand_ns
        self._plan()
        return done

    def cut(self, done: simpy.Event) -> None:
        """Take a phase out before it ends; what it has received just now does not end it any more."""
        self._touch()
        self.drop(done)
        self._plan()

    def drop(self, done: simpy.Event) -> None:
        """Forget a phase, whether it runs or has an end that is still to be told."""
        if self.marks.pop(done, None) is None:
            self.clock.cancel(done)

    def close(self) -> None:
        """Plan no more."""
        self.clock.cancel(self.planned)

    def _touch(self) -> None:
        """Bring ``received`` up to now, before the number of phases changes."""
        now = self.clock.now
        if self.touched >= now:
            return
        if not self.marks:
            self.late = 0.0
        elif now == self.next_end:
            self._end_first()
        else:
            work = self._work((now - self.touched) - self.late)
            self.received = min(self.received + work, *self.marks.values())
            self.late = 0.0
            self._end_reached()
        self.touched = now

    def _planned_end(self, _: simpy.Event) -> None:
        self._end_first()
        self.touched = self.clock.now
        self._plan()

    def _end_first(self) -> None:
        self.received = min(self.marks.values())
        self.late = self.next_late
        self._end_reached()

    def _end_reached(self) -> None:
        """End all phases that have what they asked for, before any of their documents goes on."""
        for done in [done for done, mark in self.marks.items() if mark <= self.received]:
            del self.marks[done]
            done.succeed()

    def _rebase(self) -> None:
        base = floor(self.received / REBASE) * REBASE if self.marks else self.received
        if base:
            self.received -= base
            self.marks = {done: mark - base for done, mark in self.marks.items()}

    def _plan(self) -> None:
        """Say when the next phase ends if none begins or is cut before."""
        planned, self.next_end = self.next_end, NEVER
        if self.marks:
            exact = self.late + self._time(min(self.marks.values()) - self.received)
            whole = round(exact)
            self.next_end, self.next_late = self.touched + whole, exact - whole
        if self.next_end != planned or planned == self.clock.now:
            self.clock.cancel(self.planned)
            if self.marks:
                self.planned = self.clock.at(self.next_end, Order.CPU_END, self._planned_end)

    def _work(self, passed: float) -> float:
        n = len(self.marks)
        return passed if n <= self.vcpus else passed * self.vcpus / n

    def _time(self, work: float) -> float:
        n = len(self.marks)
        return work if n <= self.vcpus else work * n / self.vcpus
