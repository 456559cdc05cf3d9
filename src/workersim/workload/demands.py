"""What jobs need: their CPU and I/O phases, drawn for a class and put together in the order of the jobs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import numpy as np

from workersim.runlog import Kind
from workersim.workload.jobs import constant, is_constant
from workersim.workload.sampling import Draws, Source
from workersim.workload.streams import Purpose, Streams

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from workersim.scenario import JobClass

__all__ = ["Demands", "DrawnClass", "halves", "joined", "outright", "picked", "rearranged"]


@dataclass(frozen=True)
class Demands:
    """The phases of n jobs, one after another.

    Attributes
    ----------
    counts
        int64[n], phases of each job; may be a view of one value.
    kind, demand_ns
        uint8[m] and int64[m], by job and then in order.
    """

    counts: NDArray[np.int64]
    kind: NDArray[np.uint8]
    demand_ns: NDArray[np.int64]

    @cached_property
    def offsets(self) -> NDArray[np.int64] | None:
        """Where each job's phases begin and end, or None if all jobs have equally many."""
        return None if is_constant(self.counts) else np.concatenate(([0], np.cumsum(self.counts)))

    def between(self, first: int, last: int) -> Demands:
        """Return those of the jobs from one up to another."""
        counts = self.counts[first:last]
        if self.offsets is None:
            begin, end = (n * int(self.counts[0]) for n in (first, last))
        else:
            begin, end = int(self.offsets[first]), int(self.offsets[last])
        return Demands(counts, self.kind[begin:end], self.demand_ns[begin:end])


def halves(cpu_ns: NDArray[np.int64], io_ns: NDArray[np.int64]) -> Demands:
    """Return jobs that need half of their CPU time, then I/O, then the rest of their CPU time.

    A part of no length is left out; without I/O the two halves are one phase; a job that needs
    nothing has one CPU phase of length 0.  So what the phases add up to is exactly what was given.
    """
    first_ns = np.where(io_ns > 0, cpu_ns // 2, 0)
    parts = np.stack((first_ns, io_ns, cpu_ns - first_ns), axis=1)
    kept = parts > 0
    kept[:, 2] |= ~kept.any(axis=1)
    kinds = np.broadcast_to(np.array([Kind.CPU, Kind.IO, Kind.CPU], np.uint8), parts.shape)
    if kept.all():
        return Demands(constant(3, len(parts)), kinds.ravel(), parts.ravel())
    return _uniform(Demands(kept.sum(axis=1), kinds[kept], parts[kept]))


def outright(kinds: Sequence[Kind], columns: Sequence[NDArray[np.int64]]) -> Demands:
    """Return jobs that all have these phases, as they are: one column of demands a phase."""
    n = len(columns[0])
    if len(columns) == 1:
        return Demands(constant(1, n), constant(kinds[0], n, np.uint8), columns[0])
    return Demands(constant(len(kinds), n), np.tile(np.array(kinds, np.uint8), n), np.stack(columns, axis=1).ravel())


def _uniform(demands: Demands) -> Demands:
    """Return the same, with columns that say the same of every job as views of one value."""
    counts, kind = demands.counts, demands.kind
    if len(counts) and not is_constant(counts) and counts.min() == counts.max():
        counts = constant(int(counts[0]), len(counts))
    if len(kind) and not is_constant(kind) and kind.min() == kind.max():
        kind = constant(int(kind[0]), len(kind), np.uint8)
    return Demands(counts, kind, demands.demand_ns)


def joined(columns: Sequence[NDArray[Any]]) -> NDArray[Any]:
    """Return columns one below the other; if all hold one and the same value, as a view of it."""
    values = {column[0] for column in columns if len(column)}
    if len(values) == 1 and all(is_constant(column) for column in columns if len(column)):
        return constant(values.pop(), sum(map(len, columns)), columns[0].dtype)
    return columns[0] if len(columns) == 1 else np.concatenate(columns)


def picked(column: NDArray[Any], rows: NDArray[np.int64]) -> NDArray[Any]:
    """Return some rows of a column in another order; of one value, as a view of it."""
    return constant(column[0], len(rows), column.dtype) if is_constant(column) else column[rows]


def rearranged(parts: Sequence[Demands], order: NDArray[np.int64]) -> Demands:
    """Return the demands of several lists of jobs, one below the other, in another order.

    Parameters
    ----------
    parts
        Lists of jobs.
    order
        int64[n]; job i of the result is job ``order[i]`` of the lists, some of which may be left out.
    """
    counts, kind = joined([p.counts for p in parts]), joined([p.kind for p in parts])
    demand_ns = joined([p.demand_ns for p in parts])
    if is_constant(counts) and counts[0] == 1:
        return Demands(picked(counts, order), picked(kind, order), picked(demand_ns, order))
    starts = np.cumsum(counts) - counts
    counts = picked(counts, order)
    ends = np.cumsum(counts)
    source = np.arange(counts.sum(), dtype=np.int64) + np.repeat(starts[order] - (ends - counts), counts)
    return _uniform(Demands(counts, picked(kind, source), demand_ns[source]))


class DrawnClass:
    """A job class as one stream of arrivals draws from it.

    The random numbers of a class belong to its name and to the stream of arrivals, so that neither another
    class nor another stream moves them.

    Parameters
    ----------
    job_class, name
        As in the scenario.
    folder
        Where files are looked up.
    streams, index
        Where its random numbers come from, and the place of the stream of arrivals.
    """

    def __init__(self, job_class: JobClass, name: str, folder: Path, streams: Streams, index: int) -> None:
        def draws(value: object, key: str, purpose: Purpose, part: int = 0) -> Draws:
            source = Source(value, f"workload.jobs.{name}.{key}", folder)
            return Draws(source, partial(streams.of, purpose, index, name=name, part=part), streams.exponential)

        phases = job_class.phases or ()
        self.expires = job_class.expires is not None
        self._patience = draws(job_class.expires, "expires", Purpose.EXPIRES)
        self._service = draws(job_class.service, "service", Purpose.SERVICE)
        self._waits = job_class.wait_ratio is not None
        self._ratio = draws(job_class.wait_ratio, "wait_ratio", Purpose.WAIT_RATIO)
        self._kinds = [Kind.CPU if phase.kind == "cpu" else Kind.IO for phase in phases]
        self._phases = [draws(phase.demand, f"phases[{k}]", Purpose.PHASE, k) for k, phase in enumerate(phases)]

    def demands(self, n: int) -> Demands:
        """Draw the phases of the next n jobs of this class.

        Raises
        ------
        InputError
            If something that is drawn is no duration.
        """
        if self._phases:
            return outright(self._kinds, [phase.take_ns(n) for phase in self._phases])
        service_ns = self._service.take_ns(n)
        if not self._waits:
            return outright([Kind.CPU], [service_ns])
        ratio = self._ratio.take(n)
        if n and is_constant(ratio) and is_constant(service_ns):
            return _repeated(_split(service_ns[:1], ratio[:1]), n)
        return _split(service_ns, ratio)

    def patience_ns(self, n: int) -> NDArray[np.int64]:
        """Draw how long the next n jobs of this class wait at most; the class must have ``expires``."""
        return self._patience.take_ns(n)


def _split(service_ns: NDArray[np.int64], ratio: NDArray[np.float64]) -> Demands:
    # above 2**53 ns a float may be rounded up to more than the whole
    cpu_ns = np.minimum(np.rint(service_ns / (1 + ratio)).astype(np.int64), service_ns)
    return halves(cpu_ns, service_ns - cpu_ns)


def _repeated(one: Demands, n: int) -> Demands:
    """Return n jobs like this one."""
    if len(one.kind) == 1:
        return Demands(constant(1, n), constant(one.kind[0], n, np.uint8), constant(one.demand_ns[0], n))
    return Demands(constant(len(one.kind), n), np.tile(one.kind, n), np.tile(one.demand_ns, n))
