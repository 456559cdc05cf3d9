"""Jobs that others publish when they are done: rows after all that arrive by themselves, drawn beforehand too."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from workersim.errors import InputError
from workersim.units import NEVER
from workersim.workload.arrivals import MAX_JOBS
from workersim.workload.demands import Demands, DrawnClass, rearranged
from workersim.workload.jobs import constant
from workersim.workload.parts import Part, below
from workersim.workload.streams import Purpose

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from workersim.workload.settings import Settings
    from workersim.workload.streams import Streams

    Int64s = NDArray[np.int64]

__all__ = ["FOLLOWING", "Family", "with_followers"]

FOLLOWING = 1_000_000
"""Followers draw as if by a stream of arrivals of their own: so far behind that of the job that they follow."""


class Family:
    """Who waits for whom, as pairs of rows; a job arrives when all that it waits for are done.

    Attributes
    ----------
    before, after
        int64[m] each: the job ``after`` waits for the job ``before``.
    """

    def __init__(self, before: Int64s, after: Int64s) -> None:
        self.before, self.after = before, after

    def predecessors(self, n: int) -> Int64s:
        """Return how many jobs each of n waits for."""
        return np.bincount(self.after, minlength=n).astype(np.int64)

    def followers(self, n: int) -> tuple[Int64s, Int64s]:
        """Return offsets and rows: who waits for each of n jobs."""
        first = np.concatenate((np.zeros(1, np.int64), np.cumsum(np.bincount(self.before, minlength=n))))
        return first, self.after[np.lexsort((self.after, self.before))]


def with_followers(part: Part, settings: Settings, streams: Streams, *, lots: bool) -> tuple[Part, Family]:
    """Return the jobs with all that follow them below, by the row of their parent and then in order.

    A follower's ``arrival_ns`` is ``NEVER``, and its ``expires_ns`` its patience.

    Parameters
    ----------
    part
        Jobs that arrive by themselves.
    settings, streams
        Classes by number, and where random numbers come from.
    lots
        Whether each attempt needs a number for a random choice of its slot.
    """
    parts, before, after = [part], [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    first = 0
    while len(parts[-1].arrival_ns):
        start = first + len(parts[-1].arrival_ns)
        parent, job_class, waits_for = _generation(parts[-1], settings, MAX_JOBS - start)
        rows = start + np.arange(len(parent))
        children = waits_for < 0
        before.append(first + parent[children])
        after.append(rows[children])
        # a join waits for the children before it
        joins = np.flatnonzero(~children)
        span = waits_for[joins]
        before.append(np.repeat(rows[joins] - span, span) + _counting(span))
        after.append(np.repeat(rows[joins], span))
        stream = np.asarray(parts[-1].stream)[parent]
        parts.append(_drawn(job_class, stream + FOLLOWING, settings, streams, lots=lots))
        first = start
    return below(parts), Family(np.concatenate(before), np.concatenate(after))


def _counting(spans: Int64s) -> Int64s:
    """Return 0, 1, ... for each span in turn."""
    return np.arange(int(spans.sum())) - np.repeat(np.cumsum(spans) - spans, spans)


def _generation(part: Part, settings: Settings, most: int) -> tuple[Int64s, NDArray[np.int32], Int64s]:
    """Return for each follower its parent's place, its class, and for a join how many it waits for (else -1)."""
    parents, classes, spans, places = [], [], [], []
    patterns = [_pattern(settings, name) for name in settings.classes]
    counts = np.bincount(part.job_class, minlength=len(patterns))
    if sum(len(pattern) * int(count) for pattern, count in zip(patterns, counts, strict=True)) > most:
        msg = f"workload.jobs: with followers there are more jobs than memory holds; expected at most {MAX_JOBS:,}"
        raise InputError(msg)
    for number, pattern in enumerate(patterns):
        if not pattern or not counts[number]:
            continue
        at = np.flatnonzero(np.asarray(part.job_class) == number)
        parents.append(np.repeat(at, len(pattern)))
        classes.append(np.tile([each for each, _ in pattern], len(at)))
        spans.append(np.tile([span for _, span in pattern], len(at)))
        places.append(np.tile(np.arange(len(pattern)), len(at)))
    if not parents:
        none = np.zeros(0, np.int64)
        return none, none.astype(np.int32), none
    parent, place = np.concatenate(parents), np.concatenate(places)
    order = np.lexsort((place, parent))
    job_class, span = (np.concatenate(columns)[order] for columns in (classes, spans))
    return parent[order], job_class.astype(np.int32), span


def _pattern(settings: Settings, name: str) -> list[tuple[int, int]]:
    """Return class and, for a join, how many it waits for (else -1), of each follower of a job of this class."""
    job, pattern = settings.jobs.get(name), []
    for follower in job.then if job is not None else ():
        pattern += [(settings.classes.index(follower.job), -1)] * follower.count
        if follower.join is not None:
            pattern.append((settings.classes.index(follower.join), follower.count))
    return pattern


def _drawn(
    job_class: NDArray[np.int32],
    stream: NDArray[np.int32],
    settings: Settings,
    streams: Streams,
    *,
    lots: bool,
) -> Part:
    n = len(job_class)
    patience_ns, u = np.full(n, NEVER), np.empty(n if lots else 0)
    demands, sources = [], []
    for index in np.unique(stream).tolist():
        for number in np.unique(job_class[stream == index]).tolist():
            at = np.flatnonzero((stream == index) & (job_class == number))
            name = settings.classes[number]
            drawn = DrawnClass(settings.jobs[name], name, settings.folder, streams, index)
            if drawn.expires:
                patience_ns[at] = drawn.patience_ns(len(at))
            demands.append(drawn.demands(len(at)))
            sources.append(at)
        if lots:
            u[stream == index] = streams.of(Purpose.DISPATCH, index).random(int((stream == index).sum()))
    return Part(
        arrival_ns=constant(NEVER, n),
        job_class=job_class,
        queue=settings.queue_of[job_class],
        priority=settings.priority_of[job_class],
        expires_ns=patience_ns,
        demands=_in_rows(demands, sources, n),
        dispatch_u=u,
        stream=stream.astype(np.int32),
        row=constant(-1, n),
    )


def _in_rows(demands: list[Demands], sources: list[Int64s], n: int) -> Demands:
    if not demands:
        return Demands(constant(1, 0), constant(0, 0, np.uint8), np.zeros(0, np.int64))
    order = np.empty(n, np.int64)
    order[np.concatenate(sources)] = np.arange(n)
    return rearranged(demands, order)
