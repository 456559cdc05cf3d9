"""Whole worlds written out by hand, in milliseconds, and what an engine tells of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from workersim.engines import reference
from workersim.engines.compiled.changing import engine as changing
from workersim.engines.system import Celery, Change, Happening, Service, System
from workersim.engines.written import told_log
from workersim.runlog import Cause, JobTable, Kind, Outcome
from workersim.units import NEVER
from workersim.workload import Fates, Jobs

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from workersim.engines.written import Told
    from workersim.runlog import RunLog

__all__ = [
    "ENGINES",
    "MS",
    "D",
    "Ran",
    "celery",
    "change",
    "cpu",
    "crash",
    "deploy",
    "docs",
    "ideal",
    "io",
    "kill",
    "outage",
    "run",
    "stop",
]

MS = 1_000_000
ENGINES: dict[str, Callable[[Jobs, System, int], Told]] = {"simpy": reference.tell, "compiled": changing.tell}


def cpu(ms: float) -> tuple[int, int]:
    return Kind.CPU, _ns(ms)


def io(ms: float) -> tuple[int, int]:
    return Kind.IO, _ns(ms)


def _ns(ms: float | None) -> int:
    return NEVER if ms is None else round(ms * MS)


@dataclass(frozen=True)
class D:
    """A document; all times are milliseconds, None is never."""

    at: float | None = 0
    phases: tuple[tuple[int, int], ...] | float = 1000
    queue: str = "default"
    priority: int = 0
    expires: float | None = None  # after the arrival
    lot: float = 0.0
    fails: int = 0
    fails_after: float | None = None
    retries: tuple[float, ...] = ()
    soft: float | None = None
    hard: float | None = None
    countdown: float = 0
    memory: int = 0
    job_class: int = 0
    then: tuple[int, ...] = ()

    @property
    def walk(self) -> tuple[tuple[int, int], ...]:
        return self.phases if isinstance(self.phases, tuple) else (io(self.phases),)


def docs(n: int, at: float = 0, ms: float = 1000, **settings: Any) -> list[D]:
    """Return n equal documents."""
    return [D(at, ms, **settings)] * n


def ideal(replicas: int = 1, concurrency: int = 1, **settings: Any) -> Service:
    return Service(**(_service(replicas, concurrency) | _times(settings)))


def celery(replicas: int = 1, concurrency: int = 1, *, window: int | None = None, **settings: Any) -> Service:
    """Return Celery workers; by default with a window of 4 messages a process, fetched in 1 ms and handed on in 3."""
    ours = _service(replicas, concurrency)
    of_service = {key: value for key, value in settings.items() if key in _SERVICE}
    of_worker = {key: value for key, value in settings.items() if key not in _SERVICE}
    worker = Celery(window=4 * concurrency if window is None else window, **_times(of_worker))
    return Service(**(ours | _times(of_service) | {"celery": worker}))


_SERVICE = frozenset(Service.__dataclass_fields__) | {"startups", "drain", "every"}


def _service(replicas: int, concurrency: int) -> dict[str, Any]:
    return {"name": "workers", "replicas": replicas, "concurrency": concurrency, "vcpus": 64.0, "queues": (0,)}


def _times(settings: dict[str, Any]) -> dict[str, Any]:
    """Turn ``drain=5`` into ``drain_ns=5_000_000``."""
    known = set(Celery.__dataclass_fields__) | set(Service.__dataclass_fields__)
    found: dict[str, Any] = {}
    for key, value in settings.items():
        if key == "startups":
            found["startups_ns"] = np.array([_ns(ms) for ms in value], np.int64)
        elif key + "_ns" in known:
            found[key + "_ns"] = _ns(value)
        else:
            found[key] = value
    return found


def crash(at: float, replica: int, down_for: float | None = None, **more: Any) -> Change:
    return Change(_ns(at), Happening.CRASH, replica=replica, lasts_ns=_ns(down_for), **({"service": 0} | more))


def kill(at: float, replica: int, slot: int, service: int = 0) -> Change:
    return Change(_ns(at), Happening.CRASH, service, replica, slot)


def stop(at: float, replica: int, grace: float | None = None, service: int = 0) -> Change:
    return Change(_ns(at), Happening.STOP, service, replica, lasts_ns=_ns(grace))


def outage(at: float, lasts: float) -> Change:
    return Change(_ns(at), Happening.OUTAGE, -1, lasts_ns=_ns(lasts))


def change(at: float, replicas: int, service: int = 0) -> Change:
    return Change(_ns(at), Happening.CHANGE, service, replicas=replicas)


def deploy(at: float, overlap: float = 0, drain: float | None = 0, service: int = 0) -> Change:
    return Change(_ns(at), Happening.DEPLOY, service, lasts_ns=_ns(overlap), drain_ns=_ns(drain))


def jobs_of(documents: Sequence[D], queues: Sequence[str], rates: Sequence[float]) -> Jobs:
    """Return the documents as an engine is given them; those that others release have no arrival of their own."""
    n = len(documents)
    followers = _column(follower for document in documents for follower in document.then)
    predecessors = np.bincount(followers, minlength=n)
    flat = [phase for document in documents for phase in document.walk]
    expires = [
        NEVER if d.expires is None else _ns(d.expires) + (0 if waits else _ns(d.at))
        for d, waits in zip(documents, predecessors.tolist(), strict=True)
    ]
    table = JobTable(
        arrival_ns=_column(NEVER if waits else _ns(d.at) for d, waits in zip(documents, predecessors, strict=True)),
        job_class=_column(d.job_class for d in documents),
        queue=_column(list(queues).index(d.queue) for d in documents),
        priority=_column(d.priority for d in documents),
        expires_ns=_column(expires),
        classes=tuple(f"class-{i}" for i in range(len(rates))),
        queues=tuple(queues),
    )
    fates = Fates(
        fails=_column(d.fails for d in documents),
        fails_after_ns=_column(_ns(d.fails_after) for d in documents),
        first_retry=np.cumsum([0, *(len(d.retries) for d in documents)]),
        retry_delay_ns=_column(_ns(delay) for d in documents for delay in d.retries),
        soft_ns=_column(_ns(d.soft) for d in documents),
        hard_ns=_column(_ns(d.hard) for d in documents),
        countdown_ns=_column(_ns(d.countdown) for d in documents),
        memory_bytes=_column(d.memory for d in documents),
        predecessors=predecessors,
        first_follower=np.cumsum([0, *(len(d.then) for d in documents)]),
        follower=followers,
        rate_ns=_column(_ns(rate) for rate in rates),
    )
    return Jobs(
        table,
        np.cumsum([0, *(len(d.walk) for d in documents)]),
        np.array([kind for kind, _ in flat], np.uint8),
        _column(demand for _, demand in flat),
        np.array([d.lot for d in documents], np.float64),
        fates,
    )


def _column(values: Any) -> np.ndarray[Any, np.dtype[np.int64]]:
    return np.array(list(values), np.int64)


class Ran(NamedTuple):
    """What an engine told of a run."""

    told: Told
    log: RunLog

    @property
    def rows(self) -> list[tuple[Any, ...]]:
        """Return published, received, started, finished, place and outcome of each attempt, by document."""
        a = self.log.attempts
        names = [Outcome(outcome).name.lower() for outcome in a.outcome.tolist()]
        times = (a.published_ns, a.reserved_ns, a.started_ns, a.finished_ns)
        return list(zip(*(_ms(column) for column in times), self.places, names, strict=True))

    @property
    def brief(self) -> list[tuple[Any, ...]]:
        """Return start, finish, place and outcome of each attempt, by document."""
        return [row[2:] for row in self.rows]

    @property
    def numbers(self) -> list[tuple[int, int]]:
        """Return document and number of each attempt."""
        a = self.log.attempts
        return list(zip(a.job.tolist(), a.attempt.tolist(), strict=True))

    @property
    def places(self) -> list[str]:
        """Return where each attempt ran: replica.slot, or service:replica.slot where there are several services."""
        a = self.log.attempts
        several = len(self.log.services) > 1
        return [
            "" if replica < 0 else f"{f'{replica >> 20}:' if several else ''}{replica % 2**20}.{slot}"
            for replica, slot in zip(a.replica.tolist(), a.slot.tolist(), strict=True)
        ]

    @property
    def starts(self) -> list[Any]:
        """Return when each attempt started."""
        return _ms(self.log.attempts.started_ns)

    @property
    def fleet(self) -> list[tuple[Any, ...]]:
        """Return instant, replica, state and slots of each change."""
        f = self.log.fleet
        names = [Cause(cause).name.lower() for cause in f.cause.tolist()]
        several = len(self.log.services) > 1
        replicas = [f"{r >> 20}:{r % 2**20}" if several else r for r in f.replica.tolist()]
        return list(zip(_ms(f.instant_ns), replicas, names, f.slots.tolist(), strict=True))

    @property
    def memory(self) -> list[tuple[Any, ...]]:
        """Return instant, replica and bytes of each change."""
        f = self.log.fleet
        return list(zip(_ms(f.instant_ns), f.replica.tolist(), f.memory_bytes.tolist(), strict=True))

    @property
    def phases(self) -> list[tuple[Any, ...]]:
        """Return document and attempt, start and finish of each phase."""
        p, numbers = self.log.phases, self.numbers
        return [
            (*numbers[row], *times)
            for row, *times in zip(p.attempt.tolist(), _ms(p.started_ns), _ms(p.finished_ns), strict=True)
        ]

    @property
    def last(self) -> float:
        """Return when something last happened."""
        return self.told.last_ns / MS


def _ms(column: Any) -> list[Any]:
    return [None if instant == NEVER else instant / MS for instant in column.tolist()]


@dataclass(frozen=True)
class _Asked:
    """What goes with documents and services, most of which most worlds leave out."""

    schedule: tuple[Change, ...] = ()
    until: float | None = None
    queues: tuple[str, ...] = ("default",)
    rates: tuple[float, ...] = (0.0,)


def run(engine: str, documents: Sequence[D], *services: Service, **asked: Any) -> Ran:
    """Run documents on services; ``schedule`` holds what happens, sorted here, and ``until`` the horizon."""
    wish = _Asked(**asked)
    ordered = tuple(sorted(wish.schedule, key=lambda row: (row.at_ns, row.kind)))
    named = tuple(replace(service, name=f"service-{i}") for i, service in enumerate(services))
    system = System(named, wish.queues, ordered)
    jobs, horizon = jobs_of(documents, wish.queues, wish.rates), _ns(wish.until)
    told = ENGINES[engine](jobs, system, horizon)
    return Ran(told, told_log(told, jobs, system, horizon, seed=-1, digest="", engine=engine))
