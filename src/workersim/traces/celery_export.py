"""A run log as Celery's events, for whatever reads those: dashboards, and ``calibrate`` itself.

The inverse of ``celery_events``: what is written here is what a capture would have seen.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from workersim.runlog import Cause, Outcome
from workersim.runlog.schema import SERVICE
from workersim.units import NEVER, SECOND

if TYPE_CHECKING:
    from collections.abc import Iterator
    from os import PathLike

    from workersim.runlog import RunLog

__all__ = ["events_of", "write_events"]

EPOCH_S = 1_767_225_600  # 2026-01-01, a Thursday
_ENDS: dict[Outcome, dict[str, Any]] = {
    Outcome.DONE: {"type": "task-succeeded"},
    Outcome.FAILED: {"type": "task-failed", "exception": "Exception()"},
    Outcome.TIMED_OUT: {"type": "task-failed", "exception": "TimeLimitExceeded()"},
    Outcome.LOST: {"type": "task-failed", "exception": "WorkerLostError()"},
    Outcome.RETRIED: {"type": "task-retried", "exception": "Exception()"},
    Outcome.EXPIRED: {"type": "task-revoked", "expired": True, "terminated": False},
}
_SAID = {Cause.READY: "worker-online", Cause.DRAINING: "worker-offline"}


def write_events(log: RunLog, path: str | PathLike[str], *, epoch_s: float = EPOCH_S) -> None:
    """Write a log as Celery's events, one JSON object a line, in the order in which they happen.

    Parameters
    ----------
    log
        Any log.  A message that returned without having run is received again under its uuid; what was lost is told
        as a failure, as a worker tells it whose process died.
    path
        The file, which is replaced.
    epoch_s
        Unix time of 0; by default the first of January 2026, UTC.

    Raises
    ------
    OSError
        If it cannot be written.
    """
    with open(path, "w", encoding="ascii", newline="\n") as file:  # noqa: PTH123 (a path of any kind)
        events = events_of(log, epoch_s=epoch_s)
        file.writelines(json.dumps(event, separators=(",", ":")) + "\n" for event in events)


def events_of(log: RunLog, *, epoch_s: float = EPOCH_S) -> Iterator[dict[str, Any]]:
    """Yield the events of a log, in the order in which they happen.

    Parameters
    ----------
    log, epoch_s
        As in ``write_events``.

    Examples
    --------
    >>> import workersim as ws
    >>> run = ws.run(ws.Scenario(
    ...     name="one",
    ...     fleet=ws.Fleet(replicas=1, concurrency=1),
    ...     workload=ws.Workload(jobs={"document": ws.Job(service="2 s")}, arrivals=[ws.Burst(jobs=1)]),
    ... ))
    >>> [each["type"] for each in events_of(run.log)]
    ['worker-online', 'task-sent', 'task-received', 'task-started', 'task-succeeded']
    """
    found = [*_workers(log), *_tasks(log)]
    for at_ns, _, event in sorted(found, key=lambda each: each[:2]):
        stamp = epoch_s + at_ns / SECOND
        yield event | {"timestamp": stamp, "local_received": stamp}


def _workers(log: RunLog) -> Iterator[tuple[int, int, dict[str, Any]]]:
    fleet = log.fleet
    columns = (fleet.instant_ns, fleet.replica, fleet.cause)
    for at, replica, cause in zip(*(np.asarray(column).tolist() for column in columns), strict=True):
        kind = _SAID.get(Cause(cause))
        if kind:
            yield at, 0, {"type": kind, "hostname": _host(log, replica)}


def _host(log: RunLog, replica: int) -> str:
    service, number = divmod(max(replica, 0), SERVICE)
    name = log.services[service] if service < len(log.services) else ""
    return f"w{number:05d}@{name or 'replica'}"  # numbered by name when they are read


def _tasks(log: RunLog) -> Iterator[tuple[int, int, dict[str, Any]]]:
    attempts, jobs = log.attempts, log.jobs
    columns = [np.asarray(column).tolist() for column in attempts.columns().values()]
    tries: dict[int, int] = {}
    last = Outcome.DONE
    for job, _, published, reserved, started, finished, replica, _, outcome in zip(*columns, strict=True):
        name = {"name": jobs.classes[int(jobs.job_class[job])], "queue": jobs.queues[int(jobs.queue[job])]}
        is_sent = job not in tries or last == Outcome.RETRIED
        tries.setdefault(job, 0)
        task = {"uuid": f"job-{job}", "retries": tries[job]}
        if is_sent:
            yield published, 1, {"type": "task-sent", "hostname": "gen@producer", **task, **name}
        host = {"hostname": _host(log, replica)}
        if reserved < NEVER:
            yield reserved, 2, {"type": "task-received", **host, **task, "name": name["name"]}
        if started < NEVER:
            yield started, 3, {"type": "task-started", **host, "uuid": task["uuid"]}
        if finished < NEVER and Outcome(outcome) in _ENDS and not (outcome == Outcome.LOST and started == NEVER):
            ran = {"runtime": (finished - started) / SECOND} if outcome == Outcome.DONE else {}
            yield finished, 4, {**_ENDS[Outcome(outcome)], **host, "uuid": task["uuid"], **ran}
        last = Outcome(outcome)
        tries[job] += outcome == Outcome.RETRIED
