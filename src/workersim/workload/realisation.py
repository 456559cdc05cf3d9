"""From a scenario to its jobs: here, and only here, chance is called on."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from workersim.errors import InputError
from workersim.runlog import Kind
from workersim.scenario import Burst, Fleet, JobClass, Scenario, Trace
from workersim.units import NEVER, SECOND
from workersim.workload.arrivals import MAX_JOBS, Stream, expected_jobs
from workersim.workload.demands import Demands
from workersim.workload.drawing import drawn_part
from workersim.workload.jobs import Jobs, constant
from workersim.workload.parts import Part, jobs_of, superposed
from workersim.workload.recorded import read_rows, recorded_part
from workersim.workload.sampling import LONGEST_NS, Source
from workersim.workload.settings import classes_of, settings_of
from workersim.workload.streams import Streams

__all__ = ["ensure_range", "horizon_ns", "is_random", "realise"]


def horizon_ns(scenario: Scenario) -> int:
    """Return the instant at which a run ends, in ns; ``NEVER`` if it ends when all is done."""
    until = scenario.run.until
    return NEVER if until == "drained" else int(until)


def realise(scenario: Scenario, *, replication: int = 0, seed: int | None = None) -> Jobs:
    """Draw the jobs of a scenario.

    Parameters
    ----------
    scenario
        What is asked.
    replication
        Which of the independent repetitions, from 0.
    seed
        Instead of the scenario's own.

    Returns
    -------
    Jobs
        In order of arrival; ties by stream of arrivals, then by order in it.  If the only
        stream is a trace: in the order of its rows.  What arrives after the horizon is left out.

    Raises
    ------
    InputError
        If a trace or a file cannot be used, something that is drawn makes no sense, or the run would be larger
        than memory or longer than the clock.

    Notes
    -----
    The same scenario, seed and replication give the same jobs.  A stream of arrivals is told by its place in
    the scenario and a class by its name, so neither is moved by what is added after or beside it.
    """
    streams = Streams(scenario.run.seed if seed is None else seed, replication)
    drawn = _streams(scenario, streams)
    _refuse_too_many(scenario, drawn)
    try:
        jobs = _realised(scenario, drawn)
    except MemoryError:
        msg = "workload: there is not enough memory for so many jobs"
        raise InputError(msg) from None
    ensure_range(jobs, scenario.fleet, horizon_ns(scenario))
    return jobs


def _streams(scenario: Scenario, streams: Streams) -> list[Stream]:
    return [
        Stream(arrival, index, streams, horizon_ns(scenario), scenario.folder)
        for index, arrival in enumerate(scenario.workload.arrivals)
    ]


def _realised(scenario: Scenario, drawn: list[Stream]) -> Jobs:
    lots = scenario.fleet.dispatch == "random"
    jobs = scenario.workload.jobs
    traces = {s.index: read_rows(s, s.arrival, jobs) for s in drawn if isinstance(s.arrival, Trace)}
    settings = settings_of(scenario, traces)
    parts = [
        recorded_part(stream, traces[stream.index], settings, lots=lots)
        if stream.index in traces
        else drawn_part(stream, settings, lots=lots)
        for stream in drawn
    ]
    return jobs_of(superposed(parts or [_nothing()]), settings)


def _nothing() -> Part:
    none = np.empty(0, np.int64)
    index = none.astype(np.int32)
    demands = Demands(constant(1, 0), constant(Kind.CPU, 0, np.uint8), none)
    return Part(none, index, index, none, none, demands, np.empty(0))


def _refuse_too_many(scenario: Scenario, drawn: list[Stream]) -> None:
    """Refuse what would not fit into memory, before any of it is drawn."""
    jobs, total = scenario.workload.jobs, 0.0
    for stream in drawn:
        if isinstance(stream.arrival, Trace):
            continue
        count = expected_jobs(stream)
        phases = max((_phases(jobs[name]) for name in classes_of(stream.arrival, jobs)), default=1)
        total += count * phases
        if total > MAX_JOBS:
            number = f"{count:,.0f}" if isinstance(stream.arrival, Burst) else f"about {count:.3g}"
            each = f" of {phases} phases each" if phases > 1 else ""
            before = " with the streams before it," if total > count * phases else ""
            msg = (
                f"{stream.where} brings {number} jobs{each},{before} more than memory holds; "
                f"expected at most {MAX_JOBS:,} phases in a run"
            )
            raise InputError(msg)


def _phases(job: JobClass) -> int:
    if job.phases is not None:
        return len(job.phases)
    return 1 if job.wait_ratio is None else 3


def is_random(scenario: Scenario) -> bool:
    """Tell whether another seed could give another run.

    A scenario with a trace counts as random if any of its classes is, since rows may leave things to a class.
    """
    jobs = scenario.workload.jobs
    if scenario.fleet.dispatch == "random" and scenario.workload.arrivals:
        return True
    for stream in _streams(scenario, Streams(0, 0)):
        arrival, names = stream.arrival, classes_of(stream.arrival, jobs)
        is_trace = isinstance(arrival, Trace)
        if len(names) > 1 and not is_trace:
            return True
        if any(_draws(jobs[name]) for name in (jobs if is_trace else names)):
            return True
        interval = getattr(arrival, "interval", None)
        if not isinstance(arrival, Burst | Trace) and _is_fixed(interval) is not True:
            return True
    return False


def _draws(job: JobClass) -> bool:
    values = [job.service, job.wait_ratio, job.expires, *(phase.demand for phase in job.phases or ())]
    return any(_is_fixed(value) is False for value in values)


def _is_fixed(value: object) -> bool | None:
    """Tell whether a value is always the same; None if there is no value."""
    return None if value is None else Source(value, "", Path()).fixed is not None


def ensure_range(jobs: Jobs, fleet: Fleet, horizon: int) -> None:
    """Refuse a run in which an instant could lie beyond what 64 bits hold.

    Parameters
    ----------
    jobs
        What is to be done.
    fleet
        Its slots and CPUs: n phases on c < n vCPUs last n / c times as long.
    horizon
        End of the run in ns, or ``NEVER``.

    Raises
    ------
    InputError
        If one phase can last longer than 2**61 ns (73 years), or, without a horizon, all of them
        one after another as a list schedule (last arrival + stretched sum / slots + longest job).
    """
    if not len(jobs) or not fleet.replicas:
        return
    stretch = max(1.0, fleet.concurrency / fleet.cores)
    longest = float(jobs.phase_demand_ns.max()) * stretch
    if longest > LONGEST_NS:
        _beyond("a phase", longest)
    if horizon >= NEVER:
        demand_ns = jobs.demand_ns
        total = float(demand_ns.sum(dtype=float)) * stretch / (fleet.replicas * fleet.concurrency)
        last = float(jobs.table.arrival_ns.max())
        _beyond("the run", last + total + float(demand_ns.max()) * stretch)


def _beyond(what: str, lasts_ns: float) -> None:
    if lasts_ns > LONGEST_NS:
        msg = f"workload: {what} could last {lasts_ns / SECOND / 31557600:,.0f} years; the clock holds 73"
        raise InputError(msg)
