"""JSON, an object at a time: an array of objects, an object of objects, or one object a line.

Only one object is held; numbers stay texts, as they were written.
"""

from __future__ import annotations

import json
import re
from contextlib import closing
from typing import TYPE_CHECKING, Any, NoReturn

from workersim.errors import InputError
from workersim.traces.chunks import Chunk
from workersim.workload.csv_rows import CHUNK
from workersim.workload.files import open_text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from workersim.workload.files import Progress

__all__ = ["json_chunks", "json_objects"]

LARGEST = 2**20  # characters of one object
_SPACE = re.compile(r"[\s]*")


def _no_number(text: str) -> NoReturn:
    msg = f"{text} is no number in JSON"
    raise ValueError(msg)


_DECODER = json.JSONDecoder(parse_float=str, parse_int=str, parse_constant=_no_number)


def json_chunks(path: Path, progress: Progress | None = None) -> Iterator[Chunk]:
    """Yield the objects of a JSON file as rows of a table; first a chunk with the columns of the first objects.

    Raises
    ------
    InputError
        Naming the row: it is no JSON, or something else than objects.
    """
    held: list[dict[str, str]] = []
    taken, known = 0, False
    for each in json_objects(path, progress):
        held.append(_flat(each))
        if len(held) == CHUNK:
            yield from _as_chunks(held, taken, known=known)
            taken, known, held = taken + len(held), True, []
    yield from _as_chunks(held, taken, known=known)


def _as_chunks(rows: list[dict[str, str]], taken: int, *, known: bool) -> Iterator[Chunk]:
    names = list(dict.fromkeys(name for row in rows for name in row))
    if not known:
        yield Chunk(dict.fromkeys(names, ()), 1, ())
    if rows:
        yield Chunk({name: [row.get(name, "") for row in rows] for name in names}, taken + 1, ())


def _flat(value: dict[str, Any]) -> dict[str, str]:
    """Return the cells of an object; those of a Django dump stand in its ``fields``."""
    inner = value.get("fields")
    if isinstance(inner, dict) and "model" in value:
        value = inner | {"pk": value.get("pk")}
    return {str(key): _cell(each) for key, each in value.items()}


def _cell(value: Any) -> str:
    if isinstance(value, str):
        return value
    return str(value).lower() if isinstance(value, bool) else ""


def json_objects(path: Path, progress: Progress | None = None) -> Iterator[dict[str, Any]]:
    """Yield the objects of a file, each at most 1 MB long; those of an object of objects with its keys as ``key``.

    Raises
    ------
    InputError
        As ``json_chunks``.
    """
    with closing(open_text(path, progress, lines=False)) as blocks:
        yield from _Stream(path, blocks).objects()


class _Stream:
    """A window on the text that moves on as objects are taken from it."""

    def __init__(self, path: Path, blocks: Iterator[str]) -> None:
        self.path, self.blocks = path, blocks
        self.text, self.at, self.row = "", 0, 0

    def objects(self) -> Iterator[dict[str, Any]]:
        opener = self._peek()
        if opener == "[":
            yield from self._listed("]", keyed=False)
        elif opener == "{" and self._holds_objects():
            yield from self._listed("}", keyed=True)
        else:
            while self._peek():
                yield self._value()

    def _holds_objects(self) -> bool:
        """Tell whether the first object is one of objects, and the only one of the file."""
        while len(self.text) < LARGEST and self._more():
            pass
        return re.match(r'\s*\{\s*(\}\s*$|"(?:[^"\\]|\\.){0,200}"\s*:\s*\{)', self.text) is not None

    def _listed(self, closer: str, *, keyed: bool) -> Iterator[dict[str, Any]]:
        self.at += 1
        if self._peek() == closer:
            return
        while True:
            key = self._key() if keyed else None
            value = self._value()
            yield value if key is None else {"key": key, **value}
            found = self._peek()
            if found not in {",", closer}:
                self._refuse("expected a comma or the end of the list")
            self.at += 1
            if found == closer:
                return

    def _key(self) -> str:
        if self._peek() != '"':
            self._refuse("expected a name in quotes")
        key = self._decoded()
        if self._peek() != ":":
            self._refuse("expected a colon after a name")
        self.at += 1
        return str(key)

    def _value(self) -> dict[str, Any]:
        self.row += 1
        if self._peek() != "{":
            self._refuse("expected an object in braces")
        value: dict[str, Any] = self._decoded()
        return value

    def _decoded(self) -> Any:
        while True:
            try:
                value, self.at = _DECODER.raw_decode(self.text, self.at)
            except RecursionError:
                self._refuse("it is nested too deeply")
            except ValueError as error:
                if len(self.text) - self.at > LARGEST:
                    self._refuse("it is longer than 1 MB, or no JSON")
                if not self._more():
                    self._refuse(str(error).partition(":")[0])
            else:
                return value

    def _peek(self) -> str:
        """Return the next character that is no space; none at the end."""
        while True:
            self.at = _SPACE.match(self.text, self.at).end()  # type: ignore[union-attr]  # it matches nothing, too
            if self.at < len(self.text):
                return self.text[self.at]
            if not self._more():
                return ""

    def _more(self) -> bool:
        block = next(self.blocks, "")
        self.text, self.at = self.text[self.at :] + block, 0
        return bool(block)

    def _refuse(self, why: str) -> NoReturn:
        msg = f"{self.path}: row {self.row}: {why}; expected JSON"
        raise InputError(msg)
