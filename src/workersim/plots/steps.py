"""Draw step functions: exactly, or thinned so that nobody can see it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D
    from numpy.typing import NDArray

    from workersim.metrics import StepFunction
    from workersim.runlog.schema import Floats

__all__ = ["draw", "drawn", "kept", "stack"]

_DOTS_PER_INCH = 600  # what print resolves; a screen shows less
_CURVE = "workersim-curve"


def draw(ax: Axes, curve: StepFunction, *, fill: bool = False, **style: Any) -> Line2D:
    """Draw a curve as a line of steps, closed at the end of its window."""
    times, values = curve.points()
    rows = kept(times, values, _dots(ax))
    times, values = times[rows], values[rows]
    (line,) = ax.plot(times, values, drawstyle="steps-post", solid_joinstyle="miter", gid=_CURVE, **style)
    if fill:
        ax.fill_between(times, values, step="post", color=style["color"], alpha=0.18, linewidth=0)
    return line


def drawn(ax: Axes) -> int:
    """Return how many curves an axes has already."""
    return sum(line.get_gid() == _CURVE for line in ax.lines)


def stack(ax: Axes, curves: Sequence[StepFunction], styles: Sequence[dict[str, Any]]) -> None:
    """Fill what lies below the first curve, and what lies between each other one and the one before it."""
    instants: list[Any] = []
    for curve in curves:
        times, values = curve.points()
        instants.append(times[kept(times, values, _dots(ax))])
    times = np.unique(np.concatenate(instants))
    below = np.zeros(len(times))
    for curve, style in zip(curves, styles, strict=True):
        above = _at(curve, times)
        ax.fill_between(times, below, above, step="post", **style)
        below = above


def kept(times: Floats, values: Floats, columns: int) -> NDArray[np.int64]:
    """Return the rows of a line of steps that have to be drawn on so many columns of dots.

    All of them while they are few.  Else the first, the last, the lowest and the highest of each
    column, and the first that is undefined.  A line of steps covers in a column everything from its lowest to its
    highest value, so no dot is lost and a burst of an instant stays as high as it was, which an
    average or every hundredth row would hide; the last one carries the right value into the next column.
    """
    if len(times) <= 4 * columns:
        return np.arange(len(times))
    edges = np.linspace(times[0], times[-1], columns + 1)[1:-1]
    column = np.searchsorted(edges, times, side="right")
    first = np.flatnonzero(np.diff(column, prepend=-1))
    counts = np.diff(first, append=len(times))

    def first_where(flags: NDArray[np.bool_]) -> NDArray[np.int64]:
        rows = np.flatnonzero(flags)
        return rows[np.flatnonzero(np.diff(column[rows], prepend=-1))]

    extremes = [
        first_where(values == np.repeat(choose.reduceat(values, first), counts)) for choose in (np.fmin, np.fmax)
    ]
    rows = np.concatenate([first, first + counts - 1, *extremes, first_where(np.isnan(values))])
    return np.unique(rows)


def _dots(ax: Axes) -> int:
    figure: Any = ax.get_figure(root=True)
    width_in = float(ax.get_window_extent().width) / float(figure.dpi)
    return max(1, round(width_in * _DOTS_PER_INCH))


def _at(curve: StepFunction, times: Floats) -> Floats:
    values: Floats = curve.values[np.searchsorted(curve.times, times, side="right") - 1]
    return values
