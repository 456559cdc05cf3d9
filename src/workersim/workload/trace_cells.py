"""The cells of a trace: text to nanoseconds, whole numbers, names and phases; each refuses with a reason.

The reasons read "expected …, found …"; the reader of the file puts the row and the column in front.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, NoReturn

import numpy as np

from workersim.runlog import Kind
from workersim.units import NEVER, SECOND, parse_number, seconds_to_ns, shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = [
    "CENTURY_NS",
    "Clock",
    "count",
    "duration_ns",
    "durations_ns",
    "limit_ns",
    "name",
    "parse_phases",
    "place",
    "priority",
]

CENTURY_NS = 36525 * 86400 * SECOND
LONGEST_NAME = 200
HIGHEST_PRIORITY = 2**31
MOST_FAILURES = 10**6

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_ANYWHERE = datetime(1970, 1, 1)  # noqa: DTZ001  # for instants that do not say where they are
_FINE = re.compile(r"(?P<upto>.*[.,][0-9]{6})(?P<rest>[0-9]+)(?P<zone>.*)", re.ASCII)
_ENDS = ("", "+", "-", "Z")
_WHOLE = re.compile(r"([0-9]{1,18})(?:\.0*)?", re.ASCII)


def duration_ns(text: str) -> int:
    """Read seconds, 0 to 100 years, exact to the nanosecond, half to even.

    Examples
    --------
    >>> duration_ns("0.1"), duration_ns("1e-05"), duration_ns("1234567.123456789")
    (100000000, 10000, 1234567123456789)
    """
    whole, _, part = text.partition(".")
    # nearly every cell is like this, and this is several times as fast as the decimal module
    if whole.isdecimal() and text.isascii() and len(whole) < 11 and len(part) < 40 and (not part or part.isdecimal()):
        ns, rest = int(whole) * SECOND + int(part[:9].ljust(9, "0")), part[9:].rstrip("0")
        ns += rest > "5" or (rest == "5" and ns % 2 == 1)
    else:
        ns = seconds_to_ns(text)
    if not 0 <= ns <= CENTURY_NS:
        _refuse(text, "seconds, from 0 to 100 years")
    return ns


def durations_ns(texts: Sequence[str], absent: int) -> NDArray[np.int64] | None:
    """Read many cells at once as ``duration_ns`` reads each; None if one must be looked at alone.

    The product of the nearest float and 1e9 is at most N * 2**-52 off the exact one, N being the nanoseconds; so
    its nearest whole number is right unless that much leads across a half.
    """
    try:
        seconds = np.fromiter((float(text) if text else -1.0 for text in texts), np.float64, len(texts))
    except ValueError:
        return None
    letters = "".join(texts)
    blank = seconds == -1.0
    with np.errstate(invalid="ignore", over="ignore"):  # of what is no number nothing is sure
        product = seconds * SECOND
        whole = np.rint(product)
        sure = np.abs(product - whole) + whole * 2.0**-51 < 0.5
        sure |= (whole < 2.0**51) & (whole / SECOND == seconds)  # nine digits or fewer
        sure &= seconds >= 0
    if "_" in letters or not letters.isascii() or blank.sum() != texts.count(""):
        return None
    found = np.where(blank, absent, np.where(sure, whole, 0)).astype(np.int64)
    try:  # from 26 days on, and so since 1970, a float is too coarse
        for i in np.flatnonzero(~(sure | blank)).tolist():
            found[i] = duration_ns(texts[i])
    except ValueError:
        return None
    return found


class Clock:
    """How a file writes instants: as seconds, or in ISO 8601 with or without a time zone.

    The first cell that is read decides, and all others must follow it: two clocks in
    one file cannot be told apart afterwards.

    Attributes
    ----------
    style
        ``"seconds"``, ``"ISO 8601 with a time zone"`` or ``"ISO 8601 without a time zone"``.
    """

    def __init__(self, first: str) -> None:
        self.style = _style(_iso(first, _fine(first)))
        self.is_iso = self.style != "seconds"
        self.is_zoned = " with " in self.style

    def read_seconds(self, text: str) -> int:
        """Read seconds as nanoseconds; they may be negative, and are cut at 146 years from 0."""
        try:
            return duration_ns(text)
        except ValueError:
            return self._odd_seconds(text)

    def read_iso(self, text: str) -> int:
        """Read ISO 8601 as nanoseconds from 1970."""
        fine = _fine(text)
        when = _iso(text, fine)
        if when is None or (when.tzinfo is not None) != self.is_zoned:
            _refuse(text, f"{self.style}, as in the rows before")
        if not 1970 <= when.year <= 2200:
            _refuse(text, "a year from 1970 to 2200")
        since = when - (_EPOCH if self.is_zoned else _EPOCH_ANYWHERE)
        ns = (since.days * 86400 + since.seconds) * SECOND + since.microseconds * 1000
        return ns + (round(Decimal(f"0.{fine['rest']}") * 1000) if fine else 0)

    def _odd_seconds(self, text: str) -> int:
        if _iso(text, _fine(text)) is not None:
            _refuse(text, "seconds, as in the rows before")
        try:
            return seconds_to_ns(text)
        except ValueError:
            # a number, but of another clock or unit: its column says what may be
            return NEVER - 1 if parse_number(text, "a number of seconds") > 0 else 1 - NEVER


def _style(when: datetime | None) -> str:
    if when is None:
        return "seconds"
    return f"ISO 8601 {'with' if when.tzinfo else 'without'} a time zone"


def _iso(text: str, fine: re.Match[str] | None) -> datetime | None:
    """Return the instant of a text in ISO 8601, to the microsecond; bare digits are seconds."""
    if len(text) > 64 or ("-" not in text[1:] and "T" not in text):
        return None
    try:
        return datetime.fromisoformat(fine["upto"] + fine["zone"] if fine else text)
    except ValueError:
        return None


def _fine(text: str) -> re.Match[str] | None:
    """Return the parts of an instant that is written finer than in microseconds, which datetime would cut."""
    if text[19:20] == "." and text[26:27] in _ENDS:  # nearly always
        return None
    point = max(text.find("."), text.find(","))
    return _FINE.fullmatch(text) if point >= 0 and len(text) - point > 7 else None


def parse_phases(text: str) -> tuple[list[int], list[int]]:
    """Read ``cpu:0.4;io:0.6`` as kinds and demands in ns.

    Examples
    --------
    >>> parse_phases("cpu:0.4;io:0.6;cpu:0.2")
    ([0, 1, 0], [400000000, 600000000, 200000000])
    """
    kinds, demands = [], []
    for piece in text.removesuffix(";").split(";"):
        kind, _, demand = piece.partition(":")
        if kind.strip() not in ("cpu", "io"):
            _refuse(piece, "phases such as cpu:0.4;io:0.6;cpu:0.2")
        kinds.append(int(Kind[kind.strip().upper()]))
        demands.append(duration_ns(demand.strip()))
    return kinds, demands


def priority(text: str) -> int:
    """Read a priority."""
    return _whole(text, HIGHEST_PRIORITY, f"a whole number from 0 to {HIGHEST_PRIORITY}")


def count(text: str) -> int:
    """Read how many attempts fail."""
    return _whole(text, MOST_FAILURES, f"a whole number from 0 to {MOST_FAILURES}")


def limit_ns(text: str) -> int:
    """Read a time limit in seconds, above 0."""
    limit = duration_ns(text)
    if not limit:
        _refuse(text, "seconds, above 0")
    return limit


def place(text: str) -> int:
    """Read the number of a replica or slot; -1 is nowhere."""
    return -1 if text == "-1" else _whole(text, NEVER, "a whole number, counted from 0")


def name(text: str) -> str:
    """Read the name of a class or queue."""
    if len(text) > LONGEST_NAME or not text.isprintable():
        _refuse(text, f"a printable name of at most {LONGEST_NAME} characters")
    return text


def _whole(text: str, most: int, wanted: str) -> int:
    match = _WHOLE.fullmatch(text)  # "3.0" is what a table of floats makes of a 3
    if match is None or int(match[1]) > most:
        _refuse(text, wanted)
    return int(match[1])


def _refuse(found: str, wanted: str) -> NoReturn:
    msg = f"expected {wanted}, found {shown(found)}"
    raise ValueError(msg)
