"""Attempts of tasks, followed through Celery's events in the order in which they happened."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from workersim.runlog import Outcome
from workersim.units import NEVER, SECOND

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from workersim.traces.repairs import Repairs

__all__ = ["REASONS", "SEEN", "STARTED", "TYPES", "Event", "Follower"]

(
    SENT,
    RECEIVED,
    STARTED,
    SUCCEEDED,
    FAILED,
    RETRIED,
    REVOKED,
    REJECTED,
    ONLINE,
    HEARTBEAT,
    OFFLINE,
    SEEN,
) = range(12)
TYPES = {
    "task-sent": SENT,
    "task-received": RECEIVED,
    "task-started": STARTED,
    "task-succeeded": SUCCEEDED,
    "task-failed": FAILED,
    "task-retried": RETRIED,
    "task-revoked": REVOKED,
    "task-rejected": REJECTED,
    "worker-online": ONLINE,
    "worker-heartbeat": HEARTBEAT,
    "worker-offline": OFFLINE,
    "task-seen": SEEN,  # in Redis, by a capture that had not heard of it
}
LATE_NS = SECOND // 10  # an end that is told later than this after start + runtime was held back by its worker
AGAIN_NS = SECOND  # within which a failure that is told again is the same one
TIME_LIMIT, PROCESS_LOST, EXPIRED = 1, 2, 3
REASONS = 4  # with none

UNSTARTED = "without task-started: the start is the end less the runtime"
UNTIMED = "with neither task-started nor a runtime: the start is the receipt"
UNRECEIVED = "without task-received: received when started"
TOLD_LATE = "told late by a worker that shut down or forked: ended at start + runtime"
TWICE = "telling what was told before (a hard time limit tells its failure twice): counted once"
RESENT = "sent again under the same id and number of retries: counted once"
FOUND = "in Redis before anything was heard of them: arrived when they were first seen"
RETURNED = "returned to the queue unstarted: its row ends at the next receipt"
ABANDONED = "still running when delivered again: lost when its worker was last heard of"
ENDLESS = "about the end of an attempt that nothing else tells of: left out"


class Event(NamedTuple):
    """One event in numbers: kind, task, host, instant (ns), retries, runtime (ns), reason of an end, due (ns)."""

    kind: int
    task: int
    host: int
    at: int
    retries: int
    runtime: int
    reason: int
    due: int


class Follower:
    """Holds a row an attempt, and moves it on with each event.

    Attributes
    ----------
    task, retries, published, received, started, finished, due, host, outcome
        Columns, a row an attempt, in the order in which attempts were first heard of; 59 bytes with the row before it
        of its task.
    online, offline
        For each host the instants at which it said so.
    heard
        For each host when it was last heard of.
    beats
        For each host the instant of its first heartbeat, and how many there were.
    """

    def __init__(self, tasks: int, repairs: Repairs) -> None:
        self.repairs = repairs
        self.task, self.retries, self.published = array("i"), array("h"), array("q")
        self.received, self.started, self.finished = array("q"), array("q"), array("q")
        self.due, self.host, self.outcome = array("q"), array("i"), array("B")
        self.online: dict[int, list[int]] = {}
        self.offline: dict[int, list[int]] = {}
        self.heard: dict[int, int] = {}
        self.beats: dict[int, tuple[int, int]] = {}
        self._last, self._former = array("i", [-1]) * tasks, array("i")
        self._steps = {SENT: self._sent, RECEIVED: self._received, STARTED: self._started, SEEN: self._seen}

    def follow(self, event: Event) -> None:
        """Take the next event."""
        if event.kind == ONLINE:
            self.online.setdefault(event.host, []).append(event.at)
        elif event.kind == OFFLINE:
            self.offline.setdefault(event.host, []).append(event.at)
        elif event.kind == HEARTBEAT:
            first, beats = self.beats.get(event.host, (event.at, 0))
            self.beats[event.host] = (first, beats + 1)
        else:
            self._steps.get(event.kind, self._ended)(event)
        if event.kind not in (SENT, SEEN):
            self.heard[event.host] = event.at

    def last_finish(self, host: int) -> int:
        """Return when the last attempt ended that ran on a host; 0 if none did."""
        own, finished = np.frombuffer(self.host, np.int32) == host, np.frombuffer(self.finished, np.int64)
        return int(np.max(finished, initial=0, where=own & (finished < NEVER)))

    def columns(self) -> dict[str, NDArray[Any]]:
        """Return the columns by name; nothing can be followed any more."""
        names = ("task", "published", "received", "started", "finished", "due", "host", "outcome")
        held: dict[str, array[int]] = {name: getattr(self, name) for name in names}
        return {name: np.frombuffer(column, column.typecode) for name, column in held.items()}

    def _rows(self, task: int) -> list[int]:
        """Return the rows of a task, as they were opened."""
        rows = []
        row = self._last[task]
        while row >= 0:
            rows.append(row)
            row = self._former[row]
        return rows[::-1]

    def _open(self, event: Event) -> int:
        row = len(self.task)
        self._former.append(self._last[event.task])
        self._last[event.task] = row
        self.task.append(event.task)
        self.retries.append(event.retries)
        for column in (self.published, self.received, self.started, self.finished):
            column.append(NEVER)
        self.due.append(event.due)
        self.host.append(-1)
        self.outcome.append(int(Outcome.UNFINISHED))
        return row

    def _sent(self, event: Event) -> None:
        # a receipt may be heard of before the sending
        same = [row for row in self._rows(event.task) if self.retries[row] == event.retries]
        if any(self.published[row] < NEVER for row in same):
            self.repairs.count(RESENT, 1, noun="task")
            return
        row = same[0] if same else self._open(event)
        self.published[row] = event.at

    def _seen(self, event: Event) -> None:
        """Take note of a task that is there, of which nothing was heard."""
        if not self._rows(event.task):
            self.published[self._open(event)] = event.at
            self.repairs.count(FOUND, 1, noun="task")

    def _received(self, event: Event) -> None:
        same = [row for row in self._rows(event.task) if event.retries in (self.retries[row], -1)]
        row = same[-1] if same else self._open(event)
        if self.received[row] < NEVER:
            self._returned(row, event)
            row = self._open(event)
            self.published[row] = event.at
        self.received[row], self.host[row] = event.at, event.host
        self.due[row] = min(self.due[row], event.due)

    def _returned(self, row: int, event: Event) -> None:
        """End the row of a message that is delivered once more."""
        if self.finished[row] < NEVER:
            return
        if self.started[row] == NEVER:
            self.finished[row], self.outcome[row] = event.at, int(Outcome.REDELIVERED)
            self.repairs.count(RETURNED, 1, noun="message")
        else:
            last = self.heard.get(self.host[row], event.at)
            self.finished[row], self.outcome[row] = max(min(last, event.at), self.started[row]), int(Outcome.LOST)
            self.repairs.count(ABANDONED, 1, noun="task")

    def _started(self, event: Event) -> None:
        rows = self._rows(event.task)
        waiting = [row for row in rows if self.started[row] == NEVER and self.finished[row] == NEVER]
        own = [row for row in waiting if self.host[row] in (event.host, -1)] or waiting
        if not own:
            self.repairs.count(TWICE, 1, noun="event")
            return
        row = next((each for each in own if self.received[each] < NEVER), own[-1])
        if self.received[row] == NEVER:
            self.received[row] = event.at
            self.repairs.count(UNRECEIVED, 1, noun="task")
        self.started[row], self.host[row] = event.at, event.host

    def _ended(self, event: Event) -> None:
        if not self._rows(event.task):
            self.repairs.count(ENDLESS, 1, noun="event")
            return
        if event.kind == FAILED and self._told_twice(event):
            return
        going = [row for row in self._rows(event.task) if self.finished[row] == NEVER]
        running = [row for row in going if self.started[row] < NEVER]
        own = [row for row in running if self.host[row] == event.host] or running
        if event.kind == REVOKED and not own and going:
            self._end(going[0], event, event.at)
        elif own:
            self._end(own[0], event, self._end_of(own[0], event))
        elif going and event.kind != REJECTED:
            self._unstarted(going[0], event)
        else:
            self.repairs.count(TWICE, 1, noun="event")

    def _told_twice(self, event: Event) -> bool:
        """Tell whether this failure was told before.

        What a parent process tells of its child has no name of its own in the event: once when the child is gone,
        twice when it was killed by a hard time limit.
        """
        failed = [
            row
            for row in self._rows(event.task)
            if self.outcome[row] in (Outcome.FAILED, Outcome.LOST, Outcome.TIMED_OUT)
            and 0 <= event.at - self.finished[row] <= AGAIN_NS
            and self.host[row] == event.host
        ]
        if not failed:
            return False
        if event.reason == PROCESS_LOST:
            self.outcome[failed[-1]] = int(Outcome.TIMED_OUT)
        self.repairs.count(TWICE, 1, noun="event")
        return True

    def _unstarted(self, row: int, event: Event) -> None:
        """Find a start for an attempt of which only the end was heard."""
        least = min(self.received[row], event.at)
        if event.runtime >= 0:
            self.started[row] = max(event.at - event.runtime, least if self.received[row] < NEVER else 0)
            self.repairs.count(UNSTARTED, 1, noun="task")
        else:
            self.started[row] = least
            self.repairs.count(UNTIMED, 1, noun="task")
        self.received[row] = min(self.received[row], self.started[row])
        self.host[row] = event.host
        self._end(row, event, event.at)

    def _end_of(self, row: int, event: Event) -> int:
        """Return when an attempt ended: a worker that shuts down tells it later."""
        if event.kind == SUCCEEDED and event.runtime >= 0:
            ended = self.started[row] + event.runtime
            if event.at - ended > LATE_NS:
                self.repairs.count(TOLD_LATE, 1, noun="task")
                return ended
        return max(event.at, self.started[row])

    def _end(self, row: int, event: Event, at: int) -> None:
        outcomes = {SUCCEEDED: Outcome.DONE, RETRIED: Outcome.RETRIED, REJECTED: Outcome.LOST, FAILED: Outcome.FAILED}
        outcome = outcomes.get(event.kind)
        if event.kind == FAILED and event.reason == TIME_LIMIT:
            outcome = Outcome.TIMED_OUT
        elif event.kind == FAILED and event.reason == PROCESS_LOST:
            outcome = Outcome.LOST
        elif outcome is None:  # revoked: before it ran, or while it did
            outcome = Outcome.EXPIRED if self.started[row] == NEVER else Outcome.FAILED
        self.finished[row], self.outcome[row] = at, int(outcome)
