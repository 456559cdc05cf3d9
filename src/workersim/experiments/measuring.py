"""Runs that are only measured: the workload is drawn in chunks, told in pieces, and no job is kept."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any

from workersim import engines, workload
from workersim.metrics import figures
from workersim.scenario import JobClass, Trace
from workersim.units import NEVER

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from workersim.engines.compiled.measured import ByEvents, ByRecursion
    from workersim.scenario import Scenario
    from workersim.workload import Jobs

__all__ = ["measured"]


def measured(scenario: Scenario, *, replication: int = 0) -> dict[str, Any]:
    """Return the figures of one replication on the compiled engine, in memory that does not grow with the run.

    They are those of ``figures`` of the run's log; quantiles are within 0.1 %.

    Raises
    ------
    InputError
        If something cannot be drawn.
    """
    from workersim.metrics.meter import Meter  # noqa: PLC0415 (numba takes half a second)

    fleet, horizon_ns, warm_up_ns = scenario.fleet, workload.horizon_ns(scenario), int(scenario.run.warm_up)
    chunks = workload.chunks(scenario, replication=replication)
    first = next(chunks, None)
    if first is None:
        return figures(engines.fleet_log(fleet, 0 if horizon_ns == NEVER else horizon_ns), warm_up_ns=warm_up_ns)
    meter, run, needed = Meter(warm_up_ns=warm_up_ns, slots=fleet.slots), _run(scenario, first), _Needed()
    for piece in run.pieces(needed.counted(chain([first], chunks))):
        meter.add(piece)
    end_ns = meter.told_ns if horizon_ns == NEVER else horizon_ns
    sample = meter.figures(engines.fleet_log(fleet, end_ns), run.cpu_use())
    sample["offered_load"] = needed.total_ns / end_ns if end_ns else None
    return sample


class _Needed:
    """Adds up what the jobs that pass by ask for."""

    def __init__(self) -> None:
        self.total_ns = 0.0

    def counted(self, chunks: Iterable[Jobs]) -> Iterator[Jobs]:
        for jobs in chunks:
            self.total_ns += float(jobs.phase_demand_ns.sum(dtype=float))
            yield jobs


def _run(scenario: Scenario, first: Jobs) -> ByEvents | ByRecursion:
    """Return the recursion where nothing but first come, first served can happen, else the events."""
    from workersim.engines.compiled.fifo import limit_ns  # noqa: PLC0415 (numba takes half a second)
    from workersim.engines.compiled.layout import Shape  # noqa: PLC0415 (numba takes half a second)
    from workersim.engines.compiled.measured import ByEvents, ByRecursion  # noqa: PLC0415 (as above)

    fleet, horizon_ns = scenario.fleet, workload.horizon_ns(scenario)
    classes = _arriving(scenario)
    levels = sorted({job.priority for job in classes})
    shape = Shape(first.table.queues, tuple(levels), any(job.expires is not None for job in classes))
    kinds = {kind for job in classes for kind in _kinds(job)}
    alone = shape.lanes == 1 and not shape.impatient and fleet.slots > 0 and fleet.cores >= fleet.concurrency
    # Four times the time of arrivals leaves room for a backlog; the recursion looks again as it goes.
    near = 4 * _last_arrival_ns(scenario) < limit_ns(fleet)
    if alone and len(kinds) == 1 and near:
        return ByRecursion(fleet, horizon_ns, on_cpu=kinds == {"cpu"})
    return ByEvents(fleet, horizon_ns, int(scenario.run.warm_up), shape)


def _last_arrival_ns(scenario: Scenario) -> int:
    """Return an instant after which nothing arrives."""
    horizon_ns = workload.horizon_ns(scenario)
    if horizon_ns < NEVER:
        return horizon_ns
    ends: list[Any] = [getattr(a, "until", getattr(a, "at", None)) for a in scenario.workload.arrivals]
    return max((int(end) for end in ends if end is not None), default=0)


def _arriving(scenario: Scenario) -> list[JobClass]:
    jobs = scenario.workload.jobs
    names = {name for arrival in scenario.workload.arrivals for name in scenario.workload.classes_of(arrival)}
    return [jobs[name] for name in names]


def _kinds(job: JobClass) -> set[str]:
    if job.phases is not None:
        return {phase.kind for phase in job.phases}
    return {"cpu"} if job.wait_ratio is None else {"cpu", "io"}


def can_stream(scenario: Scenario) -> bool:
    """Tell whether a run of this scenario can do without its jobs: the rows of a trace are held anyway."""
    return not any(isinstance(arrival, Trace) for arrival in scenario.workload.arrivals)
