"""Cost of a job against the number of jobs, drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

import matplotlib as mpl
from matplotlib.figure import Figure

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from .scaling import Series

__all__ = ["draw"]


def draw(series: Sequence[Series], path: Path) -> None:
    """Draw a line a contender, the same bytes for the same numbers."""
    figure = Figure(figsize=(8, 5), layout="constrained")
    axes = figure.subplots()
    for one in sorted(series, key=lambda one: -list(one.medians_ns.values())[-1]):
        sizes = list(one.costs_ns)
        axes.plot(sizes, list(one.medians_ns.values()), marker="o", label=one.contender.title)
        axes.fill_between(
            sizes, [min(one.costs_ns[n]) for n in sizes], [max(one.costs_ns[n]) for n in sizes], alpha=0.2
        )
    axes.set(xscale="log", yscale="log", xlabel="jobs", ylabel="nanoseconds a job, all included")
    axes.set_title("M/M/4 at load 0.8: cost of a job against the size of the run")
    axes.grid(visible=True, which="major", alpha=0.3)
    axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False)
    with mpl.rc_context({"svg.hashsalt": "workersim"}):
        figure.savefig(path, metadata={"Date": None})
