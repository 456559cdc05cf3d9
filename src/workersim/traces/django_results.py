"""The table of results that django-celery-results keeps (``django_celery_results_taskresult``), as CSV or JSON.

A row is made when a task's state is first stored.  Without ``track_started`` that is at its end, and the row
says neither when it was sent nor when it started.  ``date_done`` is set with every state, so that of a task
that still runs is no end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from workersim.runlog import Outcome
from workersim.traces.table import Layout

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from workersim.traces.repairs import Repairs
    from workersim.traces.table import Columns

__all__ = ["KNOWN_BY", "layout"]

KNOWN_BY = {"task_id", "status", "date_done"}
ENDED = {
    "SUCCESS": Outcome.DONE,
    "FAILURE": Outcome.FAILED,
    "REVOKED": Outcome.EXPIRED,
    "RETRY": Outcome.RETRIED,
}
UNTRACKED = "left out: nothing says when they started (track_started was off), and created is as good as done"
RUNNING = "left out: not at its end yet, and date_done of such a row is no end"


def layout(columns: Collection[str]) -> Layout:
    """Return the layout of a table with these columns."""
    roles = {
        "id": "task_id",
        "outcome": "status",
        "arrival": "date_created",
        "start": "date_started",
        "finish": "date_done",
        "job_class": "task_name",
        "worker": "worker",
    }
    known = {role: column for role, column in roles.items() if column in columns}
    return Layout(
        "django-celery-results",
        known,
        {word.lower(): outcome for word, outcome in ENDED.items()},
        rules=(_usable,),
        extra=("status", "date_started", "date_created"),
        arrival_from="created",
    )


def _usable(texts: Columns, numbers: Sequence[int], repairs: Repairs) -> list[bool]:
    status = texts["status"]
    started = texts.get("date_started") or [""] * len(status)
    ended = [word.upper() in ENDED for word in status]
    tracked = [bool(start) for start in started]
    repairs.add(RUNNING, [number for number, end in zip(numbers, ended, strict=True) if not end])
    rows = zip(numbers, ended, tracked, strict=True)
    repairs.add(UNTRACKED, [number for number, end, start in rows if end and not start])
    usable = [end and start for end, start in zip(ended, tracked, strict=True)]
    repairs.left_out += usable.count(False)
    return usable
