"""The fleet: as the recording tells it, else as its workers were seen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from workersim.traces.recorded_fleet import celery_settings
from workersim.units import NEVER, SECOND

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from workersim.experiments.calibrating.evidence import Evidence
    from workersim.experiments.calibrating.notes import Notes

    Ints = NDArray[np.int64]

__all__ = ["fleet_of", "told_vcpus"]

HELD_S = 0.05  # in a worker, before a job starts: longer than a hand-over


def told_vcpus(evidence: Evidence) -> float | None:
    """Return the processors a container that the meta line tells."""
    for name in ("cpu_share", "vcpus"):
        told = evidence.recording.meta.get(name)
        if isinstance(told, int | float) and not isinstance(told, bool) and 0.001 <= told <= 100_000:
            return float(told)
    return None


def fleet_of(evidence: Evidence, vcpus: float | None, notes: Notes) -> dict[str, Any]:
    """Return ``fleet`` of a scenario file."""
    meta = evidence.recording.meta
    replicas: Any = meta.get("replicas")
    processes: Any = meta.get("concurrency")
    if _is_count(replicas) and _is_count(processes):
        notes.inferred.append(f"The fleet is that of the meta line: {replicas} x {processes} processes.")
    else:
        replicas, processes = _seen(evidence, notes)
    fleet: dict[str, Any] = {"replicas": replicas, "concurrency": processes}
    if vcpus is not None:
        fleet["vcpus"] = float(f"{vcpus:.4g}")
    queues = meta.get("queues")
    if isinstance(queues, list) and set(evidence.queues) <= set(queues):
        fleet["queues"] = queues
    order = meta.get("queue_order_strategy")
    if order in ("round_robin", "priority", "sorted"):
        fleet["queue_order"] = order
    return fleet | _worker(evidence, processes, notes)


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 10_000


def _seen(evidence: Evidence, notes: Notes) -> tuple[int, int]:
    """Return workers and processes of each, from what ran where."""
    if evidence.runs is None or not len(evidence.runs.started_ns):
        notes.assumed.append("Nothing says what fleet there was: one worker with one process.")
        return 1, 1
    runs, log = evidence.runs, evidence.recording.observed
    workers = np.unique(runs.replica)
    together = [_most_at_once(runs.started_ns[mine], runs.finished_ns[mine]) for mine in _each(runs.replica, workers)]
    processes = max(together)
    if len(log.fleet):
        processes = max(1, int(log.fleet.slots.max()))
        notes.inferred.append(f"{len(workers)} workers were seen, with {processes} processes each.")
    else:
        notes.inferred.append(f"{len(workers)} workers were seen; at most {processes} jobs ran at once in one of them.")
        notes.assumed.append(f"Each worker has {processes} processes; --processes N says it.")
    return len(workers), processes


def _each(replica: Ints, workers: Ints) -> list[NDArray[np.bool_]]:
    return [replica == each for each in workers.tolist()]


def _most_at_once(begin_ns: Ints, end_ns: Ints) -> int:
    instants = np.concatenate([end_ns, begin_ns])
    signs = np.concatenate([-np.ones(len(end_ns), np.int64), np.ones(len(begin_ns), np.int64)])
    return max(1, int(np.cumsum(signs[np.argsort(instants, kind="stable")]).max()))


def _worker(evidence: Evidence, processes: int, notes: Notes) -> dict[str, Any]:
    """Return how workers take jobs: by the settings of the meta line, else by what they were seen to hold."""
    meta = evidence.recording.meta
    if any(key in meta for key in ("mult", "acks_late", "late")):
        notes.inferred.append("How workers take jobs is that of the meta line.")
        return {"worker": {"celery": celery_settings(meta)}}
    held = _most_held(evidence)
    if held is None:
        notes.assumed.append("Nothing says what workers reserve: every process takes straight from the queue.")
        return {}
    if held <= 1:
        notes.inferred.append("Jobs did not wait inside of workers: every process takes straight from the queue.")
        return {}
    multiplier = -(-held // processes)
    notes.inferred.append(
        f"A worker held up to {held} jobs that it had not started: a prefetch multiplier of {multiplier} or more."
    )
    notes.assumed.append("Jobs are acknowledged early; other settings of workers are Celery's defaults.")
    return {"worker": {"celery": {"prefetch_multiplier": multiplier, "acks": "early"}}}


def _most_held(evidence: Evidence) -> int | None:
    """Return the most jobs that a worker held and had not started; None if the file does not say."""
    if evidence.attempts is None:
        return None
    attempts = evidence.attempts
    reserved, started, replica = (
        np.asarray(getattr(attempts, name))[evidence.rows] for name in ("reserved_ns", "started_ns", "replica")
    )
    if not (reserved < NEVER).any():
        return None
    due = evidence.recording.due_ns
    at_once = np.ones(len(reserved), np.bool_) if due is None else due[evidence.rows] == NEVER
    held = at_once & (started < NEVER) & (reserved < NEVER) & (started - reserved > HELD_S * SECOND)
    return max(
        (_most_at_once(reserved[held & one], started[held & one]) for one in _each(replica, np.unique(replica[held]))),
        default=0,
    )
