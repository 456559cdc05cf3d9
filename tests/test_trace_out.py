"""``run --trace-out``: the log as events that Perfetto and Chrome draw."""

from __future__ import annotations

import collections
import dataclasses
import errno
import json
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

import workersim as ws
from tests.logs import Row, log_of
from workersim.cli import main
from workersim.metrics import over_time
from workersim.runlog import SERVICE, Outcome
from workersim.traces import chrome
from workersim.traces.chrome import chrome_events, write_chrome

OVERLOAD = Path(__file__).parents[1] / "scenarios" / "4-overload.yaml"
DAY = OVERLOAD.with_name("6-working-day.yaml")
NUMBERS = (int, Decimal)


def shell(*args: str | Path) -> Result:
    return CliRunner().invoke(main, [str(arg) for arg in args])


def events(log: ws.RunLog) -> list[dict[str, Any]]:
    return [json.loads(event, parse_float=Decimal, parse_constant=pytest.fail) for event in chrome_events(log)]


def of(told: list[dict[str, Any]], phase: str, category: str | None = None) -> list[dict[str, Any]]:
    return [event for event in told if event["ph"] == phase and category in (None, event.get("cat"))]


def day() -> ws.RunLog:
    return ws.run(ws.load(DAY), replications=1).log


def test_scenario_4_row_by_row() -> None:
    told = events(ws.run(ws.load(OVERLOAD)).log)
    jobs = of(told, "X", "job")
    minutes = 60_000_000
    assert [(each["name"], each["ts"] / minutes, each["dur"] / minutes) for each in jobs[3:6]] == [
        ("document 3", 0, 20),
        ("document 4", 20, 20),
        ("document 5", 20, 20),
    ]
    assert jobs[4]["args"] == {
        "job": 4,
        "attempt": 0,
        "queue": "default",
        "outcome": "done",
        "arrival_s": 0,
        "wait_s": 1200,
    }
    queue = [(each["ts"] / minutes, each["args"]["jobs"]) for each in of(told, "C") if each["name"] == "queue length"]
    assert queue == [(0, 6), (20, 2), (40, 0)]
    assert {each["name"] for each in of(told, "C")} == {"queue length", "waiting jobs", "slots", "vCPUs", "memory"}
    ready = of(told, "i", "fleet")
    assert [(each["name"], each["args"]["slots"], each["args"]["vcpus"]) for each in ready] == [("ready", 4, 4)]
    names = {
        (each["pid"], each["tid"]): each["args"]["name"] for each in of(told, "M") if each["name"] == "thread_name"
    }
    assert [names[each["pid"], each["tid"]] for each in jobs[:4]] == ["slot 0", "slot 1", "slot 2", "slot 3"]


def test_the_structure_is_that_of_the_format(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chrome, "_ROWS", 7)  # so that chunks end in the middle of things
    log = day()
    told = events(log)
    for event in told:
        assert event["ph"] in {"M", "X", "C", "i"}
        assert isinstance(event["name"], str)
        assert type(event["pid"]) is type(event["tid"]) is int
        assert isinstance(event["args"], dict)
        if event["ph"] != "M":
            assert isinstance(event["ts"], NUMBERS)
            assert 0 <= event["ts"] <= log.horizon_ns / 1000
        if event["ph"] == "X":
            assert isinstance(event["dur"], NUMBERS)
            assert event["dur"] >= 0
        if event["ph"] == "C":
            assert all(isinstance(value, NUMBERS) for value in event["args"].values())
        if event["ph"] == "i":
            assert event["s"] == "p"
    assert len(of(told, "X", "job")) == len(log.attempts)
    assert len(of(told, "X", "phase")) == len(log.phases)
    processes = {each["pid"] for each in of(told, "M") if each["name"] == "process_name"}
    assert {event["pid"] for event in told} == processes


def test_instants_are_whole_nanoseconds() -> None:
    log = day()
    starts = [int(each["ts"] * 1000) for each in of(events(log), "X", "job")]
    assert starts == log.attempts.started_ns.tolist()
    assert any(start % 1000 for start in starts)


def test_phases_lie_within_their_attempts_and_attempts_beside_each_other() -> None:
    threads = collections.defaultdict(list)
    for event in of(events(day()), "X"):
        threads[event["pid"], event["tid"]].append((event["ts"], -event["dur"], event["cat"]))
    for each in threads.values():
        end, inside = Decimal(0), Decimal(0)
        for begins, minus, category in sorted(each, key=lambda event: (*event[:2], event[2] != "job")):
            if category == "job":
                assert begins >= end
                end = begins - minus
            else:
                assert begins >= inside
                inside = begins - minus
                assert inside <= end


def test_counters_are_the_curves_of_the_log() -> None:
    log = day()
    told = of(events(log), "C")
    for name, part, curve in (("waiting jobs", "visible", "queue_length"), ("vCPUs", "in use", "cpu")):
        levels = {int(each["ts"] * 1000): float(each["args"][part]) for each in told if each["name"] == name}
        steps = over_time(log, curve)
        wanted = dict(zip(steps.times_ns.tolist(), steps.amounts.tolist(), strict=True))
        assert {at: levels[at] for at in wanted} == wanted
        assert max(levels.values()) == max(wanted.values())


def test_what_never_started_and_what_still_runs() -> None:
    log = log_of(
        Row(0.0, 1.0, 5.0),
        Row(0.0, None, 4.0, Outcome.EXPIRED, replica=-1, slot=-1),
        Row(0.0, 6.0, None, Outcome.UNFINISHED),
        Row(7.0, None, None, Outcome.UNFINISHED, replica=-1, slot=-1),
        horizon=10.0,
    )
    told = events(log)
    assert [(each["ts"], each["dur"]) for each in of(told, "X", "job")] == [
        (1_000_000, 4_000_000),
        (6_000_000, 4_000_000),
    ]
    gone = of(told, "i", "job")
    assert [(each["ts"], each["args"]["outcome"]) for each in gone] == [(4_000_000, "expired")]


def test_names_cannot_break_the_file(tmp_path: Path) -> None:
    name = '"},{"ph":"X\\'
    scenario = ws.Scenario(
        name=name,
        fleet=ws.Fleet(replicas=1, concurrency=1),
        workload=ws.Workload(jobs={name: ws.Job(service="1 min", queue=name)}, arrivals=[ws.Burst(jobs=2)]),
    )
    write_chrome(ws.run(scenario).log, tmp_path / "t.json", name=name)
    told = json.loads((tmp_path / "t.json").read_text())
    assert told["otherData"]["scenario"] == name
    jobs = [each for each in told["traceEvents"] if each.get("cat") == "job"]
    assert [each["name"] for each in jobs] == [f"{name} 0", f"{name} 1"]
    assert jobs[0]["args"]["queue"] == name


def test_replicas_of_several_services_are_processes_of_their_own() -> None:
    both = log_of(Row(0.0, 1.0, 5.0), Row(0.0, 1.0, 4.0, replica=SERVICE + 1, slot=1), horizon=10.0)
    log = dataclasses.replace(both, services=("mail", "ocr"))
    told = events(log)
    names = {each["pid"]: each["args"]["name"] for each in of(told, "M") if each["name"] == "process_name"}
    assert [names[each["pid"]] for each in of(told, "X", "job")] == ["mail replica 0", "ocr replica 1"]
    assert max(names) < 10


def test_a_fleet_without_anything_is_a_trace(tmp_path: Path) -> None:
    idle = ws.Scenario(
        fleet=ws.Fleet(replicas=0, concurrency=1), workload=ws.Workload(), run=ws.RunSettings(until="1 h")
    )
    write_chrome(ws.run(idle).log, tmp_path / "t.json")
    assert json.loads((tmp_path / "t.json").read_text())["traceEvents"]


# --- the shell


def test_the_shell_writes_it_beside_the_jobs(tmp_path: Path) -> None:
    got = shell("run", OVERLOAD, "--trace-out", tmp_path / "t.json", "--jobs-out", tmp_path / "j.csv")
    assert got.exit_code == 0, got.output
    told = json.loads((tmp_path / "t.json").read_text())
    assert told["otherData"]["scenario"] == "Scenario 4: 10 simultaneous uploads"
    assert sum(each.get("cat") == "job" for each in told["traceEvents"]) == 10
    assert {file.name for file in tmp_path.iterdir()} == {"t.json", "j.csv"}


def test_the_shell_writes_celerys_events_which_are_read_back(tmp_path: Path) -> None:
    got = shell("run", OVERLOAD, "--events-out", tmp_path / "e.jsonl", "--trace-out", tmp_path / "t.json")
    assert got.exit_code == 0, got.output
    run, trace = ws.run(ws.load(OVERLOAD)), ws.read_trace(tmp_path / "e.jsonl")
    assert (trace.format, len(trace)) == ("celery-events", 10)
    for name in ("started_ns", "finished_ns", "outcome"):
        assert np.abs(getattr(trace.observed.attempts, name) - getattr(run.log.attempts, name)).max() < 1000, name
    assert trace.observed.jobs.classes == run.log.jobs.classes
    assert {file.name for file in tmp_path.iterdir()} == {"e.jsonl", "t.json"}


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([OVERLOAD, "--events-out", "t.json"], "--events-out: expected a name that ends in .jsonl, found 't.json'"),
        ([OVERLOAD, "--events-out", "no/t.jsonl"], "its folder does not exist"),
        ([OVERLOAD.parent, "--events-out", "t.jsonl"], "--events-out holds the attempts of one scenario, found 6"),
        ([OVERLOAD, "--trace-out", "t.txt"], "--trace-out: expected a name that ends in .json, found 't.txt'"),
        ([OVERLOAD, "--trace-out", "no/t.json"], "its folder does not exist"),
        ([OVERLOAD.parent, "--trace-out", "t.json"], "--trace-out holds the attempts of one scenario, found 6"),
    ],
)
def test_bad_input(arguments: list[str | Path], says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    got = shell("run", *arguments)
    assert got.exit_code == 2
    assert says in got.stderr
    assert not list(tmp_path.iterdir())


def test_a_failure_half_way_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: ws.RunLog) -> Any:
        yield "{}"
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(chrome, "chrome_events", fail)
    out = tmp_path / "t.json"
    out.write_text("old")
    got = shell("run", OVERLOAD, "--trace-out", out)
    assert (got.exit_code, re.findall("No space left on device", got.stderr)) == (2, ["No space left on device"])
    assert out.read_text() == "old"
    assert list(tmp_path.iterdir()) == [out]
