"""What followed attempts and a meta line say together: jobs, what they need, and the fleet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from workersim.runlog import Kind, Outcome
from workersim.traces.celery_fleet import lives_of
from workersim.traces.celery_left import ends_unsaid
from workersim.traces.cells import ABSENT
from workersim.traces.facts import Facts, Places
from workersim.units import NEVER, SECOND, shown
from workersim.workload.demands import Demands

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from workersim.traces.celery_attempts import Follower
    from workersim.traces.repairs import Repairs

__all__ = ["facts_of"]

UNSENT = "without task-sent: the arrival is the receipt, so the time in Redis before it is in no wait"
ONLY_ENDED = "left out: neither sent, received nor started is known"
RETRIES = "delivered more than once: replayed once, with what the deciding attempt needed"
LOST = "still running when its worker died: lost then"


def facts_of(follower: Follower, columns: Any, repairs: Repairs, *, end_ns: int) -> tuple[Facts, str]:
    """Return the attempts in the order of arrival of their jobs, and what gave the arrivals.

    Parameters
    ----------
    follower
        Holds the attempts.
    columns
        Holds the names, and the meta line.
    repairs
        Where is counted what was repaired.
    end_ns
        When the last event happened.
    """
    task = np.array(follower.task, np.int64)
    published, received, started, finished = (
        np.array(getattr(follower, name), np.int64) for name in ("published", "received", "started", "finished")
    )
    arrival = np.full(len(columns.uuids), NEVER)
    np.minimum.at(arrival, task, published)
    unsent = arrival == NEVER
    first_seen = np.full(len(arrival), NEVER)
    np.minimum.at(first_seen, task, np.minimum(received, started))
    arrival = np.where(unsent, first_seen, arrival)
    repairs.count(UNSENT, int((unsent & (arrival < NEVER)).sum()), noun="task")
    repairs.count(ONLY_ENDED, int((arrival == NEVER).sum()), noun="task")
    order = np.lexsort((np.arange(len(task)), arrival[task]))
    order = order[arrival[task[order]] < NEVER]
    by_task = np.argsort(np.argsort(arrival, kind="stable"), kind="stable")
    order = order[np.argsort(by_task[task[order]], kind="stable")]
    job_of = by_task[task[order]]
    get = {name: np.array(column)[task[order]] for name, column in _of_tasks(columns).items()}
    meta = columns.meta
    planned = _planned(meta, columns.uuids)
    lives = lives_of(meta, columns.hosts, follower, int(arrival.min()), end_ns)
    for name in lives.silent:
        repairs.say(
            f"Worker {shown(name)} fell silent before the others: taken as dead from when it was last heard of."
        )
    where = np.array([*(lives.workers.get(name, ABSENT) for name in columns.hosts), ABSENT], np.int64)
    replica = where[np.array(follower.host, np.int64)[order]]
    outcome = np.array(follower.outcome, np.int64)[order]
    finished = finished[order]
    lost = _lost(lives.down, replica, started[order], finished)
    repairs.count(LOST, int((lost < NEVER).sum()), noun="task")
    outcome = np.where(lost < NEVER, int(Outcome.LOST), outcome)
    finished = np.minimum(finished, lost)
    again = np.isin(outcome, [Outcome.REDELIVERED, Outcome.LOST])
    repairs.count(
        RETRIES,
        int((np.bincount(job_of[~again]) < np.bincount(job_of)[: job_of[~again].max(initial=-1) + 1]).sum()),
        noun="job",
    )
    over = ends_unsaid(follower, columns.left, columns.gaps, repairs)[order]
    outcome = np.where(over < finished, int(Outcome.LOST), outcome)
    finished = np.minimum(finished, over)
    first = arrival[task[order]]
    facts = Facts(
        job=job_of,
        arrival_ns=first,
        published_ns=np.where(published[order] == NEVER, first, np.maximum(published[order], first)),
        received_ns=received[order],
        started_ns=started[order],
        finished_ns=finished,
        outcome=outcome,
        job_class=get["job_class"],
        queue=get["queue"],
        priority=_priorities(meta, columns.uuids)[task[order]],
        patience_ns=np.where(get["expires"] < NEVER, np.maximum(get["expires"] - first, 0), ABSENT),
        demands=_demands(planned, task[order], started[order], np.where(outcome == Outcome.LOST, NEVER, finished)),
        asked=_limits(meta, columns.uuids, task[order]),
        places=Places(replica, np.full(len(order), ABSENT), lives.fleet),
        classes=tuple(columns.classes),
        queues=tuple(columns.queues),
        is_absolute=True,
        end_ns=_end_ns(meta, end_ns),
        due_ns=np.array(follower.due, np.int64)[order],
        meta=meta,
    )
    return facts, "received" if unsent.all() else "sent"


def _lost(
    down: dict[int, list[int]], replica: NDArray[np.int64], started: NDArray[np.int64], finished: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return when attempts were lost with their worker; ``NEVER`` for all others."""
    lost = np.full(len(replica), NEVER)
    for number, instants in down.items():
        for instant in reversed(instants):
            lost[(replica == number) & (finished == NEVER) & (started <= instant)] = instant
    return lost


def _of_tasks(columns: Any) -> dict[str, NDArray[np.int64]]:
    return {
        "job_class": np.array(columns.class_of, np.int64),
        "queue": np.array(columns.queue_of, np.int64),
        "expires": np.array(columns.expires_of, np.int64),
    }


def _end_ns(meta: dict[str, Any], end_ns: int) -> int:
    epoch: Any = meta.get("epoch")
    end: Any = meta.get("end")
    if not (_is_number(epoch) and _is_number(end)):
        return end_ns
    told = round((epoch + end) * SECOND)
    return told if end_ns < told < end_ns + 86_400 * SECOND else end_ns


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 4.6e9


def _jobs_told(meta: dict[str, Any], uuids: dict[str, int]) -> list[tuple[int, dict[str, Any]]]:
    """Return what a meta line says of the jobs that it published, by the number of the task."""
    told = meta.get("jobs")
    if not isinstance(told, list):
        return []
    jobs = [each for each in told if isinstance(each, dict) and isinstance(each.get("uuid"), str)]
    return [(uuids[each["uuid"]], each) for each in jobs if each["uuid"] in uuids]


def _priorities(meta: dict[str, Any], uuids: dict[str, int]) -> NDArray[np.int64]:
    priority = np.full(len(uuids), ABSENT)
    for task, job in _jobs_told(meta, uuids):
        told = job.get("priority")
        if isinstance(told, int) and 0 <= told < 2**31:
            priority[task] = told
    return priority


def _limits(meta: dict[str, Any], uuids: dict[str, int], task: NDArray[np.int64]) -> dict[str, NDArray[np.int64]]:
    """Return the time limits that a meta line says jobs were published with."""
    limits = {}
    for name, key in (("soft_ns", "soft_time_limit"), ("hard_ns", "time_limit")):
        column = np.full(len(uuids), ABSENT)
        for number, job in _jobs_told(meta, uuids):
            if _is_number(job.get(key)) and job[key] > 0:
                column[number] = round(job[key] * SECOND)
        limits[name] = column[task]
    return limits


def _planned(meta: dict[str, Any], uuids: dict[str, int]) -> dict[int, tuple[list[int], list[int]]]:
    """Return the CPU and I/O phases that a meta line says jobs were published with, in ns."""
    planned = {}
    for task, job in _jobs_told(meta, uuids):
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


def _demands(
    planned: dict[int, tuple[list[int], list[int]]],
    task: NDArray[np.int64],
    started: NDArray[np.int64],
    finished: NDArray[np.int64],
) -> Demands:
    """Return the phases as planned, where they are known; else one I/O phase of the observed service."""
    served = np.where((started < NEVER) & (finished < NEVER), finished - started, ABSENT)
    if not planned:
        told = served >= 0
        return Demands(told.astype(np.int64), np.full(int(told.sum()), int(Kind.IO), np.uint8), served[told])
    counts, kinds, demands = [], [], []
    for number, lasted in zip(task.tolist(), served.tolist(), strict=True):
        own = planned.get(number) or (([int(Kind.IO)], [lasted]) if lasted >= 0 else ([], []))
        counts.append(len(own[0]))
        kinds += own[0]
        demands += own[1]
    return Demands(np.array(counts, np.int64), np.array(kinds, np.uint8), np.array(demands, np.int64))
