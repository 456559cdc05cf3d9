"""Cost of a job against the number of jobs, on W1."""

from __future__ import annotations

import statistics
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .contenders import Absent
from .contenders.cases import CASES
from .timing import Failure, once

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .contenders import Contender

__all__ = ["CASE", "Series", "costs_against_size"]

CASE = CASES["W1-4"]


@dataclass
class Series:
    """A contender's costs in nanoseconds a job, a list of runs for each size."""

    contender: Contender
    costs_ns: dict[int, list[float]] = field(default_factory=dict)

    @property
    def medians_ns(self) -> dict[int, float]:
        """The median cost at each size."""
        return {jobs: statistics.median(costs) for jobs, costs in self.costs_ns.items()}

    @property
    def steepness(self) -> float | None:
        """The dearest size over the cheapest; None for fewer than two sizes."""
        medians = self.medians_ns.values()
        return max(medians) / min(medians) if len(medians) > 1 else None


def costs_against_size(
    contenders: Sequence[Contender],
    sizes: Sequence[int],
    *,
    repeats: int,
    longest_s: float,
    tell: Callable[[str], None],
) -> list[Series]:
    """Run all contenders in turn at each size; one that would take longer than ``longest_s`` has reached its end."""
    series = [Series(contender) for contender in contenders if CASE.key not in contender.unable]
    for jobs in sizes:
        todo = [one for one in series if fits(one, jobs, longest_s)]
        for repeat in range(1 + repeats):  # the first is for warming up
            for one in todo:
                tell(f"cost against size: {one.contender.title}, {jobs:,} jobs")
                cost = cost_ns(one.contender, jobs, seed=repeat)
                if repeat and cost is not None:
                    one.costs_ns.setdefault(jobs, []).append(cost)
    return [one for one in series if one.costs_ns]


def fits(series: Series, jobs: int, longest_s: float) -> bool:
    """Whether a run of this size is worth its time, judged by the size before."""
    if jobs > series.contender.largest:
        return False
    return not series.costs_ns or jobs * 1e-9 * list(series.medians_ns.values())[-1] <= longest_s


def cost_ns(contender: Contender, jobs: int, *, seed: int) -> float | None:
    """Time one run; None if the contender is not here or broke down (its row says so)."""
    try:
        took, answer = once(contender, CASE, jobs, seed)
    except (Absent, Failure):
        return None
    return 1e9 * took / answer.jobs
