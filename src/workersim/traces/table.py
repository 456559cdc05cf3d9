"""Tables with a row a job, or a row an attempt, whatever their columns are called.

A format is a ``Layout``: which column says what, and what is peculiar about its rows.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from workersim.errors import InputError
from workersim.traces.attempts import by_job, each_counted
from workersim.traces.cells import ABSENT, Instants, cleaned, exponent_of, numbered, read_each, scaled_ns
from workersim.traces.completing import ASKED, EARLY_NS, completed
from workersim.traces.facts import Facts, Places
from workersim.traces.ids import Ids
from workersim.traces.roles import DURATIONS, INSTANTS, Source, source_of
from workersim.units import NEVER, SECOND, nearest, shown
from workersim.workload.demands import Demands
from workersim.workload.growing import Growing, GrowingDemands
from workersim.workload.jobs import constant
from workersim.workload.problems import Problems, of_another_clock
from workersim.workload.trace_cells import CENTURY_NS, durations_ns, name, parse_phases, place, priority
from workersim.workload.trace_rows import NEEDS, own_demands

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from workersim.runlog import Outcome
    from workersim.traces.chunks import Chunk
    from workersim.traces.repairs import Repairs

    Columns = dict[str, Sequence[str]]
    Rule = Callable[[Columns, Sequence[int], Repairs], list[bool]]

__all__ = ["Layout", "TableReader"]

LATE_NS = 10 * 31_557_600 * SECOND
# What has few values; all else counts nanoseconds, or may be any number.
_NARROW = {"outcome": np.uint8, "job_class": np.int32, "queue": np.int32, "worker": np.int32, "id": np.int32}
_WHOLE = {"priority": priority, "replica": place, "slot": place, "attempt": place, "count": place, "fails": place}


@dataclass(frozen=True)
class Layout:
    """How a format writes down jobs.

    Attributes
    ----------
    format
        Its name.
    roles
        For each thing that is known the column, or the sum of columns, that says it.
    outcomes
        What its words for the end of an attempt mean, in lower case.
    rules
        Called with the cells of each chunk, the numbers of the rows, and where to count repairs: may change the
        cells, and returns which rows are jobs.
    extra
        Columns that the rules look at.
    arrival_from
        What gives the arrival, where its column is called otherwise.
    """

    format: str
    roles: Mapping[str, str]
    outcomes: Mapping[str, Outcome] = field(default_factory=dict)
    rules: tuple[Rule, ...] = ()
    extra: tuple[str, ...] = ()
    arrival_from: str = ""


class TableReader:
    """Turns chunks of rows into columns.

    Parameters
    ----------
    path
        The file, for messages.
    layout
        Its format.
    header
        The columns that there are.
    repairs
        Where is counted what was repaired.

    Raises
    ------
    InputError
        If a column is missing.
    """

    def __init__(self, path: Path, layout: Layout, header: Sequence[str], repairs: Repairs) -> None:
        self.path, self.layout, self.repairs = path, layout, repairs
        self.sources: dict[str, Source] = {}
        for role, written in layout.roles.items():
            try:
                self.sources[role] = source_of(written, header)
            except ValueError as error:
                _refuse(path, f"{role}: {error}")
        if "arrival" not in self.sources:
            shown_names = ", ".join(map(shown, header[:8])) + (", …" if len(header) > 8 else "")
            _refuse(
                path, f"column `arrival` is missing{nearest('arrival', header) or f'; the header has {shown_names}'}"
            )
        self.instants = {role: Instants(self.sources[role].name) for role in INSTANTS if role in self.sources}
        self.names: dict[str, dict[str, int]] = {role: {} for role in ("job_class", "queue", "worker")}
        self.ids = Ids()
        self.columns: dict[str, Growing] = {}
        self.demands = GrowingDemands()
        self.rows = 0
        self.problems = Problems(path, lambda i: self._chunk.where(int(self._places[i])))
        self.odd_words: dict[str, int] = {}

    @property
    def arrival_from(self) -> str:
        """What gave the arrivals."""
        return self.layout.arrival_from or self.sources["arrival"].name

    # -- a chunk -------------------------------------------------------------------------------------

    def take(self, chunk: Chunk) -> None:
        """Read some rows.

        Raises
        ------
        InputError
            Naming the rows that cannot be read, up to ten of them.
        """
        self.rows += len(chunk)
        texts = {each: cleaned(chunk.columns[each]) for each in self._needed(chunk)}
        numbers = range(chunk.first, chunk.first + len(chunk))
        kept = np.ones(len(chunk), np.bool_)
        for rule in self.layout.rules:
            kept &= np.array(rule(texts, numbers, self.repairs), np.bool_)  # type: ignore[arg-type]  # lists are sequences
        places = np.flatnonzero(kept)
        if not len(places):
            return
        if len(places) < len(chunk):
            texts = {each: [column[i] for i in places.tolist()] for each, column in texts.items()}
        self._chunk, self._places, self._written = chunk, places, (np.empty(0, np.uint8), np.empty(0, np.int64))
        held = {role: self._read(role, source.texts(texts)) for role, source in self.sources.items()}
        self._checked(held)
        phases = Demands(held.pop("phases", constant(0, len(places))), *self._written)
        whole = completed(held, chunk.first + places, self.repairs)
        self.demands.extend(own_demands(phases, whole, whole["started"], whole["finished"]))
        for role, values in whole.items():
            if role not in NEEDS:
                self.columns.setdefault(role, Growing(_NARROW.get(role, np.int64))).extend(values)

    def _needed(self, chunk: Chunk) -> list[str]:
        names = [name for source in self.sources.values() for name in source.columns]
        return [name for name in dict.fromkeys((*names, *self.layout.extra)) if name in chunk.columns]

    def _read(self, role: str, texts: Sequence[str]) -> NDArray[np.int64]:
        if role in self.instants:
            return self.instants[role].read(texts, self._noting(role))
        if role in DURATIONS:
            return self._durations(role, texts)
        if role in self.names:
            return self._names(role, texts)
        special = {"id": self._ids, "outcome": self._outcomes, "phases": self._phases}
        return special[role](texts) if role in special else read_each(texts, _WHOLE[role], self._noting(role), ABSENT)

    def _durations(self, role: str, texts: Sequence[str]) -> NDArray[np.int64]:
        exponent = exponent_of(self.sources[role].name)
        quickly = durations_ns(texts, ABSENT) if exponent == 9 else None
        if quickly is not None and int(quickly.max(initial=0)) <= CENTURY_NS:
            return quickly

        def read(text: str) -> int:
            ns = scaled_ns(text, exponent)
            if not 0 <= ns <= CENTURY_NS:
                msg = f"expected a duration from 0 to 100 years, found {shown(text)}"
                raise ValueError(msg)
            return ns

        return read_each(texts, read, self._noting(role), ABSENT)

    def _names(self, role: str, texts: Sequence[str]) -> NDArray[np.int64]:
        known = self.names[role]
        try:
            return np.array(numbered(texts, known, name), np.int64)
        except ValueError:
            # somewhere is one that is none: say where
            return read_each(texts, lambda text: known.setdefault(name(text), len(known)), self._noting(role), ABSENT)

    def _ids(self, texts: Sequence[str]) -> NDArray[Any]:
        read_each(texts, lambda text: len(name(text)), self._noting("id"), ABSENT)
        return self.ids.numbers(texts)

    def _outcomes(self, texts: Sequence[str]) -> NDArray[np.int64]:
        return np.array([self._outcome(text) for text in texts], np.int64)

    def _outcome(self, text: str) -> int:
        if not text:
            return ABSENT
        found = self.layout.outcomes.get(text.lower())
        if found is None:
            self.odd_words[text[:40]] = self.odd_words.get(text[:40], 0) + 1
            return ABSENT
        return int(found)

    def _phases(self, texts: Sequence[str]) -> NDArray[np.int64]:
        kinds: list[int] = []
        demands: list[int] = []

        def read(text: str) -> int:
            written = parse_phases(text)
            kinds.extend(written[0])
            demands.extend(written[1])
            return len(written[0])

        counts = read_each(texts, read, self._noting("phases"), 0)
        self._written = np.array(kinds, np.uint8), np.array(demands, np.int64)
        return counts

    # -- what rows must not say ------------------------------------------------------------------------

    def _noting(self, role: str) -> Callable[[int, str], None]:
        return lambda i, problem: self._note(i, role, problem)

    def _note(self, i: int, role: str, problem: str) -> None:
        self.problems.note(i, self.sources[role].name, problem)

    def _checked(self, held: dict[str, NDArray[np.int64]]) -> None:
        """Refuse rows without an arrival, and instants of another clock or unit."""
        missing = held["arrival"] == NEVER
        self.problems.note_each(missing, lambda i: self._note(i, "arrival", "expected an instant, found nothing"))
        if not missing.any():
            for role in ("received", "start", "finish"):
                if role in held and not self.problems:  # the others would say the same
                    self._same_clock(role, held[role], held["arrival"])
            if not self.problems and "start" in held and "finish" in held:
                self.problems.note_backward(held["start"], held["finish"], self.sources["finish"].name)
        self.problems.raise_any()

    def _same_clock(self, role: str, values: NDArray[np.int64], arrival: NDArray[np.int64]) -> None:
        own, first = self.instants[role], self.instants["arrival"]
        known = values < NEVER
        if own.style is None or not known.any():
            return
        after = values - arrival
        alike = own.style == first.style or (own.is_absolute and first.is_absolute)
        odd = known & ((after < -EARLY_NS) | (after > LATE_NS)) if alike else known
        if odd.any():
            i = int(np.flatnonzero(odd)[0])
            text = self.sources[role].texts(self._cells())[int(self._places[i])]
            after_s = _seconds(text, values[i]) - _seconds(
                self.sources["arrival"].texts(self._cells())[int(self._places[i])], arrival[i]
            )
            if alike:
                after_s = int(after[i]) / SECOND
            self._note(i, role, of_another_clock(text, after_s, int(odd.sum())))

    def _cells(self) -> Columns:
        return {each: cleaned(self._chunk.columns[each]) for each in self._needed(self._chunk)}

    # -- all of it ---------------------------------------------------------------------------------------

    def facts(self) -> Facts:
        """Return all rows.

        Raises
        ------
        InputError
            If there are none.
        """
        if not self.columns:
            _refuse(self.path, "has no rows" if not self.rows else "none of its rows is a job")
        self._say()
        held = {role: column.made() for role, column in self.columns.items()}
        self.columns.clear()
        n = len(held["arrival"])
        facts = Facts(
            job=held["id"] if "id" in self.sources and len(self.ids) < n else np.arange(n),
            arrival_ns=held["arrival"],
            published_ns=held.get("published", held["arrival"]),
            received_ns=held["received"],
            started_ns=held["started"],
            finished_ns=held["finished"],
            outcome=held["outcome"],
            job_class=held["job_class"],
            queue=held["queue"],
            priority=held["priority"],
            patience_ns=held["expires"],
            demands=self.demands.made(),
            places=Places(held["worker"] if "worker" in self.sources else held["replica"], held["slot"]),
            asked={name: held[role] for name, role in ASKED.items() if role in self.sources},
            classes=tuple(self.names["job_class"]),
            queues=tuple(self.names["queue"]),
            is_absolute=self.instants["arrival"].style != "seconds"
            and (self.instants["arrival"].is_absolute or "ISO" in str(self.instants["arrival"].style)),
        )
        if "count" in self.sources:
            return each_counted(facts, held["count"], self.repairs)
        return facts if len(self.ids) in {0, n} else by_job(facts, held["attempt"], self.repairs)

    def _say(self) -> None:
        """Say how instants are written, and what of it was not as expected."""
        for role, column in self.instants.items():
            style = column.style
            if (
                style is not None
                and style != "seconds"
                and (role == "arrival" or style != self.instants["arrival"].style)
            ):
                self.repairs.say(f"Column {shown(column.name)} is read as {style}.")
            if len(column.offsets) > 1:
                common, _ = column.offsets.most_common(1)[0]
                others = sum(count for offset, count in column.offsets.items() if offset != common)
                self.repairs.count(f"with another UTC offset in {shown(column.name)} than most: made UTC", others)
        for role in DURATIONS:
            if role in self.sources and exponent_of(self.sources[role].name) != 9:
                unit = {6: "milliseconds", 3: "microseconds", 0: "nanoseconds"}[exponent_of(self.sources[role].name)]
                self.repairs.say(f"Column {shown(self.sources[role].name)} is read as {unit}, by its name.")
        for word, count in list(self.odd_words.items())[:5]:
            self.repairs.count(f"with the end {shown(word)}, which means nothing here: the times decide", count)


def _seconds(text: str, ns: int) -> float:
    try:
        return float(text)
    except ValueError:
        return int(ns) / SECOND


def _refuse(path: Path, why: str) -> NoReturn:
    msg = f"{path}: {why}"
    raise InputError(msg)
