"""Celery's events as JSON lines, as ``celery events`` and ``workersim capture`` see them, with or without a meta line.

Events are read into columns first.  The clock of each host is then compared with that of the receiver
(``local_received``), the events are put into the order in which they happened, and attempts are followed through them.
"""

from __future__ import annotations

import json
from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from workersim.errors import InputError
from workersim.traces.celery_attempts import TYPES, Event, Follower
from workersim.traces.celery_columns import EventColumns, OfTask
from workersim.traces.celery_facts import Names, facts_of
from workersim.traces.celery_left import PLACES
from workersim.units import NEVER, SECOND, shown
from workersim.workload.files import open_text

if TYPE_CHECKING:
    from pathlib import Path

    from workersim.traces.facts import Facts
    from workersim.traces.repairs import Repairs
    from workersim.workload.files import Progress

__all__ = ["read_events"]

LONGEST = 200
NO_EVENT = "left out: no event, or one without a time or a task"
UNKNOWN = "of a kind that says nothing of jobs: not looked at"


def read_events(path: Path, repairs: Repairs, progress: Progress | None = None) -> tuple[Facts, int, str]:
    """Read events, and return what they say, how many lines they have, and what gave the arrivals.

    Raises
    ------
    InputError
        If a line is no JSON object, or no line tells of a job.
    """
    lines = _Lines(path, repairs)
    with closing(open_text(path, progress)) as text:
        for number, line in enumerate(text, 1):
            if line.strip():
                lines.take(line, number)
    columns = lines.columns
    columns.number_tasks()
    if not len(columns.ids):
        msg = f"{path}: expected events of tasks (task-sent, task-received, …), found none"
        raise InputError(msg)
    columns.align(repairs)
    end_ns = columns.last_ns
    follower = Follower(len(columns.ids), repairs)
    for event in columns.events():
        follower.follow(event)
    columns.let_go()
    names = Names(tuple(lines.classes), tuple(lines.queues), lines.meta, lines.left, lines.gaps)
    facts, arrival_from = facts_of(follower, columns, names, repairs, end_ns=end_ns)
    return facts, lines.rows, arrival_from


class _Lines:
    """Reads lines, and holds what they say beside events."""

    def __init__(self, path: Path, repairs: Repairs) -> None:
        self.path, self.repairs = path, repairs
        self.rows = 0
        self.meta: dict[str, Any] = {}
        self.processes: list[dict[str, Any]] = []
        self.gaps: list[tuple[int, int]] = []
        self.left: dict[int, str] = {}
        self.classes: dict[str, int] = {}
        self.queues: dict[str, int] = {}
        self.columns = EventColumns()

    def take(self, line: str, number: int) -> None:
        """Read one line."""
        self.rows += 1
        try:
            event = json.loads(line, parse_constant=_no_number)
        except (ValueError, RecursionError) as error:
            said = "it is nested too deeply" if isinstance(error, RecursionError) else str(error).partition(":")[0]
            msg = f"{self.path}: row {self.rows} (line {number}): {said}; expected an event as JSON"
            raise InputError(msg) from None
        if not isinstance(event, dict):
            msg = f"{self.path}: row {self.rows} (line {number}): expected an event, found {shown(event)}"
            raise InputError(msg)
        if isinstance(event.get("meta"), dict):
            self.meta |= event["meta"]
        elif isinstance(event.get("process"), dict):
            self.processes.append(event["process"])
        elif isinstance(event.get("gap"), dict):
            self._gap(event["gap"])
        elif event.get("type") == "task-left":
            self._left(event)
        elif "sample" not in event:
            self._event(event)

    def _gap(self, gap: dict[str, Any]) -> None:
        since, until = _instant(gap.get("from")), _instant(gap.get("to"))
        if since is not None and until is not None and until > since:
            self.gaps.append((since, until))
            when = datetime.fromtimestamp(since / SECOND, UTC).isoformat(timespec="seconds")
            self.repairs.say(
                f"The broker was out of reach for {(until - since) / SECOND:,.1f} s from {when}: "
                "what was said meanwhile may be missing."
            )

    def _left(self, event: dict[str, Any]) -> None:
        self.columns.number_tasks()
        task, place = self.columns.ids.find(str(event.get("uuid"))), event.get("in")
        if task is None or not isinstance(place, str) or place not in PLACES:
            self.repairs.add(NO_EVENT, [self.rows])
        else:
            self.left[task] = place

    def _event(self, event: dict[str, Any]) -> None:
        name = event.get("type")
        if name not in TYPES:
            known = isinstance(name, str) and name.startswith(("task-", "worker-"))
            self.repairs.add(UNKNOWN if known else NO_EVENT, [self.rows])
            return
        at, uuid, host = _instant(event.get("timestamp")), event.get("uuid"), event.get("hostname")
        is_task = name.startswith("task-")
        if at is None or not isinstance(host, str) or (is_task and not _is_name(uuid)):
            self.repairs.add(NO_EVENT, [self.rows])
            return
        heard, retries, hosts = _instant(event.get("local_received")), event.get("retries"), self.columns.hosts
        row = Event(
            kind=TYPES[name],
            task=-1,
            host=hosts.setdefault(host[:LONGEST], len(hosts)),
            at=at,
            retries=retries if isinstance(retries, int) and 0 <= retries < 10_000 else -1,
            runtime=_lasted(event.get("runtime")),
            reason=_reason(event),
            due=_calendar(event.get("eta")),
        )
        self.columns.add(row, NEVER if heard is None else heard, self._task(event) if is_task else None)

    def _task(self, event: dict[str, Any]) -> OfTask:
        return OfTask(
            event["uuid"],
            _numbered(event.get("name"), self.classes),
            _numbered(event.get("queue"), self.queues),
            _calendar(event.get("expires")),
        )


def _numbered(name: Any, known: dict[str, int]) -> int:
    return known.setdefault(name, len(known)) if _is_name(name) else -1


def _no_number(text: str) -> Any:
    msg = f"{text} is no number in JSON"
    raise ValueError(msg)


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= LONGEST and value.isprintable()


def _instant(value: Any) -> int | None:
    """Return Unix time in seconds as nanoseconds; None if it is none from 1990 to 2115."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 6.3e8 < value < 4.6e9:
        return None
    return round(value * SECOND)


def _lasted(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 3e9:
        return -1
    return round(value * SECOND)


def _calendar(value: Any) -> int:
    """Return an instant in ISO 8601 (UTC where it says nothing); ``NEVER`` if it is none."""
    if not isinstance(value, str) or len(value) > 64:
        return NEVER
    try:
        when = datetime.fromisoformat(value)
    except ValueError:
        return NEVER
    if not 1990 <= when.year <= 2100:
        return NEVER
    since = (when if when.tzinfo else when.replace(tzinfo=UTC)) - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86400 + since.seconds) * SECOND + since.microseconds * 1000


def _reason(event: dict[str, Any]) -> int:
    """Return why a task ended as it did: 1 a time limit, 2 its process was lost, 3 it expired, else 0."""
    said = str(event.get("exception", ""))[:LONGEST]
    if "TimeLimitExceeded" in said:
        return 1
    if "WorkerLost" in said or said.startswith("ExceptionWithTraceback"):
        return 2
    return 3 if event.get("expired") is True else 0
