"""vCPUs in use: in each replica as many as it has CPU phases, but never more than its vCPUs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from workersim.runlog.counting import count_by_group, count_over_time
from workersim.runlog.schema import Kind
from workersim.runlog.sharing import containers

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from workersim.runlog import RunLog
    from workersim.runlog.schema import Floats, Ints

__all__ = ["cpu_in_use", "cpu_phases"]


def cpu_phases(log: RunLog, rows: NDArray[np.bool_] | None = None) -> tuple[Ints, Ints, Ints]:
    """Return replica, start and stop of each CPU phase; a cut phase stops with its attempt.

    Parameters
    ----------
    log
        Any log.
    rows
        Flags the attempts that are meant; None: all.
    """
    phases, attempts = log.phases, log.attempts
    cpu = phases.kind == Kind.CPU
    if rows is not None:
        cpu = cpu & rows[phases.attempt]
    attempt = phases.attempt[cpu]
    return (
        attempts.replica[attempt],
        phases.started_ns[cpu],
        np.minimum(phases.finished_ns[cpu], attempts.finished_ns[attempt]),
    )


def cpu_in_use(log: RunLog, rows: NDArray[np.bool_] | None = None) -> tuple[Ints, Floats]:
    """Return the instants at which the number of vCPUs in use may change, and the number after each."""
    replica, began, stops = cpu_phases(log, rows)
    there = containers(log)
    replica, cores = there.rows(replica), there.cores
    if not len(cores) or bool((cores >= there.slots)[replica].all()):
        # Nobody shares a CPU, so it does not matter which replica a phase is in.
        times, counts = count_over_time(began, stops)
        return times, counts.astype(np.float64)
    # A phase that runs on stops after the horizon, wherever that is.
    return _shared(replica, began, np.minimum(stops, log.horizon_ns + 1), cores)


def _shared(replica: Ints, began: Ints, stops: Ints, cores: Floats) -> tuple[Ints, Floats]:
    group, instants, running = count_by_group(replica, began, stops)
    vcpus = cores[group]
    # Whole phases and replicas at their limit are summed apart, which keeps the sum free of rounding.
    full = running > vcpus
    whole, limit = np.where(full, 0, running), np.where(full, vcpus, 0.0)
    changes = np.ones(len(group), dtype=np.bool_)
    changes[1:] = (group[1:] != group[:-1]) | (whole[1:] != whole[:-1]) | (limit[1:] != limit[:-1])
    return _sum_over_replicas(group[changes], instants[changes], whole[changes], limit[changes])


def _sum_over_replicas(replica: Ints, instants: Ints, whole: Ints, limits: Floats) -> tuple[Ints, Floats]:
    by_time = np.argsort(instants, kind="stable")
    times = instants[by_time]
    last = np.append(times[1:] != times[:-1], np.ones(1, dtype=np.bool_))
    same = np.append(np.zeros(1, dtype=np.bool_), replica[1:] == replica[:-1])

    def total(amounts: Ints) -> Ints:
        before = np.where(same, np.roll(amounts, 1), 0)
        sums: Ints = np.cumsum((amounts - before)[by_time])[last]
        return sums

    used = total(whole).astype(np.float64)
    for limit in np.unique(limits[limits > 0]):
        used += limit * total((limits == limit).astype(np.int64))
    return times[last], used
