"""The pictures of the explorer, as plain dictionaries that Plotly draws."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from workersim import theory
from workersim.plots.steps import kept
from workersim.runlog.places import slots_of
from workersim.units import SECOND, format_duration

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workersim.experiments.result import Result

__all__ = ["animation", "curve", "queue", "waits"]

_BLUE, _SKY, _ORANGE, _VERMILION, _GREY = "#0072b2", "#56b4e9", "#e69f00", "#d55e00", "#6b747d"
_UNITS = (("days", 86400.0), ("h", 3600.0), ("min", 60.0), ("s", 1.0), ("ms", 1e-3))
_COLUMNS = 500  # of a picture of steps
_MOST_ATTEMPTS, _MOST_SLOTS = 600, 120
_FIGURES = (("mean", "mean"), ("p50", "half<br>at most"), ("p95", "95 of 100<br>at most"), ("max", "longest"))
_HIGHEST = 0.985


def waits(result: Result) -> dict[str, Any]:
    """Return mean and quantiles of the wait with their intervals."""
    wait = result.metrics["wait"]
    known = [(name, label) for name, label in _FIGURES if wait[name] is not None]
    intervals = [_interval(wait, name) for name, _ in known]
    unit, seconds = _unit(max([high for _, high in intervals], default=0.0))
    values = [wait[name] for name, _ in known]
    bars: dict[str, Any] = {
        "type": "bar",
        "x": [f"{label}<br>{format_duration(value)}" for (_, label), value in zip(known, values, strict=True)],
        "y": [value / seconds for value in values],
        "marker": {"color": [_BLUE, _SKY, _ORANGE, _VERMILION][: len(known)]},
    }
    if "interval" in wait:
        bars["error_y"] = {
            "type": "data",
            "symmetric": False,
            "array": [(high - value) / seconds for value, (_, high) in zip(values, intervals, strict=True)],
            "arrayminus": [(value - low) / seconds for value, (low, _) in zip(values, intervals, strict=True)],
            "color": "#16191d",
        }
    figure = _figure([bars], "Wait, with 95% intervals" if "interval" in wait else "Wait", "", f"wait ({unit})")
    figure["layout"]["xaxis"]["tickangle"] = 0
    return figure


def queue(result: Result) -> dict[str, Any]:
    """Return the queue length of replication 0 over time; what workers have reserved is told apart."""
    reserved, total = result.over_time("reserved"), result.over_time("queue_length")
    unit, seconds = _unit(total.end_s)
    visible = _steps(result.over_time("visible"), seconds, "visible", _SKY)
    parts = [visible]
    if reserved.max() > 0:
        parts = [_steps(reserved, seconds, "reserved by a worker", _ORANGE), visible]
        for part in parts:
            part["stackgroup"] = "jobs"
    else:
        visible["fill"] = "tozeroy"
    figure = _figure(parts, "Queue length over time (one run)", f"time ({unit})", "jobs waiting")
    figure["layout"]["yaxis"]["rangemode"] = "tozero"
    figure["layout"]["showlegend"] = len(parts) > 1
    return figure


def curve(result: Result) -> dict[str, Any]:
    """Return the mean wait against utilization in theory, and where this run is."""
    metrics, fleet = result.metrics, result.scenario.fleet
    service, wait, used = metrics["service"]["mean"], metrics["wait"]["mean"], metrics["utilization"]["mean"]
    lines: list[dict[str, Any]] = []
    unit = "services"
    top = 2.0
    if fleet.slots and service:
        cv = round(metrics["service"]["std"] / service, 2)
        at, waits = _theory(fleet.slots, cv)
        name = f"steady arrivals, {fleet.slots} slots, service cv {cv:g}"
        lines.append({"x": at, "y": waits, "mode": "lines", "name": name, "line": {"color": _GREY}})
        top = float(np.interp(0.95, at, waits))
    if service and wait is not None and used is not None:
        low, high = _interval(metrics["wait"], "mean")
        top = max(top, high / service)
        here: dict[str, Any] = {
            "x": [used],
            "y": [wait / service],
            "mode": "markers+text",
            "name": "you are here",
            "text": ["you are here"],
            "textposition": "top left" if used > 0.5 else "top right",
            "marker": {"color": _VERMILION, "size": 13},
            "error_y": {"type": "data", "symmetric": False, "array": [(high - wait) / service]},
        }
        here["error_y"]["arrayminus"] = [(wait - low) / service]
        lines.append(here)
    figure = _figure(
        lines, "Wait and utilization (line: theory if steady)", "utilization of slots", f"mean wait ({unit})"
    )
    figure["layout"]["xaxis"] |= {"range": [0, 1.02], "tickformat": ".0%"}
    figure["layout"]["yaxis"]["range"] = [0, 1.15 * top or 1.0]
    return figure


def animation(result: Result) -> dict[str, Any]:
    """Return what the page moves through: the attempts of replication 0, if they can be told apart.

    Returns
    -------
    dict
        ``slots`` of each replica, ``end`` in seconds, and ``rows`` of job, published, reserved, started,
        finished (seconds, null if it did not happen), replica, slot.  Or a ``note`` why there are none.
    """
    log, attempts = result.log, result.log.attempts
    slots = slots_of(log)
    if sum(slots.values()) > _MOST_SLOTS:
        return {"note": f"{sum(slots.values()):,} slots are more than can be shown one by one.", "rows": []}
    first = np.argsort(attempts.published_ns, kind="stable")[:_MOST_ATTEMPTS]
    columns = (attempts.published_ns, attempts.reserved_ns, attempts.started_ns, attempts.finished_ns)
    times = [_known(column[first], log.horizon_ns) for column in columns]
    places = [column[first].tolist() for column in (attempts.replica, attempts.slot)]
    end_ns, note = log.horizon_ns, ""
    if len(attempts) > _MOST_ATTEMPTS:
        end_ns = int(attempts.published_ns[first[-1]])
        note = f"The first {_MOST_ATTEMPTS} of {len(attempts):,} attempts."
    rows = [list(row) for row in zip(attempts.job[first].tolist(), *times, *places, strict=True)]
    return {
        "slots": [slots.get(replica, 0) for replica in range(max(slots, default=-1) + 1)],
        "end": end_ns / SECOND,
        "rows": rows,
        "note": note,
    }


def _known(instants_ns: Any, horizon_ns: int) -> list[float | None]:
    return [each / SECOND if each <= horizon_ns else None for each in instants_ns.tolist()]


def _steps(steps: Any, seconds: float, name: str, colour: str) -> dict[str, Any]:
    times, values = steps.points()
    rows = kept(times, values, _COLUMNS)
    line = {"shape": "hv", "color": colour, "width": 1.5}
    return {
        "x": (times[rows] / seconds).tolist(),
        "y": values[rows].tolist(),
        "mode": "lines",
        "line": line,
        "name": name,
    }


@lru_cache(maxsize=256)
def _theory(slots: int, cv: float) -> tuple[list[float], list[float]]:
    """Return utilizations, and the mean waits there in multiples of a service."""
    at = np.concatenate([np.linspace(0.0, 0.9, 46), np.linspace(0.91, _HIGHEST, 16)]).tolist()
    return at, [theory.mgc(slots=slots, rate=each * slots, service=1.0, cv=cv).wait_mean_s for each in at]


def _interval(block: dict[str, Any], name: str) -> Sequence[float]:
    value, interval = block[name], block.get("interval", {}).get(name)
    return (max(0.0, interval[0]), interval[1]) if interval else (value, value)


def _unit(span_s: float) -> tuple[str, float]:
    return next(((name, seconds) for name, seconds in _UNITS if span_s >= 2 * seconds), ("s", 1.0))


def _figure(data: list[dict[str, Any]], title: str, x: str, y: str) -> dict[str, Any]:
    axis = {"gridcolor": "#dfe3e7", "zerolinecolor": "#b8bfc6", "automargin": True}
    layout = {
        "title": {"text": title, "font": {"size": 15}, "x": 0.02},
        "xaxis": {"title": {"text": x}, **axis},
        "yaxis": {"title": {"text": y}, **axis},
        "margin": {"l": 55, "r": 20, "t": 45, "b": 50},
        "showlegend": False,
        "paper_bgcolor": "white",
        "plot_bgcolor": "white",
        "font": {"family": "system-ui, sans-serif", "color": "#16191d"},
        "uirevision": title,
    }
    return {"data": data, "layout": layout}
