"""Random whole worlds on a small grid of times, so that ties are common: fleets, settings, fates and mishaps."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Any, NamedTuple

from hypothesis import strategies as st

from workersim.units import NEVER

from .worlds import D, celery, change, cpu, crash, deploy, ideal, io, kill, outage, stop

if TYPE_CHECKING:
    from collections.abc import Callable

    from workersim.engines.system import Change, Service
    from workersim.policies import Observation

__all__ = ["RandomWorld", "worlds"]

QUEUES = ("a", "b")


class RandomWorld(NamedTuple):
    """What ``run`` of tests/worlds.py is given."""

    documents: list[D]
    services: list[Service]
    asked: dict[str, Any]


def worlds() -> st.SearchStrategy[RandomWorld]:
    """Draw a world; hypothesis makes it smaller when it fails."""
    return st.randoms(use_true_random=False).map(lambda draw: _World(draw).world())


class _World:
    def __init__(self, draw: Random) -> None:
        self.draw = draw
        self.unit = draw.choice([1, 10, 50, 0.05])

    def chance(self, share: float) -> bool:
        return self.draw.random() < share

    def time(self, most: int) -> float:
        return self.draw.randrange(most + 1) * self.unit

    def times(self, most: int, least: int, count: int) -> list[float]:
        return [self.time(most) for _ in range(self.draw.randrange(least, count + 1))]

    def world(self) -> RandomWorld:
        draw = self.draw
        n = draw.randrange(12)
        documents = [self.document(job, n) for job in range(n)]
        services = [self.service() for _ in range(draw.choice([1, 1, 2]))]
        schedule = tuple(self.change(draw.randrange(len(services))) for _ in range(draw.randrange(6)))
        until = draw.choice([None, None, self.time(60), 200 * self.unit])
        if until is None and any(service.policy for service in services):
            until = 200 * self.unit  # a policy that cannot make up its mind keeps a run going for ever
        rates = (0, draw.choice([0, 2, 50]))
        return RandomWorld(
            documents, services, {"schedule": schedule, "until": until, "queues": QUEUES, "rates": rates}
        )

    def document(self, job: int, n: int) -> D:
        draw = self.draw
        later = list(range(job + 1, n))
        return D(
            at=self.time(20),
            phases=tuple(draw.choice([cpu, io])(ms) for ms in self.times(10, 1, 3)),
            queue=draw.choice(QUEUES),
            priority=draw.randrange(11) if self.chance(0.5) else 0,
            expires=self.time(30) if self.chance(0.3) else None,
            lot=draw.choice([0.0, 0.3, 0.7, 0.99]),
            fails=draw.choice([0, 0, 1, 2]),
            fails_after=self.time(10) if self.chance(0.5) else None,
            retries=tuple(self.times(10, 0, 2)),
            soft=self.time(15) if self.chance(0.2) else None,
            hard=self.time(15) if self.chance(0.2) else None,
            countdown=self.time(20) if self.chance(0.3) else 0,
            memory=draw.choice([0, 0, 30, 60]),
            job_class=draw.randrange(2),
            then=tuple(sorted(draw.sample(later, min(len(later), draw.choice([0, 0, 0, 1, 2]))))),
        )

    def service(self) -> Service:
        draw = self.draw
        concurrency = draw.randrange(1, 4)
        common: dict[str, Any] = {
            "queues": draw.choice([(0,), (1,), (0, 1), (1, 0)]),
            "in_turn": self.chance(0.5),
            "vcpus": draw.choice([0.5, 0.7, 1.0, 2.0, 64.0]),
            "startups": self.times(10, 1, 3),
            "drain": draw.choice([None, 0, self.time(20)]),
            "process_bytes": draw.choice([0, 10]),
            "parent_bytes": draw.choice([0, 5]),
            "limit_bytes": draw.choice([NEVER, NEVER, 100, 75]),
            "restarts": draw.choice([0, 1, 10]),
        }
        if self.chance(0.3):
            common |= {"every": draw.choice([1, 3, 7]) * self.unit, "policy": _policy(draw.randrange(2**20))}
        if self.chance(0.35):
            rule = draw.choice(["longest_idle", "first", "least_busy", "random"])
            return ideal(draw.randrange(3), concurrency, dispatch=rule, **common)
        return celery(draw.randrange(4), concurrency, **self.worker(concurrency), **common)

    def worker(self, concurrency: int) -> dict[str, Any]:
        draw = self.draw
        return {
            "window": draw.choice([concurrency, 2 * concurrency, 4 * concurrency, NEVER]),
            "late": self.chance(0.5),
            "disable_prefetch": self.chance(0.2),
            "reject_on_worker_lost": self.chance(0.5),
            "visibility_timeout": draw.choice([None, self.time(20)]),
            "fetch": draw.choice([0, 1, 1]) * self.unit,
            "poll": self.time(10),
            "hand_off": draw.choice([0, 3, 1]) * self.unit,
            "sweep_first": draw.choice([None, self.time(10) + self.unit]),
            "sweep_every": draw.choice([7, 13]) * self.unit,
            "process_start": self.time(5),
            "max_tasks_per_child": draw.choice([0, 0, 1, 2]),
            "max_memory_per_child": draw.choice([0, 0, 35]),
            "processes": draw.randrange(1, concurrency + 1) if self.chance(0.3) else 0,
            "keepalive": draw.choice([3, 8]) * self.unit,
        }

    def change(self, service: int) -> Change:
        draw, at = self.draw, self.time(40)
        replica, slot, grace = draw.randrange(3), draw.choice([-2, 0, 1]), draw.choice([None, 0, self.time(20)])
        return draw.choice(
            [
                crash(at, replica, grace, service=service, drawn=self.chance(0.3)),
                kill(at, replica, slot, service),
                stop(at, replica, grace, service),
                outage(at, self.time(10)),
                change(at, draw.randrange(5), service),
                deploy(at, draw.choice([0, self.time(10)]), grace, service),
            ]
        )


def _policy(seed: int) -> Callable[[], Callable[[Observation], int]]:
    """Return what makes a policy without a plan; it also follows all that it is told."""

    def make() -> Callable[[Observation], int]:
        draw = Random(seed)  # noqa: S311 (no secret)

        def want(seen: Observation) -> int:
            told = (
                seen.queue_length,
                seen.backlog,
                seen.running,
                round(10 * seen.cpu),
                round(sum(seen.oldest_s.values())),
            )
            return draw.choice([0, 1, 2, 3, seen.wanted, seen.starting + seen.ready, sum(told) % 4, len(seen.lists)])

        return want

    return make
