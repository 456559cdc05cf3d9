"""The figures of a run that is told piece by piece and never held.

Counts, sums, means, areas and extremes are exact, as they are when read from a log; the standard deviation is one of
the same numbers, added up in another order; quantiles come from buckets and are within ``QUANTILE_ERROR``.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from workersim.metrics.figures import QUANTILES
from workersim.metrics.levels import ascending
from workersim.metrics.parts import PARTS
from workersim.metrics.standing import standing
from workersim.metrics.tally import (
    BUCKETS,
    ERROR,
    RESPONSE,
    SERVICE,
    WAIT,
    WORD,
    middles_ns,
    most_at_once,
    new_sums,
    tally,
    total,
)
from workersim.runlog.deciding import counts_of
from workersim.runlog.schema import Outcome
from workersim.units import NEVER, SECOND

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from workersim.runlog import RunLog
    from workersim.runlog.pieces import CpuUse, Piece

__all__ = ["QUANTILE_ERROR", "Meter", "job_counts", "spread_counted", "throughput", "waiting", "waits_of"]

QUANTILE_ERROR = ERROR


class Meter:
    """Reads the figures of a run from its pieces.

    Parameters
    ----------
    warm_up_ns
        As for ``figures``.
    slots
        Slots that are up.
    """

    def __init__(self, *, warm_up_ns: int, slots: int) -> None:
        self.warm_up_ns = warm_up_ns
        self.told_ns = 0
        self.buckets = np.zeros((3, BUCKETS), np.int64)
        self.sums: Any = new_sums(3)  # a record array
        self.queue, self.busy = _Level(warm_up_ns), _Level(warm_up_ns, limit=slots)
        self.outcomes = np.zeros(len(Outcome), np.int64)
        self.done_in_window = 0

    def add(self, piece: Piece) -> None:
        """Count what a piece tells."""
        self.count(piece.arrival, piece.started, piece.finished)
        self.queue.add(piece.arrivals, piece.leaves, piece.until_ns)
        self.busy.add(piece.starts, piece.ends, piece.until_ns)
        self.outcomes += np.bincount(piece.outcome, minlength=len(Outcome))
        for instants in (piece.arrivals, piece.leaves, piece.ends):
            self.told_ns = max(self.told_ns, int(instants.max(initial=0)))

    def count(self, arrival: NDArray[np.int64], started: NDArray[np.int64], finished: NDArray[np.int64]) -> None:
        """Count the durations of jobs whose fate is known, in columns of the attempts table."""
        if not self.sums[WAIT].count and len(arrival):
            self._center(arrival, started, finished)
        self.done_in_window += tally(arrival, started, finished, self.warm_up_ns, (self.buckets, self.sums))

    def total_ns(self, kind: int) -> int:
        """Return the sum of all durations of a kind so far."""
        return (int(self.sums[kind].high) << WORD) + int(self.sums[kind].low)

    def take(self, queue: tuple[int, int], busy: tuple[int, int], *, ended: int, unfinished: int) -> None:
        """Take in what an engine has followed itself up to the end: areas and the most at once, and counts of jobs."""
        self.queue.area, self.queue.most = queue
        self.busy.area, self.busy.most = busy
        self.outcomes[[Outcome.DONE, Outcome.UNFINISHED]] = ended, unfinished

    def _center(self, *columns: NDArray[np.int64]) -> None:
        """Choose what squares are taken about: something near the mean, so that they do not lose its digits."""
        ran = (columns[1] < NEVER) & (columns[2] < NEVER)
        if ran.any():
            arrival, started, finished = (float(column[ran].mean()) for column in columns)
            self.sums.center[[WAIT, SERVICE, RESPONSE]] = started - arrival, finished - started, finished - arrival

    def figures(self, fleet: RunLog, cpu: CpuUse | None) -> dict[str, Any]:
        """Return the tree of ``figures``.

        Parameters
        ----------
        fleet
            The log of the same run without its jobs: what there was to run on, and until when.
        cpu
            CPU in use; None: every busy slot uses one.
        """
        end_ns, there = fleet.horizon_ns, standing(fleet)
        queue, busy = self.queue.finish(end_ns), self.busy.finish(end_ns)
        window_ns = end_ns - self.warm_up_ns
        used: tuple[float, float] = busy if cpu is None else (cpu.area, cpu.most)
        jobs = job_counts(self.outcomes)
        length = {"mean": float(queue[0]) / window_ns if window_ns else None, "max": float(queue[1])}
        return {
            "jobs": jobs,
            "wait": waits_of(self._spread(WAIT), self._spread(WAIT, above_zero=True)),
            "service": self._spread(SERVICE),
            "response": self._spread(RESPONSE),
            **waiting(length),
            "utilization": there.share(there.slots, *busy, window_ns),
            "cpu": there.share(there.vcpus, *used, window_ns),
            **there.blocks(self.warm_up_ns, end_ns, jobs["finished"]),
            "throughput": throughput(self.done_in_window, window_ns),
        }

    def _spread(self, kind: int, *, above_zero: bool = False) -> dict[str, float | None]:
        return spread_counted(self.buckets[kind], self.sums[kind], above_zero=above_zero)


def spread_counted(buckets: NDArray[np.int64], sums: np.record, *, above_zero: bool = False) -> dict[str, float | None]:
    """Return the figures of all durations that were counted, or of those above 0."""
    n, high, low, most_ns, center, squares = sums.item()
    counts = buckets.copy()
    zeros = int(counts[0]) if above_zero else 0
    n -= zeros
    if n == 0:
        return dict.fromkeys(["mean", "std", *QUANTILES, "max"])
    total_ns = (high << WORD) + low
    variance = (squares - zeros * center**2) / n - (total_ns / n - center) ** 2
    counts[0] -= zeros
    quantiles = {name: min(ns, most_ns) / SECOND for name, ns in _quantiles(counts).items()}
    std = math.sqrt(max(0.0, variance)) / SECOND
    return {"mean": total_ns / (n * SECOND), "std": std, **quantiles, "max": float(most_ns) / SECOND}


def job_counts(outcomes: NDArray[np.int64]) -> dict[str, int]:
    """Return the counts of jobs that are tried once, by what became of them."""
    counts: list[int] = outcomes.tolist()
    return counts_of(counts, counts)


def waits_of(waits: dict[str, float | None], waited: dict[str, float | None]) -> dict[str, Any]:
    """Return the figures of waits, all of them in the queue: workers that are measured reserve nothing ahead."""
    nothing = None if waits["mean"] is None else 0.0
    return waits | dict(zip(PARTS, (waits["mean"], nothing, nothing), strict=True)) | {"waited": waited}


def waiting(length: dict[str, float | None]) -> dict[str, Any]:
    """Return how many jobs wait, and where: in the queue, as before."""
    nothing = None if length["mean"] is None else 0.0
    return {"queue_length": length, "visible": dict(length), "reserved": {"mean": nothing, "max": 0.0}}


def throughput(done: int, window_ns: int) -> float | None:
    """Return jobs done a second."""
    return done / (window_ns / SECOND) if window_ns else None


def _quantiles(counts: NDArray[np.int64]) -> dict[str, float]:
    """Interpolate between the two order statistics beside each quantile, as NumPy does by default."""
    upto = np.cumsum(counts)
    ranks = (int(upto[-1]) - 1) * np.array(list(QUANTILES.values()))
    lower = np.floor(ranks)
    # whole numbers: else the counts of all buckets were made floats at each look
    sides = np.concatenate((lower, np.ceil(ranks))).astype(np.int64)
    below, above = middles_ns(np.searchsorted(upto, sides, side="right")).reshape(2, -1)
    return dict(zip(QUANTILES, (below + (above - below) * (ranks - lower)).tolist(), strict=True))


class _Level:
    """A count over time: how many there are at once, and for how long.

    Once it has reached its limit, only areas are left to add up, and nothing needs to be put in order for that.
    """

    def __init__(self, since_ns: int, limit: int | None = None) -> None:
        self.since_ns, self.limit = since_ns, limit
        self.level, self.most = 0, -1
        self.up_ns, self.down_ns, self.ups, self.downs, self.area = 0, 0, 0, 0, 0
        self.later_ups, self.later_downs = _Later(), _Later()

    def add(self, ups: NDArray[np.int64], downs: NDArray[np.int64], until_ns: int) -> None:
        """Follow the changes up to an instant until which all are known; later ones are kept for then."""
        self.up_ns += _total(ups, self.since_ns)
        self.down_ns += _total(downs, self.since_ns)
        self.ups, self.downs = self.ups + len(ups), self.downs + len(downs)
        if self.most == self.limit:
            return
        self.later_ups.add(ups)
        self.later_downs.add(downs)
        if until_ns < self.since_ns:
            for later in (self.later_ups, self.later_downs):
                later.take(-1)  # so that they are copied
            return
        if self.most < 0:
            self.level = self.most = len(self.later_ups.take(self.since_ns)) - len(self.later_downs.take(self.since_ns))
        now = self.later_ups.take(until_ns), self.later_downs.take(until_ns)
        self.level, self.most = most_at_once(*now, self.level, self.most)

    def finish(self, end_ns: int) -> tuple[int, int]:
        """Return the area from the end of the warm-up to the end (exact, times ns), and the most at once."""
        nothing = np.empty(0, np.int64)
        self.add(nothing, nothing, end_ns)
        area = self.area + self.ups * end_ns - self.up_ns - (self.downs * end_ns - self.down_ns)
        return area, self.most


class _Later:
    """Instants that are told before their time, in the parts in which they came: a long queue has a great many."""

    def __init__(self) -> None:
        self.parts: list[NDArray[np.int64]] = []
        self.borrowed: list[NDArray[np.int64]] = []

    def add(self, instants: NDArray[np.int64]) -> None:
        """Take in instants, in any order; the next ``take`` copies what it leaves: a piece may reuse its arrays."""
        if len(instants):
            self.borrowed.append(ascending(instants))

    def take(self, until_ns: int) -> NDArray[np.int64]:
        """Return those up to an instant, in order, and keep the rest."""
        ours = len(self.parts)
        parts, self.borrowed = self.parts + self.borrowed, []
        cuts = [int(np.searchsorted(part, until_ns, side="right")) for part in parts]
        taken = [part[:cut] for part, cut in zip(parts, cuts, strict=True) if cut]
        self.parts = [
            part[cut:] if i < ours else part[cut:].copy()
            for i, (part, cut) in enumerate(zip(parts, cuts, strict=True))
            if cut < len(part)
        ]
        if len(taken) == 1:
            return taken[0]
        return ascending(np.concatenate(taken)) if taken else np.empty(0, np.int64)


def _total(instants: NDArray[np.int64], since_ns: int) -> int:
    high, low = total(instants, since_ns)
    return (int(high) << WORD) + int(low)
