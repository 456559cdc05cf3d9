"""Small logs for tests: written by hand, or drawn together with a run that is slow and plain.

The drawn ones come from a simulation of a few jobs in exact fractions, which serves as a source of
valid logs only; what the engines are held to stands in tests of their own.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np
from hypothesis import strategies as st

from workersim.runlog import (
    SERVICE,
    Attempts,
    Cause,
    FleetChanges,
    JobTable,
    Kind,
    Outcome,
    PhaseEnds,
    Phases,
    RunLog,
    Terms,
)
from workersim.units import NEVER, SECOND

CPU, IO = Kind.CPU, Kind.IO


@dataclass(frozen=True)
class Row:
    """An attempt with its job's columns; instants in seconds, None: never."""

    arrival: float
    start: float | None
    finish: float | None
    outcome: Outcome = Outcome.DONE
    replica: int = 0
    slot: int = 0
    job: int | None = None
    attempt: int = 0
    published: float | None = None
    reserved: float | None = None
    queue: int = 0
    expires: float | None = None


def ns(seconds: float | None) -> int:
    return NEVER if seconds is None else round(seconds * SECOND)


def whole(values: Any) -> np.ndarray[Any, np.dtype[np.int64]]:
    return np.array(list(values), dtype=np.int64)


def log_of(
    *rows: Row,
    horizon: float,
    fleet: FleetChanges | None = None,
    phases: Phases | PhaseEnds | None = None,
    engine: str = "simpy",
    queues: tuple[str, ...] = ("default",),
    **about: Any,
) -> RunLog:
    """Build a log; without phases each attempt that started is one I/O phase."""
    job = [i if row.job is None else row.job for i, row in enumerate(rows)]
    firsts = [row for row in rows if row.attempt == 0]
    ran = [row.start is not None for row in rows]
    attempts = Attempts(
        job=whole(job),
        attempt=whole(row.attempt for row in rows),
        published_ns=whole(ns(row.arrival if row.published is None else row.published) for row in rows),
        reserved_ns=whole(ns(row.start if row.reserved is None else row.reserved) for row in rows),
        started_ns=whole(ns(row.start) for row in rows),
        finished_ns=whole(ns(row.finish) for row in rows),
        replica=whole(row.replica if started else -1 for row, started in zip(rows, ran, strict=True)),
        slot=whole(row.slot if started else -1 for row, started in zip(rows, ran, strict=True)),
        outcome=whole(row.outcome for row in rows),
    )
    jobs = JobTable(
        arrival_ns=whole(ns(row.arrival) for row in firsts),
        job_class=whole(0 for _ in firsts),
        queue=whole(row.queue for row in firsts),
        priority=whole(0 for _ in firsts),
        expires_ns=whole(ns(row.expires) for row in firsts),
        classes=("document",),
        queues=queues,
    )
    if fleet is None:
        fleet = fleet_of((0, 0, Cause.READY, 4))
    if phases is None:
        phases = one_phase(attempts, ns(horizon))
    return RunLog(jobs, attempts, phases, fleet, ns(horizon), 1, "", engine, **about)


def one_phase(attempts: Attempts, horizon_ns: int, kind: Kind = IO) -> Phases:
    ran = np.flatnonzero(attempts.started_ns < NEVER)
    started, finished = attempts.started_ns[ran], attempts.finished_ns[ran]
    demand = np.where(finished < NEVER, finished, horizon_ns + 1) - started
    return Phases(ran, whole(kind for _ in ran), demand, started, finished)


def phases_of(*rows: tuple[int, Kind, float, float, float | None]) -> Phases:
    """Build phases from rows of attempt, kind, demand, start and finish in seconds."""
    attempt, kind, demand, start, finish = zip(*rows, strict=True) if rows else ((),) * 5
    return Phases(whole(attempt), whole(kind), whole(map(ns, demand)), whole(map(ns, start)), whole(map(ns, finish)))


def fleet_of(*rows: tuple[float, int, Cause, int], vcpus: float = 4.0, price: float = 1.0) -> FleetChanges:
    """Build a fleet from rows of instant in seconds, replica, cause and slots; 1 GB a slot."""
    instant, replica, cause, slots = zip(*rows, strict=True) if rows else ((),) * 4
    paid = [each != Cause.DOWN for each in cause]
    return FleetChanges(
        instant_ns=whole(map(ns, instant)),
        replica=whole(replica),
        cause=whole(cause),
        slots=whole(slots),
        vcpus=np.array([vcpus * up for up in paid], dtype=float),
        memory_bytes=whole(10**9 * count for count in slots),
        price=np.array([price * up for up in paid], dtype=float),
    )


def overload() -> RunLog:
    """Scenario 4 of the guide: 10 documents of 20 minutes on 4 slots."""
    starts = [0] * 4 + [1200] * 4 + [2400] * 2
    rows = [Row(0, start, start + 1200, slot=i % 4) for i, start in enumerate(starts)]
    return log_of(*rows, horizon=3600)


def draining() -> RunLog:
    """Case of a fleet that shrinks from 2 x 2 to 1 x 2 at 5 minutes while four documents run."""
    fleet = fleet_of(
        (0, 0, Cause.READY, 2), (0, 1, Cause.READY, 2), (300, 1, Cause.DRAINING, 2), (1200, 1, Cause.DOWN, 0)
    )
    rows = [Row(0, 0, 1200, replica=i % 2, slot=i // 2) for i in range(4)]
    return log_of(*rows, Row(600, 1200, 1500), horizon=1500, fleet=fleet)


def sharing() -> RunLog:
    """Four jobs of 60 s CPU at once on 1 x 4 slots that share 2 vCPUs: all end at 120 s."""
    rows = [Row(0, 0, 120, slot=i) for i in range(4)]
    phases = phases_of(*((i, CPU, 60, 0, 120) for i in range(4)))
    return log_of(*rows, horizon=120, fleet=fleet_of((0, 0, Cause.READY, 4), vcpus=2.0), phases=phases)


def retried() -> RunLog:
    """One job in two slots: fails at once, waits for its retry, is done; beside it three other fates.

    Job 0: runs 0-10, retried; published again at 10, starts at 40, done at 50.
    Job 1: runs 0-20, lost.  Job 2: waits from 5, expires at 15.  Job 3: runs 20-40, times out.
    Job 4: arrives at 45, runs at the horizon.  Job 5: arrives at 50, still waits.
    """
    o = Outcome
    rows = [
        Row(0, 0, 10, o.RETRIED, job=0),
        Row(0, 40, 50, o.DONE, job=0, attempt=1, published=10, reserved=12),
        Row(0, 0, 20, o.LOST, slot=1, job=1, expires=60),
        Row(5, None, 15, o.EXPIRED, job=2, expires=15),
        Row(10, 20, 40, o.TIMED_OUT, slot=1, job=3, reserved=15),
        Row(45, 50, None, o.UNFINISHED, job=4),
        Row(50, None, None, o.UNFINISHED, job=5),
    ]
    return log_of(*rows, horizon=60, fleet=fleet_of((0, 0, Cause.READY, 2)))


def stranded() -> RunLog:
    """Two workers of one process that acknowledge late; worker 1 is killed at 10, its messages are swept at 100.

    Job 0: runs 0-30 in worker 0.  Job 1: runs in worker 1 from 0 on, lost at 10, returned at 100, done at 140.
    Job 2: waits in worker 1 from 1 on, returned at 100 too, reserved by worker 0 at 101, done at 165.
    Job 3: waits in worker 0 from 2 on, done at 60.
    """
    o = Outcome
    rows = [
        Row(0, 0, 30, job=0),
        Row(0, 0, 10, o.LOST, replica=1, job=1),
        Row(0, 101, 140, job=1, attempt=1, published=100, reserved=101),
        Row(0, None, 100, o.REDELIVERED, reserved=1, job=2),
        Row(0, 140, 165, job=2, attempt=1, published=100, reserved=101),
        Row(2, 30, 60, reserved=2, job=3),
    ]
    fleet = fleet_of((0, 0, Cause.READY, 1), (0, 1, Cause.READY, 1), (10, 1, Cause.DOWN, 0))
    return log_of(*rows, horizon=165, fleet=fleet, terms=(Terms(ideal=False, late=True, window=4),))


def handed_back() -> RunLog:
    """A worker is told to stop at 5 while job 0 runs until 20; at 21.65 it gives job 1 back, and goes.

    Worker 1 is there from 30 on, takes job 1, and is done at 50.
    """
    rows = [
        Row(0, 0, 20, job=0),
        Row(1, None, 21.65, Outcome.REDELIVERED, reserved=1, job=1),
        Row(1, 30, 50, replica=1, job=1, attempt=1, published=21.65, reserved=30),
    ]
    fleet = fleet_of(
        (0, 0, Cause.READY, 1),
        (5, 0, Cause.DRAINING, 1),
        (20, 0, Cause.DRAINING, 0),
        (20, 1, Cause.STARTING, 0),
        (21.65, 0, Cause.DOWN, 0),
        (30, 1, Cause.READY, 1),
    )
    return log_of(*rows, horizon=50, fleet=fleet, terms=(Terms(ideal=False),))


def copied() -> RunLog:
    """A sweep at 100 takes two messages for lost whose jobs run on in worker 0, and puts copies into the list.

    Job 0: runs 0-150; its copy is taken at 101 and done at 190: done twice.
    Job 1: runs 0-120, when its copy is still visible and is deleted.
    """
    rows = [
        Row(0, 0, 150, job=0),
        Row(0, 101, 190, job=0, attempt=1, published=100, reserved=101, replica=1),
        Row(0, 0, 120, job=1, slot=1),
        Row(0, None, 120, Outcome.REDELIVERED, job=1, attempt=1, published=100),
    ]
    fleet = fleet_of((0, 0, Cause.READY, 2), (90, 1, Cause.READY, 1))
    return log_of(*rows, horizon=190, fleet=fleet, terms=(Terms(ideal=False, late=True),))


def growing() -> RunLog:
    """An ideal fleet: replica 1 starts at 10, is ready at 20, crashes at 40, is back at 60, and drains from 70 to 90.

    Job 0: runs 0-100 on replica 0.  Job 1: waits from 5 on, runs 20-40, lost.  Job 2: waits from 30 on, runs 60-90.
    Job 3: fails after 0 s at 100 and again at 110, when its retry comes.
    """
    o = Outcome
    rows = [
        Row(0, 0, 100, job=0),
        Row(5, 20, 40, o.LOST, replica=1, job=1),
        Row(30, 60, 90, replica=1, job=2),
        Row(75, 100, 100, o.RETRIED, job=3),
        Row(75, 110, 110, o.FAILED, job=3, attempt=1, published=100),
    ]
    fleet = fleet_of(
        (0, 0, Cause.READY, 1),
        (10, 1, Cause.STARTING, 0),
        (20, 1, Cause.READY, 1),
        (40, 1, Cause.DOWN, 0),
        (60, 1, Cause.READY, 1),
        (70, 1, Cause.DRAINING, 1),
        (90, 1, Cause.DOWN, 0),
    )
    phases = phases_of((0, IO, 100, 0, 100), (1, IO, 60, 20, None), (2, IO, 30, 60, 90))
    return log_of(*rows, horizon=120, fleet=fleet, phases=phases, terms=(Terms(),))


def two_services() -> RunLog:
    """One replica of `ocr` and two of `mail`, each with a queue of its own.

    Job 0 runs 0-10 in ocr; job 1 waits 0-10 and runs 10-30 in ocr; jobs 2 and 3 run 0-5 in mail.
    """
    rows = [
        Row(0, 0, 10, queue=0),
        Row(0, 10, 30, queue=0),
        Row(0, 0, 5, queue=1, replica=SERVICE),
        Row(0, 0, 5, queue=1, replica=SERVICE + 1),
    ]
    fleet = fleet_of((0, 0, Cause.READY, 1), (0, SERVICE, Cause.READY, 1), (0, SERVICE + 1, Cause.READY, 1))
    terms = (Terms(queues=(0,)), Terms(queues=(1,)))
    return log_of(*rows, horizon=30, fleet=fleet, queues=("scans", "mails"), services=("ocr", "mail"), terms=terms)


@dataclass
class Job:
    arrival: int
    phases: tuple[tuple[Kind, int], ...]
    queue: int = 0
    priority: int = 0
    expires: int = NEVER
    start: int = NEVER
    finish: int = NEVER
    place: tuple[int, int] = (-1, -1)
    ends: list[int] = field(default_factory=list)


class Container:
    """The CPU of one replica, shared, in exact fractions of a nanosecond."""

    def __init__(self, vcpus: float) -> None:
        self.vcpus = Fraction(vcpus)
        self.ends: dict[int, Fraction] = {}
        self.got, self.exact, self.touched = Fraction(0), Fraction(0), -1

    @property
    def planned(self) -> Fraction | None:
        if not self.ends:
            return None
        return self.exact + (min(self.ends.values()) - self.got) * max(Fraction(1), len(self.ends) / self.vcpus)

    def touch(self, now: int) -> list[int]:
        """Bring the container to this instant; return the jobs whose phase has ended by it."""
        planned = self.planned
        if planned is None:
            self.exact = Fraction(now)
        elif round(planned) == now:
            self.got, self.exact = min(self.ends.values()), planned
        elif self.touched < now:
            share = min(Fraction(1), self.vcpus / len(self.ends))
            self.got = min(self.got + (now - self.exact) * share, *self.ends.values())
            self.exact = Fraction(now)
        self.touched = now
        ended = [job for job, end in self.ends.items() if end <= self.got]
        for job in ended:
            del self.ends[job]
        return ended

    def begin(self, job: int, demand: int) -> None:
        if not self.ends:
            self.got = Fraction(0)
        self.ends[job] = self.got + demand


class Run:
    """A plain simulation: first idle slot, by priority and then in order of arrival."""

    def __init__(self, jobs: list[Job], shape: tuple[int, int], vcpus: float, horizon: int) -> None:
        self.jobs, self.shape, self.vcpus, self.horizon = jobs, shape, vcpus, horizon
        self.containers = [Container(vcpus) for _ in range(shape[0])]
        self.idle = [(replica, slot) for replica in range(shape[0]) for slot in range(shape[1])]
        self.waiting: list[int] = []
        self.sleeping: dict[int, int] = {}
        instants = {job.arrival for job in jobs} | {job.expires for job in jobs}
        while instants and (now := min(instants)) <= horizon:
            self.live(now)
            instants = {at for at in instants if at > now} | self.due(now)

    def due(self, now: int) -> set[int]:
        planned = [container.planned for container in self.containers]
        ends = set(self.sleeping.values()) | {round(end) for end in planned if end is not None}
        return {max(end, now + 1) for end in ends}

    def live(self, now: int) -> None:
        self.waiting += [i for i, job in enumerate(self.jobs) if job.arrival == now]
        while self.end_phases(now) or self.dispatch(now):
            pass
        for i in [i for i in self.waiting if self.jobs[i].expires <= now]:
            self.waiting.remove(i)
            self.jobs[i].finish = now

    def end_phases(self, now: int) -> bool:
        ended = [i for i, end in self.sleeping.items() if end == now]
        for i in ended:
            del self.sleeping[i]
        if not ended:
            due = [c for c in self.containers if c.planned is not None and round(c.planned) <= now]
            ended = [i for container in due for i in container.touch(now)]
        for i in ended:
            self.jobs[i].ends.append(now)
            self.begin(i, now)
        return bool(ended)

    def begin(self, i: int, now: int) -> None:
        job = self.jobs[i]
        if len(job.ends) == len(job.phases):
            job.finish = now
            self.idle.append(job.place)
            return
        kind, demand = job.phases[len(job.ends)]
        if kind == IO:
            self.sleeping[i] = now + demand
            return
        container = self.containers[job.place[0]]
        ended = container.touch(now)
        container.begin(i, demand)
        for other in ended:
            self.jobs[other].ends.append(now)
            self.begin(other, now)

    def dispatch(self, now: int) -> bool:
        if not self.waiting or not self.idle:
            return False
        i = min(self.waiting, key=lambda i: (self.jobs[i].priority, self.jobs[i].arrival, i))
        self.waiting.remove(i)
        job = self.jobs[i]
        job.start, job.place = now, min(self.idle)
        self.idle.remove(job.place)
        self.begin(i, now)
        return True

    def log(self) -> RunLog:
        jobs, replicas = self.jobs, range(self.shape[0])
        outcomes = [
            Outcome.UNFINISHED if job.finish == NEVER else Outcome.DONE if job.start < NEVER else Outcome.EXPIRED
            for job in jobs
        ]
        attempts = Attempts(
            job=whole(range(len(jobs))),
            attempt=whole(0 for _ in jobs),
            published_ns=whole(job.arrival for job in jobs),
            reserved_ns=whole(job.start for job in jobs),
            started_ns=whole(job.start for job in jobs),
            finished_ns=whole(job.finish for job in jobs),
            replica=whole(job.place[0] for job in jobs),
            slot=whole(job.place[1] for job in jobs),
            outcome=whole(outcomes),
        )
        table = JobTable(
            arrival_ns=whole(job.arrival for job in jobs),
            job_class=whole(0 for _ in jobs),
            queue=whole(job.queue for job in jobs),
            priority=whole(job.priority for job in jobs),
            expires_ns=whole(job.expires for job in jobs),
            classes=("document",),
            queues=("default", "high"),
        )
        rule = PhaseEnds(
            first_phase=whole(np.cumsum([0, *(len(job.phases) for job in jobs)])),
            kind=np.array([kind for job in jobs for kind, _ in job.phases], dtype=np.uint8),
            demand_ns=whole(demand for job in jobs for _, demand in job.phases),
            ends_ns=whole(end for job in jobs for end in [*job.ends, *[NEVER] * (len(job.phases) - len(job.ends))]),
        )
        fleet = fleet_of(*((0, replica, Cause.READY, self.shape[1]) for replica in replicas), vcpus=self.vcpus)
        return RunLog(table, attempts, rule, fleet, self.horizon, 1, "", "simpy")


@st.composite
def valid_logs(draw: st.DrawFn, *, unit: int = 1) -> RunLog:
    """Draw a log in which every instant that is an input lies on a grid of ``unit`` nanoseconds."""
    shape = draw(st.tuples(st.integers(0, 2), st.integers(1, 4)))
    vcpus = draw(st.sampled_from([0.5, 1.0, 1.5, 2.0, 4.0]))
    horizon = draw(st.integers(0, 40))
    phase = st.tuples(st.sampled_from([CPU, IO]), st.integers(0, 8).map(lambda n: n * unit))
    jobs = []
    for arrival in sorted(draw(st.lists(st.integers(0, horizon), max_size=12))):
        patience = draw(st.none() | st.integers(0, 10))
        jobs.append(
            Job(
                arrival=arrival * unit,
                phases=tuple(draw(st.lists(phase, max_size=3))),
                queue=draw(st.integers(0, 1)),
                priority=draw(st.integers(0, 1)),
                expires=NEVER if patience is None else (arrival + patience) * unit,
            )
        )
    return Run(jobs, shape, vcpus, horizon * unit).log()
