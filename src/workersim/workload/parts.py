"""The jobs of one stream of arrivals, and how several streams become one."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np

from workersim.runlog import JobTable
from workersim.units import NEVER
from workersim.workload.demands import Demands, joined, rearranged
from workersim.workload.jobs import Jobs, constant, is_constant

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from workersim.workload.settings import Settings

__all__ = ["Part", "ends_of_patience", "jobs_of", "superposed"]


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
    """

    arrival_ns: NDArray[np.int64]
    job_class: NDArray[np.int32]
    queue: NDArray[np.int32]
    priority: NDArray[np.int64]
    expires_ns: NDArray[np.int64]
    demands: Demands
    dispatch_u: NDArray[np.float64]


def ends_of_patience(arrival_ns: NDArray[np.int64], patience_ns: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return when each job's patience ends; beyond the clock is ``NEVER``."""
    if len(arrival_ns) and is_constant(arrival_ns) and is_constant(patience_ns):
        return constant(min(int(arrival_ns[0]) + int(patience_ns[0]), NEVER), len(arrival_ns))
    ends_ns: NDArray[np.int64] = arrival_ns + np.minimum(patience_ns, NEVER - arrival_ns)
    return ends_ns


def superposed(parts: Sequence[Part]) -> Part:
    """Merge streams in order of arrival; ties go by stream, then by place in it."""
    if len(parts) == 1:
        return parts[0]
    order = np.argsort(joined([part.arrival_ns for part in parts]), kind="stable")
    merged: dict[str, Any] = {}
    for field in fields(Part):
        held = [getattr(part, field.name) for part in parts]
        merged[field.name] = rearranged(held, order) if field.name == "demands" else _taken(joined(held), order)
    return Part(**merged)


def _taken(column: NDArray[Any], order: NDArray[np.int64]) -> NDArray[Any]:
    return column if is_constant(column) or not len(column) else column[order]


def jobs_of(part: Part, settings: Settings) -> Jobs:
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
    return Jobs(table, demands.offsets, demands.kind, demands.demand_ns, part.dispatch_u)
