"""The core of the simulated world worked out in exact fractions, slowly and plainly.

Ideal workers, vCPUs shared at the exact rate min(1, vcpus / n), priorities, the orders of queues, the four dispatch
rules and patience; no rounding anywhere.  It shares nothing with the engines but what they are given, it is for tests
only, and it does not grow beyond this core.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

from workersim.runlog import Kind, Outcome
from workersim.units import NEVER

if TYPE_CHECKING:
    from workersim.scenario import Fleet
    from workersim.workload import Jobs

__all__ = ["Row", "work_out"]

Slot = tuple[int, int]  # replica and slot


class Row(NamedTuple):
    """What became of a job; nanoseconds, None for what did not happen."""

    started: Fraction | None
    finished: Fraction | None
    replica: int
    slot: int
    outcome: Outcome


class _Phase:
    """The phase that a slot is in, and those that follow."""

    def __init__(self, job: int, phases: list[tuple[int, int]]) -> None:
        self.job = job
        self.following = phases
        self.next()

    def next(self) -> None:
        kind, demand = self.following.pop(0)
        self.on_cpu, self.left = kind == Kind.CPU, Fraction(demand)


class _World:
    def __init__(self, jobs: Jobs, fleet: Fleet) -> None:
        self.jobs, self.fleet = jobs, fleet
        self.arrival: list[int] = jobs.table.arrival_ns.tolist()
        self.priority: list[int] = jobs.table.priority.tolist()
        self.patience: list[int] = jobs.table.expires_ns.tolist()
        self.queue = [jobs.table.queues[index] for index in jobs.table.queue.tolist()]
        self.to_come = sorted(range(len(jobs)), key=self.arrival.__getitem__)  # stable: rows of one instant in order
        self.waiting: list[int] = []
        self.running: dict[Slot, _Phase] = {}
        self.line: list[Slot] = []
        self.freed = [(replica, slot) for replica in range(fleet.replicas) for slot in range(fleet.concurrency)]
        self.listed = jobs.table.queues if fleet.queues is None else fleet.queues
        order = sorted(self.listed) if fleet.queue_order == "sorted" else self.listed
        self.wheels = [list(order) for _ in range(fleet.replicas)]
        self.rows = [Row(None, None, -1, -1, Outcome.UNFINISHED)] * len(jobs)

    def rate(self, replica: int) -> Fraction:
        on_cpu = sum(phase.on_cpu for (where, _), phase in self.running.items() if where == replica)
        # As it was written: 0.7 means seven tenths, which no float is.
        return min(Fraction(1), Fraction(str(self.fleet.cores)) / max(on_cpu, 1))

    def rates(self) -> dict[Slot, Fraction]:
        return {at: self.rate(at[0]) if phase.on_cpu else Fraction(1) for at, phase in self.running.items()}

    def next_instant(self, now: Fraction) -> Fraction | None:
        due = [now + self.running[at].left / rate for at, rate in self.rates().items()]
        due += [Fraction(self.arrival[job]) for job in self.to_come[:1]]
        due += [Fraction(self.patience[job]) for job in self.waiting if self.patience[job] != NEVER]
        return min(due, default=None)

    def pass_time(self, duration: Fraction) -> None:
        for at, rate in self.rates().items():
            self.running[at].left -= duration * rate

    def settle(self, now: Fraction) -> None:
        """Let everything happen that falls on this instant, kind by kind, until nothing is left."""
        while True:
            self.end_phases(now)
            while self.to_come and self.arrival[self.to_come[0]] == now:
                self.waiting.append(self.to_come.pop(0))
            self.dispatch(now)
            if all(phase.left for phase in self.running.values()):
                break
        for job in [job for job in self.waiting if self.patience[job] <= now]:
            self.waiting.remove(job)
            self.rows[job] = Row(None, now, -1, -1, Outcome.EXPIRED)

    def end_phases(self, now: Fraction) -> None:
        for at, phase in list(self.running.items()):
            while phase.left == 0 and phase.following:
                phase.next()
            if phase.left == 0:
                del self.running[at]
                self.freed.append(at)
                self.rows[phase.job] = self.rows[phase.job]._replace(finished=now, outcome=Outcome.DONE)

    def dispatch(self, now: Fraction) -> None:
        self.line += sorted(self.freed, key=lambda at: (at[1], at[0]))
        self.freed = []
        while self.line and self.offered():
            at = self.chosen()
            job = self.head(at[0])
            self.line.remove(at)
            self.waiting.remove(job)
            self.running[at] = _Phase(job, self.jobs.phases(job))
            self.rows[job] = Row(now, None, *at, Outcome.UNFINISHED)
            if self.fleet.queue_order == "round_robin":
                self.wheels[at[0]].sort(key=self.queue[job].__eq__)  # stable: the queue served goes to the end

    def head(self, replica: int) -> int:
        wheel = self.wheels[replica]
        return min(self.offered(), key=lambda job: (self.priority[job], wheel.index(self.queue[job])))

    def offered(self) -> list[int]:
        return [job for job in self.waiting if self.queue[job] in self.listed]

    def chosen(self) -> Slot:
        idle, rule = sorted(self.line), self.fleet.dispatch
        if rule == "longest_idle":
            return self.line[0]
        if rule == "least_busy":
            return min(idle, key=lambda at: (sum(replica == at[0] for replica, _ in self.running), at))
        if rule == "random":
            # The lot of the most urgent message that was published first; the wheel of the slot may hand out another.
            lot = self.jobs.dispatch_u[min(self.offered(), key=self.priority.__getitem__)]
            return idle[int(lot * len(idle))]
        return idle[0]


def work_out(jobs: Jobs, fleet: Fleet, *, horizon_ns: int = NEVER) -> list[Row]:
    """Return what becomes of each job."""
    world = _World(jobs, fleet)
    now = Fraction(0)
    while (instant := world.next_instant(now)) is not None and instant <= horizon_ns:
        world.pass_time(instant - now)
        now = instant
        world.settle(now)
    return world.rows
