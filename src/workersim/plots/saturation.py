"""Why a fleet must not be full: the wait against utilization, in theory and as simulated."""

from __future__ import annotations

import math
from collections.abc import Iterable
from numbers import Real
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from matplotlib.ticker import PercentFormatter

from workersim import theory
from workersim.errors import InputError
from workersim.metrics import figures
from workersim.plots import bands
from workersim.plots.canvas import BLACK, STYLES, axes, head, label
from workersim.plots.clock import unit_for, units_on
from workersim.plots.subject import duration
from workersim.runlog import RunLog
from workersim.units import format_duration, format_number, shown

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from workersim.plots.subject import Amount
    from workersim.runlog.schema import Floats

__all__ = ["utilization_curve"]

_UTILIZATIONS = np.concatenate([np.linspace(0, 0.9, 91), 1 - np.geomspace(0.1, 1e-4, 90)[1:]])
_TUPLES = "(utilization, wait) or (utilization, wait, low, high)"
_TOP = 0.95  # the wait at this utilization is still on the plot


class _Point(NamedTuple):
    """A simulated run: utilization, and its mean wait with an interval, in the unit of the axis."""

    utilization: float
    wait: float
    low: float
    high: float


def utilization_curve(
    points: Iterable[Any] | None = None,
    ax: Axes | None = None,
    *,
    slots: int | Iterable[int] = (4, 12, 40),
    cv: float = 1.0,
    service_s: Amount | None = None,
) -> Axes:
    """Draw the mean wait against utilization: a curve from theory for each fleet, and simulated points on them.

    Parameters
    ----------
    points
        Results, run logs, or (utilization, wait) or (utilization, wait, low, high), utilization from 0 to 1.
    ax
        Where to draw; default: a new figure.
    slots
        Sizes of fleets, a curve each.
    cv
        Coefficient of variation of the service: 1 gives M/M/c, which is exact, any other M/G/c, which is an
        approximation and said to be one (but for one slot).
    service_s
        Mean service, in seconds or a text such as ``'20 min'``; the waits of tuples are then in seconds too.
        Default: waits are shown in multiples of the mean service, and those of tuples are such multiples.

    Returns
    -------
    Axes
        x from 0 to 1, shown in percent; y in multiples of the mean service, or in seconds, shown in a suitable unit.

    Raises
    ------
    InputError
        If an argument is out of its range, or a point has no utilization or no wait.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> from workersim.plots import utilization_curve
    >>> ax = utilization_curve([(0.8333, 0.98)], Figure().add_subplot(), slots=4)
    >>> ax.get_ylabel()
    'mean wait ÷ mean service'
    """
    scale_s = None if service_s is None else duration("service_s", service_s).seconds
    if scale_s == 0:
        msg = "service_s must be longer than nothing"
        raise InputError(msg)
    sizes = list(slots) if isinstance(slots, Iterable) else [slots]
    found = [_point(at, each, scale_s) for at, each in enumerate(points or ())]
    curves = [_wait(size, cv, scale_s, _UTILIZATIONS) for size in sizes]
    ax = axes(ax)
    bands.upright(ax)
    for at, (size, curve) in enumerate(zip(sizes, curves, strict=True)):
        colour, dashes = STYLES[at % len(STYLES)]
        ax.plot(_UTILIZATIONS, curve, color=colour, linestyle=dashes, linewidth=1.8, label=label(_model(size, cv)))
    _simulated(ax, found)
    highest = [float(np.interp(_TOP, _UTILIZATIONS, curve)) for curve in curves]
    _finish(ax, 1.1 * max([*highest, *(point.high for point in found)], default=1.0), scale_s)
    return ax


def _wait(slots: int, cv: float, service_s: float | None, utilizations: Floats) -> Floats:
    """Return the mean waits in seconds, or in services if nobody says how long one takes."""
    service = 1.0 if service_s is None else service_s
    loads = [float(each) * slots / service for each in utilizations]
    return np.array([theory.mgc(slots=slots, rate=rate, service=service, cv=cv).wait_mean_s for rate in loads])


def _model(slots: int, cv: float) -> str:
    count = f"{slots:,} slot{'s' * (slots != 1)}"
    if cv == 1:
        return f"{count}: M/M/{slots}"
    return f"{count}: M/G/{slots}, cv {format_number(cv)}{', approximation' * (slots > 1)}"


def _point(at: int, given: Any, service_s: float | None) -> _Point:
    if isinstance(given, tuple):
        return _given(at, given)
    tree: Any = figures(given) if isinstance(given, RunLog) else getattr(given, "metrics", None)
    if tree is None:
        msg = f"points[{at}]: expected a result, a run log or {_TUPLES}, found {shown(given)}"
        raise InputError(msg)
    utilization, wait, service = tree["utilization"]["mean"], tree["wait"]["mean"], tree["service"]["mean"]
    if utilization is None or wait is None or (service_s is None and not service):
        msg = f"points[{at}]: this run has no utilization, no wait or no service to show"
        raise InputError(msg)
    interval = tree["wait"].get("interval", {}).get("mean") or (wait, wait)
    unit = service if service_s is None else 1.0
    return _Point(utilization, *(each / unit for each in (wait, *interval)))


def _given(at: int, numbers: tuple[Any, ...]) -> _Point:
    fine = len(numbers) in (2, 4) and all(isinstance(each, Real) and math.isfinite(each) for each in numbers)
    if not fine or not 0 <= numbers[0] <= 1 or numbers[1] < 0:
        msg = f"points[{at}]: expected {_TUPLES}, a utilization from 0 to 1 and waits from 0 on, found {numbers!r}"
        raise InputError(msg)
    utilization, wait, low, high = numbers if len(numbers) == 4 else (*numbers, *numbers[1:], *numbers[1:])
    return _Point(float(utilization), float(wait), float(low), float(high))


def _simulated(ax: Axes, points: list[_Point]) -> None:
    if not points:
        return
    x, wait, low, high = np.array(points).T
    # A bar over several runs may lie beside a mean that somebody else worked out.
    off = np.maximum([wait - low, high - wait], 0)
    style: dict[str, Any] = {
        "color": BLACK,
        "markerfacecolor": "white",
        "markersize": 6,
        "capsize": 3,
        "elinewidth": 1.2,
    }
    with_bars = bool(off.any())
    name = "simulated" + (", 95% interval" if with_bars else "")
    ax.errorbar(x, wait, off if with_bars else None, fmt="o", zorder=4, label=name, **style)


def _finish(ax: Axes, top: float, service_s: float | None) -> None:
    ax.set_xlim(0, 1)
    ax.set_ylim(-0.02 * (top or 1.0), top or 1.0)
    ax.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    ax.set_xlabel("utilization (busy ÷ up slots, %)")
    if service_s is None:
        ax.set_ylabel("mean wait ÷ mean service")
    else:
        unit = unit_for(top)
        units_on(ax.yaxis, unit)
        ax.set_ylabel(f"mean wait ({unit.name}), service {format_duration(service_s)}")
    head(ax, "Wait and utilization", above=bands.NAMES)
