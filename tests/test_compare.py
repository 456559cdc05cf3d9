"""Comparisons: differences on the same documents, told in numbers and in a sentence."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from matplotlib.figure import Figure

import workersim as ws
from workersim.cli import main
from workersim.experiments.compared import _said
from workersim.experiments.documents import CHANCE
from workersim.statistics import mean_interval

LINES = """\
name: two
fleet: {replicas: 2, concurrency: 2, cost: 1.5}
workload:
  jobs: {document: {service: {exponential: {mean: 60 s}}}}
  arrivals: [{poisson: {rate: 200/hour}}]
run: {until: 4 h, seed: 7}
"""
SCENARIOS = Path(__file__).parents[1] / "scenarios"


def two(**more: Any) -> ws.Scenario:
    return ws.read(LINES).replace_all(more) if more else ws.read(LINES)


def three(**more: Any) -> ws.Scenario:
    return two(**{"name": "three", "fleet.replicas": 3} | more)


def test_differences_are_those_within_pairs_of_runs() -> None:
    found = ws.compare([two(), three()], replications=6)
    pairs = [ws.run(each, replications=6).samples for each in (two(), three())]
    for path in ("wait.mean", "wait.p95", "response.p50", "utilization.mean", "cost.per_job", "queue_length.max"):
        block, figure = path.split(".")
        changes = [b[block][figure] - a[block][figure] for a, b in zip(*pairs, strict=True)]
        got = found.of(path)
        assert (got.a, got.b, got.measure) == ("two", "three", path)
        assert got.mean == pytest.approx(sum(changes) / 6, rel=1e-12)
        assert got.interval == mean_interval(changes)
    assert found.of("jobs.arrived").interval == (0, 0)  # the same documents
    assert found.note == ""


def test_pairs_know_more_than_separate_runs() -> None:
    found = ws.compare([two(), three()], replications=10)
    low, high = found.of("wait.mean").interval or (0, 0)
    wide = sum(
        (f.high or 0) - (f.low or 0) for f in (found.figure(0, "response.mean"), found.figure(1, "response.mean"))
    )
    assert high - low < wide


def test_the_intervals_of_several_hold_together() -> None:
    pair = ws.compare([two(), three()], replications=8)
    triple = ws.compare([two(), three(), three(**{"name": "four", "fleet.replicas": 4})], replications=8)
    assert [(each.a, each.b) for each in triple.differences if each.measure == "wait.p95"] == [
        ("two", "three"),
        ("two", "four"),
        ("three", "four"),
    ]
    changes = [b["wait"]["p95"] - a["wait"]["p95"] for a, b in zip(pair.samples[0], pair.samples[1], strict=True)]
    assert triple.of("wait.p95").mean == pair.of("wait.p95").mean
    assert triple.of("wait.p95").interval == mean_interval(changes, 1 - 0.05 / 3)
    assert pair.of("wait.p95").interval == mean_interval(changes)
    assert "for all pairs together" in triple.summary()
    assert "for all pairs together" not in pair.summary()


def test_the_sentence_says_what_is_shown() -> None:
    (sentence,) = ws.compare([two(), three()], replications=6).sentences
    assert sentence.startswith("three: the mean wait is ")
    assert " shorter and the p95 wait is " in sentence
    assert sentence.endswith(" shorter than with two, and it costs 1.5 × as much.")  # noqa: RUF001 (the sign is meant)
    (sentence,) = ws.compare([two(), two(name="again")], replications=6).sentences
    expected = (
        "again: the mean wait is no different and the p95 wait is no different than with two, and it costs the same."
    )
    assert sentence == expected
    (sentence,) = ws.compare([two(), two(**{"name": "free", "fleet.cost": 0})], replications=6).sentences
    assert "costs 0 × as much" in sentence  # noqa: RUF001 (as above)
    (sentence,) = ws.compare([two(**{"fleet.cost": 0}), three()], replications=6).sentences
    assert sentence.endswith("and it costs 18 instead of nothing.")


def test_what_is_not_shown_is_not_claimed() -> None:
    other = two(**{"name": "other", "workload.jobs.document.service": {"exponential": {"mean": "60.001 s"}}})
    found = ws.compare([two(), other], replications=4)
    wide = found.of("wait.p95")._replace(mean=1.0, interval=(-3.0, 5.0))
    assert _said(wide) == "the p95 wait is not shown to be different (1 ± 4 s)"
    assert _said(wide._replace(mean=None, interval=None)) == "the p95 wait cannot be compared"
    assert _said(wide._replace(interval=None)) == "the p95 wait is 1 s longer in the one run there is"


def test_other_documents_are_told() -> None:
    busier = three(**{"workload.arrivals[0].poisson.rate": "210/hour"})
    found = ws.compare([two(), busier], replications=3)
    assert "workload.arrivals[0].poisson.rate is '200/hour' in two and '3.5/min' in three" in found.note
    assert found.note in found.summary().replace("\n", " ")
    assert found.to_dict()["same_documents"] is False
    assert (
        "run.until is '4 h' in two and '5 h'" in ws.compare([two(), three(**{"run.until": "5 h"})], replications=2).note
    )


def test_all_have_the_seed_of_the_first() -> None:
    found = ws.compare([two(), three(**{"run.seed": 99})], replications=4)
    assert found.note == ""
    assert found.differences == ws.compare([two(), three()], replications=4).differences
    assert found.to_dict()["seed"] == 7
    assert (
        ws.compare([two(), three()], seed=99, replications=4).samples[0]
        == ws.run(two(), seed=99, replications=4).samples
    )


def test_without_chance_one_run_is_the_answer() -> None:
    fixed = [ws.load(SCENARIOS / name) for name in ("4-overload.yaml", "5-scaled-out.yaml")]
    found = ws.compare(fixed, replications=50)
    assert found.replications == 1
    assert found.of("wait.max") == (fixed[0].name, fixed[1].name, "wait.max", -2400.0, (-2400.0, -2400.0))
    assert "Chance has no part" in found.summary()
    assert "±" not in found.summary()


def test_how_often() -> None:
    assert ws.compare([two(), three()]).replications == CHANCE
    assert ws.compare([two(), three(**{"run.replications": 12})]).replications == 12
    told: list[tuple[int, int]] = []
    ws.compare([two(), three()], replications=2, progress=lambda done, of: told.append((done, of)))
    assert told == [(2, 4), (4, 4)]


@pytest.mark.parametrize(
    ("scenarios", "settings", "says"),
    [
        ([two()], {}, "expected two scenarios or more, found 1"),
        ([two(), "b.yaml"], {}, "expected a Scenario, found 'b.yaml'"),
        ([two(), three()], {"replications": 0}, "replications: expected 1 or more, found 0"),
        ([two(), three()], {"seed": -1}, "run.seed"),
    ],
)
def test_comparisons_that_make_no_sense(scenarios: list[Any], settings: dict[str, Any], says: str) -> None:
    with pytest.raises(ws.InputError, match=says):
        ws.compare(scenarios, **settings)


def test_scenarios_of_one_name_are_numbered_and_nothing_is_markup() -> None:
    found = ws.compare([two(name="<i>"), three(name="<i>")], replications=2)
    assert found.names == ("<i> (1)", "<i> (2)")
    assert "<i>" not in found._repr_html_()
    assert all(len(row) <= 80 for row in found.summary().splitlines())
    assert repr(found) == "<Comparison of '<i> (1)', '<i> (2)': 2 replications>"


def test_names_that_begin_alike_are_told_apart_within_a_page() -> None:
    names = ["Mixed document lengths, multiplier 4", "Mixed document lengths, multiplier 1"]
    found = ws.compare([two(name=names[0]), three(name=names[1])], replications=2)
    lines = found.summary().splitlines()
    assert any(line.split() == ["…multiplier", "4", "…multiplier", "1", "difference"] for line in lines)
    assert all(len(line) <= 80 for line in lines)
    ax = found.plot(ax=Figure().add_subplot())
    (label,) = ax.get_yticklabels()
    assert label.get_text() == "…lengths, multiplier 1\nminus …lengths, multiplier 4"


def test_the_table_has_every_difference() -> None:
    found = ws.compare([two(), three()], replications=3)
    table = found.to_frame()
    assert list(table.columns) == ["a", "b", "measure", "mean", "low", "high"]
    row = table[table["measure"] == "wait.mean"].iloc[0]
    assert (row["mean"], (row["low"], row["high"])) == (found.of("wait.mean").mean, found.of("wait.mean").interval)


def test_a_run_that_is_too_short_for_the_long_run_is_told() -> None:
    busy = {"run.warm_up": "1 h", "workload.arrivals[0].poisson.rate": "230/hour"}
    found = ws.compare([two(**busy), three(**busy)], replications=10)
    (warning, *_) = found.warnings
    assert warning.startswith("two: The interval of wait.mean and wait.p95 may miss the long run")
    assert "run until" in warning
    assert not ws.compare([two(), three()], replications=10).warnings


def test_the_shell(tmp_path: Path) -> None:
    for each in (two(), three()):
        (tmp_path / f"{each.name}.yaml").write_text(each.to_yaml())
    files = [str(tmp_path / "two.yaml"), str(tmp_path / "three.yaml")]
    wanted = ws.compare([two(), three()], replications=4)
    got = CliRunner().invoke(main, ["compare", *files, "--replications", "4", "--json"])
    assert got.exit_code == 0, got.output
    said = json.loads(got.output)
    assert said == json.loads(json.dumps(wanted.to_dict()))
    assert said["scenarios"] == ["two", "three"]
    assert {"a", "b", "measure", "mean", "interval"} == set(said["differences"][0])
    got = CliRunner().invoke(main, ["compare", *files, "--replications", "4"])
    assert got.output == wanted.summary() + "\n"
    got = CliRunner().invoke(main, ["compare", files[0]])
    assert got.exit_code == 2
    assert "expected two scenarios or more, found 1" in got.output
