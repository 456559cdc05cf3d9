"""How much of the uncertainty of a simulated figure comes from the fit, and how much from the runs.

Each of B refits of resampled jobs is run with the same R seeds (common random numbers), which makes a table of B x R
figures.  Its two-way analysis of variance [1]_ parts the variance: between refits, and all the rest, which is what runs
of one and the same scenario differ by.

.. [1] Ankenman, Nelson, "A quick assessment of input uncertainty", Winter Simulation Conference 2012.
"""

from __future__ import annotations

import copy
import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from workersim import workload
from workersim.errors import InputError
from workersim.experiments.calibrating.services import refitted
from workersim.experiments.run import measure_each, pick
from workersim.metrics import figures
from workersim.scenario import read
from workersim.scenario.dump import to_yaml
from workersim.units import SECOND, shown

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.random import Generator
    from numpy.typing import NDArray

    from workersim.experiments.calibrating.making import Made
    from workersim.scenario import Scenario

__all__ = ["Uncertainty", "uncertainty_of"]

LEAST = 0.05  # of a resampled rate
MOST = 20_000  # jobs of a run


class Uncertainty(NamedTuple):
    """Where the uncertainty of a figure comes from.

    Attributes
    ----------
    measure
        Which, such as ``wait.mean``.
    mean
        Over all refits and runs.
    from_fit, from_runs
        Standard deviations, in the unit of the figure: of its expectation, as the fit might have come out on other
        days; and of one run.
    share
        Share of the variance that comes from the fit.
    table
        float64[B, R].
    """

    measure: str
    mean: float
    from_fit: float
    from_runs: float
    share: float
    table: NDArray[np.float64]


def uncertainty_of(
    made: Made,
    folder: Path,
    measure: str,
    *,
    counts: tuple[int, int],
    seed: int,
    progress: Callable[[int, int], None] | None = None,
) -> Uncertainty:
    """Return where the uncertainty of a figure comes from.

    Raises
    ------
    InputError
        If there is no such figure, or fewer than two refits or runs are asked for.
    """
    refits, runs = counts
    if refits < 2 or runs < 2:
        msg = f"expected two refits and two runs or more, found {refits} and {runs}"
        raise InputError(msg)
    chance = np.random.default_rng(np.random.SeedSequence([seed, 0xCA11]))
    table = np.empty((refits, runs))
    for row in range(refits):
        scenario = _short(read(to_yaml(resampled(made, chance)), folder=folder)).replace("run.replications", runs)
        engine = pick("auto", round(workload.expected_jobs(scenario)) * runs)
        trees = measure_each(scenario, engine, range(runs), lambda _, log: figures(log))
        table[row] = [_figure(tree, measure) for tree in trees]
        if progress:
            progress(row + 1, refits)
    return _parted(measure, table)


def _short(scenario: Scenario) -> Scenario:
    """Return the scenario with a run that is no longer than it takes."""
    jobs = workload.expected_jobs(scenario)
    if jobs <= MOST or isinstance(scenario.run.until, str):
        return scenario
    return scenario.replace("run.until", f"{float(scenario.run.until) * MOST / jobs:.6g} s")


def _figure(tree: Any, measure: str) -> float:
    for key in measure.split("."):
        tree = tree.get(key) if isinstance(tree, dict) else None
    if not isinstance(tree, int | float):
        msg = f"measure: expected a figure such as wait.mean that every run has, found {shown(measure)}"
        raise InputError(msg)
    return float(tree)


def _parted(measure: str, table: NDArray[np.float64]) -> Uncertainty:
    refits, runs = table.shape
    mean = float(table.mean())
    rows, columns = table.mean(axis=1), table.mean(axis=0)
    rest = table - rows[:, None] - columns[None, :] + mean
    error = float((rest**2).sum()) / ((refits - 1) * (runs - 1))
    between = max(0.0, (runs * float(rows.var(ddof=1)) - error) / runs)
    within = max(0.0, (refits * float(columns.var(ddof=1)) - error) / refits) + error
    total = between + within
    return Uncertainty(measure, mean, math.sqrt(between), math.sqrt(within), between / total if total else 0.0, table)


def resampled(made: Made, chance: Generator) -> dict[str, Any]:
    """Return the scenario as it would be of other jobs from the same source; CPU share, vCPUs and fleet are kept."""
    data = copy.deepcopy(made.data)
    for name, service in made.services.items():
        job = data["workload"]["jobs"][name]
        values = chance.choice(service.values_s, len(service.values_s))
        written = refitted(service, values).written()
        if "phases" in job:
            job["phases"] = [{"io": written}]
        else:
            job["service"] = written
    kind, body = made.arriving.kind, data["workload"]["arrivals"][0][made.arriving.kind]
    count = sum(len(service.values_s) for service in made.services.values())
    factor = _factor(count, made.arriving.spread, chance)
    if kind == "poisson":
        body["rate"] = f"{made.arriving.rate * factor * 3600:.6g}/hour"
    elif kind == "mmpp":
        body["rates"] = [f"{float(rate.partition('/')[0]) * factor:.6g}/hour" for rate in body["rates"]]
    elif kind == "renewal":
        ((family, parameters),) = body["interval"].items()
        body["interval"] = {family: parameters | {"mean": f"{1 / made.arriving.rate / factor:.6g} s"}}
    elif kind == "profile":
        body["rates"] = _hours(body["rates"], made, chance)
    return data


def _factor(count: float, spread: float, chance: Generator) -> float:
    """Return what a count might have been, by what it was."""
    return max(LEAST, 1 + float(chance.standard_normal()) * math.sqrt(max(spread, 0.0) / max(count, 1.0)))


def _hours(rates: list[Any], made: Made, chance: Generator) -> list[Any]:
    """Return the rate of each hour as it might have been; each was seen as often as the span has periods."""
    body = made.arriving.body
    period_h = float(body["period"].removesuffix(" h")) if "period" in body else 0.0
    hours = made.span_ns / SECOND / 3600
    seen = max(1.0, hours / period_h) if period_h else 1.0
    changed = []
    for at, rate in rates:
        each = float(rate.partition("/")[0])
        changed.append([at, f"{each * _factor(each * seen, made.arriving.spread, chance):.6g}/hour"])
    return changed
