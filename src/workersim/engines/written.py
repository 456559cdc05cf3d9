"""What an engine writes down, and the log that it becomes; no decision of an engine is made here."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from workersim.engines.system import WHOLE, Happening
from workersim.runlog import (
    SERVICE,
    Attempts,
    Cause,
    FleetChanges,
    JobTable,
    Pause,
    PhaseEnds,
    Phases,
    RunLog,
    Terms,
)
from workersim.runlog.terms import EVERY
from workersim.units import NEVER

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from workersim.engines.system import Change, Service, System
    from workersim.runlog.schema import Ints
    from workersim.scenario import Fleet
    from workersim.workload import Jobs

__all__ = ["Told", "Written", "fleet_log", "table_of", "to_log", "told_fleet", "told_log"]

_GB = 1e9
_REPLACED_NS = 50_000_000  # what a killed process of an ideal worker is replaced after


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


class Told(NamedTuple):
    """What happened in a run whose jobs may be tried again, on a fleet that may change.

    Attributes
    ----------
    arrival_ns
        int64[n], when each job arrived; ``NEVER``: it did not.
    attempts
        int64[rows, 10]: job, attempt, published, reserved, started, finished, service, replica, slot, outcome; in any
        order.  What did not happen is ``NEVER``, where it did not run -1.
    phases
        int64[rows, 4]: row of ``attempts``, index into the jobs' phase columns, started, finished (``NEVER``: it was
        cut, or still runs), in any order.
    fleet
        int64[rows, 6]: instant, service, replica, cause, slots, memory in bytes; in the order in which they happened.
    last_ns
        The last instant at which something happened that was more than a look at the clock.
    """

    arrival_ns: NDArray[np.int64]
    attempts: NDArray[np.int64]
    phases: NDArray[np.int64]
    fleet: NDArray[np.int64]
    last_ns: int


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
    about = {"least_price": fleet.least_price, **labels}
    return RunLog(jobs.table, attempts, phases, _steady(fleet), horizon_ns=horizon_ns, **about)  # type: ignore[arg-type]  # seed, digest, engine


def told_fleet(changes: NDArray[np.int64], system: System, horizon_ns: int) -> RunLog:
    """Return the log of a run without its jobs: what there was to run on, and until when.

    Parameters
    ----------
    changes
        The rows of ``Told.fleet``.
    system
        What the jobs ran on.
    horizon_ns
        When the run ended.
    """
    jobs, attempts, phases = _no_jobs()
    services = system.services
    return RunLog(
        jobs,
        attempts,
        phases,
        _changes(changes, system, horizon_ns),
        horizon_ns,
        seed=-1,
        digest="",
        engine="compiled",
        services=tuple(service.name for service in services),
        terms=tuple(Terms(late=service.celery is not None and service.celery.late) for service in services),
        least_price=_least_price(system),
    )


def table_of(rows: NDArray[np.int64]) -> Attempts:
    """Return the attempts table of rows of ``Told.attempts``, by job and attempt; its jobs are counted from 0."""
    job, attempt, published, reserved, started, finished, service, replica, slot, outcome = rows.T
    number = np.cumsum(np.diff(job, prepend=job[:1]) != 0)
    return Attempts(number, attempt, published, reserved, started, finished, _place(service, replica), slot, outcome)


def told_log(told: Told, jobs: Jobs, system: System, horizon_ns: int, **labels: str | int) -> RunLog:
    """Return the log of a run on a fleet that may change; jobs that never arrived are in no table."""
    if horizon_ns == NEVER:
        horizon_ns = told.last_ns
    here = told.arrival_ns < NEVER
    number = np.cumsum(here) - 1
    order = np.lexsort((told.attempts[:, 1], told.attempts[:, 0]))
    columns = (column[order] for column in told.attempts.T)
    job, attempt, published, reserved, started, finished, service, replica, slot, outcome = columns
    attempts = Attempts(
        number[job], attempt, published, reserved, started, finished, _place(service, replica), slot, outcome
    )
    row = np.empty_like(order)
    row[order] = np.arange(len(order))
    of, phase, begun, ended = told.phases[np.lexsort((told.phases[:, 1], row[told.phases[:, 0]]))].T
    phases = Phases(row[of], jobs.phase_kind[phase], jobs.phase_demand_ns[phase], begun, ended)
    table, fleet = _arrived(told, jobs, here), _changes(told.fleet, system, horizon_ns)
    return RunLog(table, attempts, phases, fleet, horizon_ns=horizon_ns, **_about(system, jobs), **labels)  # type: ignore[arg-type]  # as above


def _about(system: System, jobs: Jobs) -> dict[str, Any]:
    """Return what the tables do not hold of the services."""
    services = system.services
    return {
        "services": tuple(service.name for service in services),
        "terms": tuple(_terms(system, service, jobs) for service in services),
        "pauses": tuple(pause for row in system.schedule for pause in _pauses(row, len(services))),
        "least_price": _least_price(system),
    }


def _least_price(system: System) -> float:
    return max((service.least_price for service in system.services), default=0.0)


def _terms(system: System, service: Service, jobs: Jobs) -> Terms:
    known, fates = jobs.table.queues, jobs.fates
    served = {system.queues[index] for index in service.queues}
    queues = tuple(index for index, name in enumerate(known) if name in served)
    delayed: NDArray[Any] = np.empty(0, np.int64)
    if fates is not None:
        delayed = np.unique(np.asarray(jobs.table.job_class)[np.asarray(fates.countdown_ns) > 0])
    celery = service.celery
    # Messages that are held until they are due widen the window, and no column says when they are.
    still = not len(delayed) and (fates is None or not len(fates.retry_delay_ns))
    return Terms(
        queues=queues,
        ideal=celery is None,
        late=celery is not None and celery.late,
        window=celery.window if celery is not None and still else NEVER,
        delayed=tuple(delayed.tolist()),
    )


def _pauses(row: Change, services: int) -> list[Pause]:
    """Return when slots take nothing because of a row of the schedule, and the fleet table does not say so."""
    if row.kind == Happening.OUTAGE:
        until_ns = row.at_ns + min(row.lasts_ns, NEVER - row.at_ns)
        return [Pause(row.at_ns, until_ns, service, EVERY) for service in range(services)]
    if row.kind == Happening.CRASH and row.slot != WHOLE:
        return [Pause(row.at_ns, row.at_ns + _REPLACED_NS, row.service, 1)]
    return []


def _place(service: NDArray[np.int64], replica: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.where(replica < 0, -1, service * SERVICE + replica)


def _arrived(told: Told, jobs: Jobs, here: NDArray[np.bool_]) -> JobTable:
    table, fates = jobs.table, jobs.fates
    expires = np.asarray(table.expires_ns)
    if fates is not None:
        followers = (fates.predecessors > 0) & here & (expires < NEVER)
        expires = np.where(followers, told.arrival_ns + np.where(followers, expires, 0), expires)
    return JobTable(
        told.arrival_ns[here],
        table.job_class[here],
        table.queue[here],
        table.priority[here],
        expires[here],
        table.classes,
        table.queues,
    )


def _changes(fleet: NDArray[np.int64], system: System, horizon_ns: int) -> FleetChanges:
    """Return the fleet table: of the states that a replica passes through at one instant, the last one stays."""
    rows = fleet[fleet[:, 0] <= horizon_ns]
    instant, service, replica, cause, slots, memory = rows[np.lexsort((rows[:, 2], rows[:, 1], rows[:, 0]))].T
    place = service * SERVICE + replica
    last = np.ones(len(instant), np.bool_)
    last[:-1] = (instant[1:] != instant[:-1]) | (place[1:] != place[:-1])
    up = cause != Cause.DOWN

    def of_each(name: str) -> NDArray[np.float64]:
        values = np.array([getattr(each, name) for each in system.services], np.float64)
        return np.where(up, values[service], 0.0)

    price = of_each("price") + of_each("gb_price") * (memory / _GB)
    changes: tuple[Any, ...] = (instant, place, cause, slots, of_each("vcpus"), memory, price, of_each("vcpu_price"))
    return FleetChanges(*(column[last] for column in changes))


@lru_cache(maxsize=64)  # a sweep asks for each of some fleets again and again, and no one else writes to it
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
        price=np.full(n, fleet.replica_price + fleet.gb_price * (fleet.memory_bytes / _GB), np.float64),
        vcpu_price=np.full(n, fleet.vcpu_price, np.float64),
    )


def fleet_log(fleet: Fleet, horizon_ns: int) -> RunLog:
    """Return the log of a run without its jobs: what there was to run on, and until when."""
    about = {"seed": -1, "digest": "", "engine": "compiled", "least_price": fleet.least_price}
    return RunLog(*_no_jobs(), _steady(fleet), horizon_ns, **about)  # type: ignore[arg-type]  # as above


@lru_cache(maxsize=1)
def _no_jobs() -> tuple[JobTable, Attempts, Phases]:
    nothing = np.empty(0, np.int64)
    table = JobTable(nothing, nothing, nothing, nothing, nothing, (), ())
    return table, Attempts(*(nothing for _ in range(9))), Phases(nothing, nothing, nothing, nothing, nothing)
