"""The points of a sweep: what is varied, written shortly, and every combination of it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from itertools import product
from typing import TYPE_CHECKING, Any, NamedTuple

from workersim.errors import InputError
from workersim.units import shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workersim.scenario import Scenario

__all__ = ["Point", "points", "read_vary", "values_of"]

MOST_POINTS = 100_000
_NUMBER = r"[-+]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?"
_END = rf"({_NUMBER})([^:,0-9]*)"
_RANGE = re.compile(rf"{_END}:{_END}(?::(x?){_END})?")
_BRACKETS = {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}


class Point(NamedTuple):
    """One combination: its values by their paths as somebody wrote them, and the scenario or why there is none."""

    values: dict[str, Any]
    scenario: Scenario | None
    why_not: str = ""


def read_vary(texts: Iterable[str]) -> dict[str, list[Any]]:
    """Return what to vary from ``PATH=VALUES`` texts, as the shell takes them.

    Raises
    ------
    InputError
        If a text has another form, or a path stands twice.

    Examples
    --------
    >>> read_vary(["fleet.replicas=1:3", "workload.jobs.document.service=5 min,20 min"])
    {'fleet.replicas': [1, 2, 3], 'workload.jobs.document.service': ['5 min', '20 min']}
    """
    vary: dict[str, list[Any]] = {}
    for text in texts:
        path, sign, values = text.partition("=")
        if not sign or not path.strip():
            msg = f"--vary: expected PATH=VALUES such as fleet.replicas=1:10, found {shown(text)}"
            raise InputError(msg)
        if path.strip() in vary:
            msg = f"--vary: {shown(path.strip())} stands twice"
            raise InputError(msg)
        vary[path.strip()] = values_of(path.strip(), values)
    return vary


def values_of(path: str, given: Any) -> list[Any]:
    """Return the values that a key takes.

    Parameters
    ----------
    path
        The key, for messages.
    given
        Values; or a text with commas between values and ranges: ``1:10`` (both ends), ``1:10:2`` (every second),
        ``1:64:x2`` (each twice the one before, a log range), where a unit stands at any end (``5:30:5 min``).

    Raises
    ------
    InputError
        If there is no value, or a range has no end.

    Examples
    --------
    >>> values_of("fleet.vcpus", "0.5,1:16:x4"), values_of("workload.jobs.document.service", "10:30:10 min")
    ([0.5, 1, 4, 16], ['10 min', '20 min', '30 min'])
    """
    if not isinstance(given, str):
        values = list(given) if isinstance(given, Iterable) and not isinstance(given, Mapping) else [given]
        values = [value.item() if hasattr(value, "item") else value for value in values]  # NumPy's numbers
    else:
        values = [value for part in _parts(given) for value in _expanded(path, part)]
    if not values:
        msg = f"{path}: expected at least one value to vary it over"
        raise InputError(msg)
    return values


def points(scenario: Scenario, vary: Mapping[str, Any]) -> list[Point]:
    """Return every combination, the last key varied first.

    Raises
    ------
    InputError
        If a path leads nowhere, there are too many combinations, or none of them makes a scenario.
    """
    axes = {path: values_of(path, given) for path, given in vary.items()}
    for path in axes:
        scenario.value_at(path)
    count = 1
    for values in axes.values():
        count *= len(values)
    if not axes or count > MOST_POINTS:
        msg = f"vary: expected 1 to {MOST_POINTS:,} combinations, found {count if axes else 0:,}"
        raise InputError(msg)
    found = [_point(scenario, dict(zip(axes, each, strict=True))) for each in product(*axes.values())]
    if all(point.scenario is None for point in found):
        raise InputError(*dict.fromkeys(point.why_not for point in found[:3]))
    return found


def _point(scenario: Scenario, values: dict[str, Any]) -> Point:
    try:
        return Point(values, scenario.replace_all(values))
    except InputError as error:
        # More processes than its memory holds, say: such a point is part of the answer.
        return Point(values, None, "; ".join(error.problems))


def _parts(text: str) -> Iterator[str]:
    """Yield what stands between commas that are in no brackets."""
    depth, begins = 0, 0
    for at, character in enumerate(text):
        depth += _BRACKETS.get(character, 0)
        if character == "," and depth <= 0:
            yield text[begins:at].strip()
            begins = at + 1
    yield text[begins:].strip()


def _expanded(path: str, text: str) -> Iterator[Any]:
    if not text:
        msg = f"{path}: expected a value between commas, found none"
        raise InputError(msg)
    match = _RANGE.fullmatch(text)
    if match is None:
        yield _value(path, text)
        return
    first, first_unit, last, last_unit, times, step, step_unit = match.groups(default="")
    units = {unit.strip() for unit in (first_unit, last_unit, step_unit)} - {""}
    if len(units) > 1:
        msg = f"{path}: expected one unit in {shown(text)}, found {' and '.join(sorted(units))}"
        raise InputError(msg)
    unit = units.pop() if units else ""
    for number in _range(path, text, (Decimal(first), Decimal(last), Decimal(step or 1)), factor=bool(times)):
        yield _written(number, unit)


def _range(path: str, text: str, ends: tuple[Decimal, Decimal, Decimal], *, factor: bool) -> Iterator[Decimal]:
    number, last, step = ends
    if number > last or (step <= 1 if factor else step <= 0) or (factor and number <= 0):
        msg = f"{path}: expected a range that goes up from its first value to its last, found {shown(text)}"
        raise InputError(msg)
    for _ in range(MOST_POINTS):
        if number > last:
            return
        yield number
        number = number * step if factor else number + step
    msg = f"{path}: expected at most {MOST_POINTS:,} values, found {shown(text)}"
    raise InputError(msg)


def _written(number: Decimal, unit: str) -> int | float | str:
    whole = number == number.to_integral_value()
    if unit:
        text = f"{int(number)}" if whole else f"{number.normalize():f}"
        return f"{text}{'' if unit.startswith(('/', '%')) else ' '}{unit}"
    return int(number) if whole else float(number)


def _value(path: str, text: str) -> Any:
    """Return a value as a scenario file would hold it."""
    if re.fullmatch(_NUMBER, text):
        return _written(Decimal(text), "")
    if text[0] not in "{[":
        return text
    from workersim.scenario.yamlread import read_yaml  # noqa: PLC0415 (only where a value has parts)

    return read_yaml(text.encode(errors="surrogatepass"), path).data
