"""Any file of a recorded system: told by what is in it, and read."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workersim.errors import InputError
from workersim.traces import celery_events, flower, swf
from workersim.traces.assembly import assembled
from workersim.traces.chunks import csv_chunks, parquet_chunks
from workersim.traces.json_rows import json_chunks
from workersim.traces.layouts import layout_for
from workersim.traces.places import placed
from workersim.traces.recording import Recording
from workersim.traces.repairs import Repairs
from workersim.traces.roles import check_roles
from workersim.traces.table import TableReader
from workersim.units import nearest, shown
from workersim.workload.files import ensure_file, open_text

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator, Mapping

    from workersim.traces.chunks import Chunk
    from workersim.traces.facts import Facts
    from workersim.workload.files import Progress

__all__ = ["FORMATS", "read_trace"]

# The last three are tables, which hold any of the formats that are known by their columns.
FORMATS = ("celery-events", "swf", "flower", "django-celery-results", "airflow", "csv", "parquet", "json")
_BY_COLUMNS = ("flower", "django-celery-results", "airflow")
_EVENT_KEYS = {"type", "meta", "process", "sample", "gap"}


def read_trace(
    path: str | os.PathLike[str],
    format: str | None = None,  # noqa: A002  # the name that callers expect
    columns: Mapping[str, str] | None = None,
    *,
    processes: int | None = None,
    progress: Progress | None = None,
) -> Recording:
    """Read what a recorded system did.

    Parameters
    ----------
    path
        CSV or Parquet with a row a job, SWF, Celery events as JSON lines, Flower's ``/api/tasks``, exports of
        django-celery-results and of Airflow's ``task_instance``; as it is, or compressed by gzip or zstd.
    format
        One of ``celery-events``, ``swf``, ``flower``, ``django-celery-results``, ``airflow``, ``csv``, ``parquet``,
        ``json``; by default it is told by what the file holds.
    columns
        Of any other table: which column says what, such as ``{"arrival": "t_s", "service": "exec_time_seconds"}``.
        A sum of columns may stand there too: ``"86400 * day + start_s"``.
    processes
        Processes of each worker, where the file does not say: then utilization can be told.
    progress
        Called now and then as ``progress(done, of)``, in bytes or rows.

    Returns
    -------
    Recording
        The jobs, the log of what was observed, and what was repaired.

    Raises
    ------
    InputError
        Naming the file, and the row of what can be neither read nor repaired by a rule.
    MissingExtraError
        If it is Parquet, or compressed by zstd, and pyarrow is not installed.
    """
    path = Path(path)
    roles = check_roles(columns)
    if format is not None and format not in FORMATS:
        msg = f"format: expected one of {', '.join(FORMATS)}, found {shown(format)}{nearest(str(format), FORMATS)}"
        raise InputError(msg)
    ensure_file(path)
    repairs = Repairs()
    found = _recognised(path) if format is None or format in _BY_COLUMNS else format
    if found == "celery-events" and not roles:
        facts, rows, arrival_from = celery_events.read_events(path, repairs, progress)
        name = found
    else:
        name, rows, arrival_from, facts = _table(path, found, roles, repairs, progress)
    _ensure_format(path, format, name)
    facts = placed(facts, name, processes, repairs)
    made = assembled(facts, repairs)
    return Recording(
        path=path,
        format=name,
        rows=rows,
        arrival_from=arrival_from,
        jobs=made.jobs,
        job_rows=made.rows,
        log=made.log,
        arrival_ns=made.arrival_ns,
        epoch_ns=made.zero_ns if facts.is_absolute else None,
        warnings=tuple(repairs.sentences()),
        due_ns=made.due_ns,
        meta=facts.meta,
        left_out=repairs.left_out,
    )


def _table(
    path: Path, container: str, roles: dict[str, str], repairs: Repairs, progress: Progress | None
) -> tuple[str, int, str, Facts]:
    chunks = _chunks(path, container, repairs, progress)
    head = next(chunks, None)
    if head is None:
        msg = f"{path}: is empty; expected a header"
        raise InputError(msg)
    layout = swf.layout() if container == "swf" and not roles else layout_for(head.columns, roles, container)
    arrival_from = ""
    if layout.format == "flower":
        layout = flower.aligned(layout, _chunks(path, container, Repairs(), None), repairs)
    reader = TableReader(path, layout, list(head.columns), repairs)
    for chunk in chunks:
        reader.take(chunk)
    if layout.format == "flower" and repairs.times(flower.UNSENT) == reader.rows:
        arrival_from = "received"
    return layout.format, reader.rows, arrival_from or reader.arrival_from, reader.facts()


def _chunks(path: Path, container: str, repairs: Repairs, progress: Progress | None) -> Iterator[Chunk]:
    if container == "swf":
        return swf.swf_chunks(path, repairs, progress)
    if container == "parquet":
        return parquet_chunks(path, progress)
    return json_chunks(path, progress) if container in {"json", "celery-events"} else csv_chunks(path, progress)


def _ensure_format(path: Path, wanted: str | None, found: str) -> None:
    if wanted in _BY_COLUMNS and found != wanted:
        msg = f"{path}: expected the columns of {wanted}, found a table of another kind ({found})"
        raise InputError(msg)


def _recognised(path: Path) -> str:
    """Return ``celery-events``, ``swf``, ``parquet``, ``json`` or ``csv``, by the beginning of the file."""
    with path.open("rb") as raw:
        if raw.read(4) == b"PAR1":
            return "parquet"
    first = _first_line(path)
    if first.lstrip().startswith(("{", "[")):
        return "celery-events" if _is_event(first) else "json"
    numbers = first.split()
    is_swf = first.lstrip().startswith(";") or (len(numbers) == 18 and "," not in first)
    return "swf" if is_swf else "csv"


def _first_line(path: Path) -> str:
    """Return the first line that is not empty, as far as it was read: a dump may have but one."""
    with closing(open_text(path, lines=False)) as blocks:
        text = ""
        for block in blocks:
            text = (text + block).lstrip()
            if "\n" in text or len(text) > 2**20:
                break
    return text.partition("\n")[0]


def _is_event(line: str) -> bool:
    try:
        value: Any = json.loads(line)
    except (ValueError, RecursionError):
        return False
    if not isinstance(value, dict) or not _EVENT_KEYS & set(value):
        return False
    return "type" not in value or str(value["type"]).startswith(("task-", "worker-"))
