"""Random runs for property tests: whole scenarios, and jobs whose times fall on grids so that ties are common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from hypothesis import strategies as st

from workersim.runlog import JobTable
from workersim.scenario import Fleet, Scenario
from workersim.units import NEVER
from workersim.workload import Jobs, horizon_ns, realise

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Case", "cases", "fifo_cases", "fleets", "job_lists", "scenarios"]

# Whole nanoseconds, tenths, seconds and minutes make ties; the odd ones make shares of a core that are not even.
UNITS = (1, 7, 10**8, 10**9, 60 * 10**9, 333_333_333)
QUEUES = ("high", "default", "low")


class Case(NamedTuple):
    """One run: what an engine is given."""

    jobs: Jobs
    fleet: Fleet
    horizon_ns: int


@st.composite
def fleets(draw: st.DrawFn, queues: tuple[str, ...] = QUEUES) -> Fleet:
    """Small fleets with every dispatch rule and queue order, listing some of the queues or all."""
    listed = draw(
        st.none() | st.permutations(queues).flatmap(lambda names: st.integers(1, len(names)).map(lambda n: names[:n]))
    )
    return Fleet(
        replicas=draw(st.sampled_from([1, 1, 2, 2, 3, 3, 0])),
        concurrency=draw(st.integers(1, 4)),
        vcpus=draw(st.sampled_from([None, 0.5, 0.7, 1.0, 1.5, 2.0])),
        dispatch=draw(st.sampled_from(["longest_idle", "longest_idle", "first", "least_busy", "random"])),
        queue_order=draw(st.sampled_from(["round_robin", "priority", "sorted"])),
        queues=listed,
    )


def _times(unit: int, most: int, *, on_grid: bool) -> st.SearchStrategy[int]:
    return st.integers(0, most).map(lambda n: n * unit) if on_grid else st.integers(0, most * unit)


@st.composite
def job_lists(draw: st.DrawFn) -> tuple[Jobs, Callable[[int], st.SearchStrategy[int]]]:
    """A few jobs with one to four phases each, and the strategy of times that they were drawn with."""
    unit = draw(st.sampled_from(UNITS))
    on_grid = draw(st.integers(0, 2)) > 0

    def times(most: int) -> st.SearchStrategy[int]:
        return _times(unit, most, on_grid=on_grid)

    n = draw(st.integers(0, 14))
    arrivals = draw(st.lists(times(10), min_size=n, max_size=n))
    if draw(st.booleans()):
        arrivals.sort()
    queues = QUEUES[: draw(st.sampled_from([1, 1, 2, 3]))]
    priorities = st.integers(0, 2) if draw(st.booleans()) else st.just(0)
    patience = times(6) | st.none() if draw(st.booleans()) else st.none()
    expires = [
        NEVER if wait is None else at + wait for at, wait in zip(arrivals, draw(_some(patience, n)), strict=True)
    ]
    phases = draw(_some(st.lists(st.tuples(st.integers(0, 1), times(4)), min_size=1, max_size=4), n))
    flat = [phase for job in phases for phase in job]
    table = JobTable(
        arrival_ns=_column(arrivals),
        job_class=np.zeros(n, np.int32),
        queue=np.array(draw(_some(st.integers(0, len(queues) - 1), n)), np.int32),
        priority=_column(draw(_some(priorities, n))),
        expires_ns=_column(expires),
        classes=("document",),
        queues=queues,
    )
    jobs = Jobs(
        table,
        np.cumsum([0, *(len(job) for job in phases)]),
        np.array([kind for kind, _ in flat], np.uint8),
        _column([demand for _, demand in flat]),
        np.array(draw(_some(st.floats(0, 1, exclude_max=True), n)), np.float64),
    )
    return jobs, times


def _some(values: st.SearchStrategy[Any], n: int) -> st.SearchStrategy[list[Any]]:
    return st.lists(values, min_size=n, max_size=n)


def _column(values: list[int]) -> np.ndarray[Any, np.dtype[np.int64]]:
    return np.array(values, np.int64)


def _durations() -> st.SearchStrategy[Any]:
    """Return times of a few seconds, fixed or drawn, on tenths as often as anywhere."""
    fixed = st.integers(0, 40).map(lambda tenths: f"{tenths / 10} s")
    grid = st.lists(fixed, min_size=1, max_size=3).map(lambda values: {"empirical": {"values": values}})
    mean = st.sampled_from(["0.5 s", "1 s", "2 s"])
    spread = st.builds(
        lambda family, mean, cv: {family: {"mean": mean, "cv": cv}},
        st.sampled_from(["gamma", "lognormal", "weibull"]),
        mean,
        st.sampled_from([0.5, 1.5]),
    )
    return fixed | grid | mean.map(lambda mean: {"exponential": {"mean": mean}}) | spread


@st.composite
def _classes(draw: st.DrawFn) -> dict[str, Any]:
    settings: dict[str, Any] = {
        "weight": draw(st.sampled_from([1, 2])),
        "queue": draw(st.sampled_from([None, *QUEUES])),
        "priority": draw(st.sampled_from([0, 0, 1, 5])),
        "expires": draw(st.none() | st.none() | _durations()),
    }
    if draw(st.booleans()):
        phase = st.builds(lambda kind, demand: {kind: demand}, st.sampled_from(["cpu", "io"]), _durations())
        return settings | {"phases": draw(st.lists(phase, min_size=1, max_size=4))}
    ratio = draw(st.none() | st.sampled_from([0, 0.75, 1, {"uniform": {"min": 0.2, "max": 2}}]))
    return settings | {"service": draw(_durations())} | ({} if ratio is None else {"wait_ratio": ratio})


@st.composite
def _streams(draw: st.DrawFn) -> dict[str, Any]:
    """Return one stream of about ten jobs within ten seconds, with an end of its own."""
    tenths = st.integers(1, 20).map(lambda n: f"{n / 10} s")
    rates = st.sampled_from(["0.5/s", "1/s", "2/s"])
    made = [
        st.builds(lambda jobs, at: {"burst": {"jobs": jobs, "at": at}}, st.integers(0, 8), tenths),
        tenths.map(lambda interval: {"every": {"interval": interval}}),
        rates.map(lambda rate: {"poisson": {"rate": rate}}),
        tenths.map(lambda gap: {"renewal": {"interval": {"empirical": {"values": ["0.3 s", gap]}}}}),
        rates.map(lambda rate: {"profile": {"rates": [["0 s", "0.2/s"], ["2 s", rate]], "period": "4 s"}}),
        rates.map(lambda rate: {"mmpp": {"rates": ["0/s", rate], "holding": ["1 s", "2 s"]}}),
    ]
    stream: dict[str, Any] = draw(st.one_of(made))
    for kind, settings in stream.items():
        if kind != "burst":
            settings["until"] = draw(st.sampled_from(["4 s", "10 s"]))
    return stream


@st.composite
def scenarios(draw: st.DrawFn) -> Scenario:
    """Whole scenarios with up to three classes and three streams, drained or with a horizon."""
    classes = draw(st.lists(_classes(), min_size=1, max_size=3))
    workload = {
        "jobs": {f"class {n}": settings for n, settings in enumerate(classes)},
        "arrivals": draw(st.lists(_streams(), min_size=1, max_size=3)),
    }
    run = {"until": draw(st.sampled_from(["drained", "drained", "5 s", "12 s"])), "seed": draw(st.integers(0, 2**32))}
    return Scenario.model_validate({"name": "any", "fleet": draw(fleets()), "workload": workload, "run": run})


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Runs of jobs on grids or anywhere, and of whole scenarios whose workload was realised."""
    if draw(st.integers(0, 3)) == 0:
        scenario = draw(scenarios())
        return Case(realise(scenario), scenario.fleet, horizon_ns(scenario))
    jobs, times = draw(job_lists())
    horizon = draw(st.just(NEVER) | times(20))
    if len(jobs) and jobs.table.arrival_ns.max() > horizon:
        horizon = NEVER
    return Case(jobs, draw(fleets(jobs.table.queues)), horizon)


@st.composite
def fifo_cases(draw: st.DrawFn) -> Case:
    """Runs in which nothing but first come, first served can happen: patient jobs, a CPU for every slot."""
    unit = draw(st.sampled_from(UNITS))
    arrivals = sorted(draw(st.lists(st.integers(0, 30).map(lambda n: n * unit), min_size=1, max_size=40)))
    n = len(arrivals)
    table = JobTable(
        arrival_ns=_column(arrivals),
        job_class=np.zeros(n, np.int32),
        queue=np.zeros(n, np.int32),
        priority=np.full(n, draw(st.integers(0, 3))),
        expires_ns=np.full(n, NEVER),
        classes=("document",),
        queues=("default",),
    )
    phases = draw(st.integers(1, 3))
    demands = draw(_some(st.integers(1, 12).map(lambda n: n * unit), n * phases))
    kinds = np.tile(np.array(draw(_some(st.integers(0, 1), phases)), np.uint8), n)
    jobs = Jobs(table, None, kinds, _column(demands))
    fleet = Fleet(replicas=draw(st.integers(1, 9)), concurrency=draw(st.integers(1, 4)))
    return Case(jobs, fleet, draw(st.just(NEVER) | st.integers(30, 60).map(lambda n: n * unit)))
