"""The jobs of one stream of arrivals, and how several streams become one."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from workersim.runlog import JobTable, Kind
from workersim.units import NEVER
from workersim.workload.demands import Demands, joined, picked, rearranged
from workersim.workload.jobs import Jobs, constant, is_constant

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from workersim.workload.fates import Fates
    from workersim.workload.settings import Settings

__all__ = ["Part", "Supply", "below", "ends_of_patience", "in_order", "jobs_of", "merged"]


@dataclass(frozen=True, eq=False)
class Part:
    """Jobs as columns, in order of arrival, or of the rows of a trace.

    Attributes
    ----------
    arrival_ns, job_class, queue, priority, expires_ns
        As in ``JobTable``.
    demands
        Their phases.
    dispatch_u
        As in ``Jobs``.
    stream, row
        int32[n], the place of the stream of arrivals that it belongs to, and int64[n], its row if that is a trace.
    """

    arrival_ns: NDArray[np.int64]
    job_class: NDArray[np.int32]
    queue: NDArray[np.int32]
    priority: NDArray[np.int64]
    expires_ns: NDArray[np.int64]
    demands: Demands
    dispatch_u: NDArray[np.float64]
    stream: NDArray[np.int32]
    row: NDArray[np.int64]

    def between(self, first: int, last: int) -> Part:
        """Return the jobs from one up to another, as views."""
        held = {field.name: getattr(self, field.name) for field in fields(self)}
        demands = held.pop("demands").between(first, last)
        return Part(demands=demands, **{name: column[first:last] for name, column in held.items()})


def ends_of_patience(arrival_ns: NDArray[np.int64], patience_ns: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return when each job's patience ends; beyond the clock is ``NEVER``."""
    if len(arrival_ns) and is_constant(arrival_ns) and is_constant(patience_ns):
        return constant(min(int(arrival_ns[0]) + int(patience_ns[0]), NEVER), len(arrival_ns))
    ends_ns: NDArray[np.int64] = arrival_ns + np.minimum(patience_ns, NEVER - arrival_ns)
    return ends_ns


class Supply(Protocol):
    """Jobs in order of arrival, of which the next n are taken, fewer only at the end."""

    def peek(self, n: int, /) -> NDArray[np.int64]:
        """Return when the next n jobs arrive, without taking them."""
        ...

    def take(self, n: int, /) -> Part:
        """Return the next n jobs."""
        ...


def merged(supplies: Sequence[Supply], n: int) -> Part:
    """Take the next n jobs of several streams in order of arrival; ties go by stream, then by place in it."""
    if not supplies:
        return _nothing()
    if len(supplies) == 1:
        return supplies[0].take(n)
    shares = _shares([supply.peek(n) for supply in supplies], n)
    parts = [supply.take(share) for supply, share in zip(supplies, shares, strict=True)]
    return _rows(parts, np.argsort(joined([part.arrival_ns for part in parts]), kind="stable"))


def _shares(instants_ns: Sequence[NDArray[np.int64]], n: int) -> list[int]:
    """Return how many of the first n jobs are of each stream, given each one's first n instants."""
    shares = [len(column) for column in instants_ns]
    if sum(shares) <= n:
        return shares
    held = [column for column in instants_ns if len(column)]
    within = range(min(int(column[0]) for column in held), max(int(column[-1]) for column in held))
    last_ns = within.start + bisect_left(within, n, key=lambda at: sum(int(c.searchsorted(at, "right")) for c in held))
    shares = [int(column.searchsorted(last_ns, "left")) for column in instants_ns]
    for stream, column in enumerate(instants_ns):
        at_last = int(column.searchsorted(last_ns, "right")) - shares[stream]
        shares[stream] += min(at_last, n - sum(shares))
    return shares


def in_order(part: Part) -> Part:
    """Return the same jobs in order of arrival."""
    if (part.arrival_ns[1:] >= part.arrival_ns[:-1]).all():
        return part
    return _rows([part], np.argsort(part.arrival_ns, kind="stable"))


def below(parts: Sequence[Part]) -> Part:
    """Return the jobs of all parts, one below the other."""
    return _rows(parts, np.arange(sum(len(part.arrival_ns) for part in parts)))


def _rows(parts: Sequence[Part], order: NDArray[np.int64]) -> Part:
    """Return the jobs of all parts, one below the other, in another order."""
    columns: dict[str, Any] = {}
    for field in fields(Part):
        held = [getattr(part, field.name) for part in parts]
        columns[field.name] = rearranged(held, order) if field.name == "demands" else _taken(joined(held), order)
    return Part(**columns)


def _taken(column: NDArray[Any], order: NDArray[np.int64]) -> NDArray[Any]:
    return picked(column, order) if len(column) else column


def _nothing() -> Part:
    none = np.empty(0, np.int64)
    index = none.astype(np.int32)
    demands = Demands(constant(1, 0), constant(Kind.CPU, 0, np.uint8), none)
    return Part(none, index, index, none, none, demands, np.empty(0), index, none)


def jobs_of(part: Part, settings: Settings, fates: Fates | None = None) -> Jobs:
    """Return jobs as engines take them."""
    table = JobTable(
        arrival_ns=part.arrival_ns,
        job_class=part.job_class,
        queue=part.queue,
        priority=part.priority,
        expires_ns=part.expires_ns,
        classes=settings.classes,
        queues=settings.queues,
    )
    demands = part.demands
    return Jobs(table, demands.offsets, demands.kind, demands.demand_ns, part.dispatch_u, fates)
