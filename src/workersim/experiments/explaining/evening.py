"""The same documents without what varies about them: evenly spaced arrivals, mean demands, Redis's priority steps."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from workersim import workload
from workersim.scenario import Burst, Every, Profile, Trace
from workersim.units import NEVER, SECOND, Duration
from workersim.workload.arrivals import Stream, expected_jobs
from workersim.workload.demands import halves
from workersim.workload.jobs import Jobs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from workersim.runlog.schema import Ints
    from workersim.scenario import Scenario
    from workersim.scenario.arrivals import Arrival

__all__ = ["averaged", "evened", "roots", "stepped"]

_HOUR_NS = 3600 * SECOND
_STEP = 3  # Redis's lists are those of the priorities 0, 3, 6, 9
_LAST_STEP = 9


class _Rate(NamedTuple):
    """How many documents are due from the first of some edges up to each."""

    edges_ns: NDArray[np.float64]
    level: NDArray[np.float64]


def roots(jobs: Jobs) -> int:
    """Return how many of the jobs arrive by themselves; they stand before those that follow others."""
    return len(jobs) if jobs.fates is None else int(np.count_nonzero(np.asarray(jobs.fates.predecessors) == 0))


def stepped(jobs: Jobs) -> Jobs:
    """Return the jobs with the priorities that Redis knows: that of the step at or below each."""
    priority = np.asarray(jobs.table.priority)
    steps = np.minimum(priority // _STEP * _STEP, _LAST_STEP)
    return jobs if np.array_equal(steps, priority) else _with(jobs, priority=steps)


def evened(jobs: Jobs, scenario: Scenario, end_ns: int) -> Jobs:
    """Return the jobs in the same order, evenly spaced along the rates of the scenario.

    Parameters
    ----------
    jobs, scenario
        What was drawn, and from what.
    end_ns
        The end of the run: a burst is spread from its instant to the next one, or to there.

    Notes
    -----
    With L(t) documents due up to t, scaled to the n that came, the k-th of them, from 0, arrives when L reaches k.  A
    stream whose rate changes keeps these changes; of an MMPP only the mean rate is left, since its changes are its
    bursts.  Where a trace is among the streams the rate of each hour is what came in it.
    """
    arrivals, n = scenario.workload.arrivals, roots(jobs)
    if n < 2 or (len(arrivals) == 1 and _is_even(arrivals[0])):
        return jobs
    due = np.sort(np.asarray(jobs.table.arrival_ns)[:n])
    if any(isinstance(each, Trace) for each in arrivals):
        rates = [_hourly(due, end_ns)]
    else:
        bursts = sorted({int(each.at) for each in arrivals if isinstance(each, Burst)})
        rates = list(_rates(scenario, end_ns, bursts))
    even_ns = _along(rates, n)
    if even_ns is None:
        return jobs
    arrival = np.array(jobs.table.arrival_ns)
    order = np.argsort(arrival[:n], kind="stable")
    arrival[order] = even_ns
    expires = np.array(jobs.table.expires_ns)
    patient = np.flatnonzero(expires[:n] < NEVER)
    expires[patient] += arrival[patient] - np.asarray(jobs.table.arrival_ns)[patient]
    return _with(jobs, arrival_ns=arrival, expires_ns=expires)


def _is_even(arrival: Arrival) -> bool:
    return isinstance(arrival, Every) and isinstance(arrival.interval, Duration)


def _rates(scenario: Scenario, end_ns: int, bursts: list[int]) -> Iterator[_Rate]:
    """Yield the rate of each stream, with a burst spread over the time until the next one."""
    for index, arrival in enumerate(scenario.workload.arrivals):
        stream = Stream(arrival, index, workload.Streams(0, 0), end_ns, scenario.folder)
        first, last = stream.start_ns, stream.end_ns
        if isinstance(arrival, Burst):
            last = next((at for at in bursts if at > first), end_ns)
        if last <= first:
            continue
        if isinstance(arrival, Profile):
            yield _of_profile(arrival, first, last)
        else:
            yield _Rate(np.array([first, last], float), np.array([0.0, expected_jobs(stream)]))


def _of_profile(profile: Profile, first_ns: int, last_ns: int) -> _Rate:
    """Return the rates on the clock of the run, cut to where the stream is."""
    times = np.array([int(at) for at, _ in profile.rates], float)
    rates = np.array([float(rate) for _, rate in profile.rates])
    period_ns = float(last_ns + 1) if profile.period is None else float(int(profile.period))
    rounds = np.arange(first_ns // period_ns, last_ns // period_ns + 1)
    begins = np.minimum((rounds[:, None] * period_ns + times).ravel(), last_ns)
    edges = np.clip(np.append(begins, last_ns), first_ns, last_ns)
    return _Rate(edges, np.concatenate(([0.0], np.cumsum(np.diff(edges) * np.tile(rates, len(rounds)) / SECOND))))


def _hourly(due_ns: Ints, end_ns: int) -> _Rate:
    """Return what came in each hour after the first document, the last hour cut at the last document."""
    first, last = int(due_ns[0]), int(due_ns[-1])
    last = last if last > first else end_ns
    edges = np.append(np.arange(first, last, _HOUR_NS, dtype=np.int64), last)
    counts = np.histogram(np.clip(due_ns, first, last), edges)[0] if len(edges) > 1 else np.zeros(0)
    return _Rate(edges.astype(float), np.concatenate(([0.0], np.cumsum(counts, dtype=float))))


def _along(rates: list[_Rate], n: int) -> NDArray[np.int64] | None:
    """Return when the sum of the rates, scaled to n documents, reaches 0, 1, ..., n - 1; None if it stays at 0."""
    edges = np.unique(np.concatenate([rate.edges_ns for rate in rates])) if rates else np.zeros(0)
    level = sum((np.interp(edges, *_last_of_equal(rate)) for rate in rates), np.zeros(len(edges)))
    if not len(edges) or level[-1] <= 0:
        return None
    wanted = np.arange(n) * (level[-1] / n)
    piece = np.minimum(np.searchsorted(level, wanted, side="right") - 1, len(edges) - 2)
    slope = (wanted - level[piece]) / (level[piece + 1] - level[piece])
    even_ns: NDArray[np.int64] = np.rint(edges[piece] + slope * (edges[piece + 1] - edges[piece])).astype(np.int64)
    return even_ns


def _last_of_equal(rate: _Rate) -> _Rate:
    """Return the rate with every edge once; nothing comes between two that are equal."""
    edges, at = np.unique(rate.edges_ns, return_index=True)
    return _Rate(edges, rate.level[at])


def averaged(jobs: Jobs) -> Jobs:
    """Return the jobs with the mean demands of those of their class, which ask for as much in all.

    Where all of a class have phases of the same kinds in the same order, each phase has its mean; else half of the
    mean CPU time, the mean I/O time, and the other half of the CPU time.
    """
    number = np.asarray(jobs.table.job_class)
    names = np.arange(len(jobs.table.classes))
    patterns = [_pattern(jobs, np.flatnonzero(number == each)) for each in names]
    counts = np.array([len(kinds) for kinds, _ in patterns], np.int64)
    starts = np.cumsum(counts) - counts
    first = np.concatenate((np.zeros(1, np.int64), np.cumsum(counts[number])))
    index = np.arange(first[-1]) + np.repeat(starts[number] - first[:-1], counts[number])
    kinds = np.concatenate([kinds for kinds, _ in patterns] or [np.zeros(0, np.uint8)])[index]
    demands = np.concatenate([demands for _, demands in patterns] or [np.zeros(0, np.int64)])[index]
    if np.array_equal(kinds, jobs.phase_kind) and np.array_equal(demands, jobs.phase_demand_ns):
        return jobs
    offsets = None if len(set(counts[number].tolist())) < 2 else first
    return Jobs(jobs.table, offsets, kinds, demands, jobs.dispatch_u, jobs.fates)


def _pattern(jobs: Jobs, rows: NDArray[np.int64]) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Return the kinds and mean demands of the phases of some jobs."""
    if not len(rows):
        return np.zeros(0, np.uint8), np.zeros(0, np.int64)
    first = jobs.first_phase
    counts = first[rows + 1] - first[rows]
    if (counts == counts[0]).all():
        index = first[rows][:, None] + np.arange(counts[0])
        kinds = np.asarray(jobs.phase_kind)[index]
        if (kinds == kinds[0]).all():
            demands = np.asarray(jobs.phase_demand_ns)[index]
            return kinds[0].astype(np.uint8), np.array([_mean(column) for column in demands.T], np.int64)
    cpu_ns = np.asarray(jobs.cpu_ns)[rows]
    io_ns = np.asarray(jobs.demand_ns)[rows] - cpu_ns
    alike = halves(np.array([_mean(cpu_ns)], np.int64), np.array([_mean(io_ns)], np.int64))
    return np.asarray(alike.kind), np.asarray(alike.demand_ns)


def _mean(column: NDArray[np.int64]) -> int:
    """Return the mean of whole numbers, rounded; of equal ones just that number."""
    base = int(column[0])
    return base + round(float((column - base).sum(dtype=float)) / len(column))


def _with(jobs: Jobs, **columns: Any) -> Jobs:
    table = dataclasses.replace(jobs.table, **columns)
    offsets = None if jobs.phases_per_job else jobs.first_phase
    return Jobs(table, offsets, jobs.phase_kind, jobs.phase_demand_ns, jobs.dispatch_u, jobs.fates)
