"""What a recording is like: rates, gaps, services, burstiness; and what it cannot tell."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from workersim.metrics import spread
from workersim.runlog import Outcome
from workersim.units import NEVER, SECOND

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    from workersim.traces.recording import Recording

__all__ = ["described", "dispersion", "unknowns"]

WINDOWS_S = (1, 10, 60, 600, 3600, 86_400)
LEAST_WINDOWS = 10  # fewer say little about how counts vary
HOURS = 24
HOUR_NS = 3600 * SECOND


def described(recording: Recording) -> dict[str, Any]:
    """Return what ``inspect --json`` prints: plain numbers, in seconds; None where the file cannot tell."""
    arrival = recording.arrival_ns
    if (arrival[1:] < arrival[:-1]).any():
        arrival = np.sort(arrival)
    tree = recording.metrics
    jobs = None if tree is None else tree["jobs"]
    demand_ns = _demands(recording)
    span_s = recording.span_s
    return {
        "file": recording.path.name,
        "format": recording.format,
        "rows": recording.rows,
        "jobs": len(recording) + recording.left_out,
        "started": 0 if recording.log is None else _decided(recording, "started_ns"),
        "finished": 0 if recording.log is None else _decided(recording, "finished_ns"),
        "arrival_from": recording.arrival_from,
        "wait": None if tree is None or tree["wait"]["mean"] is None else tree["wait"],
        "service": _service(tree, demand_ns),
        "outcomes": jobs,
        "span": span_s,
        "from": _calendar(recording, int(arrival[0])),
        "rate": (len(arrival) - 1) / span_s if span_s else None,
        "gap": _with_cv(np.diff(arrival)),
        "offered_load": float(demand_ns.sum(dtype=float)) / SECOND / span_s if len(demand_ns) and span_s else None,
        "utilization": None if tree is None else tree["utilization"],
        "queue_length": None if tree is None else tree["queue_length"],
        "dispersion": {f"{window}": value for window, value in dispersion(arrival).items()},
        "by_hour": _by_hour(recording, arrival),
        "unknown": list(unknowns(recording)),
        "warnings": [*recording.warnings, *unknowns(recording)],
    }


def _decided(recording: Recording, column: str) -> int:
    """Count the jobs of which the attempt that decided them started, or came to an end of its own."""
    from workersim.runlog.deciding import deciding  # noqa: PLC0415 (as small as the call)

    log = recording.observed
    rows = deciding(log)
    ran = log.attempts.started_ns[rows] < NEVER
    if column == "finished_ns":
        ran &= log.attempts.outcome[rows] != Outcome.LOST
    return int((ran & (getattr(log.attempts, column)[rows] < NEVER)).sum())


def _demands(recording: Recording) -> NDArray[np.int64]:
    return np.empty(0, np.int64) if recording.jobs is None else recording.jobs.demand_ns


def _service(tree: dict[str, Any] | None, demand_ns: NDArray[np.int64]) -> dict[str, Any] | None:
    """Return the observed service, else what the jobs need."""
    if tree is not None and tree["service"]["mean"] is not None:
        return _cv(tree["service"])
    return _with_cv(demand_ns)


def _with_cv(durations_ns: NDArray[np.int64]) -> dict[str, Any] | None:
    return _cv(spread(durations_ns)) if len(durations_ns) else None


def _cv(block: dict[str, Any]) -> dict[str, Any]:
    """Return figures with the coefficient of variation: standard deviation of a population ÷ mean."""
    return block | {"cv": block["std"] / block["mean"] if block["mean"] else None}


def dispersion(arrival_ns: NDArray[np.int64], windows_s: Iterable[int] = WINDOWS_S) -> dict[int, float]:
    """Return the index of dispersion of counts: variance ÷ mean of the arrivals in windows of so many seconds.

    Parameters
    ----------
    arrival_ns
        In order.
    windows_s
        Lengths in seconds.

    Returns
    -------
    dict
        By window, where at least ten whole ones fit; 1 is a Poisson stream.

    Examples
    --------
    >>> import numpy as np
    >>> dispersion(np.arange(0, 100_000_000_000, 2_000_000_000))
    {1: 0.5}
    """
    found = {}
    first, last = int(arrival_ns[0]), int(arrival_ns[-1])
    for window_s in windows_s:
        windows = (last - first) // (window_s * SECOND)
        if LEAST_WINDOWS <= windows <= 10**8:
            inside = arrival_ns[: np.searchsorted(arrival_ns, first + windows * window_s * SECOND)]
            found[window_s] = _dispersed((inside - first) // (window_s * SECOND), windows)
    return found


def _dispersed(window: NDArray[np.int64], windows: int) -> float:
    """Return variance ÷ mean of the numbers in each window, without a column of the empty ones."""
    edges = np.flatnonzero(window[1:] != window[:-1]) + 1
    numbers = np.diff(edges, prepend=0, append=len(window))
    mean = len(window) / windows
    square = float((numbers.astype(float) ** 2).sum()) / windows
    return (square - mean * mean) / mean if mean else math.nan


def _by_hour(recording: Recording, arrival: NDArray[np.int64]) -> list[float]:
    """Return arrivals an hour by hour of the day (UTC where the file says when it was), averaged over its days."""
    zero = recording.epoch_ns or 0
    hours = (arrival + zero) // HOUR_NS
    first, last = int(hours[0]), int(hours[-1])
    counts = np.bincount(hours % HOURS, minlength=HOURS)
    present = np.array([(last - hour) // HOURS - (first - 1 - hour) // HOURS for hour in range(HOURS)])
    return [float(count / days) if days else 0.0 for count, days in zip(counts.tolist(), present.tolist(), strict=True)]


def _calendar(recording: Recording, arrival_ns: int) -> str | None:
    if recording.epoch_ns is None:
        return None
    return datetime.fromtimestamp((recording.epoch_ns + arrival_ns) / SECOND, UTC).isoformat(timespec="seconds")


def unknowns(recording: Recording) -> Iterator[str]:
    """Say what the file cannot tell, a sentence each."""
    log = recording.log
    if log is None:
        yield "The file has no starts, so it tells no waits, no queue lengths and no utilization."
    else:
        from workersim.metrics.curves import missing  # noqa: PLC0415 (as small as the call)

        if missing(log, "reserved"):
            yield "It does not say when workers received jobs, so what they reserve is not told from what is visible."
        if missing(log, "utilization"):
            yield "The file does not say how many processes there were, so it tells no utilization."
    if recording.jobs is None:
        yield "Nothing says what jobs need, so they cannot be replayed; name a column of services with columns={...}."
    elif not (recording.jobs.phase_kind == 0).any():
        yield "How services divide into CPU and I/O is not known: a replay takes each as one I/O phase."
