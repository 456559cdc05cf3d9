"""Intervals and means over replications."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import signal, stats

from workersim.errors import InputError
from workersim.statistics import (
    batch_means,
    batch_quantile,
    combine,
    effective_size,
    enough_for,
    level_for_all,
    mean_interval,
    mser5,
    next_count,
    paired_difference,
    precision_of,
    quantile_interval,
)


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


# Within one run


def correlated(n: int, seed: int, rho: float = 0.9) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Return an AR(1) sequence of mean 5 and variance 1: neighbours are alike, as waits are."""
    noise = np.random.default_rng(seed).normal(0, math.sqrt(1 - rho**2), n)
    return 5 + signal.lfilter([1], [1, -rho], noise)


def test_batch_means_hold_the_mean_of_values_that_depend_on_one_another() -> None:
    estimates = [batch_means(correlated(20_000, seed)) for seed in range(300)]
    held = np.mean([estimate.low <= 5 <= estimate.high for estimate in estimates if estimate.low and estimate.high])
    assert 0.91 <= held <= 0.985  # 0.95, three standard errors
    naive = [mean_interval(correlated(20_000, seed)[:2000].tolist()) or (0, 0) for seed in range(100)]
    assert np.mean([low <= 5 <= high for low, high in naive]) < 0.6  # what would come of taking them for independent
    # Of an AR(1) sequence the worth is n (1 - rho) / (1 + rho) independent values.
    worth = np.median([estimate.effective or 0 for estimate in estimates])
    assert worth == pytest.approx(20_000 * 0.1 / 1.9, rel=0.15)
    assert all(estimate.is_enough for estimate in estimates)


def test_batch_quantiles_hold_the_quantile() -> None:
    true = 5 + stats.norm.ppf(0.95)
    estimates = [batch_quantile(correlated(60_000, seed), 0.95) for seed in range(300)]
    held = np.mean([estimate.low <= true <= estimate.high for estimate in estimates if estimate.low and estimate.high])
    assert 0.90 <= held <= 0.99  # 0.95, four standard errors


@pytest.mark.parametrize("q", [None, 0.9])
def test_an_interval_from_one_run_is_the_formula_of_the_books(q: float | None) -> None:
    values = np.random.default_rng(6).exponential(1, 205)
    statistic = np.mean if q is None else lambda part: np.quantile(part, q)
    whole, batches = float(statistic(values)), [float(statistic(values[10 * at : 10 * at + 10])) for at in range(20)]
    half = stats.t.ppf(0.975, 19) * math.sqrt(sum((each - whole) ** 2 for each in batches) / 19 / 20)
    got = batch_means(values) if q is None else batch_quantile(values, q)
    assert got[:3] == pytest.approx((whole, whole - half, whole + half))


def test_a_run_that_is_too_short_says_how_long_it_should_be() -> None:
    short = batch_means(correlated(2_000, 1))
    assert not short.is_enough
    longer = batch_means(correlated(math.ceil(2_000 * short.longer * 1.5), 1))
    assert longer.is_enough
    assert batch_quantile(correlated(2_000, 1), 0.95).longer > 2 * short.longer
    few = batch_means([1.0, 2.0, 3.0])
    assert (few.value, few.low, few.high, few.effective) == (2, None, None, None)
    assert few.longer * 3 == 40


def test_equal_values_have_no_doubt() -> None:
    for estimate in (batch_means([7.0] * 100), batch_quantile([7.0] * 100, 0.5)):
        assert estimate[:3] == (7, 7, 7)


@pytest.mark.parametrize("values", [[], [1.0, math.inf], [math.nan] * 50])
def test_batches_need_finite_values(values: list[float]) -> None:
    with pytest.raises(InputError, match="needs finite values"):
        batch_means(values)


@pytest.mark.parametrize("q", [0, 1, -0.1])
def test_a_quantile_lies_between_0_and_1(q: float) -> None:
    for call in (lambda: batch_quantile([1.0] * 50, q), lambda: quantile_interval([1.0] * 50, q)):
        with pytest.raises(InputError, match="q must lie between 0 and 1"):
            call()


# Quantiles of independent values


def test_the_interval_of_a_quantile_is_that_of_the_books() -> None:
    # David and Nagaraja: for a median of 10 the 2nd and 9th hold it in 97.9 %; the 3rd and 8th in 89.1 %.
    values = [float(value) for value in range(1, 11)]
    assert quantile_interval(values, 0.5) == (2, 9)
    assert quantile_interval(values, 0.5, 0.89) == (3, 8)
    assert quantile_interval(values, 0.95) is None
    assert quantile_interval([], 0.5) is None


@pytest.mark.parametrize("q", [0.5, 0.9])
def test_the_interval_of_a_quantile_asks_nothing_of_the_distribution(q: float) -> None:
    rng = np.random.default_rng(3)
    held = 0
    for _ in range(1000):
        low, high = quantile_interval(rng.pareto(1.2, 80).tolist(), q) or (math.inf, 0)
        held += low <= (1 - q) ** (-1 / 1.2) - 1 <= high
    assert 0.94 <= held / 1000 <= 0.99  # at least what it says; it cannot be exact


# The beginning of a run


def test_mser5_finds_where_a_ramp_ends() -> None:
    rng = np.random.default_rng(1)
    rising = np.minimum(np.arange(2000), 400) / 400 + rng.normal(0, 0.05, 2000)
    found = mser5(rising)
    assert 340 <= found.leave_out <= 460
    assert found.leave_out % 5 == 0
    assert found.settled
    assert mser5(rng.normal(0, 1, 2000)).leave_out < 400


def test_mser5_is_the_formula_of_its_paper() -> None:
    values = np.random.default_rng(2).exponential(1, 203)
    found = mser5(values)
    means = [values[5 * at : 5 * at + 5].mean() for at in range(40)]
    wanted = [float(np.var(means[cut:])) / (40 - cut) for cut in range(21)]
    assert found.scores.tolist() == pytest.approx(wanted)
    assert found.leave_out == 5 * int(np.argmin(wanted))


def test_a_run_that_does_not_settle_is_told() -> None:
    assert not mser5(np.arange(1000)).settled
    with pytest.raises(InputError, match="10 finite values or more, got 9"):
        mser5(range(9))


# Differences, and several of them


def test_pairs_without_one_of_the_two_are_left_out() -> None:
    assert paired_difference([1.0, None, 3.0, 4.0], [2.0, 5.0, None, 8.0]) == (2.5, mean_interval([1.0, 4.0]))
    assert paired_difference([None], [1.0]) == (None, None)
    assert paired_difference([1.0], [3.0]) == (2.0, None)
    with pytest.raises(InputError, match="as many of the first as of the second, got 1 and 2"):
        paired_difference([1.0], [1.0, 2.0])


def test_several_intervals_hold_together() -> None:
    rng = np.random.default_rng(4)
    level, held = level_for_all(6), 0
    for _ in range(1000):
        a, b, c, d = rng.normal(0, 1, (4, 10)).tolist()
        pairs = [(a, b), (a, c), (a, d), (b, c), (b, d), (c, d)]
        ends = [paired_difference(*pair, level).interval or (0, 0) for pair in pairs]
        held += all(low <= 0 <= high for low, high in ends)
    assert held / 1000 >= 0.935  # 0.95 or more, less two standard errors
    assert level_for_all(1) == pytest.approx(0.95)


# Until it is known


def test_precision_falls_with_the_square_root() -> None:
    values = [9.0, 10.0, 11.0]
    low, high = mean_interval(values) or (0, 0)
    assert precision_of(values, relative=False) == (high - low) / 2
    assert precision_of(values, relative=True) == (high - low) / 20
    assert precision_of([0.0, 0.0], relative=True) == 0
    assert precision_of([-1.0, 1.0], relative=True) == math.inf
    assert precision_of([1.0], relative=True) == math.inf
    assert next_count(10, 0.06, 0.05) == 15
    assert next_count(10, math.inf, 0.05) == next_count(10, 9, 0.05) == 20
    assert next_count(10, 0.0501, 0.05) == 11


def test_what_a_replication_is_worth() -> None:
    rng = np.random.default_rng(5)
    runs = rng.exponential(1, (200, 50))
    got = effective_size(runs.mean(axis=1).tolist(), runs.std(axis=1).tolist())
    assert got == pytest.approx(50, rel=0.25)
    assert effective_size([1.0], [1.0]) is None
    assert effective_size([1.0, 1.0], [1.0, 1.0]) is None
    assert enough_for(0.05) > enough_for(1.0)
