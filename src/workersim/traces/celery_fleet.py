"""The fleet of a recorded Celery: what its events say, and what a meta line says beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from workersim.runlog import Cause, FleetChanges
from workersim.units import SECOND

if TYPE_CHECKING:
    from workersim.traces.celery_attempts import Follower

__all__ = ["observed_fleet"]

MOST_PROCESSES = 10_000


def observed_fleet(
    meta: dict[str, Any], hosts: dict[str, int], follower: Follower, first_ns: int, last_ns: int
) -> tuple[dict[str, int], FleetChanges | None, bool]:
    """Return the numbers of the workers by name, their fleet table, and whether it is known how many processes each has.

    Workers are numbered by name.  A worker is ready from when the meta line, else its ``worker-online``, says so, else
    from the first arrival on; it drains from SIGTERM and is down from SIGKILL or from when it went offline.
    """
    ran = {int(host) for host in np.unique(np.array(follower.host, np.int64)) if host >= 0} | set(follower.online)
    names = sorted(name for name, host in hosts.items() if host in ran)
    workers = {name: number for number, name in enumerate(names)}
    processes = meta.get("concurrency")
    known = isinstance(processes, int) and 1 <= processes <= MOST_PROCESSES
    if not known:
        return workers, None, False
    rows: list[tuple[int, int, Cause]] = []
    for name, number in workers.items():
        rows += _life(meta, name, number, hosts[name], follower, first_ns)
    rows.sort(key=lambda row: (row[0], row[1], row[2]))
    rows = [row for row in rows if row[0] <= last_ns]
    up = np.array([cause in (Cause.READY, Cause.DRAINING) for _, _, cause in rows], np.bool_)
    n = len(rows)
    return (
        workers,
        FleetChanges(
            instant_ns=np.array([row[0] for row in rows], np.int64),
            replica=np.array([row[1] for row in rows], np.int64),
            cause=np.array([int(row[2]) for row in rows], np.int64),
            slots=np.where(up, processes, 0),
            vcpus=np.full(n, _vcpus(meta, int(processes)), np.float64),  # type: ignore[arg-type]  # it is a number
            memory_bytes=np.zeros(n, np.int64),
            price=np.ones(n, np.float64),
        ),
        True,
    )


def _vcpus(meta: dict[str, Any], processes: int) -> float:
    for name in ("cpu_share", "vcpus"):
        told = meta.get(name)
        if isinstance(told, int | float) and not isinstance(told, bool) and 0.001 <= told <= 100_000:
            return float(told)
    return float(processes)


def _life(
    meta: dict[str, Any], name: str, number: int, host: int, follower: Follower, first_ns: int
) -> list[tuple[int, int, Cause]]:
    told = _told(meta, name)
    epoch = meta.get("epoch")
    rows = []
    if told and isinstance(epoch, int | float):
        for key, cause in (("ready", Cause.READY), ("sigterm", Cause.DRAINING), ("sigkill", Cause.DOWN)):
            if isinstance(told.get(key), int | float) and abs(told[key]) < 1e9:
                rows.append((round((epoch + told[key]) * SECOND), number, cause))
    causes = {cause for _, _, cause in rows}
    if Cause.READY not in causes:
        rows += [(instant, number, Cause.READY) for instant in follower.online.get(host) or [first_ns]]
    for instant in follower.offline.get(host, []):
        # It says so when it begins to drain; what runs is finished after that.
        last = follower.last_finish(host)
        rows += [(instant, number, Cause.DRAINING)] * (Cause.DRAINING not in causes)
        rows += [(max(instant, last), number, Cause.DOWN)] * (Cause.DOWN not in causes)
    return rows


def _told(meta: dict[str, Any], name: str) -> dict[str, Any] | None:
    """Return what the meta line says of a worker, which it calls by the part of its name before the @."""
    workers = meta.get("workers")
    if not isinstance(workers, list):
        return None
    short = name.removeprefix("celery@").partition("@")[0]
    return next((each for each in workers if isinstance(each, dict) and each.get("name") in (name, short)), None)
