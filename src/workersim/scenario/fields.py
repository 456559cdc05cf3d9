"""The kinds of fields: how each is read from what people write, and how JSON Schema describes it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from numbers import Integral, Real
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

from pydantic_core import CoreSchema, core_schema

from workersim.scenario.problems import Problem, fail, unknown
from workersim.units import (
    Duration,
    Rate,
    Size,
    parse_duration,
    parse_number,
    parse_rate,
    parse_share,
    parse_size,
    shown,
)
from workersim.units.reading import SIZE_UNITS, TIME_UNITS, Quantity

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
    from pydantic.json_schema import JsonSchemaValue

__all__ = [
    "DURATION",
    "VALUES",
    "Above0",
    "Bytes",
    "Memory",
    "Name",
    "Names",
    "PerSecond",
    "Probability",
    "Seconds",
    "Switch",
    "Text",
    "Written",
    "choice",
    "few",
    "number",
    "read_names",
    "whole",
]

_NUMBER = r"[0-9.]+([eE][+-]?[0-9]+)?"
_MOST_ENTRIES = 1000
_WHOLE = re.compile(r"[+-]?[0-9]{1,30}")
_TIMES, _SIZES = ("(" + "|".join(units) + ")" for units in (TIME_UNITS, SIZE_UNITS))

DURATION = {
    "type": ["string", "number"],
    "minimum": 0,
    "pattern": rf"^\s*{_NUMBER}\s*{_TIMES}?(\s*{_NUMBER}\s*{_TIMES})*\s*$",
    "description": "A duration such as 20 min, 90 s or 1h30m; a bare number is seconds.",
}
_RATE = {
    "type": ["string", "number"],
    "minimum": 0,
    "pattern": rf"^\s*{_NUMBER}\s*(/\s*({_NUMBER})?\s*{_TIMES})?\s*$",
    "description": "A rate such as 10/hour or 1/5 min; a bare number is per second.",
}
_SIZE = {
    "type": ["string", "number"],
    "minimum": 0,
    "pattern": rf"^\s*{_NUMBER}\s*{_SIZES}?\s*$",
    "description": "A size such as 4.4 GB or 512Mi; a bare number is bytes.",
}

VALUES = {"DurationValue": DURATION, "RateValue": _RATE, "SizeValue": _SIZE}
"""What a JSON Schema says once and then refers to."""


@dataclass(frozen=True)
class Written:
    """An annotation: read with this function, described by this schema."""

    read: Callable[[Any], Any]
    schema: Mapping[str, Any] = field(hash=False)

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Return pydantic's way to call ``read``, whatever the annotated type."""
        return core_schema.no_info_plain_validator_function(self.read)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Return the schema as given."""
        return dict(self.schema)


def whole(low: int, high: int) -> Written:
    """Return the annotation of a whole number in a range, both ends included."""
    wanted = f"a whole number from {low} to {high}"

    def read(value: Any) -> int:
        number = _as_whole(value)
        if number is None or not low <= number <= high:
            msg = f"expected {wanted}, found {shown(value)}"
            raise ValueError(msg)
        return number

    return Written(read, {"type": "integer", "minimum": low, "maximum": high})


def _as_whole(value: Any) -> int | None:
    if isinstance(value, str):
        text = value.strip()
        return int(text) if _WHOLE.fullmatch(text) else None
    if isinstance(value, bool | Quantity) or not isinstance(value, Real):
        return None
    if isinstance(value, Integral):
        return int(value)
    plain = float(value)
    return int(plain) if plain.is_integer() else None  # 3.0 out of an array of floats is a 3


def number(low: float, high: float, *, above: bool = False) -> Written:
    """Return the annotation of a number in a range; ``above``: the lower end is not included."""
    wanted = f"a number above {low:g}, up to {high:g}" if above else f"a number from {low:g} to {high:g}"

    def read(value: Any) -> float:
        found = parse_number(value, wanted)
        if not low <= found <= high or (above and found == low):
            msg = f"expected {wanted}, found {shown(value)}"
            raise ValueError(msg)
        return found

    return Written(read, {"type": "number", "exclusiveMinimum" if above else "minimum": low, "maximum": high})


def choice(what: str, *names: str) -> Written:
    """Return the annotation of one of several names."""

    def read(value: Any) -> str:
        if not isinstance(value, str) or value not in names:
            found = isinstance(value, str)
            msg = unknown(what, value, names) if found else f"expected {' or '.join(names)}, found {shown(value)}"
            raise ValueError(msg)
        return value

    return Written(read, {"enum": list(names)})


def _above_0(value: Any) -> Duration:
    duration = parse_duration(value)
    if not duration:
        msg = f"expected a duration above 0 s, found {shown(value)}"
        raise ValueError(msg)
    return duration


def _text(value: Any) -> str:
    if not isinstance(value, str):
        msg = f"expected text, found {shown(value)}"
        raise ValueError(msg)  # noqa: TRY004  # pydantic gathers ValueErrors only
    text = " ".join(value.split())  # folded lines of a file are one sentence
    if not 0 < len(text) <= 1000 or not text.isprintable():
        msg = f"expected printable text of 1 to 1000 characters, found {shown(value)}"
        raise ValueError(msg)
    return text


def _name(value: Any) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= 100 or not value.isprintable() or value != value.strip():
        msg = f"expected a name of 1 to 100 printable characters, found {shown(value)}"
        raise ValueError(msg)
    return value


def few(value: Any) -> Any:
    """Refuse a list or mapping of more entries than anybody writes."""
    if isinstance(value, list | tuple | Mapping) and len(value) > _MOST_ENTRIES:
        msg = f"expected at most {_MOST_ENTRIES} entries, found {len(value)}"
        raise ValueError(msg)
    return value


def read_names(value: Any) -> tuple[str, ...]:
    """Return names, each once; raises a ``ValueError`` that may hold several problems."""
    if not isinstance(few(value), list | tuple) or not value:
        msg = f"expected a list of names, found {shown(value)}"
        raise ValueError(msg)
    problems, names = [], []
    for index, each in enumerate(value):
        try:
            names.append(_name(each))
        except ValueError as error:
            problems.append(Problem((index,), str(error)))
        else:
            if names[-1] in names[:-1]:
                problems.append(Problem((index,), f"expected each name once, found {shown(each)} again"))
    if problems:
        fail(problems)
    return tuple(names)


def _switch(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if value in ("true", "false"):
        return bool(value == "true")
    msg = f"expected true or false, found {shown(value)}"
    raise ValueError(msg)


def _probability(value: Any) -> float:
    share = parse_share(value)
    if not 0 <= share <= 1:
        msg = f"expected a probability from 0 to 1, found {shown(value)}"
        raise ValueError(msg)
    return share


def _memory(value: Any) -> Size | dict[str, Size]:
    if not isinstance(value, Mapping):
        return parse_size(value)
    sizes: dict[str, Any] = {}
    problems = []
    for key, each in few(value).items():
        for at_key, read, written in ((True, _name, key), (False, parse_size, each)):
            try:
                sizes[key] = read(written)
            except ValueError as error:
                problems.append(Problem((str(key),), str(error), at_key))
    if not value:
        problems.append(Problem((), "expected a size, or sizes by name, found an empty mapping"))
    if problems:
        fail(problems)
    return sizes


_A_NAME = {"type": "string", "minLength": 1, "maxLength": 100}

Seconds: TypeAlias = Annotated[Duration, Written(parse_duration, DURATION)]
Above0: TypeAlias = Annotated[Duration, Written(_above_0, DURATION)]
PerSecond: TypeAlias = Annotated[Rate, Written(parse_rate, _RATE)]
Bytes: TypeAlias = Annotated[Size, Written(parse_size, _SIZE)]
Text: TypeAlias = Annotated[str, Written(_text, {"type": "string", "minLength": 1, "maxLength": 1000})]
Name: TypeAlias = Annotated[str, Written(_name, _A_NAME)]
Names: TypeAlias = Annotated[
    tuple[str, ...], Written(read_names, {"type": "array", "minItems": 1, "uniqueItems": True, "items": _A_NAME})
]
Switch: TypeAlias = Annotated[bool, Written(_switch, {"type": "boolean"})]
Probability: TypeAlias = Annotated[
    float,
    Written(_probability, {"type": ["number", "string"], "description": "A probability such as 0.05 or 5%."}),
]
Memory: TypeAlias = Annotated[
    Size | Mapping[str, Size],
    Written(_memory, {"anyOf": [_SIZE, {"type": "object", "minProperties": 1, "additionalProperties": _SIZE}]}),
]
