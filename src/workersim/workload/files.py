"""Text files that somebody else wrote, read line by line without being taken in by them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NoReturn

from workersim.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

__all__ = ["open_text"]

LONGEST_LINE = 2**20


def open_text(path: Path) -> Generator[str, None, None]:
    r"""Yield the lines of a UTF-8 file, with their ends, without a byte order mark.

    Raises
    ------
    InputError
        Naming the file, and the line where there is one: it is missing, unreadable or no plain file
        (a directory, a device, which might never end), not UTF-8, binary, or has a line above 1 MB.
    """
    try:
        if not path.is_file():
            _refuse(path, "is no file" if path.exists() else "no such file")
        with path.open(encoding="utf-8-sig", newline="") as text:
            for number, line in enumerate(iter(partial(text.readline, LONGEST_LINE), ""), 1):
                if "\0" in line:
                    _refuse(path, f"line {number} holds a NUL byte; expected text in UTF-8")
                if len(line) >= LONGEST_LINE:
                    _refuse(path, f"line {number} is longer than 1 MB; expected a line a row")
                yield line
    except UnicodeDecodeError:
        _refuse(path, f"line {_first_bad_line(path)} is not UTF-8; expected text in UTF-8")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        _refuse(path, f"cannot be read: {reason}")


def _first_bad_line(path: Path) -> int:
    """Find the line: decoding runs ahead of the lines, so its error does not know."""
    with path.open("rb") as raw:
        for number, line in enumerate(raw, 1):
            try:
                line.decode("utf-8")
            except UnicodeDecodeError:
                return number
    return 0  # pragma: no cover  # the file was mended in between


def _refuse(path: Path, why: str) -> NoReturn:
    msg = f"{path}: {why}"
    raise InputError(msg)
