"""Sequential tests of a mean against a bound: how often they err, and how soon they end."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from workersim.errors import InputError
from workersim.statistics.selection import BoundTest, share_interval

TEST = BoundTest(bound=10.0, tolerance=0.5, error=0.05, first=10, most=3000)


def decided(test: BoundTest, values: np.ndarray) -> tuple[str, int]:
    """Return the answer, and how many values it took, looking at 10, 26, 42, ... of them."""
    for count in [10, *range(26, len(values), 16)]:
        side = test.side(values[:count].tolist())
        if side is not None:
            return side, count
    return test.by_sign(values.tolist()), len(values)


@pytest.mark.parametrize("deviation", [1.0, 4.0])
@pytest.mark.parametrize(("mean", "right"), [(10.5, "above"), (9.5, "below"), (13.0, "above"), (5.0, "below")])
def test_it_errs_no_more_often_than_promised(mean: float, right: str, deviation: float) -> None:
    rng = np.random.default_rng(11)
    wrong = sum(decided(TEST, rng.normal(mean, deviation, 3000))[0] != right for _ in range(400))
    # 5 % of 400 is 20; more than 33 would happen once in 300 times if it were just 5 %
    assert wrong <= 33


def test_at_the_end_of_the_zone_it_does_err_now_and_then() -> None:
    """Without errors it would waste runs: the test can tell a promise that is kept from one that is not made."""
    rng = np.random.default_rng(12)
    loose = BoundTest(bound=10.0, tolerance=0.5, error=0.4, first=10, most=3000)
    wrong = sum(decided(loose, rng.normal(10.5, 3.0, 3000))[0] == "below" for _ in range(200))
    assert 20 < wrong < 100


def test_far_means_take_few_replications_whatever_their_noise() -> None:
    rng = np.random.default_rng(13)
    assert decided(TEST, rng.normal(1000, 50, 3000))[1] == 10
    assert decided(TEST, rng.normal(10.2, 3, 3000))[1] > 50


def test_a_skewed_figure_errs_little_more_often() -> None:
    """The variance of the first few values alone is too small too often where a figure has a tail."""
    rng = np.random.default_rng(14)
    spread = np.log(1 + 0.6**2)  # of a lognormal with cv 0.6 and mean 10.5
    wrong = sum(
        decided(TEST, rng.lognormal(np.log(10.5) - spread / 2, np.sqrt(spread), 3000))[0] == "below" for _ in range(300)
    )
    assert wrong <= 26


def test_values_of_one_size_are_decided_at_once() -> None:
    assert TEST.side([10.0] * 20) == "below"
    assert TEST.side([10.0 + 1e-12] * 20) == "below"
    assert TEST.side([10.1] * 10) == "above"
    assert TEST.side([10.1] * 9) is None


def test_one_replication_that_never_serves_is_enough() -> None:
    assert TEST.side([1.0, math.inf]) == "above"


def test_a_bound_of_nothing_tolerates_nothing() -> None:
    nothing = BoundTest(bound=0.0, tolerance=0.0, error=0.01, first=10, most=30)
    assert nothing.side([0.0] * 29) is None
    assert nothing.side([0.0] * 30) == "below"
    assert nothing.side([0.0, 1e-9]) == "above"


def test_the_last_replication_decides_by_the_mean() -> None:
    short = BoundTest(bound=10.0, tolerance=1e-6, error=0.01, first=4, most=6)
    values = [9.0, 11.5, 9.0, 11.0, 9.5]
    assert short.side(values) is None
    assert short.side([*values, 9.0]) == "below"
    assert short.side([*values, 11.0]) == "above"


@pytest.mark.parametrize(
    "wrong",
    [{"first": 1}, {"most": 5}, {"error": 0.0}, {"error": 0.5}, {"tolerance": -1.0}, {"tolerance": math.nan}],
)
def test_settings_that_make_no_sense_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(InputError, match="a test needs"):
        BoundTest(**{"bound": 1.0, "tolerance": 0.1, "error": 0.05, "first": 10, **wrong})  # type: ignore[arg-type]


@pytest.mark.parametrize(("hits", "of"), [(0, 20), (20, 20), (7, 20), (199, 200)])
def test_shares_have_the_interval_of_scipy(hits: int, of: int) -> None:
    exact = stats.binomtest(hits, of).proportion_ci(method="exact")
    assert share_interval(hits, of) == pytest.approx((exact.low, exact.high))


@pytest.mark.parametrize(("hits", "of"), [(-1, 5), (6, 5), (0, 0)])
def test_shares_of_nothing_are_refused(hits: int, of: int) -> None:
    with pytest.raises(InputError, match="a share needs"):
        share_interval(hits, of)
