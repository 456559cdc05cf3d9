"""The Standard Workload Format."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import pytest

import workersim as ws
from workersim.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

HEADER = "; Version: 2.2\n; MaxJobs: 5\n;\n"


def row(submit: str, wait: str, run: str, processors: str = "1", cpu: str = "-1", status: str = "1") -> str:
    return f" 1 {submit} {wait} {run} {processors} {cpu} -1 {processors} -1 -1 {status} 1 1 -1 3 -1 -1 -1\n"


def read(tmp_path: Path, text: str, name: str = "log.swf") -> ws.Recording:
    path = tmp_path / name
    path.write_bytes(gzip.compress(text.encode()) if name.endswith("gz") else text.encode())
    return ws.read_trace(path)


@pytest.mark.parametrize("name", ["log.swf", "log.swf.gz", "log.txt"])
def test_a_log(tmp_path: Path, name: str) -> None:
    text = (
        HEADER
        + row("0", "10", "60", cpu="45.5")
        + row("5", "0", "30", "4", status="0")
        + row("6", "-1", "-1", status="5")
    )
    found = read(tmp_path, text, name)
    assert (found.format, found.arrival_from, found.rows) == ("swf", "submit", 3)
    frame = found.attempts
    assert frame[["arrival", "start", "finish", "outcome", "queue"]].values.tolist() == [
        [0.0, 10.0, 70.0, "done", "3"],
        [5.0, 5.0, 35.0, "failed", "3"],
    ]
    assert found.jobs is not None
    assert found.jobs.phases(0) == [(0, 22_750_000_000), (1, 14_500_000_000), (0, 22_750_000_000)]
    assert found.jobs.phases(1) == [(1, 30_000_000_000)]
    assert found.warnings[0] == "The header speaks of 5 jobs, the file has 3 rows: the rows count."
    assert "1 row left out: without a run time, so not known to have run (row 3)." in found.warnings
    assert any(each.startswith("1 row on more than one processor") for each in found.warnings)


def test_parts_of_an_interrupted_job_are_left_out(tmp_path: Path) -> None:
    found = read(tmp_path, row("0", "0", "10", status="2") + row("0", "0", "30"))
    assert len(found) == 1
    assert any("a part of an interrupted job" in each for each in found.warnings)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("1 2 3\n", r"row 2 \(line 5\): expected 18 fields, found 3; expected the Standard Workload Format"),
        (row("0", "x", "3"), r"row 2 \(line 5\): expected numbers, found 'x'"),
        (row("0", "1e99", "3"), r"row 2 \(line 5\): expected numbers, found 1e99"),
        (row("9" * 18, "1", "3"), r"row 2 \(line 5\), column submit: expected"),
        (row("-5", "1", "3"), r"row 2 \(line 5\), column submit: expected seconds, from 0 to 100 years, found -5"),
    ],
)
def test_lines_that_are_no_jobs_are_refused(tmp_path: Path, line: str, says: str) -> None:
    with pytest.raises(InputError, match=says):
        read(tmp_path, HEADER + row("0", "0", "1") + line)
