"""Jobs written out by hand, and a run of them on either engine."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from workersim.engines import simulate
from workersim.runlog import JobTable, Kind
from workersim.units import NEVER
from workersim.workload import Jobs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workersim.engines import Engine
    from workersim.runlog import RunLog
    from workersim.scenario import Fleet

__all__ = ["ENGINES", "J", "cpu", "io", "jobs_of", "rows", "run_jobs"]

ENGINES: tuple[Engine, ...] = ("simpy", "compiled")


def cpu(demand: int) -> tuple[int, int]:
    return Kind.CPU, demand


def io(demand: int) -> tuple[int, int]:
    return Kind.IO, demand


class J(NamedTuple):
    """One job; all times are nanoseconds."""

    arrival: int
    phases: Sequence[tuple[int, int]]
    queue: str = "default"
    priority: int = 0
    expires: int = NEVER
    lot: float = 0.0


def jobs_of(jobs: Sequence[J], queues: Sequence[str] | None = None) -> Jobs:
    names = tuple(queues or dict.fromkeys([job.queue for job in jobs])) or ("default",)
    flat = [phase for job in jobs for phase in job.phases]
    table = JobTable(
        arrival_ns=np.array([job.arrival for job in jobs], np.int64),
        job_class=np.zeros(len(jobs), np.int32),
        queue=np.array([names.index(job.queue) for job in jobs], np.int32),
        priority=np.array([job.priority for job in jobs], np.int64),
        expires_ns=np.array([job.expires for job in jobs], np.int64),
        classes=("document",),
        queues=names,
    )
    return Jobs(
        table,
        np.cumsum([0, *(len(job.phases) for job in jobs)]),
        np.array([kind for kind, _ in flat], np.uint8),
        np.array([demand for _, demand in flat], np.int64),
        np.array([job.lot for job in jobs], np.float64),
    )


def run_jobs(jobs: Sequence[J], fleet: Fleet, engine: Engine, *, horizon: int = NEVER) -> RunLog:
    """Run the jobs and return the log, whose invariants have been checked."""
    log = simulate(jobs_of(jobs, fleet.queues), fleet, engine=engine, horizon_ns=horizon)
    log.check()
    return log


def rows(log: RunLog) -> list[tuple[int | None, int | None, int, int]]:
    """Return (started, finished, replica, slot) of each job; None for what did not happen."""
    attempts = log.attempts
    columns = (attempts.started_ns, attempts.finished_ns, attempts.replica, attempts.slot)
    return [
        (None if start == NEVER else start, None if finish == NEVER else finish, replica, slot)
        for start, finish, replica, slot in zip(*(column.tolist() for column in columns), strict=True)
    ]
