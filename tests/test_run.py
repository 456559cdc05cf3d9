"""Running from Python: what a result gives, and what is refused or warned of."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import workersim as ws
from workersim.engines.compiled.followed import Followed
from workersim.engines.compiled.measured import ByRecursion
from workersim.errors import InputError, LogError
from workersim.experiments.measuring import _run, measured
from workersim.experiments.run import run
from workersim.metrics import figures
from workersim.scenario import read
from workersim.units import NEVER
from workersim.workload import chunks

from .logs import stranded


def scenario(**settings: Any) -> ws.Scenario:
    return ws.Scenario(
        name="random",
        fleet=ws.Fleet(replicas=1, concurrency=2, **settings),
        workload=ws.Workload(
            jobs={"document": ws.Job(service=ws.Exponential(mean="1 min"))},
            arrivals=[ws.Poisson(rate="60/hour")],
        ),
        run=ws.RunSettings(until="2 h", warm_up="10 min", seed=3),
    )


def test_figures_are_attributes_and_a_dict() -> None:
    result = ws.run(scenario())
    assert result.wait.p95 == result.metrics["wait"]["p95"]
    assert result.wait.waited.mean == result.metrics["wait"]["waited"]["mean"]
    assert result.throughput == result.metrics["throughput"]
    assert {"mean", "p95", "waited"} <= set(dir(result.wait))
    assert repr(result.queue_length).startswith("Figures({'mean': ")
    assert result.over_time("queue_length").max() >= result.queue_length.max
    assert result.attempts is result.attempts


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("wait.p96", "there is no figure 'p96'; did you mean 'p9"),
        ("wait.xyz", "there is no figure 'xyz'$"),
        ("wayt", "a result has no 'wayt'; did you mean 'wait'"),
        ("wait._x", "_x"),
        ("_x", "_x"),
    ],
)
def test_figures_that_are_not_there(path: str, says: str) -> None:
    node: Any = ws.run(scenario())
    *parts, last = path.split(".")
    for part in parts:
        node = getattr(node, part)
    with pytest.raises(AttributeError, match=says):
        getattr(node, last)


def test_replications_are_independent_and_told_as_they_are_done() -> None:
    told: list[tuple[int, int]] = []
    result = ws.run(scenario(), replications=3, progress=lambda done, of: told.append((done, of)))
    assert told == [(1, 3), (2, 3), (3, 3)]
    assert result.replications == len(result.samples) == 3
    means = [sample["wait"]["mean"] for sample in result.samples]
    assert len(set(means)) == 3
    assert result.wait.mean == pytest.approx(np.mean(means))
    low, high = result.wait.interval.mean
    assert low < result.wait.mean < high
    # The log, and so the table of attempts, is that of replication 0.
    alone = ws.run(scenario())
    assert result.log.diff(alone.log) is None
    assert result.samples[0] == alone.metrics


def test_the_scenario_of_a_result_has_the_settings_that_were_used() -> None:
    result = ws.run(scenario(), seed=7, replications=2)
    assert (result.seed, result.scenario.run.replications) == (7, 2)
    assert ws.run(result.scenario).metrics == result.metrics


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"engine": "numba"}, "engine: expected one of auto, simpy, compiled, found 'numba'"),
        ({"seed": -1}, "run.seed"),
        ({"replications": 0}, "run.replications"),
    ],
)
def test_settings_that_make_no_sense(settings: dict[str, Any], says: str) -> None:
    for function in (ws.run, ws.check):
        asked = scenario().replace("claims", [{"says": "x", "measure": "wait.mean", "at_most": 1}])
        with pytest.raises(ws.InputError, match=says):
            function(asked, **settings)


def test_jobs_that_nobody_serves_are_told() -> None:
    jobs = {"document": ws.Job(service=1, queue="default"), "scan": ws.Job(service=1, queue="slow")}
    workload = ws.Workload(jobs=jobs, arrivals=[ws.Burst(jobs=2, classes=["scan"]), ws.Every(interval=1, until=3)])
    fleet = ws.Fleet(replicas=1, concurrency=1, queues=["default"])
    asked = ws.Scenario(fleet=fleet, workload=workload, run=ws.RunSettings(until="drained"))
    (warning,) = ws.run(asked).warnings
    assert "jobs can never be served: no replica consumes the queue 'slow'." in warning
    (warning,) = ws.run(asked.replace("fleet.replicas", 0)).warnings
    assert warning.endswith("jobs can never be served: the fleet has no replica.")


def test_overload_without_end_is_told() -> None:
    asked = scenario().replace("workload.arrivals[0].poisson.rate", "600/hour")
    (warning,) = ws.run(asked).warnings
    assert warning.startswith("Unstable: more work arrived than the fleet can do, 9.99 slots of it for 2.")


def test_a_broken_law_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def check(*_: Any, **__: Any) -> None:
        msg = "Little's law"
        raise ws.LogError(msg)

    monkeypatch.setattr(ws.RunLog, "check", check)
    (warning,) = ws.run(scenario()).warnings
    assert warning.endswith("please report it: Little's law")


LONG = """
name: a day
fleet: {replicas: 2, concurrency: 3, vcpus: VCPUS, dispatch: DISPATCH}
workload:
  jobs:
    scan: {service: {exponential: {mean: 20 s}}, WAIT_RATIO}
  arrivals: [{poisson: {rate: 0.25/s}}]
run: {until: 700000 s, warm_up: 3 h, seed: 3, replications: 2}
"""


@pytest.mark.parametrize(
    ("vcpus", "dispatch", "wait_ratio"),
    [(3, "longest_idle", "priority: 2"), (3, "random", "queue: own"), (2, "longest_idle", "wait_ratio: 0.5")],
)
def test_a_run_that_keeps_no_log_has_the_figures_of_one_that_does(vcpus: int, dispatch: str, wait_ratio: str) -> None:
    """Where one pass will do, where events are needed, and where CPUs are shared; beyond a few chunks."""
    text = LONG.replace("VCPUS", str(vcpus)).replace("DISPATCH", dispatch).replace("WAIT_RATIO", wait_ratio)
    scenario = read(text, source="long.yaml")
    kept = run(scenario, engine="compiled", keep_log=True)
    passing = run(scenario, engine="compiled", keep_log=False)
    assert kept.log.jobs.arrival_ns.size > 2 * 65536
    with pytest.raises(LogError, match="only measured"):
        passing.attempts  # noqa: B018
    for block in ("jobs", "queue_length", "utilization", "memory", "cost"):
        assert passing.metrics[block] == kept.metrics[block]
    for block in ("wait", "service", "response"):
        for figure in ("mean", "max"):
            assert passing.metrics[block][figure] == kept.metrics[block][figure]
        assert passing.metrics[block]["p95"] == pytest.approx(kept.metrics[block]["p95"], rel=1e-3)
        assert passing.metrics[block]["std"] == pytest.approx(kept.metrics[block]["std"], rel=1e-9)
    assert passing.cpu.mean == pytest.approx(kept.cpu.mean, rel=1e-9)
    assert passing.offered_load == pytest.approx(kept.offered_load)
    assert passing.metrics["throughput"] == kept.metrics["throughput"]


def test_a_log_takes_at_most_64_bytes_a_job_where_nothing_is_shared() -> None:
    scenario = read(
        LONG.replace("VCPUS", "3").replace("DISPATCH", "longest_idle").replace("WAIT_RATIO", "weight: 1"), source="x"
    )
    log = run(scenario.replace("run.replications", 1), engine="compiled").log
    tables = [log.jobs, log.attempts, log.phase_source]
    held = {
        column.__array_interface__["data"][0]: column.nbytes
        for table in tables
        for column in vars(table).values()
        if isinstance(column, np.ndarray) and column.strides != (0,)
    }
    assert sum(held.values()) / len(log.jobs) <= 64


def test_an_idle_fleet_can_be_measured_without_a_log() -> None:
    idle = read(
        "name: idle\nfleet: {replicas: 1, concurrency: 4}\nworkload: {arrivals: []}\nrun: {until: 1 h}\n", source="x"
    )
    assert measured(idle).figures == run(idle).metrics


def test_a_long_run_on_many_slots_is_measured_by_events() -> None:
    """Beyond what an instant and the place of a slot need together, the recursion would wrap around."""
    text = LONG.replace("VCPUS", "3").replace("DISPATCH", "first").replace("WAIT_RATIO", "weight: 1")
    text = (
        text.replace("replicas: 2", "replicas: 4000")
        .replace("rate: 0.25/s", "rate: 0.05/s")
        .replace("700000 s", "40 d")
    )
    scenario = read(text, source="long.yaml").replace("run.replications", 1)
    assert isinstance(_run(scenario, next(chunks(scenario))), Followed)
    passing, kept = run(scenario, engine="compiled", keep_log=False), run(scenario, engine="compiled")
    assert passing.wait.max == kept.wait.max == 0
    assert passing.utilization.mean == kept.utilization.mean
    with pytest.raises(InputError, match="cannot be measured without its log"):
        list(ByRecursion(scenario.fleet, NEVER, on_cpu=True).pieces(chunks(scenario)))


OVERLOAD = """
name: load
fleet: {replicas: 1, concurrency: CONCURRENCY, vcpus: 1}
workload: {jobs: {document: {service: SERVICE, SETTING}}, arrivals: [{every: {interval: 10 s, until: 1 h}}]}
run: {until: 1 h}
"""


@pytest.mark.parametrize(
    ("concurrency", "service", "setting", "warned"),
    [
        (1, "9.5 s", "weight: 1", None),  # nearly full, and nobody waits
        (1, "10 s", "weight: 1", None),  # each starts when the last one ends
        (1, "12 s", "weight: 1", "1.2 slots of it for 1"),  # though the stream has an end of its own
        (4, "12 s", "weight: 1", "1.2 vCPUs of it for 1"),  # slots enough, but one CPU for them
        (4, "12 s", "wait_ratio: 1", None),
        (1, "12 s", "expires: 20 s", None),  # the impatient do not pile up
    ],
)
def test_more_work_than_can_be_done_is_told(concurrency: int, service: str, setting: str, warned: str | None) -> None:
    text = OVERLOAD.replace("CONCURRENCY", str(concurrency)).replace("SERVICE", service).replace("SETTING", setting)
    scenario = read(text, source="x")
    for warnings in (run(scenario).warnings, measured(scenario).warnings):
        assert len(warnings) == (warned is not None)
        assert warned is None or warned in warnings[0]


def test_what_is_no_scenario_is_refused() -> None:
    calls: list[Any] = [ws.run, ws.check]
    for call in calls:
        with pytest.raises(InputError, match=r"expected a Scenario, found 'x.yaml'; ws.load\(path\) reads one"):
            call("x.yaml")


def test_a_warm_up_longer_than_the_run_is_refused() -> None:
    text = (
        "fleet: {replicas: 1, concurrency: 1}\nworkload: {jobs: {d: {service: 1 s}}, arrivals: [{burst: {jobs: 1}}]}\n"
    )
    with pytest.raises(InputError, match=r"run.warm_up: expected at most the 1 s that the run lasts, found 1 min"):
        run(read(text + "run: {until: drained, warm_up: 1 min}\n", source="x"))


DRAIN = (
    "fleet: {replicas: 1, concurrency: 4}\nworkload: {jobs: {d: {service: 1 s}}, arrivals: [{burst: {jobs: MANY}}]}\n"
)


def test_a_run_that_cannot_drain_before_the_clock_ends_is_refused_before_it_runs() -> None:
    endless = read(DRAIN.replace("MANY", "1000000000").replace("1 s", "1 h"), source="x")
    with pytest.raises(InputError, match=r"workload: to drain would take about 28,5.. years; the clock holds 73"):
        run(endless)


def test_a_queue_that_is_longer_than_many_chunks_is_followed_exactly() -> None:
    burst = read(DRAIN.replace("MANY", "1000000"), source="x")
    kept, passing = run(burst, engine="compiled"), run(burst, keep_log=False)
    assert passing.queue_length.max == kept.queue_length.max == 999_996
    assert passing.queue_length.mean == kept.queue_length.mean
    assert passing.wait.max == kept.wait.max == 249_999


@pytest.mark.parametrize("engine", ["simpy", "compiled"])
def test_a_run_is_charged_for_what_it_uses(engine: Any) -> None:
    """Ten documents of 20 minutes, half of it CPU, on a container of 2 GB that is there for an hour."""
    jobs = {"document": ws.Job(service="20 min", wait_ratio=1)}
    workload = ws.Workload(jobs=jobs, arrivals=[ws.Burst(jobs=10)])
    usage = {"vcpu_minute": 0.5, "gb_minute": 0.25}
    for least, total in ((0, 80.0), (720 * 100, 100.0)):
        fleet = ws.Fleet(replicas=1, concurrency=4, process_memory="500 MB", cost=usage | {"minimum": least})
        scenario = ws.Scenario(fleet=fleet, workload=workload)
        for keep in (True, False):
            cost = ws.run(scenario, engine=engine, keep_log=keep).metrics["cost"]
            assert cost == {"total": pytest.approx(total), "per_job": pytest.approx(total / 10)}


def test_a_summary_says_where_waits_were_spent_and_what_came_back() -> None:
    result = ws.run(scenario())
    assert "again" not in result.summary()
    assert "mean wait" not in result.summary()
    tree = figures(stranded())
    tree["jobs"] |= {"retried": 3, "done_twice": 2}
    text = replace(result, metrics=result.metrics | tree).summary()
    assert "mean wait     750 ms visible in the queue, 41.5 s reserved by a worker, 2.5 s in" in text
    assert "again         3 attempts retried, 1 message redelivered, 2 jobs done more than" in text
    assert "  reserved    " in text
    assert "jobs          4 arrived, 4 finished\n" in text
