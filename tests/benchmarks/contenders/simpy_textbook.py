"""SimPy as its documentation writes it: a process a job, a resource for the slots, interrupts for changes."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import simpy

from .shape import Answer, Case, from_waits

if TYPE_CHECKING:
    from collections.abc import Generator

    Process = Generator[simpy.Event, object, None]

__all__ = ["run"]


def run(case: Case, jobs: int, seed: int) -> Answer:
    """Run a case."""
    random.seed(seed)
    return run_sharing(case, jobs) if case.shares else run_fifo(case, jobs)


def run_fifo(case: Case, jobs: int) -> Answer:
    """Run M/M/c."""
    env = simpy.Environment()
    workers = simpy.Resource(env, capacity=case.replicas * case.slots)
    waits: list[float] = []
    ((_, mean_s),) = case.phases

    def job() -> Process:
        arrived = env.now
        with workers.request() as request:
            yield request
            waits.append(env.now - arrived)
            yield env.timeout(random.expovariate(1 / mean_s))

    def source() -> Process:
        for _ in range(jobs):
            yield env.timeout(random.expovariate(case.rate_per_s))
            env.process(job())

    env.process(source())
    env.run()
    return from_waits(waits, until_s=env.now)


class Replica:
    """A container: phases on its vCPUs advance together, each at rate min(1, vcpus / phases)."""

    def __init__(self, env: simpy.Environment, vcpus: float) -> None:
        self.env = env
        self.vcpus = vcpus
        self.left: dict[simpy.Event, float] = {}
        self.scheduler = env.process(self.schedule())

    def compute(self, demand: float) -> simpy.Event:
        """Begin a CPU phase and return the event of its end."""
        done = self.env.event()
        self.scheduler.interrupt((done, demand))
        return done

    def schedule(self) -> Process:
        """Wait for the next end, or for a phase that begins before."""
        while True:
            began = self.env.now
            rate = min(1.0, self.vcpus / max(1, len(self.left)))
            first = min(self.left, key=self.left.__getitem__) if self.left else self.env.event()
            try:
                yield self.env.timeout(self.left[first] / rate) if self.left else first
            except simpy.Interrupt as interrupt:
                self.advance((self.env.now - began) * rate)
                phase, demand = interrupt.cause  # type: ignore[misc]
                self.left[phase] = demand
            else:
                self.advance(self.left[first])
                del self.left[first]
                first.succeed()

    def advance(self, received: float) -> None:
        """Take off what each phase has received."""
        for phase in self.left:
            self.left[phase] -= received


def run_sharing(case: Case, jobs: int) -> Answer:
    """Run replicas that share vCPUs; a slot is a token in a store, so the one idle longest comes first."""
    env = simpy.Environment()
    idle = simpy.Store(env)
    assert case.vcpus is not None
    replicas = [Replica(env, case.vcpus) for _ in range(case.replicas)]
    idle.items.extend(replicas * case.slots)
    waits: list[float] = []
    services: list[float] = []
    finish = 0.0

    def job() -> Process:
        nonlocal finish
        arrived = env.now
        replica: Replica = yield idle.get()  # type: ignore[assignment]
        started = env.now
        waits.append(started - arrived)
        for kind, mean_s in case.phases:
            demand = random.expovariate(1 / mean_s)
            yield replica.compute(demand) if kind == "cpu" else env.timeout(demand)
        finish = env.now
        services.append(finish - started)
        yield idle.put(replica)

    def source() -> Process:
        for _ in range(jobs):
            yield env.timeout(random.expovariate(case.rate_per_s))
            env.process(job())

    env.process(source())
    env.run()
    return from_waits(waits, until_s=finish, service_s=sum(services))
