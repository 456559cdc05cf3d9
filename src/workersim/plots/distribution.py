"""How long jobs waited, and what somebody claimed about it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from matplotlib.ticker import FuncFormatter, MaxNLocator

from workersim.errors import InputError, LogError
from workersim.metrics import spread
from workersim.metrics.parts import wait_parts
from workersim.plots.canvas import BLACK, BLUE, SKY, SMALL, VERMILION, axes, head, label, note, plain
from workersim.plots.clock import TimeLocator, unit_for, units_on
from workersim.plots.subject import duration, subject
from workersim.runlog import Outcome
from workersim.runlog.deciding import deciding_rows
from workersim.units import NEVER, SECOND, Share, format_duration, nearest, parse_share, shown

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from workersim.plots.subject import Amount, Run, Subject
    from workersim.runlog.schema import Floats, Ints

__all__ = ["waits"]

_FEW = 12  # different waits; more make a histogram
_APART = 16  # of such waits as many as fit side by side with their labels
_BINS = 36
_TALL = 4  # times the next one: a bar of jobs that did not wait would hide all others
_MARKS: dict[str, dict[str, Any]] = {
    "mean": {"color": BLACK, "linestyle": "-", "linewidth": 1.3},
    "p50": {"color": BLACK, "linestyle": (0, (5, 2)), "linewidth": 1.3},
    "p95": {"color": BLACK, "linestyle": (0, (1, 1)), "linewidth": 1.8},
}


# The marks of mean and percentiles often stand where a bar does, and must not cross out its label.
_ON_TOP: dict[str, Any] = {
    "fontsize": SMALL,
    "zorder": 5,
    "bbox": {"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "pad": 1},
}


class _Bound(NamedTuple):
    """Which waits are claimed, in seconds; infinite where nothing is said."""

    low_s: float
    high_s: float
    says: str
    among: str | None = None


class _Waits(NamedTuple):
    """Waits of the jobs that started, how many others there are that did not, and where they waited."""

    known_ns: Ints
    unknown: int
    parts: str = ""


def waits(
    run: Run,
    ax: Axes | None = None,
    *,
    claim: Any = None,
    expected_s: Amount | None = None,
    within: Amount = 0.0,
    among: str | None = None,
) -> Axes:
    r"""Draw how many jobs waited how long, with the mean, the median and the 95th percentile.

    Parameters
    ----------
    run, ax
        As in ``queue_length``.  Jobs that arrived during a warm-up are left out, as in all figures.
    claim
        A claim on waits, as a scenario holds it; it is marked, and says among which jobs.
    expected_s, within
        Instead of a claim: an expected wait, and how far from it is still right, in seconds or texts such
        as ``'20 min'``; ``within`` may be a share such as ``'10%'``.
    among
        Only the jobs of this class; or ``'waited'``: mean and percentiles of those that waited at all.

    Returns
    -------
    Axes
        x in seconds, shown in a suitable unit; y in jobs.  Where there are few different waits: a bar each.

    Raises
    ------
    InputError
        If the claim is not one on waits, or an expected wait stands beside it.
    LogError
        If there is no such job class.

    Examples
    --------
    >>> import workersim as ws
    >>> from matplotlib.figure import Figure
    >>> ten = ws.Workload(jobs={"document": ws.Job(service="20 min")}, arrivals=[ws.Burst(jobs=10)])
    >>> overload = ws.run(ws.Scenario(name="overload", fleet=ws.Fleet(replicas=1, concurrency=4), workload=ten))
    >>> ax = ws.plots.waits(overload, Figure().add_subplot(), expected_s="20 min", within="10%", among="waited")
    >>> [text.get_text().replace("\n", ", ") for text in ax.texts]
    ['4 jobs, 0 s', '4 jobs, 20 min', '2 jobs, 40 min']
    """
    about = subject(run)
    bound = _bound(claim, expected_s, within)
    among = among if among is not None or bound is None else bound.among
    found = _waits(about, among)
    ax = axes(ax)
    if len(found.known_ns):
        _distribution(ax, found.known_ns, bound)
        only = found.known_ns[found.known_ns > 0] if among == "waited" else found.known_ns
        _mark(ax, only, "waited: " if among == "waited" else "")
        if among in (None, "waited"):
            _intervals(ax, about, "wait.waited" if among == "waited" else "wait")
    else:
        note(ax, "no job has started" if found.unknown else "no job has arrived")
    _finish(ax, found, bound)
    head(ax, f"Waits: {plain(about.name)}" if claim is None else f"\u201c{plain(str(claim.says))}\u201d")
    return ax


def _waits(about: Subject, among: str | None) -> _Waits:
    log = about.log
    rows = deciding_rows(log.attempts, len(log.jobs))
    meant = log.jobs.arrival_ns >= about.warm_up_ns
    if among not in (None, "waited"):
        if among not in log.jobs.classes:
            msg = f"there is no job class {shown(among)} in this log{nearest(str(among), log.jobs.classes)}"
            raise LogError(msg)
        meant &= log.jobs.job_class == log.jobs.classes.index(str(among))
    started = log.attempts.started_ns[rows]
    known = meant & (started < NEVER) & (log.attempts.outcome[rows] != Outcome.EXPIRED)
    unknown = int(np.count_nonzero(meant & ~known))
    counted = known & (started > log.jobs.arrival_ns) if among == "waited" else known
    return _Waits((started - log.jobs.arrival_ns)[known], unknown, _parts(wait_parts(log, rows, counted)))


def _parts(parts: dict[str, float | None]) -> str:
    """Return where jobs waited; nothing if it was in the queue alone."""
    told = [f"{format_duration(value)} {name}" for name, value in parts.items() if value]
    return ", ".join(told) if parts["reserved"] or parts["running"] else ""


def _bound(claim: Any, expected_s: Amount | None, within: Amount) -> _Bound | None:
    if claim is None and expected_s is None:
        if within:
            msg = "within needs an expected_s beside it"
            raise InputError(msg)
        return None
    if claim is None:
        return _Bound(*_around(expected_s, within), "expected")
    if expected_s is not None or within:
        msg = "a claim says itself what is expected, so give either claim or expected_s and within"
        raise InputError(msg)
    part, _, figure = str(claim.measure).partition(".")
    if part != "wait" or figure == "std":
        msg = f"claim: expected one on waits, such as wait.mean, found {shown(str(claim.measure))}"
        raise InputError(msg)
    if claim.at_most is not None:
        low, high = 0.0, duration("at_most", claim.at_most).seconds
    elif claim.at_least is not None:
        low, high = duration("at_least", claim.at_least).seconds, math.inf
    else:
        low, high = _around(claim.expect, claim.within or 0.0)
    return _Bound(low, high, "claimed" if figure == "every" else f"claimed {figure}", claim.among)


def _around(expected: Any, within: Any) -> tuple[float, float]:
    middle = duration("expected_s", expected).seconds
    if isinstance(within, Share) or (isinstance(within, str) and within.strip().endswith("%")):
        try:
            off = middle * float(parse_share(within))
        except ValueError as error:
            msg = f"within: {error}"
            raise InputError(msg) from None
    else:
        off = duration("within", within).seconds
    return max(0.0, middle - off), middle + off


def _distribution(ax: Axes, waits_ns: Ints, bound: _Bound | None) -> None:
    # A glance first: a million different waits need not be sorted to see that they are many.
    few = len(np.unique(waits_ns[:1000])) <= _FEW
    values, counts = np.unique(waits_ns, return_counts=True) if few else (waits_ns[:0], waits_ns[:0])
    span_s = _span_s(int(waits_ns.max()) / SECOND, bound)
    narrow = len(values) > 1 and int(np.diff(values).min()) / SECOND < span_s / _APART
    if few and len(values) <= _FEW and not narrow:
        _bars(ax, values / SECOND, counts, span_s)
    else:
        _histogram(ax, waits_ns, span_s)


def _span_s(longest_s: float, bound: _Bound | None) -> float:
    ends = [longest_s, *((bound.low_s, bound.high_s) if bound else ())]
    return max(end for end in ends if math.isfinite(end)) or 60.0


def _bars(ax: Axes, values_s: Floats, counts: Ints, span_s: float) -> None:
    """Draw a bar a wait; those that did not wait look different, as in a histogram."""
    width = span_s / 20
    for waited in (False, True):
        meant = (values_s > 0) == waited
        if meant.any():
            ax.bar(values_s[meant], counts[meant], width, **_look(int(counts[meant].sum()), waited=waited))
    for value, count in zip(values_s.tolist(), counts.tolist(), strict=True):
        text = f"{count:,} job{'s' * (count != 1)}\n{format_duration(value)}"
        ax.annotate(text, (value, count), (0, 4), textcoords="offset points", ha="center", va="bottom", **_ON_TOP)
    ax.set_xlim(-1.5 * width, span_s + 1.5 * width)
    ax.set_ylim(0, 1.3 * int(counts.max()))


def _histogram(ax: Axes, waits_ns: Ints, span_s: float) -> None:
    seconds = waits_ns / SECOND
    edges = TimeLocator(unit_for(span_s), _BINS).tick_values(0.0, span_s)
    waited, _ = np.histogram(seconds[seconds > 0], edges)
    none = len(seconds) - int(waited.sum())
    width = edges[1] - edges[0]
    ax.bar(edges[:-1], waited, width, align="edge", **_look(int(waited.sum()), waited=True))
    top = float(waited.max())
    if none:
        # On top of the first bar, so that its height is the number of jobs below the first edge.
        ax.bar(edges[0], none, width, bottom=waited[0], align="edge", **_look(none, waited=False))
        whole = float(none + waited[0])
        if whole > _TALL * top:
            text = f"↑ to {whole:,.0f} jobs"
            at = (edges[0] + width, 1.0)
            ax.annotate(
                text,
                at,
                (4, -4),
                textcoords="offset points",
                xycoords=ax.get_xaxis_transform(),
                va="top",
                **_ON_TOP,
            )
            whole = 1.5 * top
        top = max(top, whole)
    ax.set_xlim(0, max(float(edges[-1]), 1.02 * span_s))
    ax.set_ylim(0, 1.1 * top)


def _look(count: int, *, waited: bool) -> dict[str, Any]:
    if waited:
        return {"facecolor": BLUE, "edgecolor": "white", "linewidth": 0.5, "label": f"{count:,} waited"}
    return {
        "facecolor": SKY,
        "edgecolor": "white",
        "hatch": "////",
        "linewidth": 0.5,
        "label": f"{count:,} did not wait",
    }


def _mark(ax: Axes, waits_ns: Ints, whose: str) -> None:
    figures = spread(waits_ns)
    for name, style in _MARKS.items():
        value = figures[name]
        if value is not None:
            ax.axvline(value, label=label(f"{whose}{name} {format_duration(value)}"), zorder=3, **style)


def _intervals(ax: Axes, about: Subject, block: str) -> None:
    """Shade where the figures lie over all replications, of which the bars show the first."""
    name = label("95 % intervals over replications")
    for figure in _MARKS:
        ends = about.interval(f"{block}.{figure}")
        if ends is not None:
            ax.axvspan(max(ends[0], 0.0), ends[1], color=BLACK, alpha=0.1, linewidth=0, zorder=0.4, label=name)
            name = "_"  # one line of the legend for all of them


def _finish(ax: Axes, found: _Waits, bound: _Bound | None) -> None:
    left, right = ax.get_xlim()
    if not len(found.known_ns):
        left, right = 0.0, _span_s(0.0, bound)
    if bound is not None:
        _claimed(ax, bound, right)
    if found.unknown:
        ax.plot([], [], linestyle="none", label=f"{found.unknown:,} did not start")
    unit = unit_for(right)
    units_on(ax.xaxis, unit)
    ax.set_xlim(left, right)
    ax.set_xlabel(f"wait ({unit.name})" + (f"\nmean: {found.parts}" if found.parts else ""))
    ax.set_ylabel("jobs")
    ax.yaxis.set_major_locator(MaxNLocator(integer=True, nbins="auto"))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))


def _claimed(ax: Axes, bound: _Bound, right_s: float) -> None:
    low, high = bound.low_s, min(bound.high_s, right_s)
    if bound.high_s == math.inf:
        text = f"at least {format_duration(low)}"
    elif low == 0:
        text = f"at most {format_duration(high)}"
    else:
        text = format_duration(low) + (f" to {format_duration(high)}" if high > low else "")
    # The band alone would not be seen where only one value is right.
    for edge in {bound.low_s or high, high if math.isfinite(bound.high_s) else low}:
        ax.axvline(edge, color=VERMILION, linewidth=1.8, zorder=2.5)
    ax.axvspan(low, high, color=VERMILION, alpha=0.2, linewidth=0, zorder=0.5, label=label(f"{bound.says}: {text}"))
