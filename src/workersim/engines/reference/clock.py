"""The clock of the simulated world: whole nanoseconds, and one order for what falls on the same one."""

from __future__ import annotations

from heapq import heappush
from typing import TYPE_CHECKING

import simpy
from simpy.events import EventCallback, EventPriority

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Clock", "NoticingClock", "Order", "message_key", "place_key"]

KIND, PART = 58, 56  # bits below the kind, and below its parts: 2 for the part, 56 for the key


class Order:
    """Which of the things that fall due at one instant comes first, as docs/order.md has it; keys are added."""

    IO_END = EventPriority(1 << KIND)
    CPU_END = EventPriority(2 << KIND)
    LIMIT = EventPriority(3 << KIND)
    SCHEDULE = EventPriority(4 << KIND)
    OVERLAP_END = EventPriority(4 << KIND | 1 << PART)
    GRACE_END = EventPriority(4 << KIND | 2 << PART)
    OUTAGE_END = EventPriority(4 << KIND | 3 << PART)
    READY = EventPriority(5 << KIND)
    TICK = EventPriority(6 << KIND)
    SWEEP = EventPriority(6 << KIND | 1 << PART)
    KEEPALIVE = EventPriority(6 << KIND | 2 << PART)
    RETURN = EventPriority(7 << KIND)
    ARRIVAL = EventPriority(8 << KIND)
    DISPATCH = EventPriority(9 << KIND)
    PATIENCE_ENDS = EventPriority(10 << KIND)
    END = EventPriority(11 << KIND)


def place_key(service: int, replica: int, slot: int = -1) -> int:
    """Return the key (service, replica, slot) in one number; slot -1 is the replica itself, before its slots."""
    return (service << 24 | replica) << 20 | slot + 1


def message_key(job: int, attempt: int) -> int:
    """Return the key (job, attempt) in one number."""
    return job << 20 | attempt


class Clock(simpy.Environment):
    """A SimPy environment that orders what is due at one instant by its kind, not by who asked first.

    SimPy's heap holds (time, priority, sequence, event), so kind and key as priority *are* that order.  Its own
    priorities 0 and 1 stay below: what an event sets off at its instant comes before the next one that is due.
    """

    now: int

    def at(self, instant: int, order: int, callback: EventCallback[simpy.Event] | None = None) -> simpy.Event:
        """Return an event that happens at ``instant``, after everything of a lower order that is due then."""
        event = simpy.Event(self)
        event._ok, event._value = True, None  # noqa: SLF001 (as simpy.Timeout does)
        if callback is not None:
            event.callbacks.append(callback)
        heappush(self._queue, (instant, order, next(self._eid), event))  # type: ignore[misc]  # any number may be a priority
        return event

    def cancel(self, event: simpy.Event | None) -> None:
        """Have an event not happen, if it is still to come."""
        if event is not None and event.callbacks:
            event.callbacks.clear()


class NoticingClock(Clock):
    """A clock that tells what happens from mere looks at it: ticks, fruitless sweeps, crashes that nobody planned.

    Attributes
    ----------
    last
        The last instant at which something happened.
    """

    def __init__(self) -> None:
        super().__init__()
        self.last = 0
        self.looks: set[simpy.Event] = set()
        self.void: set[simpy.Event] = set()  # still in the heap, and not due any more

    def look_at(self, instant: int, order: int, callback: EventCallback[simpy.Event]) -> simpy.Event:
        """Return an event as ``at`` does, which keeps no run going."""
        event = self.at(instant, order, callback)
        self.looks.add(event)
        return event

    def cancel(self, event: simpy.Event | None) -> None:
        """Have an event not happen, if it is still to come."""
        if event is not None and event.callbacks:
            event.callbacks.clear()
            self.void.add(event)
            self.looks.discard(event)

    def happened(self) -> None:
        """Say of a look at the clock that it was more than that."""
        self.last = self.now

    @property
    def quiet(self) -> bool:
        """Whether nothing is due but looks at the clock."""
        return len(self._queue) == len(self.looks) + len(self.void)

    def run_while(self, goes_on: Callable[[], bool], horizon_ns: int) -> None:
        """Let everything happen up to the horizon, as long as something is due or ``goes_on`` says so.

        That is asked between instants: looks that fall on the last one are still taken.
        """
        due = self._queue
        while due and due[0][0] <= horizon_ns and (due[0][0] == self.now or not self.quiet or goes_on()):
            self.step()

    def step(self) -> None:
        """Let the next thing happen, and notice it."""
        instant, order, _, event = self._queue[0]
        if event in self.void:
            self.void.remove(event)
        elif event in self.looks:
            self.looks.remove(event)
        elif order != Order.DISPATCH:
            self.last = int(instant)
        super().step()
