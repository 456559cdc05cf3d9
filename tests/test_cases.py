"""What people who run workers reported, each boiled down to a run with a right answer, under the number of the case.

Left out are those that need more than fixed fleets of ideal workers: scaling, draining, crashes, retries, rate limits,
workers that reserve ahead.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pytest

import workersim as ws
from workersim.statistics import mean_interval
from workersim.units import SECOND

from .builders import ENGINES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from workersim.engines import Engine

MIN = 60.0
both_engines = pytest.mark.parametrize("engine", ENGINES)


def scenario(
    fleet: Mapping[str, Any],
    arrivals: Sequence[Mapping[str, Any]],
    jobs: Mapping[str, Mapping[str, Any]],
    **run: Any,
) -> ws.Scenario:
    workload = {"jobs": jobs, "arrivals": arrivals}
    return ws.Scenario.model_validate({"fleet": {"replicas": 1, **fleet}, "workload": workload, "run": run})


def column(result: ws.Result, name: str) -> list[float]:
    """Return a column of the table of attempts."""
    values: list[float] = result.attempts[name].tolist()
    return values


def burst(jobs: int, at: str = "0 s", *classes: str) -> dict[str, Any]:
    return {"burst": {"jobs": jobs, "at": at}} | ({"jobs": list(classes)} if classes else {})


@both_engines
class TestA14CpuSaysIdleAndTheQueueSaysOverload:
    """Jobs of 0.1 s CPU and 0.9 s I/O, fourteen a second, for ten minutes on 8 vCPUs."""

    @staticmethod
    def run(concurrency: int, engine: Engine) -> ws.Result:
        asked = scenario(
            {"concurrency": concurrency, "vcpus": 8},
            [{"every": {"interval": 1 / 14}}],
            {"call": {"phases": [{"cpu": "0.1 s"}, {"io": "0.9 s"}]}},
            until="10 min",
        )
        return ws.run(asked, engine=engine)

    def test_eight_processes_leave_3600_waiting_at_a_tenth_of_the_cpu(self, engine: Engine) -> None:
        """Of 8401 that arrive from 0 to 600 s, 4801 start: 601 in the slot of the first, 600 in each other one."""
        result = self.run(8, engine)
        assert result.over_time("queue_length").at(600.0) == 3600
        assert result.cpu.mean == pytest.approx(0.1, rel=1e-12)
        assert result.utilization.max == 1
        wanted = math.ceil(1 * result.cpu.mean / 0.7)
        assert wanted == 1  # a scaler that looks at the CPU never adds a replica

    def test_sixteen_keep_up(self, engine: Engine) -> None:
        result = self.run(16, engine)
        assert result.wait.max == 0
        busy, cpu = (result.over_time(name).between_ns(SECOND, 600 * SECOND).mean() for name in ("busy", "cpu"))
        assert busy == pytest.approx(14, rel=1e-6)
        assert cpu == pytest.approx(0.175, rel=1e-6)


def test_a14_the_rule_says_that_eighty_would_fill_the_cpu() -> None:
    assert ws.theory.container_rule(vcpus=8, cpu=0.1, io=0.9) == 80


@both_engines
@pytest.mark.parametrize(
    ("concurrency", "waits", "finishes", "response"),
    [
        (8, [0] * 8, [240] * 8, 240),
        (2, [0, 0, 60, 60, 120, 120, 180, 180], [60, 60, 120, 120, 180, 180, 240, 240], 150),
    ],
)
def test_a20_more_processes_than_cores(
    concurrency: int, waits: list[float], finishes: list[float], response: float, engine: Engine
) -> None:
    """Eight documents of a minute of CPU on 2 vCPUs: the wait alone would praise what makes them all slower."""
    asked = scenario({"concurrency": concurrency, "vcpus": 2}, [burst(8)], {"document": {"service": "60 s"}})
    result = ws.run(asked, engine=engine)
    assert column(result, "wait") == waits
    assert column(result, "finish") == finishes
    assert (result.response.mean, result.throughput) == (response, 8 / 240)


@both_engines
def test_a28_strict_order_at_a_tie(engine: Engine) -> None:
    """A slot frees at the very instant of the next critical arrival, and arrivals come before dispatch."""
    asked = scenario(
        {"concurrency": 3, "queues": ["critical", "default"], "queue_order": "priority"},
        [{"every": {"interval": "10 s", "until": "605 s"}, "jobs": ["alarm"]}, burst(1, "25 s", "report")],
        {"alarm": {"service": "30 s", "queue": "critical"}, "report": {"service": "30 s", "queue": "default"}},
    )
    attempts = ws.run(asked, engine=engine).attempts
    (report,) = attempts[attempts["queue"] == "default"].itertuples()
    assert (report.start, report.wait) == (610, 585)
    assert attempts[attempts["queue"] == "critical"]["wait"].max() == 0
    assert len(attempts) == 62


@both_engines
def test_b31_a_container_never_uses_more_than_all_of_its_cpu(engine: Engine) -> None:
    asked = scenario({"concurrency": 4, "vcpus": 2}, [burst(4)], {"document": {"service": "60 s"}})
    result = ws.run(asked, engine=engine)
    assert column(result, "finish") == [120] * 4
    assert (result.cpu.mean, result.cpu.max) == (1, 1)
    assert (result.utilization.mean, result.over_time("busy").at(60.0)) == (1, 4)


@both_engines
def test_b33_io_phases_overlap(engine: Engine) -> None:
    asked = scenario({"concurrency": 4, "vcpus": 1}, [burst(4)], {"call": {"phases": [{"io": "60 s"}]}})
    result = ws.run(asked, engine=engine)
    assert column(result, "finish") == [60] * 4
    assert result.cpu.max == 0


@both_engines
def test_b34_a_slot_is_never_idle_while_work_waits(engine: Engine) -> None:
    arrivals = [burst(1, at) for at in ("0 s", "3 s", "1000 s")]
    result = ws.run(scenario({"concurrency": 1}, arrivals, {"job": {"service": "10 s"}}), engine=engine)
    assert column(result, "start") == [0, 10, 1000]


@both_engines
def test_b36_everything_at_the_horizon_happens_and_the_clock_runs_up_to_it(engine: Engine) -> None:
    job = {"job": {"service": "10 min"}}
    four = ws.run(scenario({"concurrency": 4}, [burst(4)], job, until="10 min"), engine=engine)
    assert (four.jobs.finished, four.jobs.unfinished) == (4, 0)
    one = ws.run(scenario({"concurrency": 1}, [burst(1)], job, until="100 min"), engine=engine)
    assert one.utilization.mean == 0.1


def test_b38_an_empty_start_is_not_the_steady_state() -> None:
    """What arrives in 8 h from empty waits 24.9 min in the mean of a run (20,000 of a plain loop, ± 0.3), not 54 min.

    All of it: those that have started after 8 h say 22.4 min, since the longest waits are not over yet.
    """
    steady = ws.theory.mmc(slots=1, rate="9/hour", service="6 min")
    assert steady.wait_mean_s / MIN == pytest.approx(54)
    asked = scenario(
        {"concurrency": 1},
        [{"poisson": {"rate": "9/hour", "until": "8 h"}}],
        {"job": {"service": {"exponential": {"mean": "6 min"}}}},
        replications=600,
    )
    low, high = ws.run(asked, engine="compiled").wait.interval.mean
    assert low / MIN < 24.9 < high / MIN < 30


def test_b38_closed_forms() -> None:
    assert ws.theory.mmc(slots=3, rate=10.0, service=1 / 4).wait_mean_s == pytest.approx(0.3511, abs=5e-5)
    queue = ws.theory.mmc(slots=4, rate=2.4, service=1 / 0.7)
    assert queue.wait_mean_s == pytest.approx(1.7576, abs=5e-5)
    assert queue.queue_length == pytest.approx(4.2183, abs=5e-5)


@pytest.mark.parametrize(("slots", "rate", "minutes"), [(4, "20/hour", 9.866), (1, "5/hour", 50.0)])
def test_b40_pooled_or_split_queues(slots: int, rate: str, minutes: float) -> None:
    """Four slots with one queue; or each with a queue of its own, chosen at random, which thins the Poisson stream."""
    theory = ws.theory.mmc(slots=slots, rate=rate, service="10 min")
    assert theory.wait_mean_s / MIN == pytest.approx(minutes, abs=5e-4)
    asked = scenario(
        {"concurrency": slots},
        [{"poisson": {"rate": rate}}],
        {"job": {"service": {"exponential": {"mean": "10 min"}}}},
        until=f"{20_000 // slots} h",
        warm_up="200 h",
        replications=20,
    )
    samples = [sample["wait"]["mean"] / MIN for sample in ws.run(asked, engine="compiled").samples]
    interval = mean_interval(samples, 0.999)
    assert interval is not None
    assert interval[0] <= minutes <= interval[1] < interval[0] * 1.2


@both_engines
def test_b42_the_units_do_not_matter(engine: Engine) -> None:
    def written(rate: str, mean: str) -> ws.Scenario:
        service = {"exponential": {"mean": mean}}
        return scenario({"concurrency": 4}, [{"poisson": {"rate": rate}}], {"car": {"service": service}}, until="40 h")

    hours, minutes = written("26/hour", "456 s"), written("13/30 min", "7.6 min")
    assert hours == minutes
    assert hours.digest == minutes.digest
    here, there = (ws.run(each, engine=engine) for each in (hours, minutes))
    assert here.metrics == there.metrics
    assert here.log.diff(there.log) is None


def test_b42_load_and_mean_wait() -> None:
    by_hour = ws.theory.mmc(slots=4, rate="26/hour", service="456 s")
    assert (round(by_hour.utilization, 3), round(by_hour.wait_mean_s, 1)) == (0.823, 412.4)
    assert by_hour == ws.theory.mmc(slots=4, rate="13/30 min", service="7.6 min")
    by_minute = ws.theory.mmc(slots=4, rate="0.4333/min", service="7.6 min")
    assert by_minute.wait_mean_s == pytest.approx(412.4, abs=0.5)


@both_engines
def test_b47_what_cannot_be_drained_ends_and_says_so(engine: Engine) -> None:
    jobs = {"known": {"service": "10 s"}, "stray": {"service": "10 s", "queue": "nobody's"}}
    arrivals = [burst(2, "0 s", "known"), burst(3, "30 s", "stray")]
    stray = ws.run(scenario({"concurrency": 1, "queues": ["default"]}, arrivals, jobs), engine=engine)
    assert (stray.jobs.arrived, stray.jobs.finished, stray.jobs.unfinished) == (5, 2, 3)
    (warning,) = stray.warnings
    assert "3 of 5 jobs can never be served" in warning
    assert "nobody's" in warning


@both_engines
def test_b47_a_fleet_without_replicas_ends_and_says_so(engine: Engine) -> None:
    asked = scenario({"replicas": 0, "concurrency": 4}, [burst(6, "5 s")], {"job": {"service": "10 s"}})
    result = ws.run(asked, engine=engine)
    assert (result.jobs.arrived, result.jobs.finished, result.jobs.unfinished) == (6, 0, 6)
    assert result.log.horizon_ns == 5 * SECOND
    (warning,) = result.warnings
    assert "6 of 6 jobs can never be served" in warning
    assert "no replica" in warning
