"""What every contender is asked and what it answers."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

__all__ = ["Answer", "Case", "Run", "from_waits"]


@dataclass(frozen=True, kw_only=True)
class Case:
    """One workload on one fleet: Poisson arrivals, exponential phases, one line before all slots.

    ``phases`` are pairs of kind (``"cpu"``, ``"io"``) and mean in seconds.  Without ``vcpus`` every slot has a
    CPU of its own.  ``jobs`` is the size at which it is measured by those who are fast enough.  ``fleet`` and
    ``classes`` hold what only workersim has: keys of the fleet, and one mapping of keys a class of jobs.
    """

    key: str
    title: str
    replicas: int
    slots: int
    rate_per_s: float
    phases: tuple[tuple[str, float], ...]
    jobs: int
    vcpus: float | None = None
    fleet: Mapping[str, Any] = field(default_factory=dict)
    classes: tuple[Mapping[str, Any], ...] = ({},)

    @property
    def shares(self) -> bool:
        """Whether the CPU phases of one replica have fewer vCPUs than slots."""
        return self.vcpus is not None and self.vcpus < self.slots

    @property
    def figures(self) -> tuple[str, ...]:
        """Names of the figures of an answer that are compared."""
        return ("mean_wait_s", "p95_wait_s", "mean_queue") + (("mean_service_s",) if self.shares else ())


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a run found: the wait over its jobs, the queue over its time, from 0 to the last finish.

    The mean service (start to finish) is asked for only where vCPUs are shared; elsewhere it is the demand.
    """

    jobs: int
    mean_wait_s: float
    p95_wait_s: float
    mean_queue: float
    mean_service_s: float = math.nan


Run = Callable[[Case, int, int], Answer]
"""``run(case, jobs, seed)``: draw about so many jobs, run them until the last is done, and measure."""


def from_waits(
    waits_s: Sequence[float] | NDArray[np.float64], *, until_s: float, service_s: float = math.nan
) -> Answer:
    """Return the answer of a run that kept every wait; ``service_s`` is the sum over all jobs.

    Each job adds its wait to the area under the queue's curve, so the sum over the time is its exact average.
    """
    waits = np.asarray(waits_s)
    return Answer(
        jobs=len(waits),
        mean_wait_s=float(waits.mean()),
        p95_wait_s=float(np.quantile(waits, 0.95)),
        mean_queue=float(waits.sum()) / until_s,
        mean_service_s=service_s / len(waits),
    )
