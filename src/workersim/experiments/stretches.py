"""Curves of all replications of a scenario, as means over equal stretches of time: what a band is drawn from."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from workersim.experiments.run import measure_each
from workersim.metrics import over_time
from workersim.units import SECOND

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workersim import engines
    from workersim.metrics import StepFunction
    from workersim.runlog import RunLog
    from workersim.runlog.schema import Floats
    from workersim.scenario import Scenario
    from workersim.workload import Jobs

__all__ = ["Stretches", "stretches"]


class Stretches(NamedTuple):
    """Means of curves over stretches of time.

    Attributes
    ----------
    cuts_s
        n + 1 instants in seconds, between which the stretches lie.
    means
        By the name of the curve: (replications, n); NaN where a share is undefined.
    """

    cuts_s: Floats
    means: dict[str, Floats]


def stretches(
    scenario: Scenario, names: Sequence[str], *, engine: engines.Engine, replications: int, count: int = 96
) -> Stretches:
    """Return what curves do in each replication.

    Parameters
    ----------
    scenario
        What is run.
    names
        Curves, as ``over_time`` calls them.
    engine
        Which to run it on.
    replications
        How many, from replication 0 on.
    count
        Number of stretches of the longest replication.  Curves of one that ends earlier are 0 from there on.

    Examples
    --------
    >>> import workersim as ws
    >>> ten = ws.Workload(jobs={"document": ws.Job(service="20 min")}, arrivals=[ws.Burst(jobs=10)])
    >>> overload = ws.Scenario(fleet=ws.Fleet(replicas=1, concurrency=4), workload=ten)
    >>> found = stretches(overload, ["queue_length"], engine="simpy", replications=1, count=4)
    >>> found.cuts_s.tolist(), found.means["queue_length"].round(3).tolist()
    ([0.0, 900.0, 1800.0, 2700.0, 3600.0], [[6.0, 3.333, 1.333, 0.0]])
    """

    def curves(_: Jobs, log: RunLog) -> list[StepFunction]:
        return [over_time(log, name) for name in names]

    runs = list(measure_each(scenario, engine, range(replications), curves))
    end_ns = max(curve.end_ns for run in runs for curve in run)
    cuts_ns = np.linspace(0, end_ns, count + 1)
    means = {name: np.array([_means(run[at], cuts_ns) for run in runs]) for at, name in enumerate(names)}
    return Stretches(cuts_ns / SECOND, means)


def _means(curve: StepFunction, cuts_ns: Floats) -> Floats:
    area = np.diff(_area(curve, curve.amounts, cuts_ns))
    lasts = np.diff(cuts_ns if curve.per is None else _area(curve, curve.per, cuts_ns))
    means: Floats = np.divide(area, lasts, out=np.full(len(area), np.nan), where=lasts > 0)
    if curve.per is not None:
        means[cuts_ns[:-1] >= curve.end_ns] = 0.0
    return means


def _area(curve: StepFunction, amounts: Floats, cuts_ns: Floats) -> Floats:
    """Return the area up to each cut: between two steps it grows in a straight line."""
    edges = np.append(curve.times_ns, curve.end_ns).astype(np.float64)
    grown = np.concatenate([[0.0], np.cumsum(amounts * np.diff(edges))])
    upto: Floats = np.interp(cuts_ns, edges, grown)
    return upto
