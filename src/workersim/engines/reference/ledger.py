"""What is written down: a row for each attempt, for each phase that began, and for each change of a replica."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from workersim.engines.written import Told
from workersim.runlog import Cause, Outcome
from workersim.units import NEVER

if TYPE_CHECKING:
    import simpy

    from workersim.engines.reference.clock import NoticingClock

__all__ = ["Attempt", "Ledger"]


class Attempt:
    """One try at a job, and the message that asks for it.

    Attributes
    ----------
    delivery
        What it shares with the copies that a sweep or a hand-back makes of its message.
    eta
        Nobody may start it before.
    expires
        Nobody may start it after.
    fetched
        When a Celery worker popped its message.
    visible
        Whether its message is in a list.
    """

    __slots__ = (
        "delivery",
        "due",
        "eta",
        "expires",
        "fetched",
        "finished",
        "job",
        "leaving",
        "level",
        "number",
        "outcome",
        "published",
        "queue",
        "replica",
        "reserved",
        "service",
        "slot",
        "started",
        "visible",
    )

    def __init__(self, job: int, number: int, queue: int, level: int) -> None:
        self.job, self.number, self.queue, self.level = job, number, queue, level
        self.delivery = number
        self.eta, self.expires = 0, NEVER
        self.published = self.fetched = self.reserved = self.started = self.finished = NEVER
        self.service = self.replica = self.slot = -1
        self.outcome = Outcome.UNFINISHED
        self.visible = False
        self.due: simpy.Event | None = None  # in which it enters a list that holds only what is due
        self.leaving: simpy.Event | None = None  # in which it leaves that list, because its patience ends

    @property
    def age(self) -> tuple[int, int, int]:
        """What the oldest of some messages in lists has least of."""
        return self.published, self.job, self.number


class Ledger:
    """All the rows of a run."""

    def __init__(self, clock: NoticingClock, jobs: int, queues: int) -> None:
        self.clock = clock
        self.arrivals = [NEVER] * jobs
        self.attempts: list[Attempt] = []
        self.phases: list[tuple[Attempt, int, int]] = []
        self.phase_ends: list[int] = []
        self.fleet: list[tuple[int, int, int, int, int, int]] = []
        self.states: dict[tuple[int, int], tuple[int, int, int]] = {}
        self.backlog = [0] * queues  # attempts published and not started, as no scaler can see them

    def publish(self, attempt: Attempt) -> None:
        """Open the row of an attempt."""
        attempt.published = self.clock.now
        self.attempts.append(attempt)
        self.backlog[attempt.queue] += 1

    def start(self, attempt: Attempt, service: int, replica: int, slot: int) -> None:
        """Say where an attempt starts now."""
        attempt.started = self.clock.now
        attempt.service, attempt.replica, attempt.slot = service, replica, slot
        self.backlog[attempt.queue] -= 1

    def close(self, attempt: Attempt, outcome: Outcome) -> None:
        """Say how an attempt ends now; that is more than a look at the clock."""
        if attempt.started == NEVER:
            self.backlog[attempt.queue] -= 1
        attempt.finished, attempt.outcome = self.clock.now, outcome
        self.clock.happened()

    def begin_phase(self, attempt: Attempt, phase: int) -> int:
        """Open the row of a phase, and return its number."""
        self.phases.append((attempt, phase, self.clock.now))
        self.phase_ends.append(NEVER)
        return len(self.phase_ends) - 1

    def end_phase(self, row: int) -> None:
        """Close the row of a phase that got all that it asked for."""
        self.phase_ends[row] = self.clock.now

    def note(self, place: tuple[int, int], cause: Cause, slots: int, memory: int) -> None:
        """Write a row of the fleet table if it says something new of the replica."""
        state = (cause, slots, memory)
        if self.states.get(place) != state:
            self.states[place] = state
            self.fleet.append((self.clock.now, *place, *state))

    def told(self) -> Told:
        """Return the tables."""
        row = {attempt: i for i, attempt in enumerate(self.attempts)}
        phases = [
            (row[attempt], phase, begun, ended)
            for (attempt, phase, begun), ended in zip(self.phases, self.phase_ends, strict=True)
        ]
        return Told(
            arrival_ns=np.array(self.arrivals, np.int64),
            attempts=np.array([_columns(attempt) for attempt in self.attempts], np.int64).reshape(-1, 10),
            phases=np.array(phases, np.int64).reshape(-1, 4),
            fleet=np.array(self.fleet, np.int64).reshape(-1, 6),
            last_ns=self.clock.last,
        )


def _columns(a: Attempt) -> tuple[int, ...]:
    times = (a.published, a.reserved, a.started, a.finished)
    return (a.job, a.number, *times, a.service, a.replica, a.slot, a.outcome)
