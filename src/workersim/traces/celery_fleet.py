"""The fleet of a recorded Celery: what its events say, and what a meta line says beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from workersim.runlog import Cause, FleetChanges
from workersim.units import SECOND

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from workersim.traces.celery_attempts import Follower

__all__ = ["Lives", "lives_of"]

MOST_PROCESSES = 10_000
SILENT = 5  # heartbeats missed by a worker that is taken as dead
LEAST_BEATS = 3


class Lives(NamedTuple):
    """What is known of recorded workers.

    Attributes
    ----------
    workers
        Their numbers by name.
    fleet
        Their table by the clock of the file; None if nothing says how many processes each has.
    down
        For each number the instants (ns) at which it died or went.
    silent
        Names of those that are taken as dead because they fell silent.
    """

    workers: dict[str, int]
    fleet: FleetChanges | None
    down: dict[int, list[int]]
    silent: list[str]


def lives_of(meta: dict[str, Any], hosts: dict[str, int], follower: Follower, first_ns: int, last_ns: int) -> Lives:
    """Return what became of each worker; they are numbered by name.

    A worker is ready from when the meta line, else its ``worker-online``, says so, else from the first arrival on.  It
    drains from SIGTERM or ``worker-offline``, and is down from SIGKILL, from its last end after that, or from when it
    was last heard of, if it then missed five heartbeats.
    """
    ran = {int(host) for host in set(follower.host) if host >= 0} | set(follower.online)
    names = sorted(name for name, host in hosts.items() if host in ran)
    workers = {name: number for number, name in enumerate(names)}
    rows: list[tuple[int, int, Cause]] = []
    silent = []
    for name, number in workers.items():
        own = _life(meta, name, number, hosts[name], follower, first_ns)
        fell_silent = not any(cause == Cause.DOWN for _, _, cause in own) and _is_silent(follower, hosts[name], last_ns)
        if fell_silent:
            silent.append(name)
            own.append((follower.heard[hosts[name]], number, Cause.DOWN))
        rows += own
    rows = sorted(row for row in rows if row[0] <= last_ns)
    down: dict[int, list[int]] = {}
    for instant, number, cause in rows:
        if cause == Cause.DOWN:
            down.setdefault(number, []).append(instant)
    return Lives(workers, _fleet(meta, rows, list(workers)), down, silent)


def _is_silent(follower: Follower, host: int, last_ns: int) -> bool:
    first, beats = follower.beats.get(host, (0, 0))
    if beats < LEAST_BEATS:
        return False
    heard = follower.heard[host]
    return last_ns - heard > SILENT * max((heard - first) // (beats - 1), SECOND)


def _fleet(meta: dict[str, Any], rows: list[tuple[int, int, Cause]], names: list[str]) -> FleetChanges | None:
    """Return the table, with the processes that each worker says it has, else those of the meta line."""
    usual = meta.get("concurrency")
    if not _is_count(usual):
        return None
    told = [(_told(meta, name) or {}).get("concurrency") for name in names]
    own = [each if _is_count(each) else usual for each in told]
    processes = np.array([own[row[1]] for row in rows], np.int64)
    up = np.array([cause in (Cause.READY, Cause.DRAINING) for _, _, cause in rows], np.bool_)
    n = len(rows)
    return FleetChanges(
        instant_ns=np.array([row[0] for row in rows], np.int64),
        replica=np.array([row[1] for row in rows], np.int64),
        cause=np.array([int(row[2]) for row in rows], np.int64),
        slots=np.where(up, processes, 0),
        vcpus=_vcpus(meta, processes),
        memory_bytes=np.zeros(n, np.int64),
        price=np.ones(n, np.float64),
    )


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= MOST_PROCESSES


def _vcpus(meta: dict[str, Any], processes: NDArray[np.int64]) -> NDArray[np.float64]:
    for name in ("cpu_share", "vcpus"):
        told = meta.get(name)
        if isinstance(told, int | float) and not isinstance(told, bool) and 0.001 <= told <= 100_000:
            return np.full(len(processes), float(told))
    return processes.astype(np.float64)


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
