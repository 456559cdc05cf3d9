"""What a row of a recorded file takes while it is read: as little of ten millions as of ten thousand."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import numpy as np
import pytest

from workersim.metrics.curves import closed
from workersim.metrics.levels import level
from workersim.runlog import ordering
from workersim.runlog.counting import count_over_time
from workersim.traces.ids import Ids
from workersim.units import NEVER

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

# In a process of its own: what this one held at most is known only of all that it ever did.
READS = """
import sys
import workersim as ws
from workersim.traces import read_trace
from pathlib import Path

def most():
    lines = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines())
    return int(lines["VmHWM"].split()[0]) * 1024

few, many = sys.argv[1:3]
read_trace(few).to_dict()  # what is loaded on the way, and what a file of any size takes
before = most()
found = read_trace(many)
read = most()
found.to_dict()
print(len(found), read - before, most() - before)
"""


def table(path: Path, rows: int) -> Path:
    with path.open("w", encoding="ascii") as file:
        file.write("arrival,start,finish,job_class,queue\n")
        file.writelines(f"{i}.25,{i + i % 7}.5,{i + i % 7 + 4}.125,task{i % 9},q{i % 3}\n" for i in range(rows))
    return path


def ids(path: Path, rows: int) -> Path:
    with path.open("w", encoding="ascii") as file:
        file.write("id,arrival,start,finish,worker\n")
        file.writelines(f"{i:032x},{i}.25,{i + i % 7}.5,{i + i % 7 + 4}.125,w{i % 9}\n" for i in range(rows))
    return path


def events(path: Path, jobs: int) -> Path:
    with path.open("w", encoding="ascii") as file:
        for i in range(jobs):
            at, task = 1_767_225_600 + i, {"uuid": f"{i:032x}", "hostname": f"celery@w{i % 4}"}
            for lag, said in (
                (0, {"type": "task-sent", "name": "scan", "queue": "q", "retries": 0}),
                (0.125, {"type": "task-received", "name": "scan", "retries": 0}),
                (0.25, {"type": "task-started"}),
                (0.75, {"type": "task-succeeded", "runtime": 0.5}),
            ):
                told = task | said | {"timestamp": at + lag, "local_received": at + lag + 0.001}
                file.write(json.dumps(told) + "\n")
    return path


# Bytes a row, or a job of four events.  Kept of a row of the first table are 48; lists of chunks, ids as texts, a
# dictionary of tuples, or a curve of all rows would each be above.
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux tells the most that a process ever held")
@pytest.mark.parametrize(
    ("write", "rows", "reading", "inspecting"),
    [(table, 400_000, 80, 115), (ids, 400_000, 110, 145), (events, 120_000, 300, 300)],
    ids=["table", "ids", "events"],
)
def test_a_row_takes_few_bytes(
    write: Callable[[Path, int], Path], rows: int, reading: int, inspecting: int, tmp_path: Path
) -> None:
    run = [sys.executable, "-c", READS, str(write(tmp_path / "few", rows // 10)), str(write(tmp_path / "many", rows))]
    told = subprocess.run(run, capture_output=True, text=True, check=True).stdout  # noqa: S603 (our own words)
    found, read, most = map(int, told.split())
    assert found == rows
    assert read / rows < reading
    assert most / rows < inspecting


def test_ids_are_numbered_like_texts_would_be() -> None:
    found, seen = Ids(), dict[str, int]()
    for start in range(0, 30_000, 1000):
        texts = [f"id-{i % 11_000 % 997 if i % 3 else i}" for i in range(start, start + 1000)]
        assert found.numbers(texts).tolist() == [seen.setdefault(text, len(seen)) for text in texts]
    assert len(found) == len(seen)
    assert [found.find(text) for text in ("id-0", "id-1", "no such")] == [seen["id-0"], seen["id-1"], None]


@pytest.mark.parametrize("block", [1, 3, 7, 1000])
def test_rows_some_at_a_time_stand_in_the_order_of_all(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ordering, "BLOCK", block)
    generator = np.random.default_rng(block)
    for n in (0, 1, 2, 50, 200):
        instants, ties = generator.integers(0, 40, n) + np.arange(n) // 3, generator.integers(0, 3, n)
        found = [row for rows in ordering.in_order(instants, ties) for row in rows.tolist()]
        assert found == np.lexsort([ties, instants]).tolist()


@pytest.mark.parametrize("block", [1, 7, 1000])
def test_a_level_is_that_of_its_curve(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ordering, "BLOCK", block)
    generator = np.random.default_rng(block)
    for n in (1, 5, 60):
        ups = generator.integers(0, 30, n)
        downs = np.where(generator.random(n) < 0.2, NEVER, ups + generator.integers(0, 9, n))
        for start, end in ((0, 40), (5, 20), (20, 20)):
            curve = closed(count_over_time(ups, downs), 40).between_ns(start, end)
            assert level(ups, downs, start, end) == (curve.area_ns(), curve.max())
