"""Quantities over time: every step at its instant, closed at the horizon, the mean marked."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from matplotlib.patheffects import withStroke
from matplotlib.ticker import FuncFormatter, MaxNLocator

from workersim import metrics
from workersim.metrics.curves import missing
from workersim.plots import bands
from workersim.plots.canvas import BLACK, ORANGE, SKY, STYLES, axes, head, label, plain
from workersim.plots.clock import time_axis
from workersim.plots.steps import draw, drawn, stack
from workersim.plots.subject import subject
from workersim.units import SECOND, format_duration, format_number, format_share, format_size

if TYPE_CHECKING:
    from collections.abc import Callable

    from matplotlib.axes import Axes

    from workersim.metrics import StepFunction
    from workersim.plots.subject import Run, Subject

__all__ = ["busy_slots", "called", "finish", "line_of", "over_time", "queue_length", "utilization"]

_DENSE = 1000  # steps; more of them run into one another
_STRETCHES = 100  # at most
_ROUND_S = (1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 604800)
_CASED = [withStroke(linewidth=3.2, foreground="white")]  # a line on top of a block of its own colour
_BELOW = 0.02  # of the height: a line at zero must not hide behind the axis


class _Look(NamedTuple):
    """How a quantity is called, its axis, and how its values are written."""

    title: str
    axis: str
    write: Callable[[float], str]


def _counted(one: str) -> Callable[[float], str]:
    return lambda value: f"{(text := format_number(value))} {one}{'s' * (text != '1')}"


_LOOKS = {
    "queue_length": _Look("Queue length", "jobs waiting", _counted("job")),
    "visible": _Look("Visible in the queue", "jobs waiting, received by no worker", _counted("job")),
    "reserved": _Look("Reserved by workers", "jobs waiting in a worker", _counted("job")),
    "running": _Look("Running attempts", "attempts in a slot", _counted("attempt")),
    "busy": _Look("Busy slots", "slots", _counted("slot")),
    "slots": _Look("Slots that are up", "slots", _counted("slot")),
    "utilization": _Look("Utilization of slots", "busy ÷ up slots (%)", format_share),
    "cpu": _Look("CPU in use", "vCPUs in use ÷ up (%)", format_share),
    "memory": _Look("Memory reserved", "memory", format_size),
    "cost": _Look("Price of the fleet", "cost of an hour (base costs)", format_number),
    "vcpus": _Look("vCPUs that are up", "vCPUs", _counted("vCPU")),
    "replicas": _Look("Replicas that are ready", "replicas", _counted("replica")),
    "starting": _Look("Replicas that start", "replicas", _counted("replica")),
    "draining": _Look("Replicas that drain", "replicas", _counted("replica")),
}
_IN_MONEY = _Look("Price of the fleet", "cost of an hour", format_number)


def queue_length(run: Run, ax: Axes | None = None, *, queue: str | None = None, text: str | None = None) -> Axes:
    """Draw how many jobs wait over time.

    Parameters
    ----------
    run
        A result, or a run log.
    ax
        Where to draw, also on top of another run; default: a new figure.
    queue
        Only the jobs of this queue.
    text
        What the legend calls the run; default: the name of its scenario.

    Returns
    -------
    Axes
        x in seconds, shown in a suitable unit; y in jobs.  Where workers reserve jobs ahead, these are
        told apart from the visible ones.

    Raises
    ------
    LogError
        If there is no such queue, or an observed log does not hold when jobs started.

    Examples
    --------
    >>> import workersim as ws
    >>> from matplotlib.figure import Figure
    >>> ten = ws.Workload(jobs={"document": ws.Job(service="20 min")}, arrivals=[ws.Burst(jobs=10)])
    >>> overload = ws.run(ws.Scenario(name="overload", fleet=ws.Fleet(replicas=1, concurrency=4), workload=ten))
    >>> ax = ws.plots.queue_length(overload, Figure().add_subplot())
    >>> ax.lines[0].get_xydata().tolist()
    [[0.0, 6.0], [1200.0, 2.0], [2400.0, 0.0], [3600.0, 0.0]]
    """
    about = subject(run)
    curve = metrics.over_time(about.log, "queue_length", queue=queue)
    ax = axes(ax)
    stacked = not drawn(ax) and _reserved_apart(ax, about, curve, queue)
    if queue is None:
        _interval(ax, about, "queue_length")
    line_of(ax, about, curve, "queue_length", text=text, fill=not stacked)
    return finish(ax, about, "queue_length")


def utilization(
    run: Run,
    ax: Axes | None = None,
    *,
    replica: int | None = None,
    service: str | None = None,
    text: str | None = None,
) -> Axes:
    """Draw which share of the slots that are up is busy over time, before the guide's four bands.

    Parameters
    ----------
    run, ax, text
        As in ``queue_length``.
    replica, service
        Only this replica, or only those of this service.

    Returns
    -------
    Axes
        x in seconds, shown in a suitable unit; y from 0 to 1, shown in percent; a gap where no slot is up.

    Raises
    ------
    LogError
        If there is no such replica or service, or an observed log does not hold its fleet.
    """
    about = subject(run)
    curve = metrics.over_time(about.log, "utilization", replica=replica, service=service)
    ax = axes(ax)
    bands.across(ax)
    if replica is None and service is None:
        _interval(ax, about, "utilization")
    line_of(ax, about, curve, "utilization", text=called(about, service, text), fill=False)
    finish(ax, about, "utilization")
    ax.set_ylim(-_BELOW, 1 + _BELOW)
    return ax


def busy_slots(
    run: Run,
    ax: Axes | None = None,
    *,
    replica: int | None = None,
    service: str | None = None,
    text: str | None = None,
) -> Axes:
    """Draw how many slots are busy, and how many are up, over time.

    Parameters
    ----------
    run, ax, replica, service, text
        As in ``utilization``.

    Returns
    -------
    Axes
        x in seconds, shown in a suitable unit; y in slots.

    Raises
    ------
    LogError
        If there is no such replica or service, or an observed log does not hold its fleet.
    """
    about = subject(run)
    up = metrics.over_time(about.log, "slots", replica=replica, service=service)
    busy = metrics.over_time(about.log, "busy", replica=replica, service=service)
    ax = axes(ax)
    line_of(ax, about, busy, "busy", text=called(about, service, text))
    draw(ax, up, color=BLACK, linestyle=(0, (4, 2)), linewidth=1.3, label="slots that are up")
    return finish(ax, about, "busy")


def over_time(
    run: Run,
    name: str,
    ax: Axes | None = None,
    *,
    text: str | None = None,
    **only: Any,
) -> Axes:
    """Draw any curve of a run over time.

    Parameters
    ----------
    run, ax, text
        As in ``queue_length``.
    name
        As in ``metrics.over_time``: ``memory``, ``cost``, ``cpu``, ``visible``, …
    **only
        ``queue``, ``replica`` and ``service``, as there.

    Returns
    -------
    Axes
        x in seconds, shown in a suitable unit; y in jobs, slots, bytes, fractions, or the price of an hour.

    Raises
    ------
    LogError
        If there is no such curve, queue, replica or service, or the log does not hold what it is made of.
    """
    about = subject(run)
    curve = metrics.over_time(about.log, name, **only)
    ax = axes(ax)
    if not any(value is not None for value in only.values()):
        _interval(ax, about, name)
    line_of(ax, about, curve, name, text=called(about, only.get("service"), text))
    return finish(ax, about, name)


def called(about: Subject, service: str | None, text: str | None) -> str | None:
    """Return what a legend calls a curve of one service; None: as the run."""
    return text if text is not None or service is None else f"{service} in {about.name}"


def _look(about: Subject, name: str) -> _Look:
    return _IN_MONEY if name == "cost" and bool(about.log.fleet.vcpu_price.any()) else _LOOKS[name]


def line_of(ax: Axes, about: Subject, curve: StepFunction, name: str, *, text: str | None, fill: bool = True) -> None:
    """Draw a curve in the next style, dense ones with means of stretches, and mark its mean."""
    colour, dashes = STYLES[drawn(ax) % len(STYLES)]
    name_of = label(plain(text or about.name))
    if len(curve) > _DENSE:
        draw(ax, curve, color=colour, linewidth=0.4, alpha=0.45, label=name_of)
        _stretches(ax, curve, colour)
    else:
        width = 1.7 if len(curve) <= _DENSE / 5 else 1.0
        draw(ax, curve, fill=fill, color=colour, linestyle=dashes, linewidth=width, label=name_of)
    _mean(ax, about, curve, _look(about, name), colour)


def _stretches(ax: Axes, curve: StepFunction, colour: str) -> None:
    """Draw the means of short stretches of time, exactly, where the steps themselves run into one another."""
    least_s = curve.end_s / _STRETCHES
    stretch_s = next((each for each in _ROUND_S if least_s <= each <= 5 * least_s), least_s)
    cuts = [*(round(at) for at in np.arange(0, curve.end_ns, stretch_s * SECOND)), curve.end_ns]
    means = [curve.between_ns(begin, end).mean() for begin, end in pairwise(cuts)]
    times = np.array(cuts) / SECOND
    style: dict[str, Any] = {"color": colour, "linewidth": 1.6, "path_effects": _CASED}
    name = label(f"mean of every {format_duration(stretch_s)}")
    ax.plot(times, [*means, means[-1]], drawstyle="steps-post", label=name, **style)


def finish(ax: Axes, about: Subject, name: str) -> Axes:
    """Label the axes of curves over time."""
    _warm_up(ax, about)
    time_axis(ax, about.log.horizon_ns / SECOND)
    _values(ax, _look(about, name))
    head(ax, _look(about, name).title)
    return ax


def _reserved_apart(ax: Axes, about: Subject, curve: StepFunction, queue: str | None) -> bool:
    """Fill what is below the queue length by where the jobs wait; not if no worker ever reserves one."""
    if missing(about.log, "reserved"):
        return False
    reserved = metrics.over_time(about.log, "reserved", queue=queue)
    if reserved.max() == 0:
        return False
    below = {"facecolor": ORANGE, "edgecolor": "white", "hatch": "////", "label": "reserved by a worker"}
    above = {"facecolor": SKY, "alpha": 0.35, "label": "visible in the queue"}
    stack(ax, (reserved, curve), (below | {"linewidth": 0}, above | {"linewidth": 0}))
    return True


def _mean(ax: Axes, about: Subject, curve: StepFunction, look: _Look, colour: str) -> None:
    """Mark the mean over the window of the figures, which leave out the warm-up."""
    counted = curve.between_ns(about.warm_up_ns, about.log.horizon_ns)
    mean = counted.mean()
    if math.isnan(mean):
        return
    # Behind single steps, but on top of a block of them.
    style: dict[str, Any] = {"path_effects": _CASED} if len(curve) > _DENSE else {"zorder": 1.9}
    style |= {"color": colour, "linestyle": (0, (2, 2)), "linewidth": 1.2, "label": label(f"mean {look.write(mean)}")}
    ax.plot((counted.start_s, counted.end_s), (mean, mean), **style)


def _interval(ax: Axes, about: Subject, name: str) -> None:
    """Shade where the mean lies over all replications, of which the curve shows the first."""
    ends = about.interval(f"{name}.mean")
    if ends is not None:
        colour, _ = STYLES[drawn(ax) % len(STYLES)]
        window_s = (about.warm_up_ns / SECOND, about.log.horizon_ns / SECOND)
        called = label("95 % interval of the mean over replications")
        ax.fill_between(window_s, *ends, color=colour, alpha=0.25, linewidth=0, zorder=1.8, label=called)


def _warm_up(ax: Axes, about: Subject) -> None:
    if about.warm_up_ns:
        until, name = about.warm_up_ns / SECOND, "warm-up, not in the mean"
        ax.axvspan(0, until, facecolor="0.93", edgecolor="0.75", hatch="..", linewidth=0, zorder=0, label=name)


def _values(ax: Axes, look: _Look) -> None:
    ax.set_ylabel(look.axis)
    if look.write in (format_share, format_size, format_number):
        ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: look.write(value)))
    else:
        ax.yaxis.set_major_locator(MaxNLocator(integer=True, nbins="auto"))
        ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    top = max(1.08 * float(ax.dataLim.y1), 0.05 if look.write is format_share else 1.0)
    ax.set_ylim(-_BELOW * top, top)
