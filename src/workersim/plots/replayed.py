"""A replay beside what was observed: the distributions of waits, and queue lengths over time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from workersim.metrics.curves import missing
from workersim.plots.canvas import STYLES, axes, head, label, note
from workersim.plots.clock import time_axis
from workersim.plots.curves import queue_length
from workersim.plots.saving import save
from workersim.runlog.deciding import deciding_rows
from workersim.units import NEVER, SECOND

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from workersim.runlog import RunLog
    from workersim.runlog.schema import Floats

__all__ = ["replayed_queues", "replayed_waits", "save_replay"]


def replayed_waits(replay: Any, ax: Axes | None = None) -> Axes:
    """Draw which share of the jobs waited at most so long: as observed, and as simulated.

    Parameters
    ----------
    replay
        What ``ws.replay`` returns.
    ax
        Where to draw; default: a new figure.

    Returns
    -------
    Axes
        x in seconds, shown in a suitable unit; y from 0 to 1.
    """
    ax = axes(ax)
    longest = 0.0
    for (colour, dashes), (name, log) in zip(STYLES, _logs(replay), strict=False):
        waits = _waits(log)
        if len(waits):
            shares = np.arange(1, len(waits) + 1) / len(waits)
            ax.step(
                np.append(0.0, waits),
                np.append(0.0, shares),
                where="post",
                color=colour,
                linestyle=dashes,
                label=label(name),
            )
            longest = max(longest, float(waits[-1]))
    if not ax.lines:
        note(ax, "no job has started")
    time_axis(ax, longest or 1.0)
    ax.set_xlabel(ax.get_xlabel().replace("time since the start", "wait"))
    ax.set_ylabel("share of jobs that waited at most so long")
    ax.set_ylim(0, 1.02)
    head(ax, "Waits")
    return ax


def replayed_queues(replay: Any, ax: Axes | None = None) -> Axes:
    """Draw how many jobs waited over time: as observed, and as simulated.

    Parameters
    ----------
    replay, ax
        As in ``replayed_waits``.

    Returns
    -------
    Axes
        x in seconds, shown in a suitable unit; y in jobs.
    """
    ax = axes(ax)
    logs = [(name, log) for name, log in _logs(replay) if not missing(log, "queue_length")]
    for name, log in logs:
        queue_length(log, ax, text=name)
    time_axis(ax, max(log.horizon_ns for _, log in logs) / SECOND)
    return ax


def save_replay(replay: Any, name: str) -> None:
    """Write both pictures into one file.

    Parameters
    ----------
    replay
        What ``ws.replay`` returns.
    name
        Ends in ``.png``, ``.svg`` or ``.pdf``.

    Raises
    ------
    InputError
        If it ends otherwise, or cannot be written.
    """

    def draw(figure: Figure) -> None:
        above, below = figure.subplots(2)
        replayed_waits(replay, above)
        replayed_queues(replay, below)

    save(name, (8, 8), draw)


def _logs(replay: Any) -> list[tuple[str, RunLog]]:
    observed = [] if replay.observed_log is None else [("observed", replay.observed_log)]
    return [*observed, ("simulated", replay.log)]


def _waits(log: RunLog) -> Floats:
    rows = deciding_rows(log.attempts, len(log.jobs))
    started = log.attempts.started_ns[rows]
    ran = started < NEVER
    waits: Floats = np.sort((started - log.jobs.arrival_ns)[ran] / SECOND)
    return waits
