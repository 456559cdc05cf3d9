"""The arrays of a world before anything has happened."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from workersim.engines.compiled.changing.agenda import SOON
from workersim.engines.compiled.changing.containers import containers_of
from workersim.engines.compiled.changing.gauges import LEVELS, PARTS
from workersim.engines.compiled.changing.observation import COUNTED
from workersim.engines.compiled.changing.records import (
    ATTEMPT,
    CHANGE,
    CLOCK,
    DEPLOY,
    EVENT,
    EXTRA_PHASE,
    FATE,
    JOB,
    LEVEL,
    LIST,
    MESSAGE,
    QUEUE,
    SCHEDULE,
    SERVICE,
    SETTINGS,
)
from workersim.engines.compiled.changing.world import Records, World
from workersim.engines.compiled.layout import DISPATCHES
from workersim.engines.system import Happening
from workersim.jit import plain
from workersim.units import NEVER
from workersim.workload.fates import plain_fates
from workersim.workload.jobs import is_constant

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from workersim.engines.compiled.changing.loans import Loan
    from workersim.engines.system import Change, Service, System
    from workersim.workload import Jobs
    from workersim.workload.fates import Fates

__all__ = ["SPARE", "Frame", "job_columns", "make_world", "needs_of", "priorities_of", "records", "scheduled"]

SPARE = 64  # rows beyond what is certain to be needed, before arrays have to grow
STEPS = (0, 3, 6, 9)  # Redis's priorities, as Celery uses them


class Frame(NamedTuple):
    """What a run is beside its jobs.

    Attributes
    ----------
    system
        What they run on.
    priorities
        Those that occur, each a level; of a system with Redis's steps those of the steps.
    rebase, ticks_in_vain
        Bounds that tests lower: of the sums of a CPU, and of ticks that change nothing.
    since_ns
        When gauges begin; ``NEVER``: there are none, and phases are told.
    """

    system: System
    priorities: tuple[int, ...]
    rebase: float
    ticks_in_vain: int
    since_ns: int


def priorities_of(system: System, occurring: ArrayLike) -> tuple[int, ...]:
    """Return what the levels of a run stand for in which these priorities occur."""
    return STEPS if system.stepped else tuple(np.unique(occurring).tolist()) or (0,)


def make_world(jobs: Jobs, frame: Frame, loan: Loan) -> World:
    """Lay out the arrays for a run that has not begun."""
    system, levels = frame.system, len(frame.priorities)
    remembers = jobs.fates is not None or system.stepped
    services = _services(system)
    held = job_columns(jobs, frame, loan)
    deploys = sum(change.kind == Happening.DEPLOY for change in system.schedule)
    queues = _queues(system)
    fleet = containers_of(services, queues["listed"].shape[1], deploys, len(held["rate"]))
    needs = needs_of(fleet["containers"], fleet["slots"])
    n, phases = len(jobs), len(jobs.phase_kind) if frame.since_ns == NEVER else 0
    further = n // 8 if remembers else 0  # rows that are not touched take no memory; to move all rows takes time
    settings = _one(
        SETTINGS,
        jobs=n,
        arrivals=int(np.count_nonzero(jobs.table.arrival_ns < NEVER)),
        services=len(services),
        queues=len(system.queues),
        levels=levels,
        phases=phases,
        ideal=any(service.celery is None for service in system.services),
        celery=system.stepped,
        policies=any(service.policy is not None for service in system.services),
        remembers=remembers,
        ticks_in_vain=frame.ticks_in_vain,
        since=frame.since_ns,
        rebase=frame.rebase,
    )
    clock = _one(CLOCK, rows=n, answer=-1, first_unacked=-1, last_unacked=-1, needs=needs)
    clock[0].up_again = -NEVER
    return World(
        settings=settings,
        clock=clock,
        **held,
        jobs=_jobs(jobs.fates, n if remembers else 1),
        attempts=loan.zeros("attempts", n + further + needs + SPARE, ATTEMPT).view(np.recarray),
        messages=loan.zeros("messages", n + further + needs + SPARE, MESSAGE).view(np.recarray),
        phase_end=loan.zeros("phase_end", phases + needs + SPARE, np.dtype(np.int64)),
        extra_phases=records(needs + SPARE, EXTRA_PHASE),
        changes=records(needs + SPARE, CHANGE),
        gauges=records(LEVELS, LEVEL),
        soon=records(SOON + 1, EVENT),
        heap=records(needs + SPARE, EVENT),
        lists=records(levels * len(system.queues), LIST),
        **queues,
        waiting=np.zeros((len(services), _power_of_two(levels) + 1), np.int64),
        services=services,
        startups=np.concatenate([np.asarray(service.startups_ns, np.int64) for service in system.services]),
        schedule=scheduled(system.schedule, settings),
        deploys=records(deploys, DEPLOY),
        **fleet,
        seen=np.zeros(COUNTED + (levels + 1) * len(system.queues), np.int64),
        seen_cpu=np.zeros(1),
    )


def scheduled(changes: Sequence[Change], settings: Records, before: Records | None = None) -> Records:
    """Return the rows of changes, behind those ``before`` that have not happened yet, and say how many rows are fixed.

    Rows of one instant and kind stay in their order.
    """
    made = records(len(changes), SCHEDULE)
    for row, change in enumerate(changes):
        made[row] = tuple(change)
    if before is not None:
        made = np.concatenate((before, made)).view(np.recarray)
        made = made[np.lexsort((made["kind"], made["at"]))]
    settings[0].fixed_rows = 1 + np.max(np.flatnonzero(made["drawn"] == 0), initial=-1)
    return made


def records(n: int, dtype: np.dtype[np.void]) -> Records:
    """Return n records of zeros, which take no memory until they are touched."""
    return np.zeros(n, dtype).view(np.recarray)


def needs_of(containers: Records, slots: Records) -> int:
    """Return a bound on how many rows of any kind one event can write, beside those for unacknowledged messages."""
    return 4 * len(slots) + 6 * len(containers) + 16


def _one(dtype: np.dtype[np.void], **values: float) -> Records:
    made = records(1, dtype)
    for name, value in values.items():
        made[name] = value
    return made


def _power_of_two(n: int) -> int:
    return 1 << max(0, n - 1).bit_length()


def _levels(jobs: Jobs, frame: Frame) -> NDArray[np.int64]:
    """Return the level of each job."""
    priority = np.asarray(jobs.table.priority, np.int64)
    if is_constant(jobs.table.priority):
        priority = priority[:1]
    if frame.system.stepped:
        return np.minimum(priority, 9) // 3
    return np.searchsorted(frame.priorities, priority)


def job_columns(jobs: Jobs, frame: Frame, loan: Loan | None = None) -> dict[str, Any]:
    """Return what the kernel reads of each job; a column of equal values has one row."""
    table, fates = jobs.table, jobs.fates or plain_fates(len(jobs), len(jobs.table.classes))
    lane = _levels(jobs, frame) * len(frame.system.queues) + table.queue
    waits = bool(np.any(fates.predecessors > 0))
    arrival = plain(table.arrival_ns, np.int64)
    alone = np.flatnonzero(table.arrival_ns < NEVER)
    in_order = len(alone) == len(jobs) and bool(np.all(arrival[1:] >= arrival[:-1]))
    limited = bool(np.any(fates.rate_ns > 0))
    return {
        "arrival": arrival.copy() if waits else arrival,
        "order": np.zeros(0, np.int64) if in_order else alone[np.argsort(arrival[alone], kind="stable")],
        "lane": _short(lane.astype(np.int32)),
        "expires": _short(np.asarray(table.expires_ns, np.int64)).copy(),
        "job_class": plain(table.job_class, np.int32) if limited else np.zeros(1, np.int32),
        "first_phase": plain(jobs.first_phase, np.int64),
        "kind": plain(jobs.phase_kind, np.uint8),
        "demand": plain(jobs.phase_demand_ns, np.int64),
        "lots": plain(jobs.dispatch_u, np.float64),
        "fates": _fates(fates, loan),
        "retry_delay": plain(fates.retry_delay_ns, np.int64),
        "follower": plain(fates.follower, np.int64),
        "rate": plain(fates.rate_ns, np.int64) if limited else np.zeros(1, np.int64),
    }


def _short(column: NDArray[Any]) -> NDArray[Any]:
    """Return one row of a column in which all are equal, else the column."""
    if len(column) and (is_constant(column) or bool(np.all(column == column[0]))):
        return column[:1].copy()
    return np.ascontiguousarray(column) if len(column) else np.zeros(1, column.dtype)


def _fates(fates: Fates, loan: Loan | None) -> Records:
    columns = {
        "fails": fates.fails,
        "fails_after": fates.fails_after_ns,
        "first_retry": fates.first_retry[:-1],
        "retries": np.diff(fates.first_retry),
        "soft": fates.soft_ns,
        "hard": fates.hard_ns,
        "countdown": fates.countdown_ns,
        "memory": fates.memory_bytes,
        "first_follower": fates.first_follower[:-1],
        "followers": np.diff(fates.first_follower),
    }
    short = {name: _short(column) for name, column in columns.items()}
    n = max(len(column) for column in short.values())
    made = records(n, FATE) if loan is None else loan.zeros("fates", n, FATE).view(np.recarray)
    for name, column in short.items():
        made[name] = column
    return made


def _jobs(fates: Fates | None, n: int) -> Records:
    made = records(n, JOB)
    if fates is not None and np.any(fates.predecessors > 0):
        made["open"] = fates.predecessors
    return made


def _queues(system: System) -> dict[str, NDArray[Any]]:
    """Return the queues, who listens to them, and in which order."""
    services = system.services
    listens = np.array([np.isin(np.arange(len(system.queues)), service.queues) for service in services])
    ideal = np.array([service.celery is None for service in services])
    queues = records(len(system.queues), QUEUE)
    queues["celery"] = system.stepped & ~np.any(listens[ideal], axis=0)
    listed = np.zeros((len(services), max(len(service.queues) for service in services)), np.int64)
    for row, service in zip(listed, services, strict=True):
        row[: len(service.queues)] = service.queues
    return {"queues": queues, "listens": listens, "listed": listed}


def _services(system: System) -> Records:
    made = records(len(system.services), SERVICE)
    startups = 0
    for v, service in enumerate(system.services):
        for name, value in _settings(service).items():
            made[v][name] = value
        made[v].first_startup = startups
        startups += len(service.startups_ns)
    return made


def _settings(service: Service) -> dict[str, float]:
    ideal: dict[str, float] = {
        "replicas": service.replicas,
        "capacity": max(1, service.replicas),
        "concurrency": service.concurrency,
        "vcpus": service.vcpus,
        "cpu_parts": service.vcpus * PARTS,
        "listed": len(service.queues),
        "in_turn": service.in_turn,
        "dispatch": DISPATCHES.index(service.dispatch),
        "drain": service.drain_ns,
        "process_bytes": service.process_bytes,
        "parent_bytes": service.parent_bytes,
        "limit_bytes": service.limit_bytes,
        "restarts": service.restarts,
        "every": service.every_ns if service.policy is not None else NEVER,
        "startups": len(service.startups_ns),
        "sweep_first": NEVER,
    }
    if service.celery is None:
        return ideal
    celery = service.celery
    return ideal | {
        "celery": True,
        "window": celery.window,
        "late": celery.late,
        "disable_prefetch": celery.disable_prefetch,
        "reject": celery.reject_on_worker_lost,
        "visibility": celery.visibility_timeout_ns,
        "fetch": celery.fetch_ns,
        "period": max(1, celery.poll_ns + celery.fetch_ns),
        "hand_off": celery.hand_off_ns,
        "sweep_first": celery.sweep_first_ns,
        "sweep_every": celery.sweep_every_ns,
        "process_start": celery.process_start_ns,
        "max_tasks": celery.max_tasks_per_child,
        "max_memory": celery.max_memory_per_child,
        "processes": celery.processes,
        "keepalive": celery.keepalive_ns,
    }
