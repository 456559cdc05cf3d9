"""Rounded values for tables, plots and sentences; nothing here is meant to be read back."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from workersim.units.reading import SECOND, WRITTEN_SIZES, WRITTEN_TIMES
from workersim.units.values import Duration

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["format_duration", "format_number", "format_rate", "format_share", "format_size", "told_apart"]


def format_duration(value: float, digits: int = 3) -> str:
    """Return a duration rounded for people.

    Parameters
    ----------
    value
        A ``Duration``, or a plain number of **seconds**; a negative one is a difference.
    digits
        Significant digits.

    Examples
    --------
    >>> format_duration(1600.0), format_duration(Duration("1 h")), format_duration(0.25)
    ('26.7 min', '1 h', '250 ms')
    """
    ns = float(value) if isinstance(value, Duration) else float(value) * SECOND
    return _rounded(ns, WRITTEN_TIMES, digits) if ns else "0 s"


def format_size(value: float, digits: int = 3) -> str:
    """Return a number of bytes rounded for people.

    Examples
    --------
    >>> format_size(4.4e9), format_size(13_200_000_000)
    ('4.4 GB', '13.2 GB')
    """
    decimal = {unit: size for unit, size in WRITTEN_SIZES.items() if not unit.endswith("iB")}
    return _rounded(value, decimal, digits) if value else "0 B"


def format_rate(value: float, digits: int = 3) -> str:
    """Return a rate per second rounded for people.

    Examples
    --------
    >>> format_rate(10 / 3600), format_rate(3.7)
    ('10/hour', '3.7/s')
    """
    per, unit = next(((s, u) for u, s in {"s": 1, "min": 60}.items() if abs(value) * s >= 1), (3600, "hour"))
    return f"{format_number(value * per, digits)}/{unit}"


def format_share(value: float, digits: int = 3) -> str:
    """Return a fraction as a percentage rounded for people.

    Examples
    --------
    >>> format_share(10 / 12)
    '83.3%'
    """
    return format_number(value * 100, digits) + "%"


def format_number(value: float, digits: int = 3) -> str:
    """Return a number with so many significant digits, whole thousands kept.

    Examples
    --------
    >>> format_number(26.66667), format_number(12345.6), format_number(0.5)
    ('26.7', '12,346', '0.5')
    """
    if not value or not math.isfinite(value):
        return f"{value:g}"
    decimals = max(0, digits - 1 - math.floor(math.log10(abs(value))))
    text = f"{value:,.{decimals}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def told_apart(names: Sequence[str], most: int) -> list[str]:
    """Return names of at most so many characters, cut where they are longer.

    A cut takes away the end.  Where that would leave nothing to tell two names apart, it takes away words that they
    begin with.

    Examples
    --------
    >>> told_apart(["Mixed lengths, multiplier 4", "Mixed lengths, multiplier 1", "Our documents"], 20)
    ['…multiplier 4', '…multiplier 1', 'Our documents']
    >>> told_apart(["Scenario 4: 10 simultaneous uploads"], 20)
    ['Scenario 4: 10 simu…']
    """
    cut = [_cut(name, most) for name in names]
    told = []
    for name, text in zip(names, cut, strict=True):
        alike = [other for other, its in zip(names, cut, strict=True) if its == text and other != name]
        differs_at = max((_same(name, other) for other in alike), default=None)
        told.append(text if differs_at is None else _cut_before(name, differs_at, most))
    return told


def _same(a: str, b: str) -> int:
    """Return how many characters two texts begin with alike."""
    return next((at for at, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))


def _cut(name: str, most: int) -> str:
    return name if len(name) <= most else name[: most - 1].rstrip() + "…"


def _cut_before(name: str, differs_at: int, most: int) -> str:
    """Return a name from its first word that fits or, at the latest, from the word with its first own character."""
    begins = [0, *(match.end() for match in re.finditer(r"\s+", name))]
    own = max(begin for begin in begins if begin <= differs_at)
    if differs_at - own > most - 3:
        own = differs_at  # one long word, such as a path
    fits = [begin for begin in begins if begin < own and len(name) - begin < most]
    return _cut("…" + name[min([*fits, own]) :], most)


def _rounded(amount: float, units: Mapping[str, int], digits: int) -> str:
    unit, size = next(((u, s) for u, s in units.items() if abs(amount) >= s), list(units.items())[-1])
    return f"{format_number(amount / size, digits)} {unit}"
