"""Random worlds for the comparison of the engines: whole systems, every feature drawn with a chance of its own.

Times lie on a small grid, of which the constants of the model (0.05 s, 0.15 s, 0.17 s, 1.65 s) are multiples, so that
ties are common; now and then they lie anywhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple
from zlib import crc32

import numpy as np

from workersim.engines.system import BUSY, WHOLE, Celery, Change, Happening, Service, System
from workersim.metrics.steps import PARTS
from workersim.runlog import JobTable
from workersim.units import NEVER
from workersim.workload import Jobs
from workersim.workload.fates import Fates

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from workersim.policies import Observation

__all__ = ["Drawn", "draw", "summary"]

MS = 1_000_000
UNITS = (10 * MS, 10 * MS, 50 * MS, 50 * MS, 1, 333_333_333)


class Drawn(NamedTuple):
    """One run: what an engine is given, and where its sums are cut back."""

    jobs: Jobs
    system: System
    horizon_ns: int
    rebase_bits: int


def warm_up_of(seed: int, horizon_ns: int) -> int:
    """Return a warm-up of nothing, of a third, or of all of a run."""
    return (0, horizon_ns // 3, horizon_ns)[seed % 3]


def can_be_gauged(system: System) -> bool:
    """Tell whether a run that is only measured knows the CPU in use exactly, and all that is charged."""
    return all(not service.vcpu_price and (service.vcpus * PARTS).is_integer() for service in system.services)


def draw(seed: int) -> Drawn:
    """Return the world of a seed."""
    return _Draw(seed).world()


def summary(drawn: Drawn) -> str:
    """Return what is in a world, short enough to be read."""
    jobs, fates = drawn.jobs, drawn.jobs.fates
    lines = [f"horizon {drawn.horizon_ns}, rebase 2**{drawn.rebase_bits}"]
    lines += [f"service {service}" for service in drawn.system.services]
    lines += [f"schedule {change}" for change in drawn.system.schedule]
    for j in range(len(jobs)):
        table = [int(getattr(jobs.table, name)[j]) for name in ("arrival_ns", "queue", "priority", "expires_ns")]
        lines.append(f"job {j}: arrival, queue, priority, expires {table}, phases {jobs.phases(j)}")
    if fates is not None:
        lines += [f"{name} {np.asarray(column).tolist()}" for name, column in vars(fates).items()]
    return "\n".join(lines).replace(str(NEVER), "NEVER")


class _Wants:
    """A policy that wants now this, now that, by all that it sees, and makes up its mind after some ticks."""

    def __init__(self, salt: int, most: int, ticks: int, finally_: int) -> None:
        self.salt, self.most, self.left, self.finally_ = salt, most, ticks, finally_

    def __call__(self, observation: Observation) -> int:
        self.left -= 1
        if self.left < 0:
            return self.finally_
        lists, oldest = sorted(observation.lists.items()), sorted(observation.oldest_s.items())
        seen = sorted((vars(observation) | {"lists": lists, "oldest_s": oldest}).items())
        return crc32(repr(seen).encode(), self.salt) % (self.most + 1)


class _Draw:
    """The draws of one world, one after the other."""

    def __init__(self, seed: int) -> None:
        self.random = np.random.default_rng([seed, 20])
        self.unit = int(self.pick(UNITS))
        self.on_grid = not self.chance(0.15)

    def chance(self, p: float) -> bool:
        return bool(self.random.random() < p)

    def pick(self, values: Sequence[Any]) -> Any:
        return values[int(self.random.integers(len(values)))]

    def number(self, low: int, high: int) -> int:
        return int(self.random.integers(low, high + 1))

    def time(self, most: int, least: int = 0) -> int:
        if self.on_grid or self.chance(0.5):
            return self.number(least, most) * self.unit
        return self.number(least * self.unit, most * self.unit)

    def period(self, most: int) -> int:
        """Return a time after which something is looked at again and again, not too short beside the constants."""
        return max(self.time(most, 1), self.number(1, most) * 10 * MS)

    def maybe(self, p: float, most: int, least: int = 0) -> int:
        return self.time(most, least) if self.chance(p) else NEVER

    def world(self) -> Drawn:
        self.queues = ("high", "default", "low")[: self.pick([1, 1, 2, 3])]
        self.celery = self.pick([0.0, 0.0, 1.0, 1.0, 0.5])
        self.remembering = self.chance(0.1)
        services = tuple(self.service(v) for v in range(self.pick([1, 1, 1, 2, 2, 3])))
        jobs = self.jobs()
        system = System(services, self.queues, self.schedule(services) if self.chance(0.65) else ())
        span = 40 * max(self.unit, 10 * MS)
        endless = any(service.policy is not None for service in services)
        endless &= any(service.limit_bytes < NEVER for service in services)
        # messages that come back faster than they are worked off multiply: that ends, but not soon
        endless |= any(
            service.celery is not None and service.celery.visibility_timeout_ns < span for service in services
        )
        horizon = self.time(300 if self.chance(0.5) else 40, 1) if endless or self.chance(0.4) else NEVER
        return Drawn(jobs, system, horizon, self.pick([44, 44, 30, 20, 3]))

    # the services

    def service(self, v: int) -> Service:
        listed = self.random.permutation(len(self.queues))[: self.number(1, len(self.queues))]
        if self.chance(0.5):
            listed = np.arange(len(self.queues))
        concurrency = self.number(1, 4)
        limited = self.chance(0.25)
        policy = self.policy() if self.chance(0.3) else None
        return Service(
            name=f"service-{v}",
            replicas=self.pick([0, 1, 1, 2, 2, 3, 4]),
            concurrency=concurrency,
            vcpus=self.pick([0.5, 0.7, 1.0, 1.5, 2.0, 4.0]),
            queues=tuple(listed.tolist()),
            in_turn=self.chance(0.5),
            dispatch=self.pick(["longest_idle", "longest_idle", "first", "least_busy", "random"]),
            celery=self.worker(concurrency) if self.chance(self.celery) else None,
            startups_ns=np.array([self.time(10) for _ in range(self.number(1, 3))], np.int64),
            drain_ns=self.pick([NEVER, 0, self.time(10), self.time(200)]),
            process_bytes=self.pick([0, 10]),
            parent_bytes=self.pick([0, 5]),
            limit_bytes=5 + 10 * concurrency + self.number(0, 12) if limited else NEVER,
            restarts=self.pick([0, 1, 10]),
            every_ns=self.period(12) if policy else NEVER,
            policy=policy,
        )

    def policy(self) -> Callable[[], _Wants]:
        salt, most, ticks, finally_ = self.number(0, 10**6), self.number(1, 4), self.number(1, 25), self.number(0, 3)
        return lambda: _Wants(salt, most, ticks, finally_)

    def worker(self, concurrency: int) -> Celery:
        sweeps, scaled = self.chance(0.6), concurrency > 1 and self.chance(0.3)
        return Celery(
            window=self.pick([NEVER, concurrency, concurrency, 4 * concurrency, 1, 2]),
            late=self.chance(0.5),
            disable_prefetch=self.chance(0.2),
            reject_on_worker_lost=self.chance(0.5),
            visibility_timeout_ns=self.pick([self.time(8), self.time(60)]) if sweeps else NEVER,
            fetch_ns=self.pick([MS, MS, self.unit, 0, self.time(2)]),
            poll_ns=self.pick([1000 * MS, self.time(5), self.time(20)]),
            hand_off_ns=self.pick([3 * MS, 0, self.unit, self.time(3)]),
            sweep_first_ns=self.period(20) if sweeps else NEVER,
            sweep_every_ns=self.period(20) if sweeps else NEVER,
            process_start_ns=self.pick([0, 0, self.time(8)]),
            max_tasks_per_child=self.pick([0, 0, 1, 2, 3]),
            max_memory_per_child=self.pick([0, 0, 0, 12, 15]),
            processes=self.number(1, concurrency - 1) if scaled else 0,
            keepalive_ns=self.period(15) if scaled else NEVER,
        )

    # what happens to them

    def schedule(self, services: tuple[Service, ...]) -> tuple[Change, ...]:
        kinds = [Happening(k) for k in range(5) if self.chance(0.5)] or [Happening.CRASH]
        rows = [self.change(self.pick(kinds), self.number(0, len(services) - 1)) for _ in range(self.number(1, 6))]
        return tuple(sorted(rows, key=lambda row: (row.at_ns, row.kind)))

    def change(self, kind: Happening, service: int) -> Change:
        at, replica = self.time(self.pick([12, 40])), self.number(0, 4)
        if kind == Happening.CRASH and self.chance(0.4):
            return Change(at, kind, service, replica, self.pick([0, 0, 1, 2, 5, BUSY, BUSY]), drawn=self.chance(0.2))
        if kind == Happening.CRASH:
            return Change(at, kind, service, replica, WHOLE, self.maybe(0.6, 20), drawn=self.chance(0.3))
        if kind == Happening.STOP:
            return Change(at, kind, service, replica, lasts_ns=self.pick([0, self.time(10), self.time(200), NEVER]))
        if kind == Happening.OUTAGE:
            return Change(at, kind, -1, lasts_ns=self.time(20))
        if kind == Happening.CHANGE:
            return Change(at, kind, service, replicas=self.number(0, 5))
        drain = self.pick([0, self.time(10), self.time(200), NEVER])
        return Change(at, kind, service, lasts_ns=self.pick([0, self.time(10)]), drain_ns=drain)

    # the jobs

    def jobs(self) -> Jobs:
        n = self.pick([0, 1, *range(2, 17), *range(6, 17), 30])
        span = self.pick([0, 10, 10, 30])
        arrivals = np.array([self.time(span) for _ in range(n)], np.int64)
        if self.chance(0.6):
            arrivals.sort()
        fates = None if self.chance(0.15) else self.fates(n)
        waits = np.zeros(n, np.bool_) if fates is None else fates.predecessors > 0
        patient = self.chance(0.6)
        patience = np.array([NEVER if patient else self.maybe(0.6, 20) for _ in range(n)], np.int64)
        apart = self.chance(0.4)
        table = JobTable(
            arrival_ns=np.where(waits, NEVER, arrivals),
            job_class=self.column(n, lambda: self.number(0, 1)),
            queue=self.column(n, lambda: self.number(0, len(self.queues) - 1)),
            priority=self.column(n, lambda: self.number(0, 11) if apart else 0),
            expires_ns=np.where(waits | (patience == NEVER), patience, arrivals + np.minimum(patience, 1 << 50)),
            classes=("document", "page"),
            queues=self.queues,
        )
        longest = self.pick([4, 12, 40])
        counts = [self.number(1, 4) for _ in range(n)]
        io = self.pick([0.2, 0.5, 1.0])
        kinds = np.array([self.chance(io) for _ in range(sum(counts))], np.uint8)
        demands = np.array([self.time(longest) for _ in kinds], np.int64)
        return Jobs(table, np.cumsum([0, *counts]), kinds, demands, self.random.random(n), fates)

    def column(self, n: int, value: Callable[[], int]) -> NDArray[np.int64]:
        return np.array([value() for _ in range(n)], np.int64)

    def fates(self, n: int) -> Fates:
        fails, limits, late, heavy, follows, rated = (self.chance(p) for p in (0.4, 0.3, 0.3, 0.35, 0.3, 0.3))
        retries = [self.number(0, 3) if fails else 0 for _ in range(n)]
        followers = self.followers(n) if follows else [[] for _ in range(n)]
        flat = [other for those in followers for other in those]
        return Fates(
            fails=self.column(n, lambda: self.number(0, 3) if fails and self.chance(0.6) else 0),
            fails_after_ns=self.column(n, lambda: self.maybe(0.6, 30)),
            first_retry=np.cumsum([0, *retries]),
            retry_delay_ns=self.column(sum(retries), lambda: self.pick([0, self.time(3), self.time(30)])),
            soft_ns=self.column(n, lambda: self.maybe(0.5, 40) if limits else NEVER),
            hard_ns=self.column(n, lambda: self.maybe(0.5, 40) if limits else NEVER),
            countdown_ns=self.column(n, lambda: self.time(20) if late and self.chance(0.5) else 0),
            memory_bytes=self.column(n, lambda: self.number(0, 9) if heavy else 0),
            predecessors=np.bincount(np.array(flat, np.int64), minlength=n).astype(np.int64),
            first_follower=np.cumsum([0, *(len(those) for those in followers)]),
            follower=np.array(flat, np.int64),
            rate_ns=np.array(
                [self.time(self.pick([4, 40])) if rated and self.chance(0.6) else 0 for _ in range(2)], np.int64
            ),
        )

    def followers(self, n: int) -> list[list[int]]:
        """Return for each job the later ones that wait for it."""
        return [
            sorted({self.number(j + 1, n - 1) for _ in range(self.number(0, 2))})
            if j < n - 1 and self.chance(0.3)
            else []
            for j in range(n)
        ]
