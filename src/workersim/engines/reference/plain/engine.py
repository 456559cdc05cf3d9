"""The model, as SimPy processes: documents arrive, wait in Redis for a slot, and walk their phases in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from workersim.engines.reference.clock import Clock, Order
from workersim.engines.reference.plain.broker import Broker
from workersim.engines.reference.plain.fleet import Workers
from workersim.engines.written import Written
from workersim.runlog import Kind, Outcome
from workersim.units import NEVER

if TYPE_CHECKING:
    from collections.abc import Generator

    import simpy

    from workersim.engines.reference.plain.fleet import Slot
    from workersim.scenario import Fleet
    from workersim.workload import Jobs

__all__ = ["simulate"]

EXACT = 2**52  # what takes longer is rounded by those who share a CPU, and so by everybody


def simulate(jobs: Jobs, fleet: Fleet, horizon_ns: int) -> Written:
    """Run the jobs on the fleet up to the horizon; if that is ``NEVER``, until nothing is left to happen."""
    model = Model(jobs, fleet)
    model.clock.process(model.arrivals())
    model.clock.run(model.clock.at(horizon_ns, Order.END) if horizon_ns < NEVER else None)
    return model.written()


class Model:
    """One run: the broker, the workers, and what has been written down about each document."""

    def __init__(self, jobs: Jobs, fleet: Fleet) -> None:
        names = jobs.table.queues
        listed = sorted(fleet.queues or names) if fleet.queue_order == "sorted" else fleet.queues or names
        self.jobs = jobs
        self.clock = Clock()
        self.broker = Broker(self.clock, len(names))
        queues = [names.index(queue) for queue in listed]
        self.workers = Workers(self.clock, self.broker, fleet, queues, jobs.dispatch_u.tolist())
        self.workers.start = self.start
        self.first_phase, self.demands = jobs.first_phase.tolist(), jobs.phase_demand_ns.tolist()
        # Where each slot has a vCPU of its own a phase lasts what it asks for, whatever it asks for.
        shared = (fleet.cores < fleet.concurrency) | (jobs.phase_demand_ns >= EXACT)
        self.shares_cpu = (shared & (jobs.phase_kind == Kind.CPU)).tolist()
        self.started, self.finished = [NEVER] * len(jobs), [NEVER] * len(jobs)
        self.places = [(-1, -1)] * len(jobs)
        self.phase_ends = [NEVER] * len(self.demands)

    def arrivals(self) -> Generator[simpy.Event, None, None]:
        """Publish each document at its instant."""
        table = self.jobs.table
        queues, priorities, expires = table.queue.tolist(), table.priority.tolist(), table.expires_ns.tolist()
        instants = table.arrival_ns.tolist()
        for job in np.argsort(table.arrival_ns, kind="stable").tolist():
            yield self.clock.at(instants[job], Order.ARRIVAL)
            self.broker.publish(job, queues[job], priorities[job], expires[job])
            self.workers.call()

    def start(self, job: int, slot: Slot) -> None:
        """Give a document its slot."""
        self.started[job] = self.clock.now
        self.places[job] = slot
        self.clock.process(self.document(job, slot))

    def document(self, job: int, slot: Slot) -> Generator[simpy.Event, None, None]:
        """Walk the phases of a document, then leave the slot."""
        clock, cpu = self.clock, self.workers.containers[slot.replica].cpu
        for phase in range(self.first_phase[job], self.first_phase[job + 1]):
            if self.shares_cpu[phase]:
                yield cpu.begin(self.demands[phase])
            else:
                yield clock.at(clock.now + self.demands[phase], Order.IO_END)
            self.phase_ends[phase] = clock.now
        self.finished[job] = clock.now
        self.workers.free(slot)

    def written(self) -> Written:
        """Return what became of each document."""
        finished = np.array(self.finished, np.int64)
        outcome = np.where(finished < NEVER, Outcome.DONE, Outcome.UNFINISHED)
        for job, instant in self.broker.left.items():
            finished[job], outcome[job] = instant, Outcome.EXPIRED
        replica, slot = np.array(self.places, np.int64).reshape(-1, 2).T
        return Written(
            np.array(self.started, np.int64), finished, replica, slot, outcome, np.array(self.phase_ends, np.int64)
        )
