"""Replications until a figure is known well enough, or a claim is decided, or the budget ends."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

import workersim as ws
from workersim.cli import main
from workersim.experiments.precision import Precision, read_precision
from workersim.units import parse_duration

from .test_compare import LINES, SCENARIOS, two

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("wait.p95 ± 5%", ("wait.p95", 0.05, True)),
        ("wait.p95+-5%", ("wait.p95", 0.05, True)),
        ("wait.p95 +/- 0.5 %", ("wait.p95", 0.005, True)),
        ("wait.mean ± 30 s", ("wait.mean", 30.0, False)),
        ("wait.waited.mean ± 1 min", ("wait.waited.mean", 60.0, False)),
        ("utilization.mean ± 0.01", ("utilization.mean", 0.01, False)),
        ("cost.per_job +- 2%", ("cost.per_job", 0.02, True)),
        ("throughput ± 1/hour", ("throughput", 1 / 3600, False)),
        ("memory.mean ± 1 GB", ("memory.mean", 1e9, False)),
    ],
)
def test_what_is_asked(text: str, wanted: tuple[Any, ...]) -> None:
    got = read_precision(text)
    assert got == Precision(*wanted)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("wait.p95", "expected a figure and its precision, such as 'wait.p95 ± 5%', found 'wait.p95'"),
        ("± 5%", "expected a figure and its precision"),
        ("wait.p95 ± ", "expected a figure and its precision"),
        ("wait.p95 ± 5 apples", "until: "),
        ("wait.p95 ± 0%", "expected more than nothing"),
        ("wait.p95 ± -5%", "until: "),
        ("wait.p96 ± 5%", "there is no figure 'wait.p96'; did you mean 'wait.p9"),
        ("wait ± 5%", "there is no figure 'wait'"),
    ],
)
def test_what_cannot_be_asked(text: str, says: str) -> None:
    with pytest.raises(ws.InputError, match=says):
        ws.run(two(), until=text)


def half(result: ws.Result) -> float:
    low, high = result.wait.interval.mean
    width: float = (high - low) / 2
    return width


def test_it_ends_as_soon_as_the_figure_is_known() -> None:
    rough, fine = (ws.run(two(), until=f"wait.mean ± {share}") for share in ("20%", "8%"))
    assert half(rough) <= 0.2 * rough.wait.mean
    assert half(fine) <= 0.08 * fine.wait.mean
    assert 10 <= rough.replications < fine.replications
    assert fine.samples[: rough.replications] == rough.samples
    assert fine.metrics == ws.run(two(), replications=fine.replications).metrics
    assert fine.scenario.run.replications == fine.replications
    assert fine.log.digest == fine.scenario.digest
    absolute = ws.run(two(), until=f"wait.mean ± {half(rough)} s")
    assert half(absolute) <= half(rough)
    assert not rough.warnings


def test_the_cap_says_how_far_it_came() -> None:
    result = ws.run(two(), until="wait.p95 ± 0.1%", replications=12)
    assert result.replications == 12
    (warning,) = result.warnings
    assert warning.startswith("The p95 wait is known to ± ")
    assert "after 12 replications, the most allowed, and not to ± 0.1%; that would take about " in warning
    needed = float(warning.rsplit(maxsplit=1)[1].rstrip(".").replace(",", ""))
    low, high = result.wait.interval.p95
    assert needed == pytest.approx(12 * ((high - low) / 2 / result.wait.p95 / 0.001) ** 2, rel=0.06)


def test_one_replication_has_no_interval_to_speak_of() -> None:
    (warning,) = ws.run(two(), until="wait.p95 ± 5%", replications=1).warnings
    assert warning == "The p95 wait has no interval after 1 replications, the most allowed; asked: ± 5%."


def test_without_chance_one_run_is_enough() -> None:
    result = ws.run(ws.load(SCENARIOS / "4-overload.yaml"), until="wait.p95 ± 5%")
    assert result.replications == 1
    assert not result.warnings


def test_it_goes_without_a_log_too() -> None:
    long = two(**{"run.until": "600 h"})
    kept, measured = (ws.run(long, until="wait.mean ± 4%", keep_log=keep, engine="compiled") for keep in (True, False))
    assert measured.kept is None
    assert measured.replications == kept.replications
    assert measured.wait.mean == pytest.approx(kept.wait.mean)


def test_the_shell_until(tmp_path: Path) -> None:
    (tmp_path / "two.yaml").write_text(LINES)
    run = ["run", str(tmp_path / "two.yaml"), "--json"]
    said = json.loads(CliRunner().invoke(main, [*run, "--until", "wait.p95 +- 5%", "--max-replications", "11"]).output)
    assert said["replications"] == 11
    assert "the most allowed" in said["warnings"][0]
    for more, says in [
        (["--until", "wait.p95 ± 5%", "--replications", "3"], "expected either --replications or --until"),
        (["--max-replications", "3"], "--max-replications goes with --until"),
        (["--until", "soon"], "until: expected a figure and its precision"),
    ]:
        got = CliRunner().invoke(main, [*run, *more])
        assert got.exit_code == 2
        assert says in got.output
        assert got.output.count("\n") == 1


def test_short_runs_are_told_where_the_long_run_is_meant() -> None:
    busy = two(**{"run.warm_up": "1 h"})
    (warning,) = ws.run(busy, replications=10).warnings
    assert warning.startswith("The interval of wait.mean and wait.p95 may miss the long run: ")
    assert warning.endswith(" or longer.")
    # A run as long as it says, and then some, as ten replications tell their own worth only roughly.
    longer = parse_duration(warning.rsplit("run until ", 1)[1].removesuffix(" or longer."))
    assert not ws.run(busy.replace("run.until", f"{3 * longer.seconds} s"), replications=10).warnings
    assert not ws.run(busy.replace("run.warm_up", 0), replications=10).warnings


def claimed(at_most: float, **more: Any) -> ws.Scenario:
    claim = {"says": "short", "measure": "queue_length.mean", "at_most": at_most}
    return two(**{"claims": [claim]} | more)


def test_a_claim_takes_replications_until_it_is_decided() -> None:
    told: list[int] = []
    (verdict,) = ws.check(claimed(1000), progress=lambda done, _: told.append(done))
    assert (verdict.verdict, max(told)) == ("supported", 10)
    mean = ws.run(two(), replications=160).queue_length.mean
    (verdict,) = ws.check(claimed(mean), budget=15, progress=lambda done, _: told.append(done))
    assert (verdict.verdict, max(told)) == ("inconclusive", 15)
    assert verdict.why.endswith("The budget of 15 replications ended before that was decided.")
    (verdict,) = ws.check(claimed(mean * 1.3, **{"run.replications": 3}))
    assert verdict.verdict == "supported"
    assert "Budget" not in verdict.why
    with pytest.raises(ws.InputError, match="budget: expected 1 replication or more"):
        ws.check(claimed(1000), budget=0)


def test_the_shell_has_a_budget(tmp_path: Path) -> None:
    mean = ws.run(two(), replications=160).queue_length.mean
    (tmp_path / "two.yaml").write_text(claimed(mean).to_yaml())
    got = CliRunner().invoke(main, ["check", str(tmp_path / "two.yaml"), "--budget", "12", "--json"])
    (said,) = json.loads(got.output)
    assert said["verdict"] == "inconclusive"
    assert "The budget of 12 replications ended" in said["why"]
