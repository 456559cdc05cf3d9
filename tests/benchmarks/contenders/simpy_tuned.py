"""SimPy at its leanest: no process and no resource, only callbacks on timeouts, and numbers drawn in blocks."""

from __future__ import annotations

from collections import deque
from heapq import heappop, heappush
from typing import TYPE_CHECKING

import numpy as np
import simpy

from .shape import Answer, Case, from_waits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["run"]

BLOCK = 10_000


def run(case: Case, jobs: int, seed: int) -> Answer:
    """Run a case."""
    rng = np.random.default_rng(seed)
    return run_sharing(case, jobs, rng) if case.shares else run_fifo(case, jobs, rng)


def exponentials(rng: np.random.Generator, mean: float) -> Callable[[], float]:
    """Return a function that gives the next number."""

    def draw() -> Iterator[float]:
        while True:
            yield from rng.exponential(mean, BLOCK).tolist()

    return draw().__next__


def run_fifo(case: Case, jobs: int, rng: np.random.Generator) -> Answer:
    """Run M/M/c."""
    env = simpy.Environment()
    gap, service = exponentials(rng, 1 / case.rate_per_s), exponentials(rng, case.phases[0][1])
    idle = case.replicas * case.slots
    line: deque[float] = deque()
    waits: list[float] = []
    coming = jobs

    def arrive(_: simpy.Event) -> None:
        nonlocal idle, coming
        coming -= 1
        if coming:
            at(env, gap(), arrive)
        if idle:
            idle -= 1
            waits.append(0.0)
            at(env, service(), leave)
        else:
            line.append(env.now)

    def leave(_: simpy.Event) -> None:
        nonlocal idle
        if line:
            waits.append(env.now - line.popleft())
            at(env, service(), leave)
        else:
            idle += 1

    at(env, gap(), arrive)
    env.run()
    return from_waits(waits, until_s=env.now)


def at(env: simpy.Environment, delay: float, callback: Callable[[simpy.Event], None]) -> None:
    """Call back after a delay."""
    simpy.Timeout(env, delay).callbacks.append(callback)


class Replica:
    """A container: ``received`` is the CPU time that each running phase has had, so nobody's rest is touched."""

    __slots__ = ("due", "ends", "env", "received", "then", "touched", "vcpus")

    def __init__(self, env: simpy.Environment, vcpus: float, then: Callable[[Replica, Job], None]) -> None:
        self.env = env
        self.vcpus = vcpus
        self.then = then
        self.received = self.touched = 0.0
        self.due = -1.0
        self.ends: list[tuple[float, Job]] = []

    def compute(self, job: Job, demand: float) -> None:
        """Begin a CPU phase."""
        if self.ends:
            self.touch()
        else:
            self.received, self.touched = 0.0, self.env.now
        heappush(self.ends, (self.received + demand, job))
        self.plan()

    def touch(self) -> None:
        """Bring ``received`` up to now."""
        now = self.env.now
        self.received += (now - self.touched) * min(1.0, self.vcpus / len(self.ends))
        self.touched = now

    def plan(self) -> None:
        """Set the alarm for the next end; one that was set before is ignored when it rings."""
        self.due = self.env.now + (self.ends[0][0] - self.received) * max(1.0, len(self.ends) / self.vcpus)
        at(self.env, self.due - self.env.now, self.ring)

    def ring(self, _: simpy.Event) -> None:
        """End the phase that is due."""
        if not self.ends or self.env.now < self.due:
            return
        self.touch()
        self.received, job = heappop(self.ends)
        if self.ends:
            self.plan()
        self.then(self, job)


class Job:
    """A job in a slot: when it started, and which phase it is in."""

    __slots__ = ("phase", "started")

    def __init__(self, started: float) -> None:
        self.started = started
        self.phase = 0

    def __lt__(self, other: Job) -> bool:
        return self.started < other.started


def run_sharing(case: Case, jobs: int, rng: np.random.Generator) -> Answer:
    """Run replicas that share vCPUs; the slot that has been idle longest comes first."""
    env = simpy.Environment()
    gap = exponentials(rng, 1 / case.rate_per_s)
    phases = [(kind == "cpu", exponentials(rng, mean)) for kind, mean in case.phases]
    line: deque[float] = deque()
    waits: list[float] = []
    services: list[float] = []
    coming = jobs
    finish = 0.0

    def arrive(_: simpy.Event) -> None:
        nonlocal coming
        coming -= 1
        if coming:
            at(env, gap(), arrive)
        if idle:
            start(idle.popleft(), env.now)
        else:
            line.append(env.now)

    def start(replica: Replica, arrived: float) -> None:
        waits.append(env.now - arrived)
        proceed(replica, Job(env.now))

    def proceed(replica: Replica, job: Job) -> None:
        nonlocal finish
        if job.phase == len(phases):
            finish = env.now
            services.append(finish - job.started)
            if line:
                start(replica, line.popleft())
            else:
                idle.append(replica)
            return
        on_cpu, demand = phases[job.phase]
        job.phase += 1
        if on_cpu:
            replica.compute(job, demand())
        else:
            at(env, demand(), lambda _: proceed(replica, job))

    assert case.vcpus is not None
    idle = deque([Replica(env, case.vcpus, proceed) for _ in range(case.replicas)] * case.slots)
    at(env, gap(), arrive)
    env.run()
    return from_waits(waits, until_s=finish, service_s=sum(services))
