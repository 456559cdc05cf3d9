"""Figures without their tree: a name such as ``wait.p95`` for each, and a row of numbers a replication."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from workersim.statistics import effective_size, enough_for, mean_interval, mean_of
from workersim.units import format_duration, format_number, nearest, shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from workersim.scenario import Scenario

__all__ = ["Estimated", "estimate", "flat", "flat_with_ends", "hint", "row_of", "short_runs"]


class Estimated(NamedTuple):
    """A figure over replications: its mean, and the ends of the 95 % interval; None where there is none."""

    mean: float | None
    low: float | None
    high: float | None


def flat(tree: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, float | None]]:
    """Yield each figure of a tree with its path, without the intervals."""
    for name, value in tree.items():
        if isinstance(value, dict):
            if name != "interval":
                yield from flat(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value


def flat_with_ends(
    tree: Mapping[str, Any], prefix: str = ""
) -> Iterator[tuple[str, float | None, tuple[float | None, float | None]]]:
    """Yield each figure of a tree with its path and the ends of its interval, which are None where there is none."""
    intervals = tree.get("interval") or {}
    for name, value in tree.items():
        if isinstance(value, dict):
            if name != "interval":
                yield from flat_with_ends(value, f"{prefix}{name}.")
        else:
            low, high = intervals.get(name) or (None, None)
            yield prefix + name, value, (low, high)


def row_of(tree: Mapping[str, Any]) -> tuple[tuple[str, ...], NDArray[np.float64]]:
    """Return the names of the figures of a tree, and their values; one of nothing is NaN."""
    names, values = zip(*flat(tree), strict=True)
    return names, np.array([math.nan if value is None else value for value in values], np.float64)


def estimate(values: Sequence[float], *, random: bool) -> Estimated:
    """Return what the values of all replications say together; NaN is a figure of nothing.

    Without chance a figure is what it is, and its interval has no width.
    """
    known = [float(value) for value in values if not math.isnan(value)]
    if not known:
        return Estimated(None, None, None)
    mean = mean_of(known)
    if not random:
        return Estimated(mean, mean, mean)
    return Estimated(mean, *(mean_interval(known) or (None, None)))


def short_runs(scenario: Scenario, waits: Sequence[Mapping[str, float | None]]) -> Iterator[str]:
    """Say so if replications are too short for the intervals of their waits, and how long they should be.

    Only where a warm-up is left out, as what is asked for then is the long run. Without one it is what happens on
    such a day, of which every replication is an example, however short.

    Parameters
    ----------
    scenario
        What was run.
    waits
        The block ``wait`` of each replication.
    """
    run = scenario.run
    if not run.warm_up or run.until == "drained":
        return
    told = [(wait["mean"], wait["std"]) for wait in waits]
    known = [(mean, std) for mean, std in told if mean is not None and std is not None]
    effective = effective_size([mean for mean, _ in known], [std for _, std in known])
    if effective is None:
        return
    for figure, share in (("mean", 1.0), ("p95", 0.05)):
        if effective < enough_for(share):
            window_s = run.horizon_ns / 1e9 - run.warm_up.seconds
            longer_s = window_s * enough_for(share) / effective + run.warm_up.seconds
            yield _too_short(effective, longer_s, "wait.mean and wait.p95" if figure == "mean" else "wait.p95")
            return


def _too_short(effective: float, longer_s: float, figures: str) -> str:
    return (
        f"The interval of {figures} may miss the long run: jobs wait so much alike that one replication is worth about "
        f"{format_number(max(effective, 1), 2)} independent waits. "
        f"For intervals that hold what they promise, run until {format_duration(longer_s, 2)} or longer."
    )


def hint(name: str, names: Sequence[str]) -> str:
    """Return what to say of a figure that is not there."""
    return f"there is no figure {shown(name)}" + (nearest(name, names) or "")
