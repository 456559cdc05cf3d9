"""Plots of estimates: each has its interval, and nothing that a file says can break one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.collections import PolyCollection
from matplotlib.container import ErrorbarContainer
from matplotlib.figure import Figure

import workersim as ws
from workersim.units import SECOND

from .logs import log_of
from .test_compare import LINES, two
from .test_plots import HOSTILE, drawn, legend

if TYPE_CHECKING:
    from matplotlib.axes import Axes

mpl.use("Agg")


def axes() -> Axes:
    return Figure().add_subplot()


def bands_of(ax: Axes) -> list[PolyCollection]:
    return [each for each in ax.collections if isinstance(each, PolyCollection)]


def bars_of(ax: Axes) -> list[ErrorbarContainer]:
    return [each for each in ax.containers if isinstance(each, ErrorbarContainer)]


VARY = {"fleet.replicas": "2:4", "fleet.concurrency": [1, 2]}


def test_a_sweep_has_a_line_with_a_band_for_each_combination_of_the_rest() -> None:
    found = ws.sweep(two(), VARY, replications=4)
    table = found.to_frame()
    ax = drawn(found.plot("wait.mean", axes()))
    assert legend(ax) == ["concurrency 1", "concurrency 2"]
    for line, band, bars, slots in zip(ax.lines[::1][:2], bands_of(ax), bars_of(ax), (1, 2), strict=False):
        rows = table[table["fleet.concurrency"] == slots]
        assert line.get_xdata() is not None
        del bars
        low, high = band.get_datalim(ax.transData).intervaly
        assert low == rows["wait.mean.low"].min()
        assert high == rows["wait.mean.high"].max()
    assert len(bands_of(ax)) == len(bars_of(ax)) == 2
    assert ax.get_ylabel() == "wait.mean (min)"
    assert ax.get_xlabel() == "fleet.replicas"


def test_each_point_has_a_bar_as_long_as_its_interval() -> None:
    found = ws.sweep(two(), {"fleet.replicas": [2, 3]}, replications=4)
    (bar,) = bars_of(drawn(found.plot("wait.p95", axes())))
    segments = bar.lines[2][0].get_segments()
    table = found.to_frame()
    for segment, (_, row) in zip(segments, table.iterrows(), strict=True):
        assert segment[:, 0].tolist() == [row["fleet.replicas"]] * 2
        assert segment[:, 1].tolist() == pytest.approx([row["wait.p95.low"], row["wait.p95.high"]])


def test_texts_stand_one_after_the_other() -> None:
    services = ["1 min", {"exponential": {"mean": "1 min"}}]
    found = ws.sweep(two(), {"workload.jobs.document.service": services}, replications=2)
    ax = drawn(found.plot("utilization.mean", axes()))
    assert ax.get_xticks().tolist() == [0, 1]
    assert ax.get_ylabel() == "utilization.mean"


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"measure": "wait.p96"}, "there is no 'wait.p96' in this table; did you mean 'wait.p9"),
        ({"x": "fleet.vcpus"}, r"there is no 'fleet.vcpus' in this table"),
        ({"x": "fleet.concurrency"}, r"at most 6 lines apart, found 7 combinations of fleet\.replicas"),
    ],
)
def test_sweeps_that_cannot_be_drawn(settings: dict[str, Any], says: str) -> None:
    found = ws.sweep(two(), {"fleet.replicas": "2:8", "fleet.concurrency": [1, 2]}, replications=2)
    with pytest.raises(ws.InputError, match=says):
        ws.plots.sweep(found, axes(), **settings)


def test_differences_have_their_intervals() -> None:
    found = ws.compare([two(), two(**{"name": "three", "fleet.replicas": 3})], replications=5)
    ax = drawn(found.plot("wait.p95", axes()))
    (bar,) = bars_of(ax)
    (segment,) = bar.lines[2][0].get_segments()
    assert segment[:, 0].tolist() == pytest.approx(found.of("wait.p95").interval)
    assert [text.get_text() for text in ax.get_yticklabels()] == ["three\nminus two"]
    with pytest.raises(ws.InputError, match=r"there is no 'wait\.p96'"):
        found.plot("wait.p96", axes())


def test_where_all_arrive_at_once_there_is_no_warm_up_to_draw() -> None:
    ax = drawn(ws.plots.warm_up(ws.run(two(**{"workload.arrivals": [{"burst": {"jobs": 20}}]})), axes()))
    assert [text.get_text() for text in ax.texts] == ["all 20 jobs arrive at once, so nothing settles"]
    assert not ax.lines


# What a scenario refuses as a name cannot come here.
@pytest.mark.parametrize(
    "name", [name for name in HOSTILE if name.strip() and name.isprintable() and len(name) <= 1000]
)
def test_names_stand_as_they_are(name: str) -> None:
    for ax in (
        ws.compare([two(name=name), two(name="b")], replications=2).plot(ax=axes()),
        ws.plots.warm_up(ws.run(two(name=name)), axes()),
    ):
        drawn(ax)


def test_the_warm_up_is_a_proposal() -> None:
    asked = two(**{"run.until": "100 h", "workload.arrivals[0].poisson.rate": "215/hour"})
    result = ws.run(asked, engine="compiled")
    proposed = result.propose_warm_up()
    assert proposed is not None
    ax = drawn(ws.plots.warm_up(result, axes()))
    assert any(text.startswith("MSER-5 proposes ") for text in legend(ax))
    assert ax.lines[-1].get_xdata()[0] == proposed  # type: ignore[index]  # a vertical line
    assert ws.run(asked, engine="compiled").metrics == result.metrics  # nothing has been left out
    kept = ws.run(asked.replace("run.warm_up", "1 h"), engine="compiled")
    assert kept.propose_warm_up() == proposed
    assert "warm-up of the scenario" in legend(drawn(ws.plots.warm_up(kept, axes())))


def test_a_run_that_does_not_settle_has_no_warm_up() -> None:
    result = ws.run(two(**{"workload.arrivals[0].poisson.rate": "1000/hour"}))
    assert result.propose_warm_up() is None
    assert "not settled after half of the run: run it longer" in legend(drawn(ws.plots.warm_up(result, axes())))
    few = log_of(horizon=10)
    assert [text.get_text() for text in drawn(ws.plots.warm_up(few, axes())).texts] == ["too few jobs have started: 0"]
    assert ws.run(two(**{"run.until": "10 s"})).propose_warm_up() is None


def test_an_interval_from_one_run() -> None:
    result = ws.run(two(**{"run.until": "400 h", "run.warm_up": "10 h"}), engine="compiled")
    for figure in ("wait.mean", "wait.p95", "response.mean", "response.p50"):
        estimate = result.within_run(figure)
        block, name = figure.split(".")
        assert estimate.value == pytest.approx(result.metrics[block][name])
        assert estimate.low is not None
        assert estimate.high is not None
        assert estimate.low < estimate.value < estimate.high
    wider = result.within_run("wait.mean", level=0.99)
    assert wider.low is not None
    assert wider.low < (result.within_run("wait.mean").low or 0)
    for figure in ("wait", "wait.max", "service.mean", "queue_length.mean"):
        with pytest.raises(ws.LogError, match="an interval from one run is for"):
            result.within_run(figure)
    with pytest.raises(ws.LogError, match="no job of this run has a wait"):
        ws.run(two(**{"run.until": "1 ms"})).within_run("wait.mean")


def test_waits_show_where_the_figures_lie_over_replications() -> None:
    result = ws.run(two(), replications=5)
    ax = drawn(ws.plots.waits(result, axes()))
    assert legend(ax).count("95 % intervals over replications") == 1
    spans = [
        patch.get_extents().transformed(ax.transData.inverted()) for patch in ax.patches if patch.get_alpha() == 0.1
    ]
    wanted = [result.metrics["wait"]["interval"][name] for name in ("mean", "p50", "p95")]
    assert [[span.x0, span.x1] for span in spans] == [pytest.approx([max(low, 0), high]) for low, high in wanted]
    assert not any("interval" in text for text in legend(drawn(ws.plots.waits(ws.run(two()), axes()))))
    waited = drawn(ws.plots.waits(result, axes(), among="waited"))
    assert "95 % intervals over replications" in legend(waited)
    assert not any("interval" in text for text in legend(drawn(ws.plots.waits(result, axes(), among="document"))))


@pytest.mark.parametrize("name", ["queue_length", "utilization", "cpu"])
def test_means_over_time_have_a_band(name: str) -> None:
    asked = two(**{"run.warm_up": "30 min"})
    result = ws.run(asked, replications=5)
    ax = drawn(ws.plots.over_time(result, name, axes()))
    assert "95 % interval of the mean over replications" in legend(ax)
    band = next(each for each in bands_of(ax) if str(each.get_label()).startswith("95 %"))
    limits = band.get_datalim(ax.transData)
    assert limits.intervaly.tolist() == pytest.approx(result.metrics[name]["interval"]["mean"])
    assert limits.intervalx.tolist() == pytest.approx([1800, result.log.horizon_ns / SECOND])
    alone = drawn(ws.plots.over_time(ws.run(asked), name, axes()))
    assert not any("interval" in text for text in legend(alone))
    assert not any("interval" in text for text in legend(drawn(ws.plots.queue_length(result, axes(), queue="default"))))


def test_results_draw_themselves_on_a_figure_of_their_own() -> None:
    found = ws.sweep(ws.read(LINES), {"fleet.replicas": [2, 3]}, replications=2)
    assert found.plot().get_title(loc="left") == "wait.p95, with 95 % intervals"
    assert np.isfinite(found.to_frame()["wait.p95"]).all()
