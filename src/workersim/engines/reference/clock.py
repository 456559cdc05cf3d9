"""The clock of the simulated world: whole nanoseconds, and one order for what falls on the same one."""

from __future__ import annotations

from heapq import heappush

import simpy
from simpy.events import EventCallback, EventPriority

__all__ = ["Clock", "Order"]


class Order:
    """Which of the things that fall due at one instant comes first, as docs/order.md has it."""

    IO_END = EventPriority(1 << 32)
    CPU_END = EventPriority(2 << 32)
    ARRIVAL = EventPriority(8 << 32)
    DISPATCH = EventPriority(9 << 32)
    PATIENCE_ENDS = EventPriority(10 << 32)
    END = EventPriority(11 << 32)


class Clock(simpy.Environment):
    """A SimPy environment that orders what is due at one instant by its kind, not by who asked first.

    SimPy's heap holds (time, priority, sequence, event), so a kind as priority *is* that order.  Its own priorities 0
    and 1 stay below: what an event sets off at its instant comes before the next one that is due.
    """

    now: int

    def at(self, instant: int, order: EventPriority, callback: EventCallback[simpy.Event] | None = None) -> simpy.Event:
        """Return an event that happens at ``instant``, after everything of a lower order that is due then."""
        event = simpy.Event(self)
        event._ok, event._value = True, None  # noqa: SLF001 (as simpy.Timeout does)
        if callback is not None:
            event.callbacks.append(callback)
        heappush(self._queue, (instant, order, next(self._eid), event))
        return event
