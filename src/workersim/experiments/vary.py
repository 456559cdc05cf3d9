"""Which keys of a scenario are varied, and over which values: ``fleet.replicas=1:10``."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, NoReturn

from workersim.errors import InputError
from workersim.units import shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workersim.scenario import Scenario

__all__ = ["MOST_POINTS", "Vary", "ensure_paths", "parse_vary", "points", "values_of"]

Vary = dict[str, tuple[Any, ...]]
"""The varied keys by their paths, each with its values in the order in which they were given."""

MOST_POINTS = 100_000
_NUMBER = r"[0-9]+(?:\.[0-9]+)?"
_RANGE = re.compile(rf"({_NUMBER}):({_NUMBER})(?::(x?)({_NUMBER}))?")
_FORMS = "values such as 2,4,6, a range such as 1:10 or 1:10:3, or 1:64:x2 for powers"


def parse_vary(texts: Iterable[str]) -> Vary:
    """Return the keys and values that ``--vary`` options name.

    Parameters
    ----------
    texts
        Each ``PATH=VALUES``: a list (``2,4,6``), a range with both ends (``1:10``), with a step (``1:10:3``) or
        with a factor (``1:64:x2``).

    Raises
    ------
    InputError
        If one of them says something else, or two of them name one key.

    Examples
    --------
    >>> parse_vary(["fleet.replicas=1:3", "fleet.concurrency=2,4", "workload.arrivals[0].poisson.rate=10/hour"])
    {'fleet.replicas': (1, 2, 3), 'fleet.concurrency': (2, 4), 'workload.arrivals[0].poisson.rate': ('10/hour',)}
    """
    found: Vary = {}
    for text in texts:
        path, equals, written = (part.strip() for part in text.partition("="))
        if not equals or not path:
            msg = f"vary: expected a key and its values such as fleet.replicas=1:10, found {shown(text)}"
            raise InputError(msg)
        if path in found:
            msg = f"vary: expected each key once, found {shown(path)} twice"
            raise InputError(msg)
        found[path] = values_of(path, written)
    return found


def values_of(path: str, given: object) -> tuple[Any, ...]:
    """Return the values that a key is to take, from a text or anything that can be gone through.

    Raises
    ------
    InputError
        If there is none, the text cannot be read, or a value stands there twice.

    Examples
    --------
    >>> values_of("fleet.replicas", "1:16:x2"), values_of("fleet.replicas", range(1, 4))
    ((1, 2, 4, 8, 16), (1, 2, 3))
    """
    if isinstance(given, str):
        values = tuple(_read(path, given))
    elif isinstance(given, Iterable) and not isinstance(given, Mapping):
        values = tuple(itertools.islice(given, MOST_POINTS + 1))
    else:
        values = (given,)
    if not values:
        _refuse(path, "at least one value", given)
    if len(values) > MOST_POINTS:
        _refuse(path, f"at most {MOST_POINTS:,} values", given)
    if any(value in values[:at] for at, value in enumerate(values[:1000])):
        _refuse(path, "each value once", given)
    return values


def points(vary: Mapping[str, tuple[Any, ...]]) -> list[dict[str, Any]]:
    """Return every combination of the values, the last key varied first.

    Raises
    ------
    InputError
        If there are more than ``MOST_POINTS``.

    Examples
    --------
    >>> points({"fleet.replicas": (1, 2), "fleet.concurrency": (4,)})
    [{'fleet.replicas': 1, 'fleet.concurrency': 4}, {'fleet.replicas': 2, 'fleet.concurrency': 4}]
    """
    count = 1
    for values in vary.values():
        count *= len(values)
    if count > MOST_POINTS:
        msg = f"vary: expected at most {MOST_POINTS:,} combinations, found {count:,}"
        raise InputError(msg)
    return [dict(zip(vary, chosen, strict=True)) for chosen in itertools.product(*vary.values())]


def ensure_paths(scenario: Scenario, vary: Iterable[str]) -> None:
    """Refuse keys that a scenario does not have.

    Raises
    ------
    InputError
        With the nearest key.
    """
    for path in vary:
        scenario.value_at(path)


def _read(path: str, text: str) -> Iterator[Any]:
    if ":" not in text:
        yield from (_value(path, part.strip(), text) for part in text.split(","))
        return
    found = _RANGE.fullmatch(text.replace(" ", ""))
    if found is None:
        _refuse(path, _FORMS, text)
    low, high, step = (_number(each or "1") for each in (found[1], found[2], found[4]))
    if high < low:
        _refuse(path, "a range from low to high", text)
    yield from _powers(path, text, low, high, step) if found[3] else _steps(path, text, low, high, step)


def _steps(path: str, text: str, low: float, high: float, step: float) -> Iterator[float]:
    if step <= 0:
        _refuse(path, "a step above 0", text)
    # By multiples, so that 0.1:0.5:0.1 ends where it says; rounded, because 3 x 0.1 is not 0.3.
    for at in itertools.islice(itertools.count(), MOST_POINTS + 1):
        value = low + at * step
        if value > high * (1 + 1e-12):
            return
        yield value if isinstance(value, int) else round(value, 12)


def _powers(path: str, text: str, low: float, high: float, factor: float) -> Iterator[float]:
    if factor <= 1 or low <= 0:
        _refuse(path, "a factor above 1 and a range that begins above 0", text)
    value = low
    for _ in range(MOST_POINTS):
        if value > high * (1 + 1e-12):
            return
        yield value
        value *= factor


def _value(path: str, part: str, text: str) -> Any:
    if not part:
        _refuse(path, _FORMS, text)
    return _number(part) if re.fullmatch(_NUMBER, part) else part


def _number(text: str) -> int | float:
    if len(text) > 30:
        _refuse("vary", "numbers of at most 30 digits", text)
    return float(text) if "." in text else int(text)


def _refuse(path: str, expected: str, found: object) -> NoReturn:
    msg = f"vary {path}: expected {expected}, found {shown(found)}"
    raise InputError(msg)
