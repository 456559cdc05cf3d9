"""Celery's events as columns of numbers: 35 bytes an event and some 40 a task, however they are called."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from workersim.runlog.ordering import blocks, in_order
from workersim.traces.celery_attempts import REASONS, SEEN, STARTED, Event
from workersim.traces.ids import Ids
from workersim.units import NEVER, SECOND, shown
from workersim.workload.jobs import constant

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from workersim.traces.repairs import Repairs

__all__ = ["EventColumns", "OfTask"]

SKEW_NS = SECOND  # what the clocks of two hosts may differ by unnoticed: the network and the receiver take time too
AHEAD_NS = SECOND // 20  # an event that is received before it happened by more than this comes of a clock that is ahead
DISORDER_NS = SECOND // 100
DISORDER = "from before an event of an earlier line: put into order"
FEW = 8192  # events whose ids are held as text


class OfTask(NamedTuple):
    """What an event says of its task; -1 and ``NEVER`` where it says nothing."""

    uuid: str
    job_class: int
    queue: int
    expires: int


class EventColumns:
    """Events as columns of numbers; names are kept once.

    Attributes
    ----------
    ids
        The tasks.
    hosts
        Their numbers by name.
    class_of, queue_of, expires_of
        What was first said of each task.
    """

    def __init__(self) -> None:
        self.ids, self.hosts = Ids(), dict[str, int]()
        self.class_of, self.queue_of = _FirstSaid("i", -1), _FirstSaid("i", -1)
        self.expires_of = _FirstSaid("q", NEVER)
        self._kind, self._task, self._host, self._retries = array("b"), array("i"), array("i"), array("h")
        self._at, self._heard, self._number = array("q"), array("q"), array("q")
        self._untold: list[OfTask] = []
        self._untold_rows: list[int] = []

    def __len__(self) -> int:
        return len(self._kind)

    def add(self, event: Event, heard: int, task: OfTask | None) -> None:
        """Append an event, whose task has no number yet; ``heard`` is when it was received."""
        self._kind.append(event.kind * REASONS + event.reason)
        self._task.append(-1)
        self._host.append(event.host)
        self._retries.append(event.retries)
        self._at.append(event.at)
        self._heard.append(heard)
        # What begins may have a due time, what ends may have a runtime.
        self._number.append(event.due if _begins(event.kind) else event.runtime)
        if task:
            self._untold.append(task)
            self._untold_rows.append(len(self) - 1)
            if len(self._untold) == FEW:
                self.number_tasks()

    def number_tasks(self) -> None:
        """Give the latest events the numbers of their tasks; to be called after the last one, too."""
        if not self._untold:
            return
        uuids, classes, queues, expires = zip(*self._untold, strict=True)
        tasks = self.ids.numbers(uuids)
        np.frombuffer(self._task, np.int32)[self._untold_rows] = tasks
        for column, said in ((self.class_of, classes), (self.queue_of, queues), (self.expires_of, expires)):
            column.say(tasks, np.array(said, np.int64))
        self._untold, self._untold_rows = [], []

    # -- clocks ----------------------------------------------------------------------------------------

    def align(self, repairs: Repairs) -> None:
        """Set each event by the clock of the receiver where that of its host is off."""
        at, lag, host = np.frombuffer(self._at, np.int64), np.frombuffer(self._heard, np.int64), self._hosts()
        np.subtract(lag, at, out=lag, where=lag < NEVER)
        shifts = np.zeros(len(self.hosts), np.int64)
        for name, number in self._suspects(lag, host):
            own = np.concatenate([lag[rows][(host[rows] == number) & (lag[rows] < NEVER)] for rows in blocks(len(lag))])
            least, median = int(own.min()), float(np.median(own, overwrite_input=True))
            if median > SKEW_NS or median < -AHEAD_NS:
                shifts[number] = shift = least if median > 0 else int(median)
                off = "behind" if shift > 0 else "ahead"
                repairs.say(
                    f"The clock of {shown(name)} is {abs(shift) / SECOND:,.6g} s {off}: its events are set by when "
                    "they were received."
                )
        if shifts.any():
            for rows in blocks(len(at)):
                at[rows] += shifts[host[rows]]
        del lag
        self._heard = array("q")
        repairs.count(DISORDER, _disorder(at), noun="event")

    def _suspects(self, lag: NDArray[np.int64], host: NDArray[np.int32]) -> Iterator[tuple[str, int]]:
        """Yield the hosts of which half of the events or more were received too late, or too early."""
        counts = np.zeros((3, len(self.hosts)), np.int64)
        for rows in blocks(len(lag)):
            late = lag[rows]
            known = late < NEVER
            for row, flags in enumerate((known, known & (late > SKEW_NS), late < -AHEAD_NS)):
                counts[row] += np.bincount(host[rows][flags], minlength=len(self.hosts))
        heard, behind, ahead = counts.tolist()
        for name, number in self.hosts.items():
            if heard[number] and 2 * max(behind[number], ahead[number]) >= heard[number]:
                yield name, number

    def _hosts(self) -> NDArray[np.int32]:
        return np.frombuffer(self._host, np.int32)

    # -- what happened ---------------------------------------------------------------------------------

    @property
    def last_ns(self) -> int:
        """When the last event happened."""
        return int(np.frombuffer(self._at, np.int64).max())

    def events(self) -> Iterator[Event]:
        """Yield the events in the order in which they happened."""
        held = (self._kind, self._task, self._host, self._at, self._retries, self._number)
        columns = [np.frombuffer(column, column.typecode) for column in held]
        for rows in in_order(columns[3]):
            for kind, task, host, at, retries, number in zip(*(c[rows].tolist() for c in columns), strict=True):
                what, reason = divmod(kind, REASONS)
                runtime, due = (-1, number) if _begins(what) else (number, NEVER)
                yield Event(what, task, host, at, retries, runtime, reason, due)

    def let_go(self) -> None:
        """Forget the events, once they were followed."""
        self._kind, self._task, self._host, self._retries = array("b"), array("i"), array("i"), array("h")
        self._at, self._number = array("q"), array("q")


class _FirstSaid:
    """What was first said of each task; no column as long as nothing is."""

    def __init__(self, typecode: str, absent: int) -> None:
        self._held, self._absent = array(typecode), absent

    def say(self, tasks: NDArray[np.int32], values: NDArray[np.int64]) -> None:
        known = np.flatnonzero(values != self._absent)
        if not len(known):
            return
        short = int(tasks[known].max()) + 1 - len(self._held)
        self._held.extend([self._absent] * short)
        column = np.frombuffer(self._held, self._held.typecode)
        known = known[column[tasks[known]] == self._absent][::-1]
        column[tasks[known]] = values[known]  # of several the last one stays, which came first

    def of(self, tasks: NDArray[np.int32], n: int) -> NDArray[Any]:
        """Return what was said of some of n tasks."""
        if not self._held:
            return constant(self._absent, len(tasks), self._held.typecode)
        self._held.extend([self._absent] * (n - len(self._held)))
        column: NDArray[Any] = np.frombuffer(self._held, self._held.typecode)[tasks]
        return column


def _begins(kind: int) -> bool:
    return kind <= STARTED or kind == SEEN


def _disorder(instants: NDArray[np.int64]) -> int:
    """Count the events that happened well before the one of the line before."""
    found = 0
    for rows in blocks(len(instants)):
        part = instants[max(rows.start - 1, 0) : rows.stop]
        found += int(np.count_nonzero(part[1:] - part[:-1] < -DISORDER_NS))
    return found
