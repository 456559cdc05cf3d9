"""Cimba's Python package: models that Numba compiles for Cimba's engine in C.

A process a slot, as in its tutorials.  It has no processor sharing, so W2 builds it from its events, arrays and
process handles: a replica rings when its next CPU phase ends.  Waits come out through a captured ``Dataset``.
This module evaluates its annotations at once: Cimba reads them when a class is made.
"""
# mypy: allow-subclassing-any, allow-untyped-decorators, allow-untyped-calls

from functools import cache
from typing import Any

import cimba as cb  # type: ignore[import-not-found, unused-ignore]
import numpy as np
from cimba import inputs  # type: ignore[import-not-found, unused-ignore]

from .shape import Answer, Case, from_waits

__all__ = ["run"]


def run(case: Case, jobs: int, seed: int) -> Answer:
    """Run a case."""
    return run_sharing(case, jobs, seed) if case.shares else run_fifo(case, jobs, seed)


def outcome(model: Any, seed: int) -> Any:
    """Run a model once, on one core, until nothing is left to happen."""
    results = cb.Experiment(model, seed=seed).run(workers=1)
    if results.failed.any():
        raise RuntimeError(str(results.failure_reasons))
    return results


def waits_of(results: Any, model: Any) -> Any:
    """Return every wait that a model recorded."""
    return results[model].waits.trial(0, 0)[1]


@cache  # a class is compiled when it is run first, and again if it is made again
def fifo_class(slots: int) -> Any:
    """Return the model of M/M/c."""

    class Queue(cb.Model):
        jobs: cb.Param[int]
        gap: cb.Input[float]
        service: cb.Input[float]
        line: cb.Store[float] = cb.Store()
        waits: cb.Dataset = cb.Dataset()
        finish: cb.Output[float]

        @cb.process
        def arrive(self) -> None:
            for _ in range(self.jobs):
                cb.hold(self.gap.next())
                self.line.put(cb.now())

        @cb.process(copies=slots)
        def serve(self) -> None:
            while True:
                arrived = self.line.get()
                self.waits.record(cb.now() - arrived)
                cb.hold(self.service.next())
                self.finish = cb.now()

    return Queue


def run_fifo(case: Case, jobs: int, seed: int) -> Answer:
    """Run M/M/c."""
    model = fifo_class(case.replicas * case.slots)()
    model.jobs = jobs
    model.gap = inputs.dist.exponential(mean=1 / case.rate_per_s)
    model.service = inputs.dist.exponential(mean=case.phases[0][1])
    model.waits.capture()
    results = outcome(model, seed)
    return from_waits(waits_of(results, model), until_s=float(results[model].finish[0, 0]))


@cache
def replica_class(slots: int) -> Any:  # noqa: C901 (a model is one class)
    """Return the model of a replica whose slots share vCPUs."""

    class Replica(cb.Model):
        line: cb.Ref[cb.Store[float]]
        waits: cb.Ref[cb.Dataset]
        services: cb.Ref[cb.Dataset]
        vcpus: cb.Param[float]
        before: cb.Input[float]
        io: cb.Input[float]
        after: cb.Input[float]
        seated: int = 0
        running: int = 0
        received: float = 0.0
        touched: float = 0.0
        due: float = 0.0
        ends: cb.Array[float] = cb.Array(slots)
        who: cb.Array[int] = cb.Array(slots)
        finish: cb.Output[float]

        @cb.function
        def touch(self) -> None:
            if self.running == 0:
                self.received = 0.0
            else:
                self.received += (cb.now() - self.touched) * min(1.0, self.vcpus / self.running)
            self.touched = cb.now()

        @cb.function
        def first(self) -> float:
            first = self.ends[0]
            for i in range(1, self.running):
                first = min(first, self.ends[i])
            return float(first)

        @cb.function
        def plan(self) -> None:
            if self.running > 0:
                delay = max(0.0, (self.first() - self.received) * max(1.0, self.running / self.vcpus))
                self.due = cb.now() + delay
                cb.schedule(self.ring, delay)  # a handle cannot be kept in a field, so ring() skips stale ones

        @cb.event
        def ring(self) -> None:
            if self.running > 0 and cb.now() >= self.due:
                self.touch()
                self.received = max(self.received, self.first())
                kept = 0
                for i in range(self.running):
                    if self.ends[i] <= self.received:
                        cb.Process(self.who[i]).resume(0)
                    else:
                        self.ends[kept] = self.ends[i]
                        self.who[kept] = self.who[i]
                        kept += 1
                self.running = kept
                self.plan()

        @cb.function
        def compute(self, demand: float) -> None:
            self.touch()
            self.ends[self.running] = self.received + demand
            self.who[self.running] = cb.this_process().pointer
            self.running += 1
            self.plan()
            cb.suspend()

        @cb.process(copies=slots)
        def serve(self) -> None:
            self.seated += 1
            cb.hold(1e-9 * self.seated)  # the line of idle slots begins with the first slot of every replica
            while True:
                arrived = self.line.get()
                started = cb.now()
                self.waits.record(started - arrived)
                self.compute(self.before.next())
                cb.hold(self.io.next())
                self.compute(self.after.next())
                self.finish = cb.now()
                self.services.record(self.finish - started)

    return Replica


@cache
def fleet_class(slots: int) -> Any:
    """Return the model of a fleet of such replicas."""

    class Fleet(cb.Model):
        jobs: cb.Param[int]
        gap: cb.Input[float]
        line: cb.Store[float] = cb.Store()
        waits: cb.Dataset = cb.Dataset()
        services: cb.Dataset = cb.Dataset()
        replicas: list[replica_class(slots)]  # type: ignore[valid-type, misc, unused-ignore]
        mean_service: cb.Output[float]

        @cb.process
        def arrive(self) -> None:
            for _ in range(self.jobs):
                cb.hold(self.gap.next())
                self.line.put(cb.now())

        @cb.on_end
        def measure(self) -> None:
            self.mean_service = self.services.sample_mean()

    return Fleet


def run_sharing(case: Case, jobs: int, seed: int) -> Answer:
    """Run replicas that share vCPUs."""
    model = fleet_class(case.slots)()
    model.jobs = jobs
    model.gap = inputs.dist.exponential(mean=1 / case.rate_per_s)
    model.waits.capture()
    model.replicas = [replica_of(case, model) for _ in range(case.replicas)]
    results = outcome(model, seed)
    finish = np.array([results[replica].finish[0, 0] for replica in model.replicas])
    return from_waits(
        waits_of(results, model),
        until_s=float(np.nanmax(finish)),  # a replica without a job has none
        service_s=float(results[model].mean_service[0, 0]) * jobs,
    )


def replica_of(case: Case, fleet: Any) -> Any:
    """Return a replica that takes from the fleet's line."""
    replica = replica_class(case.slots)()
    replica.line, replica.waits, replica.services = fleet.line, fleet.waits, fleet.services
    replica.vcpus = case.vcpus
    for phase, (_, mean_s) in zip(("before", "io", "after"), case.phases, strict=True):
        setattr(replica, phase, inputs.dist.exponential(mean=mean_s))
    return replica
