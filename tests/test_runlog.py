"""The log itself: its phases, its differences, its files and its frames."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workersim.errors import LogError
from workersim.runlog import Attempts, Cause, Outcome, PhaseEnds, Phases, RunLog
from workersim.runlog.counting import area, count_over_time, exact_sum
from workersim.runlog.timeline import Timeline, fleet_total
from workersim.units import NEVER, SECOND

from .logs import (
    CPU,
    IO,
    Row,
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
    assert frames.fleet.iloc[0].tolist() == [0.0, 0, "ready", 4, 2.0, 4 * 10**9, 1.0, 0.0]


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
