"""All tables of a log in one Parquet file; ``workersim.runlog.store`` says how."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from workersim.errors import MissingExtraError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["read_parquet", "write_parquet"]

Parts = dict[str, dict[str, NDArray[Any]]]
_GROUP = 1_000_000  # rows a row group


def write_parquet(path: Path, parts: Parts, meta: str) -> None:
    """Write the parts of a log, one table after the other."""
    pa, pq = _pyarrow("save")
    columns = {f"{table}.{name}": column for table, held in parts.items() for name, column in held.items()}
    schema = pa.schema(
        [
            ("table", pa.dictionary(pa.int8(), pa.string())),
            *((name, pa.from_numpy_dtype(c.dtype)) for name, c in columns.items()),
        ],
        metadata={"workersim": meta},
    )
    with pq.ParquetWriter(path, schema) as writer:
        for table, held in parts.items():
            rows = len(next(iter(held.values())))
            for start in range(0, rows, _GROUP):
                piece = slice(start, min(start + _GROUP, rows))
                writer.write_table(_group(pa, schema, table, {f"{table}.{n}": c[piece] for n, c in held.items()}))


def read_parquet(path: Path) -> tuple[Parts, str]:
    """Read the parts of a log back."""
    pa, pq = _pyarrow("load")
    try:
        with pq.ParquetFile(path) as file:
            held = file.schema_arrow
            meta = (held.metadata or {}).get(b"workersim")
            if meta is None:
                msg = "it is a Parquet file of something else"
                raise ValueError(msg)
            groups = [(file.metadata.row_group(i).column(0).statistics.min, i) for i in range(file.num_row_groups)]
            parts: Parts = {}
            for key in held.names:
                table, dot, name = key.partition(".")
                if dot:
                    wanted = [i for of, i in groups if of == table]
                    column = file.read_row_groups(wanted, columns=[key]).column(key)
                    if column.null_count:
                        msg = f"the column {key} has holes"
                        raise ValueError(msg)
                    parts.setdefault(table, {})[name] = np.asarray(column.to_numpy())
    except (pa.ArrowException, AttributeError) as error:
        raise ValueError(str(error)) from error
    return parts, meta.decode()


def _group(pa: Any, schema: Any, table: str, held: dict[str, NDArray[Any]]) -> Any:
    rows = len(next(iter(held.values())))
    which = pa.DictionaryArray.from_arrays(pa.array(np.zeros(rows, dtype=np.int8)), pa.array([table]))
    arrays = [
        pa.array(held[field.name]) if field.name in held else pa.nulls(rows, field.type) for field in list(schema)[1:]
    ]
    return pa.Table.from_arrays([which, *arrays], schema=schema)


def _pyarrow(function: str) -> tuple[Any, Any]:
    try:
        import pyarrow as pa  # type: ignore[import-untyped]  # noqa: PLC0415 (an extra: only Parquet needs it)
        import pyarrow.parquet as pq  # type: ignore[import-untyped]  # noqa: PLC0415 (as above)
    except ImportError:
        msg = f"RunLog.{function} needs pyarrow for Parquet: pip install 'workersim[parquet]'"
        raise MissingExtraError(msg) from None
    return pa, pq
