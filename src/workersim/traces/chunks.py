"""A table of text, some rows at a time: what every file with a row a job is made into first."""

from __future__ import annotations

from contextlib import closing
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

from workersim.errors import InputError, MissingExtraError
from workersim.workload.csv_rows import csv_rows
from workersim.workload.files import ensure_file, open_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from workersim.workload.files import Progress

__all__ = ["Chunk", "csv_chunks", "parquet_chunks"]

BATCH = 8192


class Chunk(NamedTuple):
    """Rows by column; an empty text is a cell that says nothing.

    Attributes
    ----------
    columns
        n texts each.
    first
        Number of the first of these rows; that of the file is 1.
    lines
        On which line of the file each row ends; empty where a file has no lines.
    """

    columns: dict[str, Sequence[str]]
    first: int
    lines: Sequence[int]

    def __len__(self) -> int:  # a named tuple would count its fields
        return len(next(iter(self.columns.values()), ()))

    def where(self, i: int) -> str:
        """Name a row of the chunk for a message."""
        line = f" (line {self.lines[i]})" if len(self.lines) else ""
        return f"row {self.first + i}{line}"


def csv_chunks(path: Path, progress: Progress | None = None) -> Iterator[Chunk]:
    """Yield the rows of a CSV file, separated by commas, semicolons or tabs, as its header is; first one without rows.

    Raises
    ------
    InputError
        If it cannot be read, or a row has more or fewer fields than the header.
    """
    with closing(open_text(path, progress)) as text:
        head: list[str] = []
        for line in text:
            head.append(line)
            if line.strip():
                break
        taken = 0
        for header, rows, lines in csv_rows(path, chain(head, text), delimiter=_delimiter("".join(head))):
            wrong = next((i for i, row in enumerate(rows) if len(row) != len(header)), None)
            if wrong is not None:
                found = f"expected {len(header)} fields, as in the header, found {len(rows[wrong])}"
                msg = f"{path}: row {taken + wrong + 1} (line {lines[wrong]}): {found}"
                raise InputError(msg)
            texts = zip(*rows, strict=True) if rows else ((),) * len(header)
            yield Chunk(dict(zip(header, texts, strict=True)), taken + 1, lines)
            taken += len(rows)


def _delimiter(header: str) -> str:
    return max(",;\t", key=header.count)


def parquet_chunks(path: Path, progress: Progress | None = None) -> Iterator[Chunk]:
    """Yield the rows of a Parquet file; first a chunk without rows.

    Raises
    ------
    InputError
        If it cannot be read.
    MissingExtraError
        If pyarrow is not installed.
    """
    try:
        import pyarrow as pa  # type: ignore[import-untyped]  # noqa: PLC0415 (an extra)
        from pyarrow import parquet  # noqa: PLC0415 (as above)
    except ImportError:
        msg = "reading Parquet needs pyarrow: pip install 'workersim[parquet]'"
        raise MissingExtraError(msg) from None
    ensure_file(path)
    try:
        file = parquet.ParquetFile(path, buffer_size=2**20)  # else a column chunk of the file is held whole
        names, taken, of = file.schema_arrow.names, 0, file.metadata.num_rows
        _ensure_once(path, names)
        yield Chunk(dict.fromkeys(names, ()), 1, ())
        for batch in file.iter_batches(BATCH):
            yield Chunk(
                {name: _texts(column) for name, column in zip(names, batch.columns, strict=True)}, taken + 1, ()
            )
            taken += batch.num_rows
            if progress:
                progress(taken, of)
    except (pa.ArrowException, OSError, OverflowError) as error:
        said = " ".join(str(error).split())[:200]
        msg = f"{path}: cannot be read as Parquet: {said}"
        raise InputError(msg) from None


def _ensure_once(path: Path, names: list[str]) -> None:
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        msg = f"{path}: has column {twice!r} twice"
        raise InputError(msg)


def _texts(column: object) -> Sequence[str]:
    """Return the cells of an Arrow array as texts; nested ones say nothing."""
    import pyarrow as pa  # noqa: PLC0415 (the caller has it)
    from pyarrow import compute  # noqa: PLC0415 (as above)

    try:
        if pa.types.is_dictionary(column.type):  # type: ignore[attr-defined]  # pyarrow has no types
            column = column.dictionary_decode()  # type: ignore[attr-defined]  # as above
        if pa.types.is_floating(column.type):  # type: ignore[attr-defined]  # as above
            return ["" if cell is None or cell != cell else repr(cell) for cell in column.to_pylist()]  # type: ignore[attr-defined]  # noqa: PLR0124 (NaN)
        texts: Sequence[str] = compute.fill_null(compute.cast(column, pa.string()), "").to_pylist()
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, UnicodeDecodeError):
        return [""] * len(column)  # type: ignore[arg-type]  # as above
    return texts
