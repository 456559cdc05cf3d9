"""Figures of many fleets, and differences between some: each estimate with its interval."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from matplotlib.ticker import FuncFormatter, MaxNLocator

from workersim.errors import InputError
from workersim.plots.canvas import BLACK, BLUE, STYLES, as_written, axes, head, label, note, plain
from workersim.plots.clock import unit_for, units_on
from workersim.units import format_number, format_share, format_size, nearest, shown, told_apart

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis

__all__ = ["differences", "sweep"]

_MOST_LINES = len(STYLES)
_NAME = 1000  # characters of a name at most, as in a scenario
_TIMES = ("wait", "service", "response")
_SHARES = ("utilization", "cpu")


class HasTable(Protocol):
    """What a sweep or a comparison found."""

    def to_frame(self) -> pd.DataFrame:
        """Return it as a table."""


class Swept(HasTable, Protocol):
    """A sweep: its table, and the keys that were varied."""

    @property
    def vary(self) -> tuple[str, ...]:
        """The first columns of the table."""


def sweep(found: Swept, ax: Axes | None = None, *, measure: str = "wait.p95", x: str | None = None) -> Axes:
    """Draw a figure against a key that was varied, with its 95 % intervals.

    Parameters
    ----------
    found
        What ``ws.sweep`` returned.
    ax
        Where to draw; default: a new figure.
    measure
        Path of the figure.
    x
        Path of the key; default: the first one.  Each combination of the others is a line, up to six of them.

    Returns
    -------
    Axes
        y in seconds, shown in a suitable unit, in fractions, or plain.

    Raises
    ------
    InputError
        If there is no such figure or key, or there are more lines than can be told apart.

    Examples
    --------
    >>> import workersim as ws
    >>> from matplotlib.figure import Figure
    >>> ten = ws.Workload(jobs={"document": ws.Job(service="20 min")}, arrivals=[ws.Burst(jobs=10)])
    >>> overload = ws.Scenario(fleet=ws.Fleet(replicas=1, concurrency=4), workload=ten)
    >>> found = ws.sweep(overload, {"fleet.replicas": "1:3"})
    >>> ax = ws.plots.sweep(found, Figure().add_subplot(), measure="wait.max")
    >>> ax.lines[0].get_xydata().tolist()
    [[1.0, 2400.0], [2.0, 1200.0], [3.0, 0.0]]
    """
    frame, keys = found.to_frame(), list(found.vary)
    _ensure_column(measure, [name for name in frame.columns if f"{name}.low" in frame.columns])
    x = keys[0] if x is None else x
    _ensure_column(x, keys)
    others = [key for key in keys if key != x]
    groups = list(frame.groupby(others, sort=False, dropna=False)) if others else [((), frame)]
    if len(groups) > _MOST_LINES:
        msg = f"a plot tells at most {_MOST_LINES} lines apart, found {len(groups)} combinations of {', '.join(others)}"
        raise InputError(msg)
    ax = axes(ax)
    places = _places(frame[x])
    for at, (values, rows) in enumerate(groups):
        name = ", ".join(f"{key.rpartition('.')[2]} {_short(value)}" for key, value in zip(others, values, strict=True))
        _line(ax, [places[value] for value in rows[x]], rows, measure, (*STYLES[at], name or measure))
    _x_axis(ax, x, places)
    _y_axis(ax, measure)
    head(ax, f"{measure}, with 95 % intervals")
    return ax


def differences(found: HasTable, ax: Axes | None = None, *, measure: str = "wait.p95") -> Axes:
    """Draw the difference in a figure between each pair of fleets, with its interval.

    Parameters
    ----------
    found
        What ``ws.compare`` returned.
    ax
        Where to draw; default: a new figure.
    measure
        Path of the figure.

    Returns
    -------
    Axes
        x the difference, second minus first; a row a pair.

    Raises
    ------
    InputError
        If there is no such figure.
    """
    frame = found.to_frame()
    _ensure_column(measure, list(dict.fromkeys(frame["measure"])))
    rows = frame[frame["measure"] == measure]
    ax = axes(ax, height_in=1.6 + 0.5 * len(rows))
    means, low, high = (rows[name].to_numpy(dtype=float) for name in ("mean", "low", "high"))
    y = np.arange(len(rows))
    off = np.nan_to_num([means - low, high - means])
    style: dict[str, Any] = {"color": BLUE, "markerfacecolor": "white", "markersize": 6, "capsize": 4}
    ax.errorbar(means, y, xerr=off, fmt="o", label="mean difference, 95 % interval", **style)
    ax.axvline(0, color=BLACK, linewidth=1.0, zorder=1)
    ax.set_yticks(y, [_of_two(a, b) for a, b in zip(rows["a"], rows["b"], strict=True)])
    for text in ax.get_yticklabels():
        as_written(text)
    ax.set_ylim(len(rows) - 0.5, -0.5)
    if not np.isfinite(means).any():
        note(ax, "there is nothing to compare")
    most = float(np.nanmax(np.abs([low, high, means]), initial=0.0))
    ax.set_xlabel(f"difference in {_named_axis(ax.xaxis, measure, most)}")
    head(ax, f"Difference in {measure}")
    return ax


def _of_two(a: str, b: str) -> str:
    first, second = told_apart([plain(a, _NAME), plain(b, _NAME)], 30)
    return f"{second}\nminus {first}"


def _ensure_column(name: str, names: list[str]) -> None:
    if name not in names:
        msg = f"there is no {shown(name)} in this table{nearest(name, names)}"
        raise InputError(msg)


def _places(values: Iterable[Any]) -> dict[Any, float]:
    """Return where on the x-axis values stand: numbers where they are, texts one after the other."""
    held = list(dict.fromkeys(values))
    if all(isinstance(value, int | float) or hasattr(value, "item") for value in held):
        return {value: float(value) for value in held}
    return {value: float(at) for at, value in enumerate(held)}


def _line(ax: Axes, x: list[float], rows: pd.DataFrame, measure: str, look: tuple[str, Any, str]) -> None:
    colour, dashes, name = look
    order = np.argsort(x, kind="stable")
    at = np.array(x)[order]
    mean, low, high = (rows[f"{measure}{end}"].to_numpy(dtype=float)[order] for end in ("", ".low", ".high"))
    ax.plot(at, mean, color=colour, linestyle=dashes, linewidth=1.6, marker="o", markersize=4, label=label(name))
    ax.fill_between(at, low, high, color=colour, alpha=0.2, linewidth=0)
    wide = high > low
    if wide.any():
        # A band alone cannot be seen at a point that stands apart.
        off = np.maximum([(mean - low)[wide], (high - mean)[wide]], 0)
        ax.errorbar(at[wide], mean[wide], off, fmt="none", ecolor=colour, capsize=3, elinewidth=1.0)


def _x_axis(ax: Axes, key: str, places: dict[Any, float]) -> None:
    ax.set_xlabel(key)
    if any(isinstance(value, str) for value in places):
        ax.set_xticks(list(places.values()), [plain(str(value), 24) for value in places])
        for text in ax.get_xticklabels():
            as_written(text)
    elif all(float(value).is_integer() for value in places.values()):
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))


def _y_axis(ax: Axes, measure: str) -> None:
    top = float(ax.dataLim.y1)
    top = 1.08 * top if math.isfinite(top) and top > 0 else 1.0
    ax.set_ylim(-0.02 * top, top)
    ax.set_ylabel(_named_axis(ax.yaxis, measure, top))


def _named_axis(axis: Axis, measure: str, most: float) -> str:
    """Make an axis read in the unit of a figure, and return what to call it."""
    kind = measure.partition(".")[0]
    if kind in _TIMES:
        unit = unit_for(most)
        units_on(axis, unit)
        return f"{measure} ({unit.name})"
    if (write := _writer(kind)) is not None:
        axis.set_major_formatter(FuncFormatter(lambda value, _: write(value)))
    return measure


def _writer(kind: str) -> Callable[[float], str] | None:
    return format_share if kind in _SHARES else format_size if kind == "memory" else None


def _short(value: Any) -> str:
    return format_number(float(value), 6) if isinstance(value, int | float) or hasattr(value, "item") else str(value)
