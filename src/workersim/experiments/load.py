"""What the jobs of a run ask for, next to what the fleet can do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from workersim.runlog import Kind
from workersim.units import NEVER
from workersim.workload.jobs import is_constant

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from workersim.scenario import Scenario
    from workersim.workload import Jobs

__all__ = ["Load"]


class Load:
    """Adds up what jobs ask for.

    Attributes
    ----------
    total_ns
        Service that all of them need.
    patient_ns, patient_cpu_ns
        Service, and the CPU time in it, that jobs need which wait for as long as it takes; not of a run that ends when
        all is done.
    unserved
        Jobs in each queue that no replica consumes.
    """

    def __init__(self, scenario: Scenario) -> None:
        self.fleets = list(scenario.fleets.values())
        self.changes = any(fleet.changes or fleet.autoscale for fleet in self.fleets)
        self.drained = scenario.run.until == "drained"
        self.jobs = 0
        self.total_ns = self.patient_ns = self.patient_cpu_ns = 0.0
        self.unserved: dict[str, int] = {}

    def add(self, jobs: Jobs) -> Load:
        """Count jobs, and return what has been counted so far."""
        table, served = jobs.table, self._served(jobs.table.queues)
        self.jobs += len(jobs)
        needed_ns = float(jobs.phase_demand_ns.sum(dtype=float))
        self.total_ns += needed_ns
        counts = np.bincount(table.queue, minlength=len(served)) if len(served) > 1 else np.array([len(jobs)])
        for queue in np.flatnonzero(~served & (counts > 0)):
            name = table.queues[queue]
            self.unserved[name] = self.unserved.get(name, 0) + int(counts[queue])
        if self.drained:
            return self  # of a run that ends when all is done nobody asks for more (6 ns a job)
        expires = table.expires_ns[:1] if is_constant(table.expires_ns) else table.expires_ns
        if len(jobs) and served.all() and int(expires.min()) == NEVER:
            self.patient_ns += needed_ns
            if is_constant(jobs.phase_kind):  # nothing to sort out, in the runs that are the fastest
                self.patient_cpu_ns += needed_ns * (jobs.phase_kind[0] == Kind.CPU)
            else:
                self.patient_cpu_ns += float((jobs.phase_demand_ns * (jobs.phase_kind == Kind.CPU)).sum(dtype=float))
        elif len(jobs):
            stay = served[table.queue] & (table.expires_ns == NEVER)
            self.patient_ns += float(jobs.demand_ns[stay].sum(dtype=float))
            self.patient_cpu_ns += float(jobs.cpu_ns[stay].sum(dtype=float))
        return self

    def counted(self, chunks: Iterable[Jobs]) -> Iterator[Jobs]:
        """Hand chunks on, counting the jobs that pass by."""
        for jobs in chunks:
            self.add(jobs)
            yield jobs

    def _served(self, queues: tuple[str, ...]) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        takers = [fleet for fleet in self.fleets if fleet.replicas or fleet.changes or fleet.autoscale]
        return np.array([any(f.queues is None or name in f.queues for f in takers) for name in queues], np.bool_)

    def warnings(self, *, horizon_ns: int, unfinished: float) -> Iterator[str]:
        """Say what keeps jobs from being served: queues that nobody consumes, and more work than can be done.

        Parameters
        ----------
        horizon_ns
            End of the run.
        unfinished
            Jobs in hand then.
        """
        unserved = sum(self.unserved.values())
        if unserved:
            names = ", ".join(repr(name) for name in self.unserved)
            why = "the fleet has no replica"
            if any(fleet.replicas for fleet in self.fleets):
                why = f"no replica consumes the queue{'s' * (len(self.unserved) > 1)} {names}"
            yield f"{unserved:,} of {self.jobs:,} jobs can never be served: {why}."
        if self.drained and unfinished > unserved:
            yield (
                f"{unfinished - unserved:,g} jobs were not finished when nothing was left to happen: "
                "no worker was there to take them, or they are held by one that is gone."
            )
        slots = sum(fleet.slots for fleet in self.fleets)
        if horizon_ns == 0 or self.changes or self.drained or unfinished - unserved <= slots:
            return
        load, capacity, what = self.patient_ns / horizon_ns, float(slots), "slots"
        if load <= capacity:
            load, what = self.patient_cpu_ns / horizon_ns, "vCPUs"
            capacity = sum(fleet.replicas * min(fleet.cores, fleet.concurrency) for fleet in self.fleets)
        if load > capacity:
            yield (
                f"Unstable: more work arrived than the fleet can do, {load:.3g} {what} of it for {capacity:.4g}. "
                "The queue grows for as long as that goes on, and every wait depends on how long that is."
            )
