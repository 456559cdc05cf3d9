"""What any file says of attempts, as columns, before it becomes jobs and a log."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from workersim.units import NEVER

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    from workersim.runlog import FleetChanges
    from workersim.workload.demands import Demands

__all__ = ["Facts", "Places"]


@dataclass(frozen=True, eq=False)
class Places:
    """Where attempts ran: numbers of replicas and slots, -1 where nothing says, and what is known of the fleet.

    Attributes
    ----------
    replica, slot
        int64[n], a row an attempt.
    fleet
        Rows of the fleet table by the clock of the file; None if the file says nothing of it.
    """

    replica: NDArray[np.int64]
    slot: NDArray[np.int64]
    fleet: FleetChanges | None = None


@dataclass(frozen=True, eq=False)
class Facts:
    """One row an attempt, in the order of jobs and then of attempts; instants by the clock of the file, in ns.

    A column in which all rows say the same may be a view of one value.

    Attributes
    ----------
    job
        int[n], from 0; jobs are numbered in the order in which they are to stand in the log, and none is left out.
    arrival_ns, published_ns, received_ns, started_ns, finished_ns
        int64[n]; the arrival is the job's, and the same in each of its rows.
    outcome
        uint8[n], an ``Outcome``.
    job_class, queue
        int32[n], indices into ``classes`` and ``queues``; -1 where nothing says.
    priority, patience_ns
        int64[n]; -1 where nothing says.
    demands
        The phases that an attempt needs, without being in the way of others; none where nothing says.
    places
        Where they ran.
    classes, queues
        Names.
    is_absolute
        Whether instants count from 1970, so that the earliest arrival is made 0.
    due_ns
        int64[n], before when an attempt is not to start (a countdown, a retry); None: nothing says so.
    asked
        int64[n] each, what rows say of ``countdown_ns``, ``fails``, ``fails_after_ns``, ``soft_ns``, ``hard_ns``; -1
        where they say nothing.
    end_ns
        Until when the system was observed, if the file says so.
    """

    job: NDArray[Any]
    arrival_ns: NDArray[np.int64]
    published_ns: NDArray[np.int64]
    received_ns: NDArray[np.int64]
    started_ns: NDArray[np.int64]
    finished_ns: NDArray[np.int64]
    outcome: NDArray[np.int64]
    job_class: NDArray[np.int64]
    queue: NDArray[np.int64]
    priority: NDArray[np.int64]
    patience_ns: NDArray[np.int64]
    demands: Demands
    places: Places
    classes: tuple[str, ...]
    queues: tuple[str, ...]
    is_absolute: bool
    end_ns: int | None = None
    due_ns: NDArray[np.int64] | None = None
    asked: Mapping[str, NDArray[np.int64]] = field(default_factory=dict)
    meta: Mapping[str, Any] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.job)

    @property
    def has_one_row_a_job(self) -> bool:
        """Whether no job has a second row."""
        return not len(self.job) or int(self.job[-1]) == len(self.job) - 1

    @property
    def is_observed(self) -> bool:
        """Whether a single start is known."""
        return bool((self.started_ns < NEVER).any())
