"""Some of the jobs of an observed log, as a log of their own."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from workersim.runlog import Attempts, RunLog
from workersim.units import NEVER

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["window_of"]


def window_of(log: RunLog, rows: NDArray[np.int64], start_ns: int) -> RunLog:
    """Return the log of these jobs alone, with an instant of the recording as its 0.

    It ends with the last thing that happened to one of them, or when observation did if one is not finished.
    """
    if len(rows) == len(log.jobs) and not start_ns:
        return log
    jobs: dict[str, Any] = {name: column[rows] for name, column in log.jobs.columns().items()}
    for name in ("arrival_ns", "expires_ns"):
        jobs[name] = _moved(jobs[name], start_ns)
    number = np.full(len(log.jobs), -1)
    number[rows] = np.arange(len(rows))
    kept = np.flatnonzero(number[log.attempts.job] >= 0)
    kept = kept[np.argsort(number[log.attempts.job[kept]], kind="stable")]
    columns: dict[str, Any] = {name: column[kept] for name, column in log.attempts.columns().items()}
    columns["job"] = number[columns["job"]]
    for name in ("published_ns", "reserved_ns", "started_ns", "finished_ns"):
        columns[name] = _moved(columns[name], start_ns)
    attempts = Attempts(**columns)
    ended = bool((attempts.finished_ns < NEVER).all())
    last = int(max(attempts.finished_ns.max(), jobs["arrival_ns"].max())) if ended else log.horizon_ns - start_ns
    return replace(
        log, jobs=replace(log.jobs, **jobs), attempts=attempts, fleet=_fleet(log, start_ns, last), horizon_ns=last
    )


def _fleet(log: RunLog, start_ns: int, last_ns: int) -> Any:
    fleet = log.fleet
    instants = np.maximum(fleet.instant_ns - start_ns, 0)
    # Of what happened to a replica before the window the last counts.
    later = np.zeros(len(fleet), np.bool_)
    for number in np.unique(fleet.replica).tolist():
        own = np.flatnonzero((fleet.replica == number) & (instants == 0))
        later[own[:-1]] = True
    kept = np.flatnonzero(~later & (instants <= last_ns))
    order = kept[np.lexsort((fleet.cause[kept], fleet.replica[kept], instants[kept]))]
    columns: dict[str, Any] = {name: column[order] for name, column in fleet.columns().items()}
    return replace(fleet, **columns | {"instant_ns": instants[order]})


def _moved(instants: Any, start_ns: int) -> NDArray[np.int64]:
    return np.where(instants < NEVER, instants - start_ns, NEVER)
