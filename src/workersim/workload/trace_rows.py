"""The rows of a trace as columns, whatever the file looked like."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from workersim.runlog import Kind
from workersim.units import NEVER
from workersim.workload.demands import Demands, halves, outright, rearranged
from workersim.workload.jobs import constant

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["ABSENT", "NEEDS", "TraceRows", "own_demands"]

ABSENT = -1
NEEDS = ("phases", "cpu", "io", "service")  # columns that say what a job needs


@dataclass(frozen=True, eq=False)
class TraceRows:
    """What a trace says of n jobs, in the order of its rows; what it does not say is ``ABSENT``, -1.

    Attributes
    ----------
    path
        The file.
    arrival_ns
        int64[n], from the start of the run; for ISO 8601 from the earliest arrival.
    demands
        The phases that each row gives; none for a row that leaves them to its class.
    job_class, queue
        int32[n], indices into ``classes`` and ``queues``, which hold names by first appearance.
    priority, patience_ns
        int64[n]; patience counts from the arrival.
    started_ns, finished_ns
        int64[n], as observed, or ``NEVER``.
    replica, slot
        int64[n], as observed.
    countdown_ns, fails, fails_after_ns, soft_ns, hard_ns
        int64[n], as in ``Fates``.
    """

    path: Path
    arrival_ns: NDArray[np.int64]
    demands: Demands
    job_class: NDArray[np.int32]
    queue: NDArray[np.int32]
    priority: NDArray[np.int64]
    patience_ns: NDArray[np.int64]
    started_ns: NDArray[np.int64]
    finished_ns: NDArray[np.int64]
    replica: NDArray[np.int64]
    slot: NDArray[np.int64]
    countdown_ns: NDArray[np.int64]
    fails: NDArray[np.int64]
    fails_after_ns: NDArray[np.int64]
    soft_ns: NDArray[np.int64]
    hard_ns: NDArray[np.int64]
    classes: tuple[str, ...]
    queues: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.arrival_ns)

    @property
    def is_fated(self) -> bool:
        """Whether a row says more of its job than when it arrives, what it needs, and how it queues."""
        columns = (self.countdown_ns, self.fails, self.fails_after_ns, self.soft_ns, self.hard_ns)
        return any((column != ABSENT).any() for column in columns)


def own_demands(
    phases: Demands, durations: Mapping[str, NDArray[np.int64]], started: NDArray[np.int64], finished: NDArray[np.int64]
) -> Demands:
    """Return the phases of each row from what its cells say: phases, else CPU and I/O, else a service.

    Parameters
    ----------
    phases
        As written; none where the cell is empty.
    durations
        int64[n] each, ``cpu``, ``io`` and ``service`` in ns; ``ABSENT`` where a cell is empty.
    started, finished
        int64[n], between which a service lasted that is not told; or ``NEVER``.

    Returns
    -------
    Demands
        A service is one I/O phase; a row that says nothing has no phase.
    """
    cpu_ns, io_ns, service_ns = (durations[name] for name in ("cpu", "io", "service"))
    observed = (started < NEVER) & (finished < NEVER)
    service_ns = np.where((service_ns < 0) & observed, finished - started, service_ns)
    written = phases.counts > 0
    split = ~written & ((cpu_ns >= 0) | (io_ns >= 0))
    served = ~written & ~split & (service_ns >= 0)
    nothing = ~(written | split | served)
    parts: Sequence[tuple[NDArray[np.bool_], Demands]] = [
        (written, Demands(phases.counts[written], phases.kind, phases.demand_ns)),
        (split, halves(np.maximum(cpu_ns[split], 0), np.maximum(io_ns[split], 0))),
        (served, outright([Kind.IO], [service_ns[served]])),
        (nothing, Demands(constant(0, int(nothing.sum())), np.empty(0, np.uint8), np.empty(0, np.int64))),
    ]
    if served.all():
        return parts[2][1]
    places = np.concatenate([np.flatnonzero(mask) for mask, _ in parts])
    order = np.empty(len(places), np.int64)
    order[places] = np.arange(len(places))
    return rearranged([demands for mask, demands in parts if mask.any()], order)
