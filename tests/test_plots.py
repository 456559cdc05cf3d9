"""Plots: what the artists hold, what the axes say, and that nothing in a file can break one."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from matplotlib import pyplot as plt
from matplotlib.collections import PolyCollection
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

import workersim as ws
from workersim import metrics, plots, theory
from workersim.errors import InputError, LogError
from workersim.metrics import StepFunction
from workersim.plots import bands, steps
from workersim.plots.clock import TimeLocator, unit_for
from workersim.runlog import Cause, Outcome, RunLog
from workersim.units import NEVER, SECOND, Duration, Share

from .logs import (
    CPU,
    IO,
    Row,
    copied,
    draining,
    fleet_of,
    growing,
    handed_back,
    log_of,
    overload,
    phases_of,
    retried,
    stranded,
    two_services,
    valid_logs,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from matplotlib.axes import Axes

mpl.use("Agg")

HOUR = 3600
EMPTY = log_of(horizon=HOUR)
NOTHING = log_of(horizon=0, fleet=fleet_of())
WORLDS = [stranded(), handed_back(), copied(), growing(), two_services()]
OVER_TIME: dict[str, Callable[..., Axes]] = {
    "queue_length": plots.queue_length,
    "utilization": plots.utilization,
    "busy_slots": plots.busy_slots,
    "fleet": plots.fleet,
    **{
        f"over_time {name}": lambda run, ax=None, name=name: plots.over_time(run, name, ax)
        for name in ("visible", "reserved", "cpu", "memory", "cost")
    },
}
OF_A_RUN: dict[str, Callable[..., Axes]] = {**OVER_TIME, "slots": plots.slots, "waits": plots.waits}
HOSTILE = (
    "$x_1$ \\frac{",
    "a $ b",
    "\\$5 %s {0} <b> & #",
    "_hidden",
    "two\nlines\tand\x00nul\x1b[31m",
    "right\u202eto left",
    "x" * 10_000,
    " ",
    "lone \ud800 surrogate",
)


@pytest.fixture(autouse=True)
def no_figure_left() -> Iterator[None]:
    plt.close("all")
    yield
    plt.close("all")


def axes() -> Axes:
    return Figure(figsize=(7, 4), layout="constrained").add_subplot()


def drawn(ax: Axes) -> Axes:
    """Make it a picture, which is when matplotlib reads texts and lays out."""
    figure: Any = ax.get_figure(root=True)
    figure.draw_without_rendering()
    return ax


def legend(ax: Axes) -> list[str]:
    found = ax.get_legend()
    return [] if found is None else [text.get_text() for text in found.get_texts()]


def named(log: RunLog, name: str, warm_up: str = "0 s") -> SimpleNamespace:
    run = SimpleNamespace(warm_up=Duration(warm_up))
    return SimpleNamespace(log=log, scenario=SimpleNamespace(name=name, run=run))


def xy(line: Any) -> list[list[float]]:
    found: list[list[float]] = line.get_xydata().tolist()
    return found


def dashes(line: Any) -> str:
    return str(line._dash_pattern)


def bars(ax: Axes) -> list[Any]:
    """Return the groups of bars or points, whose types are too wide to be of use."""
    return list(ax.containers)


def corners(ax: Axes, name: str) -> list[tuple[float, float, float]]:
    """Return left, right and the row of each bar of a kind."""
    found = next(each for each in ax.collections if each.get_label() == name)
    assert isinstance(found, PolyCollection)
    boxes = [path.get_extents() for path in found.get_paths()]
    return [(box.x0, box.x1, (box.y0 + box.y1) / 2) for box in boxes]


def ticks(ax: Axes) -> tuple[list[str], list[str]]:
    drawn(ax)
    sides = (ax.xaxis, ax.get_xlim()), (ax.yaxis, ax.get_ylim())
    x, y = (
        [tick.label1.get_text() for tick in axis.get_major_ticks() if low <= tick.get_loc() <= high]
        for axis, (low, high) in sides
    )
    return x, y


class TestEveryPlot:
    @pytest.mark.parametrize("name", OF_A_RUN)
    @pytest.mark.parametrize("log", [overload(), retried(), draining(), EMPTY, NOTHING, *WORLDS])
    def test_it_draws_on_the_axes_it_is_given_and_leaks_no_figure(self, name: str, log: RunLog) -> None:
        ax = axes()
        assert OF_A_RUN[name](log, ax) is ax
        drawn(ax)
        assert plt.get_fignums() == []
        assert ax.get_xlabel()
        assert ax.get_ylabel()
        assert ax.get_title(loc="left")

    @pytest.mark.parametrize("name", OF_A_RUN)
    def test_it_makes_one_figure_and_changes_no_setting(self, name: str) -> None:
        before = mpl.rcParams.copy()
        ax = OF_A_RUN[name](overload())
        assert plt.get_fignums() == [1]
        figure: Any = ax.get_figure()
        assert figure.get_size_inches()[0] == 7
        assert mpl.rcParams == before

    @pytest.mark.parametrize("text", HOSTILE)
    @pytest.mark.parametrize("name", ["queue_length", "slots", "waits"])
    def test_a_name_from_a_file_stands_as_it_is(self, name: str, text: str) -> None:
        ax = axes()
        drawn(OF_A_RUN[name](named(overload(), text), ax))
        ax.legend()  # as somebody may who adds a curve of their own
        drawn(ax)

    def test_dollars_and_underscores_are_no_commands(self) -> None:
        ax = plots.queue_length(named(overload(), "_$x_1$ \\frac{"), axes())
        assert legend(ax) == ["_$x_1$ \\frac{", "mean 2.67 jobs"]
        assert plots.waits(named(overload(), "$x_1$"), axes()).get_title(loc="left") == "Waits: $x_1$"

    def test_tex_is_not_asked(self) -> None:
        with mpl.rc_context({"text.usetex": True}):
            ax = plots.waits(named(overload(), "$x_1$ \\input{|date}"), axes())
        drawn_on: Any = ax
        texts = [*drawn_on.get_legend().get_texts(), drawn_on._left_title]
        assert not any(text.get_usetex() or text.get_parse_math() for text in texts)

    def test_long_names_end_in_dots(self) -> None:
        ax = plots.slots(named(overload(), "x" * 300), axes())
        assert ax.get_title(loc="left") == "Slots: " + "x" * 59 + "…"

    @pytest.mark.parametrize("run", [None, 4, "scenario.yaml", SimpleNamespace(log=None)])
    def test_something_else_is_refused(self, run: Any) -> None:
        with pytest.raises(InputError, match="a plot needs a result or a run log, got"):
            plots.queue_length(run)

    @settings(max_examples=20)
    @given(log=valid_logs(unit=SECOND))
    def test_any_run_can_be_drawn(self, log: RunLog) -> None:
        for name in ("queue_length", "utilization", "slots", "waits"):
            assert OF_A_RUN[name](log, axes()).get_xlabel()

    def test_the_names_are_a_list_and_unknown_ones_are_told(self) -> None:
        assert dir(plots) == sorted(plots.__all__)
        assert all(callable(getattr(plots, name)) for name in plots.__all__)
        with pytest.raises(AttributeError, match="no plot 'queue_lenght'; did you mean 'queue_length'"):
            plots.queue_lenght  # noqa: B018

    def test_matplotlib_is_loaded_with_the_first_plot(self) -> None:
        code = "import sys, workersim.plots as p; assert 'matplotlib' not in sys.modules; p.waits; import matplotlib"
        subprocess.run(  # noqa: S603 (this interpreter, and the line above)
            [sys.executable, "-c", code], check=True, env={**os.environ, "PYTHONPATH": ":".join(sys.path)}
        )


class TestOverTime:
    @pytest.mark.parametrize("log", [overload(), retried(), draining()])
    @pytest.mark.parametrize("name", ["queue_length", "utilization", "busy", "memory", "cost", "cpu", "visible"])
    def test_the_line_is_the_curve(self, log: RunLog, name: str) -> None:
        own: dict[str, Callable[..., Axes]] = {
            "queue_length": plots.queue_length,
            "utilization": plots.utilization,
            "busy": plots.busy_slots,
        }
        ax = own[name](log, axes()) if name in own else plots.over_time(log, name, axes())
        line = ax.lines[[each.get_drawstyle() for each in ax.lines].index("steps-post")]
        times, values = metrics.over_time(log, name).points()
        assert np.array_equal(line.get_xdata(), times)
        assert np.array_equal(line.get_ydata(), values)

    def test_overload_by_hand(self) -> None:
        ax = plots.queue_length(overload(), axes())
        assert xy(ax.lines[0]) == [[0, 6], [1200, 2], [2400, 0], [3600, 0]]
        assert ax.get_xlim() == (0, 3600)
        assert ax.get_ylabel() == "jobs waiting"
        assert ax.get_xlabel() == "time since the start (min)"
        assert legend(ax) == ["run", "mean 2.67 jobs"]
        assert ticks(ax) == (["0", "10", "20", "30", "40", "50", "60"], ["0", "1", "2", "3", "4", "5", "6"])

    def test_the_mean_is_marked_over_its_window(self) -> None:
        ax = plots.queue_length(named(overload(), "late", "20 min"), axes())
        assert xy(ax.lines[1]) == [[1200, 1], [3600, 1]]
        assert "mean 1 job" in legend(ax)
        shaded = next(patch for patch in ax.patches if patch.get_label() == "warm-up, not in the mean")
        assert shaded.get_extents().transformed(ax.transData.inverted()).x1 == pytest.approx(1200)

    def test_the_closing_step_lies_at_the_horizon(self) -> None:
        assert xy(plots.utilization(overload(), axes()).lines[-2])[-1] == [3600, 0]

    def test_reserved_jobs_are_told_apart(self) -> None:
        log = retried()
        ax = plots.queue_length(log, axes())
        assert legend(ax)[:2] == ["reserved by a worker", "visible in the queue"]
        lower, upper = (np.asarray(each.get_paths()[0].vertices) for each in ax.collections[:2])
        reserved, total = (metrics.over_time(log, name) for name in ("reserved", "queue_length"))
        assert lower[:, 1].max() == reserved.max()
        assert upper[:, 1].max() == total.max()
        assert ax.collections[0].get_hatch() == "////"
        alone = plots.over_time(log, "reserved", axes()).lines[0]
        assert np.array_equal(alone.get_ydata(), reserved.points()[1])

    def test_nothing_is_stacked_where_nothing_was_ever_reserved(self) -> None:
        assert legend(plots.queue_length(overload(), axes())) == ["run", "mean 2.67 jobs"]

    def test_an_observed_log_without_receipts_shows_the_queue(self) -> None:
        row = Row(0, 10, 20, reserved=NEVER / SECOND)
        log = log_of(Row(0, 0, 10), row, horizon=20, engine="observed", fleet=fleet_of())
        assert legend(plots.queue_length(log, axes())) == ["run", "mean 0.5 jobs"]
        with pytest.raises(LogError, match="utilization needs the fleet table"):
            plots.utilization(log)
        assert plt.get_fignums() == []

    def test_the_guides_bands_stand_behind_utilization(self) -> None:
        ax = plots.utilization(overload(), axes())
        spans = [patch.get_extents().transformed(ax.transData.inverted()) for patch in ax.patches]
        edges = [(box.y0, box.y1) for box in spans]
        assert edges == [pytest.approx(edge) for edge in [(0, 0.5), (0.5, 0.8), (0.8, 0.95), (0.95, 1)]]
        words = [text.get_text().replace("\n", " ") for text in ax.texts]
        assert words == ["oversized < 50%", "good 50\u201380%", "high 80\u201395%", "at capacity > 95%"]
        assert len({to_hex(patch.get_facecolor()) for patch in ax.patches}) == 4
        plots.utilization(overload(), ax)
        assert len(ax.patches) == 4
        assert ticks(ax)[1] == ["0%", "20%", "40%", "60%", "80%", "100%"]
        assert "mean 83.3%" in legend(ax)

    def test_no_slot_up_is_a_gap(self) -> None:
        log = log_of(horizon=20, fleet=fleet_of((0, 0, Cause.READY, 2), (5, 0, Cause.DOWN, 0), (10, 0, Cause.READY, 2)))
        line = plots.utilization(log, axes()).lines[-2]
        assert np.array_equal(line.get_ydata(), [0, np.nan, 0, 0], equal_nan=True)
        never = plots.utilization(log_of(horizon=20, fleet=fleet_of()), axes())
        assert legend(never) == ["run"]

    def test_busy_slots_lie_below_those_that_are_up(self) -> None:
        ax = plots.busy_slots(draining(), axes())
        up = next(line for line in ax.lines if line.get_label() == "slots that are up")
        assert xy(up) == [[0, 4], [1200, 2], [1500, 2]]
        one = plots.busy_slots(draining(), axes(), replica=1).lines[0]
        assert xy(one) == [[0, 2], [1200, 0], [1500, 0]]

    def test_two_runs_share_an_axes(self) -> None:
        ax = axes()
        plots.queue_length(named(overload(), "one"), ax)
        plots.queue_length(draining(), ax, text="two")
        assert ax.get_xlim() == (0, 3600)
        assert [each for each in legend(ax) if "mean" not in each] == ["one", "two"]
        first, second = (line for line in ax.lines if line.get_drawstyle() == "steps-post")
        assert (first.get_color(), first.get_linestyle()) != (second.get_color(), second.get_linestyle())
        assert first.get_linestyle() != second.get_linestyle()

    def test_sizes_and_shares_carry_their_units(self) -> None:
        assert "4 GB" in ticks(plots.over_time(overload(), "memory", axes()))[1]
        assert "100%" in ticks(plots.over_time(overload(), "utilization", axes()))[1]
        assert plots.over_time(overload(), "cost", axes()).get_ylabel() == "cost of an hour (base costs)"

    def test_unknown_names_are_told(self) -> None:
        with pytest.raises(LogError, match="did you mean 'memory'"):
            plots.over_time(overload(), "memry")
        with pytest.raises(LogError, match="no queue 'fast'"):
            plots.queue_length(overload(), queue="fast")
        with pytest.raises(LogError, match="no replica 7"):
            plots.utilization(overload(), replica=7)
        assert plt.get_fignums() == []

    def test_a_run_without_time_is_empty_but_labelled(self) -> None:
        ax = plots.queue_length(NOTHING, axes())
        assert ax.get_xlim() == (0, 1)
        assert ax.get_xlabel() == "time since the start (s)"
        assert legend(ax) == ["run"]

    def test_dense_runs_show_the_means_of_stretches(self) -> None:
        count = 2000
        log = log_of(*(Row(10 * i, 10 * i + i % 7, 10 * i + 7) for i in range(count)), horizon=10 * count)
        ax = plots.queue_length(log, axes())
        assert "mean of every 5 min" in legend(ax)
        line = next(line for line in ax.lines if line.get_label() == "mean of every 5 min")
        x, y = line.get_xdata(), line.get_ydata()
        curve = metrics.over_time(log, "queue_length")
        assert isinstance(y, np.ndarray)
        assert y[3] == curve.window(900, 1200).mean()
        assert np.asarray(x)[[0, 1, -1]].tolist() == [0, 300, 10 * count]


class TestFleet:
    def test_layers_are_states(self) -> None:
        ax = plots.fleet(growing(), axes())
        assert legend(ax) == ["ready", "draining", "starting", "run", "mean 1.25 replicas"]
        assert xy(ax.lines[0]) == metrics.over_time(growing(), "replicas").to_frame().values.tolist()
        tops = [np.asarray(each.get_paths()[0].vertices)[:, 1].max() for each in ax.collections[:3]]
        assert tops == [2, 2, 2]
        assert ax.get_ylabel() == "replicas"
        assert ax.get_title(loc="left") == "Replicas"

    def test_a_steady_fleet_is_a_line(self) -> None:
        ax = plots.fleet(overload(), axes())
        assert not ax.collections
        assert xy(ax.lines[0]) == [[0, 1], [3600, 1]]

    def test_each_service_has_a_line_of_its_own(self) -> None:
        ax = plots.fleet(named(two_services(), "both"), axes())
        assert [each for each in legend(ax) if "mean" not in each] == ["ocr in both", "mail in both"]
        one = plots.fleet(two_services(), axes(), service="mail")
        assert xy(one.lines[0]) == [[0, 2], [30, 2]]
        assert one.get_title(loc="left") == "Replicas: mail"
        with pytest.raises(LogError, match="there is no service 'fax'"):
            plots.fleet(two_services(), service="fax")

    def test_curves_of_one_service_say_so(self) -> None:
        ax = axes()
        plots.utilization(named(two_services(), "both"), ax, service="ocr")
        plots.utilization(named(two_services(), "both"), ax, service="mail", text="post")
        assert [each for each in legend(ax) if "mean" not in each] == ["ocr in both", "post"]
        assert xy(plots.busy_slots(two_services(), axes(), service="mail").lines[0]) == [[0, 2], [5, 0], [30, 0]]
        assert xy(plots.over_time(two_services(), "cost", axes(), service="mail").lines[0]) == [[0, 2], [30, 2]]

    def test_prices_of_use_are_no_base_costs(self) -> None:
        log = growing()
        used = replace(log, fleet=replace(log.fleet, vcpu_price=np.ones(7)))
        assert plots.over_time(used, "cost", axes()).get_ylabel() == "cost of an hour"

    def test_where_jobs_waited_stands_below_their_waits(self) -> None:
        said = "wait (s)\nmean: 750 ms visible, 41.5 s reserved, 2.5 s running"
        assert plots.waits(stranded(), axes()).get_xlabel() == said
        only = plots.waits(stranded(), axes(), among="waited").get_xlabel()
        assert only.splitlines()[1] == "mean: 1 s visible, 55.3 s reserved, 3.33 s running"
        assert "\n" not in plots.waits(overload(), axes()).get_xlabel()


class TestThinning:
    @given(
        values=hnp.arrays(np.float64, st.integers(1, 300), elements=st.sampled_from([0.0, 1.0, 2.0, 50.0, np.nan])),
        columns=st.integers(1, 12),
        data=st.data(),
    )
    def test_every_column_keeps_its_ends_and_extremes(
        self, values: np.ndarray[Any, Any], columns: int, data: st.DataObject
    ) -> None:
        gaps = data.draw(hnp.arrays(np.int64, len(values), elements=st.integers(1, 9)))
        times = np.cumsum(gaps).astype(float)
        rows = steps.kept(times, values, columns)
        assert len(rows) <= max(4 * columns, 5 * columns)
        if len(times) <= 4 * columns:
            assert len(rows) == len(times)
        column = np.searchsorted(np.linspace(times[0], times[-1], columns + 1)[1:-1], times, side="right")
        for each in np.unique(column):
            whole, left = values[column == each], values[rows[column[rows] == each]]
            assert np.array_equal(whole[[0, -1]], left[[0, -1]], equal_nan=True)
            assert {*whole[~np.isnan(whole)].tolist()} >= {*left[~np.isnan(left)].tolist()}
            assert np.isnan(whole).any() == np.isnan(left).any()
            if not np.isnan(whole).all():
                assert (np.nanmin(whole), np.nanmax(whole)) == (np.nanmin(left), np.nanmax(left))

    def test_a_million_steps_are_thinned_and_a_burst_stays(self) -> None:
        count = 1_000_000
        values = np.tile([1, 2], count // 2)
        values[777_777] = 90
        curve = StepFunction(np.arange(count) * SECOND, values, count * SECOND)
        ax = axes()
        line = steps.draw(ax, curve, fill=True, color="black")
        drawn(ax)
        y = np.asarray(line.get_ydata())
        assert len(y) < 20_000
        assert y.max() == 90
        assert xy(line)[-1][0] == count


class TestTimeAxis:
    @pytest.mark.parametrize(
        ("span_s", "unit"),
        [(0, "s"), (2e-7, "ns"), (0.02, "ms"), (90, "s"), (180, "min"), (3600, "min"), (86400, "h"), (1e6, "days")],
    )
    def test_the_unit_suits_the_span(self, span_s: float, unit: str) -> None:
        assert unit_for(span_s).name == unit

    @pytest.mark.parametrize(
        ("end_s", "step_s"), [(3600, 600), (1200, 300), (86400, 3 * HOUR), (2 * 86400, 6 * HOUR), (4 * HOUR, HOUR / 2)]
    )
    def test_ticks_are_round_in_the_unit(self, end_s: float, step_s: float) -> None:
        found = TimeLocator(unit_for(end_s), 9).tick_values(0, end_s)
        assert np.diff(found).tolist() == [pytest.approx(step_s)] * (len(found) - 1)


class TestSlots:
    def test_bars_are_phases(self) -> None:
        phases = phases_of((0, CPU, 10, 0, 20), (0, IO, 5, 20, 25), (1, CPU, 30, 5, None))
        rows = [Row(0, 0, 25), Row(5, 5, 40, Outcome.TIMED_OUT, slot=1)]
        log = log_of(*rows, horizon=50, phases=phases, fleet=fleet_of((0, 0, Cause.READY, 2), (45, 0, Cause.DOWN, 0)))
        ax = plots.slots(log, axes())
        assert corners(ax, "CPU") == [(0, 20, 0), (5, 40, 1)]
        assert corners(ax, "I/O") == [(20, 25, 0)]
        assert corners(ax, "idle") == [(0, 45, 0), (0, 45, 1)]
        crossed = next(line for line in ax.lines if line.get_label() == "timed out")
        assert xy(crossed) == [[40, 1]]
        assert [text.get_text() for text in ax.texts] == ["0", "1"]
        looks = {each.get_label(): each for each in ax.collections}
        assert looks["I/O"].get_hatch()
        assert not looks["CPU"].get_hatch()
        assert len({tuple(np.ravel(looks[name].get_facecolor())) for name in ("CPU", "I/O", "idle")}) == 3
        assert legend(ax) == ["down", "idle", "CPU", "I/O", "timed out", "number of the job"]

    def test_replicas_are_groups_with_a_gap(self) -> None:
        ax = plots.slots(draining(), axes())
        drawn(ax)
        assert [text.get_text() for text in ax.get_yticklabels()] == ["replica 0", "replica 1"]
        assert [text.get_text() for text in ax.get_yticklabels(minor=True)] == ["0", "1", "0", "1"]
        assert sorted({row for _, _, row in corners(ax, "idle")}) == pytest.approx([0, 1, 2.6, 3.6])
        assert [corner[:2] for corner in corners(ax, "idle")[2:4]] == [(0, 300), (0, 300)]
        assert corners(ax, "draining")[0] == pytest.approx((300, 1200, 3.1))
        low, high = ax.get_ylim()
        assert low > high  # the first replica is on top

    def test_states_of_replicas_lie_behind_their_slots(self) -> None:
        ax = plots.slots(growing(), axes())
        for name, spans in {"starting": [(10, 20)], "draining": [(70, 90)], "down": [(40, 60), (90, 120)]}.items():
            assert [corner[:2] for corner in corners(ax, name)] == spans
            assert {round(corner[2], 9) for corner in corners(ax, name)} == {1.6}
        assert "down" not in legend(plots.slots(growing(), axes(), to_s=40))
        looks = [next(each for each in ax.collections if each.get_label() == name) for name in ("starting", "down")]
        assert len({look.get_hatch() for look in looks}) == 2

    def test_each_end_has_its_own_mark(self) -> None:
        ax = plots.slots(retried(), axes())
        marks = {
            str(line.get_label()): line for line in ax.lines if line.get_label() in {"retried", "lost", "timed out"}
        }
        assert {name: xy(line) for name, line in marks.items()} == {
            "retried": [[10, 0]],
            "lost": [[20, 1]],
            "timed out": [[40, 1]],
        }
        assert len({(line.get_marker(), line.get_color()) for line in marks.values()}) == 3
        failed = next(line for line in plots.slots(growing(), axes()).lines if line.get_label() == "failed")
        assert xy(failed) == [[110, 0]]
        assert "timed out" not in legend(plots.slots(retried(), axes(), to_s=39))

    def test_replicas_of_services_have_names(self) -> None:
        ax = plots.slots(two_services(), axes())
        drawn(ax)
        assert [text.get_text() for text in ax.get_yticklabels()] == ["ocr 0", "mail 0", "mail 1"]
        assert len(corners(plots.slots(two_services(), axes(), replicas="mail"), "I/O")) == 2
        assert len(corners(plots.slots(two_services(), axes(), replicas=[("mail", 1), ("ocr", 0)]), "I/O")) == 3
        for replicas, told in (
            ([0], "expected pairs such as \\('ocr', 0\\), as there are several services, found 0"),
            ("fax", "no service 'fax' in this run; there are ocr, mail"),
            ([("mail", 7)], "there is no replica 7 in this run, they are 0 to 1"),
        ):
            with pytest.raises(InputError, match=told):
                plots.slots(two_services(), replicas=replicas)

    def test_a_window_cuts_the_bars(self) -> None:
        ax = plots.slots(overload(), axes(), from_s="10 min", to_s=2000)
        assert ax.get_xlim() == (600, 2000)
        assert {(left, right) for left, right, _ in corners(ax, "I/O")} == {(600, 1200), (1200, 2000)}

    @pytest.mark.parametrize(
        ("window", "told"),
        [((0, 7200), "lasts 1 h, got 0 s to 2 h"), ((20, 10), "got 20 s to 10 s"), ((5, 5), "got 5 s to 5 s")],
    )
    def test_a_window_outside_of_the_run_is_refused(self, window: tuple[float, float], told: str) -> None:
        with pytest.raises(InputError, match=told):
            plots.slots(overload(), from_s=window[0], to_s=window[1])
        assert plt.get_fignums() == []

    @pytest.mark.parametrize("value", ["20 parsecs", -1, "never", float("nan")])
    def test_an_instant_that_cannot_be_read_is_named(self, value: Any) -> None:
        with pytest.raises(InputError, match="to_s: "):
            plots.slots(overload(), to_s=value)

    def test_too_many_slots_or_attempts_are_refused_with_a_way_out(self) -> None:
        wide = log_of(horizon=10, fleet=fleet_of(*((0, i, Cause.READY, 10) for i in range(9))))
        with pytest.raises(LogError, match=r"room for 48 slots, and there are 90; .*replicas=range\(4\)"):
            plots.slots(wide)
        assert len(corners(plots.slots(wide, axes(), replicas=range(4)), "idle")) == 40
        assert len(corners(plots.slots(wide, axes(), max_rows=90), "idle")) == 90
        long = log_of(*(Row(i, i, i + 1) for i in range(3000)), horizon=3000)
        with pytest.raises(LogError, match=r"room for 2,000 attempts, and 3,000 ran .* from_s and to_s"):
            plots.slots(long)
        assert len(corners(plots.slots(long, axes(), to_s=2000), "I/O")) == 2000
        assert plt.get_fignums() == []

    def test_an_unknown_replica_is_named(self) -> None:
        with pytest.raises(InputError, match="there is no replica 2 in this run, they are 0 to 1"):
            plots.slots(draining(), replicas=[0, 2])
        with pytest.raises(InputError, match="there is no replica 0 in this run, there are none"):
            plots.slots(NOTHING, replicas=[0])

    def test_a_recorded_run_without_phases_is_busy(self) -> None:
        log = log_of(Row(0, 0, 10), horizon=10, phases=phases_of(), fleet=fleet_of(), engine="observed")
        ax = plots.slots(log, axes())
        assert corners(ax, "busy") == [(0, 10, 0)]
        assert legend(ax) == ["busy", "number of the job"]

    def test_no_slot_at_all_is_said(self) -> None:
        assert [text.get_text() for text in plots.slots(NOTHING, axes()).texts] == ["no slot was ever up"]

    def test_numbers_are_left_out_where_they_have_no_room(self) -> None:
        log = log_of(Row(0, 0, 1), Row(1, 1, 100), horizon=100)
        assert [text.get_text() for text in plots.slots(log, axes()).texts] == ["1"]
        many = log_of(*(Row(i, i, i + 1) for i in range(100)), horizon=100)
        assert not plots.slots(many, axes()).texts


class TestWaits:
    def test_few_waits_are_a_bar_each(self) -> None:
        ax = plots.waits(overload(), axes())
        found = [(bar.get_x() + bar.get_width() / 2, bar.get_height()) for group in bars(ax) for bar in group]
        assert found == [(pytest.approx(0), 4), (pytest.approx(1200), 4), (pytest.approx(2400), 2)]
        assert [text.get_text() for text in ax.texts] == ["4 jobs\n0 s", "4 jobs\n20 min", "2 jobs\n40 min"]
        assert legend(ax) == ["mean 16 min", "p50 20 min", "p95 40 min", "4 did not wait", "6 waited"]
        assert [xy(line)[0][0] for line in ax.lines] == [960, 1200, 2400]
        assert len({dashes(line) for line in ax.lines}) == 3
        assert (ax.get_xlabel(), ax.get_ylabel()) == ("wait (min)", "jobs")

    def test_a_claim_is_marked_with_its_tolerance(self) -> None:
        says = "6 docs waiting ~20min each"
        claim = ws.Claim(says=says, measure="wait.mean", among="waited", expect="20 min", within="10%")
        ax = plots.waits(overload(), axes(), claim=claim)
        span = next(patch for patch in ax.patches if str(patch.get_label()).startswith("claimed"))
        box = span.get_extents().transformed(ax.transData.inverted())
        assert (box.x0, box.x1) == (pytest.approx(1080), pytest.approx(1320))
        assert ax.get_title(loc="left") == f"\u201c{says}\u201d"
        assert legend(ax)[:4] == [
            "waited: mean 26.7 min",
            "waited: p50 20 min",
            "waited: p95 40 min",
            "claimed mean: 18 min to 22 min",
        ]
        edges = sorted(xy(line)[0][0] for line in ax.lines[3:])
        assert edges == [1080, 1320]

    @pytest.mark.parametrize(
        ("bound", "span", "text"),
        [
            ({"at_most": "5 min"}, (0, 300), "claimed: at most 5 min"),
            ({"at_least": "50 min"}, (3000, 3225), "claimed: at least 50 min"),
            ({"expect": "20 min"}, (1200, 1200), "claimed: 20 min"),
            ({"expect": "20 min", "within": "1 min"}, (1140, 1260), "claimed: 19 min to 21 min"),
            ({"at_most": "0 s"}, (0, 0), "claimed: at most 0 s"),
        ],
    )
    def test_bounds_of_any_kind(self, bound: dict[str, Any], span: tuple[float, float], text: str) -> None:
        ax = plots.waits(overload(), axes(), claim=ws.Claim(says="so", measure="wait.every", **bound))
        assert text in legend(ax)
        patch = next(patch for patch in ax.patches if str(patch.get_label()).startswith("claimed"))
        box = patch.get_extents().transformed(ax.transData.inverted())
        assert (box.x0, box.x1) == (pytest.approx(span[0], abs=1e-6), pytest.approx(span[1], rel=0.01))

    @pytest.mark.parametrize("within", ["10%", 120, "2 min", Share(0.1), Duration("2 min")])
    def test_an_expected_wait_is_marked(self, within: Any) -> None:
        ax = plots.waits(overload(), axes(), expected_s=1200, within=within)
        assert "expected: 18 min to 22 min" in legend(ax)

    @pytest.mark.parametrize(
        ("given_", "told"),
        [
            ({"within": "10%"}, "within needs an expected_s"),
            ({"expected_s": "soon"}, "expected_s: "),
            ({"expected_s": 10, "within": "x%"}, "within: "),
            ({"claim": ws.Claim(says="s", measure="wait.max", expect=1), "expected_s": 1}, "either claim or expected"),
            ({"claim": ws.Claim(says="s", measure="queue_length.max", expect=1)}, "expected one on waits.*queue_len"),
            ({"claim": ws.Claim(says="s", measure="wait.std", expect=1)}, "expected one on waits"),
        ],
    )
    def test_wrong_arguments_are_named(self, given_: dict[str, Any], told: str) -> None:
        with pytest.raises(InputError, match=told):
            plots.waits(overload(), **given_)
        assert plt.get_fignums() == []

    def test_an_unknown_class_is_told(self) -> None:
        with pytest.raises(LogError, match="no job class 'documnt' in this log; did you mean 'document'"):
            plots.waits(overload(), among="documnt")
        assert legend(plots.waits(overload(), axes(), among="document"))[0] == "mean 16 min"

    def test_many_waits_make_a_histogram_that_counts_every_job(self) -> None:
        rows = [Row(0, i * i / 10 if i > 20 else 0, 2000) for i in range(100)]
        ax = plots.waits(log_of(*rows, horizon=2000), axes())
        waited, none = bars(ax)
        assert sum(bar.get_height() for bar in waited) == 79
        assert [bar.get_height() for bar in none] == [21]
        lefts = np.array([bar.get_x() for bar in waited])
        assert np.diff(lefts) == pytest.approx(60 if lefts[1] == 60 else lefts[1])
        counts, _ = np.histogram([i * i / 10 for i in range(21, 100)], [*lefts, lefts[-1] + lefts[1]])
        assert [bar.get_height() for bar in waited] == counts.tolist()

    def test_a_bar_too_tall_is_cut_and_says_how_tall_it_is(self) -> None:
        rows = [Row(0, max(0, i - 1000), 2000) for i in range(1030)]
        ax = plots.waits(log_of(*rows, horizon=2000), axes())
        assert [text.get_text() for text in ax.texts] == ["\u2191 to 1,001 jobs"]
        assert ax.get_ylim()[1] < 10
        assert "1,001 did not wait" in legend(ax)

    def test_close_waits_are_no_bars_side_by_side(self) -> None:
        ax = plots.waits(log_of(Row(0, 0, 1), Row(0, 1, 2), Row(0, 1000, 1001), horizon=2000), axes())
        assert len(ax.containers[0]) > 12

    def test_jobs_that_did_not_start_are_counted(self) -> None:
        assert "2 did not start" in legend(plots.waits(retried(), axes()))
        stuck = plots.waits(log_of(Row(0, None, None, Outcome.UNFINISHED), horizon=60), axes())
        assert [text.get_text() for text in stuck.texts] == ["no job has started"]
        assert [text.get_text() for text in plots.waits(EMPTY, axes(), expected_s=10).texts] == ["no job has arrived"]

    def test_jobs_of_the_warm_up_are_left_out(self) -> None:
        log = log_of(Row(0, 500, 600), Row(100, 110, 200, slot=1), horizon=600)
        assert legend(plots.waits(named(log, "late", "50 s"), axes()))[0] == "mean 10 s"


class TestUtilizationCurve:
    def test_curves_are_those_of_the_theory(self) -> None:
        ax = plots.utilization_curve(ax=axes(), slots=[1, 4], service_s="20 min")
        lines = {line.get_label(): line for line in ax.lines}
        x, y = (np.asarray(data) for data in lines["4 slots: M/M/4"].get_data())
        at = int(np.argmin(np.abs(x - 0.8)))
        expected = theory.mmc(slots=4, rate=float(x[at]) * 4 / 1200, service=1200).wait_mean_s
        assert y[at] == pytest.approx(expected, rel=1e-12)
        assert np.asarray(lines["1 slot: M/M/1"].get_ydata())[at] == pytest.approx(1200 * 0.8 / 0.2)
        assert ax.get_ylabel() == "mean wait (h), service 20 min"
        assert ax.get_xlabel() == "utilization (busy ÷ up slots, %)"
        assert ax.get_xlim() == (0, 1)
        assert ax.get_ylim()[1] == pytest.approx(1.1 * 1200 * 0.95 / 0.05, rel=1e-3)

    def test_what_is_no_more_than_an_approximation_is_said(self) -> None:
        ax = plots.utilization_curve(ax=axes(), slots=(1, 4), cv=0.8)
        assert legend(ax) == ["1 slot: M/G/1, cv 0.8", "4 slots: M/G/4, cv 0.8, approximation"]
        assert ax.get_ylabel() == "mean wait ÷ mean service"

    def test_curves_differ_without_colours(self) -> None:
        ax = plots.utilization_curve(ax=axes(), slots=(2, 4, 8, 16, 32))
        lines = [line for line in ax.lines if "slots" in str(line.get_label())]
        assert len({dashes(line) for line in lines}) == 5

    def test_the_bands_stand_upright(self) -> None:
        ax = plots.utilization_curve(ax=axes())
        spans = [patch.get_extents().transformed(ax.transData.inverted()) for patch in ax.patches]
        assert [box.x1 for box in spans] == [pytest.approx(band.high) for band in bands.BANDS]
        assert [text.get_text().split(" <")[0].split(" 5")[0].split(" 8")[0] for text in ax.texts] == [
            band.word for band in bands.BANDS
        ]

    def test_points_carry_their_intervals(self) -> None:
        tree = {
            "utilization": {"mean": 0.8},
            "wait": {"mean": 600.0, "interval": {"mean": [500.0, 800.0]}},
            "service": {"mean": 1200.0},
        }
        points = [(0.5, 0.2), (0.9, 1.5, -0.1, 2.0), SimpleNamespace(metrics=tree), overload()]
        ax = plots.utilization_curve(points, axes())
        marks, _, (sticks,) = bars(ax)[0].lines
        assert np.allclose(marks.get_xydata(), [[0.5, 0.2], [0.9, 1.5], [0.8, 0.5], [10 / 12, 0.8]])
        ends = [(segment[0][1], segment[1][1]) for segment in sticks.get_segments()]
        assert np.allclose(ends, [(0.2, 0.2), (-0.1, 2.0), (5 / 12, 8 / 12), (0.8, 0.8)])
        assert "simulated, 95% interval" in legend(ax)
        in_seconds = plots.utilization_curve([SimpleNamespace(metrics=tree)], axes(), service_s=1200)
        assert xy(bars(in_seconds)[0].lines[0]) == [[0.8, 600]]

    def test_a_result_lies_near_its_curve(self) -> None:
        scenario = ws.Scenario(
            name="poisson",
            fleet=ws.Fleet(replicas=1, concurrency=4),
            workload=ws.Workload(
                jobs={"document": ws.Job(service={"exponential": {"mean": "20 min"}})},
                arrivals=[ws.Poisson(rate="9/hour")],
            ),
            run=ws.RunSettings(until="300 h", replications=4),
        )
        ax = plots.utilization_curve([ws.run(scenario, engine="simpy")], axes(), slots=4)
        ((utilization, wait),) = bars(ax)[0].lines[0].get_xydata()
        assert utilization == pytest.approx(0.75, abs=0.05)
        assert wait == pytest.approx(0.51, abs=0.2)

    @pytest.mark.parametrize(
        ("given_", "told"),
        [
            ({"points": [(0.5, 1.0), (1.5, 1.0)]}, r"points\[1\]: expected \(utilization, wait\).*\(1.5, 1.0\)"),
            ({"points": [(0.5,)]}, r"points\[0\]"),
            ({"points": [(0.5, float("nan"))]}, r"points\[0\]"),
            ({"points": [(0.5, "x")]}, r"points\[0\]"),
            ({"points": [4]}, r"points\[0\]: expected a result, a run log or"),
            ({"points": [EMPTY]}, r"points\[0\]: this run has no utilization, no wait"),
            ({"slots": 0}, "slots must be a whole number"),
            ({"slots": [4, 2.5]}, "slots must be a whole number"),
            ({"cv": -1}, "cv must be"),
            ({"service_s": 0}, "service_s must be longer than nothing"),
            ({"service_s": "x"}, "service_s: "),
        ],
    )
    def test_wrong_arguments_are_named(self, given_: dict[str, Any], told: str) -> None:
        with pytest.raises(InputError, match=told):
            plots.utilization_curve(**given_)
        assert plt.get_fignums() == []

    def test_no_curve_and_no_point_is_an_empty_plot(self) -> None:
        assert drawn(plots.utilization_curve(ax=axes(), slots=())).get_ylim()[1] > 0
        assert plots.utilization_curve().get_figure() is not None
