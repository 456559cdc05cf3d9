"""What something is made of: parts one after the other, each from where the last one ended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from workersim.plots.canvas import BLACK, BLUE, GREEN, SMALL, as_written, axes, head, note, plain
from workersim.plots.clock import unit_for, units_on
from workersim.units import format_duration

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

__all__ = ["waterfall"]


def waterfall(
    steps: Sequence[tuple[str, float, tuple[float, float] | None]],
    ax: Axes | None = None,
    *,
    title: str = "Where the wait comes from",
) -> Axes:
    """Draw what the parts of a time add up to.

    Parameters
    ----------
    steps
        (name, seconds, their interval or None) each; the first is drawn on top, from 0.
    ax
        Where to draw; default: a new figure.
    title
        Text above.

    Returns
    -------
    Axes
        x the time, one row a part, and all of them in the last.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> from workersim.plots import waterfall
    >>> ax = waterfall([("load", 60.0, None), ("bursts", 120.0, (100.0, 140.0))], Figure().add_subplot())
    >>> [text.get_text() for text in ax.get_yticklabels()]
    ['load', 'bursts', 'all']
    """
    ax = axes(ax, height_in=max(2.5, 1.4 + 0.4 * len(steps)))
    sizes = np.array([size for _, size, _ in steps], float)
    ends = np.cumsum(sizes)
    begins = ends - sizes
    rows = np.arange(len(steps))
    less = sizes < 0
    for chosen, colour, hatch in ((~less, BLUE, ""), (less, GREEN, "//")):
        style: dict[str, Any] = {"color": colour, "hatch": hatch, "edgecolor": "white", "alpha": 0.8}
        ax.barh(rows[chosen], sizes[chosen], left=begins[chosen], height=0.6, **style)
    total = float(ends[-1]) if len(ends) else 0.0
    ax.barh(len(steps), total, height=0.6, color="0.45")
    for at in range(len(steps) - 1):
        ax.plot([ends[at]] * 2, [at - 0.3, at + 1.3], color="0.6", linewidth=0.8)
    for at, (_, size, interval) in enumerate(steps):
        if interval is not None and interval[1] > interval[0]:
            ax.plot(begins[at] + np.array(interval), [at] * 2, color=BLACK, linewidth=1.2, marker="|", markersize=5)
        _said(ax, max(begins[at], ends[at], begins[at] + (interval or (0.0, 0.0))[1]), at, format_duration(size))
    _said(ax, total, len(steps), format_duration(total))
    ax.set_yticks([*rows, len(steps)], [plain(name, 40) for name, _, _ in steps] + ["all"])
    for text in ax.get_yticklabels():
        as_written(text)
    ax.set_ylim(len(steps) + 0.6, -0.6)
    unit = unit_for(float(np.abs(ends).max(initial=0.0)))
    units_on(ax.xaxis, unit)
    ax.set_xlabel(f"mean wait ({unit.name})")
    ax.margins(x=0.15)
    if not total and not sizes.any():
        note(ax, "nothing waits")
    head(ax, title)
    return ax


def _said(ax: Axes, x: float, y: float, text: str) -> None:
    as_written(ax.annotate(text, (x, y), xytext=(4, 0), textcoords="offset points", va="center", fontsize=SMALL))
