"""How a run begins: the waits of its jobs one after the other, and the warm-up that MSER-5 proposes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from workersim.metrics import waits_in_order
from workersim.plots.canvas import BLACK, BLUE, VERMILION, axes, head, label, note, plain
from workersim.plots.clock import time_axis, unit_for, units_on
from workersim.plots.subject import subject
from workersim.statistics import mser5
from workersim.units import SECOND, format_duration

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from workersim.plots.subject import Run, Subject
    from workersim.statistics import WarmUp

__all__ = ["warm_up"]

_LEAST = 10  # waits


def warm_up(run: Run, ax: Axes | None = None) -> Axes:
    """Draw the waits of jobs in the order of their arrival, and the warm-up that MSER-5 proposes.

    It is a proposal: nothing is left out of any figure but what the scenario says under ``run.warm_up``.

    Parameters
    ----------
    run
        A result, or a run log; the whole run is looked at, whatever warm-up it has.
    ax
        Where to draw; default: a new figure.

    Returns
    -------
    Axes
        x in seconds of arrival, y in seconds of wait, both shown in suitable units.

    Raises
    ------
    LogError
        If the run was only measured.
    """
    about = subject(run)
    ax = axes(ax)
    arrival_ns, wait_ns = waits_in_order(about.log)
    end_s = about.log.horizon_ns / SECOND
    time_axis(ax, end_s)
    if len(wait_ns) < _LEAST:
        return _nothing_to_see(ax, about, f"too few jobs have started: {len(wait_ns)}")
    if arrival_ns[0] == arrival_ns[-1]:
        return _nothing_to_see(ax, about, f"all {len(wait_ns):,} jobs arrive at once, so nothing settles")
    found = mser5(wait_ns / SECOND)
    means = found.means
    arrival_s = arrival_ns[: 5 * len(means)].reshape(-1, 5)[:, 0] / SECOND
    ax.plot(arrival_s, means, color=BLUE, linewidth=0.7, alpha=0.5, label="mean wait of five jobs each")
    so_far = np.cumsum(means) / np.arange(1, len(means) + 1)
    ax.plot(arrival_s, so_far, color=BLACK, linewidth=1.5, label="mean of all so far")
    _proposal(ax, found, arrival_ns[found.leave_out] / SECOND)
    if about.warm_up_ns:
        style: dict[str, Any] = {"facecolor": "0.93", "edgecolor": "0.75", "hatch": "..", "linewidth": 0, "zorder": 0}
        ax.axvspan(0, about.warm_up_ns / SECOND, label="warm-up of the scenario", **style)
    top = 1.05 * float(means.max()) or 1.0
    ax.set_ylim(-0.02 * top, top)
    unit = unit_for(top)
    units_on(ax.yaxis, unit)
    ax.set_ylabel(f"wait ({unit.name})")
    head(ax, f"Warm-up: {plain(about.name)}")
    return ax


def _nothing_to_see(ax: Axes, about: Subject, why: str) -> Axes:
    ax.set_yticks([])
    note(ax, why)
    head(ax, f"Warm-up: {plain(about.name)}")
    return ax


def _proposal(ax: Axes, found: WarmUp, at_s: float) -> None:
    if not found.settled:
        text = "not settled after half of the run: run it longer"
    elif found.leave_out:
        text = f"MSER-5 proposes {format_duration(at_s)} ({found.leave_out:,} jobs)"
    else:
        text, at_s = "MSER-5 proposes no warm-up", 0.0
    ax.axvline(at_s, color=VERMILION, linestyle=(0, (5, 2)), linewidth=1.6, label=label(text))
