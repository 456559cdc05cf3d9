"""Families fitted by the greatest likelihood: they give back what was planted, and agree with scipy's own fits."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from workersim.errors import InputError
from workersim.statistics.fits import FAMILIES, fit, fits, log_density, quantile

CHANCE = np.random.default_rng(7)
PLANTED = {
    "exponential": CHANCE.exponential(20.0, 4000),
    "gamma": CHANCE.gamma(4.0, 5.0, 4000),
    "lognormal": CHANCE.lognormal(3.0, 0.8, 4000),
    "weibull": 20.0 * CHANCE.weibull(0.6, 4000),
    "hyperexponential": np.where(
        CHANCE.random(4000) < 0.9, CHANCE.exponential(20 / 1.8, 4000), CHANCE.exponential(20 / 0.2, 4000)
    ),
}


@pytest.mark.parametrize("family", FAMILIES)
def test_the_planted_family_is_found(family: str) -> None:
    values = PLANTED[family]
    best = fits(values)[0]
    # an exponential is a gamma, a Weibull and a hyperexponential too, which cost a parameter more
    assert best.family == family or fit(values, family).aic - best.aic < 2
    found = fit(values, family)
    assert found.mean == pytest.approx(values.mean(), rel=0.1)
    if family in ("gamma", "weibull", "lognormal"):
        assert found.cv == pytest.approx({"gamma": 0.5, "weibull": 1.758, "lognormal": 0.947}[family], rel=0.06)


@pytest.mark.parametrize(
    ("family", "theirs"), [("gamma", stats.gamma), ("lognormal", stats.lognorm), ("weibull", stats.weibull_min)]
)
def test_as_scipy_fits(family: str, theirs: stats.rv_continuous) -> None:
    values = PLANTED[family]
    parameters = theirs.fit(values, floc=0)
    assert fit(values, family).likelihood == pytest.approx(theirs.logpdf(values, *parameters).sum(), abs=0.01)


@pytest.mark.parametrize("family", FAMILIES)
def test_densities_and_quantiles_belong_together(family: str) -> None:
    mean, cv = 3.0, 1.0 if family == "exponential" else 1.6
    shares = np.array([0.01, 0.25, 0.5, 0.9, 0.999])
    points = quantile(family, mean, cv, shares)
    grid = np.geomspace(1e-9, points[-1], 400_001)
    density = np.exp(log_density(family, mean, cv)(grid))
    below = np.concatenate([[0.0], np.cumsum(np.diff(grid) * (density[1:] + density[:-1]) / 2)])
    assert np.interp(points, grid, below) == pytest.approx(shares, abs=2e-3)


def test_no_better_point_is_near() -> None:
    for family, values in PLANTED.items():
        found = fit(values, family)
        for mean, cv in ((1.03, 1.0), (0.97, 1.0), (1.0, 1.03), (1.0, 0.97)):
            if family == "exponential" and cv != 1.0:
                continue
            other = float(log_density(family, found.mean * mean, max(found.cv * cv, 1e-3))(values).sum())
            assert other <= found.likelihood + 1e-6


@pytest.mark.parametrize("values", [[1.0], [0.0, 1.0], [np.inf, 1.0], [2.0, 2.0]])
def test_what_cannot_be_fitted_is_refused(values: list[float]) -> None:
    with pytest.raises(InputError, match="a fit needs"):
        fit(np.array(values), "gamma")
