"""Text into exact numbers, and exact numbers into the shortest text.

Everything is worked out in decimal or in fractions, never in binary, so that ``0.1 s`` is
100,000,000 ns; rounding happens once, at the end, half to even.
"""

from __future__ import annotations

import math
import re
from decimal import ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction
from functools import lru_cache
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, Final, NoReturn

from workersim.units.found import nearest, shown

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "A_DURATION",
    "A_SIZE",
    "NEVER",
    "PIECE",
    "SECOND",
    "SIZE_UNITS",
    "TIME_UNITS",
    "WRITTEN_SIZES",
    "WRITTEN_TIMES",
    "Quantity",
    "bare",
    "duration_ns",
    "parse_number",
    "rate_per_s",
    "refuse",
    "seconds_to_ns",
    "share_of",
    "size_bytes",
    "written",
    "written_rate",
    "written_share",
]

NEVER: Final = 2**62
SECOND: Final = 10**9

_MINUTE = 60 * SECOND
_HOUR = 60 * _MINUTE
_DAY = 24 * _HOUR
_CENTURY = 36525 * _DAY
_LARGEST_SIZE = 10**18
_LARGEST_RATE = 1e9  # one a nanosecond: beyond it two arrivals cannot be told apart
_LARGEST_SHARE = 10.0  # so that 80, written for 80%, is refused

TIME_UNITS = {
    **dict.fromkeys(("ns", "nanosecond", "nanoseconds"), 1),
    **dict.fromkeys(("us", "\u00b5s", "\u03bcs", "microsecond", "microseconds"), 10**3),  # both micro signs
    **dict.fromkeys(("ms", "millisecond", "milliseconds"), 10**6),
    **dict.fromkeys(("s", "sec", "second", "seconds"), SECOND),
    **dict.fromkeys(("min", "m", "mins", "minute", "minutes"), _MINUTE),
    **dict.fromkeys(("h", "hr", "hour", "hours"), _HOUR),
    **dict.fromkeys(("d", "day", "days"), _DAY),
    **dict.fromkeys(("w", "week", "weeks"), 7 * _DAY),
}
SIZE_UNITS = {
    **dict.fromkeys(("B", "byte", "bytes"), 1),
    **dict.fromkeys(("kB", "KB", "k"), 10**3),
    **dict.fromkeys(("MB", "M"), 10**6),
    **dict.fromkeys(("GB", "G"), 10**9),
    **dict.fromkeys(("TB", "T"), 10**12),
    **dict.fromkeys(("KiB", "Ki"), 2**10),
    **dict.fromkeys(("MiB", "Mi"), 2**20),
    **dict.fromkeys(("GiB", "Gi"), 2**30),
    **dict.fromkeys(("TiB", "Ti"), 2**40),
}
WRITTEN_TIMES = {"h": _HOUR, "min": _MINUTE, "s": SECOND, "ms": 10**6, "us": 10**3, "ns": 1}
WRITTEN_SIZES = {"TB": 10**12, "GB": 10**9, "MB": 10**6, "kB": 10**3, "GiB": 2**30, "MiB": 2**20, "B": 1}
_WRITTEN_RATES = {"hour": 3600, "min": 60, "s": 1, "day": 86400}

A_DURATION = "a duration such as 20 min, 90 s or 1h30m"
A_RATE = "a rate such as 10/hour, 1/5 min or 0.5/s"
A_SIZE = "a size such as 4.4 GB or 512Mi"
A_SHARE = "a share such as 80% or 0.8"
A_NUMBER = "a number"

_DIGITS = r"(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?"
_PLAIN = re.compile(rf"[+-]?{_DIGITS}")
PIECE = re.compile(rf"\s*({_DIGITS})\s*([A-Za-z\u00b5\u03bc]+)")
_PER = re.compile(rf"([+-]?{_DIGITS})\s*/\s*({_DIGITS})?\s*([A-Za-z\u00b5\u03bc]+)")
_EXACT = Context(prec=160)  # the longest text times the largest unit, without rounding
_LONGEST = 100  # characters of one value


class Quantity:
    """Mark of the kinds of values, so that one kind is not read as another: both are numbers."""

    __slots__ = ()


def parse_number(value: Any, wanted: str = A_NUMBER) -> float:
    """Read a finite number without a unit.

    Raises
    ------
    ValueError
        As ``parse_duration``, with ``wanted`` as what was expected.

    Examples
    --------
    >>> parse_number("1e-05")
    1e-05
    """
    number = bare(value, wanted)
    if number is None or not math.isfinite(float(number)):
        refuse(value, wanted)
    return float(number)


def seconds_to_ns(value: Any) -> int:
    """Return seconds as whole nanoseconds, exact to the last digit written, half to even.

    Epoch-like values are fine: decimal arithmetic keeps what a product of floats would lose.

    Parameters
    ----------
    value
        Seconds as text or number; may be negative (a difference of clocks).

    Raises
    ------
    ValueError
        If it is no finite number, or 2**62 ns (146 years) or more from zero.

    Examples
    --------
    >>> seconds_to_ns("1123456789.123457")
    1123456789123457000
    >>> seconds_to_ns(0.1)
    100000000
    """
    wanted = "a number of seconds"
    number = bare(value, wanted)
    if number is None:
        refuse(value, wanted)
    ns = _EXACT.multiply(number, Decimal(SECOND))
    if not -NEVER < ns < NEVER:
        refuse(value, wanted + " within 146 years of zero")
    return int(ns.to_integral_value(ROUND_HALF_EVEN))


def refuse(value: Any, wanted: str, reason: str = "") -> NoReturn:
    """Raise a ValueError that says what was expected and what was found."""
    msg = f"{reason}expected {wanted}, found {shown(value)}"
    raise ValueError(msg)


def bare(value: Any, wanted: str) -> Decimal | None:
    """Return a number without a unit, or None for text that may have one."""
    if isinstance(value, str):
        text = value.strip()
        if len(text) > _LONGEST:
            refuse(value, wanted)
        return Decimal(text) if _PLAIN.fullmatch(text) else None
    if isinstance(value, bool | Quantity) or not isinstance(value, Real | Decimal):
        refuse(value, wanted)
    if isinstance(value, Integral):
        whole = int(value)
        return Decimal(whole) if whole.bit_length() < 256 else refuse(value, wanted)
    if not math.isfinite(value):
        refuse(value, wanted)
    # the shortest text of a float is the number that somebody meant
    return _EXACT.create_decimal(value) if isinstance(value, Decimal) else Decimal(repr(float(value)))


def _unit(name: str, units: Mapping[str, int], value: Any, wanted: str) -> int:
    if name not in units:
        refuse(value, wanted, f"unknown unit {shown(name)}{nearest(name, units) or ';'} ")
    return units[name]


def _pieces(value: Any, units: Mapping[str, int], wanted: str) -> list[tuple[Decimal, int]]:
    """Return (number, unit) for each piece of a text such as ``1h30m``."""
    text, pieces = value.strip(), []
    sign, at = ("-", 1) if text.startswith("-") else ("", 0)
    while match := PIECE.match(text, at):
        pieces.append((Decimal(sign + match[1]), _unit(match[2], units, value, wanted)))
        at = match.end()
    if not pieces or at != len(text):
        refuse(value, wanted)
    return pieces


def duration_ns(value: Any) -> int:
    """Return nanoseconds; a bare number is seconds."""
    seconds = bare(value, A_DURATION)
    pieces = [(seconds, SECOND)] if seconds is not None else _pieces(value, TIME_UNITS, A_DURATION)
    sizes = [size for _, size in pieces]
    if sizes != sorted(set(sizes), reverse=True):
        refuse(value, A_DURATION)
    return _whole(pieces, _CENTURY, value, A_DURATION + ", from 0 to 100 years")


def size_bytes(value: Any) -> int:
    """Return bytes."""
    plain = bare(value, A_SIZE)
    pieces = [(plain, 1)] if plain is not None else _pieces(value, SIZE_UNITS, A_SIZE)
    if len(pieces) > 1:
        refuse(value, A_SIZE)
    return _whole(pieces, _LARGEST_SIZE, value, A_SIZE + ", from 0 to 1000000 TB")


def _whole(pieces: list[tuple[Decimal, int]], largest: int, value: Any, wanted: str) -> int:
    terms = [_EXACT.multiply(number, Decimal(size)) for number, size in pieces]
    if not all(0 <= term <= largest for term in terms):
        refuse(value, wanted)
    total = sum((Fraction(term) for term in terms), Fraction(0))
    return round(total) if total <= largest else refuse(value, wanted)


def rate_per_s(value: Any) -> float:
    """Return how often a second."""
    number, per_ns = bare(value, A_RATE), Fraction(SECOND)
    if number is None:
        match = _PER.fullmatch(value.strip())
        if match is None:
            refuse(value, A_RATE)
        number = Decimal(match[1])
        per_ns = Fraction(match[2] or 1) * _unit(match[3], TIME_UNITS, value, A_RATE)
    if number < 0 or per_ns <= 0 or (per_s := Fraction(number) * SECOND / per_ns) > _LARGEST_RATE:
        refuse(value, A_RATE + ", from 0 to 1e9/s")
    return float(per_s)


def share_of(value: Any) -> float:
    """Return a fraction."""
    number, hundredths = bare(value, A_SHARE), False
    if number is None:
        text = value.strip()
        number, hundredths = bare(text.removesuffix("%"), A_SHARE), text.endswith("%")
    if number is None or number < 0 or number > _LARGEST_SHARE * (100 if hundredths else 1):
        refuse(value, A_SHARE)
    return float(Fraction(number) / (100 if hundredths else 1))


def written(amount: int, units: Mapping[str, int], nothing: str) -> str:
    """Return the exact text with the shortest number, preferring whole numbers and large units."""
    return _written(amount, tuple(units.items()), nothing)


@lru_cache(maxsize=4096)  # the points of a sweep have most of their texts in common: half of what a point costs
def _written(amount: int, units: tuple[tuple[str, int], ...], nothing: str) -> str:
    texts = []
    for unit, size in units:
        number = format(_EXACT.divide(Decimal(amount), Decimal(size)).normalize(_EXACT), "f")
        if Fraction(number) * size == amount:  # else it has no end in decimal, such as a third of an hour
            texts.append((len(number), "." in number, f"{number} {unit}"))
    return min(texts, key=lambda text: text[:2])[-1] if amount else nothing


@lru_cache(maxsize=4096)  # as above
def written_rate(per_s: float) -> str:
    """Return the shortest text that is read back as this rate."""
    texts = [
        text + "/" + unit
        for unit, seconds in _WRITTEN_RATES.items()
        if (text := _shortest(per_s * seconds, per_s, seconds))
    ]
    return min(texts, key=len) if per_s else "0/s"


def written_share(share: float) -> str:
    """Return the shortest text that is read back as this share."""
    return (_shortest(share * 100, share, 100) or str(Decimal(share) * 100)) + "%"


def _shortest(about: float, target: float, per: int) -> str:
    """Return the shortest decimal text near ``about`` that is ``per`` times ``target``, or nothing."""
    for digits in range(1, 18):
        number = Decimal(f"{about:.{digits}g}")
        if float(Fraction(number) / per) == target:
            plain, short = format(number, "f"), str(number)
            return plain if len(plain) <= 16 else short
    return ""
