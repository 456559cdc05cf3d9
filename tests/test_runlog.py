"""The log itself: its phases, its differences, its files and its frames."""

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
from hypothesis import strategies as st

from workersim.errors import InputError, LogError, MissingExtraError
from workersim.runlog import Attempts, Cause, Outcome, PhaseEnds, Phases, RunLog
from workersim.runlog.counting import area, count_over_time, exact_sum
from workersim.runlog.timeline import Timeline, fleet_total
from workersim.units import NEVER, SECOND

from .logs import (
    CPU,
    IO,
    Row,
    draining,
    fleet_of,
    log_of,
    one_phase,
    overload,
    phases_of,
    retried,
    sharing,
    valid_logs,
    whole,
)

if TYPE_CHECKING:
    from pathlib import Path

SUFFIXES = [".npz", ".parquet"]
HAND_WRITTEN = [overload, draining, sharing, retried]


def rows_of(phases: Phases) -> list[tuple[int, ...]]:
    columns = phases.columns().values()
    return [tuple(int(value) for value in row) for row in zip(*columns, strict=True)]


# --- phases as a rule


def test_phases_without_sharing_end_at_the_sums_of_their_demands() -> None:
    log = log_of(Row(0, 5, 11), Row(1, 7, 7), Row(2, 9, 12), horizon=20)
    rule = PhaseEnds(whole([0, 3, 3, 4]), whole([CPU, IO, CPU, IO]), whole([1, 2, 3, 3]) * SECOND)
    got = rule.table(log.attempts, log.horizon_ns)
    wanted = phases_of((0, CPU, 1, 5, 6), (0, IO, 2, 6, 8), (0, CPU, 3, 8, 11), (2, IO, 3, 9, 12))
    assert rows_of(got) == rows_of(wanted)


@pytest.mark.parametrize(
    ("horizon", "rows"),
    [
        (5, [(0, CPU, 1, 5, None)]),
        (6, [(0, CPU, 1, 5, 6), (0, IO, 2, 6, None)]),
        (7, [(0, CPU, 1, 5, 6), (0, IO, 2, 6, None)]),
        (8, [(0, CPU, 1, 5, 6), (0, IO, 2, 6, 8), (0, CPU, 0, 8, 8)]),
    ],
)
def test_phases_begin_up_to_the_horizon_itself(horizon: int, rows: Any) -> None:
    finish = 8 if horizon == 8 else None
    row = Row(0, 5, finish, Outcome.DONE if finish else Outcome.UNFINISHED)
    log = log_of(row, Row(0, None, None, Outcome.UNFINISHED), horizon=horizon)
    kind, demand = whole([CPU, IO, CPU, IO]), whole([1, 2, 0, 9]) * SECOND
    rule = PhaseEnds(whole([0, 3, 4]), kind, demand)
    assert rows_of(rule.table(log.attempts, log.horizon_ns)) == rows_of(phases_of(*rows))
    # The same with the ends written down.
    ends = [NEVER] * 4
    for i, row_ in enumerate(rows):
        ends[i] = NEVER if row_[4] is None else row_[4] * SECOND
    written = PhaseEnds(whole([0, 3, 4]), kind, demand, whole(ends))
    assert rows_of(written.table(log.attempts, log.horizon_ns)) == rows_of(phases_of(*rows))


def test_phases_of_a_cut_attempt_stop_with_it() -> None:
    log = log_of(Row(0, 0, 4, Outcome.LOST), horizon=20)
    rule = PhaseEnds(whole([0, 3]), whole([CPU, IO, CPU]), whole([1, 5, 1]) * SECOND)
    wanted = phases_of((0, CPU, 1, 0, 1), (0, IO, 5, 1, None))
    assert rows_of(rule.table(log.attempts, log.horizon_ns)) == rows_of(wanted)


def test_sums_of_demands_may_wrap_around() -> None:
    years = 90 * 365 * 86_400 * SECOND
    n = 8
    attempts = log_of(*(Row(0, 0, years / SECOND, slot=i) for i in range(n)), horizon=years / SECOND).attempts
    rule = PhaseEnds(whole(range(n + 1)), whole([IO] * n), whole([years] * n))
    assert set(rule.table(attempts, years).finished_ns.tolist()) == {years}


@given(valid_logs())
def test_a_rule_and_its_table_are_the_same_log(log: RunLog) -> None:
    table = replace(log, phase_source=log.phases)
    assert table.phases is log.phases
    assert log.diff(table) is None


# --- counts and sums


def test_exact_sums_beyond_64_bits() -> None:
    values = np.full(3_000, NEVER - 1, dtype=np.int64)
    assert exact_sum(values) == 3_000 * (NEVER - 1)
    assert exact_sum(-values) == -3_000 * (NEVER - 1)
    assert exact_sum(values, np.full(3_000, 10**8 + 1)) == 3_000 * (NEVER - 1) * (10**8 + 1)
    assert exact_sum(whole([])) == 0


@given(st.lists(st.tuples(st.integers(0, 2**62), st.integers(0, 2**27)), max_size=50))
def test_exact_sums_are_those_of_python(pairs: list[tuple[int, int]]) -> None:
    values, weights = whole(v for v, _ in pairs), whole(w for _, w in pairs)
    assert exact_sum(values) == sum(v for v, _ in pairs)
    assert exact_sum(values, weights) == sum(v * w for v, w in pairs)


@given(st.lists(st.integers(0, 9), max_size=8), st.lists(st.integers(0, 9) | st.just(NEVER), max_size=8))
def test_counts_are_those_of_a_tally(ups: list[int], downs: list[int]) -> None:
    instants, counts = count_over_time(whole(ups), whole(downs))
    tally = [sum(up <= t for up in ups) - sum(down <= t for down in downs) for t in range(12)]
    assert set(instants.tolist()) == {t for t in [*ups, *downs] if t < NEVER}
    assert counts.tolist() == [tally[t] for t in instants]
    assert area(instants, counts, 2, 11) == sum(tally[2:11])


def test_what_a_fleet_adds_up_to() -> None:
    ready, down, draining_ = Cause.READY, Cause.DOWN, Cause.DRAINING
    fleet = fleet_of((0, 0, ready, 2), (0, 1, ready, 3), (5, 1, draining_, 3), (7, 0, down, 0), (7, 1, down, 0))
    instants, slots = fleet_total(fleet, fleet.slots)
    assert (instants // SECOND).tolist() == [0, 5, 7]
    assert slots.tolist() == [5, 5, 0]
    _, cores = fleet_total(fleet, np.array([0.1, 0.2, 0.2, 0.0, 0.0]))
    assert cores.tolist() == [0.1 + 0.2, 0.1 + 0.2, 0.0]  # nothing left over
    assert [part.tolist() for part in fleet_total(fleet_of(), fleet_of().price)] == [[], []]


def test_a_state_holds_until_the_next_one() -> None:
    fleet = fleet_of((0, 0, Cause.READY, 2), (1, 2, Cause.STARTING, 0), (5, 2, Cause.READY, 2), (9, 2, Cause.DOWN, 0))
    timeline = Timeline(fleet)
    asked = [(0, 0), (0, 99), (2, 0), (2, 1), (2, 4), (2, 5), (2, 10), (1, 3), (3, 3)]
    rows = timeline.row_at(whole(r for r, _ in asked), whole(t * SECOND for _, t in asked))
    assert rows.tolist() == [0, 0, -1, 1, 1, 2, 3, -1, -1]
    assert (timeline.gone_ns // SECOND).tolist() == [NEVER // SECOND, 9, 9, NEVER // SECOND]
    assert Timeline(fleet_of()).row_at(whole([0]), whole([0])).tolist() == [-1]


# --- differences


def test_equal_logs_do_not_differ() -> None:
    assert overload().diff(replace(overload(), engine="compiled", seed=9, digest="x")) is None


def changed(log: RunLog, table: str, column: str, row: int, value: Any) -> RunLog:
    held = getattr(log, table)
    new = held.columns()[column].copy()
    new[row] = value
    name = "phase_source" if table == "phases" else table
    return replace(log, **{name: replace(held, **{column: new})})


@pytest.mark.parametrize(
    ("table", "column", "row", "value", "said"),
    [
        ("jobs", "priority", 3, 7, "jobs row 3: priority is 0 in one log and 7 in the other"),
        (
            "attempts",
            "started_ns",
            5,
            NEVER,
            "attempts row 5 (job 5, attempt 0): started_ns is 1200000000000 in one log and never",
        ),
        (
            "attempts",
            "outcome",
            9,
            Outcome.LOST,
            "attempts row 9 (job 9, attempt 0): outcome is done in one log and lost",
        ),
        ("phases", "kind", 2, CPU, "phases row 2 of attempts row 2 (job 2, attempt 0): kind is io in one log and cpu"),
        ("fleet", "vcpus", 0, 0.5, "fleet row 0: vcpus is 4.0 in one log and 0.5 in the other"),
        ("fleet", "cause", 0, Cause.DOWN, "fleet row 0: cause is ready in one log and down in the other"),
    ],
)
def test_the_first_difference_is_named(table: str, column: str, row: int, value: Any, said: str) -> None:
    found = overload().diff(changed(overload(), table, column, row, value))
    assert found is not None
    assert found.startswith(said)


def test_the_earlier_row_is_named_before_the_earlier_column() -> None:
    other = changed(changed(overload(), "attempts", "slot", 2, 3), "attempts", "published_ns", 4, 1)
    assert "row 2" in str(overload().diff(other))


def test_lengths_names_and_horizons_differ() -> None:
    log = overload()
    shorter = replace(log, fleet=fleet_of())
    assert log.diff(shorter) == "fleet has 1 rows in one log and 0 in the other"
    assert log.diff(replace(log, horizon_ns=5)) == "the horizon is 3600000000000 in one log and 5 in the other"
    renamed = replace(log, jobs=replace(log.jobs, queues=("other",)))
    assert "the queues of the jobs are ('default',)" in str(log.diff(renamed))


# --- files


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


# --- frames and words


def test_the_frame_of_attempts_in_seconds() -> None:
    frame = retried().to_pandas().attempts
    contract = "job job_class queue attempt arrival start finish wait service response replica slot outcome"
    assert list(frame.columns) == [*contract.split(), "priority", "published", "reserved"]
    assert frame["job"].tolist() == [0, 0, 1, 2, 3, 4, 5]
    assert frame["outcome"].tolist()[:4] == ["retried", "done", "lost", "expired"]
    nan = np.nan
    np.testing.assert_equal(frame["wait"].to_numpy(), [0.0, 40.0, 0.0, nan, 10.0, 5.0, nan])
    np.testing.assert_equal(frame["finish"].to_numpy(), [10.0, 50.0, 20.0, 15.0, 40.0, nan, nan])
    np.testing.assert_equal(frame["service"].to_numpy(), [10.0, 10.0, 20.0, nan, 20.0, nan, nan])
    np.testing.assert_equal(frame["response"].to_numpy(), [10.0, 50.0, 20.0, nan, 30.0, nan, nan])
    assert frame["replica"].isna().tolist() == [False] * 3 + [True, False, False, True]
    assert str(frame["slot"].dtype) == "Int64"
    assert frame["queue"].tolist() == ["default"] * 7


def test_frames_of_the_other_tables() -> None:
    frames = sharing().to_pandas()
    assert frames.jobs["expires"].isna().all()
    assert frames.phases.iloc[3].tolist() == [3, 0, "cpu", 60.0, 0.0, 120.0]
    assert frames.fleet.iloc[0].tolist() == [0.0, 0, "ready", 4, 2.0, 4 * 10**9, 1.0]


@given(valid_logs())
@settings(max_examples=20, deadline=None)
def test_any_log_has_frames_and_a_summary(log: RunLog) -> None:
    assert [len(frame) for frame in log.to_pandas()] == [
        len(log.jobs),
        len(log.attempts),
        len(log.phases),
        len(log.fleet),
    ]
    assert f"{len(log.jobs)}" in log.summary()


def test_a_log_shows_itself() -> None:
    log = replace(overload(), engine="<b>")
    assert "attempts 10: 10 done" in log.summary()
    assert "&lt;b&gt;" in log._repr_html_()


def test_columns_of_a_table_have_one_length() -> None:
    with pytest.raises(LogError, match="differ in length"):
        Phases(whole([0]), whole([0]), whole([0, 1]), whole([0]), whole([0]))
    attempts = overload().attempts
    assert isinstance(attempts, Attempts)
    assert len(one_phase(attempts, 0)) == len(attempts) == 10
