"""Conditions such as ``queue_length < 2 AND utilization < 30%``: text into a small tree, and back; no code is run.

From the loosest to the tightest: ``OR``, ``AND``, ``NOT``, ``for``.  A condition with ``for 10 min`` behind it must
have held at every tick for as long.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn, TypeAlias

from workersim.units import (
    Duration,
    Share,
    nearest,
    parse_duration,
    parse_number,
    parse_share,
    shown,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["NAMES", "Both", "Comparison", "Condition", "Either", "Held", "Not", "parse_condition"]

_LONGEST = 1000  # characters
_DEEPEST = 50

_NUMBER, _DURATION, _SHARE = parse_number, parse_duration, parse_share

NAMES: Mapping[str, Callable[[Any], float]] = {
    "queue_length": _NUMBER,
    "oldest": _DURATION,
    "running": _NUMBER,
    "utilization": _SHARE,
    "cpu": _SHARE,
    "wanted": _NUMBER,
    "starting": _NUMBER,
    "ready": _NUMBER,
    "draining": _NUMBER,
    "slots_up": _NUMBER,
    "backlog": _NUMBER,
}
"""What can be compared, and how the value beside it is read."""

_CALLED = {"replicas": "wanted"}
_WORDS = ("and", "or", "not", "for")
_OPERATORS = ("<=", ">=", "==", "<", ">")

_SPACE = re.compile(r"\s*")
_WORD = re.compile(r"[^\W\d]\w*")
_OPERATOR = re.compile(r"[<>=!~&|]+")
_DIGITS = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4}(?![0-9A-Za-z]))?")
_UNIT = re.compile(r"\s*(%|[A-Za-z\u00b5\u03bc]+)")
_FOUND = re.compile(r"\w+|[<>=!~&|]+|.", re.DOTALL)


@dataclass(frozen=True)
class Comparison:
    """A name, one of ``<``, ``<=``, ``>``, ``>=``, ``==``, and a value of the kind of that name."""

    name: str
    operator: str
    value: float  # a Duration in ns, a Share, or a number

    def __str__(self) -> str:
        return f"{self.name} {self.operator} {_written(self.value)}"


@dataclass(frozen=True)
class Held:
    """A condition that must have held for a while."""

    part: Condition
    over: Duration

    def __str__(self) -> str:
        # a second `for` behind a first one would read as a slip
        return f"{_inside(self.part, Comparison)} for {self.over}"


@dataclass(frozen=True)
class Not:
    """The opposite of a condition."""

    part: Condition

    def __str__(self) -> str:
        return f"NOT {_inside(self.part, Comparison, Held, Not)}"


@dataclass(frozen=True)
class Both:
    """Conditions that must hold together: ``AND``."""

    parts: tuple[Condition, ...]

    def __str__(self) -> str:
        return " AND ".join(_inside(part, Comparison, Held, Not) for part in self.parts)


@dataclass(frozen=True)
class Either:
    """Conditions of which one must hold: ``OR``."""

    parts: tuple[Condition, ...]

    def __str__(self) -> str:
        return " OR ".join(_inside(part, Comparison, Held, Not, Both) for part in self.parts)


Condition: TypeAlias = Comparison | Held | Not | Both | Either


def parse_condition(text: str) -> Condition:
    """Return the tree of a condition; ``str`` of it is a text that is read as an equal one.

    Parameters
    ----------
    text
        Comparisons of the ``NAMES`` with numbers, shares (``30%``) and durations (``5 min``), joined by ``AND``,
        ``OR``, ``NOT``, parentheses and ``for DURATION``; capitals do not matter.

    Raises
    ------
    ValueError
        In one line: at which character, what was expected and what was found, with the nearest name.

    Examples
    --------
    >>> print(parse_condition("queue_length<2 and not (utilization >= 0.3 or oldest > 90) for 10 min"))
    queue_length < 2 AND NOT (utilization >= 30% OR oldest > 90 s) for 10 min
    >>> parse_condition("queue_lenght > 5")
    Traceback (most recent call last):
        ...
    ValueError: character 1: unknown name 'queue_lenght'; did you mean 'queue_length'?
    """
    if len(text) > _LONGEST:
        msg = f"expected a condition of at most {_LONGEST} characters, found {len(text)}"
        raise ValueError(msg)
    return _Reader(text).whole()


class _Reader:
    """A recursive descent over one text; ``at`` is the character that comes next."""

    def __init__(self, text: str) -> None:
        self.text, self.at, self.depth = text, 0, 0

    def whole(self) -> Condition:
        condition = self.either()
        if self.rest():
            self.refuse("AND, OR, `for` or the end")
        return condition

    def either(self) -> Condition:
        parts = [self.both()]
        while self.word("or"):
            parts.append(self.both())
        return parts[0] if len(parts) == 1 else Either(tuple(parts))

    def both(self) -> Condition:
        parts = [self.opposite()]
        while self.word("and"):
            parts.append(self.opposite())
        return parts[0] if len(parts) == 1 else Both(tuple(parts))

    def opposite(self) -> Condition:
        if not self.word("not"):
            return self.held()
        self.deeper()
        part = Not(self.opposite())
        self.depth -= 1
        return part

    def held(self) -> Condition:
        part = self.single()
        if not self.word("for"):
            return part
        return Held(part, Duration(int(self.value(parse_duration, "a duration such as 10 min"))))

    def single(self) -> Condition:
        if not self.sign("("):
            return self.comparison()
        self.deeper()
        inner = self.either()
        self.depth -= 1
        if not self.sign(")"):
            self.refuse("AND, OR, `for` or a closing parenthesis")
        return inner

    def comparison(self) -> Comparison:
        name = self.name()
        self.space()
        match = _OPERATOR.match(self.text, self.at)
        if match is None or match[0] not in _OPERATORS:
            self.refuse("<, <=, >, >= or ==")
        self.at = match.end()
        return Comparison(name, match[0], self.value(NAMES[name], f"a value for {name}"))

    def name(self) -> str:
        self.space()
        match = _WORD.match(self.text, self.at)
        if match is None or match[0].casefold() in _WORDS:
            self.refuse("a name such as queue_length")
        name = match[0].casefold()
        name = _CALLED.get(name, name)
        if name not in NAMES:
            valid = (*NAMES, *_CALLED)
            self.fail(
                f"unknown name {shown(match[0])}{nearest(name, valid) or '; expected one of ' + ', '.join(valid)}"
            )
        self.at = match.end()
        return name

    def value(self, read: Callable[[Any], float], wanted: str) -> float:
        self.space()
        end = self.end_of_value()
        if end == self.at:
            self.refuse(wanted)
        try:
            value = read(self.text[self.at : end])
        except ValueError as error:
            self.fail(str(error))
        self.at = end
        return value

    def end_of_value(self) -> int:
        """Return where numbers with their units end: at a word that joins, or at anything else."""
        end = self.at
        while digits := _DIGITS.match(self.text, _after_space(self.text, end)):
            end = digits.end()
            unit = _UNIT.match(self.text, end)
            if unit is None or unit[1].casefold() in _WORDS:
                return end
            end = unit.end()
            if unit[1] == "%":
                return end
        return end

    def deeper(self) -> None:
        self.depth += 1
        if self.depth > _DEEPEST:
            self.fail(f"expected at most {_DEEPEST} levels inside each other, found more")

    def word(self, word: str) -> bool:
        self.space()
        match = _WORD.match(self.text, self.at)
        if match is None or match[0].casefold() != word:
            return False
        self.at = match.end()
        return True

    def sign(self, sign: str) -> bool:
        self.space()
        found = self.text.startswith(sign, self.at)
        self.at += found
        return found

    def space(self) -> None:
        self.at = _after_space(self.text, self.at)

    def rest(self) -> str:
        self.space()
        return self.text[self.at :]

    def refuse(self, wanted: str) -> NoReturn:
        match = _FOUND.match(self.text, self.at)
        self.fail(f"expected {wanted}, found {shown(match[0]) if match else 'the end'}")

    def fail(self, message: str) -> NoReturn:
        msg = f"character {self.at + 1}: {message}"
        raise ValueError(msg)


def _after_space(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return match.end() if match else at


def _inside(part: Condition, *bare: type) -> str:
    return str(part) if isinstance(part, bare) else f"({part})"


def _written(value: float) -> str:
    if isinstance(value, Duration | Share):
        return str(value)
    return str(int(value)) if value.is_integer() and abs(value) < 2**53 else repr(value)
