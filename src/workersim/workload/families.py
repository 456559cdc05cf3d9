"""Families of distributions, each made from what people know of it: mostly its mean and its cv.

A sampler takes a generator and a number and returns that many floats, in the unit of the parameters
(seconds where a duration stands).  The k-th number of a stream is the same however many are asked for, so
that a longer run begins as the shorter one did, and however often (for scipy: in whole grains).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from workersim.errors import InputError
from workersim.scenario import (
    Deterministic,
    Distribution,
    Empirical,
    Erlang,
    Exponential,
    Gamma,
    Hyperexponential,
    Lognormal,
    Scipy,
    Triangular,
    Uniform,
    Weibull,
)
from workersim.scenario.distributions import amount
from workersim.units import parse_number, seconds_to_ns
from workersim.workload.files import open_text

if TYPE_CHECKING:
    from pathlib import Path

__all__ = [
    "LARGEST_EXPONENTIAL",
    "Sampler",
    "bound_of",
    "fixed_value",
    "grain_of",
    "mean_of",
    "sampler",
    "weibull_shape",
]

Sampler: TypeAlias = Callable[[Generator, int], NDArray[np.float64]]

LARGEST_EXPONENTIAL = 45.0  # NumPy's ziggurat has its last number at 7.7 - log(2**-53) = 44.4
SCIPY_BLOCK = 1024  # some of scipy's samplers draw column by column: only whole blocks begin alike


def fixed_value(distribution: Distribution) -> float | None:
    """Return the only value that a distribution can take (a ``Duration``, or a plain number), else None."""
    match distribution:
        case Deterministic():
            return distribution.mean
        case Uniform() | Triangular():
            return distribution.min if amount(distribution.min) == amount(distribution.max) else None
        case Empirical(values=(first, *rest)):
            return first if all(amount(value) == amount(first) for value in rest) else None
        case _:
            return None


def bound_of(distribution: Distribution) -> float:
    """Return a number that no draw exceeds, if draws are known to lie between 0 and it; else infinity."""
    return LARGEST_EXPONENTIAL * amount(distribution.mean) if isinstance(distribution, Exponential) else math.inf


def grain_of(distribution: Distribution) -> int:
    """Return the number of draws whose multiples its sampler must be asked for, lest some are lost."""
    return SCIPY_BLOCK if isinstance(distribution, Scipy) else 1


def sampler(distribution: Distribution, folder: Path) -> Sampler:
    """Return the sampler of a distribution.

    Parameters
    ----------
    distribution
        Any of the scenario's.
    folder
        Where the file of an empirical distribution is looked up.

    Raises
    ------
    InputError
        If a file cannot be used.

    Notes
    -----
    Lognormal: sigma² = log(1 + cv²).  Weibull: its shape is solved for.  Erlang: round(1 / cv²) stages.
    Hyperexponential: two phases, each with half of the mean (A. O. Allen, *Probability, Statistics, and
    Queueing Theory*, 2nd ed. 1990, section 3.2.9; "balanced means").
    """
    if isinstance(distribution, Empirical):
        values = empirical_values(distribution, folder)
        return lambda generator, n: values[generator.integers(len(values), size=n)]
    return _SAMPLERS[type(distribution)](distribution)


def _scaled(drawn: NDArray[np.float64], factor: float) -> NDArray[np.float64]:
    drawn *= factor
    return drawn


def _deterministic(family: Deterministic) -> Sampler:
    mean = amount(family.mean)
    return lambda _, n: np.full(n, mean)


def _exponential(family: Exponential) -> Sampler:
    mean = amount(family.mean)
    return lambda generator, n: _scaled(generator.standard_exponential(n), mean)


def _erlang(family: Erlang) -> Sampler:
    mean, stages = amount(family.mean), family.stages
    return lambda generator, n: _scaled(generator.standard_gamma(stages, n), mean / stages)


def _gamma(family: Gamma) -> Sampler:
    mean, shape = amount(family.mean), family.cv**-2
    return lambda generator, n: _scaled(generator.standard_gamma(shape, n), mean / shape)


def _lognormal(family: Lognormal) -> Sampler:
    variance = math.log1p(family.cv**2)
    middle, sigma = math.log(amount(family.mean)) - variance / 2, math.sqrt(variance)
    return lambda generator, n: generator.lognormal(middle, sigma, n)


def _weibull(family: Weibull) -> Sampler:
    shape = weibull_shape(family.cv)
    scale = amount(family.mean) / math.gamma(1 + 1 / shape)
    return lambda generator, n: _scaled(generator.weibull(shape, n), scale)


def _hyperexponential(family: Hyperexponential) -> Sampler:
    mean, squared = amount(family.mean), family.cv**2
    # the two shares, multiplied out so that the small one keeps its digits
    often = (1 + math.sqrt((squared - 1) / (squared + 1))) / 2
    seldom = 1 / (squared + 1) / 2 / often
    short, long = mean / (2 * often), mean / (2 * seldom)
    border = -math.log(seldom)  # an exponential number lies above it with probability `seldom`

    def draw(generator: Generator, n: int) -> NDArray[np.float64]:
        pairs = generator.standard_exponential((n, 2))
        return np.where(pairs[:, 0] > border, long, short) * pairs[:, 1]

    return draw


def _uniform(family: Uniform) -> Sampler:
    low, width = amount(family.min), amount(family.max) - amount(family.min)
    return lambda generator, n: low + width * generator.random(n)


def _triangular(family: Triangular) -> Sampler:
    if fixed_value(family) is not None:
        return _deterministic(Deterministic(mean=family.min))
    corners = amount(family.min), amount(family.mode), amount(family.max)
    return lambda generator, n: generator.triangular(*corners, n)


def weibull_shape(cv: float) -> float:
    """Return the shape at which a Weibull distribution has this coefficient of variation, by bisection.

    Examples
    --------
    >>> round(weibull_shape(1.0), 9)
    1.0
    """
    wanted = math.log1p(cv * cv)
    low, high = math.log(1e-2), math.log(1e8)
    for _ in range(80):  # halves 23 down to less than the spacing of floats
        middle = (low + high) / 2
        step = math.exp(-middle)
        if math.lgamma(1 + 2 * step) - 2 * math.lgamma(1 + step) > wanted:
            low = middle
        else:
            high = middle
    return math.exp((low + high) / 2)


def empirical_values(distribution: Empirical, folder: Path) -> NDArray[np.float64]:
    """Return the values of an empirical distribution, from the scenario or from its file."""
    if distribution.values is not None:
        return np.array([amount(value) for value in distribution.values])
    path = folder / str(distribution.file)
    values = []
    for number, line in enumerate(open_text(path), 1):
        if not line.strip():
            continue
        try:
            value = parse_number(line.strip(), "one number >= 0 a line")
            seconds_to_ns(value)
        except ValueError as error:
            msg = f"{path}: line {number}: {error}"
            raise InputError(msg) from None
        if value < 0:
            msg = f"{path}: line {number}: expected one number >= 0 a line, found {line.strip()}"
            raise InputError(msg)
        values.append(value)
    if not values:
        msg = f"{path}: holds no values; expected one number a line"
        raise InputError(msg)
    return np.array(values)


def _frozen(distribution: Scipy) -> Any:
    from scipy import stats  # noqa: PLC0415  # takes as long to import as all the rest

    parameters = {key: amount(value) for key, value in distribution.parameters.items()}
    return getattr(stats, distribution.name)(**parameters)


def _scipy_sampler(family: Scipy) -> Sampler:
    frozen = _frozen(family)

    def draw(generator: Generator, n: int) -> NDArray[np.float64]:
        blocks = -(-n // SCIPY_BLOCK)
        drawn = [frozen.rvs(size=SCIPY_BLOCK, random_state=generator) for _ in range(blocks)]
        return np.concatenate([np.empty(0), *drawn])[:n]

    return draw


_SAMPLERS: dict[type[Any], Callable[[Any], Sampler]] = {
    Deterministic: _deterministic,
    Exponential: _exponential,
    Erlang: _erlang,
    Gamma: _gamma,
    Lognormal: _lognormal,
    Weibull: _weibull,
    Hyperexponential: _hyperexponential,
    Uniform: _uniform,
    Triangular: _triangular,
    Scipy: _scipy_sampler,
}


def mean_of(distribution: Distribution, folder: Path) -> float:
    """Return the mean of a distribution, in the unit of its parameters; it may be infinite or undefined."""
    match distribution:
        case Uniform():
            return (amount(distribution.min) + amount(distribution.max)) / 2
        case Triangular():
            return (amount(distribution.min) + amount(distribution.mode) + amount(distribution.max)) / 3
        case Empirical():
            return float(empirical_values(distribution, folder).mean())
        case Scipy():
            return float(_frozen(distribution).mean())
        case _:
            return amount(distribution.mean)
