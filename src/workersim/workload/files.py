"""Text files that somebody else wrote, read line by line without being taken in by them."""

from __future__ import annotations

import gzip
import io
import zlib
from functools import partial
from typing import IO, TYPE_CHECKING, NoReturn, TypeAlias

from workersim.errors import InputError, MissingExtraError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from pathlib import Path

    Progress: TypeAlias = Callable[[int, int], None]

__all__ = ["ensure_file", "open_binary", "open_text"]

LONGEST_LINE = 2**20
BLOCK = 2**16
OFTEN = 8192  # lines between two words about the progress
_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"


def open_text(path: Path, progress: Progress | None = None, *, lines: bool = True) -> Generator[str, None, None]:
    r"""Yield the lines of a UTF-8 file, with their ends, without a byte order mark.

    Parameters
    ----------
    path
        A text file, as it is or compressed by gzip or zstd, which is told by its first bytes.
    progress
        Called now and then as ``progress(done, of)``, in bytes of the file as it lies on the disk.
    lines
        False: yield blocks of text instead, wherever its lines end.

    Raises
    ------
    InputError
        Naming the file, and the line where there is one: it is missing, unreadable or no plain file
        (a directory, a device, which might never end), damaged, not UTF-8, binary, or has a line above 1 MB.
    MissingExtraError
        If it is compressed by zstd and nothing is installed that reads it.
    """
    ensure_file(path)
    number = 0
    try:
        with path.open("rb") as raw, open_binary(raw) as binary:
            size = path.stat().st_size
            text = io.TextIOWrapper(binary, encoding="utf-8-sig", newline="")
            more = partial(text.readline, LONGEST_LINE) if lines else partial(text.read, BLOCK)
            for number, piece in enumerate(iter(more, ""), 1):
                if "\0" in piece:
                    _refuse(path, f"{_place(number, lines=lines)} holds a NUL byte; expected text in UTF-8")
                if lines and len(piece) >= LONGEST_LINE:
                    _refuse(path, f"line {number} is longer than 1 MB; expected a line a row")
                if progress and (number % OFTEN == 0 or not lines):
                    progress(raw.tell(), size)
                yield piece
    except UnicodeDecodeError:
        _refuse(path, f"line {_first_bad_line(path)} is not UTF-8; expected text in UTF-8")
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        _refuse(path, f"its compression is damaged after {_place(number, lines=lines)}: {error}")
    except (OSError, ValueError) as error:
        _refuse(path, f"cannot be read: {_reason(error)}")


def ensure_file(path: Path) -> None:
    """Refuse what is no plain file.

    Raises
    ------
    InputError
        If it is missing, a folder, or a device.
    """
    try:
        if path.is_file():
            return
        _refuse(path, "is no file" if path.exists() else "no such file")
    except (OSError, ValueError) as error:  # ValueError: a path with NUL in it
        _refuse(path, f"cannot be read: {_reason(error)}")


def open_binary(raw: IO[bytes]) -> IO[bytes]:
    """Return what a file holds, unpacked if it is compressed.

    Raises
    ------
    MissingExtraError
        If it is compressed by zstd and nothing is installed that reads it.
    """
    magic = raw.read(4)
    raw.seek(0)
    if magic.startswith(_GZIP):
        return gzip.GzipFile(fileobj=raw, mode="rb")  # type: ignore[return-value]  # it reads bytes all the same
    return _unzstd(raw) if magic == _ZSTD else raw


def _unzstd(raw: IO[bytes]) -> IO[bytes]:
    try:
        import pyarrow as pa  # type: ignore[import-untyped]  # noqa: PLC0415 (an extra)
    except ImportError:
        msg = "reading a file compressed by zstd needs pyarrow: pip install 'workersim[parquet]'"
        raise MissingExtraError(msg) from None
    stream: IO[bytes] = io.BufferedReader(pa.CompressedInputStream(pa.PythonFile(raw, mode="r"), "zstd"))
    return stream


def _first_bad_line(path: Path) -> int:
    """Find the line: decoding runs ahead of the lines, so its error does not know."""
    with path.open("rb") as raw, open_binary(raw) as binary:
        for number, line in enumerate(binary, 1):
            try:
                line.decode("utf-8")
            except UnicodeDecodeError:
                return number
    return 0  # pragma: no cover  # the file was mended in between


def _place(number: int, *, lines: bool) -> str:
    return f"line {number}" if lines else f"character {number * BLOCK:,} or so"


def _reason(error: OSError | ValueError) -> str:
    return error.strerror if isinstance(error, OSError) and error.strerror else str(error)


def _refuse(path: Path, why: str) -> NoReturn:
    msg = f"{path}: {why}"
    raise InputError(msg)
