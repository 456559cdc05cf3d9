"""How far replications of a scenario lie apart over time."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from workersim.plots.canvas import ORANGE, VERMILION, label

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from workersim.runlog.schema import Floats

__all__ = ["band"]

_LOW, _HIGH = 5.0, 95.0


def band(ax: Axes, cuts_s: Floats, means: Floats) -> Axes:
    """Draw the mean over replications, and between which bounds 90 of 100 replications lie.

    Parameters
    ----------
    ax
        Where to draw; a curve that is drawn on it afterwards heads it.
    cuts_s
        n + 1 instants in seconds, between which stretches of time lie.
    means
        (replications, n): the mean of a curve over each stretch, NaN where it has none.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a stretch in which no replication has a value is a gap
        middle = np.nanmean(means, axis=0)
        low, high = np.nanpercentile(means, [_LOW, _HIGH], axis=0)
    name = f"{_LOW:g}\N{EN DASH}{_HIGH:g}% of {len(means):,} replications"
    ax.fill_between(
        cuts_s,
        _closed(low),
        _closed(high),
        step="post",
        facecolor=ORANGE,
        alpha=0.35,
        linewidth=0,
        zorder=1.5,
        label=label(name),
    )
    style: dict[str, Any] = {"color": VERMILION, "linewidth": 1.8, "zorder": 3.0}
    ax.plot(cuts_s, _closed(middle), drawstyle="steps-post", label="mean of all replications", **style)
    return ax


def _closed(values: Floats) -> Floats:
    return np.append(values, values[-1:])
