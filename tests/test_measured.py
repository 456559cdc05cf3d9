"""A run that is only measured has the figures of the same run with a log."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from workersim.engines import simulate
from workersim.engines.compiled.followed import Followed
from workersim.engines.compiled.layout import shape_of
from workersim.engines.compiled.measured import ByEvents, ByRecursion, told_whole
from workersim.engines.compiled.tallied import RING, Tallied
from workersim.engines.written import fleet_log
from workersim.metrics import figures
from workersim.metrics.meter import QUANTILE_ERROR, Meter
from workersim.metrics.steps import PARTS
from workersim.metrics.whole import figures_of
from workersim.runlog import JobTable, Kind
from workersim.scenario import Fleet
from workersim.units import NEVER
from workersim.workload import Jobs
from workersim.workload.jobs import constant

from .builders import J, cpu, jobs_of
from .strategies import Case, cases, fifo_cases

if TYPE_CHECKING:
    from collections.abc import Iterator

QUANTILES = ("p50", "p90", "p95", "p99")


def in_order(jobs: Jobs) -> Jobs:
    return part(jobs, np.argsort(jobs.table.arrival_ns, kind="stable"))


def part(jobs: Jobs, rows: Any) -> Jobs:
    """Return some of the jobs, in the order of the rows."""
    columns = {name: column[rows] for name, column in jobs.table.columns().items()}
    first = jobs.first_phase
    phases = np.concatenate([np.arange(0), *(np.arange(first[j], first[j + 1]) for j in rows)])
    counts = np.diff(first)[rows]
    return Jobs(
        JobTable(**columns, classes=jobs.table.classes, queues=jobs.table.queues),
        np.concatenate(([0], np.cumsum(counts))),
        jobs.phase_kind[phases],
        jobs.phase_demand_ns[phases],
        jobs.dispatch_u[rows] if len(jobs.dispatch_u) else None,
    )


def chunks(jobs: Jobs, size: int) -> Iterator[Jobs]:
    for start in range(0, len(jobs), size):
        yield part(jobs, np.arange(start, min(start + size, len(jobs))))


def same(measured: Any, read: Any, path: str = "", *, unsure: float = 6e-8) -> None:
    """Everything is equal to the last bit, but for quantiles and the standard deviation (``unsure``: seconds)."""
    if isinstance(read, dict):
        assert measured.keys() == read.keys(), path
        for key in read:
            same(measured[key], read[key], f"{path}.{key}", unsure=unsure)
    elif path.endswith(QUANTILES) and read is not None:
        assert measured == pytest.approx(read, rel=QUANTILE_ERROR, abs=1e-12), path
    elif path.endswith(".std") and read is not None:
        assert measured == pytest.approx(read, rel=1e-9, abs=unsure), path
    elif path.startswith(".cpu") and read is not None:
        assert measured == pytest.approx(read, rel=1e-12), path
    else:
        assert measured == read, path


Run = type[ByEvents] | type[Followed] | type[ByRecursion] | type[Tallied]


def figures_both_ways(case: Case, size: int, warm: float, how: Run) -> tuple[dict[str, Any], dict[str, Any]]:
    jobs, fleet, horizon_ns = Case(in_order(case.jobs), case.fleet, case.horizon_ns)
    log = simulate(jobs, fleet, engine="simpy", horizon_ns=horizon_ns)
    warm_up_ns = int(warm * log.horizon_ns)
    meter = Meter(warm_up_ns=warm_up_ns, slots=fleet.slots)
    on_cpu = bool((jobs.phase_kind == 0).all())
    runs: dict[Run, Any] = {
        ByEvents: lambda: ByEvents(fleet, horizon_ns, warm_up_ns, shape_of(jobs)),
        Followed: lambda: Followed(fleet, horizon_ns, warm_up_ns, shape_of(jobs)),
        ByRecursion: lambda: ByRecursion(fleet, horizon_ns, on_cpu=on_cpu),
        Tallied: lambda: Tallied(fleet, horizon_ns, on_cpu=on_cpu),
    }
    run = runs[how]()
    run.measure(chunks(jobs, size), meter)
    end_ns = meter.told_ns if horizon_ns == NEVER else horizon_ns
    assert end_ns == log.horizon_ns
    return meter.figures(fleet_log(fleet, end_ns), run.cpu_use()), figures(log, warm_up_ns=warm_up_ns)


@given(case=cases(), size=st.sampled_from([1, 2, 5, 100]), warm=st.sampled_from([0.0, 0.0, 0.3, 1.0]))
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_figures_from_pieces_are_those_from_the_log(case: Case, size: int, warm: float) -> None:
    same(*figures_both_ways(case, size, warm, ByEvents))


@given(case=cases(), size=st.sampled_from([1, 2, 5, 100]), warm=st.sampled_from([0.0, 0.0, 0.3, 1.0]))
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_a_run_that_follows_levels_itself_is_measured_alike(case: Case, size: int, warm: float) -> None:
    assume(not shape_of(case.jobs).impatient)
    same(*figures_both_ways(case, size, warm, Followed))


@given(
    case=fifo_cases(),
    kind=st.integers(0, 1),
    size=st.sampled_from([1, 3, 100]),
    warm=st.sampled_from([0.0, 0.3, 1.0]),
    how=st.sampled_from([ByRecursion, Tallied]),
)
def test_the_recursion_is_measured_alike(case: Case, kind: int, size: int, warm: float, how: Run) -> None:
    """Where all phases are of one kind, the CPUs in use are the busy slots, or none."""
    case.jobs.phase_kind[:] = kind
    if how is Tallied:
        assume(Tallied.fits(case.fleet))
    same(*figures_both_ways(case, size, warm, how))


@pytest.mark.parametrize("size", [7, 300, 5000])
def test_a_long_queue_is_followed_from_chunk_to_chunk(size: int) -> None:
    """It outgrows the ring of starts; the horizon cuts it off, and in the middle of it the warm-up ends."""
    draw = np.random.default_rng(size)
    made = [
        J(int(at), [cpu(int(length))])
        for at, length in zip(np.sort(draw.integers(0, 900_000, 2000)), draw.integers(1, 4000, 2000), strict=True)
    ]
    case = Case(jobs_of(made), Fleet(replicas=1, concurrency=3), 900_000)
    measured, read = figures_both_ways(case, size, 0.3, Tallied)
    same(measured, read)
    assert read["queue_length"]["max"] > 2 * RING


@given(case=cases(), warm=st.sampled_from([0.0, 0.0, 0.3, 1.0]))
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_figures_of_a_run_that_is_here_are_those_of_its_log_to_the_last_bit(case: Case, warm: float) -> None:
    assert_equal_without_a_log(case, warm)


@given(case=fifo_cases(), kind=st.integers(0, 2), warm=st.sampled_from([0.0, 0.3, 1.0]))
def test_figures_of_the_recursion_are_those_of_its_log_to_the_last_bit(case: Case, kind: int, warm: float) -> None:
    if kind < len(Kind):
        jobs = case.jobs
        one = Jobs(jobs.table, jobs.first_phase, constant(kind, len(jobs.phase_kind), np.uint8), jobs.phase_demand_ns)
        case = case._replace(jobs=one)
    assert_equal_without_a_log(case, warm)


def assert_equal_without_a_log(case: Case, warm: float) -> None:
    """Compare with what is read from the log of the other engine."""
    jobs, fleet, horizon_ns = case
    assume(len(jobs) and (fleet.cores * PARTS).is_integer())
    log = simulate(jobs, fleet, engine="simpy", horizon_ns=horizon_ns)
    warm_up_ns = int(warm * log.horizon_ns)
    told = told_whole(jobs, fleet, horizon_ns, warm_up_ns)
    assert told.end_ns == log.horizon_ns
    got = figures_of(told.piece, fleet_log(fleet, told.end_ns), told.cpu, warm_up_ns=warm_up_ns)
    expected = figures(log, warm_up_ns=warm_up_ns)
    assert got == expected
    assert json.dumps(got) == json.dumps(expected)  # the order of the figures too, and whether they are whole numbers


def test_the_middle_of_durations_is_chosen_once() -> None:
    """Jobs that need nothing come first: a middle that is moved later would spoil the standard deviation."""
    made = [J(10 * i, [cpu(0 if i < 5 else 10**9 + i)]) for i in range(20)]
    same(*figures_both_ways(Case(jobs_of(made), Fleet(replicas=1, concurrency=2), NEVER), 5, 0.0, Tallied))
