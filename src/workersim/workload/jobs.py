"""What a fleet is asked to do: every job with its arrival, its settings and its phases, drawn and fixed.

An engine is a function of these arrays, so two fleets that are given the same ``Jobs`` serve the
same documents.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from workersim.runlog import Kind

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from workersim.runlog import JobTable
    from workersim.workload.fates import Fates

__all__ = ["Jobs", "constant", "is_constant"]


def constant(value: float, n: int, dtype: Any = np.int64) -> NDArray[Any]:
    """Return a read-only column of n times the same value, which takes the memory of one."""
    # As ``np.broadcast_to`` does, without its 4 us of checks: a chunk has eight of these.
    column: NDArray[Any] = np.ndarray((n,), dtype, np.array(value, dtype=dtype), strides=(0,))
    column.flags.writeable = False
    return column


def is_constant(column: NDArray[Any]) -> bool:
    """Tell whether a column is a view of one value."""
    return len(column) > 0 and column.strides == (0,)


@dataclass(frozen=True, eq=False, init=False)
class Jobs:
    """All the jobs of one run, in the order of ``job``.

    Any column in which all rows are the same may be a broadcast view of one value (stride 0, read-only).

    Parameters
    ----------
    table
        n rows: arrival, class, queue, priority, end of patience.
    first_phase
        int64[n + 1]; the phases of job i are those from ``first_phase[i]`` up to ``first_phase[i + 1]``,
        at least one.  None: every job has equally many, and the offsets, an ``arange``, are made
        when somebody first asks for them (8 bytes a job, as much as its demand).
    phase_kind
        uint8[m], a ``Kind`` each.
    phase_demand_ns
        int64[m], CPU time or time that passes, >= 0.
    dispatch_u
        float64[n], a number in [0, 1) for each job's first attempt, where slots are chosen at random; else empty.
    fates
        What jobs meet beside their phases; None: nothing.

    Examples
    --------
    >>> import numpy as np
    >>> from workersim.runlog import JobTable
    >>> zero = constant(0, 2)
    >>> table = JobTable(np.array([0, 5]), zero, zero, zero, constant(2**62, 2), ("document",), ("default",))
    >>> jobs = Jobs(table, np.array([0, 3, 4]), np.array([0, 1, 0, 1], np.uint8), np.array([2, 6, 2, 7]))
    >>> jobs.phases(0), jobs.demand_ns.tolist(), jobs.cpu_ns.tolist()
    ([(0, 2), (1, 6), (0, 2)], [10, 7], [4, 0])
    """

    table: JobTable
    phase_kind: NDArray[np.uint8]
    phase_demand_ns: NDArray[np.int64]
    dispatch_u: NDArray[np.float64]
    fates: Fates | None
    _offsets: NDArray[np.int64] | None = field(init=False)

    def __init__(
        self,
        table: JobTable,
        first_phase: NDArray[np.int64] | None,
        phase_kind: NDArray[np.uint8],
        phase_demand_ns: NDArray[np.int64],
        dispatch_u: NDArray[np.float64] | None = None,
        fates: Fates | None = None,
    ) -> None:
        columns = {
            "table": table,
            "phase_kind": phase_kind,
            "phase_demand_ns": phase_demand_ns,
            "dispatch_u": np.empty(0) if dispatch_u is None else dispatch_u,
            "fates": fates,
            "_offsets": first_phase,
        }
        for name, column in columns.items():
            object.__setattr__(self, name, column)

    def __len__(self) -> int:
        return len(self.table)

    @cached_property
    def first_phase(self) -> NDArray[np.int64]:
        """Where the phases of each job begin, and at last where they end."""
        if self._offsets is not None:
            return self._offsets
        return np.arange(len(self) + 1, dtype=np.int64) * self.phases_per_job

    @property
    def phases_per_job(self) -> int:
        """How many phases every job has; 0 if that may differ from job to job."""
        if self._offsets is None:
            return len(self.phase_demand_ns) // max(1, len(self))
        return int(len(self.phase_demand_ns) == len(self))

    @property
    def demand_ns(self) -> NDArray[np.int64]:
        """What the phases of each job add up to, int64[n]: its service time on a CPU of its own."""
        return self._by_job(self.phase_demand_ns)

    @property
    def cpu_ns(self) -> NDArray[np.int64]:
        """The CPU time that each job needs, int64[n]."""
        return self._by_job(np.where(self.phase_kind == Kind.CPU, self.phase_demand_ns, 0))

    def phases(self, job: int) -> list[tuple[int, int]]:
        """Return kind and demand (ns) of each phase of a job."""
        held = slice(int(self.first_phase[job]), int(self.first_phase[job + 1]))
        return list(zip(self.phase_kind[held].tolist(), self.phase_demand_ns[held].tolist(), strict=True))

    def _by_job(self, column: NDArray[np.int64]) -> NDArray[np.int64]:
        if self.phases_per_job == 1 or len(self) == 0:
            return column
        if self.phases_per_job:
            first, *others = column.reshape(len(self), -1).T  # NumPy's sum over a short axis takes ten times as long
            return sum(others, first)
        return np.add.reduceat(column, self.first_phase[:-1])
