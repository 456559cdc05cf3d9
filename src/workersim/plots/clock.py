"""An axis of seconds that reads in the unit people would use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from matplotlib.ticker import FuncFormatter, MaxNLocator

from workersim.units import format_number

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis

__all__ = ["TimeLocator", "Unit", "time_axis", "unit_for", "units_on"]

_TENS = (1, 2, 5, 10)
_DOZENS = (1, 2, 3, 6, 10)  # 3 or 6 hours, where a day is to be seen


class Unit(NamedTuple):
    """A unit of time: its name, and its length in seconds."""

    name: str
    seconds: float


_UNITS = (
    Unit("days", 86400.0),
    Unit("h", 3600.0),
    Unit("min", 60.0),
    Unit("s", 1.0),
    Unit("ms", 1e-3),
    Unit("µs", 1e-6),
    Unit("ns", 1e-9),
)


def unit_for(span_s: float) -> Unit:
    """Return the largest unit of which a span has three or more; seconds for no span at all."""
    if not span_s > 0:
        return _UNITS[3]
    return next((unit for unit in _UNITS if span_s >= 3 * unit.seconds), _UNITS[-1])


class TimeLocator(MaxNLocator):
    """Ticks for an axis of seconds, at instants that are round in a unit."""

    def __init__(self, unit: Unit, nbins: Any = "auto") -> None:
        super().__init__(nbins=nbins, steps=_TENS)
        self._unit = unit

    def tick_values(self, vmin: float, vmax: float) -> Any:
        """Return the instants of the ticks between two, in seconds."""
        low, high = vmin / self._unit.seconds, vmax / self._unit.seconds
        self.set_params(steps=_DOZENS if self._unit.name == "h" and abs(high - low) > 9 else _TENS)
        return np.asarray(super().tick_values(low, high)) * self._unit.seconds


def units_on(axis: Axis, unit: Unit) -> None:
    """Make an axis of seconds read in a unit."""
    axis.set_major_locator(TimeLocator(unit))
    axis.set_major_formatter(FuncFormatter(lambda value, _: format_number(value / unit.seconds, 6)))


def time_axis(ax: Axes, end_s: float, *, from_s: float = 0.0) -> None:
    """Make x the time of a run, up to its end or to that of a longer one drawn before."""
    drawn = float(ax.dataLim.x1)
    end_s = max(end_s, drawn) if np.isfinite(drawn) else end_s
    span_s = end_s - from_s if end_s > from_s else 1.0
    unit = unit_for(end_s - from_s)
    units_on(ax.xaxis, unit)
    ax.set_xlim(from_s, from_s + span_s)
    ax.set_xlabel(f"time since the start ({unit.name})")
