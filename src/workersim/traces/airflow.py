"""Airflow's table ``task_instance``: a row a task of a run; waits from queued to started.

A table holds all executors; those that do not share a queue of workers are other fleets.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from workersim.runlog import Outcome
from workersim.traces.table import Layout
from workersim.units import shown

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from workersim.traces.repairs import Repairs
    from workersim.traces.table import Columns

__all__ = ["KNOWN_BY", "layout"]

KNOWN_BY = {"dag_id", "task_id", "state", "queued_dttm", "start_date", "end_date"}
STATES = {
    "success": Outcome.DONE,
    "failed": Outcome.FAILED,
    "up_for_retry": Outcome.RETRIED,
    "up_for_reschedule": Outcome.RETRIED,
    "shutdown": Outcome.LOST,
    "restarting": Outcome.LOST,
    "running": Outcome.UNFINISHED,
    "deferred": Outcome.UNFINISHED,
    "queued": Outcome.UNFINISHED,
}
CELERY = "CeleryExecutor"


def layout(columns: Collection[str]) -> Layout:
    """Return the layout of a table with these columns."""
    roles = {
        "arrival": "queued_dttm",
        "start": "start_date",
        "finish": "end_date",
        "outcome": "state",
        "job_class": "task_id",
        "queue": "queue",
        "worker": "hostname",
    }
    known = {role: column for role, column in roles.items() if column in columns}
    extra = tuple(each for each in ("state", "executor", "queued_dttm", "try_number") if each in columns)
    return Layout("airflow", known, STATES, rules=(_queued, _one_fleet), extra=extra, arrival_from="queued")


def _queued(texts: Columns, numbers: Sequence[int], repairs: Repairs) -> list[bool]:
    """Keep rows of tasks that were given to an executor."""
    queued = [bool(instant) for instant in texts["queued_dttm"]]
    left = zip(numbers, texts["state"], queued, strict=True)
    for number, state, is_queued in left:
        if not is_queued:
            repairs.add(
                f"left out: {shown(state) if state else 'without a state and'} never queued, so no job", [number]
            )
    if "try_number" in texts:
        tries = [
            number for number, text in zip(numbers, texts["try_number"], strict=True) if text not in {"", "0", "1"}
        ]
        repairs.add("of a later try: what the tries before took is not in this table", tries)
    return queued


def _one_fleet(texts: Columns, numbers: Sequence[int], repairs: Repairs) -> list[bool]:
    """Keep rows of the Celery executor, where there is one; elsewhere all."""
    executors = texts.get("executor")
    if executors is None or not any(CELERY in executor for executor in executors):
        return [True] * len(numbers)
    ours = [not executor or CELERY in executor for executor in executors]
    for number, executor, own in zip(numbers, executors, ours, strict=True):
        if not own:
            repairs.add(f"left out: {shown(executor)} is another fleet", [number])
    return ours
