"""What followed attempts and a meta line say together: jobs, what they need, and the fleet."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from workersim.runlog import Kind, Outcome
from workersim.runlog.ordering import blocks
from workersim.traces.celery_fleet import lives_of
from workersim.traces.celery_left import ends_unsaid
from workersim.traces.cells import ABSENT
from workersim.traces.facts import Facts, Places
from workersim.units import NEVER, SECOND, shown
from workersim.workload.demands import Demands, rearranged
from workersim.workload.growing import GrowingDemands
from workersim.workload.jobs import constant, is_constant

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from workersim.traces.celery_attempts import Follower
    from workersim.traces.celery_columns import EventColumns
    from workersim.traces.ids import Ids
    from workersim.traces.repairs import Repairs

__all__ = ["Names", "facts_of"]

LIMITS = {"soft_ns": "soft_time_limit", "hard_ns": "time_limit"}

UNSENT = "without task-sent: the arrival is the receipt, so the time in Redis before it is in no wait"
ONLY_ENDED = "left out: neither sent, received nor started is known"
RETRIES = "delivered more than once: replayed once, with what the deciding attempt needed"
LOST = "still running when its worker died: lost then"


class Names(NamedTuple):
    """What numbers in the columns stand for, and what lines say beside events."""

    classes: tuple[str, ...]
    queues: tuple[str, ...]
    meta: dict[str, Any]
    left: dict[int, str]
    gaps: list[tuple[int, int]]


def facts_of(
    follower: Follower, columns: EventColumns, names: Names, repairs: Repairs, *, end_ns: int
) -> tuple[Facts, str]:
    """Return the attempts in the order of arrival of their jobs, and what gave the arrivals.

    Parameters
    ----------
    follower
        Holds the attempts; its columns become those of the facts.
    columns
        Holds what was said of the tasks.
    names, repairs
        What the file speaks of; and where is counted what was repaired.
    end_ns
        When the last event happened.
    """
    held, tasks = follower.columns(), len(columns.ids)
    arrival, unsent = _arrivals(held, tasks, repairs)
    lives = lives_of(names.meta, columns.hosts, follower, int(arrival.min()), end_ns)
    for name in lives.silent:
        repairs.say(
            f"Worker {shown(name)} fell silent before the others: taken as dead from when it was last heard of."
        )
    over = ends_unsaid(follower, names.left, names.gaps, repairs)
    if over:
        held["over"] = np.full(len(held["task"]), NEVER)
        held["over"][list(over)] = list(over.values())
    job = _in_order_of_arrival(held, arrival)
    task, outcome, published = held["task"], held["outcome"], held["published"]
    where = np.array([*(lives.workers.get(name, ABSENT) for name in columns.hosts), ABSENT], np.int32)
    replica = where[held["host"]]
    repairs.count(LOST, _lose(lives.down, replica, held), noun="task")
    _say_of_retries(job, outcome, repairs)
    if over:
        outcome[held["over"] < held["finished"]] = Outcome.LOST
        np.minimum(held["finished"], held["over"], out=held["finished"])
    first = arrival[task]
    unpublished = published == NEVER
    np.copyto(published, first, where=unpublished)
    np.maximum(published, first, out=published)
    told = _jobs_told(names.meta, columns.ids)
    facts = Facts(
        job=job,
        arrival_ns=first,
        published_ns=published,
        received_ns=held["received"],
        started_ns=held["started"],
        finished_ns=held["finished"],
        outcome=outcome,
        job_class=columns.class_of.of(task, tasks),
        queue=columns.queue_of.of(task, tasks),
        priority=_told_of(told, task, _priority),
        patience_ns=_patience(columns.expires_of.of(task, tasks), first),
        demands=_demands(_planned(told), held),
        asked={name: _told_of(told, task, partial(_limit, key)) for name, key in LIMITS.items()},
        places=Places(replica, constant(ABSENT, len(task), np.int32), lives.fleet),
        classes=names.classes,
        queues=names.queues,
        is_absolute=True,
        end_ns=_end_ns(names.meta, end_ns),
        due_ns=held["due"] if (held["due"] < NEVER).any() else constant(NEVER, len(task)),
        meta=names.meta,
    )
    return facts, "received" if unsent.all() else "sent"


def _arrivals(
    held: dict[str, NDArray[Any]], tasks: int, repairs: Repairs
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return when each task arrived, and which of them nobody told to be sent."""
    arrival = np.full(tasks, NEVER)
    np.minimum.at(arrival, held["task"], held["published"])
    unsent = arrival == NEVER
    for rows in blocks(len(held["task"]) if unsent.any() else 0):
        task, seen = held["task"][rows], np.minimum(held["received"][rows], held["started"][rows])
        own = unsent[task]
        np.minimum.at(arrival, task[own], seen[own])
    repairs.count(UNSENT, int((unsent & (arrival < NEVER)).sum()), noun="task")
    repairs.count(ONLY_ENDED, int((arrival == NEVER).sum()), noun="task")
    return arrival, unsent


def _in_order_of_arrival(held: dict[str, NDArray[Any]], arrival: NDArray[np.int64]) -> NDArray[np.int32]:
    """Put the attempts into the order in which their tasks arrived, where they stand; return the number of each job."""
    job: NDArray[np.int32] = held["task"]
    if (arrival[1:] < arrival[:-1]).any():
        rank = np.empty(len(arrival), np.int32)
        rank[np.argsort(arrival, kind="stable")] = np.arange(len(arrival))
        job = rank[job]
    known = job < np.count_nonzero(arrival < NEVER)
    if known.all() and (job[1:] >= job[:-1]).all():
        return job
    order = np.argsort(job, kind="stable")[: np.count_nonzero(known)]
    job = job[order]
    for name, column in held.items():
        column[: len(order)] = column[order]
        held[name] = column[: len(order)]
    return job


def _lose(down: dict[int, list[int]], replica: NDArray[np.int32], held: dict[str, NDArray[Any]]) -> int:
    """End what still ran when its worker died, and return how many attempts that were."""
    lost = 0
    for number, instants in down.items():
        rows = np.flatnonzero((replica == number) & (held["finished"] == NEVER) & (held["started"] <= max(instants)))
        lost += len(rows)
        started = held["started"][rows]
        for instant in reversed(instants):
            held["finished"][rows[started <= instant]] = instant
        held["outcome"][rows] = Outcome.LOST
    return lost


def _say_of_retries(job: NDArray[np.int32], outcome: NDArray[np.uint8], repairs: Repairs) -> None:
    again = (outcome == Outcome.REDELIVERED) | (outcome == Outcome.LOST)
    if again.any():
        last = job[~again].max(initial=-1)
        repairs.count(RETRIES, int((np.unique(job[again]) <= last).sum()), noun="job")


def _patience(expires: NDArray[np.int64], arrival: NDArray[np.int64]) -> NDArray[np.int64]:
    if is_constant(expires) and expires[0] == NEVER:
        return constant(ABSENT, len(expires))
    return np.where(expires < NEVER, np.maximum(expires - arrival, 0), ABSENT)


def _end_ns(meta: dict[str, Any], end_ns: int) -> int:
    epoch: Any = meta.get("epoch")
    end: Any = meta.get("end")
    if not (_is_number(epoch) and _is_number(end)):
        return end_ns
    told = round((epoch + end) * SECOND)
    return told if end_ns < told < end_ns + 86_400 * SECOND else end_ns


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 4.6e9


def _jobs_told(meta: dict[str, Any], ids: Ids) -> dict[int, dict[str, Any]]:
    """Return what a meta line says of the jobs that it published, by the number of the task."""
    told = meta.get("jobs")
    if not isinstance(told, list):
        return {}
    jobs = [each for each in told if isinstance(each, dict) and isinstance(each.get("uuid"), str)]
    found = ((ids.find(each["uuid"]), each) for each in jobs)
    return {number: each for number, each in found if number is not None}


def _told_of(
    told: dict[int, dict[str, Any]], task: NDArray[np.int32], read: Callable[[dict[str, Any]], int]
) -> NDArray[np.int64]:
    """Return what a meta line says of the job of each attempt, -1 where it says nothing."""
    said = {number: read(job) for number, job in told.items()}
    if max(said.values(), default=ABSENT) == ABSENT:
        return constant(ABSENT, len(task))
    column = np.full(int(max(task.max(), *said)) + 1, ABSENT)
    column[list(said)] = list(said.values())
    return column[task]


def _priority(job: dict[str, Any]) -> int:
    told = job.get("priority")
    return told if isinstance(told, int) and 0 <= told < 2**31 else ABSENT


def _limit(key: str, job: dict[str, Any]) -> int:
    """Return the time limit in ns that a job was published with."""
    return round(job[key] * SECOND) if _is_number(job.get(key)) and job[key] > 0 else ABSENT


def _planned(told: dict[int, dict[str, Any]]) -> dict[int, tuple[list[int], list[int]]]:
    """Return the CPU and I/O phases that a meta line says jobs were published with, in ns."""
    planned = {}
    for task, job in told.items():
        phases = job.get("phases")
        if not isinstance(phases, list):
            continue
        kinds, demands = [], []
        for phase in phases:
            if isinstance(phase, list) and len(phase) == 2 and phase[0] in ("cpu", "io") and _is_number(phase[1]):
                kinds.append(int(Kind.CPU if phase[0] == "cpu" else Kind.IO))
                demands.append(round(phase[1] * SECOND))
        if kinds:
            planned[task] = (kinds, demands)
    return planned


def _demands(planned: dict[int, tuple[list[int], list[int]]], held: dict[str, NDArray[Any]]) -> Demands:
    """Return the phases as planned, where they are known; else one I/O phase of the observed service."""
    growing = GrowingDemands()
    for rows in blocks(len(held["task"])):
        started, finished = held["started"][rows], held["finished"][rows]
        told = (started < NEVER) & (finished < NEVER) & (held["outcome"][rows] != Outcome.LOST)
        served = Demands(
            told.astype(np.int64), constant(int(Kind.IO), int(told.sum()), np.uint8), (finished - started)[told]
        )
        growing.extend(_as_planned(planned, held["task"][rows], served) if planned else served)
    return growing.made()


def _as_planned(planned: dict[int, tuple[list[int], list[int]]], task: NDArray[np.int32], served: Demands) -> Demands:
    known = [(row, planned[number]) for row, number in enumerate(task.tolist()) if number in planned]
    counts = np.array([len(kinds) for _, (kinds, _) in known], np.int64)
    kinds = np.array([kind for _, (kinds, _) in known for kind in kinds], np.uint8)
    demands = np.array([each for _, (_, demands) in known for each in demands], np.int64)
    order = np.arange(len(task))
    order[[row for row, _ in known]] = np.arange(len(task), len(task) + len(known))
    return rearranged([served, Demands(counts, kinds, demands)], order)
