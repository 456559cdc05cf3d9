"""Which input moves a figure most: bars around what it is now, the longest on top."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from workersim.errors import InputError
from workersim.plots.canvas import BLACK, BLUE, ORANGE, as_written, axes, head, note, plain
from workersim.plots.clock import unit_for, units_on

if TYPE_CHECKING:
    from collections.abc import Iterable

    from matplotlib.axes import Axes

__all__ = ["tornado"]

_FORMS = (
    "(name, at low, at high), the same with two intervals of the differences, or with a base of None (name, size, half)"
)
_MOST = 40


class _Bar(NamedTuple):
    """From the base to two values, with bars over the intervals of how far these are from it."""

    name: str
    ends: tuple[float, ...]
    halves: tuple[tuple[float, float] | None, ...]


def tornado(
    effects: Iterable[Sequence[Any]], ax: Axes | None = None, *, base: float | None = None, measure: str = "wait.p95"
) -> Axes:
    """Draw what each input does to a figure.

    Parameters
    ----------
    effects
        With a base: (name, figure with the input at its low end, figure at its high end), and behind these the
        intervals of the two differences to the base, if they are known.  Without one: (name, size, half the width of
        its interval).  In seconds where the figure is a time; the first one is drawn on top.
    ax
        Where to draw; default: a new figure.
    base
        The figure as it is now.
    measure
        What the figure is called.

    Returns
    -------
    Axes
        x the figure, one row an input.

    Raises
    ------
    InputError
        If an effect is something else.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> from workersim.plots import tornado
    >>> ax = tornado([("service mean", 40.0, 300.0), ("wait ratio", 110.0, 130.0)], Figure().add_subplot(), base=120.0)
    >>> [text.get_text() for text in ax.get_yticklabels()]
    ['service mean', 'wait ratio']
    """
    bars = [_bar(at, each, base) for at, each in enumerate(effects)][:_MOST]
    ax = axes(ax, height_in=max(2.5, 1.2 + 0.45 * len(bars)))
    middle = base if base is not None and math.isfinite(base) else 0.0
    words = ("at the low end", "at the high end") if base is not None else ("",)
    for end, (word, colour) in enumerate(zip(words, (BLUE, ORANGE), strict=False)):
        _side(ax, bars, end, middle, {"color": colour, "hatch": "//" * end, "label": word or None})
    if base is not None:
        ax.axvline(middle, color=BLACK, linewidth=1)
    ax.set_yticks(range(len(bars)), [plain(bar.name, 40) for bar in bars])
    for text in ax.get_yticklabels():
        as_written(text)
    ax.set_ylim(max(len(bars), 1) - 0.4, -0.6)  # the first on top
    _units(ax, bars, measure, times=base is not None)
    if not bars:
        note(ax, "nothing was varied")
    head(ax, "What moves it most")
    return ax


def _bar(at: int, given: Sequence[Any], base: float | None) -> _Bar:
    sizes = (3, 5) if base is not None else (3,)
    fine = isinstance(given, Sequence) and not isinstance(given, str) and len(given) in sizes
    if not fine or not all(isinstance(each, int | float) for each in given[1:3]):
        msg = f"effects[{at}]: expected {_FORMS}, found {given!r}"
        raise InputError(msg)
    if base is None:
        size, half = float(given[1]), float(given[2])
        return _Bar(str(given[0]), (size,), ((size - half, size + half),))
    ends = (float(given[1]), float(given[2]))
    intervals = [None if each is None else (base + each[0], base + each[1]) for each in given[3:5]]
    return _Bar(str(given[0]), ends, (intervals[0], intervals[1]) if intervals else (None, None))


def _side(ax: Axes, bars: list[_Bar], end: int, middle: float, style: dict[str, Any]) -> None:
    """Draw the bars that go to one end, and the intervals over them."""
    rows = [at for at, bar in enumerate(bars) if math.isfinite(bar.ends[end])]
    widths = [bars[at].ends[end] - middle for at in rows]
    ax.barh(rows, widths, left=middle, height=0.6, alpha=0.75, edgecolor="white", **style)
    for at in rows:
        interval = bars[at].halves[end]
        if interval is not None and interval[1] > interval[0]:
            shift = 0.12 * (2 * end - 1)  # two intervals at one side of the base do not hide each other
            ax.plot(interval, [at + shift] * 2, color=BLACK, linewidth=1.2, marker="|", markersize=5)


def _units(ax: Axes, bars: list[_Bar], measure: str, *, times: bool) -> None:
    figure = measure.rpartition(" ")[2]
    is_time = figure.startswith(("wait", "response", "service")) and "share" not in measure
    if is_time:
        known = [abs(end) for bar in bars for end in bar.ends if math.isfinite(end)]
        unit = unit_for(max(known, default=1.0))
        units_on(ax.xaxis, unit)
        ax.set_xlabel(f"{measure} ({unit.name})")
    else:
        ax.set_xlabel(measure)
    if not times:
        ax.set_xlim(left=0)
