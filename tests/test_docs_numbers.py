"""Numbers that pages state in words are those of the code, and of what was measured."""

from __future__ import annotations

import inspect
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import workersim as ws
from workersim.engines.reference import celery, container, cpu, engine
from workersim.experiments import documents, precision
from workersim.experiments.check import FIRST_REPLICATIONS, MOST_JOBS, MOST_REPLICATIONS
from workersim.experiments.planning import risk, trials
from workersim.experiments.run import FIRST, HELD
from workersim.explorer import running
from workersim.report import gathering, pictures
from workersim.statistics import batches, effective
from workersim.traces import celery_fleet

from . import conftest, test_traces_public

if TYPE_CHECKING:
    from collections.abc import Iterator

DOCS = Path(__file__).parents[1] / "docs"
MILLION = 1_000_000


def text_of(name: str) -> str:
    """Return a page in one line, so that it does not matter where its lines end."""
    return " ".join((DOCS / name).read_text(encoding="utf-8").split())


STATED = [
    ("../README.md", f"Above {HELD // MILLION} million jobs, or with"),
    ("../README.md", f"`pytest` runs {conftest.SCENARIOS} of them"),
    ("figures.md", f"by itself above {HELD // MILLION} million jobs"),
    ("experiments.md", f"There are {FIRST} replications first"),
    ("experiments.md", f"The most are {precision.MOST:,}, or `--max-replications`"),
    ("experiments.md", f"same for claims: {FIRST_REPLICATIONS} replications"),
    ("experiments.md", f"stops at {MOST_REPLICATIONS} replications (`--budget`)"),
    ("experiments.md", f"or {MOST_JOBS // MILLION} million jobs"),
    ("experiments.md", f"Below {effective.enough_for(1):.0f} (for the mean) or {effective.enough_for(0.05):.0f} (for"),
    ("experiments.md", f"Waits are cut into {batches.BATCHES} batches"),
    ("experiments.md", f"as the scenario says, but {documents.CHANCE} times at least"),
    ("order.md", f"up to {engine.TICKS_IN_VAIN:,} ticks in a row that change nothing"),
    ("order.md", f"2**44 ns are {cpu.REBASE / 3600e9:.1f} hours"),
    ("fleets.md", f"It is replaced after {container.FORK // MILLION} ms and `process_start`"),
    ("fleets.md", f"takes the process with it: {celery.HARD_LIMIT_TAKES // MILLION} ms and"),
    ("fleets.md", f"{celery.HAND_BACK_TAKES / 1e9} s after the last one it hands back"),
    ("plan.md", f"`days met` counts {risk.DAYS[0]} independent days"),
    ("plan.md", f"and of Celery's workers, {risk.DAYS[1]} days are counted"),
    ("plan.md", f"or {trials.MOST_JOBS // MILLION} million jobs the mean decides"),
    ("report.md", f"up to {pictures._MOST_BARS} attempts and {pictures._MOST_ROWS} slots"),
    ("report.md", f"the mean of up to {gathering._MOST_BAND_REPLICATIONS} of them"),
    ("report.md", f"Above {gathering._MOST_BAND_JOBS // MILLION} million jobs in all"),
    ("explorer.md", f"takes {running._LEAST} to {running._MOST} replications"),
    ("explorer.md", f"about {running.MOST_JOBS:,} jobs in each"),
    ("explorer.md", f"More than {running._LARGEST:,} jobs in one burst"),
    ("traces.md", "misses five heartbeats" if celery_fleet.SILENT == 5 else "?"),
    ("how-to/ci-gate.md", f"is run {FIRST_REPLICATIONS} times and then more"),
    ("performance.md", "in chunks of 65,536 jobs"),
]


@pytest.mark.parametrize(("page", "words"), STATED, ids=lambda value: value[:40])
def test_what_a_page_states_is_what_the_code_does(page: str, words: str) -> None:
    assert words in text_of(page)


def test_the_benchmark_page_has_the_figures_of_its_run() -> None:
    page = (DOCS / "benchmark" / "index.md").read_text(encoding="utf-8")
    results = json.loads((DOCS / "benchmark" / "results.json").read_text(encoding="utf-8"))
    met = {True: "met", False: "**missed**", None: "-"}
    for each in results["targets"]:
        assert f"| {each['target']} | {each['measured']} | {met[each['met']]} |" in page
    for each in results["probes"]:
        assert f"| {each['title']} | {each['text']} |" in page
    for each in results["rows"]:
        if each.get("right"):
            jobs = [answer["jobs"] for answer in each["answers"]]
            costs = sorted(took / many * 1e9 for took, many in zip(each["seconds"], jobs, strict=True))
            shown = "({0:,.3g} to {1:,.3g})" if costs[len(costs) // 2] < 1000 else "({0:,.0f} to {1:,.0f})"
            assert shown.format(costs[0], costs[-1]) in page
            assert f"| {each['checked']} |" in page


def rows_of(page: str, heading: str) -> Iterator[list[str]]:
    """Yield the cells of the first table below a heading."""
    below = (DOCS / page).read_text(encoding="utf-8").partition(f"{heading}\n")[2]
    table = re.search(r"(?:^\|.*\n)+", below, re.MULTILINE)
    assert table is not None, heading
    for line in table[0].splitlines()[2:]:
        yield [cell.strip() for cell in line.strip("|").split("|")]


def test_figures_of_public_traces_are_those_that_are_tested() -> None:
    """Those tests read the files, which lie beside the project; this holds the page to what they expect."""
    tested = {token.replace("_", "") for token in re.findall(r"[\d_.]+", inspect.getsource(test_traces_public))}
    known = {f"{float(token):g}" for token in tested if re.fullmatch(r"\d+(\.\d*)?", token)}
    for trace, *cells in rows_of("traces.md", "## Public traces"):
        figures = [cells[0], *(re.sub(r"in \d+ \w+", "", cell) for cell in cells[1:])]
        for number in re.findall(r"\d[\d,.]*\d|\d", " ".join(figures)):
            assert f"{float(number.replace(',', '')):g}" in known, f"{trace}: {number}"


POLICIES = ["guide_manual", "timetable", "keda", "hpa", "railway"]


def policy_of(model: Any) -> Any:
    return model.get("properties", {}).get("policy", {}).get("default")


@pytest.mark.parametrize("policy", POLICIES)
def test_defaults_of_policies(policy: str) -> None:
    schema = ws.schema()["$defs"]
    model = next(each for each in schema.values() if policy_of(each) == policy)
    for keys, default, *_ in rows_of("policies.md", f"## `policy: {policy}`"):
        for key, written in zip(re.findall(r"`(\w+)`", keys), default.split(", "), strict=False):
            assert same(written.strip("`"), model["properties"][key].get("default")), key


def test_defaults_of_celery() -> None:
    properties = ws.schema()["$defs"]["Celery"]["properties"]
    for keys, defaults, _ in rows_of("fleets.md", "## Celery's workers"):
        names = re.findall(r"`(\w+)`", keys)
        written = defaults.split(", ") if "," in defaults else [defaults] * len(names)
        for key, default in zip(names, written, strict=True):
            assert same(default.strip("`"), properties[key].get("default")), key


def same(written: str, default: Any) -> bool:
    """Tell whether a page says of a default what the schema says."""
    if written in ("none", "off", "must be there"):
        return default is None
    if isinstance(default, bool):
        return written == str(default).lower()
    plain = str(default)
    return written.replace(" %", "%") == plain or (written[0].isdigit() and seconds(written) == seconds(plain))


def seconds(text: str) -> float:
    from workersim.units import parse_duration  # noqa: PLC0415 (needed only here)

    if text.endswith("%"):
        return float(text.rstrip("% ")) / 100
    try:
        return float(text)
    except ValueError:
        return parse_duration(text).seconds
