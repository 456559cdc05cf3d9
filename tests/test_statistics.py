"""Intervals and means over replications."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from workersim.errors import InputError
from workersim.statistics import combine, mean_interval


def test_the_interval_of_a_textbook() -> None:
    # n = 10, mean 10, s = sqrt(82.5 / 9) of 5.5 .. 14.5; t(0.975; 9) = 2.262
    values = [5.5 + i for i in range(10)]
    low, high = mean_interval(values) or (0, 0)
    half = 2.2621571627 * math.sqrt(82.5 / 9) / math.sqrt(10)
    assert (low, high) == pytest.approx((10 - half, 10 + half))


@given(st.lists(st.integers(-(10**6), 10**6), min_size=2, max_size=20), st.sampled_from([0.5, 0.9, 0.95, 0.99]))
def test_intervals_are_those_of_scipy(whole: list[int], level: float) -> None:
    values = [value / 7 for value in whole]
    got = mean_interval(values, level)
    spread = len(set(values)) > 1
    wanted = stats.t.interval(level, len(values) - 1, np.mean(values), stats.sem(values)) if spread else None
    assert got == pytest.approx(wanted or (values[0], values[0]), rel=1e-9, abs=1e-6)


def test_an_interval_holds_the_mean_as_often_as_it_says() -> None:
    rng = np.random.default_rng(1)
    held = 0
    for _ in range(2000):
        low, high = mean_interval(rng.normal(3, 2, 5).tolist()) or (0, 0)
        held += low <= 3 <= high
    assert held / 2000 == pytest.approx(0.95, abs=0.015)  # three standard errors


@pytest.mark.parametrize("values", [[], [1.0]])
def test_fewer_than_two_values_have_no_interval(values: list[float]) -> None:
    assert mean_interval(values) is None


def test_equal_values_have_an_interval_without_width() -> None:
    assert mean_interval([0.1] * 3) == (0.1, 0.1)


@pytest.mark.parametrize("level", [0, 1, -1, math.nan])
def test_a_level_lies_between_0_and_1(level: float) -> None:
    with pytest.raises(InputError, match="must lie between 0 and 1"):
        mean_interval([1.0, 2.0], level)


def test_intervals_need_numbers() -> None:
    with pytest.raises(InputError, match="finite"):
        mean_interval([1.0, math.nan])


def test_replications_are_put_together_block_by_block() -> None:
    trees = [
        {"jobs": {"arrived": 10}, "wait": {"mean": 1.0, "max": 5.0, "waited": {"mean": 2.0}}, "throughput": 0.5},
        {"jobs": {"arrived": 13}, "wait": {"mean": 3.0, "max": 5.0, "waited": {"mean": None}}, "throughput": 0.7},
        {"jobs": {"arrived": 10}, "wait": {"mean": 5.0, "max": 5.0, "waited": {"mean": 4.0}}, "throughput": 0.9},
    ]
    got = combine(trees)
    assert list(got) == ["jobs", "wait", "throughput", "interval"]
    assert got["jobs"]["arrived"] == 11
    assert (got["wait"]["mean"], got["wait"]["waited"]["mean"]) == (3, 3)
    assert got["wait"]["interval"]["mean"] == pytest.approx(mean_interval([1, 3, 5]))
    assert got["wait"]["interval"]["max"] == [5, 5]
    assert got["wait"]["waited"]["interval"]["mean"] == pytest.approx(mean_interval([2, 4]))
    assert list(got["interval"]) == ["throughput"]
    assert "interval" not in got["wait"]["interval"]


def test_a_figure_of_nothing_stays_nothing() -> None:
    got = combine([{"a": {"x": None, "y": None}}, {"a": {"x": None, "y": 2}}])
    assert got == {"a": {"x": None, "y": 2, "interval": {"x": None, "y": None}}}


def test_one_replication_is_itself() -> None:
    tree = {"jobs": {"arrived": 10}, "wait": {"mean": None}, "throughput": 0.5}
    got = combine([tree])
    assert got == tree
    assert type(got["jobs"]["arrived"]) is int


def test_no_replication_is_nothing_to_combine() -> None:
    with pytest.raises(InputError, match="at least one replication"):
        combine([])
