"""Results show themselves: in 80 columns, as HTML with everything escaped, as a table and as a picture."""

from __future__ import annotations

import dataclasses
import re
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

import workersim as ws

if TYPE_CHECKING:
    from collections.abc import Callable

mpl.use("Agg")

RECORDING = Path(__file__).parent / "recordings" / "burst10_1x4.jsonl.gz"
HOSTILE = "<script>alert(1)</script> & $x$ _y"
KINDS = ("run", "several", "check", "compare", "sweep", "plan", "rules", "sensitivity", "replay", "inspect")


def scenario(*, random: bool = False) -> ws.Scenario:
    arrivals = [ws.Poisson(rate="20/hour")] if random else [ws.Burst(jobs=10)]
    return ws.Scenario(
        name=HOSTILE,
        fleet=ws.Fleet(replicas=1, concurrency=4),
        workload=ws.Workload(jobs={"document": ws.Job(service="20 min")}, arrivals=arrivals),
        run=ws.RunSettings(until="8 h" if random else "drained"),
        claims=[
            ws.Claim(says=HOSTILE, measure="queue_length.max", expect=6),
            ws.Claim(says="nobody waits", measure="wait.max", expect=0),
            ws.Claim(says="they wait 1 s", measure="wait.max", expect="1 s"),
            ws.Claim(says="one container", measure="fleet.replicas", expect=1),
        ],
    )


@cache
def made(kind: str) -> Any:
    ten = scenario()
    two = ten.replace("fleet.replicas", 2)
    vary = {"fleet.replicas": [1, 2, 3]}
    makers: dict[str, Callable[[], Any]] = {
        "run": lambda: ws.run(ten),
        "several": lambda: ws.run(scenario(random=True), replications=3),
        "check": lambda: ws.check(ten),
        "compare": lambda: ws.compare([ten, two]),
        "sweep": lambda: ws.sweep(ten, vary),
        "plan": lambda: ws.plan(ten, target="wait.max <= 20 min", vary=vary),
        "rules": lambda: made("plan").rules("formula"),
        "sensitivity": lambda: ws.sensitivity(ten, measure="wait.max"),
        "replay": lambda: ws.replay(RECORDING, two),
        "inspect": lambda: ws.read_trace(RECORDING),
    }
    maker: Any = makers[kind]
    return maker()


class Tags(HTMLParser):
    """Refuse what is not closed, and any tag that a result has no business to have."""

    allowed = frozenset(["div", "strong", "table", "thead", "tbody", "tr", "th", "td", "p", "pre", "ul", "li", "code"])

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in self.allowed
        assert all(name in ("scope", "style", "class", "colspan") for name, _ in attrs)
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.mark.parametrize("kind", KINDS)
def test_as_text_of_80_columns(kind: str) -> None:
    found = made(kind)
    text = found.summary()
    assert str(found) == text
    assert text.strip()
    whole = [line for line in text.splitlines() if '"startCommand"' not in line]  # which is there to be copied
    assert all(len(line) <= 80 and line == line.rstrip() for line in whole)


@pytest.mark.parametrize("kind", KINDS)
def test_as_html_that_is_closed_and_escaped(kind: str) -> None:
    page = made(kind)._repr_html_()
    tags = Tags()
    tags.feed(page)
    tags.close()
    assert not tags.open
    assert "<table>" in page
    if kind in ("run", "several", "check", "compare", "sweep", "plan", "sensitivity"):
        assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; $x$ _y" in page


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "inspect"])
def test_as_a_table(kind: str) -> None:
    frame = made(kind).to_frame()
    assert isinstance(frame, pd.DataFrame)
    assert len(frame)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "inspect"])
def test_as_a_picture(kind: str) -> None:
    ax = Figure().add_subplot()
    assert made(kind).plot(ax=ax) is ax
    assert ax.has_data()
    assert ax.get_title(loc="left")
    ax.figure.canvas.draw()
    fresh = made(kind).plot()
    assert isinstance(fresh, Axes)
    assert fresh is not ax
    plt.close("all")


def test_the_table_of_a_run_has_the_figures_of_its_tree() -> None:
    found, several = made("run"), made("several")
    frame = found.to_frame()
    assert frame.loc["wait.waited.mean", "value"] == 1600
    assert frame.loc["queue_length.max", "value"] == 6
    assert frame[["low", "high"]].isna().all(axis=None)
    frame = several.to_frame()
    assert frame.loc["wait.p95", "value"] == several.wait.p95
    assert frame.loc["wait.p95", ["low", "high"]].tolist() == several.wait.interval.p95
    assert not any(".interval" in name for name in frame.index)


@pytest.mark.parametrize("what", ["queue_length", "utilization", "busy_slots", "fleet", "slots", "waits", "warm_up"])
def test_each_picture_of_a_run(what: str) -> None:
    ax = Figure().add_subplot()
    assert made("several").plot(what, ax) is ax
    assert ax.has_data()


def test_a_picture_that_there_is_not() -> None:
    with pytest.raises(ws.InputError, match="found 'wait'; did you mean 'waits'"):
        made("run").plot("wait")
    with pytest.raises(ws.InputError, match="expected waits or queue_length, found 'slots'"):
        made("replay").plot("slots")
    assert made("replay").plot("queue_length", Figure().add_subplot()).has_data()


def test_a_run_that_kept_no_log_has_a_table_and_no_picture() -> None:
    long = scenario(random=True).replace("run.until", "90 d").replace("run.seed", 2)
    found = ws.run(long, engine="compiled", keep_log=False)
    assert found.kept is None or found.plot(ax=Figure().add_subplot()).has_data()
    bare = dataclasses.replace(found, kept=None)
    assert bare.to_frame().loc["wait.mean", "value"] == found.wait.mean
    with pytest.raises(ws.LogError, match="only measured"):
        bare.plot()


def test_the_table_of_a_replay_has_both_sides() -> None:
    found = made("replay")
    row = found.to_frame().loc["wait.mean"]
    assert row["simulated"] == found.wait.mean
    assert row["observed"] == found.observed["wait"]["mean"]
    assert row["difference"] == found.difference["wait.mean"]
    bare = dataclasses.replace(found, observed=None, difference=None).to_frame()
    assert bare[["observed", "difference"]].isna().all(axis=None)


def test_verdicts_are_a_list() -> None:
    found = made("check")
    assert list in type(found).__mro__
    assert [verdict.verdict for verdict in found] == ["supported", "refuted", "refuted", "assumed"]
    assert found.counts() == {"assumed": 1, "refuted": 2, "supported": 1}
    assert found.summary().endswith("4 claims: 1 assumed, 2 refuted, 1 supported")
    frame = found.to_frame()
    assert frame["says"].tolist() == [verdict.says for verdict in found]
    assert frame["measured"].tolist() == [6, 2400, 2400, 1]
    none: Any = ws.check(scenario().replace("claims", []))
    assert none == ws.Verdicts()
    assert none.summary() == "It makes no claims."
    assert list(none.to_frame().columns) == list(frame.columns)
    assert none._repr_html_() == "<div><p>0 claims</p></div>"
    assert [text.get_text() for text in none.plot(Figure().add_subplot()).texts] == ["no claims"]


def test_verdicts_of_several_scenarios_stand_under_their_names() -> None:
    other = [dataclasses.replace(verdict, scenario="another") for verdict in made("check")[:1]]
    both = ws.Verdicts([*made("check"), *other])
    assert re.findall(r"^verdict", both.summary(), re.MULTILINE) == ["verdict"] * 2
    assert both.summary().endswith("5 claims: 1 assumed, 2 refuted, 2 supported")
    assert "<strong>another</strong>" in both._repr_html_()


def test_the_picture_of_verdicts() -> None:
    verdict = dataclasses.replace(made("check")[0], measured=9.0, interval=(6.0, 30.0), verdict="inconclusive")
    ax = ws.plots.verdicts([*made("check"), verdict], Figure().add_subplot())
    labels = [line.get_label() for line in ax.lines if not str(line.get_label()).startswith("_")]
    assert labels == ["supported", "refuted", "assumed", "inconclusive"]
    points = {line.get_marker(): np.asarray(line.get_xdata()).tolist() for line in ax.lines}
    assert points == {"None": [1, 3], "o": [1], "X": [3], "s": [1], "D": [1.5]}  # 2,400 times as much: at the edge
    assert [text.get_text() for text in ax.texts] == ["refuted: nothing to compare", "2,400 ×"]  # noqa: RUF001
    room = ax.get_xlim()[1]
    assert ws.plots.verdicts(made("check")[:1], Figure().add_subplot()).get_xlim()[1] < room


def test_a_long_claim_stands_in_two_lines() -> None:
    long = "Low traffic (1-10 documents an hour): one replica with a concurrency of two to four is enough for everybody"
    verdict = dataclasses.replace(made("check")[0], says=long)
    (label,) = ws.plots.verdicts([verdict], Figure().add_subplot()).get_yticklabels()
    first, second = label.get_text().split("\n")
    assert first == "Low traffic (1-10 documents an hour): one"
    assert (second.startswith("replica with"), second.endswith("…"), len(second) <= 46) == (True, True, True)
