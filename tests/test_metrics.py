"""Curves and figures: worked out by hand, and against counting at every nanosecond."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workersim.errors import LogError
from workersim.metrics import CURVES, StepFunction, figures, over_time
from workersim.runlog import Cause, Kind, Outcome, RunLog
from workersim.units import SECOND

from .logs import CPU, IO, Row, draining, fleet_of, log_of, overload, phases_of, retried, sharing, valid_logs, whole

if TYPE_CHECKING:
    from collections.abc import Callable


def queue_of_scenario_4() -> StepFunction:
    return over_time(overload(), "queue_length")


# --- step functions


def test_scenario_4_as_a_step_function() -> None:
    curve = queue_of_scenario_4()
    assert curve.times.tolist() == [0, 1200, 2400]
    assert curve.values.tolist() == [6, 2, 0]
    assert (curve.start_s, curve.end_s, len(curve)) == (0, 3600, 3)
    assert curve.mean() == (6 * 20 + 2 * 20) / 60
    assert (curve.max(), curve.min()) == (6, 0)
    assert curve.integral() == 9600  # the sum of the waits
    assert [curve.at(t) for t in (0, 1199.999999999, 1200, 2400, 3600)] == [6, 6, 2, 0, 0]
    assert [curve.quantile(q) for q in (0, 1 / 3, 0.34, 2 / 3, 0.67, 1)] == [0, 0, 2, 2, 6, 6]


def test_a_frame_is_closed_by_a_row_at_the_end() -> None:
    assert queue_of_scenario_4().to_frame().values.tolist() == [[0, 6], [1200, 2], [2400, 0], [3600, 0]]
    busy = over_time(overload(), "busy").to_frame()  # the last step is at the horizon itself
    assert busy["time"].tolist() == [0, 2400, 3600]
    assert busy["value"].tolist() == [4, 2, 0]
    assert list(busy.columns) == ["time", "value"]


def test_windows_start_with_what_stands_at_their_start() -> None:
    curve = queue_of_scenario_4()
    part = curve.window(600, 1800)
    assert part.to_frame().values.tolist() == [[600, 6], [1200, 2], [1800, 2]]
    assert part.mean() == 4
    assert curve.window(1200).to_frame().values.tolist() == [[1200, 2], [2400, 0], [3600, 0]]
    assert curve.times_ns[0] == 0  # the whole is left alone


def test_a_window_without_length_has_a_value_and_no_mean() -> None:
    curve = queue_of_scenario_4().window(1200, 1200)
    assert math.isnan(curve.mean())
    assert (curve.max(), curve.min(), curve.integral(), curve.quantile(0.5)) == (2, 2, 0, 2)
    assert curve.to_frame().values.tolist() == [[1200, 2]]


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda c: c.at(-1), "-1 s lies outside of the window from 0.0 s to 3600.0 s"),
        (lambda c: c.at(3601), "3601 s lies outside"),
        (lambda c: c.at(math.nan), "nan s lies outside"),
        (lambda c: c.window(0, 4000), "4000 s lies outside"),
        (lambda c: c.window(20, 10), "a window must end after it starts, got 20 s to 10 s"),
        (lambda c: c.quantile(1.5), "a number from 0 to 1, got 1.5"),
        (lambda c: c.quantile(math.nan), "a number from 0 to 1, got nan"),
    ],
)
def test_questions_that_make_no_sense(call: Callable[[StepFunction], Any], said: str) -> None:
    with pytest.raises(LogError, match=said):
        call(queue_of_scenario_4())


@pytest.mark.parametrize(
    ("times", "amounts", "end"), [([], [], 1), ([0, 0], [1, 2], 1), ([0, 5], [1, 2], 4), ([0], [1, 2], 4)]
)
def test_a_step_function_is_one(times: list[int], amounts: list[int], end: int) -> None:
    with pytest.raises(LogError, match="a step function needs"):
        StepFunction(whole(times), whole(amounts), end)


def test_the_mean_of_a_share_weighs_its_base() -> None:
    # 1 of 1 for a second, then 1 of 4 for a second: 2 of 5, not the mean of 1 and 1/4.
    share = StepFunction(whole([0, SECOND, 2 * SECOND]), whole([1, 1, 0]), 3 * SECOND, whole([1, 4, 0]))
    assert share.mean() == 2 / 5
    assert (share.max(), share.min()) == (1, 0.25)
    assert share.quantile(0.5) == 0.25
    assert math.isnan(share.at(2.5))
    assert share.integral() == 1.25
    assert math.isnan(share.window(2).mean())
    assert math.isnan(share.window(2).max())
    assert math.isnan(share.window(2).quantile(0.5))


def test_areas_beyond_64_bits_are_exact() -> None:
    years = 10**8 * SECOND
    curve = StepFunction(whole([0, 1]), whole([3 * 10**9, 3 * 10**9 + 1]), years)
    exact = Fraction(3 * 10**9 + (3 * 10**9 + 1) * (years - 1), years)
    assert curve.mean() == float(exact)


def test_fractions_of_the_time_are_met_exactly() -> None:
    curve = StepFunction(whole(range(10)), whole(range(10)), 10)
    assert [curve.quantile(q / 10) for q in range(1, 11)] == list(range(10))
    hundred = StepFunction(whole(range(100)), whole(range(100)), 100)
    assert 0.07 * 100 > 7  # in floats
    assert hundred.quantile(0.07) == 6


@given(valid_logs(), st.sampled_from(sorted(CURVES)), st.data())
def test_windows_add_up(log: RunLog, name: str, data: st.DataObject) -> None:
    curve = over_time(log, name)
    cuts = sorted(data.draw(st.lists(st.integers(0, log.horizon_ns), max_size=4)))
    edges = [0, *cuts, log.horizon_ns]
    parts = [curve.between_ns(start, end) for start, end in pairwise(edges)]
    assert sum(part.integral() for part in parts) == pytest.approx(curve.integral(), rel=1e-12, abs=1e-18)
    np.testing.assert_equal(np.fmax.reduce([part.max() for part in parts]), curve.max())
    np.testing.assert_equal(np.fmin.reduce([part.min() for part in parts]), curve.min())


# --- curves against counting


def tally(log: RunLog, t: int) -> dict[str, Fraction]:
    """Count everything at one instant, row by row."""
    a, found = log.attempts, dict.fromkeys(CURVES, Fraction(0))
    for i in range(len(a)):
        left = int(min(a.started_ns[i], a.finished_ns[i]))
        found["queue_length"] += int(a.published_ns[i] <= t < left)
        found["visible"] += int(a.published_ns[i] <= t < min(a.reserved_ns[i], left))
        found["reserved"] += int(a.reserved_ns[i] <= t < left)
        found["busy"] += int(a.started_ns[i] <= t < a.finished_ns[i])
    found["running"] = found["busy"]
    states: dict[int, int] = {}
    for row in range(len(log.fleet)):
        if log.fleet.instant_ns[row] <= t:
            states[int(log.fleet.replica[row])] = row
    vcpus = Fraction(0)
    for replica, row in states.items():
        found["slots"] += int(log.fleet.slots[row])
        state = {Cause.READY: "replicas", Cause.STARTING: "starting", Cause.DRAINING: "draining"}
        if log.fleet.cause[row] != Cause.DOWN:
            found[state[Cause(log.fleet.cause[row])]] += 1
        found["memory"] += int(log.fleet.memory_bytes[row])
        cores = Fraction(log.fleet.vcpus[row])
        vcpus += cores if log.fleet.slots[row] else 0
        used = min(cores, Fraction(running(log, replica, t)))
        found["cpu"] += used
        found["cost"] += Fraction(log.fleet.price[row]) + Fraction(log.fleet.vcpu_price[row]) * used
    found["utilization"] = found["busy"] / found["slots"] if found["slots"] else Fraction(-1)
    found["vcpus"] = vcpus
    found["cpu"] = found["cpu"] / vcpus if vcpus else Fraction(-1)
    return found


def running(log: RunLog, replica: int, t: int) -> int:
    phases = log.phases
    return sum(
        int(phases.started_ns[i] <= t < min(phases.finished_ns[i], log.attempts.finished_ns[phases.attempt[i]]))
        for i in range(len(phases))
        if phases.kind[i] == Kind.CPU and log.attempts.replica[phases.attempt[i]] == replica
    )


@given(valid_logs())
def test_curves_are_what_counting_gives(log: RunLog) -> None:
    counted = [tally(log, t) for t in range(log.horizon_ns + 1)]
    tree = figures(log)
    for name in CURVES:
        curve = over_time(log, name)
        values = [row[name] for row in counted]
        if -1 in values:  # a share of nothing
            assert tree[name] == {"mean": None, "max": None}
            continue
        assert [curve.at(t / SECOND) for t in range(log.horizon_ns + 1)] == pytest.approx([float(v) for v in values])
        assert (curve.max(), curve.min()) == (float(max(values)), float(min(values)))
        if log.horizon_ns:
            assert curve.mean() == pytest.approx(float(sum(values[:-1]) / log.horizon_ns), rel=1e-12)
            ranked = sorted(values[:-1])
            assert curve.quantile(0.5) == float(ranked[(len(ranked) + 1) // 2 - 1])
        if name in {"queue_length", "visible", "reserved", "utilization", "cpu"}:
            assert tree[name]["max"] == curve.max()


@pytest.mark.parametrize("build", [overload, draining, sharing, retried])
def test_curves_of_logs_written_by_hand(build: Callable[[], RunLog]) -> None:
    log = build()
    for t in range(0, log.horizon_ns + 1, 5 * SECOND):
        wanted = tally(log, t)
        for name in CURVES:
            got = over_time(log, name).at(t / SECOND)
            assert (-1 if math.isnan(got) else got) == pytest.approx(float(wanted[name])), (name, t)


# --- curves: cases by hand


def test_utilization_counts_draining_slots_that_work() -> None:
    log = draining()
    curve = over_time(log, "utilization")
    assert curve.window(0, 1200).mean() == 1
    assert curve.max() == 1
    assert over_time(log, "slots").to_frame().values.tolist() == [[0, 4], [1200, 2], [1500, 2]]
    assert curve.at(1200) == 0.5  # the late job alone on the replica that stays
    paid = over_time(log, "cost").window(0, 1200).integral() / 60
    assert paid == 40  # replica-minutes


def test_a_container_never_uses_more_than_its_vcpus() -> None:
    curve = over_time(sharing(), "cpu")
    assert curve.window(0, 119.999).min() == curve.max() == curve.mean() == 1
    assert over_time(sharing(), "utilization").mean() == 1


def test_a_starting_replica_is_paid_and_not_up() -> None:
    fleet = fleet_of((0, 0, Cause.READY, 2), (10, 1, Cause.STARTING, 0), (20, 1, Cause.READY, 2))
    log = log_of(Row(0, 0, 40), horizon=40, fleet=fleet, phases=phases_of((0, CPU, 40, 0, 40)))
    assert over_time(log, "slots").to_frame().values.tolist() == [[0, 2], [20, 4], [40, 4]]
    assert over_time(log, "utilization").mean() == 40 / (2 * 20 + 4 * 20)
    assert over_time(log, "cpu").mean() == 40 / (4 * 20 + 8 * 20)
    assert over_time(log, "cost").integral() == 40 + 30


def test_the_clock_runs_to_the_horizon() -> None:
    log = log_of(Row(0, 0, 600), horizon=6000, fleet=fleet_of((0, 0, Cause.READY, 1)))
    assert figures(log)["utilization"] == {"mean": 0.1, "max": 1.0}


def test_all_that_ends_at_the_horizon_has_ended() -> None:
    log = log_of(*(Row(0, 0, 600, slot=i) for i in range(4)), horizon=600)
    tree = figures(log)
    assert tree["jobs"]["finished"] == 4
    assert tree["throughput"] == 4 / 600
    assert over_time(log, "busy").at(600) == 0


def test_curves_of_one_queue_or_one_replica() -> None:
    rows = [Row(0, 0, 10, queue=1), Row(0, 4, 6, replica=1), Row(2, 10, 12, queue=1)]
    fleet = fleet_of((0, 0, Cause.READY, 1), (0, 1, Cause.READY, 1))
    log = log_of(*rows, horizon=12, fleet=fleet, queues=("default", "high"))
    assert over_time(log, "queue_length", queue="default").integral() == 4
    assert over_time(log, "queue_length", queue="high").integral() == 8
    assert over_time(log, "busy", queue="high").integral() == 12
    assert over_time(log, "utilization", replica=1).mean() == 2 / 12
    assert over_time(log, "utilization", replica=0).mean() == 1
    assert over_time(log, "memory", replica=1).max() == 10**9
    working = replace(log, phase_source=replace(log.phases, kind=whole([CPU, IO, CPU])))
    assert over_time(working, "cpu", replica=1).max() == 0
    assert over_time(working, "cpu", replica=0).mean() == 1 / 4
    assert over_time(log, "cost", replica=1).mean() == 1


@pytest.mark.parametrize(
    ("name", "only", "said"),
    [
        ("queue_lenght", {}, "there is no curve 'queue_lenght'; did you mean 'queue_length'?"),
        ("xyz", {}, "there is no curve 'xyz'; there are queue_length, visible"),
        ("utilization", {"queue": "default"}, "utilization cannot be told for one queue"),
        ("visible", {"replica": 0}, "visible cannot be told for one replica"),
        ("busy", {"queue": "other"}, "there is no queue 'other' in this log; there are default"),
        ("busy", {"replica": 7}, "there is no replica 7 in this log"),
    ],
)
def test_curves_that_there_are_not(name: str, only: dict[str, Any], said: str) -> None:
    with pytest.raises(LogError) as raised:
        over_time(overload(), name, **only)
    assert said in str(raised.value)


def test_cpu_of_many_replicas_late_in_a_long_run() -> None:
    # Instants and replicas that do not fit into one word together.
    start = 90 * 365 * 86_400
    rows = [Row(start, start, start + 100, replica=r, slot=s) for r in (0, 9) for s in range(2)]
    fleet = fleet_of(*((0, r, Cause.READY, 2) for r in range(10)), vcpus=1.5)
    phases = phases_of(*((i, CPU, 75, start, start + 100) for i in range(4)))
    log = log_of(*rows, horizon=start + 100, fleet=fleet, phases=phases)
    assert over_time(log, "cpu").window(start, start + 100).mean() == 3 / 15


def test_one_replica_takes_over_at_the_instant_at_which_another_stops() -> None:
    rows = [Row(0, 0, 5), Row(5, 5, 9, replica=1)]
    fleet = fleet_of((0, 0, Cause.READY, 2), (0, 1, Cause.READY, 2), vcpus=1.0)
    phases = phases_of((0, CPU, 5, 0, 5), (1, CPU, 4, 5, 9))
    curve = over_time(log_of(*rows, horizon=9, fleet=fleet, phases=phases), "cpu")
    assert curve.to_frame().values.tolist() == [[0, 0.5], [9, 0]]


def test_cpu_stops_with_a_phase_that_is_cut() -> None:
    rows = [Row(0, 0, 4, Outcome.LOST), Row(0, 0, 10, slot=1)]
    phases = phases_of((0, CPU, 9, 0, None), (1, IO, 5, 0, 5), (1, CPU, 5, 5, 10))
    fleet = fleet_of((0, 0, Cause.READY, 2), vcpus=1.0)
    curve = over_time(log_of(*rows, horizon=10, fleet=fleet, phases=phases), "cpu")
    assert curve.to_frame().values.tolist() == [[0, 1], [4, 0], [5, 1], [10, 0]]
