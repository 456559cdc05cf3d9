"""Runs that are only measured: the workload is drawn in chunks, told in pieces, and no job is kept."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple

from workersim import engines, workload
from workersim.errors import InputError
from workersim.experiments.load import Load
from workersim.metrics import figures
from workersim.metrics.steps import PARTS
from workersim.scenario import JobClass, Trace
from workersim.units import NEVER, SECOND, format_duration

if TYPE_CHECKING:
    from workersim.engines.compiled.followed import Followed
    from workersim.engines.compiled.measured import ByEvents, ByRecursion
    from workersim.engines.compiled.tallied import Tallied
    from workersim.scenario import Scenario
    from workersim.workload import Jobs

__all__ = [
    "Sample",
    "can_stream",
    "ensure_warm_up",
    "is_gauged",
    "is_read_whole",
    "measured",
    "measured_changing",
    "measured_whole",
    "sample_of",
]

CLOCK_NS = 2**61  # up to which a run may reach
IN_HAND = 32768  # jobs at a time where much is known of each: some MB, which stay in the processor's cache


class Sample(NamedTuple):
    """One replication: its figures, and what a reader of them has to know."""

    figures: dict[str, Any]
    warnings: tuple[str, ...]


def sample_of(figures: dict[str, Any], load: Load, horizon_ns: int) -> Sample:
    """Return the sample of a run that ended at ``horizon_ns``, of whose jobs the load was taken."""
    # A log cannot tell it: a job that never started has not shown what it needs.
    offered = load.total_ns / horizon_ns if horizon_ns else None
    warnings = load.warnings(horizon_ns=horizon_ns, unfinished=figures["jobs"]["unfinished"])
    return Sample(figures | {"offered_load": offered}, tuple(warnings))


def ensure_warm_up(scenario: Scenario, horizon_ns: int) -> None:
    """Refuse a warm-up that does not end within the run.

    Raises
    ------
    InputError
        If it does not.
    """
    warm_up = scenario.run.warm_up
    if warm_up > horizon_ns:
        lasts = format_duration(horizon_ns / SECOND)
        msg = f"run.warm_up: expected at most the {lasts} that the run lasts, found {warm_up}"
        raise InputError(msg)


def measured(scenario: Scenario, *, replication: int = 0) -> Sample:
    """Measure one replication on the compiled engine, in memory that does not grow with the run.

    The figures are those of ``figures`` of the run's log; quantiles are within 0.1 %.

    Raises
    ------
    InputError
        If something cannot be drawn, or the warm-up is longer than the run.
    """
    from workersim.metrics.meter import Meter  # noqa: PLC0415 (numba takes half a second)

    if not _is_plain(scenario):
        return _measured_in_chunks(scenario, replication)
    fleet, horizon_ns, warm_up_ns = scenario.fleet, workload.horizon_ns(scenario), int(scenario.run.warm_up)
    chunks, load = workload.chunks(scenario, replication=replication, compiled=True), Load(scenario)
    first = next(chunks, None)
    if first is None:
        end_ns = 0 if horizon_ns == NEVER else horizon_ns
        ensure_warm_up(scenario, end_ns)
        return sample_of(figures(engines.fleet_log(fleet, end_ns), warm_up_ns=warm_up_ns), load, end_ns)
    _ensure_end(scenario, first)
    meter, run = Meter(warm_up_ns=warm_up_ns, slots=fleet.slots), _run(scenario, first)
    run.measure(load.counted(chain([first], chunks)), meter)
    end_ns = meter.told_ns if horizon_ns == NEVER else horizon_ns
    ensure_warm_up(scenario, end_ns)
    return sample_of(meter.figures(engines.fleet_log(fleet, end_ns), run.cpu_use()), load, end_ns)


def _measured_in_chunks(scenario: Scenario, replication: int) -> Sample:
    """Measure a replication of jobs that may come back, or on fleets that may change."""
    from workersim.engines.compiled.changing.layout import priorities_of  # noqa: PLC0415 (numba takes half a second)
    from workersim.engines.compiled.changing.measured import InChunks  # noqa: PLC0415 (as above)
    from workersim.metrics.attempt_meter import AttemptMeter  # noqa: PLC0415 (as above)

    chunks = workload.chunks(scenario, replication=replication, size=IN_HAND, compiled=True)
    first, load = next(chunks, None), Load(scenario)
    if first is None:
        return measured_changing(scenario, workload.realise(scenario, replication=replication), replication=replication)
    streams, warm_up_ns = workload.Streams(scenario.run.seed, replication), int(scenario.run.warm_up)
    system = engines.scripted_system(scenario, first.table.queues, streams)
    priorities = priorities_of(system, [job.priority for job in _arriving(scenario)])
    crashes = engines.Crashes(scenario, streams)
    run = InChunks(system, crashes, priorities, workload.horizon_ns(scenario), warm_up_ns)
    meter = AttemptMeter(warm_up_ns=warm_up_ns)
    for piece in run.pieces(load.counted(chain([first], chunks))):
        meter.add(piece)
    ensure_warm_up(scenario, run.fleet.horizon_ns)
    return sample_of(meter.figures(run.fleet, run.levels), load, run.fleet.horizon_ns)


def _is_plain(scenario: Scenario) -> bool:
    """Tell whether jobs are tried once, on one fleet that stays as it is."""
    return scenario.is_steady and not workload.has_fates(scenario)


def is_read_whole(scenario: Scenario, jobs: Jobs) -> bool:
    """Tell whether ``measured_whole`` gives the figures of the log of these jobs, to the last bit."""
    return scenario.is_steady and jobs.fates is None and len(jobs) > 0 and is_gauged(scenario)


def is_gauged(scenario: Scenario) -> bool:
    """Tell whether a run that is only measured knows the CPU in use, and all that is charged, as the log would.

    Parts of vCPUs that are no whole number of the parts that are added up exactly are left to the log.
    """
    return all(not fleet.vcpu_price and (fleet.cores * PARTS).is_integer() for fleet in scenario.fleets.values())


def measured_whole(scenario: Scenario, jobs: Jobs) -> Sample:
    """Measure a replication whose jobs are here, on the compiled engine: the figures of its log, without the log.

    Raises
    ------
    InputError
        If the run would be longer than the clock, or the warm-up than the run.
    """
    from workersim.engines.compiled.measured import told_whole  # noqa: PLC0415 (numba takes half a second)
    from workersim.metrics.whole import figures_of  # noqa: PLC0415 (as above)

    fleet, horizon_ns, warm_up_ns = scenario.fleet, workload.horizon_ns(scenario), int(scenario.run.warm_up)
    workload.ensure_range(jobs, [fleet], horizon_ns)
    told = told_whole(jobs, fleet, horizon_ns, warm_up_ns)
    ensure_warm_up(scenario, told.end_ns)
    tree = figures_of(told.piece, engines.fleet_log(fleet, told.end_ns), told.cpu, warm_up_ns=warm_up_ns)
    return sample_of(tree, Load(scenario).add(jobs), told.end_ns)


def measured_changing(scenario: Scenario, jobs: Jobs, *, replication: int) -> Sample:
    """Measure a replication whose jobs are here, on fleets that may change: the figures of its log, without its phases.

    Raises
    ------
    InputError
        If the run would be longer than the clock, or the warm-up than the run.
    """
    horizon_ns, warm_up_ns = workload.horizon_ns(scenario), int(scenario.run.warm_up)
    workload.ensure_range(jobs, scenario.fleets.values(), horizon_ns)
    system = engines.system_of(scenario, jobs, workload.Streams(scenario.run.seed, replication))
    log, levels = engines.gauge_changing(jobs, system, horizon_ns=horizon_ns, warm_up_ns=warm_up_ns)
    ensure_warm_up(scenario, log.horizon_ns)
    tree = figures(log, warm_up_ns=warm_up_ns, levels=levels)
    return sample_of(tree, Load(scenario).add(jobs), log.horizon_ns)


def _ensure_end(scenario: Scenario, first: Jobs) -> None:
    """Refuse a run that cannot drain before the clock ends now, and not when it gets there."""
    fleet = scenario.fleet
    if workload.horizon_ns(scenario) < NEVER or not fleet.slots:
        return
    mean_ns = float(first.phase_demand_ns.sum(dtype=float)) / len(first) * max(1.0, fleet.concurrency / fleet.cores)
    lasts_ns = workload.expected_jobs(scenario) * mean_ns / fleet.slots
    if lasts_ns > 1.1 * CLOCK_NS:  # a little more, because the mean is one of the first jobs
        years = lasts_ns / SECOND / 31_557_600
        msg = f"workload: to drain would take about {years:,.0f} years; the clock holds 73"
        raise InputError(msg)


def _run(scenario: Scenario, first: Jobs) -> ByEvents | ByRecursion | Followed | Tallied:
    """Return the recursion where nothing but first come, first served can happen, else the events."""
    from workersim.engines.compiled.fifo import limit_ns  # noqa: PLC0415 (numba takes half a second)
    from workersim.engines.compiled.followed import Followed  # noqa: PLC0415 (as above)
    from workersim.engines.compiled.layout import Shape  # noqa: PLC0415 (numba takes half a second)
    from workersim.engines.compiled.measured import ByEvents, ByRecursion  # noqa: PLC0415 (as above)
    from workersim.engines.compiled.tallied import Tallied  # noqa: PLC0415 (as above)

    fleet, horizon_ns = scenario.fleet, workload.horizon_ns(scenario)
    classes = _arriving(scenario)
    levels = sorted({job.priority for job in classes})
    shape = Shape(first.table.queues, tuple(levels), any(job.expires is not None for job in classes))
    kinds = {kind for job in classes for kind in _kinds(job)}
    alone = shape.lanes == 1 and not shape.impatient and fleet.slots > 0 and fleet.cores >= fleet.concurrency
    # Four times the time of arrivals leaves room for a backlog; the recursion looks again as it goes.
    near = 4 * _last_arrival_ns(scenario) < limit_ns(fleet)
    if alone and len(kinds) == 1 and Tallied.fits(fleet):
        return Tallied(fleet, horizon_ns, on_cpu=kinds == {"cpu"})
    if alone and len(kinds) == 1 and near:
        return ByRecursion(fleet, horizon_ns, on_cpu=kinds == {"cpu"})
    by_events = ByEvents if shape.impatient else Followed
    return by_events(fleet, horizon_ns, int(scenario.run.warm_up), shape)


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
    """Tell whether a run of this scenario can do without its jobs.

    The rows of a trace are held anyway; jobs that follow others, and prices of CPU in use (which a run that is only
    measured does not know of its warm-up) need the log.
    """
    if any(isinstance(arrival, Trace) for arrival in scenario.workload.arrivals):
        return False
    if _is_plain(scenario):
        return not scenario.fleet.vcpu_price
    return is_gauged(scenario) and not scenario.workload.following
