"""Recorded jobs on other fleets: what is simulated, what was observed, and the difference; and the shell's commands."""

from __future__ import annotations

import csv
import json
import math
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from click.testing import CliRunner
from matplotlib.figure import Figure

import workersim as ws
from workersim.cli import main
from workersim.errors import InputError
from workersim.experiments.agreement import ks_distance
from workersim.plots.replayed import replayed_queues, replayed_waits
from workersim.traces.scaling import scaled

if TYPE_CHECKING:
    from click.testing import Result

RECORDING = Path(__file__).parent / "recordings" / "poisson200_3x3_late1.jsonl.gz"
FLEET = "name: four\nfleet: {replicas: 1, concurrency: 4, vcpus: 4}\n"


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    """Return a trace of fifty jobs of 25 s, one every 10 s, of which every other one was observed to wait a second."""
    path = tmp_path / "t.csv"
    rows = (f"{i * 10},25,{i * 10 + i % 2},{i * 10 + 25 + i % 2}" for i in range(50))
    path.write_text("arrival,service,start,finish\n" + "\n".join(rows) + "\n")
    return path


@pytest.fixture
def fleet(tmp_path: Path) -> Path:
    """Return a fleet file."""
    path = tmp_path / "f.yaml"
    path.write_text(FLEET)
    return path


def shell(*arguments: Any) -> Result:
    return CliRunner().invoke(main, [str(each) for each in arguments])


# -- figures ---------------------------------------------------------------------------------------------


def test_simulated_observed_and_the_difference(trace: Path, fleet: Path) -> None:
    found = ws.replay(ws.read_trace(trace), fleet)
    assert found.observed is not None
    assert found.difference is not None
    assert (found.wait.mean, found.observed["wait"]["mean"]) == (0.0, 0.5)
    assert found.difference["wait.mean"] == -1.0
    assert found.difference["service.mean"] == 0.0
    assert found.difference["wait.p50"] == -1.0
    assert found.difference["wait.ks"] == 0.5
    assert found.difference["wait.correlation"] is None  # the simulated waits do not vary
    assert found.difference["utilization.mean"] is None  # the file does not say how many processes there were
    assert found.agreement is not None
    assert found.agreement.mean_error_s == 0.5
    assert found.agreement.worst_hour == {"from": 0.0, "jobs": 50, "observed": 0.5, "simulated": 0.0}


def test_the_difference_is_simulated_by_observed_less_one(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("arrival,start,finish\n0,0,10\n0,4,14\n0,8,18\n7200,7200,7210\n7200,7201,7211\n")
    found = ws.replay(path, ws.Fleet(replicas=1, concurrency=1))
    assert found.observed is not None
    assert found.difference is not None
    # on one process: 0, 10, 20, 0, 10 s
    assert found.difference["wait.mean"] == pytest.approx(8.0 / 2.6 - 1)
    assert found.difference["wait.max"] == pytest.approx(20 / 8 - 1)
    assert found.difference["wait.correlation"] == pytest.approx(np.corrcoef([0, 4, 8, 0, 1], [0, 10, 20, 0, 10])[0, 1])
    assert found.agreement is not None
    assert found.agreement.worst_hour == {"from": 0.0, "jobs": 3, "observed": 4.0, "simulated": 10.0}


def test_both_engines_replay_alike(trace: Path) -> None:
    fleet = ws.Fleet(replicas=1, concurrency=2)
    one, other = (ws.replay(trace, fleet, engine=engine) for engine in ("simpy", "compiled"))
    assert one.log.diff(other.log) is None
    assert one.wait.mean > 0


def test_a_trace_without_starts_has_no_observed_figures(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("arrival,service\n0,10\n0,10\n")
    found = ws.replay(path, ws.Fleet(replicas=1, concurrency=1))
    assert (found.observed, found.difference, found.agreement) == (None, None, None)
    assert "observed" not in found.to_dict()
    assert found.wait.mean == 5.0


def test_start_and_finish_alone_are_one_io_phase(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("arrival,start,finish\n0,5,65\n")
    found = ws.replay(path, ws.Fleet(replicas=1, concurrency=1))
    assert found.attempts[["start", "finish"]].values.tolist() == [[0.0, 60.0]]
    assert found.log.phases.kind.tolist() == [1]


def test_ks_distance_by_hand() -> None:
    assert ks_distance(np.array([0.0, 1.0, 2.0, 3.0]), np.array([0.5, 1.0, 2.0, 9.0])) == 0.25


# -- more, less, other traffic ------------------------------------------------------------------------------


def test_thinning_keeps_each_job_with_that_probability(trace: Path) -> None:
    found = ws.replay(trace, ws.Fleet(replicas=1, concurrency=4), scale=0.5, seed=3)
    kept = found.jobs.arrived
    assert 10 < kept < 40
    assert found.agreement is None
    assert any("by thinning" in warning for warning in found.warnings)
    assert set(found.attempts["arrival"]) <= {i * 10.0 for i in range(50)}
    again = ws.replay(trace, ws.Fleet(replicas=1, concurrency=4), scale="0.5x", seed=3)
    assert again.log.diff(found.log) is None


def test_superposition_keeps_the_recording_and_adds_moved_copies(trace: Path) -> None:
    found = ws.replay(trace, ws.Fleet(replicas=1, concurrency=4), scale="2.5x")
    assert 100 < found.jobs.arrived < 150
    assert any("by superposition" in warning for warning in found.warnings)
    arrivals = found.attempts["arrival"]
    assert {i * 10.0 for i in range(50)} <= set(arrivals.round(6))
    assert arrivals.is_monotonic_increasing
    assert arrivals.max() <= 490.0 + 1e-6


def test_scaled_traffic_has_so_many_times_the_rate() -> None:
    jobs = ws.read_trace(RECORDING).jobs
    assert jobs is not None
    for scale in (0.3, 2, 7.3):
        made, _ = scaled(jobs, scale)
        assert len(made) == pytest.approx(scale * 200, rel=0.3)
        assert made.demand_ns.mean() == pytest.approx(jobs.demand_ns.mean(), rel=0.35)
    assert scaled(jobs, 1)[0] is jobs


def test_speed_moves_arrivals_alone(trace: Path) -> None:
    found = ws.replay(trace, ws.Fleet(replicas=1, concurrency=99), speed="2x")
    assert found.attempts["arrival"].tolist() == [i * 5.0 for i in range(50)]
    assert set(found.attempts["service"]) == {25.0}


def test_only_a_part_of_the_recording(trace: Path) -> None:
    found = ws.replay(trace, ws.Fleet(replicas=1, concurrency=4), from_="100 s", to="200 s")
    assert found.attempts["arrival"].tolist() == [i * 10.0 for i in range(10)]
    assert found.observed_log is not None
    found.observed_log.check()
    assert found.observed_log.jobs.arrival_ns[-1] == 90_000_000_000
    assert found.observed is not None
    assert found.observed["wait"]["mean"] == 0.5


def test_a_part_of_a_recording_with_a_fleet() -> None:
    found = ws.replay(ws.read_trace(RECORDING), from_="20 s", to="40 s")
    assert found.observed_log is not None
    found.observed_log.check()
    assert found.observed is not None
    assert 0 < found.observed["utilization"]["mean"] < 1


@pytest.mark.parametrize(
    ("traffic", "says"),
    [
        ({"scale": "twice"}, "scale: expected a number such as 2x, found 'twice'"),
        ({"scale": 0}, "scale: expected a number above 0, at most 1000, found 0"),
        ({"scale": "-2x"}, "scale: expected a number above 0"),
        ({"scale": "nanx"}, "scale: expected a number above 0"),
        ({"scale": 1e-9}, "scale: expected enough to keep a job"),
        ({"speed": "infx"}, "speed: expected a number above 0"),
        ({"from_": "soon"}, "from: expected"),
        ({"from_": "2 h"}, "expected jobs that arrive between 2 h and the end, found none"),
    ],
)
def test_traffic_that_cannot_be(trace: Path, traffic: dict[str, Any], says: str) -> None:
    with pytest.raises(InputError, match=says):
        ws.replay(trace, ws.Fleet(replicas=1, concurrency=4), **traffic)


# -- fleets ---------------------------------------------------------------------------------------------------


def test_jobs_without_a_queue_go_to_the_fleets_own(trace: Path) -> None:
    found = ws.replay(trace, ws.Fleet(replicas=1, concurrency=4, queues=["docs", "mail"]))
    assert found.jobs.finished == 50
    assert set(found.attempts["queue"]) == {"docs"}


def test_queues_that_nobody_serves_are_said(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("arrival,service,queue\n0,10,docs\n0,10,mail\n")
    found = ws.replay(path, ws.Fleet(replicas=1, concurrency=1, queues=["mail"]))
    assert found.jobs.unfinished == 1
    assert any("no replica consumes the queue 'docs'" in warning for warning in found.warnings)


def test_a_random_choice_of_slots_is_drawn(trace: Path) -> None:
    fleet = ws.Fleet(replicas=2, concurrency=4, dispatch="random")
    assert ws.replay(trace, fleet).log.diff(ws.replay(trace, fleet).log) is None
    assert ws.replay(trace, fleet).log.diff(ws.replay(trace, fleet, seed=2).log) is not None


def test_the_fleet_of_a_scenario_will_do(trace: Path) -> None:
    scenario = ws.load(Path(__file__).parents[1] / "scenarios" / "5-scaled-out.yaml")
    assert ws.replay(trace, scenario).result.scenario.fleet.slots == 12


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (FLEET + "run: {until: 8 h}\n", r"f\.yaml:3:1: run: expected a fleet file, which leaves this to the trace"),
        (FLEET + "workload: {arrivals: []}\n", r"f\.yaml:3:1: workload: expected a fleet file"),
        ("fleet: {replicas: -1, concurrency: 4}\n", r"f\.yaml:1:19: fleet\.replicas: expected"),
        ("", r"f\.yaml:1:1: expected a scenario, found nothing"),
    ],
)
def test_fleet_files_that_are_none(trace: Path, fleet: Path, text: str, says: str) -> None:
    fleet.write_text(text)
    with pytest.raises(InputError, match=says):
        ws.replay(trace, fleet)


def test_without_a_fleet_the_file_must_tell_of_one(trace: Path) -> None:
    with pytest.raises(InputError, match="it does not say what fleet it was recorded on"):
        ws.replay(trace)
    with pytest.raises(InputError, match="fleet: expected a Fleet, a Scenario or the path of a fleet file, found 3"):
        ws.replay(trace, 3)  # type: ignore[arg-type]


# -- words and pictures ---------------------------------------------------------------------------------------


def test_what_a_replay_prints(trace: Path, fleet: Path) -> None:
    found = ws.replay(trace, fleet)
    text = found.summary()
    assert max(map(len, text.splitlines())) <= 80
    assert re.search(r"^wait, mean +0 s +500 ms +-100\.0%$", text, re.MULTILINE)
    assert "<table>" in found._repr_html_()
    assert json.loads(json.dumps(found.to_dict(), allow_nan=False))["trace"] == "t.csv"


def test_pictures_of_both_waits_and_both_queues(trace: Path, fleet: Path) -> None:
    found = ws.replay(trace, fleet)
    ax = replayed_waits(found, Figure().add_subplot())
    assert [line.get_label() for line in ax.lines] == ["observed", "simulated"]
    assert np.asarray(ax.lines[0].get_xydata())[-1].tolist() == [1.0, 1.0]
    ax = replayed_queues(found, Figure().add_subplot())
    labels = {str(line.get_label()) for line in ax.lines}
    assert {"observed", "simulated"} <= labels


def test_an_observed_log_is_measured_drawn_and_judged_like_a_simulated_one() -> None:
    found = ws.read_trace(RECORDING)
    for plot in (ws.plots.queue_length, ws.plots.utilization, ws.plots.waits, ws.plots.slots, ws.plots.busy_slots):
        assert plot(found.observed, Figure().add_subplot()).has_data()
    assert found.over_time("queue_length").max() == 8.0


def test_claims_are_judged_on_what_was_observed(trace: Path) -> None:
    claims = [
        ws.Claim(says="nobody waits", measure="wait.max", at_most="0 s"),
        ws.Claim(says="half a second on average", measure="wait.mean", expect="0.5 s"),
        ws.Claim(says="a second, if at all", measure="wait.mean", among="waited", expect="1 s"),
    ]
    found = ws.check_observed(ws.read_trace(trace), claims)
    assert [each.verdict for each in found] == ["refuted", "supported", "supported"]
    assert found[0].scenario == "t.csv"
    with pytest.raises(InputError, match="a recording has no inputs"):
        ws.check_observed(ws.read_trace(trace), [ws.Claim(says="x", measure="fleet.replicas", expect=1)])


# -- the shell ------------------------------------------------------------------------------------------------


def test_replay_in_the_shell(trace: Path, fleet: Path, tmp_path: Path) -> None:
    out, picture = tmp_path / "jobs.csv", tmp_path / "p.png"
    got = shell("replay", trace, "--fleet", fleet, "--json", "--jobs-out", out, "--plot", picture)
    assert got.exit_code == 0, got.output
    held = json.loads(got.stdout)
    assert held["metrics"]["wait"]["mean"] == 0
    assert held["observed"]["wait"]["mean"] == 0.5
    assert held["difference"]["wait.mean"] == -1
    assert set(held["observed"]) <= set(held["metrics"])
    with out.open() as file:
        assert [float(row["wait"]) for row in csv.DictReader(file)] == [0.0] * 50
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_replay_in_the_shell_with_other_traffic(trace: Path, fleet: Path) -> None:
    got = shell("replay", trace, "--fleet", fleet, "--scale", "2x", "--from", "1 min", "--to", "3 min", "--speed", "2x")
    assert got.exit_code == 0, got.output
    assert "24 arrived" in got.stdout


def test_the_recorded_fleet_in_the_shell() -> None:
    got = shell("replay", RECORDING, "--json")
    assert json.loads(got.stdout)["scenario"] == "the recorded fleet"


def test_inspect_in_the_shell(trace: Path) -> None:
    got = shell("inspect", trace, "--json")
    held = json.loads(got.stdout)
    wanted = {"format", "rows", "jobs", "started", "finished", "arrival_from", "wait", "service", "warnings"}
    assert wanted <= set(held)
    assert (held["format"], held["rows"], held["jobs"], held["started"], held["finished"]) == ("csv", 50, 50, 50, 50)
    assert held["gap"]["mean"] == 10.0
    assert math.isclose(held["offered_load"], 50 * 25 / 490)
    text = shell("inspect", trace).stdout
    assert max(map(len, text.splitlines())) <= 80
    for words in ("csv, 50 rows", "offered load", "burstiness", "Arrivals an hour", "cannot tell"):
        assert words in text


def test_columns_in_the_shell(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("arrival_ms,service_ms\n0,45000\n10000,45000\n")
    got = shell("inspect", path, "--json", "--column", "arrival=arrival_ms", "--column", "service=service_ms")
    assert json.loads(got.stdout)["service"]["mean"] == 45.0
    got = shell("inspect", path, "--column", "arrival")
    assert got.exit_code == 2
    assert "expected a role and its column, such as arrival=t_s" in got.stderr


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["inspect", "absent.csv"], "absent.csv: no such file"),
        (["replay", "absent.csv", "--fleet", "f.yaml"], "absent.csv: no such file"),
        (["replay", "t.csv", "--fleet", "absent.yaml"], "absent.yaml: expected a scenario file, found none"),
        (["replay", "t.csv"], "expected a fleet file (--fleet FILE)"),
        (["replay", "t.csv", "--fleet", "f.yaml", "--plot", "p.doc"], "--plot: expected a name that ends in .png"),
        (["inspect", "t.csv", "--format", "cvs"], "did you mean 'csv'"),
    ],
)
def test_mistakes_in_the_shell(
    arguments: list[str], says: str, trace: Path, fleet: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(trace.parent)
    assert fleet.is_file()
    got = shell(*arguments)
    assert got.exit_code == 2
    assert says in got.stderr
    assert "Traceback" not in got.stderr
