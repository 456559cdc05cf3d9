"""Traces as CSV: a header, then one row a job, with what it needs and what was observed.

Every mistake is named by row, line and column; up to ten of them together.
"""

from __future__ import annotations

from contextlib import closing
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import numpy as np

from workersim.errors import InputError
from workersim.units import NEVER, SECOND, nearest, parse_number, shown
from workersim.workload.csv_rows import csv_rows
from workersim.workload.demands import Demands
from workersim.workload.files import open_text
from workersim.workload.growing import Growing, GrowingDemands, moved
from workersim.workload.jobs import constant
from workersim.workload.problems import Problems, of_another_clock
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
from workersim.workload.trace_rows import ABSENT, NEEDS, TraceRows, own_demands

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from numpy.typing import NDArray

__all__ = ["read_trace_csv"]

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
KNOWN = ("arrival", "phases", *NUMBERS, *NAMES, *OBSERVED)
KEPT = tuple(column for column in KNOWN if column not in NEEDS)


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
        self.problems = Problems(path, lambda i: f"row {self.numbers[i]} (line {self.lines[i]})")
        self.clock: Clock | None = None
        self.held: dict[str, NDArray[np.int64]] = {}
        self.columns = {column: Growing(np.int32 if column in NAMES else np.int64) for column in KEPT}
        self.demands = GrowingDemands()
        self.names: dict[str, dict[str, int]] = {column: {} for column in NAMES}

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
        self.held = {"arrival": self._instants("arrival")}
        self.held |= {column: self._cells(column, parse) for column, parse in NUMBERS.items()}
        self.held |= {column: self._names(column) for column in NAMES}
        phases = self._phases()
        self._observed()
        self._demanded(phases.counts)
        self.problems.raise_any()
        for column, growing in self.columns.items():
            growing.extend(self.held[column])
        self.demands.extend(own_demands(phases, self.held, self.held["start"], self.held["finish"]))

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
            self.problems.note(i, column, str(error))
            return absent

    def _instants(self, column: str) -> NDArray[np.int64]:
        if self.clock is None:
            self.clock = Clock(self.texts["arrival"][0].strip())
        values = self._cells(column, self.clock.read_iso if self.clock.is_iso else self.clock.read_seconds, NEVER)
        if column == "arrival":
            outside = values == NEVER
            if not self.clock.is_iso:
                outside |= (values < 0) | (values > CENTURY_NS)
            self.problems.note_each(outside, self._note_arrival)
        return values

    def _note_arrival(self, i: int) -> None:
        found = self.texts["arrival"][i].strip() or None
        self.problems.note(i, "arrival", f"expected seconds, from 0 to 100 years, or ISO 8601, found {shown(found)}")

    def _names(self, column: str) -> NDArray[np.int64]:
        known = self.names[column]
        seen: dict[str, int] = {}

        def index(text: str) -> int:
            if text not in seen:
                stripped = name(text.strip())
                seen[text] = known.setdefault(stripped, len(known)) if stripped else ABSENT
            return seen[text]

        return self._cells(column, index)

    def _phases(self) -> Demands:
        """Read the phases that each row has in so many words."""
        seen: dict[str, tuple[list[int], list[int]]] = {}

        def phases_in(text: str) -> int:
            if text not in seen:
                seen[text] = parse_phases(text.strip())
            return len(seen[text][0])

        counts = self._cells("phases", phases_in, 0)
        written = [seen[text] for text in self.texts.get("phases", ()) if text in seen]
        kinds, demands = (
            ([each for part in parts for each in part] for parts in zip(*written, strict=True)) if written else ([], [])
        )
        return Demands(counts, np.array(kinds, np.uint8), np.array(demands, np.int64))

    # -- what rows must not say ------------------------------------------------------------------------

    def _refuse_lengths(self, rows: list[list[str]]) -> None:
        width = len(self.header)
        for i, row in enumerate(rows):
            if len(row) != width:
                self.problems.note(i, "", f"expected {width} fields, as in the header, found {len(row)}")
        self.problems.raise_any()

    def _observed(self) -> None:
        """Check that starts and ends are of the same clock and unit as the arrivals."""
        noted = len(self.problems)
        arrival, started, finished = self.held["arrival"], self._instants("start"), self._instants("finish")
        self.held |= {"start": started, "finish": finished}
        if len(self.problems) > noted or (arrival == NEVER).any():
            return
        for column, values in (("start", started), ("finish", finished)):
            after = values - arrival
            odd = np.flatnonzero((values != NEVER) & ((after < -EARLY_NS) | (after > 10 * YEAR_NS)))
            if len(odd):
                self._note_clock(odd.tolist(), column, int(arrival[odd[0]]), int(after[odd[0]]))
                return
        self.problems.note_backward(started, finished, "finish")

    def _note_clock(self, odd: list[int], column: str, arrival_ns: int, after_ns: int) -> None:
        text = self.texts[column][odd[0]].strip()
        after_s = after_ns / SECOND
        if self.clock is not None and not self.clock.is_iso:
            after_s = parse_number(text) - arrival_ns / SECOND  # the instant itself may have been cut
        self.problems.note(odd[0], column, of_another_clock(text, after_s, len(odd)))

    def _demanded(self, counts: NDArray[np.int64]) -> None:
        """Check that every row says what its job needs, or names a class that does."""
        last = self.held
        said = (counts > 0) | (last["cpu"] >= 0) | (last["io"] >= 0) | (last["service"] >= 0)
        said |= (last["start"] != NEVER) & (last["finish"] != NEVER)
        named = [i for text, i in self.names["job_class"].items() if text in self.drawn]
        said |= np.isin(last["job_class"], named)
        if "" in self.drawn and not any(column in self.header for column in NEEDS):
            said |= last["job_class"] == ABSENT
        nothing = "nothing says what the job needs; expected service, or cpu and io, or phases"
        self.problems.note_each(~said, lambda i: self.problems.note(i, "", nothing))

    def _refuse(self, why: str) -> NoReturn:
        msg = f"{self.path}: {why}"
        raise InputError(msg)

    # -- all of it ---------------------------------------------------------------------------------------

    def result(self) -> TraceRows:
        """Return all rows."""
        if not self.taken:
            self._refuse("has no rows" if self.header else "is empty; expected a header")
        held = {column: growing.made() for column, growing in self.columns.items()}
        if self.clock is not None and self.clock.is_iso:
            self._from_earliest(held)
        return TraceRows(
            path=self.path,
            arrival_ns=held["arrival"],
            demands=self.demands.made(),
            job_class=held["job_class"],
            queue=held["queue"],
            priority=held["priority"],
            patience_ns=held["expires"],
            started_ns=held["start"],
            finished_ns=held["finish"],
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

    def _from_earliest(self, held: dict[str, NDArray[np.int64]]) -> None:
        arrival = held["arrival"]
        first, late = int(arrival.min()), int(arrival.argmax())
        if arrival[late] - first > CENTURY_NS:
            self._refuse(f"row {late + 1}, column arrival: lies more than 100 years after the earliest arrival")
        held |= {column: moved(held[column], first) for column in ("arrival", *OBSERVED)}
