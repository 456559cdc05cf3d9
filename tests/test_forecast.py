"""Forecasts against what is known in closed form, and from a live Celery."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from click.testing import CliRunner
from scipy import stats

import workersim as ws
from workersim.cli import main
from workersim.errors import InputError

from . import live_celery
from .live_celery import until, worker

if TYPE_CHECKING:
    from pathlib import Path


def scenario(service: Any, *, slots: int = 1, **fleet: Any) -> ws.Scenario:
    return ws.Scenario(
        name="now",
        fleet={"replicas": 1, "concurrency": slots, **fleet},
        workload={"jobs": {"d": {"phases": [{"io": service}]}}},
        run={"until": "1 h"},
    )


def now(waiting: int = 0, ages: tuple[str, ...] = (), **more: Any) -> ws.State:
    running = [{"job": "d", "since": age} for age in ages]
    return ws.State(waiting=[{"job": "d", "count": waiting}] if waiting else [], running=running, **more)


def test_what_is_constant_is_known_exactly() -> None:
    # the guide's overload, 12 minutes later: four run, six wait
    found = ws.forecast(now(6, ("12 min",) * 4), scenario("20 min", slots=4), replications=19)
    minutes = [[value / 60 for value in span] for span in (found.backlog_gone, found.backlog_done)]
    assert minutes == [[28.0] * 3, [48.0] * 3]
    assert [span.median / 60 for span in (found.sent_starts, found.sent_finished)] == [28.0, 48.0]


def test_ages_differ() -> None:
    found = ws.forecast(now(2, ("5 min", "15 min")), scenario("20 min", slots=2), replications=19)
    assert found.backlog_gone.median / 60 == 15.0
    assert found.sent_finished.median / 60 == 45.0  # slots are free at 5 and 15, then 25 and 35 minutes


def test_what_has_no_memory_remains_as_the_whole() -> None:
    found = ws.forecast(now(0, ("50 min",)), scenario({"exponential": {"mean": "20 min"}}), replications=999)
    left = found.drawn[:, 1]
    assert stats.kstest(left, stats.expon(scale=1200).cdf).pvalue > 0.001
    assert found.backlog_done.low == pytest.approx(1200 * -math.log(0.95), rel=0.35)
    assert found.backlog_done.high == pytest.approx(1200 * -math.log(0.05), rel=0.15)


@pytest.mark.parametrize("age_s", [0.0, 300.0, 1100.0])
def test_what_is_uniform_remains_uniform(age_s: float) -> None:
    service = {"uniform": {"min": "0 s", "max": "20 min"}}
    found = ws.forecast(now(0, (f"{age_s} s",)), scenario(service), replications=999)
    assert stats.kstest(found.drawn[:, 1], stats.uniform(0, 1200 - age_s).cdf).pvalue > 0.001


def test_the_older_the_less_or_the_more() -> None:
    # the rest of an even service falls with its age, that of a heavy tail grows
    def left(cv: float, age: str) -> float:
        service = {"lognormal": {"mean": "20 min", "cv": cv}}
        return float(ws.forecast(now(0, (age,)), scenario(service), replications=999).backlog_done.median)

    assert left(0.2, "15 min") < left(0.2, "5 min")
    assert left(3.0, "60 min") > left(3.0, "5 min")


def test_a_backlog_of_exponentials_on_one_slot_is_an_erlang() -> None:
    found = ws.forecast(now(9, ("3 min",)), scenario({"exponential": {"mean": "60 s"}}), replications=999)
    assert stats.kstest(found.drawn[:, 0], stats.gamma(9, scale=60).cdf).pvalue > 0.001
    assert stats.kstest(found.drawn[:, 3], stats.gamma(11, scale=60).cdf).pvalue > 0.001


def test_intervals_hold_what_they_say() -> None:
    found = ws.forecast(now(9), scenario({"exponential": {"mean": "60 s"}}), replications=999)
    inside = stats.gamma(8, scale=60).cdf([found.backlog_gone.low, found.backlog_gone.high])
    assert np.diff(inside)[0] == pytest.approx(0.9, abs=0.03)


def test_phases_are_taken_from_the_front() -> None:
    # 6 min of CPU, 8 of I/O, 6 of CPU: two that have run for 10 minutes have 4 of I/O left, then share a vCPU
    two = ws.Scenario(
        name="cpu",
        fleet={"replicas": 1, "concurrency": 2, "vcpus": 1},
        workload={"jobs": {"d": {"service": "20 min", "wait_ratio": "0.6666666666666666"}}},
        run={"until": "1 h"},
    )
    found = ws.forecast(now(0, ("10 min",) * 2), two, replications=19)
    assert found.backlog_done.median / 60 == pytest.approx(16.0)
    assert any("CPUs are shared" in warning for warning in found.warnings)


def test_what_is_overdue_ends_at_once() -> None:
    found = ws.forecast(now(1, ("25 min",)), scenario("20 min"), replications=19)
    assert found.backlog_gone.median == 0
    assert any("longer than any of its class" in warning for warning in found.warnings)


def test_arrivals_may_go_on_and_do_not_pass_what_waits() -> None:
    busy = ws.Scenario(
        name="busy",
        fleet={"replicas": 1, "concurrency": 1},
        workload={
            "jobs": {"d": {"phases": [{"io": "10 s"}]}, "hot": {"phases": [{"io": "10 s"}], "priority": 0}},
            "arrivals": [{"poisson": {"rate": 0.05}, "jobs": ["hot"]}],
        },
        run={"until": "1 h"},
    )
    alone = ws.forecast(now(5), busy, replications=99)
    beside = ws.forecast(now(5, arrivals=True), busy, replications=99)
    assert alone.backlog_done.median == beside.backlog_done.median == 50.0
    lower = busy.replace("workload.jobs.d.priority", 5)
    assert ws.forecast(now(5, arrivals=True), lower, replications=99).backlog_done.median > 60


def test_a_celery_fleet() -> None:
    workers = scenario("20 min", slots=4, worker={"celery": {}})
    found = ws.forecast(now(6, ("12 min",) * 4), workers, replications=19, engine="simpy")
    assert found.sent_finished.median / 60 == pytest.approx(48.0, abs=0.01)
    assert any("reserved" in warning for warning in found.warnings)


def test_what_cannot_be_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"running: expected at most 2 jobs, one for each process, found 3"):
        ws.forecast(now(0, ("1 s",) * 3), scenario("2 s", slots=2))
    with pytest.raises(InputError, match=r"waiting\[0\].job: expected a job class of the scenario, found 'd'; did"):
        ws.forecast(
            now(1),
            ws.read("{fleet: {replicas: 1, concurrency: 1}, workload: {jobs: {dd: {service: 1}}}, run: {until: 1 h}}"),
        )
    with pytest.raises(InputError, match="replications: expected 19"):
        ws.forecast(now(1), scenario("2 s"), replications=3)
    with pytest.raises(InputError, match="expected a scenario"):
        ws.forecast(now(1))
    path = tmp_path / "state.yaml"
    path.write_text("waiting:\n  - {job: d, count: -1}\nrunnin: []\n")
    with pytest.raises(InputError) as caught:
        ws.forecast(path)
    assert caught.value.problems[0].startswith(f"{path}:2:21: waiting[0].count: expected a whole number")
    assert "did you mean 'running'" in caught.value.problems[1]


def test_the_shell(tmp_path: Path) -> None:
    (tmp_path / "fleet.yaml").write_text(
        "name: four\nfleet: {replicas: 1, concurrency: 4}\nworkload: {jobs: {document: {service: 20 min}}}\n"
        "run: {until: 1 h}\n"
    )
    state = tmp_path / "now.yaml"
    state.write_text(
        "scenario: fleet.yaml\nwaiting: [{job: document, count: 6}]\n"
        "running: [{job: document, since: 12 min, count: 4}]\n"
    )
    printed = CliRunner().invoke(main, ["forecast", str(state), "--replications", "19"])
    assert printed.exit_code == 0
    assert "4 running, 6 waiting" in printed.output
    tree = json.loads(CliRunner().invoke(main, ["forecast", str(state), "--replications", "19", "--json"]).output)
    assert tree["sent_finished"] == {"median": 48 * 60, "low": 48 * 60, "high": 48 * 60}
    assert CliRunner().invoke(main, ["forecast"]).exit_code == 2
    neither = CliRunner().invoke(main, ["forecast", "--broker", "redis://h"])
    assert "--scenario FILE.yaml" in neither.output
    assert ws.forecast(state, replications=19)._repr_html_().startswith("<div>")


@pytest.mark.live
def test_a_live_celery(tmp_path: Path) -> None:
    made = ws.Scenario(
        name="docs",
        fleet={"replicas": 7, "concurrency": 7},
        workload={"jobs": {"docs.extract": {"phases": [{"io": "30 s"}]}}},
        run={"until": "1 h"},
    )
    from workersim.experiments.forecasting.live import live_state  # noqa: PLC0415

    with live_celery.broker(tmp_path) as running, live_celery.producer(running.url) as docs, worker(running, "w1"):
        with pytest.raises(InputError, match="no worker answered"):
            live_state(running.url, made)
        for _ in range(12):
            docs.app.send_task("docs.extract", ("x", 30.0), queue="docs")

        def seen() -> Any:
            try:
                found = live_state(running.url, made)
            except InputError:
                return None
            return found if len(found[0].running) == 2 else None

        state, fleet = until(seen, 30)
        assert (fleet.fleet.replicas, fleet.fleet.concurrency) == (1, 2)
        assert sum(each.count for each in state.waiting) == 10
        found = ws.forecast(state, fleet, replications=19)
        assert 140 < found.backlog_gone.median <= 150
        with pytest.raises(InputError, match="expected a job class for the task"):
            live_state(running.url, made.replace("workload.jobs", {"a": {"service": 1}, "b": {"service": 1}}))
    with pytest.raises(InputError, match="cannot be reached"):
        live_state(running.url, made)
