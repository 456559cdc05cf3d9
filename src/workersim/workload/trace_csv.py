"""Traces as CSV: a header, then one row a job, with what it needs and what was observed.

Every mistake is named by row, line and column; up to ten of them together.
"""

from __future__ import annotations

from array import array
from contextlib import closing
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import numpy as np

from workersim.errors import InputError
from workersim.units import NEVER, SECOND, nearest, parse_number, shown
from workersim.workload.csv_rows import csv_rows
from workersim.workload.demands import Demands, joined
from workersim.workload.files import open_text
from workersim.workload.jobs import constant, is_constant
from workersim.workload.trace_cells import (
    CENTURY_NS,
    Clock,
    count,
    duration_ns,
    durations_ns,
    limit_ns,
    name,
    parse_phases,
    place,
    priority,
)
from workersim.workload.trace_rows import ABSENT, TraceRows, own_demands

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from numpy.typing import NDArray

__all__ = ["read_trace_csv"]

MOST_PROBLEMS = 10
YEAR_NS = 31557600 * SECOND
EARLY_NS = SECOND  # how much before its arrival a job may seem to start: two clocks are never quite equal

NUMBERS: dict[str, Callable[[str], int]] = {
    "cpu": duration_ns,
    "io": duration_ns,
    "service": duration_ns,
    "expires": duration_ns,
    "countdown": duration_ns,
    "fails_after": duration_ns,
    "soft_time_limit": limit_ns,
    "time_limit": limit_ns,
    "fails": lru_cache(4096)(count),
    "priority": lru_cache(4096)(priority),  # few different ones
    "replica": lru_cache(4096)(place),
    "slot": lru_cache(4096)(place),
}
NAMES = ("job_class", "queue")
OBSERVED = ("start", "finish")
NEEDS = ("phases", "cpu", "io", "service")
KNOWN = ("arrival", "phases", *NUMBERS, *NAMES, *OBSERVED)


def read_trace_csv(path: str | Path, *, drawn: Collection[str] = ()) -> TraceRows:
    """Read a trace.

    Parameters
    ----------
    path
        A CSV file with a header.  ``arrival`` in seconds or ISO 8601; then ``phases``
        (``cpu:0.4;io:0.6``), or ``cpu`` and ``io`` (half of the CPU time, I/O, the rest), or ``service``
        (one I/O phase), or ``start`` and ``finish`` (the same); where a row fills several, the first of
        these.  Optional ``job_class``, ``queue``, ``priority``, ``expires``, ``countdown``, ``fails``,
        ``fails_after``, ``soft_time_limit``, ``time_limit``, ``replica``, ``slot``.
    drawn
        Job classes whose demands are drawn if a row has none of its own; "" stands for rows that name no
        class, in a file without any column of demands.

    Returns
    -------
    TraceRows
        In the order of the file.

    Raises
    ------
    InputError
        With one line a problem: file, row (the first below the header is 1), line, column, what was found,
        what was expected.
    """
    reader = _Reader(Path(path), drawn)
    # a refusal would leave the file open until somebody collects the garbage
    with closing(open_text(reader.path)) as text:
        for header, rows, lines in csv_rows(reader.path, text):
            if rows:
                reader.take(rows, lines)
            else:
                reader.take_header(header)
    return reader.result()


class _Reader:
    """Turns chunks of rows into chunks of columns."""

    def __init__(self, path: Path, drawn: Collection[str]) -> None:
        self.path = path
        self.drawn = drawn
        self.header: list[str] = []
        self.taken = 0
        self.lines: list[int] = []
        self.numbers: list[int] = []
        self.texts: dict[str, tuple[str, ...]] = {}
        self.problems: list[tuple[int, str]] = []
        self.clock: Clock | None = None
        self.columns: dict[str, list[NDArray[np.int64]]] = {}
        self.names: dict[str, dict[str, int]] = {column: {} for column in NAMES}
        self.phase_kinds, self.phase_demands = array("B"), array("q")

    # -- the file ------------------------------------------------------------------------------------

    def take_header(self, header: list[str]) -> None:
        """Look whether these columns can say what there is to say."""
        self.header = header
        if "arrival" not in self.header:
            self._refuse(f"column `arrival` is missing{self._instead('arrival')}")
        observed = all(column in self.header for column in OBSERVED)
        by_class = "" in self.drawn or ("job_class" in self.header and self.drawn)
        if not (observed or by_class or any(column in self.header for column in NEEDS)):
            self._refuse(
                "no column says what a job needs; expected `service`, or `cpu` and `io`, or `phases`, "
                f"or `start` and `finish`{self._instead('service')}"
            )

    def _instead(self, wanted: str) -> str:
        unknown = [cell for cell in self.header if cell and cell not in KNOWN]
        close = nearest(wanted, unknown)
        if close:
            return close
        return f"; the header has {', '.join(map(shown, self.header[:8]))}{', …' if len(self.header) > 8 else ''}"

    # -- a chunk -------------------------------------------------------------------------------------

    def take(self, rows: list[list[str]], lines: list[int]) -> None:
        """Read the cells of some rows, and refuse them if something is wrong with one."""
        self.numbers = list(range(self.taken + 1, self.taken + len(rows) + 1))
        self.taken += len(rows)
        self.lines = lines
        width = len(self.header)
        if any(len(row) != width for row in rows):
            self._refuse_lengths(rows)
        self.texts = dict(zip(self.header, zip(*rows, strict=True), strict=True))
        arrival = self._instants("arrival")
        for column, parse in NUMBERS.items():
            self._keep(column, self._cells(column, parse))
        for column in NAMES:
            self._keep(column, self._names(column))
        counts = self._phases()
        self._keep("arrival", arrival)
        self._keep("counts", counts)
        self._observed(arrival)
        self._demanded(counts)
        self._raise()

    def _keep(self, column: str, values: NDArray[np.int64]) -> None:
        self.columns.setdefault(column, []).append(values)

    def _cells(self, column: str, parse: Callable[[str], int], absent: int = ABSENT) -> NDArray[np.int64]:
        """Read a column; what cannot be read is noted."""
        texts = self.texts.get(column)
        if texts is None:
            return constant(absent, len(self.lines))
        is_seconds = parse is duration_ns or (self.clock is not None and parse == self.clock.read_seconds)
        quickly = durations_ns(texts, absent) if is_seconds else None
        if quickly is not None:
            return quickly
        try:
            return np.fromiter((parse(text) if text else absent for text in texts), np.int64, len(texts))
        except ValueError:
            values = [self._cell(i, column, parse, absent) for i in range(len(texts))]
            return np.array(values, np.int64)

    def _cell(self, i: int, column: str, parse: Callable[[str], int], absent: int) -> int:
        text = self.texts[column][i].strip()
        try:
            return parse(text) if text else absent
        except ValueError as error:
            self._note(i, column, str(error))
            return absent

    def _instants(self, column: str) -> NDArray[np.int64]:
        if self.clock is None:
            self.clock = Clock(self.texts["arrival"][0].strip())
        values = self._cells(column, self.clock.read_iso if self.clock.is_iso else self.clock.read_seconds, NEVER)
        if column == "arrival":
            outside = values == NEVER
            if not self.clock.is_iso:
                outside |= (values < 0) | (values > CENTURY_NS)
            noted = {i for i, _ in self.problems}
            for i in np.flatnonzero(outside)[: 2 * MOST_PROBLEMS].tolist():
                if i not in noted:
                    found = self.texts[column][i].strip() or None
                    self._note(i, column, f"expected seconds, from 0 to 100 years, or ISO 8601, found {shown(found)}")
        return values

    def _names(self, column: str) -> NDArray[np.int64]:
        known = self.names[column]
        seen: dict[str, int] = {}

        def index(text: str) -> int:
            if text not in seen:
                stripped = name(text.strip())
                seen[text] = known.setdefault(stripped, len(known)) if stripped else ABSENT
            return seen[text]

        return self._cells(column, index)

    def _phases(self) -> NDArray[np.int64]:
        """Read the phases of each row, and return how many there are."""
        seen: dict[str, tuple[list[int], list[int]]] = {}

        def phases_in(text: str) -> int:
            if text not in seen:
                seen[text] = parse_phases(text.strip())
            return len(seen[text][0])

        counts = self._cells("phases", phases_in, 0)
        if "phases" in self.texts and not self.problems:
            for text in self.texts["phases"]:
                kinds, demands = seen.get(text, ((), ()))
                self.phase_kinds.extend(kinds)
                self.phase_demands.extend(demands)
        return counts

    # -- what rows must not say ------------------------------------------------------------------------

    def _refuse_lengths(self, rows: list[list[str]]) -> None:
        width = len(self.header)
        for i, row in enumerate(rows):
            if len(row) != width:
                self._note(i, "", f"expected {width} fields, as in the header, found {len(row)}")
        self._raise()

    def _observed(self, arrival: NDArray[np.int64]) -> None:
        """Check that starts and ends are of the same clock and unit as the arrivals."""
        noted = len(self.problems)
        started, finished = self._instants("start"), self._instants("finish")
        self._keep("start", started)
        self._keep("finish", finished)
        if len(self.problems) > noted or (arrival == NEVER).any():
            return
        for column, values in (("start", started), ("finish", finished)):
            after = values - arrival
            odd = np.flatnonzero((values != NEVER) & ((after < -EARLY_NS) | (after > 10 * YEAR_NS)))
            if len(odd):
                self._note_clock(odd.tolist(), column, int(arrival[odd[0]]), int(after[odd[0]]))
                return
        before = (started != NEVER) & (finished < started)
        for i in np.flatnonzero(before)[:MOST_PROBLEMS].tolist():
            lead = (int(started[i]) - int(finished[i])) / SECOND
            self._note(i, "finish", f"lies {lead:.6g} s before start; expected it later")

    def _note_clock(self, odd: list[int], column: str, arrival_ns: int, after_ns: int) -> None:
        text = self.texts[column][odd[0]].strip()
        after_s = after_ns / SECOND
        if self.clock is not None and not self.clock.is_iso:
            after_s = parse_number(text) - arrival_ns / SECOND  # the instant itself may have been cut
        side = f"{abs(after_s):.2g} s {'before' if after_s < 0 else 'after'} arrival"
        alike = f" ({len(odd) - 1} more like it)" if len(odd) > 1 else ""
        self._note(odd[0], column, f"{text[:40]} lies {side}; expected the clock and the unit of `arrival`{alike}")

    def _demanded(self, counts: NDArray[np.int64]) -> None:
        """Check that every row says what its job needs, or names a class that does."""
        last = {column: chunks[-1] for column, chunks in self.columns.items()}
        said = (counts > 0) | (last["cpu"] >= 0) | (last["io"] >= 0) | (last["service"] >= 0)
        said |= (last["start"] != NEVER) & (last["finish"] != NEVER)
        named = [i for text, i in self.names["job_class"].items() if text in self.drawn]
        said |= np.isin(last["job_class"], named)
        if "" in self.drawn and not any(column in self.header for column in NEEDS):
            said |= last["job_class"] == ABSENT
        noted = {i for i, _ in self.problems}
        for i in np.flatnonzero(~said)[: 2 * MOST_PROBLEMS].tolist():
            if i not in noted:
                self._note(i, "", "nothing says what the job needs; expected service, or cpu and io, or phases")

    # -- problems ------------------------------------------------------------------------------------

    def _note(self, i: int, column: str, problem: str) -> None:
        where = f"row {self.numbers[i]} (line {self.lines[i]})"
        self.problems.append((i, f"{self.path}: {where}{', column ' + column if column else ''}: {problem}"))

    def _raise(self) -> None:
        if self.problems:
            found = [problem for _, problem in sorted(self.problems, key=lambda noted: noted[0])]
            more = len(found) - MOST_PROBLEMS
            if more > 0:
                found[MOST_PROBLEMS:] = [f"{self.path}: reading stopped there, with {more} more problems or so"]
            raise InputError(*found)

    def _refuse(self, why: str) -> NoReturn:
        msg = f"{self.path}: {why}"
        raise InputError(msg)

    # -- all of it ---------------------------------------------------------------------------------------

    def result(self) -> TraceRows:
        """Return all rows."""
        if not self.taken:
            self._refuse("has no rows" if self.header else "is empty; expected a header")
        held = {column: joined(chunks) for column, chunks in self.columns.items()}
        arrival, started, finished = held["arrival"], held["start"], held["finish"]
        if self.clock is not None and self.clock.is_iso:
            arrival, started, finished = self._from_earliest(arrival, started, finished)
        observed = (started != NEVER) & (finished != NEVER)
        service = np.where((held["service"] < 0) & observed, finished - started, held["service"])
        phases = Demands(held["counts"], np.array(self.phase_kinds, np.uint8), np.array(self.phase_demands, np.int64))
        return TraceRows(
            path=self.path,
            arrival_ns=arrival,
            demands=own_demands(phases, held["cpu"], held["io"], service),
            job_class=_index(held["job_class"]),
            queue=_index(held["queue"]),
            priority=held["priority"],
            patience_ns=held["expires"],
            started_ns=started,
            finished_ns=finished,
            replica=held["replica"],
            slot=held["slot"],
            countdown_ns=held["countdown"],
            fails=held["fails"],
            fails_after_ns=held["fails_after"],
            soft_ns=held["soft_time_limit"],
            hard_ns=held["time_limit"],
            classes=tuple(self.names["job_class"]),
            queues=tuple(self.names["queue"]),
        )

    def _from_earliest(self, arrival: NDArray[np.int64], *others: NDArray[np.int64]) -> list[NDArray[np.int64]]:
        first = int(arrival.min())
        late = int(arrival.argmax())
        if arrival[late] - first > CENTURY_NS:
            self._refuse(f"row {late + 1}, column arrival: lies more than 100 years after the earliest arrival")
        return [arrival - first, *(np.where(other == NEVER, NEVER, other - first) for other in others)]


def _index(column: NDArray[np.int64]) -> NDArray[np.int32]:
    return constant(ABSENT, len(column), np.int32) if is_constant(column) else column.astype(np.int32)
