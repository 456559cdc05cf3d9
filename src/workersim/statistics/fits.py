"""Families of distributions, fitted to what was observed by the greatest likelihood, and compared by AIC.

A family is given by what a scenario file says of it: its mean and, but for the exponential, its cv.  The
hyperexponential is the one with two branches and balanced means, which is the one that a scenario draws from.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from workersim.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["FAMILIES", "Fit", "fit", "fits", "log_density", "quantile"]

FAMILIES = ("exponential", "gamma", "lognormal", "weibull", "hyperexponential")
LEAST_CV = 1e-3  # below it a family is as good as a constant, and its likelihood has no bound
MOST_CV = 100.0


class Fit(NamedTuple):
    """A family with the parameters under which the values are likeliest.

    Attributes
    ----------
    family
        One of ``FAMILIES``.
    mean, cv
        In the unit of the values; and standard deviation ÷ mean.
    likelihood
        The natural logarithm of the likelihood.
    aic
        2 x parameters - 2 x likelihood: the family with the lowest one is the best guess.
    """

    family: str
    mean: float
    cv: float
    likelihood: float
    aic: float


def fits(values: Floats) -> list[Fit]:
    """Return every family fitted to the values, the best first.

    Parameters
    ----------
    values
        float64[n], all above 0, n >= 2.

    Raises
    ------
    InputError
        If a value is not above 0, or they are as good as constant.

    Examples
    --------
    >>> values = np.random.default_rng(1).lognormal(0.0, 0.5, 2000)
    >>> best = fits(values)[0]
    >>> best.family, round(best.cv, 2)
    ('lognormal', 0.54)
    """
    return sorted((fit(values, family) for family in FAMILIES), key=lambda each: each.aic)


def fit(values: Floats, family: str) -> Fit:
    """Return one family fitted to the values; as ``fits``."""
    if len(values) < 2 or not (values > 0).all() or not np.isfinite(values).all():
        msg = "a fit needs two values or more, all above 0"
        raise InputError(msg)
    if values.std() < LEAST_CV * values.mean():
        msg = "a fit needs values that differ"
        raise InputError(msg)
    mean, cv = _FITTERS[family](values)
    cv = min(max(cv, LEAST_CV), MOST_CV)
    likelihood = float(log_density(family, mean, cv)(values).sum())
    return Fit(family, mean, cv, likelihood, 2 * (1 if family == "exponential" else 2) - 2 * likelihood)


# -- greatest likelihood ---------------------------------------------------------------------------


def _exponential(values: Floats) -> tuple[float, float]:
    return float(values.mean()), 1.0


def _gamma(values: Floats) -> tuple[float, float]:
    """Solve log k - psi(k) = log of the mean - mean of the logs."""
    from scipy.optimize import brentq  # noqa: PLC0415 (only fits need it)
    from scipy.special import psi  # noqa: PLC0415 (as above)

    gap = math.log(values.mean()) - float(np.log(values).mean())
    low, high = MOST_CV**-2, LEAST_CV**-2
    shape = _root(lambda k: math.log(k) - float(psi(k)) - gap, low, high, brentq)
    return float(values.mean()), shape**-0.5


def _lognormal(values: Floats) -> tuple[float, float]:
    logs = np.log(values)
    variance = float(logs.var())
    return math.exp(float(logs.mean()) + variance / 2), math.sqrt(math.expm1(min(variance, 9.2)))


def _weibull(values: Floats) -> tuple[float, float]:
    """Solve sum(x^k log x) / sum(x^k) - 1/k = mean of the logs."""
    from scipy.optimize import brentq  # noqa: PLC0415 (as above)

    scaled = values / values.max()
    logs = np.log(scaled)

    def slope(k: float) -> float:
        powers = scaled**k
        return float((powers * logs).sum() / powers.sum()) - 1 / k - float(logs.mean())

    shape = _root(slope, 0.08, 2000.0, brentq)
    scale = float(values.max()) * float((scaled**shape).mean()) ** (1 / shape)
    first, second = math.lgamma(1 + 1 / shape), math.lgamma(1 + 2 / shape)
    return scale * math.exp(first), math.sqrt(math.expm1(min(second - 2 * first, 700.0)))


def _hyperexponential(values: Floats) -> tuple[float, float]:
    from scipy.optimize import minimize  # noqa: PLC0415 (as above)

    mean = float(values.mean())
    start = math.log(max(float((values.std() / mean) ** 2) - 1, 0.1))

    def unlikely(point: Floats) -> float:
        m, cv = mean * math.exp(float(point[0])), math.sqrt(1 + math.exp(float(point[1])))
        return -float(log_density("hyperexponential", m, cv)(values).sum())

    found = minimize(unlikely, np.array([0.0, start]), method="Nelder-Mead", bounds=[(-3, 3), (-14, 9.2)])
    return mean * math.exp(float(found.x[0])), math.sqrt(1 + math.exp(float(found.x[1])))


_FITTERS: dict[str, Callable[[Floats], tuple[float, float]]] = {
    "exponential": _exponential,
    "gamma": _gamma,
    "lognormal": _lognormal,
    "weibull": _weibull,
    "hyperexponential": _hyperexponential,
}


def _root(slope: Callable[[float], float], low: float, high: float, solve: Callable[..., float]) -> float:
    """Return where a function that falls, or rises, is 0; the end of the range that is nearer if it is nowhere."""
    at_low, at_high = slope(low), slope(high)
    if at_low * at_high > 0:
        return low if abs(at_low) < abs(at_high) else high
    return float(solve(slope, low, high))


# -- densities and quantiles -----------------------------------------------------------------------


def log_density(family: str, mean: float, cv: float) -> Callable[[Floats], Floats]:
    """Return the logarithm of the density of a family, as a function of values above 0."""
    if family == "hyperexponential":
        share, fast, slow = _branches(mean, cv)

        def density(x: Floats) -> Floats:
            each = (math.log(share) + math.log(fast) - fast * x, math.log1p(-share) + math.log(slow) - slow * x)
            return np.asarray(np.logaddexp(*each), np.float64)

        return density
    theirs = _frozen(family, mean, cv)
    return lambda x: np.asarray(theirs.logpdf(x), np.float64)


def quantile(family: str, mean: float, cv: float, share: Floats) -> Floats:
    """Return quantiles of a family, for shares between 0 and 1."""
    if family != "hyperexponential":
        return np.asarray(_frozen(family, mean, cv).ppf(share), np.float64)
    p, fast, slow = _branches(mean, cv)
    low, high = np.zeros(len(share)), np.full(len(share), 800.0 / slow)
    for _ in range(100):  # by halving: the distribution has no inverse in closed form
        middle = (low + high) / 2
        below = 1 - p * np.exp(-fast * middle) - (1 - p) * np.exp(-slow * middle) < share
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return np.asarray((low + high) / 2, np.float64)


def _branches(mean: float, cv: float) -> tuple[float, float, float]:
    """Return the share of the first branch, and the rates of both: each gives half of the mean."""
    square = max(cv * cv, 1.0)
    share = (1 + math.sqrt((square - 1) / (square + 1))) / 2
    share = min(share, 1 - 1e-12)
    return share, 2 * share / mean, 2 * (1 - share) / mean


def _frozen(family: str, mean: float, cv: float):  # type: ignore[no-untyped-def]  # noqa: ANN202  # scipy's own class
    from scipy import stats  # noqa: PLC0415 (half a second)

    if family == "exponential":
        return stats.expon(scale=mean)
    if family == "gamma":
        return stats.gamma(cv**-2, scale=mean * cv * cv)
    if family == "lognormal":
        spread = math.sqrt(math.log1p(cv * cv))
        return stats.lognorm(spread, scale=mean * math.exp(-spread * spread / 2))
    shape = _weibull_shape(cv)
    return stats.weibull_min(shape, scale=mean / math.gamma(1 + 1 / shape))


def _weibull_shape(cv: float) -> float:
    from scipy.optimize import brentq  # noqa: PLC0415 (as above)

    def excess(k: float) -> float:
        return math.lgamma(1 + 2 / k) - 2 * math.lgamma(1 + 1 / k) - math.log1p(cv * cv)

    return _root(excess, 0.08, 2000.0, brentq)
