"""The workloads that are measured.

W2's means: 0.25 s of CPU, 0.25 s of I/O, 0.25 s of CPU.  Half a second of CPU a job makes the vCPUs the
resource that binds: 9.6 jobs/s load the six of them with 0.8.  (Four slots that are never idle keep two vCPUs
96 % busy, a closed network of four jobs, so 9.6 jobs/s are 0.83 of all that this fleet can carry.)
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import product
from typing import TYPE_CHECKING, Any

from .shape import Case

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["CASES", "scenario"]

LOAD = 0.8


@dataclass(frozen=True, kw_only=True)
class Feature:
    """Something that can be switched on: keys of the fleet, and the kinds of jobs that it tells apart."""

    name: str
    fleet: Mapping[str, Any] = field(default_factory=dict)
    kinds: tuple[Mapping[str, Any], ...] = ({},)


# All that exists, each in a way that leaves the amount of work as it is, so that it can be compared with W2: first what
# a fleet of ideal workers that stays as it is can have, then all the rest.
STEADY = (
    Feature(
        name="2 queues, round robin",
        fleet={"queues": ["left", "right"], "queue_order": "round_robin"},
        kinds=({"queue": "left"}, {"queue": "right"}),
    ),
    Feature(name="3 priorities", kinds=({"priority": 0}, {"priority": 3}, {"priority": 6})),
    Feature(name="expiry (patience 1 h: nobody leaves)", kinds=({"expires": "1 h"},)),
    Feature(name="least busy replica first", fleet={"dispatch": "least_busy"}),
)
CELERY = {
    "acks": "late",
    "reject_on_worker_lost": True,
    "max_tasks_per_child": 1_000_000,
    "max_memory_per_child": "8 GB",
    "process_start": "10 ms",
}
ALL = (
    *STEADY[:3],
    Feature(name="Celery workers (prefetch 4, late acks, sweeps)", fleet={"worker": {"celery": CELERY}}),
    Feature(
        name="a scaling rule that is asked every 30 s",
        fleet={
            "autoscale": {
                "min_replicas": 3,
                "max_replicas": 3,
                "scale_up_when": "queue_length > 5",
                "scale_down_when": "queue_length < 2 AND utilization < 30%",
                "every": "30 s",
            }
        },
    ),
    Feature(name="crashes by chance, once in 30 days", fleet={"crashes": {"mtbf": "30 days", "mttr": "10 s"}}),
    Feature(
        name="memory and its limit",
        fleet={"process_memory": "200 MB", "parent_memory": "100 MB", "memory_limit": "64 GB"},
        kinds=({"memory": "50 MB"},),
    ),
    Feature(name="time limits", kinds=({"soft_time_limit": "1 h", "time_limit": "2 h"},)),
    Feature(name="failures of 0.1 % with retries", kinds=({"fails": 0.001, "retries": {"max": 3, "delay": "1 s"}},)),
)


def fifo(slots: int) -> Case:
    """Return W1: M/M/c with a mean service of 1 s."""
    return Case(
        key=f"W1-{slots}",
        title=f"M/M/{slots}, first come, first served, load {LOAD}",
        replicas=1,
        slots=slots,
        rate_per_s=LOAD * slots,
        phases=(("cpu", 1.0),),
        jobs=10_000_000,
    )


def sharing(key: str, replicas: int, slots: int) -> Case:
    """Return W2 or W3: two vCPUs a replica, CPU, I/O and CPU."""
    phases = (("cpu", 0.25), ("io", 0.25), ("cpu", 0.25))
    vcpus = 2.0
    cpu_s = sum(mean for kind, mean in phases if kind == "cpu")
    return Case(
        key=key,
        title=f"{replicas:,} x {slots} slots sharing {vcpus:g} vCPUs, CPU + I/O + CPU, vCPU load {LOAD}",
        replicas=replicas,
        slots=slots,
        vcpus=vcpus,
        rate_per_s=LOAD * replicas * vcpus / cpu_s,
        phases=phases,
        jobs=1_000_000,
    )


def with_features(key: str, case: Case, features: tuple[Feature, ...]) -> Case:
    """Return a case with features switched on: a class of jobs for each combination of kinds."""
    kinds = product(*(feature.kinds for feature in features))
    return replace(
        case,
        key=key,
        title=f"{case.key} with " + "; ".join(feature.name for feature in features),
        fleet=merged(*(feature.fleet for feature in features)),
        classes=tuple(merged(*combination) for combination in kinds),
    )


def merged(*mappings: Mapping[str, Any]) -> dict[str, Any]:
    """Return one mapping with the keys of all."""
    return {key: value for mapping in mappings for key, value in mapping.items()}


W2 = sharing("W2", 3, 4)
CASES = {
    case.key: case
    for case in (
        fifo(4),
        fifo(12),
        W2,
        sharing("W3", 1_000, 8),
        with_features("W4", W2, ALL),
        with_features("W4-steady", W2, STEADY),
    )
}


def scenario(case: Case, jobs: int) -> dict[str, Any]:
    """Return the case as a scenario file says it, with arrivals until about so many jobs have come."""
    demands = [{kind: {"exponential": {"mean": f"{mean} s"}}} for kind, mean in case.phases]
    work = {"phases": demands} if len(demands) > 1 else {"service": demands[0][case.phases[0][0]]}
    vcpus = {} if case.vcpus is None else {"vcpus": case.vcpus}
    return {
        "name": case.key,
        "fleet": {"replicas": case.replicas, "concurrency": case.slots, **vcpus, **case.fleet},
        "workload": {
            "jobs": {f"class-{i}": {**work, **keys} for i, keys in enumerate(case.classes)},
            "arrivals": [{"poisson": {"rate": f"{case.rate_per_s!r}/s", "until": f"{jobs / case.rate_per_s:.9f} s"}}],
        },
        "run": {"until": "drained"},
    }
