"""YAML with the line and column of every key and value.

Only what a scenario needs: mappings, lists and scalars.  Scalars stay text, so that ``no``,
``10:30`` and ``.nan`` reach the fields as somebody wrote them; an empty one, ``~`` and ``null`` are
None.  Anchors, aliases and tags are refused, and the size is capped, so that no file can make the
reader work for long.  The builder has a stack of its own: depth is counted, not recursed into.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, NamedTuple, NoReturn

import yaml

from workersim.errors import InputError
from workersim.scenario.problems import Place, Problem, dotted
from workersim.units import shown

__all__ = ["LARGEST", "Document", "Spot", "read_yaml"]

LARGEST = 2**20  # bytes
_DEEPEST = 64
_MOST_NODES = 50_000
_LONGEST = 10_000  # characters of one scalar

_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff]")
_NULLS = ("", "~", "null", "Null", "NULL")


class Spot(NamedTuple):
    """A line and a column, from 1."""

    line: int
    column: int


@dataclass
class Document:
    """What a file says, and where.

    Attributes
    ----------
    data
        Mappings, lists, text and None.
    keys, values
        Where the key of each place stands, and its value.
    repeated
        Keys that stand twice, as problems with their spots.
    """

    data: Any = None
    keys: dict[Place, Spot] = field(default_factory=dict)
    values: dict[Place, Spot] = field(default_factory=dict)
    repeated: list[tuple[Spot, str]] = field(default_factory=list)

    def spot(self, problem: Problem) -> Spot:
        """Return where a problem is, or else the nearest place around it that is in the file."""
        spots = self.keys if problem.at_key else self.values
        around = (problem.place[:length] for length in range(len(problem.place), 0, -1))
        return next((spots[place] for place in around if place in spots), Spot(1, 1))


class _Open(NamedTuple):
    """A mapping or list that is being filled."""

    container: dict[str, Any] | list[Any]
    place: Place


class _Builder:
    def __init__(self, source: str) -> None:
        self.source = source
        self.document = Document()
        self.stack: list[_Open] = []
        self.key: list[str | None] = []  # per open container the key that waits for its value
        self.nodes = 0
        self.documents = 0

    def take(self, event: yaml.Event) -> None:
        """Add what one event brings."""
        if isinstance(event, yaml.NodeEvent):
            self._node(event)
        elif isinstance(event, yaml.CollectionEndEvent):
            self.stack.pop()
            self.key.pop()
        elif isinstance(event, yaml.DocumentStartEvent):
            self.documents += 1
            if self.documents > 1:
                self._refuse(event, "expected one document, found a second")

    def _node(self, event: yaml.NodeEvent) -> None:
        self._check(event)
        if self.stack and isinstance(self.stack[-1].container, dict) and self.key[-1] is None:
            self._take_key(event)
            return
        place = self._place()
        self.document.values.setdefault(place, _spot(event))
        if isinstance(event, yaml.ScalarEvent):
            plain = event.implicit[0] and event.value in _NULLS
            self._put(None if plain else event.value)
            return
        container: dict[str, Any] | list[Any] = {} if isinstance(event, yaml.MappingStartEvent) else []
        self._put(container)
        self.stack.append(_Open(container, place))
        self.key.append(None)

    def _check(self, event: yaml.NodeEvent) -> None:
        self.nodes += 1
        if event.anchor is not None:
            found = shown(("*" if isinstance(event, yaml.AliasEvent) else "&") + event.anchor)
            wanted = "expected no anchors (&) or aliases (*), as each value stands where it is used"
            self._refuse(event, f"{self._where()}{wanted}, found {found}")
        if (tag := getattr(event, "tag", None)) is not None:
            self._refuse(event, f"{self._where()}expected no tags, found {shown(tag)}")
        if self.nodes > _MOST_NODES:
            self._refuse(event, f"expected at most {_MOST_NODES} values")
        if len(self.stack) >= _DEEPEST:
            self._refuse(event, f"expected at most {_DEEPEST} levels of nesting")
        if isinstance(event, yaml.ScalarEvent) and len(event.value) > _LONGEST:
            self._refuse(event, f"expected at most {_LONGEST} characters, found {len(event.value)}")

    def _take_key(self, event: yaml.NodeEvent) -> None:
        if not isinstance(event, yaml.ScalarEvent) or (event.implicit[0] and event.value in _NULLS):
            self._refuse(event, "expected text as a key")
        container, place = self.stack[-1]
        key, spot = event.value, _spot(event)
        self.key[-1] = key
        if key in container:
            first = self.document.keys[*place, key].line
            where = f"{dotted(place)}: " if place else ""
            self.document.repeated.append((spot, f"{where}key {shown(key)} a second time, first in line {first}"))
        self.document.keys.setdefault((*place, key), spot)

    def _place(self) -> Place:
        if not self.stack:
            return ()
        container, place = self.stack[-1]
        return (*place, len(container) if isinstance(container, list) else str(self.key[-1]))

    def _where(self) -> str:
        """Return the place of the value or key that comes next, as messages begin with it."""
        if not self.stack:
            return ""
        container, place = self.stack[-1]
        at = place if isinstance(container, dict) and self.key[-1] is None else self._place()
        return f"{dotted(at)}: " if at else ""

    def _put(self, value: Any) -> None:
        if not self.stack:
            self.document.data = value
            return
        container = self.stack[-1].container
        if isinstance(container, list):
            container.append(value)
        else:
            container.setdefault(str(self.key[-1]), value)
            self.key[-1] = None

    def _refuse(self, event: yaml.Event, message: str) -> NoReturn:
        spot = _spot(event)
        msg = f"{self.source}:{spot.line}:{spot.column}: {message}"
        raise InputError(msg)


def read_yaml(content: bytes, source: str) -> Document:
    """Return what a YAML text says, with the place of everything in it.

    Parameters
    ----------
    content
        The text in UTF-8.
    source
        What messages call it: the path of the file.

    Raises
    ------
    InputError
        If it is not one YAML document within the caps, with the line and column.
    """
    builder = _Builder(source)
    text = _decode(content, source)
    # the C parser is twenty times faster, but not everywhere PyYAML is
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        for event in yaml.parse(text, Loader=loader):
            builder.take(event)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
        where = f"{mark.line + 1}:{mark.column + 1}: " if mark else " "
        msg = f"{source}:{where}expected YAML, found that {_said(error)}"
        raise InputError(msg) from None
    return builder.document


def _decode(content: bytes, source: str) -> str:
    if len(content) > LARGEST:
        msg = f"{source}: expected at most {LARGEST} bytes, found more"
        raise InputError(msg)
    try:
        text = content.decode().removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        msg = f"{source}:{line}:1: expected text in UTF-8, found the byte {content[error.start]:#04x}"
        raise InputError(msg) from None
    if strange := _CONTROL.search(text):
        line = text.count("\n", 0, strange.start()) + 1
        column = strange.start() - text.rfind("\n", 0, strange.start())
        msg = f"{source}:{line}:{column}: expected text, found the character {strange[0]!r}"
        raise InputError(msg)
    return text


def _spot(event: yaml.Event) -> Spot:
    mark = event.start_mark
    return Spot(mark.line + 1, mark.column + 1) if mark else Spot(1, 1)


def _said(error: yaml.YAMLError) -> str:
    text = " ".join(str(getattr(error, part, "") or "") for part in ("context", "problem")).strip()
    return "".join(letter if letter.isprintable() else " " for letter in text or type(error).__name__)[:200]
