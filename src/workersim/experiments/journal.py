"""What a sweep has found so far, on disk: a JSON line a point, so that a sweep that was killed goes on."""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING, Any, NoReturn, Self

from workersim.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from io import BufferedRandom
    from pathlib import Path

__all__ = ["Journal"]

_HEAD = b'{"sweep":'
_STRANGER = "is no journal of a sweep; remove it, or choose another --out"


class Journal:
    """Rows of a sweep by the number of their point.

    Parameters
    ----------
    path
        The file; it is made if there is none.
    sweep
        What tells this sweep apart from any other.

    Raises
    ------
    InputError
        If the file is the journal of another sweep, no journal, damaged, in use, or cannot be written.
    """

    def __init__(self, path: Path, sweep: str) -> None:
        self._path = path
        self.rows: dict[int, dict[str, Any]] = {}
        try:
            self._file: BufferedRandom = path.open("a+b")
        except OSError as error:
            self._refuse(f"cannot be written: {error.strerror or error}")
        try:
            self._lock()
            self._read(sweep)
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def add(self, point: int, row: dict[str, Any]) -> None:
        """Keep the row of a point."""
        self.rows[point] = row
        self._write({"point": point, **row})

    def remove(self) -> None:
        """Delete the file: the table is complete."""
        self._path.unlink(missing_ok=True)

    def _read(self, sweep: str) -> None:
        self._file.seek(0)
        whole = 0
        for number, line in enumerate(self._lines()):
            said = self._said(line, number)
            if number == 0 and said.get("sweep") != sweep:
                self._refuse("is the journal of another sweep; remove it, or choose another --out")
            if number:
                self.rows[int(said.pop("point"))] = said
            whole += len(line)
        if not whole:
            self._file.seek(0)
            begun = self._file.read(len(_HEAD))
            if not _HEAD.startswith(begun):
                self._refuse(_STRANGER)
        self._file.truncate(whole)  # what was being written when the sweep was killed
        if not whole:
            self._write({"sweep": sweep})

    def _lines(self) -> Iterator[bytes]:
        """Yield whole lines; the last one may be torn."""
        for line in self._file:
            if line.endswith(b"\n"):
                yield line

    def _said(self, line: bytes, number: int) -> dict[str, Any]:
        with contextlib.suppress(ValueError, RecursionError):
            said = json.loads(line)
            if isinstance(said, dict) and (isinstance(said.get("point"), int) if number else "sweep" in said):
                return said
        return self._refuse(f"is damaged in line {number + 1}; remove it to begin again" if number else _STRANGER)

    def _write(self, said: dict[str, Any]) -> None:
        try:
            self._file.write(json.dumps(said, separators=(",", ":"), allow_nan=False).encode() + b"\n")
            self._file.flush()
        except OSError as error:
            self._refuse(f"cannot be written: {error.strerror or error}")

    def _lock(self) -> None:
        try:
            import fcntl  # noqa: PLC0415 (not everywhere)
        except ImportError:
            return
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._refuse("is in use by another process")

    def _refuse(self, why: str) -> NoReturn:
        msg = f"{self._path} {why}"
        raise InputError(msg) from None
