"""Comma-separated values as chunks of rows, each with the line that it ends on."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, NamedTuple

from workersim.errors import InputError
from workersim.units import shown

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["CHUNK", "Rows", "csv_rows"]

CHUNK = 8192  # rows: few enough to stay in the cache until they are columns


class Rows(NamedTuple):
    """Some rows under their header; ``lines`` are those on which they end."""

    header: list[str]
    rows: list[list[str]]
    lines: list[int]


def csv_rows(path: Path, text: Iterator[str], *, delimiter: str = ",") -> Iterator[Rows]:
    """Yield the header without rows, and then the rows in chunks, without empty ones.

    Raises
    ------
    InputError
        If these are no such values, or the header has a column twice.
    """
    reader = csv.reader(text, strict=True, delimiter=delimiter)
    header: list[str] = []
    rows: list[list[str]] = []
    lines: list[int] = []
    try:
        for row in reader:
            if not row or (len(row) == 1 and not row[0].strip()):
                continue
            if not header:
                header = _header(path, row)
                yield Rows(header, [], [])
                continue
            rows.append(row)
            lines.append(reader.line_num)
            if len(rows) == CHUNK:
                yield Rows(header, rows, lines)
                rows, lines = [], []
    except csv.Error as error:
        msg = f"{path}: line {reader.line_num}: {error}; expected comma-separated values"
        raise InputError(msg) from None
    if rows:
        yield Rows(header, rows, lines)


def _header(path: Path, row: list[str]) -> list[str]:
    header = [cell.strip() for cell in row]
    twice = sorted({cell for cell in header if cell and header.count(cell) > 1})
    if twice:
        msg = f"{path}: the header has column {shown(twice[0])} twice"
        raise InputError(msg)
    return header
