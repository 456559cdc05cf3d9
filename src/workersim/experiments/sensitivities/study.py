"""Turn the inputs of a scenario up and down, one at a time or all at once, and see what a figure does."""

from __future__ import annotations

import importlib.util
import math
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from workersim.errors import InputError, MissingExtraError
from workersim.experiments.planning.targets import figure_of
from workersim.experiments.planning.trials import observe
from workersim.experiments.run import ensure_scenario
from workersim.experiments.sensitivities.answer import Effect, Sensitivity
from workersim.experiments.sensitivities.inputs import inputs_of
from workersim.statistics import mean_interval
from workersim.units import nearest, shown

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from workersim.experiments.planning.targets import Target
    from workersim.experiments.sensitivities.inputs import Input
    from workersim.scenario import Scenario

__all__ = ["METHODS", "sensitivity"]

METHODS = ("one", "morris", "sobol")
ONE, MANY = 20, 4  # replications of each variant: one at a time; with hundreds of them
SAMPLES = {"morris": 20, "sobol": 64}
MOST_SAMPLES = 2**14
_LEVELS = 4  # of Morris's grid


class _Runs(NamedTuple):
    """What every variant is run with."""

    scenario: Scenario
    figure: Target
    replications: int
    tell: Callable[[], None]

    def of(self, scenario: Scenario) -> list[float]:
        """Return the figure of each replication; the documents come from the same draws in every variant."""
        values = [row[0] for row in observe(scenario, range(self.replications), [self.figure])]
        self.tell()
        return values


def sensitivity(
    scenario: Scenario,
    *,
    measure: str = "wait.p95",
    method: Literal["one", "morris", "sobol"] = "one",
    span: float = 0.2,
    samples: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Sensitivity:
    """Say which input of a scenario moves a figure most.

    Parameters
    ----------
    scenario
        What is asked about.  Each variant is run as often as it says, if that is more than once; else 20 times one at
        a time, and 4 times with the other methods.
    measure
        A figure of ``run --json``, such as ``wait.p95``.
    method
        ``"one"``: each input is turned down and up by itself, all else as it is.  ``"morris"``: elementary effects of
        Morris, all inputs moving, a screening.  ``"sobol"``: the shares of the figure's variance that each input has
        alone and with others, if all are equally likely between their ends.  The last two need SALib.
    span
        By which share inputs are turned down and up, above 0 and below 1.
    samples
        Morris: trajectories; Sobol: a power of 2.  By default 20 and 64.
    progress
        Called as ``progress(done, of)`` after each variant.

    Returns
    -------
    Sensitivity
        The inputs, the one that moves the figure most first.

    Raises
    ------
    InputError
        If an argument makes no sense, or the scenario has no input that could be varied.
    MissingExtraError
        If SALib is needed and not installed.

    Examples
    --------
    >>> import workersim as ws
    >>> overload = ws.Scenario(
    ...     fleet=ws.Fleet(replicas=1, concurrency=4),
    ...     workload=ws.Workload(jobs={"document": ws.Job(service="20 min")}, arrivals=[ws.Burst(jobs=10)]),
    ... )
    >>> ws.sensitivity(overload, measure="wait.max").effects[0].name
    'arrival rate'
    """
    ensure_scenario(scenario)
    figure = figure_of(measure)
    if method not in METHODS:
        msg = f"method: expected one of {', '.join(METHODS)}, found {shown(method)}{nearest(str(method), METHODS)}"
        raise InputError(msg)
    if not 0 < span < 1:
        msg = f"span: expected a share above 0% and below 100%, found {span:g}"
        raise InputError(msg)
    base = scenario.replace("claims", []) if scenario.claims else scenario
    inputs, without = inputs_of(base, float(span))
    if not inputs:
        msg = f"expected a scenario with an input to vary, found none ({'; '.join(without)})"
        raise InputError(msg)
    count, sampled = _counts(method, samples, base)
    variants = 1 + 2 * len(inputs) if method == "one" else 1 + _size(method, sampled, len(inputs))
    runs = _Runs(base, figure, count, _teller(progress, variants))
    middle = runs.of(base)
    study = {"one": _one, "morris": _morris, "sobol": _sobol}[method]
    effects = study(runs, inputs, middle, sampled)
    effects.sort(key=lambda each: -each.size)
    return Sensitivity(base, figure, method, _mean(middle), tuple(effects), tuple(without), count, variants)


def _teller(progress: Callable[[int, int], None] | None, of: int) -> Callable[[], None]:
    done = 0

    def tell() -> None:
        nonlocal done
        done += 1
        if progress:
            progress(done, of)

    return tell


def _counts(method: str, samples: int | None, scenario: Scenario) -> tuple[int, int]:
    """Return replications and samples, the defaults resolved."""
    # Even where chance has no part, it comes in with services that are no longer constant.
    count = scenario.run.replications if scenario.run.replications > 1 else ONE if method == "one" else MANY
    if method == "one":
        return count, 0
    if importlib.util.find_spec("SALib") is None:
        msg = f"sensitivity with method {method!r} needs SALib: pip install 'workersim[sensitivity]'"
        raise MissingExtraError(msg)
    sampled = SAMPLES[method] if samples is None else samples
    fine = 2 <= sampled <= MOST_SAMPLES and (method != "sobol" or sampled & (sampled - 1) == 0)
    if not fine:
        wanted = "a power of 2" if method == "sobol" else "a number"
        msg = f"samples: expected {wanted} from 2 to {MOST_SAMPLES:,}, found {sampled}"
        raise InputError(msg)
    return count, sampled


def _size(method: str, samples: int, inputs: int) -> int:
    return samples * (inputs + (2 if method == "sobol" else 1))


def _one(runs: _Runs, inputs: list[Input], middle: list[float], _: int) -> list[Effect]:
    """Turn each input down and up; differences are those on the same documents."""
    effects = []
    for each in inputs:
        ends = {}
        for value in (each.low, each.high):
            same = value == each.base
            ends[value] = middle if same else runs.of(each.alter(runs.scenario, value))
            if same:
                runs.tell()
        low, high = ends[each.low], ends[each.high]
        effects.append(
            Effect(
                name=each.name,
                low=each.low,
                high=each.high,
                unit=each.unit,
                at_low=_mean(low),
                at_high=_mean(high),
                low_interval=_paired(low, middle),
                high_interval=_paired(high, middle),
                size=_largest(_mean(middle), _mean(low), _mean(high)),
            )
        )
    return effects


def _largest(middle: float, *ends: float) -> float:
    moves = [abs(end - middle) for end in ends]
    return max((move for move in moves if not math.isnan(move)), default=0.0)


def _mean(values: list[float]) -> float:
    return math.fsum(values) / len(values) if all(map(math.isfinite, values)) else math.inf


def _paired(values: list[float], middle: list[float]) -> tuple[float, float] | None:
    """Return the interval of the difference on the same documents."""
    differences = [value - base for value, base in zip(values, middle, strict=True)]
    return mean_interval(differences) if all(map(math.isfinite, differences)) else None


def _problem(inputs: list[Input]) -> dict[str, Any]:
    return {
        "num_vars": len(inputs),
        "names": [each.name for each in inputs],
        "bounds": [[each.low, each.high] for each in inputs],
    }


def _figures(runs: _Runs, inputs: list[Input], points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the mean figure at each point, with all inputs there at once."""
    found = []
    for point in points:
        scenario = runs.scenario
        for each, value in zip(inputs, point.tolist(), strict=True):
            if value != each.base:
                scenario = each.alter(scenario, value)
        found.append(_mean(runs.of(scenario)))
    if not all(map(math.isfinite, found)):
        msg = f"{runs.figure.measure}: expected a figure at every point, found variants in which nothing is served"
        raise InputError(msg)
    return np.array(found)


def _morris(runs: _Runs, inputs: list[Input], _: list[float], samples: int) -> list[Effect]:
    from SALib.analyze import morris as analysis  # noqa: PLC0415 (an extra)
    from SALib.sample import morris  # noqa: PLC0415 (an extra)

    problem, seed = _problem(inputs), runs.scenario.run.seed % 2**32
    points = morris.sample(problem, samples, num_levels=_LEVELS, seed=seed)
    found = analysis.analyze(problem, points, _figures(runs, inputs, points), num_levels=_LEVELS, seed=seed)
    return [
        _share(each, float(found["mu_star"][at]), float(found["mu_star_conf"][at]), float(found["sigma"][at]))
        for at, each in enumerate(inputs)
    ]


def _sobol(runs: _Runs, inputs: list[Input], _: list[float], samples: int) -> list[Effect]:
    from SALib.analyze import sobol as analysis  # noqa: PLC0415 (an extra)
    from SALib.sample import sobol  # noqa: PLC0415 (an extra)

    problem, seed = _problem(inputs), runs.scenario.run.seed % 2**32
    points = sobol.sample(problem, samples, calc_second_order=False, seed=seed)
    figures = _figures(runs, inputs, points)
    if not figures.std():
        return [_share(each, 0.0, 0.0, 0.0) for each in inputs]
    found = analysis.analyze(problem, figures, calc_second_order=False, seed=seed)
    return [
        _share(each, float(found["ST"][at]), float(found["ST_conf"][at]), float(found["S1"][at]))
        for at, each in enumerate(inputs)
    ]


def _share(each: Input, size: float, half: float, second: float) -> Effect:
    """Return an effect that is one number with an interval, and a second number beside it."""
    return Effect(name=each.name, low=each.low, high=each.high, unit=each.unit, size=size, half=half, second=second)
