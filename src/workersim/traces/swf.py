"""The Standard Workload Format of the Parallel Workloads Archive: 18 numbers a job, ``;`` before remarks.

A job of a cluster may use several processors at once.  Here each takes one slot, which is said, as is a header that
does not fit the rows.
"""

from __future__ import annotations

import re
from contextlib import closing
from typing import TYPE_CHECKING, NoReturn

from workersim.errors import InputError
from workersim.runlog import Outcome
from workersim.traces.chunks import Chunk
from workersim.traces.repairs import Repairs, counted
from workersim.traces.table import Layout
from workersim.units import shown
from workersim.workload.csv_rows import CHUNK
from workersim.workload.files import open_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from workersim.traces.table import Columns
    from workersim.workload.files import Progress

__all__ = ["COLUMNS", "layout", "swf_chunks"]

COLUMNS = (
    "job",
    "submit",
    "wait",
    "run",
    "processors",
    "cpu",
    "memory",
    "requested_processors",
    "requested_time",
    "requested_memory",
    "status",
    "user",
    "group",
    "executable",
    "queue",
    "partition",
    "preceding",
    "think_time",
)
REST = "rest"  # of the run time beside the CPU time: no column of the file
# 2 to 4 are the parts of a job that was interrupted; the whole of it has a row of its own.
STATUSES = {"1": Outcome.DONE, "0": Outcome.FAILED, "5": Outcome.FAILED}
_FIELD = re.compile(r"-?[0-9]{1,18}(?:\.[0-9]{1,18})?", re.ASCII)
UNRUN = "left out: without a run time, so not known to have run"
PARTS = "left out: a part of an interrupted job, which has a row of its own"
WIDE = "on more than one processor: one slot each here, so as many slots as processors are a wider machine"


def swf_chunks(path: Path, repairs: Repairs, progress: Progress | None = None) -> Iterator[Chunk]:
    """Yield the rows of a log, first a chunk without rows; compare them with what its header says.

    Raises
    ------
    InputError
        Naming the line that has something else than 18 numbers.
    """
    yield Chunk(dict.fromkeys((*COLUMNS, REST), ()), 1, ())
    rows: list[list[str]] = []
    lines: list[int] = []
    taken, told = 0, None
    with closing(open_text(path, progress)) as text:
        for number, line in enumerate(text, 1):
            if line.lstrip().startswith(";"):
                told = _jobs_told(line) if told is None else told
                continue
            fields = line.split()
            if not fields:
                continue
            if len(fields) != len(COLUMNS):
                _refuse(path, taken + len(rows) + 1, number, f"expected 18 fields, found {len(fields)}")
            bad = next((field for field in fields if not _FIELD.fullmatch(field)), None)
            if bad is not None:
                _refuse(path, taken + len(rows) + 1, number, f"expected numbers, found {shown(bad)}")
            rows.append(fields)
            lines.append(number)
            if len(rows) == CHUNK:
                yield _chunk(rows, lines, taken)
                taken += len(rows)
                rows, lines = [], []
    if rows:
        yield _chunk(rows, lines, taken)
    taken += len(rows)
    if told is not None and told != taken:
        repairs.say(
            f"The header speaks of {counted(told, 'job')}, the file has {counted(taken, 'row')}: the rows count."
        )


def _chunk(rows: list[list[str]], lines: list[int], taken: int) -> Chunk:
    columns: dict[str, Sequence[str]] = dict(zip(COLUMNS, zip(*rows, strict=True), strict=True))
    return Chunk(columns | {REST: ("",) * len(rows)}, taken + 1, lines)


def _jobs_told(line: str) -> int | None:
    found = re.match(r";\s*Max(?:Jobs|Records):\s*([0-9]{1,15})", line, re.ASCII)
    return int(found[1]) if found else None


def layout() -> Layout:
    """Return the layout of these columns."""
    roles = {
        "arrival": "submit",
        "wait": "wait",
        "service": "run",
        "outcome": "status",
        "queue": "queue",
        "cpu": "cpu",
        "io": REST,
    }
    extra = ("processors", "requested_processors")
    return Layout("swf", roles, STATUSES, rules=(_ran,), extra=extra)


def _ran(texts: Columns, numbers: Sequence[int], repairs: Repairs) -> list[bool]:
    """Tell apart what ran; a CPU time that fits into the run time says how it divides."""
    run = texts["run"]
    unrun = [number for number, lasted in zip(numbers, run, strict=True) if not lasted]
    repairs.add(UNRUN, unrun)
    repairs.left_out += len(unrun)
    processors = [used or asked for used, asked in zip(texts["processors"], texts["requested_processors"], strict=True)]
    repairs.add(WIDE, [number for number, count in zip(numbers, processors, strict=True) if count not in {"", "1"}])
    parts = [state in {"2", "3", "4"} for state in texts["status"]]
    repairs.add(PARTS, [number for number, part in zip(numbers, parts, strict=True) if part])
    texts["cpu"], texts[REST] = _divided(texts["cpu"], run)
    return [bool(lasted) and not part for lasted, part in zip(run, parts, strict=True)]


def _divided(cpu: Sequence[str], run: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return CPU time and the rest of the run time, where the log knows the first."""
    used, rest = [], []
    for spent, lasted in zip(cpu, run, strict=True):
        known = bool(spent and lasted) and float(spent) > 0
        # A little more than the run time is what rounding and helper threads make of all of it.
        used.append(min(spent, lasted, key=float) if known else "")
        rest.append(f"{max(float(lasted) - float(spent), 0):.9f}" if known else "")
    return used, rest


def _refuse(path: Path, row: int, line: int, why: str) -> NoReturn:
    msg = f"{path}: row {row} (line {line}): {why}; expected the Standard Workload Format"
    raise InputError(msg)
