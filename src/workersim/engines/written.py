"""What an engine writes down, and the log that it becomes; no decision of an engine is made here."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from workersim.runlog import Attempts, Cause, FleetChanges, JobTable, PhaseEnds, Phases, RunLog
from workersim.units import NEVER

if TYPE_CHECKING:
    from workersim.runlog.schema import Ints
    from workersim.scenario import Fleet
    from workersim.workload import Jobs

__all__ = ["Written", "fleet_log", "to_log"]


class Written(NamedTuple):
    """Columns of the attempts table, a row a job, and the end of each phase of the jobs.

    ``phase_ends`` is None if no CPU was ever shared, so that every phase lasted just its demand.
    """

    started_ns: Ints
    finished_ns: Ints
    replica: Ints
    slot: Ints
    outcome: Ints
    phase_ends_ns: Ints | None


def to_log(written: Written, jobs: Jobs, fleet: Fleet, horizon_ns: int, **labels: str | int) -> RunLog:
    """Return the log of a run; without a horizon it ends with the last thing that happened to a job."""
    n = len(jobs)
    if horizon_ns == NEVER:
        happened = written.finished_ns[written.finished_ns < NEVER]
        horizon_ns = int(max(np.max(happened, initial=0), np.max(jobs.table.arrival_ns, initial=0)))
    attempts = Attempts(
        job=np.arange(n),
        attempt=np.broadcast_to(np.uint8(0), n),
        published_ns=jobs.table.arrival_ns,
        reserved_ns=written.started_ns,
        started_ns=written.started_ns,
        finished_ns=written.finished_ns,
        replica=written.replica,
        slot=written.slot,
        outcome=written.outcome,
    )
    phases = PhaseEnds(jobs.first_phase, jobs.phase_kind, jobs.phase_demand_ns, written.phase_ends_ns)
    return RunLog(jobs.table, attempts, phases, _steady(fleet), horizon_ns=horizon_ns, **labels)  # type: ignore[arg-type]  # seed, digest, engine


def _steady(fleet: Fleet) -> FleetChanges:
    """Return the table of a fleet that is ready at 0, and for good."""
    n = fleet.replicas
    return FleetChanges(
        instant_ns=np.zeros(n, np.int64),
        replica=np.arange(n),
        cause=np.full(n, Cause.READY, np.int64),
        slots=np.full(n, fleet.concurrency, np.int64),
        vcpus=np.full(n, fleet.cores, np.float64),
        memory_bytes=np.full(n, fleet.memory_bytes, np.int64),
        price=np.full(n, fleet.cost, np.float64),
    )


def fleet_log(fleet: Fleet, horizon_ns: int) -> RunLog:
    """Return the log of a run without its jobs: what there was to run on, and until when."""
    nothing = np.empty(0, np.int64)
    table = JobTable(nothing, nothing, nothing, nothing, nothing, (), ())
    attempts = Attempts(*(nothing for _ in range(9)))
    phases = Phases(nothing, nothing, nothing, nothing, nothing)
    return RunLog(table, attempts, phases, _steady(fleet), horizon_ns, seed=-1, digest="", engine="compiled")
