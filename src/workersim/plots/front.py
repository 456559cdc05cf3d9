"""What a shorter wait costs: choices of a plan by their price and a figure, and those that nothing beats."""

from __future__ import annotations

import math
from collections.abc import Sequence
from numbers import Real
from typing import TYPE_CHECKING, Any, NamedTuple

from matplotlib.ticker import FixedLocator, NullLocator

from workersim.errors import InputError
from workersim.plots.canvas import BLACK, BLUE, GREEN, VERMILION, axes, head, label, note, plain
from workersim.plots.clock import unit_for, units_on
from workersim.units import format_number

if TYPE_CHECKING:
    from collections.abc import Iterable

    from matplotlib.axes import Axes

__all__ = ["Point", "cost_front"]

_FORM = "(cost, value, low, high, meets)"


class Point(NamedTuple):
    """A choice: the cost of an hour, a figure with its interval, whether it meets the targets, what it is called."""

    cost: float
    value: float
    low: float
    high: float
    meets: bool
    name: str = ""


def cost_front(
    points: Iterable[Sequence[Any]],
    ax: Axes | None = None,
    *,
    measure: str = "wait.p95",
    bound: float | None = None,
    best: int | None = None,
) -> Axes:
    """Draw the cost of an hour against a figure: every choice, and the line of those that no other beats in both.

    Parameters
    ----------
    points
        (cost, value, low, high, meets) of each choice, with its name as a sixth if it is to be shown; values in seconds
        where the figure is a time.
    ax
        Where to draw; default: a new figure.
    measure
        What the figure is called.
    bound
        What it is to keep to; a line.
    best
        Which of the points is recommended.

    Returns
    -------
    Axes
        x the cost of an hour, y the figure, with a bar over its 95 % interval.

    Raises
    ------
    InputError
        If a point is something else.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> from workersim.plots import cost_front
    >>> points = [(1, 900.0, 850.0, 950.0, False), (2, 12.0, 10.0, 14.0, True)]
    >>> ax = cost_front(points, Figure().add_subplot(), bound=300)
    >>> ax.get_xlabel()
    'cost of an hour'
    """
    found = [_point(at, each) for at, each in enumerate(points)]
    known = [each for each in found if math.isfinite(each.value)]
    ax = axes(ax)
    for meets, colour, marker in ((True, GREEN, "o"), (False, VERMILION, "X")):
        _bars(ax, [each for each in known if each.meets == meets], colour, marker, meets=meets)
    front = _front(known)
    if front:
        ax.plot(
            [each.cost for each in front],
            [each.value for each in front],
            color=BLUE,
            linewidth=1.2,
            drawstyle="steps-post",
            zorder=1,
            label="Pareto front",
        )
    if bound is not None and math.isfinite(bound):
        ax.axhline(bound, color=BLACK, linewidth=1, linestyle=(0, (4, 2)), label="target")
    if best is not None:
        _mark(ax, found[best])
    _finish(ax, known, measure, bound)
    return ax


def _point(at: int, given: Sequence[Any]) -> Point:
    fine = isinstance(given, Sequence) and len(given) in (5, 6)
    if not fine or not all(isinstance(each, Real) and not math.isnan(each) for each in given[:4]):
        msg = f"points[{at}]: expected {_FORM}, found {given!r}"
        raise InputError(msg)
    cost, value, low, high = map(float, given[:4])
    return Point(cost, value, low, high, bool(given[4]), plain(str(given[5])) if len(given) == 6 else "")


def _front(points: list[Point]) -> list[Point]:
    """Return the points that no other one beats in cost and value."""
    front: list[Point] = []
    for point in sorted(points, key=lambda each: (each.cost, each.value)):
        if not front or point.value < front[-1].value:
            front.append(point)
    return front


def _bars(ax: Axes, points: list[Point], colour: str, marker: str, *, meets: bool) -> None:
    if not points:
        return
    value = [each.value for each in points]
    off = [[max(0.0, each.value - each.low) for each in points], [max(0.0, each.high - each.value) for each in points]]
    style: dict[str, Any] = {"color": colour, "capsize": 3, "markersize": 6, "zorder": 3}
    name = "meets the targets" if meets else "misses a target"
    ax.errorbar([each.cost for each in points], value, off, fmt=marker, label=label(name), **style)


def _mark(ax: Axes, point: Point) -> None:
    if math.isfinite(point.value):
        ax.plot(
            [point.cost],
            [point.value],
            "o",
            markersize=14,
            markerfacecolor="none",
            markeredgecolor=BLACK,
            zorder=4,
            label="recommended",
        )


def _finish(ax: Axes, points: list[Point], measure: str, bound: float | None) -> None:
    values = [abs(each.value) for each in points] + ([bound] if bound is not None else [])
    wide = bool(values) and max(values) > 30 * (min((each for each in values if each > 0), default=0) or max(values))
    least = (bound or max(values, default=1.0)) / 100
    if wide:
        # What nobody waits for has no logarithm; below a hundredth of the target the scale is linear.
        ax.set_yscale("symlog", linthresh=least)
        ax.set_ylim(bottom=0)
    if measure.startswith(("wait", "response", "service")):
        unit = unit_for(bound or max(values, default=1.0))
        if wide:
            powers = [unit.seconds * 10.0**power for power in range(-9, 10)]
            shown = [each for each in powers if least <= each <= 2 * max(values)]
            ax.yaxis.set_major_locator(FixedLocator([0.0, *shown]))
            ax.yaxis.set_minor_locator(NullLocator())
            ax.yaxis.set_major_formatter(lambda value, _: format_number(value / unit.seconds, 3))
        else:
            units_on(ax.yaxis, unit)
        ax.set_ylabel(f"{measure} ({unit.name})")
    else:
        ax.set_ylabel(measure)
    ax.set_xlabel("cost of an hour")
    if not points:
        note(ax, "no choice has a figure to show")
    head(ax, "What it costs to wait less")
