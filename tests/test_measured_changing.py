"""A run on fleets that may change, measured in chunks, has the figures of the same run with a log."""

from __future__ import annotations

import re
import tracemalloc
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from workersim.engines import Crashes, simulate_changing
from workersim.engines.compiled.changing import engine as compiled
from workersim.engines.compiled.changing.layout import priorities_of
from workersim.engines.compiled.changing.measured import InChunks
from workersim.errors import InputError
from workersim.experiments import measuring
from workersim.experiments.measuring import can_stream
from workersim.experiments.run import sample, simulate
from workersim.metrics import figures
from workersim.metrics.attempt_meter import AttemptMeter
from workersim.scenario import Scenario
from workersim.units import SECOND
from workersim.workload import Jobs, realise

from .systems import can_be_gauged, draw, summary, warm_up_of
from .test_measured import part, same

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workersim.engines.system import Change, System
    from workersim.workload.fates import Fates

SEEDS_APART = 3_000_017


def chosen(jobs: Jobs, rows: Any) -> Jobs:
    """Return some of the jobs, with their fates; none of them follows another."""
    some = part(jobs, rows)
    fates = None if jobs.fates is None else fates_of(jobs.fates, np.asarray(rows))
    return Jobs(some.table, some.first_phase, some.phase_kind, some.phase_demand_ns, some.dispatch_u, fates)


def fates_of(fates: Fates, rows: Any) -> Fates:
    n, counts = len(rows), np.diff(fates.first_retry)[rows]
    retries = [fates.retry_delay_ns[fates.first_retry[j] : fates.first_retry[j + 1]] for j in rows]
    names = ("fails", "fails_after_ns", "soft_ns", "hard_ns", "countdown_ns", "memory_bytes")
    return replace(
        fates,
        **{name: getattr(fates, name)[rows] for name in names},
        first_retry=np.concatenate(([0], np.cumsum(counts))),
        retry_delay_ns=np.concatenate([np.zeros(0, np.int64), *retries]),
        predecessors=np.zeros(n, np.int64),
        first_follower=np.zeros(n + 1, np.int64),
        follower=np.zeros(0, np.int64),
    )


def roots(jobs: Jobs) -> Jobs:
    """Return the jobs that arrive by themselves, in order of arrival."""
    alone = np.arange(len(jobs)) if jobs.fates is None else np.flatnonzero(np.asarray(jobs.fates.predecessors) == 0)
    return chosen(jobs, alone[np.argsort(jobs.table.arrival_ns[alone], kind="stable")])


def chunks(jobs: Jobs, size: int) -> Iterator[Jobs]:
    for start in range(0, len(jobs), size):
        yield chosen(jobs, np.arange(start, min(start + size, len(jobs))))


class Drawn(Crashes):
    """Hands out the drawn crashes of a system that has all of them, as far as somebody asks."""

    def __init__(self, system: System) -> None:
        self.rows = [row for row in system.schedule if row.drawn]

    def until(self, until_ns: int) -> list[Change]:
        some = [row for row in self.rows if row.at_ns <= until_ns]
        self.rows = self.rows[len(some) :]
        return some


def measured(jobs: Jobs, system: System, horizon_ns: int, warm_up_ns: int, size: int) -> dict[str, Any]:
    scripted = replace(system, schedule=tuple(row for row in system.schedule if not row.drawn))
    priorities = priorities_of(system, jobs.table.priority)
    run = InChunks(scripted, Drawn(system), priorities, horizon_ns, warm_up_ns)
    meter = AttemptMeter(warm_up_ns=warm_up_ns)
    for piece in run.pieces(chunks(jobs, size)):
        meter.add(piece)
    return meter.figures(run.fleet, run.levels)


def test_figures_of_random_worlds_in_chunks_are_those_of_their_logs(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compiled, "TICKS_IN_VAIN", 40)
    compared = 0
    for seed in range(SEEDS_APART, SEEDS_APART + request.config.getoption("--worlds")):
        drawn = draw(seed)
        jobs, system, horizon_ns = roots(drawn.jobs), drawn.system, drawn.horizon_ns
        if not can_be_gauged(system) or not len(jobs):
            continue
        size = 1 + seed % 7
        try:
            log = simulate_changing(jobs, system, engine="compiled", horizon_ns=horizon_ns)
        except InputError as never_drains:
            with pytest.raises(InputError, match=re.escape(str(never_drains))):
                measured(jobs, system, horizon_ns, 0, size)
            continue
        warm_up_ns = warm_up_of(seed, log.horizon_ns)
        expected = figures(log, warm_up_ns=warm_up_ns)
        got = measured(jobs, system, horizon_ns, warm_up_ns, size)
        try:
            # squares about another middle lose half of the digits if all durations are the same
            same(got, expected, unsure=2.0**-26 * log.horizon_ns / SECOND)
        except AssertionError as error:
            msg = f"draw({seed}): {error}\n{summary(drawn)}"
            raise AssertionError(msg) from error
        compared += 1
    assert compared > request.config.getoption("--worlds") // 4


@pytest.mark.parametrize("size", [1, 3, 100])
def test_a_document_that_comes_back_for_ever_is_named_in_chunks_too(size: int) -> None:
    jobs, system, horizon_ns, _ = draw(1_002_008)
    with pytest.raises(InputError, match=r"never drains \(document 7 was delivered 20,000 times"):
        measured(roots(jobs), system, horizon_ns, 0, size)


FEATURES: dict[str, dict[str, Any]] = {
    "ideal, crashes by chance, deploy": {
        "fleet": {
            "replicas": 3,
            "concurrency": 2,
            "crashes": {"mtbf": "200 s", "mttr": "20 s"},
            "deploys": [{"at": "300 s", "overlap": "10 s"}],
            "startup": {"exponential": {"mean": "5 s"}},
        },
        "job": {"expires": "40 s"},
    },
    "Celery, crashes by chance, late acks, retries": {
        "fleet": {
            "replicas": 3,
            "concurrency": 2,
            "worker": {"celery": {"acks": "late", "visibility_timeout": "60 s"}},
            "crashes": {"mtbf": "200 s", "mttr": "20 s"},
        },
        "job": {"fails": 0.1, "retries": {"max": 2, "delay": "30 s"}, "countdown": {"exponential": {"mean": "10 s"}}},
    },
    "a scaling rule, memory, time limits": {
        "fleet": {
            "replicas": 1,
            "concurrency": 2,
            "startup": "10 s",
            "memory_limit": "1 GB",
            "autoscale": {
                "min_replicas": 1,
                "max_replicas": 6,
                "scale_up_when": "queue_length > 5",
                "scale_down_when": "queue_length < 2",
                "every": "15 s",
            },
        },
        "job": {"time_limit": "6 s", "memory": "100 MB", "priority": 3},
    },
}


def featured(name: str, jobs: int, until: str = "drained") -> Scenario:
    features = FEATURES[name]
    work = {"phases": [{"cpu": {"exponential": {"mean": "1 s"}}}, {"io": {"exponential": {"mean": "1 s"}}}]}
    return Scenario(
        fleet=features["fleet"],
        workload={
            "jobs": {"plain": work, "other": work | features["job"]},
            "arrivals": [{"poisson": {"rate": "2.5/s", "until": f"{jobs / 2.5} s"}}],
        },
        run={"until": until, "warm_up": "60 s", "seed": 11},
    )


@pytest.mark.parametrize("until", ["drained", "700 s"])
@pytest.mark.parametrize("name", FEATURES)
def test_a_scenario_is_measured_in_chunks_as_it_is_in_one(
    name: str, until: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    scenario = featured(name, 2000, until)
    assert can_stream(scenario)
    jobs = realise(scenario, replication=2)
    whole = sample(scenario, jobs, "compiled", replication=2)
    log = simulate(scenario, jobs, "simpy", replication=2)
    for size in (100, 777, 10_000):
        monkeypatch.setattr(measuring, "IN_HAND", size)
        told = measuring.measured(scenario, replication=2)
        assert told.warnings == whole.warnings
        same(told.figures, whole.figures, unsure=1e-5)
    jobs_of_log = figures(log, warm_up_ns=60 * SECOND)["jobs"]
    assert told.figures["jobs"] == jobs_of_log
    assert jobs_of_log["arrived"] > jobs_of_log["finished"] > 0


def test_a_run_that_holds_no_jobs_takes_no_more_memory_when_it_is_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measuring, "IN_HAND", 1000)
    name = "Celery, crashes by chance, late acks, retries"
    measuring.measured(featured(name, 3000))
    peaks = []
    for jobs in (10_000, 40_000):
        tracemalloc.start()
        measuring.measured(featured(name, jobs))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.3 * peaks[0]


def test_scenarios_that_have_to_hold_their_jobs() -> None:
    follows = {"a": {"service": 1, "then": "b"}, "b": {"service": 1}}
    arrivals = [{"burst": {"jobs": 3}}]
    fleet: dict[str, Any] = {"replicas": 1, "concurrency": 4, "worker": {"celery": {}}}
    assert not can_stream(Scenario(fleet=fleet, workload={"jobs": follows, "arrivals": arrivals}))
    plain = {"jobs": {"a": {"service": 1}}, "arrivals": arrivals}
    assert not can_stream(Scenario(fleet=fleet | {"cost": {"vcpu_minute": 0.1}}, workload=plain))
    assert can_stream(Scenario(fleet=fleet, workload=plain))


def test_no_jobs_at_all() -> None:
    scenario = featured("a scaling rule, memory, time limits", 2000, "700 s").replace("workload.arrivals", [])
    assert measuring.measured(scenario) == sample(scenario, realise(scenario), "compiled", replication=0)
