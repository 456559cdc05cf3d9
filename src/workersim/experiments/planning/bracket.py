"""Where to begin to look: closed forms say roughly how many replicas a target needs."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from workersim import theory, workload
from workersim.experiments.measuring import can_stream
from workersim.units import NEVER, SECOND

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workersim.experiments.planning.targets import Target
    from workersim.scenario import Fleet, Scenario

__all__ = ["Demand", "demand", "likely", "needed_replicas"]

_QUANTILES = {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99, "max": 0.9999}


@dataclass(frozen=True)
class Demand:
    """What jobs ask for: per second, seconds a job, seconds of CPU in it, deviation ÷ mean."""

    rate_per_s: float
    service_s: float
    cpu_s: float
    cv: float

    @property
    def load(self) -> float:
        """Mean number of busy slots if nothing stretches a job, in erlangs."""
        return self.rate_per_s * self.service_s

    def on(self, fleet: Fleet) -> Demand:
        """Return the demand on a fleet whose containers are busy, where jobs in a CPU phase share the vCPUs."""
        if not self.cpu_s or fleet.cores >= fleet.concurrency:
            return self
        io_s = max(0.0, self.service_s - self.cpu_s)
        held = theory.container(concurrency=fleet.concurrency, vcpus=fleet.cores, cpu=self.cpu_s, io=io_s)
        return Demand(self.rate_per_s, held.response_mean_s, self.cpu_s, self.cv)


def demand(scenario: Scenario) -> Demand:
    """Return what the jobs of a scenario ask for, from the first of them."""
    whole = not can_stream(scenario)
    first = workload.realise(scenario) if whole else next(workload.chunks(scenario), None)
    if first is None or not len(first):
        return Demand(0.0, 0.0, 0.0, 0.0)
    needed_s = first.demand_ns / SECOND
    mean = float(needed_s.mean())
    end_ns = workload.horizon_ns(scenario)
    if end_ns == NEVER:
        arrival_ns = first.table.arrival_ns
        end_ns = int(arrival_ns[arrival_ns < NEVER].max())  # followers arrive when others are done
        jobs = float(len(first))
    else:
        jobs = float(len(first)) if whole else workload.expected_jobs(scenario)
    # Of a burst nobody can say a rate; then the fleets are only taken in order.
    rate = jobs / (end_ns / SECOND) if end_ns else 0.0
    return Demand(rate, mean, float(first.cpu_ns.mean()) / SECOND, float(np.std(needed_s)) / mean if mean else 0.0)


def likely(asked: Demand, fleet: Fleet, targets: Sequence[Target]) -> bool:
    """Return whether closed forms expect a fleet to meet the targets that they know something about."""
    held = asked.on(fleet)
    if not held.load:
        return fleet.slots > 0
    if held.load >= fleet.slots:
        return False
    wait = theory.mgc(slots=fleet.slots, rate=held.rate_per_s, service=held.service_s, cv=held.cv)
    for target in targets:
        part, _, figure = target.measure.partition(".")
        if part == "utilization" and figure == "mean" and not target.allows(held.load / fleet.slots):
            return False
        if part == "wait" and target.sign == 1 and _wait(wait, figure) > target.bound:
            return False
    return True


def needed_replicas(asked: Demand, fleet: Fleet) -> int:
    """Return how many replicas are at least needed to keep up with the work."""
    return max(1, math.floor(asked.on(fleet).load / fleet.concurrency) + 1)


def _wait(queue: theory.Queue, figure: str) -> float:
    """Return a figure of the wait in seconds: the tail is taken to be exponential, as that of M/M/c is."""
    waiting = queue.probability_of_waiting or 0.0
    later = 1 - _QUANTILES.get(figure, 1.0)
    if not later:
        return queue.wait_mean_s
    return (queue.waited_mean_s or 0.0) * math.log(waiting / later) if waiting > later else 0.0
