"""From a scenario to its jobs: here, and only here, chance is called on."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from workersim.errors import InputError
from workersim.scenario import Burst, Failures, JobClass, Scenario, Trace
from workersim.units import NEVER
from workersim.workload.arrivals import MAX_JOBS, Stream
from workersim.workload.arrivals import expected_jobs as stream_jobs
from workersim.workload.drawing import Drawn
from workersim.workload.fating import Fating, has_fates, limits_of_workers
from workersim.workload.following import with_followers
from workersim.workload.parts import Part, Supply, jobs_of, merged
from workersim.workload.reach import Reach, ensure_range
from workersim.workload.recorded import Recorded, read_rows
from workersim.workload.sampling import Source
from workersim.workload.settings import Settings, classes_of, settings_of
from workersim.workload.streams import Streams

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from workersim.workload.jobs import Jobs
    from workersim.workload.trace_rows import TraceRows

__all__ = ["chunks", "expected_jobs", "horizon_ns", "is_random", "realise"]

MOST_IN_CHUNKS = 10**11
KEPT = 2**21  # numbers of 8 bytes


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
    with _enough_memory():
        supplies, settings, traces = _supplies(scenario, _streams(scenario, streams), held=True)
        part = merged(supplies, sys.maxsize)
        fating = _fating(scenario, settings, streams, traces)
        jobs = jobs_of(part, settings) if fating is None else _fated(scenario, part, fating)
    ensure_range(jobs, scenario.fleets.values(), horizon_ns(scenario))
    return jobs


def _fating(scenario: Scenario, settings: Settings, streams: Streams, traces: Mapping[int, TraceRows]) -> Fating | None:
    """Return what draws all that happens to jobs beside their phases; None: nothing does."""
    if has_fates(scenario) or any(rows.is_fated for rows in traces.values()):
        return Fating(settings, streams, traces, limits_of_workers(scenario))
    return None


def _fated(scenario: Scenario, roots: Part, fating: Fating) -> Jobs:
    """Return the jobs with their followers, and with all that happens to them beside their phases."""
    part, family = with_followers(roots, fating.settings, fating.streams, lots=_lots(scenario))
    n = len(part.arrival_ns)
    first, followers = family.followers(n)
    fates = replace(fating.fates(part), predecessors=family.predecessors(n), first_follower=first, follower=followers)
    return jobs_of(part, fating.settings, fates)


def _lots(scenario: Scenario) -> bool:
    return any(fleet.dispatch == "random" for fleet in scenario.fleets.values())


def chunks(
    scenario: Scenario, *, replication: int = 0, seed: int | None = None, size: int = 65536, compiled: bool = False
) -> Iterator[Jobs]:
    """Draw the jobs of a scenario some at a time, for runs that never hold all of them.

    Parameters
    ----------
    scenario, replication, seed
        As for ``realise``.
    size
        How many jobs at a time, >= 1; it changes nothing about them.
    compiled
        Whether kernels may draw them; it changes nothing about them either.

    Returns
    -------
    Iterator[Jobs]
        The jobs of ``realise`` in order of arrival, ``size`` at a time; the last chunk may be shorter, none is
        empty.  One below the other they are what ``realise`` returns, with one exception: if the only stream is
        a trace whose rows are not in order, they are in order of arrival here, so their numbers differ.

    Raises
    ------
    InputError
        As from ``realise``, but when the jobs are reached that it is about.  Up to 1e11 jobs may be expected,
        in any number of phases.  Jobs that follow others are refused: they are drawn all at once.

    Notes
    -----
    Memory does not grow with the number of jobs: it holds some chunks, and for each of several streams ``size``
    instants of arrival.  Only the rows of a trace, the changes of rate of a profile, and the states
    that an MMPP goes through, 16 bytes each, are held whole.

    Examples
    --------
    >>> from workersim.scenario import Burst, Fleet, JobClass, Workload
    >>> workload = Workload(jobs={"document": JobClass(service="20 min")}, arrivals=[Burst(jobs=10)])
    >>> ten = Scenario(fleet=Fleet(replicas=1, concurrency=4), workload=workload)
    >>> [len(jobs) for jobs in chunks(ten, size=4)]
    [4, 4, 2]
    """
    if size < 1:
        msg = f"size must be >= 1, got {size}"
        raise InputError(msg)
    streams = Streams(scenario.run.seed if seed is None else seed, replication, compiled)
    with _enough_memory():
        supplies, settings, traces = _supplies(scenario, _streams(scenario, streams, MOST_IN_CHUNKS), held=False)
    if scenario.workload.following:
        msg = "workload: jobs that follow others are drawn all at once, not in chunks"
        raise InputError(msg)
    fating = _fating(scenario, settings, streams, traces)
    reach = Reach(scenario.fleets.values(), horizon_ns(scenario))
    return _in_chunks(supplies, settings, fating, reach, size)


def _in_chunks(
    supplies: Sequence[Supply], settings: Settings, fating: Fating | None, reach: Reach, size: int
) -> Iterator[Jobs]:
    # freed at once, this tells glibc to keep the memory of chunks that are dropped: a quarter less time a job
    np.empty(min(16 * size, KEPT))
    count = size
    while count == size:
        with _enough_memory():
            part = merged(supplies, size)
            jobs = jobs_of(part, settings, None if fating is None else fating.fates(part))
        count = len(jobs)
        if count:
            reach.add(jobs, int(jobs.table.arrival_ns[-1]))
            yield jobs


@contextmanager
def _enough_memory() -> Iterator[None]:
    try:
        yield
    except MemoryError:
        msg = "workload: there is not enough memory for so many jobs"
        raise InputError(msg) from None


def _streams(scenario: Scenario, streams: Streams, most: int = MAX_JOBS) -> list[Stream]:
    return [
        Stream(arrival, index, streams, horizon_ns(scenario), scenario.folder, most)
        for index, arrival in enumerate(scenario.workload.arrivals)
    ]


def _supplies(
    scenario: Scenario, drawn: list[Stream], *, held: bool
) -> tuple[list[Supply], Settings, Mapping[int, TraceRows]]:
    """Return what the jobs of each stream are taken from; whether all of them will be held at once."""
    _refuse_too_many(scenario, drawn, held=held)
    lots = _lots(scenario)
    jobs = scenario.workload.jobs
    traces = {s.index: read_rows(s, s.arrival, jobs) for s in drawn if isinstance(s.arrival, Trace)}
    settings = settings_of(scenario, traces)
    in_rows = held and len(drawn) == 1
    supplies: list[Supply] = [
        Recorded(stream, traces[stream.index], settings, lots=lots, in_rows=in_rows)
        if stream.index in traces
        else Drawn(stream, settings, lots=lots)
        for stream in drawn
    ]
    return supplies, settings, traces


def _refuse_too_many(scenario: Scenario, drawn: list[Stream], *, held: bool) -> None:
    """Refuse what would not fit into memory, or would never end, before any of it is drawn."""
    jobs, total = scenario.workload.jobs, 0.0
    reason, unit = ("than memory holds", "phases") if held else ("than a run can go through", "jobs")
    for stream in drawn:
        if isinstance(stream.arrival, Trace):
            continue
        count = stream_jobs(stream)
        each = max((_phases(jobs[name]) for name in classes_of(stream.arrival, jobs)), default=1) if held else 1
        total += count * each
        if total > stream.most:
            number = f"{count:,.0f}" if isinstance(stream.arrival, Burst) else f"about {count:.3g}"
            phases = f" of {each} phases each" if each > 1 else ""
            before = " with the streams before it," if total > count * each else ""
            msg = (
                f"{stream.where} brings {number} jobs{phases},{before} more {reason}; "
                f"expected at most {stream.most:,} {unit} in a run"
            )
            raise InputError(msg)


def _phases(job: JobClass) -> int:
    if job.phases is not None:
        return len(job.phases)
    return 1 if job.wait_ratio is None else 3


def expected_jobs(scenario: Scenario) -> float:
    """Return how many jobs a run is expected to have, without drawing any; the rows of traces are not counted."""
    drawn = _streams(scenario, Streams(0, 0))
    return sum(stream_jobs(stream) for stream in drawn if not isinstance(stream.arrival, Trace))


def is_random(scenario: Scenario) -> bool:
    """Tell whether another seed could give another run.

    A scenario with a trace counts as random if any of its classes is, since rows may leave things to a class.
    """
    jobs = scenario.workload.jobs
    if _lots(scenario) and scenario.workload.arrivals:
        return True
    if any(
        isinstance(fleet.crashes, Failures) or _is_fixed(fleet.startup) is False for fleet in scenario.fleets.values()
    ):
        return True
    for stream in _streams(scenario, Streams(0, 0)):
        arrival, names = stream.arrival, classes_of(stream.arrival, jobs)
        is_trace = isinstance(arrival, Trace)
        if len(names) > 1 and not is_trace:
            return True
        if any(_draws(jobs[name]) for name in (jobs if is_trace else {*names, *scenario.workload.following})):
            return True
        interval = getattr(arrival, "interval", None)
        if not isinstance(arrival, Burst | Trace) and _is_fixed(interval) is not True:
            return True
    return False


def _draws(job: JobClass) -> bool:
    if 0 < job.fails < 1 or (job.fails and job.retries.max and job.retries.jitters):
        return True
    values = [job.service, job.wait_ratio, job.expires, job.countdown, job.fails_after]
    values += [phase.demand for phase in job.phases or ()]
    return any(_is_fixed(value) is False for value in values)


def _is_fixed(value: object) -> bool | None:
    """Tell whether a value is always the same; None if there is no value."""
    return None if value is None else Source(value, "", Path()).fixed is not None
