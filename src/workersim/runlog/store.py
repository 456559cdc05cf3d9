"""A log in one file, and back.

Both formats hold the same parts: the columns of jobs, attempts and fleet, the phases as the log
holds them (a table, or the rule that gives it back), and a line of JSON with the rest.

- ``.npz`` is NumPy's own: one array a column, named ``jobs.arrival_ns`` and so on.  A column that
  says the same in every row takes one row.  Nothing in it is ever unpickled.
- ``.parquet`` is one Parquet file for all tables, one after the other in row groups of their own:
  the column ``table`` tells which table a row belongs to, the columns of the other tables are null
  there (which takes no room).  ``pandas.read_parquet(path, filters=[("table", "==", "attempts")])``
  reads one table with any tool.  The line of JSON is in the schema's metadata, under ``workersim``.
"""

from __future__ import annotations

import json
import zipfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from workersim.errors import InputError, LogError
from workersim.runlog.log import RunLog
from workersim.runlog.phasing import PhaseEnds
from workersim.runlog.schema import Attempts, FleetChanges, JobTable, Phases
from workersim.runlog.terms import Pause, Terms
from workersim.runlog.whole import write_whole

if TYPE_CHECKING:
    from os import PathLike

__all__ = ["load", "save"]

FORMAT = 1
Parts = dict[str, dict[str, NDArray[Any]]]
_FLOATS = {"vcpus", "price", "vcpu_price"}
_META = {
    "format": int,
    "horizon_ns": int,
    "seed": int,
    "digest": str,
    "engine": str,
    "classes": list,
    "queues": list,
}
# All that NumPy and zipfile are known to raise about a file that is cut, changed, or no log at all.
_DAMAGE = (
    ValueError,
    KeyError,
    TypeError,
    EOFError,
    IndexError,
    OverflowError,
    MemoryError,
    NotImplementedError,
    RuntimeError,
    SyntaxError,
    zipfile.BadZipFile,
    zlib.error,
)


def save(log: RunLog, path: str | PathLike[str]) -> None:
    """Write a log to one file; the file appears whole or not at all.

    Parameters
    ----------
    log
        Any log.
    path
        Ends in ``.parquet`` for Parquet, which needs pyarrow; anything else gives NumPy's ``.npz``.

    Raises
    ------
    MissingExtraError
        If Parquet is asked for and pyarrow is not installed.
    InputError
        If the file cannot be written.
    """
    target = Path(path)
    write = _write_npz
    if target.suffix == ".parquet":
        from workersim.runlog.parquet import write_parquet  # noqa: PLC0415 (needs pyarrow)

        write = write_parquet
    parts, meta = _to_parts(log)
    try:
        write_whole(target, lambda temporary: write(temporary, parts, json.dumps(meta)))
    except OSError as error:
        msg = f"{target}: cannot be written ({error.strerror or error})"
        raise InputError(msg) from None


def load(path: str | PathLike[str]) -> RunLog:
    """Read a log that ``save`` wrote; the content tells the format.

    Raises
    ------
    InputError
        If the file is missing or unreadable.
    LogError
        If it is damaged, or something else than a log.
    MissingExtraError
        If it is Parquet and pyarrow is not installed.
    """
    source = Path(path)
    try:
        with source.open("rb") as file:
            magic = file.read(4)
    except OSError as error:
        msg = f"{source}: cannot be read ({error.strerror or error})"
        raise InputError(msg) from None
    if magic not in {b"PAR1", b"PK\x03\x04"}:
        msg = f"{source}: is no run log (expected .npz or .parquet as RunLog.save writes them)"
        raise LogError(msg)
    if magic == b"PAR1":
        from workersim.runlog.parquet import read_parquet  # noqa: PLC0415 (needs pyarrow)

        read = read_parquet
    else:
        read = _read_npz
    try:
        parts, meta = read(source)
        return _from_parts(parts, json.loads(meta))
    except (*_DAMAGE, OSError) as error:
        reason = str(error).strip().split("\n")[0] or type(error).__name__
        msg = f"{source}: is damaged, or no run log ({reason[:200]})"
        raise LogError(msg) from None


def _to_parts(log: RunLog) -> tuple[Parts, dict[str, Any]]:
    parts = {"jobs": log.jobs.columns(), "attempts": log.attempts.columns(), "fleet": log.fleet.columns()}
    source = log.phase_source
    if isinstance(source, Phases):
        parts["phases"] = source.columns()
    else:
        parts["rule"] = {"first_phase": source.first_phase}
        parts["demands"] = {"kind": source.kind, "demand_ns": source.demand_ns}
        if source.ends_ns is not None:
            parts["demands"]["ends_ns"] = source.ends_ns
    meta: dict[str, Any] = {name: getattr(log, name) for name in ("horizon_ns", "seed", "digest", "engine")}
    meta |= {"format": FORMAT, "classes": log.jobs.classes, "queues": log.jobs.queues}
    meta |= {"services": log.services, "terms": [each._asdict() for each in log.terms], "pauses": log.pauses}
    meta["least_price"] = log.least_price
    meta["rows"] = {name: len(next(iter(columns.values()))) for name, columns in parts.items()}
    return parts, meta


def _from_parts(parts: Parts, meta: dict[str, Any]) -> RunLog:
    if not isinstance(meta, dict) or any(type(meta.get(name)) is not kind for name, kind in _META.items()):
        msg = "its description is incomplete"
        raise ValueError(msg)
    if meta["format"] != FORMAT:
        msg = f"written in format {meta['format']}, this version reads format {FORMAT}"
        raise ValueError(msg)
    classes, queues = (tuple(str(each) for each in meta[name]) for name in ("classes", "queues"))
    columns: dict[str, Any] = {table: _sound(table, held) for table, held in parts.items()}
    jobs = JobTable(**columns["jobs"], classes=classes, queues=queues)
    attempts = Attempts(**columns["attempts"])
    return RunLog(
        jobs=jobs,
        attempts=attempts,
        phase_source=_phase_source(columns, len(jobs)),
        fleet=FleetChanges(**columns["fleet"]),
        **{name: meta[name] for name in ("horizon_ns", "seed", "digest", "engine")},
        **_about_workers(meta),
    )


def _about_workers(meta: dict[str, Any]) -> dict[str, Any]:
    """Return what is said of services and their workers; a log may say nothing of them."""
    services = tuple(str(each) for each in meta.get("services", ("",)))
    if not services:
        msg = "it has no service"
        raise ValueError(msg)
    return {
        "services": services,
        "terms": tuple(_terms(**each) for each in meta.get("terms", ())),
        "pauses": tuple(Pause(*(int(number) for number in each)) for each in meta.get("pauses", ())),
        "least_price": float(meta.get("least_price", 0.0)),
    }


def _terms(*, queues: list[int] | None, delayed: list[int], window: int, **flags: bool) -> Terms:
    served = None if queues is None else tuple(int(each) for each in queues)
    return Terms(served, window=int(window), delayed=tuple(int(each) for each in delayed), **flags)


def _phase_source(columns: dict[str, Any], jobs: int) -> Phases | PhaseEnds:
    if "phases" in columns:
        return Phases(**columns["phases"])
    rule = PhaseEnds(columns["rule"]["first_phase"], **columns["demands"])
    first = rule.first_phase
    if len(first) != jobs + 1 or first[0] != 0 or first[-1] != len(rule.kind) or (np.diff(first) < 0).any():
        msg = "its phases do not belong to its jobs"
        raise ValueError(msg)
    return rule


def _sound(table: str, columns: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    for name, column in columns.items():
        wanted = "f" if name in _FLOATS else "iu"
        if column.ndim != 1 or column.dtype.kind not in wanted:
            msg = f"the column {table}.{name} holds {column.ndim}-dimensional {column.dtype}"
            raise ValueError(msg)
    return columns


def _write_npz(path: Path, parts: Parts, meta: str) -> None:
    arrays: dict[str, Any] = {
        f"{table}.{name}": _short(column) for table, columns in parts.items() for name, column in columns.items()
    }
    with path.open("wb") as file:
        np.savez(file, workersim=np.array(meta), **arrays)


def _short(column: NDArray[Any]) -> NDArray[Any]:
    return column[:1] if column.strides == (0,) else column


def _read_npz(path: Path) -> tuple[Parts, str]:
    parts: Parts = {}
    # NumPy leaves a file that it opened itself open when it turns out to be damaged.
    with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
        meta = str(arrays["workersim"])
        rows = json.loads(meta)["rows"]
        for key in arrays.files:
            table, dot, name = key.partition(".")
            if dot:
                parts.setdefault(table, {})[name] = _long(arrays[key], int(rows[table]))
    return parts, meta


def _long(column: NDArray[Any], rows: int) -> NDArray[Any]:
    return np.broadcast_to(column, (rows,)) if len(column) == 1 else column
