"""Which input moves a figure most: by hand where nothing else can happen, and what is left alone."""

from __future__ import annotations

import importlib.util
import json
import math
from typing import TYPE_CHECKING, Any, ClassVar

import matplotlib as mpl
import pytest
import yaml
from click.testing import CliRunner
from matplotlib.figure import Figure

import workersim as ws
from workersim.cli import main
from workersim.experiments.sensitivities.inputs import inputs_of
from workersim.experiments.sensitivities.variability import burstier, more_varied
from workersim.units import Duration

if TYPE_CHECKING:
    from pathlib import Path

    from workersim.scenario import Scenario

mpl.use("Agg")


def scenario(service: Any = "20 min", arrivals: Any = None, run: Any = None, fleet: Any = None, **job: Any) -> Scenario:
    """Return ten documents at once on four slots, or what is said."""
    data = {
        "name": "ten <documents>",
        "fleet": {"replicas": 1, "concurrency": 4, "vcpus": 4} | (fleet or {}),
        "workload": {
            "jobs": {"document": {"service": service, **job}},
            "arrivals": arrivals or [{"burst": {"jobs": 10}}],
        },
        "run": run or {"until": "drained"},
    }
    return ws.read(yaml.safe_dump(data))


BUSY = {
    "service": {"lognormal": {"mean": "60 s", "cv": 1}},
    "wait_ratio": 0.5,
    "arrivals": [{"poisson": {"rate": "180/hour"}}],
    "run": {"until": "6 h", "warm_up": "1 h"},
}


def named(study: ws.Sensitivity, name: str) -> Any:
    return next(effect for effect in study.effects if effect.name == name)


class TestOneAtATime:
    def test_by_hand(self) -> None:
        """Two of ten wait for two services; 12 documents of the burst are served in three rounds too, 8 in two."""
        study = ws.sensitivity(scenario(), measure="wait.max")
        service, rate = named(study, "service mean"), named(study, "arrival rate")
        assert study.base == 2400.0
        assert (service.at_low, service.at_high) == (1920.0, 2880.0)
        assert (rate.at_low, rate.at_high) == (1200.0, 2400.0)
        assert study.effects[0].name == "arrival rate"  # 20 minutes less; a longer service moves it by 8
        assert service.low_interval == (-480.0, -480.0)

    def test_fewer_vcpus_stretch_what_is_on_the_cpu(self) -> None:
        study = ws.sensitivity(scenario(), measure="response.max", span=0.5)
        vcpus = named(study, "vCPUs")
        assert (vcpus.at_low, vcpus.at_high) == (2 * 2400.0 + 1200.0, 3600.0)  # 4 on 2 vCPUs twice, then 2

    def test_what_has_no_effect_moves_nothing_at_all(self) -> None:
        """With a processor for each process it does not matter which part of a service is I/O."""
        study = ws.sensitivity(scenario(**BUSY))
        ratio = named(study, "wait ratio")
        assert (ratio.at_low, ratio.at_high) == pytest.approx((study.base, study.base), abs=1e-6)
        assert study.effects[-1].size <= named(study, "arrival rate").size

    def test_the_direction_is_that_of_theory(self) -> None:
        study = ws.sensitivity(scenario(**BUSY), measure="wait.mean")
        for name in ("service mean", "arrival rate", "service cv"):
            effect = named(study, name)
            assert effect.at_low < study.base < effect.at_high
        cvs = [effect.size for effect in study.effects]
        assert cvs == sorted(cvs, reverse=True)
        rate = named(study, "arrival rate")
        assert rate.low_interval[1] < 0 < rate.high_interval[0]

    def test_as_often_as_the_scenario_says(self) -> None:
        assert ws.sensitivity(scenario(**BUSY)).replications == 20
        often = scenario(**BUSY).replace("run.replications", 3)
        assert ws.sensitivity(often).replications == 3


class TestAllAtOnce:
    """All but the burst fixed: the longest wait of 8 documents is one service, whatever else there is."""

    ONE_ROUND: ClassVar[dict[str, Any]] = {
        "arrivals": [{"burst": {"jobs": 5}}],
        "fleet": {"concurrency": 1, "vcpus": 2},
    }

    def test_sobol_gives_each_input_its_share(self) -> None:
        """Wait = service x (jobs - 1) on one slot: both have nearly all of the variance between them."""
        study = ws.sensitivity(scenario(**self.ONE_ROUND), measure="wait.mean", method="sobol", samples=64)
        service, rate = named(study, "service mean"), named(study, "arrival rate")
        assert 0.3 < service.size < 0.75
        assert 0.3 < rate.size < 0.75
        assert service.size + rate.size > 0.8
        assert named(study, "vCPUs").size == pytest.approx(0.0, abs=1e-6)
        assert study.variants == 1 + 64 * (len(study.effects) + 2)

    def test_morris_sees_what_moves_and_what_does_not(self) -> None:
        study = ws.sensitivity(scenario(**self.ONE_ROUND), measure="wait.mean", method="morris", samples=8)
        assert {effect.name for effect in study.effects[:2]} == {"service mean", "arrival rate"}
        assert named(study, "vCPUs").size == 0.0
        # the mean wait of 5 is 2 services; from 0.8 to 1.2 of the service it changes by 0.8 services of 20 minutes
        assert named(study, "service mean").size == pytest.approx(960, rel=0.35)

    def test_nothing_that_moves_has_no_shares(self) -> None:
        idle = scenario(arrivals=[{"burst": {"jobs": 1}}])
        study = ws.sensitivity(idle, measure="wait.mean", method="sobol", samples=2)
        assert [effect.size for effect in study.effects] == [0.0] * len(study.effects)

    def test_the_same_study_has_the_same_answer(self) -> None:
        one, two = (ws.sensitivity(scenario(**self.ONE_ROUND), method="morris", samples=2).to_dict() for _ in range(2))
        assert one == two

    def test_without_salib_it_says_what_to_install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        found = importlib.util.find_spec
        monkeypatch.setattr(
            importlib.util, "find_spec", lambda name, *more: None if name == "SALib" else found(name, *more)
        )
        with pytest.raises(ws.MissingExtraError, match=r"pip install 'workersim\[sensitivity\]'"):
            ws.sensitivity(scenario(), method="morris")
        assert ws.sensitivity(scenario(), measure="wait.max").effects


class TestInputs:
    def test_which_there_are(self) -> None:
        found, without = inputs_of(scenario(**BUSY), 0.2)
        names = [each.name for each in found]
        assert names == ["service mean", "service cv", "wait ratio", "arrival rate", "burstiness of arrivals", "vCPUs"]
        assert without == ["start-up: nothing in this scenario has any"]

    def test_what_is_constant_may_as_well_vary_a_little(self) -> None:
        found, _ = inputs_of(scenario(arrivals=[{"every": {"interval": "5 min", "until": "8 h"}}]), 0.3)
        constant = [each for each in found if "constant" in each.name]
        assert [(each.low, each.base, each.high, each.unit) for each in constant] == [(0.0, 0.0, 0.3, "cv")] * 2
        assert constant[0].shown(0.3) == "0.3 cv"

    def test_celery_has_a_prefetch_and_changing_fleets_a_start_up(self) -> None:
        fleet = {
            "worker": {"celery": {"prefetch_multiplier": 4}},
            "startup": "90 s",
            "changes": [{"at": "1 h", "replicas": 2}],
        }
        found, _ = inputs_of(scenario(fleet=fleet), 0.2)
        prefetch = next(each for each in found if each.name == "prefetch")
        assert (prefetch.low, prefetch.base, prefetch.high) == (2, 4, 8)
        celery = prefetch.alter(scenario(fleet=fleet), 8).fleet.celery
        assert celery is not None
        assert celery.prefetch_multiplier == 8
        start = next(each for each in found if each.name == "start-up")
        assert start.alter(scenario(fleet=fleet), 1.2).fleet.startup == Duration("108 s")

    def test_traces_cannot_be_multiplied_and_it_says_so(self, tmp_path: Path) -> None:
        (tmp_path / "t.csv").write_text("arrival,service\n0,5\n")
        text = "{fleet: {replicas: 1, concurrency: 4}, workload: {arrivals: [trace: t.csv]}}"
        with pytest.raises(ws.InputError, match="expected a scenario with an input to vary"):
            ws.sensitivity(ws.read(text, folder=tmp_path))

    @pytest.mark.parametrize(
        ("service", "factor", "wanted"),
        [
            ({"lognormal": {"mean": "60 s", "cv": 1}}, 1.5, {"lognormal": {"mean": "60 s", "cv": 1.5}}),
            ({"exponential": {"mean": "60 s"}}, 0.5, {"gamma": {"mean": "60 s", "cv": 0.5}}),
            ({"erlang": {"mean": "60 s", "cv": 0.5}}, 1.2, {"gamma": {"mean": "60 s", "cv": 0.6}}),
            ({"hyperexponential": {"mean": "60 s", "cv": 1.2}}, 0.5, {"hyperexponential": {"mean": "60 s", "cv": 1}}),
        ],
    )
    def test_services_vary_more_around_the_same_mean(self, service: Any, factor: float, wanted: Any) -> None:
        other = more_varied(scenario(service), factor, constant=False)
        assert other == scenario(wanted)

    @pytest.mark.parametrize("service", ["20 min", {"uniform": {"min": "1 s", "max": "3 s"}}])
    def test_services_without_a_cv_stay_as_they_are(self, service: Any) -> None:
        assert more_varied(scenario(service), 1.5, constant=False) == scenario(service)

    @pytest.mark.parametrize(
        ("arrival", "wanted"),
        [
            (
                {"poisson": {"rate": "1/min", "until": "2 h"}, "jobs": ["document"]},
                {"renewal": {"interval": {"gamma": {"mean": "60 s", "cv": 2}}, "until": "2 h"}, "jobs": ["document"]},
            ),
            (
                {"profile": {"rates": [["0 h", "2/hour"], ["18 h", "10/hour"]], "period": "24 h", "until": "48 h"}},
                {"profile": {"rates": [["0 h", 0], ["18 h", "16/hour"]], "period": "24 h", "until": "48 h"}},
            ),
            (
                {"mmpp": {"rates": ["6/hour", "18/hour"], "holding": ["3 h", "1 h"], "until": "48 h"}},
                {"mmpp": {"rates": ["3/hour", "27/hour"], "holding": ["3 h", "1 h"], "until": "48 h"}},
            ),
            ({"burst": {"jobs": 10}}, {"burst": {"jobs": 10}}),
        ],
    )
    def test_arrivals_come_in_larger_bursts_and_as_many(self, arrival: Any, wanted: Any) -> None:
        """Means are 4/hour and 9/hour; what would fall below 0 is 0, and then it is no longer quite the same mean."""
        got = burstier(scenario(arrivals=[arrival]), 2.0, constant=False).workload.arrivals[0].written()
        want = scenario(arrivals=[wanted]).workload.arrivals[0].written()
        assert _numbers(got) == pytest.approx(_numbers(want))
        assert list(got) == list(want) or set(got) == set(want)


def _numbers(written: Any) -> list[float]:
    """Return the rates per second and the lengths in seconds of a stream, in order."""
    arrival = scenario(arrivals=[written], run={"until": "9 h"}).workload.arrivals[0]
    rates = getattr(arrival, "rates", None)
    if rates is None:
        interval = getattr(arrival, "interval", None)
        return [] if interval is None else [float(interval.mean), interval.cv]
    return [float(each[1]) if isinstance(each, tuple) else float(each) for each in rates]


class TestHowItIsShown:
    def test_as_a_table_a_frame_and_a_page(self) -> None:
        for method, samples in (("one", None), ("morris", 2), ("sobol", 2)):
            study = ws.sensitivity(scenario(), measure="wait.max", method=method, samples=samples)  # type: ignore[arg-type]  # one of three
            assert max(map(len, study.summary().splitlines())) <= 80
            assert "service mean" in study.summary()
            frame = study.to_frame()
            assert list(frame["input"]) == [effect.name for effect in study.effects]
            assert "ten &lt;documents&gt;" in study._repr_html_()
            json.dumps(study.to_dict(), allow_nan=False)
            ax = study.plot(Figure().add_subplot())
            assert [text.get_text() for text in ax.get_yticklabels()] == list(frame["input"])

    def test_a_tornado_has_its_bars_around_the_base(self) -> None:
        bars = [("a", 40.0, 300.0, (-90.0, -70.0), (170.0, 190.0)), ("b", 110.0, math.inf, (-12.0, -8.0), None)]
        ax = ws.plots.tornado(bars, Figure().add_subplot(), base=120.0)
        widths = [patch.get_width() for container in ax.containers for patch in container]
        assert widths == [-80.0, -10.0, 180.0]
        spans: list[Any] = [line.get_xdata() for line in ax.get_lines()]
        assert [list(span) for span in spans] == [[30.0, 50.0], [108.0, 112.0], [290.0, 310.0], [120.0, 120.0]]

    def test_nothing_and_nonsense(self) -> None:
        ws.plots.tornado([], Figure().add_subplot())
        for wrong in [("a", 1), ("a", "x", 2), "abc", 5]:
            with pytest.raises(ws.InputError, match=r"effects\[0\]: expected"):
                ws.plots.tornado([wrong], Figure().add_subplot(), base=1.0)  # type: ignore[list-item]  # what is refused


class TestWhatIsRefused:
    @pytest.mark.parametrize(
        ("arguments", "said"),
        [
            ({"measure": "wait.p96"}, "did you mean 'wait.p99'"),
            ({"measure": "wait.every"}, "expected a figure of a run"),
            ({"method": "sobal"}, "did you mean 'sobol'"),
            ({"span": 0.0}, "span: expected"),
            ({"span": 1.0}, "span: expected"),
            ({"method": "sobol", "samples": 12}, "a power of 2"),
            ({"method": "morris", "samples": 1}, "samples: expected a number from 2"),
        ],
    )
    def test_in_python(self, arguments: dict[str, Any], said: str) -> None:
        with pytest.raises(ws.InputError, match=said):
            ws.sensitivity(scenario(), **arguments)

    def test_variants_that_serve_nothing(self) -> None:
        nobody = scenario(fleet={"replicas": 0}, run={"until": "1 h"})
        with pytest.raises(ws.InputError, match="nothing is served"):
            ws.sensitivity(nobody, method="morris", samples=2)
        assert ws.sensitivity(nobody).to_dict()["base"] is None

    @pytest.mark.parametrize("arguments", [["--span", "much"], ["--measure", "waits"], ["--span", "200%"]])
    def test_in_the_shell(self, tmp_path: Path, arguments: list[str]) -> None:
        (tmp_path / "s.yaml").write_text(scenario().to_yaml())
        got = CliRunner().invoke(main, ["sensitivity", str(tmp_path / "s.yaml"), *arguments])
        assert got.exit_code == 2
        assert len(got.stderr.splitlines()) == 1

    def test_the_shell_prints_the_object(self, tmp_path: Path) -> None:
        (tmp_path / "s.yaml").write_text(scenario().to_yaml())
        asked = ["--measure", "wait.max", "--replications", "2", "--json"]
        got = json.loads(CliRunner().invoke(main, ["sensitivity", str(tmp_path / "s.yaml"), *asked]).stdout)
        assert (got["base"], got["effects"][0]["input"], got["replications"]) == (2400.0, "arrival rate", 2)
