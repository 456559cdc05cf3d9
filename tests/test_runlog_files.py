"""A log in one file, and back; and every file that is none."""

from __future__ import annotations

import contextlib
import json
import pickle
import sys
import zipfile
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings

from workersim.errors import InputError, LogError, MissingExtraError
from workersim.runlog import PhaseEnds, RunLog

from .logs import IO, draining, overload, retried, sharing, valid_logs, whole

if TYPE_CHECKING:
    from pathlib import Path

SUFFIXES = [".npz", ".parquet"]
HAND_WRITTEN = [overload, draining, sharing, retried]


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("build", HAND_WRITTEN)
def test_a_file_gives_the_log_back(build: Any, suffix: str, tmp_path: Path) -> None:
    log = replace(build(), digest="abc", seed=2**63 - 1)
    path = tmp_path / f"log{suffix}"
    log.save(path)
    got = RunLog.load(path)
    assert log.diff(got) is None
    assert (got.horizon_ns, got.seed, got.digest, got.engine) == (log.horizon_ns, 2**63 - 1, "abc", "simpy")
    assert [each.name for each in tmp_path.iterdir()] == [path.name]
    got.check()


@pytest.mark.parametrize("suffix", SUFFIXES)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None)
@given(log=valid_logs())
def test_files_keep_rules_and_empty_tables(log: RunLog, suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"log{suffix}"
    assert isinstance(log.phase_source, PhaseEnds)
    for held in (log, replace(log, phase_source=replace(log.phase_source, ends_ns=None))):
        held.save(path)
        got = RunLog.load(path)
        assert held.diff(got) is None
        assert isinstance(got.phase_source, PhaseEnds)
        assert (got.phase_source.ends_ns is None) == (held.phase_source.ends_ns is None)  # type: ignore[union-attr]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_column_that_all_rows_share_stays_one_value(suffix: str, tmp_path: Path) -> None:
    log = overload()
    log = replace(log, jobs=replace(log.jobs, queue=np.broadcast_to(np.int64(0), (10,))))
    log.save(tmp_path / f"log{suffix}")
    got = RunLog.load(tmp_path / f"log{suffix}")
    assert log.diff(got) is None
    if suffix == ".npz":
        assert got.jobs.queue.strides == (0,)


def test_one_table_of_a_parquet_file_is_read_with_any_tool(tmp_path: Path) -> None:
    path = tmp_path / "log.parquet"
    retried().save(path)
    frame = pd.read_parquet(path, filters=[("table", "==", "attempts")])
    assert frame["attempts.finished_ns"].tolist() == retried().attempts.finished_ns.tolist()


def damaged(path: Path, suffix: str) -> list[bytes]:
    overload().save(path)
    good = path.read_bytes()
    half = len(good) // 2
    return [
        b"",
        b"hello, I am no log",
        good[:4],
        good[:half],
        good[:half] + good[half + 1 :],
        good[:-3],
        b"PK\x03\x04" + bytes(100),
        b"PAR1" + bytes(100) + b"PAR1",
        pickle.dumps({"jobs": 1}),
        good[: -len(good) // 4] + bytes(len(good) // 4) if suffix == ".npz" else good[:-60] + bytes(60),
    ]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_damaged_file_is_one_clear_line(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"log{suffix}"
    for content in damaged(path, suffix):
        path.write_bytes(content)
        with pytest.raises(LogError) as raised:
            RunLog.load(path)
        assert str(path) in str(raised.value)
        assert "\n" not in str(raised.value)


@pytest.mark.parametrize("seed", range(30))
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_flipped_bytes_never_end_in_a_traceback(suffix: str, seed: int, tmp_path: Path) -> None:
    path = tmp_path / f"log{suffix}"
    overload().save(path)
    content = bytearray(path.read_bytes())
    rng = np.random.default_rng(seed)
    for place in rng.integers(4, len(content), 5):
        content[place] ^= 1 << int(rng.integers(8))
    path.write_bytes(content)
    # Anything but LogError fails the test; bytes that matter to nobody may also pass unnoticed.
    with contextlib.suppress(LogError):
        RunLog.load(path).check()


class Evil:
    def __reduce__(self) -> tuple[Any, ...]:
        return pytest.fail, ("a log was unpickled",)


def meta_of(path: Path) -> dict[str, Any]:
    with np.load(path) as arrays:
        held: dict[str, Any] = json.loads(str(arrays["workersim"]))
    return held


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"jobs.arrival_ns": np.array([Evil()] * 10, dtype=object)}, "Object arrays cannot be loaded"),
        ({"jobs.arrival_ns": np.zeros(10)}, "jobs.arrival_ns holds 1-dimensional float64"),
        ({"jobs.arrival_ns": np.zeros((10, 2), dtype=np.int64)}, "holds 2-dimensional"),
        ({"jobs.arrival_ns": np.zeros(9, dtype=np.int64)}, "differ in length"),
        ({"jobs.mean_wait_ns": np.zeros(10, dtype=np.int64)}, "mean_wait_ns"),
        ({"jobs.arrival_ns": None}, "arrival_ns"),
        ({"workersim": None}, "workersim"),
        ({"workersim": np.array("[]")}, "is damaged"),
        ({"workersim": np.array('{"format": 1, "rows": {}}')}, "is damaged"),
    ],
)
def test_a_foreign_npz_is_refused(change: dict[str, Any], said: str, tmp_path: Path) -> None:
    path = tmp_path / "log.npz"
    overload().save(path)
    with np.load(path) as arrays:
        held: dict[str, Any] = dict(arrays) | change
    np.savez(path, **{name: array for name, array in held.items() if array is not None})
    with pytest.raises(LogError, match=said):
        RunLog.load(path)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("format", 99, "written in format 99"),
        ("horizon_ns", "long", "its description is incomplete"),
        ("seed", True, "its description is incomplete"),
    ],
)
def test_another_description_is_refused(name: str, value: Any, said: str, tmp_path: Path) -> None:
    path = tmp_path / "log.npz"
    overload().save(path)
    with np.load(path) as arrays:
        held: dict[str, Any] = dict(arrays)
    held["workersim"] = np.array(json.dumps(meta_of(path) | {name: value}))
    np.savez(path, **held)
    with pytest.raises(LogError, match=said):
        RunLog.load(path)


def test_a_rule_of_other_jobs_is_refused(tmp_path: Path) -> None:
    rule = PhaseEnds(whole([0, 1]), whole([IO]), whole([5]))
    path = tmp_path / "log.npz"
    replace(overload(), phase_source=rule).save(path)
    with pytest.raises(LogError, match="its phases do not belong to its jobs"):
        RunLog.load(path)


def test_a_parquet_file_of_something_else_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "log.parquet"
    pd.DataFrame({"a": [1]}).to_parquet(path)
    with pytest.raises(LogError, match="of something else"):
        RunLog.load(path)


def test_a_parquet_file_with_holes_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "log.parquet"
    overload().save(path)
    pq: Any = pytest.importorskip("pyarrow.parquet")
    table = pq.read_table(path)
    place = table.column_names.index("jobs.arrival_ns")
    holes = [None, *table.column(place).to_pylist()[1:]]
    pq.write_table(table.set_column(place, table.field(place), [holes]), path)
    with pytest.raises(LogError):
        RunLog.load(path)


def test_a_missing_file_or_folder_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        RunLog.load(tmp_path / "absent.npz")
    with pytest.raises(InputError, match="cannot be read"):
        RunLog.load(tmp_path)
    with pytest.raises(InputError, match="cannot be written"):
        overload().save(tmp_path / "no" / "such" / "folder.npz")


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_file_appears_whole_or_not_at_all(suffix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / f"log{suffix}"
    overload().save(path)
    before = path.read_bytes()

    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("numpy.savez", full)
    monkeypatch.setattr("pyarrow.parquet.ParquetWriter", full)
    with pytest.raises(InputError, match="No space left"):
        overload().save(path)
    assert path.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == [path.name]


def test_parquet_without_pyarrow_names_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "log.parquet"
    overload().save(path)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    for call in (lambda: overload().save(path), lambda: RunLog.load(path)):
        with pytest.raises(MissingExtraError, match=r"pip install 'workersim\[parquet\]'"):
            call()


def test_an_npz_holds_a_file_a_column(tmp_path: Path) -> None:
    overload().save(tmp_path / "log.npz")
    with zipfile.ZipFile(tmp_path / "log.npz") as archive:
        assert {"workersim.npy", "jobs.arrival_ns.npy", "fleet.price.npy"} <= set(archive.namelist())
