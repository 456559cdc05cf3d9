"""Cells of files that were not written for us: instants by any clock, durations in any unit, and what says nothing.

A column decides with its first cell how it writes instants; every other cell must follow, or is refused by its row.
"""

from __future__ import annotations

import re
from collections import Counter
from decimal import Decimal, DecimalException
from typing import TYPE_CHECKING, NoReturn

import numpy as np

from workersim.units import NEVER, SECOND, shown
from workersim.workload.trace_cells import CENTURY_NS, Clock, durations_ns

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

__all__ = ["ABSENT", "Instants", "cleaned", "exponent_of", "numbered", "read_each", "scaled_ns"]

ABSENT = -1
YEAR_S = 31_557_600
# What databases, pandas and cluster logs write where they know nothing.
NOTHING = frozenset({"", "-1", "-1.0", "nan", "NaN", "null", "NULL", "None", "none", "NaT", "\\N", "N/A", "n/a", "-"})
_SUFFIXES = {"_ns": 0, "_us": 3, "_ms": 6}
# A number of this size counts from 1970 in that unit: 2001 to 5138 in seconds, then 1973 to 5138 in finer ones.
_EPOCHS = (
    (1e9, 9, "epoch seconds"),
    (1e11, 6, "epoch milliseconds"),
    (1e14, 3, "epoch microseconds"),
    (1e17, 0, "epoch nanoseconds"),
)
_OFFSET = re.compile(r"[+-][0-9]{2}:?[0-9]{2}$|Z$")


def cleaned(texts: Sequence[str]) -> list[str]:
    """Return the cells without space around them, and empty where they say nothing."""
    return ["" if (text := each.strip()) in NOTHING else text for each in texts]


def exponent_of(column: str) -> int:
    """Return the power of ten that makes nanoseconds of a column, by the end of its name; seconds by default."""
    return next((power for suffix, power in _SUFFIXES.items() if column.lower().endswith(suffix)), 9)


def scaled_ns(text: str, exponent: int) -> int:
    """Read a number as nanoseconds, exactly, half to even.

    Raises
    ------
    ValueError
        If it is no number, or beyond what the clock holds.
    """
    try:
        number = Decimal(text) if len(text) <= 64 and "_" not in text else None
        if number is not None and number.is_finite() and (number == 0 or -40 < number.adjusted() < 20):
            ns = int(number.scaleb(exponent).to_integral_value())
            if abs(ns) < NEVER:
                return ns
    except DecimalException:
        number = None
    return _refuse(text, "a number" if number is None else "a number that the clock holds")


def read_each(
    texts: Sequence[str], read: Callable[[str], int], note: Callable[[int, str], None], absent: int
) -> NDArray[np.int64]:
    """Read cells one by one; what cannot be read is noted, and absent."""
    values = np.full(len(texts), absent, np.int64)
    for i, text in enumerate(texts):
        if text:
            try:
                values[i] = read(text)
            except ValueError as error:
                note(i, str(error))
    return values


def numbered(texts: Sequence[str], known: dict[str, int], read: Callable[[str], str]) -> list[int]:
    """Return the number of each name, new ones numbered on; an empty one is absent.

    Raises
    ------
    ValueError
        If ``read`` refuses a name; then nothing is numbered.
    """
    new = {text: read(text) for text in dict.fromkeys(texts) if text and text not in known}
    for text in new:
        known[text] = len(known)
    return [known[text] if text else ABSENT for text in texts]


class Instants:
    """One column of instants, as nanoseconds from 1970, or from where its seconds begin.

    Attributes
    ----------
    style
        How it writes instants: ``"seconds"``, ``"epoch milliseconds"``, ``"ISO 8601 with a time zone"``, …; None
        until a cell says something.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.exponent = exponent_of(name)
        self.style: str | None = None
        self.offsets: Counter[str] = Counter()
        self._clock: Clock | None = None

    @property
    def is_absolute(self) -> bool:
        """Whether its instants are those of a calendar with a time zone, which others can be compared with."""
        return self.style is not None and (self.style.startswith("epoch") or " with " in self.style)

    def read(self, texts: Sequence[str], note: Callable[[int, str], None]) -> NDArray[np.int64]:
        """Read cleaned cells; ``NEVER`` where they say nothing, and where something is noted."""
        first = next((text for text in texts if text), None)
        if self.style is None:
            if first is None:
                return np.full(len(texts), NEVER, np.int64)
            self._decide(first)
        if self._clock is not None:
            if self._clock.is_zoned:
                self.offsets.update(found[0] for text in texts if (found := _OFFSET.search(text)))
            return read_each(texts, self._calendar, note, NEVER)
        quickly = durations_ns(texts, NEVER) if self.exponent == 9 else _whole(texts, self.exponent)
        if quickly is not None and not self._outside(quickly).any():
            return quickly
        return read_each(texts, self._number, note, NEVER)

    def _decide(self, first: str) -> None:
        clock = Clock(first)
        if clock.is_iso:
            self._clock, self.style = clock, clock.style
            return
        try:
            size = abs(float(first))
        except ValueError:
            size = 0.0
        self.style = "seconds"
        if self.exponent != 9:
            unit = {6: "milliseconds", 3: "microseconds", 0: "nanoseconds"}[self.exponent]
            self.style = f"epoch {unit}" if size * 10.0 ** (self.exponent - 9) >= 1e9 else unit
            return
        for least, exponent, style in _EPOCHS:
            if size >= least:
                self.exponent, self.style = exponent, style

    def _number(self, text: str) -> int:
        try:
            ns = scaled_ns(text, self.exponent)
        except ValueError:
            if not text.lstrip("-").replace(".", "", 1).isdecimal():
                return _refuse(text, f"{self.style}, as in the rows before")
            ns = NEVER + 1
        if self._outside(np.array([ns])).any():
            if not self.is_absolute:
                _refuse(text, f"{self.style}, from 0 to 100 years")
            _refuse(text, f"{self.style} from 1990 to 2115, as in the rows before")
        return ns

    def _outside(self, values: NDArray[np.int64]) -> NDArray[np.bool_]:
        low, high = (20 * YEAR_S * SECOND, NEVER - 1) if self.is_absolute else (0, CENTURY_NS)
        outside: NDArray[np.bool_] = ((values < low) | (values > high)) & (values != NEVER)
        return outside

    def _calendar(self, text: str) -> int:
        ns = self._clock.read_iso(text)  # type: ignore[union-attr]  # its caller has looked
        return ns if ns < NEVER else _refuse(text, "a year from 1970 to 2115")


def _whole(texts: Sequence[str], exponent: int) -> NDArray[np.int64] | None:
    """Read whole numbers at once; None if one is something else."""
    most = NEVER // 10**exponent
    try:
        numbers = [int(text) if text else most for text in texts]
    except ValueError:
        return None
    if any(not -most < number <= most for number in numbers) or "_" in "".join(texts):
        return None
    values = np.array(numbers, np.int64)
    return np.where(values == most, NEVER, values * 10**exponent)


def _refuse(found: str, wanted: str) -> NoReturn:
    msg = f"expected {wanted}, found {shown(found)}"
    raise ValueError(msg)
