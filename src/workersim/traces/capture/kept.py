"""What is kept of an event: what says when and where, and nothing of what it was about.

Arguments, results and the texts of exceptions may hold what is in the documents.  So keys are kept by a list, since an
application may send events with any others, and of an exception only the name of its class is.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["without_arguments"]

KEPT = (
    "type",
    "uuid",
    "name",
    "hostname",
    "timestamp",
    "local_received",
    "pid",
    "clock",
    "utcoffset",
    "queue",
    "retries",
    "eta",
    "expires",
    "runtime",
    "root_id",
    "parent_id",
    "terminated",
    "signum",
    "expired",
    "requeue",
    "freq",
    "active",
    "processed",
    "loadavg",
    "sw_ident",
    "sw_ver",
    "sw_sys",
)
LONGEST = 1_000  # characters of a name; an event of an application may say anything in its place
_CLASS = re.compile(r"([^\W\d][\w.]{0,100})\(", re.ASCII)


def without_arguments(event: Mapping[str, Any]) -> dict[str, Any]:
    """Return an event without arguments, results and texts of exceptions.

    Examples
    --------
    >>> without_arguments({"type": "task-failed", "uuid": "a", "args": "('Jane Doe',)",
    ...                    "exception": "ValueError('no such patient: Jane Doe')"})
    {'type': 'task-failed', 'uuid': 'a', 'exception': 'ValueError()'}
    """
    kept = {key: _plain(event[key]) for key in KEPT if key in event}
    raised = _CLASS.match(str(event.get("exception", "")))
    return kept | ({"exception": f"{raised[1]}()"} if raised else {})


def _plain(value: Any) -> Any:
    """Return what a scalar says; text is cut, and of lists (the load average) only numbers are kept."""
    if isinstance(value, str):
        return value[:LONGEST]
    if isinstance(value, list | tuple):
        return [each for each in value[:10] if isinstance(each, int | float)]
    return value if value is None or isinstance(value, bool | int | float) else None
