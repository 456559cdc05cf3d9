"""Which slot did what, and when."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.collections import PolyCollection

from workersim.errors import InputError, LogError
from workersim.plots.canvas import (
    BLACK,
    BLUE,
    GREEN,
    ORANGE,
    PURPLE,
    SKY,
    SMALL,
    VERMILION,
    YELLOW,
    axes,
    head,
    note,
    plain,
)
from workersim.plots.clock import time_axis
from workersim.plots.replicas import chosen, name_of
from workersim.plots.subject import duration, subject
from workersim.runlog import Cause, Kind, Outcome
from workersim.units import NEVER, SECOND, format_duration

if TYPE_CHECKING:
    from collections.abc import Iterable

    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from workersim.plots.subject import Amount, Run
    from workersim.runlog import RunLog
    from workersim.runlog.schema import Ints

__all__ = ["slots"]

_MOST_ATTEMPTS = 2000  # more bars than that are narrower than the lines around them
_MOST_NUMBERS = 60
_NARROW = 0.04  # of the plot: no room for a number
_GAP, _HEIGHT, _BESIDE = 0.6, 0.8, 0.17

_KINDS: dict[str, dict[str, Any]] = {
    "idle": {"facecolor": "0.9", "edgecolor": "0.9", "linewidth": 0},
    "CPU": {"facecolor": BLUE, "edgecolor": BLUE, "linewidth": 0},
    "I/O": {"facecolor": SKY, "edgecolor": "white", "hatch": "////", "linewidth": 0},
    "busy": {"facecolor": GREEN, "edgecolor": "white", "hatch": "....", "linewidth": 0},
}
_STATES: dict[Cause, dict[str, Any]] = {
    Cause.STARTING: {"facecolor": YELLOW, "edgecolor": "0.55", "hatch": "....", "alpha": 0.45},
    Cause.DRAINING: {"facecolor": ORANGE, "alpha": 0.25},
    Cause.DOWN: {"facecolor": "none", "edgecolor": "0.85", "hatch": "xx"},
}
# Shape and colour tell apart how attempts ended that did not end well.
_ENDS: dict[Outcome, tuple[str, str]] = {
    Outcome.FAILED: ("X", VERMILION),
    Outcome.RETRIED: ("o", ORANGE),
    Outcome.TIMED_OUT: ("s", PURPLE),
    Outcome.LOST: ("D", BLACK),
}


@dataclass(frozen=True)
class _Chart:
    """What is shown: the part of the run, and the row of each slot of each replica."""

    log: RunLog
    start_ns: int
    end_ns: int
    first: dict[int, float]
    counts: dict[int, int]

    def bars(self, replica: Ints, slot: Ints, started_ns: Ints, stopped_ns: Ints) -> NDArray[np.float64]:
        """Return the corners of a bar for each stretch of time, cut to the window: (n, 4, 2)."""
        row = np.array([self.first[int(each)] for each in replica]) + slot
        left = np.clip(started_ns, self.start_ns, self.end_ns) / SECOND
        right = np.clip(stopped_ns, self.start_ns, self.end_ns) / SECOND
        top, bottom = row - _HEIGHT / 2, row + _HEIGHT / 2
        corners = np.array([[left, top], [right, top], [right, bottom], [left, bottom]])
        return corners.transpose(2, 0, 1)[right > left]


def slots(
    run: Run,
    ax: Axes | None = None,
    *,
    from_s: Amount = 0.0,
    to_s: Amount | None = None,
    replicas: Iterable[int | tuple[str, int]] | str | None = None,
    max_rows: int = 48,
) -> Axes:
    """Draw what each slot did: a row a slot, by replica, with CPU, I/O and idle time told apart.

    Marks at the ends of attempts say how they ended if not well, and the background where a replica starts, drains
    or is down.

    Parameters
    ----------
    run, ax
        As in ``queue_length``.
    from_s, to_s
        Part of the run, in seconds or texts such as ``'2 h'``; default: all of it.
    replicas
        Only these, counted from 0; of several services pairs such as ``("ocr", 0)``, or the name of one.
    max_rows
        How many slots there may be.

    Returns
    -------
    Axes
        x in seconds, shown in a suitable unit.  Where there are few bars each says the number of its job.

    Raises
    ------
    LogError
        If that is more than can be told apart: too many slots, or more than 2,000 attempts.
    InputError
        If the window is empty or leaves the run, or there is no such replica or service.
    """
    about = subject(run)
    start_ns, end_ns = _window(about.log, from_s, to_s)
    chart = _chart(about.log, (start_ns, end_ns), replicas, max_rows)
    rows = _attempts(chart)
    ax = axes(ax, height_in=min(10.0, max(2.6, 1.6 + 0.26 * sum(chart.counts.values()))))
    _states(ax, chart)
    _bars(ax, chart, rows)
    _ends(ax, chart, rows)
    if len(rows) <= _MOST_NUMBERS:
        _numbers(ax, chart, rows)
    if not chart.counts:
        note(ax, "no slot was ever up")
    _label_rows(ax, chart)
    time_axis(ax, end_ns / SECOND, from_s=start_ns / SECOND)
    ax.set_xlim(start_ns / SECOND, max(end_ns, start_ns + 1) / SECOND if end_ns else 1.0)
    head(ax, f"Slots: {plain(about.name)}")
    return ax


def _window(log: RunLog, from_s: Amount, to_s: Amount | None) -> tuple[int, int]:
    start = duration("from_s", from_s)
    end = log.horizon_ns if to_s is None else duration("to_s", to_s)
    if end > log.horizon_ns or start > end or (start == end and log.horizon_ns):
        whole = format_duration(log.horizon_ns / SECOND)
        window = f"{format_duration(start / SECOND)} to {format_duration(end / SECOND)}"
        msg = f"from_s and to_s must be a part of the run, which lasts {whole}, got {window}"
        raise InputError(msg)
    return int(start), int(end)


def _chart(log: RunLog, window: tuple[int, int], replicas: Any, max_rows: int) -> _Chart:
    # Slots that the fleet had, and those that an observed log without a fleet tells of.
    owner = np.concatenate([log.fleet.replica, log.attempts.replica])
    size = np.concatenate([log.fleet.slots, log.attempts.slot + 1])
    known = np.unique(owner[(owner >= 0) & (size > 0)])
    keys = chosen(log, replicas, known)
    most = np.zeros(len(known), dtype=np.int64)
    there = (owner >= 0) & (size > 0)
    np.maximum.at(most, np.searchsorted(known, owner[there]), size[there])
    most = most[np.searchsorted(known, keys)]
    total = int(most.sum())
    if total > max_rows:
        some = max(1, max_rows // int(most[0]))
        msg = f"this plot has room for {max_rows:,} slots, and there are {total:,}"
        msg += f"; choose some replicas, such as replicas=range({some}), or raise max_rows"
        raise LogError(msg)
    counts = dict(zip(keys.tolist(), most.tolist(), strict=True))
    tops = np.cumsum([0, *(count + _GAP for count in counts.values())])
    return _Chart(log, *window, dict(zip(counts, tops.tolist(), strict=False)), counts)


def _attempts(chart: _Chart) -> NDArray[np.int64]:
    """Return the rows of the attempts that ran in the window on the replicas that are shown."""
    attempts = chart.log.attempts
    ran = (attempts.started_ns < chart.end_ns) & (attempts.finished_ns > chart.start_ns)
    rows = np.flatnonzero(ran & np.isin(attempts.replica, list(chart.counts)))
    if len(rows) > _MOST_ATTEMPTS:
        begins = np.sort(attempts.started_ns[rows])[_MOST_ATTEMPTS]
        until = format_duration(int(begins) / SECOND)
        msg = f"this plot has room for {_MOST_ATTEMPTS:,} attempts, and {len(rows):,} ran in this time"
        msg += f"; choose a part with from_s and to_s (so many have started by {until})"
        raise LogError(msg)
    return rows


def _bars(ax: Axes, chart: _Chart, rows: NDArray[np.int64]) -> None:
    attempts = chart.log.attempts
    phases = chart.log.phases
    shown = np.isin(phases.attempt, rows)
    attempt, kind = phases.attempt[shown], phases.kind[shown]
    # A phase that was cut stopped with its attempt.
    stopped = np.minimum(phases.finished_ns[shown], attempts.finished_ns[attempt])
    stretches = {
        "idle": _up(chart),
        "CPU": _stretches(chart, attempt, (phases.started_ns[shown], stopped), kind == Kind.CPU),
        "I/O": _stretches(chart, attempt, (phases.started_ns[shown], stopped), kind == Kind.IO),
    }
    # Recorded systems tell when a job ran, but not always on what.
    untold = np.setdiff1d(rows, attempt)
    times = attempts.started_ns[untold], attempts.finished_ns[untold]
    stretches["busy"] = _stretches(chart, untold, times, np.ones(len(untold), dtype=np.bool_))
    for order, (name, corners) in enumerate(stretches.items()):
        if len(corners):
            ax.add_collection(PolyCollection(list(corners), label=name, zorder=1 + 0.1 * order, **_KINDS[name]))


def _stretches(
    chart: _Chart, attempt: Ints, times_ns: tuple[Ints, Ints], meant: NDArray[np.bool_]
) -> NDArray[np.float64]:
    rows = attempt[meant]
    attempts = chart.log.attempts
    return chart.bars(attempts.replica[rows], attempts.slot[rows], times_ns[0][meant], times_ns[1][meant])


def _up(chart: _Chart) -> NDArray[np.float64]:
    """Return the bars of the slots for as long as they take jobs, which shows where nothing runs on them."""
    fleet, parts = chart.log.fleet, [np.empty((0, 4, 2))]
    for replica, count in chart.counts.items():
        rows, ended = _history(chart, replica)
        ready = fleet.cause[rows] == Cause.READY
        for slot in range(count):
            up = ready & (fleet.slots[rows] > slot)
            places = fleet.replica[rows][up], np.full(up.sum(), slot)
            parts.append(chart.bars(*places, fleet.instant_ns[rows][up], ended[up]))
    return np.concatenate(parts)


def _history(chart: _Chart, replica: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the rows of the fleet table about a replica, and until when each holds."""
    rows = np.flatnonzero(chart.log.fleet.replica == replica)
    began = chart.log.fleet.instant_ns[rows]
    return rows, np.append(began[1:], chart.log.horizon_ns)[: len(began)].astype(np.int64)


def _states(ax: Axes, chart: _Chart) -> None:
    """Shade the rows of replicas that start, drain or are down."""
    fleet = chart.log.fleet
    for state, look in _STATES.items():
        parts = [np.empty((0, 4, 2))]
        for replica, count in chart.counts.items():
            rows, ended = _history(chart, replica)
            rows, ended = rows[fleet.cause[rows] == state], ended[fleet.cause[rows] == state]
            bars = chart.bars(fleet.replica[rows], np.zeros(len(rows), np.int64), fleet.instant_ns[rows], ended)
            # A little taller than what runs on it, so that it is seen beside that; down to the last slot.
            bars[:, :2, 1] -= _BESIDE
            bars[:, 2:, 1] += count - 1 + _BESIDE
            parts.append(bars)
        corners = np.concatenate(parts)
        if len(corners):
            ax.add_collection(PolyCollection(list(corners), label=state.name.lower(), zorder=0.5, linewidth=0, **look))


def _ends(ax: Axes, chart: _Chart, rows: NDArray[np.int64]) -> None:
    """Outline each attempt, and mark the end of those that did not succeed."""
    attempts = chart.log.attempts
    place = attempts.replica[rows], attempts.slot[rows]
    corners = chart.bars(*place, attempts.started_ns[rows], attempts.finished_ns[rows])
    width = 0.9 if len(rows) <= _MOST_NUMBERS else 0.4
    ax.add_collection(PolyCollection(list(corners), facecolor="none", edgecolor=BLACK, linewidth=width, zorder=2))
    outcome, end = attempts.outcome[rows], attempts.finished_ns[rows]
    for each, (marker, colour) in _ENDS.items():
        meant = (outcome == each) & (end < NEVER) & (end >= chart.start_ns) & (end <= chart.end_ns)
        if meant.any():
            y = [chart.first[int(attempts.replica[row])] + attempts.slot[row] for row in rows[meant]]
            style: dict[str, Any] = {"marker": marker, "color": colour, "markeredgecolor": "white", "markersize": 8}
            name = each.name.lower().replace("_", " ")
            ax.plot(end[meant] / SECOND, y, linestyle="none", label=name, zorder=4, clip_on=False, **style)


def _numbers(ax: Axes, chart: _Chart, rows: NDArray[np.int64]) -> None:
    """Write the number of its job into each bar that has room for it."""
    attempts = chart.log.attempts
    for row in rows:
        begins = max(int(attempts.started_ns[row]), chart.start_ns) / SECOND
        ends = min(int(attempts.finished_ns[row]), chart.end_ns) / SECOND
        if (ends - begins) * SECOND < _NARROW * (chart.end_ns - chart.start_ns):
            continue
        ax.annotate(
            f"{attempts.job[row]}",
            (begins, chart.first[int(attempts.replica[row])] + int(attempts.slot[row])),
            xytext=(4, 0),
            textcoords="offset points",
            va="center",
            fontsize=SMALL,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 1},
            zorder=3,
        )
    if ax.texts:
        box: dict[str, Any] = {"marker": "s", "markerfacecolor": "white", "markeredgecolor": "0.5", "linestyle": "none"}
        ax.plot([], [], label="number of the job", **box)


def _label_rows(ax: Axes, chart: _Chart) -> None:
    total = sum(chart.counts.values())
    groups = [
        (chart.first[replica] + (count - 1) / 2, name_of(chart.log, replica)) for replica, count in chart.counts.items()
    ]
    ax.set_yticks([at for at, _ in groups], [name for _, name in groups])
    ax.tick_params(axis="y", which="major", length=0, pad=18 if total <= 30 else 4)
    if total <= 30:  # there is room for a number beside each row
        places = [
            (chart.first[replica] + slot, slot) for replica, count in chart.counts.items() for slot in range(count)
        ]
        ax.set_yticks([at for at, _ in places], [str(slot) for _, slot in places], minor=True)
        ax.tick_params(axis="y", which="minor", length=2, labelsize=SMALL)
        ax.yaxis.remove_overlapping_locs = False  # the middle of a group may be a row
    ax.set_ylabel("slot")
    last = max((chart.first[replica] + count for replica, count in chart.counts.items()), default=1)
    ax.set_ylim(last - 0.4, -0.6)
