"""Intervals hold the true figure as often as they say; ``python -m tests.coverage_table`` prints the full table."""

from __future__ import annotations

import pytest
from scipy import stats

from .coverage_table import CASES, FIGURES, Case, experiments

EXPERIMENTS = 120
# What a share of 95 % comes out as in so many experiments, all but one time in a thousand.
FEWEST, MOST = (stats.binom.ppf(share, EXPERIMENTS, 0.95) for share in (0.0005, 0.9995))
LONG, SHORT = CASES[:3], (Case(0.9, 2_000, 10), Case(0.9, 40_000, 1))


@pytest.mark.parametrize("case", LONG, ids=str)
def test_intervals_of_long_runs_hold_what_they_promise(case: Case) -> None:
    for figure, found in zip(FIGURES, experiments(case, EXPERIMENTS), strict=True):
        assert FEWEST <= found.held.sum() <= MOST, figure
        assert found.warned.mean() < 0.2, figure


@pytest.mark.parametrize("case", SHORT, ids=str)
def test_runs_that_are_too_short_are_told(case: Case) -> None:
    _, p95 = experiments(case, EXPERIMENTS)
    assert p95.held.sum() < FEWEST
    assert p95.warned.mean() > 0.9
