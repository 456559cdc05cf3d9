"""What was planted comes back: scenarios are run, written as Celery's events alone, and calibrated on these."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from matplotlib.figure import Figure

import workersim as ws
from workersim.cli import main
from workersim.errors import InputError
from workersim.experiments.calibrating.arrivals import arriving
from workersim.experiments.calibrating.services import grouped, service_of
from workersim.experiments.calibrating.stretch import progress
from workersim.experiments.calibrating.uncertainty import _parted
from workersim.traces.celery_export import write_events
from workersim.units import SECOND

RECORDINGS = Path(__file__).parent / "recordings"
S = SECOND


def planted(
    tmp_path: Path,
    *,
    fleet: dict[str, Any],
    jobs: dict[str, Any],
    arrivals: list[Any],
    until: str,
    seed: int = 3,
    processes: int | None = None,
    engine: Any = "auto",
) -> tuple[ws.Result, ws.Recording]:
    scenario = ws.Scenario(
        name="planted",
        fleet=fleet,
        workload={"jobs": jobs, "arrivals": arrivals},
        run={"until": until, "seed": seed},
    )
    result = ws.run(scenario, engine="simpy" if "worker" in fleet else engine)
    path = tmp_path / "events.jsonl"
    write_events(result.log, path)
    return result, ws.read_trace(path, processes=processes)


def hours(rates: Any) -> list[float]:
    """Return the rate of each hour of a day: what does not change is not written again."""
    return [
        next(float(rate) for at, rate in reversed(rates) if int(at) <= hour * 3600 * S) * 3600 for hour in range(24)
    ]


@pytest.mark.parametrize(
    ("ratio", "vcpus", "concurrency", "rate", "cv", "family"),
    [
        (1.0, 1, 4, 0.07, 0.7, "lognormal"),
        (3.0, 1, 5, 0.125, 0.7, "gamma"),
        (0.75, 2, 6, 0.15, 1.0, "lognormal"),
        (0.0, 2, 6, 0.08, 0.5, "gamma"),
    ],
)
def test_rate_service_ratio_and_vcpus(  # noqa: PLR0917  # as many as the case has
    tmp_path: Path, ratio: float, vcpus: int, concurrency: int, rate: float, cv: float, family: str
) -> None:
    service = {family: {"mean": "20 s", "cv": cv}}
    result, recording = planted(
        tmp_path,
        fleet={"replicas": 1, "concurrency": concurrency, "vcpus": vcpus},
        jobs={"scan": {"service": service, "wait_ratio": ratio} if ratio else {"service": service}},
        arrivals=[{"poisson": {"rate": rate}}],
        until=f"{4000 / rate} s",
        processes=concurrency,
    )
    found = ws.calibrate(recording, service="best")
    stretch = found.made.stretch
    assert vcpus in (stretch.vcpus, *stretch.others)
    if stretch.others:  # fewer vCPUs with a smaller share look alike; it says so
        assert any("would be as likely" in sentence for sentence in found.assumed)
        found = ws.calibrate(recording, service="best", vcpus=vcpus)
    assert found.made.stretch.share == pytest.approx(1 / (1 + ratio), rel=0.1, abs=0.03)
    assert found.made.arriving.kind == "poisson"
    assert found.made.arriving.rate == pytest.approx(rate, rel=0.05)
    values = found.services()
    assert values.mean() == pytest.approx(20.0, rel=0.06)
    assert values.std() / values.mean() == pytest.approx(cv, rel=0.12)
    assert (found.scenario.fleet.replicas, found.scenario.fleet.concurrency) == (1, concurrency)
    again = ws.run(found.scenario, replications=4)
    assert again.service.mean == pytest.approx(result.service.mean, rel=0.06)
    assert again.utilization.mean == pytest.approx(result.utilization.mean, rel=0.06)


def test_vcpus_that_are_given_are_kept_and_no_stretch_is_none(tmp_path: Path) -> None:
    _, recording = planted(
        tmp_path,
        fleet={"replicas": 1, "concurrency": 4, "vcpus": 4},
        jobs={"scan": {"service": {"gamma": {"mean": "20 s", "cv": 0.7}}}},
        arrivals=[{"poisson": {"rate": 0.12}}],
        until="10 h",
        processes=4,
    )
    found = ws.calibrate(recording, vcpus=4)
    assert found.made.stretch.share == 0
    assert any("do not clearly stretch" in sentence for sentence in found.assumed)
    assert found.scenario.fleet.vcpus == 4
    assert found.scenario.workload.jobs["scan"].phases is not None
    with pytest.raises(InputError, match="vcpus: expected a number"):
        ws.calibrate(recording, vcpus=-1)
    with pytest.raises(InputError, match="expected one of empirical, best"):
        ws.calibrate(recording, service="normal")


def test_a_day_of_two_classes_with_failures(tmp_path: Path) -> None:
    retries = {"max": 2, "delay": "30 s", "backoff": 2, "jitter": False}
    _, recording = planted(
        tmp_path,
        fleet={"replicas": 2, "concurrency": 4},
        jobs={
            "scan": {"weight": 3, "phases": [{"io": {"lognormal": {"mean": "20 s", "cv": 0.8}}}]},
            "mail": {"weight": 1, "phases": [{"io": "5 s"}], "fails": 0.2, "retries": retries, "priority": 3},
        },
        arrivals=[
            {"profile": {"rates": [["0 h", "40/hour"], ["8 h", "160/hour"], ["18 h", "40/hour"]], "period": "24 h"}}
        ],
        until="96 h",
        processes=4,
    )
    found = ws.calibrate(recording, service="best")
    stream: Any = found.scenario.workload.arrivals[0]
    assert isinstance(stream, ws.Profile)
    assert str(stream.period) == "24 h"
    rates = hours(stream.rates)
    assert np.mean(rates[:8]) == pytest.approx(40, rel=0.12)
    assert np.mean(rates[8:18]) == pytest.approx(160, rel=0.06)
    mail = found.scenario.workload.jobs["mail"]
    assert float(mail.fails) == pytest.approx(0.2, abs=0.03)
    assert mail.retries.max == 2
    assert mail.retries.backoff == pytest.approx(2, abs=0.05)
    assert float(mail.retries.delay) / S == pytest.approx(30, rel=0.02)
    weights = [job.weight for job in found.scenario.workload.jobs.values()]
    assert max(weights) / sum(weights) == pytest.approx(0.75, abs=0.02)
    assert found.fits("scan")[0].family == "lognormal"
    assert found.fits("mail") == ()
    assert any("hour of the day" in sentence for sentence in found.inferred)


def test_bursts_come_back_as_bursty(tmp_path: Path) -> None:
    _, recording = planted(
        tmp_path,
        fleet={"replicas": 20, "concurrency": 10},
        jobs={"scan": {"phases": [{"io": "5 s"}]}},
        arrivals=[
            {
                "mmpp": {
                    "rates": ["3000/hour", "200/hour"],
                    "holding": [{"exponential": {"mean": "120 s"}}, {"exponential": {"mean": "240 s"}}],
                }
            }
        ],
        until="5.5 h",
        processes=10,
    )
    found = ws.calibrate(recording)
    stream = found.scenario.workload.arrivals[0]
    assert isinstance(stream, ws.Mmpp)
    from workersim.traces.features import dispersion  # noqa: PLC0415
    from workersim.workload import realise  # noqa: PLC0415

    seen = dispersion(np.sort(recording.arrival_ns), (10, 60, 300))
    made = [
        dispersion(np.sort(realise(found.scenario, replication=r).table.arrival_ns), (10, 60, 300)) for r in range(20)
    ]
    for window, index in seen.items():
        assert np.mean([each[window] for each in made]) == pytest.approx(index, rel=0.45)


def test_workers_that_hold_jobs_are_told_by_what_they_held(tmp_path: Path) -> None:
    _, recording = planted(
        tmp_path,
        fleet={"replicas": 2, "concurrency": 2, "worker": {"celery": {"prefetch_multiplier": 4}}},
        jobs={"scan": {"phases": [{"io": {"exponential": {"mean": "10 s"}}}]}},
        arrivals=[{"poisson": {"rate": 0.37}}],
        until="1 h",
        processes=2,
    )
    worker = ws.calibrate(recording).scenario.fleet.celery
    assert worker is not None
    assert worker.prefetch_multiplier == 4


def test_arrivals_of_other_kinds() -> None:
    def kind(gaps_s: Any, service_s: float = 1.0) -> Any:
        instants = (np.cumsum(gaps_s) * S).astype(np.int64)
        return arriving(instants, epoch_ns=None, end_ns=int(instants[-1]), service_s=service_s)

    chance = np.random.default_rng(2)
    assert kind(np.full(400, 2.0)).kind == "every"
    assert kind(np.zeros(10)).body == {"jobs": 10}
    even = kind(chance.gamma(9.0, 1 / 9.0, 1000))
    assert even.kind == "renewal"
    assert even.body["interval"]["gamma"]["cv"] == pytest.approx(1 / 3, rel=0.1)
    assert kind(chance.exponential(1.0, 1000)).kind == "poisson"
    assert "too few" in kind(chance.exponential(1.0, 100)).inferred[0]


def test_the_rate_of_progress_is_that_of_a_closed_network() -> None:
    # two jobs on one CPU, half of each is CPU: by hand, states (at the CPU) 0, 1, 2 weigh 1/2, 1, 1
    assert progress(0.5, 1.0, 2)[2] == pytest.approx((1 - 0.5 / 2.5) / 0.5 / 2)
    assert progress(1.0, 2.0, 4).tolist() == [1.0, 1.0, 1.0, 2 / 3, 0.5]
    assert progress(0.0, 1.0, 3).tolist() == [1.0] * 4


def test_services_are_written_as_they_are_or_in_groups() -> None:
    values = np.random.default_rng(1).lognormal(0, 1, 10_001)
    held = grouped(np.sort(values))
    assert len(held) == 500
    assert held.mean() == pytest.approx(values.mean(), rel=1e-3)
    assert held.std() == pytest.approx(values.std(), rel=0.05)
    assert service_of(np.full(5, 3.0), "best").written() == "3.0 s"
    assert service_of(np.array([1.0, 2.0]), "gamma").written() == {"empirical": {"values": [1.0, 2.0]}}


def test_variance_is_parted_as_it_was_made() -> None:
    chance = np.random.default_rng(3)
    table = 10 + 2.0 * chance.standard_normal((400, 1)) + 1.0 * chance.standard_normal((400, 50))
    found = _parted("wait.mean", table)
    assert found.share == pytest.approx(0.8, abs=0.04)
    assert found.from_fit == pytest.approx(2.0, rel=0.1)
    assert found.from_runs == pytest.approx(1.0, rel=0.1)
    assert _parted("wait.mean", np.ones((3, 3))).share == 0


def test_uncertainty_of_few_jobs_is_mostly_that_of_the_fit(tmp_path: Path) -> None:
    _, recording = planted(
        tmp_path,
        fleet={"replicas": 1, "concurrency": 4},
        jobs={"scan": {"phases": [{"io": {"lognormal": {"mean": "30 s", "cv": 1}}}]}},
        arrivals=[{"poisson": {"rate": 0.1}}],
        until="40 min",
        processes=4,
    )
    found = ws.calibrate(recording)
    spread = found.uncertainty("utilization.mean", refits=20, runs=6)
    assert 0.1 < spread.share < 0.9
    assert spread.table.shape == (20, 6)
    assert (spread.table == found.uncertainty("utilization.mean", refits=20, runs=6).table).all()
    with pytest.raises(InputError, match="expected a figure such as"):
        found.uncertainty("wait.men", refits=2, runs=2)


def test_the_rest_lies_in_what_was_foretold(tmp_path: Path) -> None:
    covered = []
    for seed in range(4):
        _, recording = planted(
            tmp_path,
            fleet={"replicas": 1, "concurrency": 4},
            jobs={"scan": {"phases": [{"io": {"lognormal": {"mean": "30 s", "cv": 1}}}]}},
            arrivals=[{"poisson": {"rate": 0.1}}],
            until="5 h",
            seed=seed,
            processes=4,
        )
        covered.append(ws.calibrate(recording).held_out(windows=4).coverage)
    assert 0.85 <= np.mean(covered) <= 1.0  # 48 figures at 95 %, of which those of one run go together


@pytest.mark.parametrize(
    "path", sorted(RECORDINGS.glob("*.jsonl.gz")), ids=lambda path: path.name.removesuffix(".jsonl.gz")
)
def test_each_recording_gives_a_scenario_that_runs(path: Path) -> None:
    found = ws.calibrate(path)
    text = found.to_yaml()
    assert ws.read(text).digest == found.scenario.digest
    assert ws.run(found.scenario, engine="simpy", replications=1).metrics["jobs"]["arrived"] > 0
    found.summary()


def test_the_shell(tmp_path: Path) -> None:
    out, picture = tmp_path / "made.yaml", tmp_path / "fits.png"
    arguments = ["calibrate", str(RECORDINGS / "poisson200_3x3_late1.jsonl.gz"), "--out", str(out), "--service", "best"]
    printed = CliRunner().invoke(main, [*arguments, "--refits", "2", "--plot", str(picture), "--check"])
    assert printed.exit_code == 0, printed.output
    for words in (
        "inferred",
        "assumed",
        "dropped",
        "of the variance of a run comes from the fit",
        "figures of the rest",
        "Jobs arrive at 12,679 an hour",
    ):
        assert words in printed.output
    assert re.search(r"uncertainty of wait\.mean, which is \d+ ms in the mean", printed.output)
    assert re.search(r"chance in the run \(deviation \d+ ms\)", printed.output)
    assert ws.load(out).fleet.replicas == 3
    assert picture.stat().st_size > 10_000
    tree = json.loads(CliRunner().invoke(main, [*arguments, "--refits", "2", "--json", "--check"]).output)
    assert {"scenario", "fits", "inferred", "assumed", "dropped", "uncertainty", "held_out", "cpu"} <= set(tree)
    assert CliRunner().invoke(main, [*arguments[:3], str(tmp_path / "x.txt")]).exit_code == 2


def test_hostile_names_stay_names(tmp_path: Path) -> None:
    path = tmp_path / "a\n!!python.csv"
    path.write_text("arrival,start,finish,job_class\n0,0,3,'waited'\n1,1,5,waited\n2,2,4,\"# x: {a\"\n3,3,9,waited\n")
    found = ws.calibrate(path)
    again = ws.read(found.to_yaml())
    assert set(again.workload.jobs) == {"'waited'", "waited_", "# x: {a"}


def test_the_picture_of_the_fits() -> None:
    found = ws.calibrate(RECORDINGS / "poisson200_3x3_late1.jsonl.gz")
    ax = ws.plots.service_fits(found, ax=Figure().subplots())
    assert len(ax.lines) == 4
    best = ax.lines[1]
    observed = np.asarray(best.get_ydata(), float)
    assert np.abs(np.log(observed) - np.log(np.asarray(best.get_xdata(), float))).mean() < 0.1
    alike = ws.plots.service_fits(ws.calibrate(RECORDINGS / "burst10_1x4.jsonl.gz"), ax=Figure().subplots())
    assert not alike.lines


def test_what_jobs_were_published_with_is_kept_where_all_have_it_and_listed_elsewhere(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    rows = [f"{i},{1 + i % 2},a,7,3" for i in range(20)] + [
        f"{i}.5,1,b,{'9' if i % 2 else ''},{i % 2}" for i in range(20)
    ]
    path.write_text("arrival,service,job_class,time_limit,countdown\n" + "\n".join(rows))
    found = ws.calibrate(path)
    first, other = (found.scenario.workload.jobs[name] for name in ("a", "b"))
    assert (str(first.time_limit), str(first.countdown), other.time_limit) == ("7 s", "3 s", None)
    assert "time_limit of 10 jobs of 'b': not all of them have the same." in found.dropped
    assert "Countdowns of 10 jobs of 'b': the others have none." in found.dropped
    assert not any("'a'" in sentence for sentence in found.dropped)


def test_workers_that_came_and_went_are_listed() -> None:
    dropped = ws.calibrate(RECORDINGS / "join_2x3_early4.jsonl.gz").dropped
    assert any("1 ready after the first arrival, 0 gone before the end" in sentence for sentence in dropped)
    assert not any("When workers came" in each for each in ws.calibrate(RECORDINGS / "burst8_1x3.jsonl.gz").dropped)
