"""Reports: what stands in the page, in which order, that nothing from a file can break out of it, and how it looks."""

from __future__ import annotations

import errno
import hashlib
import html.parser
import re
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
import pytest
from click.testing import CliRunner, Result
from matplotlib.figure import Figure

import workersim as ws
import workersim.report  # also found as a module, whoever imports it first
from tests.chromium import browser, needs_chromium
from workersim.cli import main
from workersim.experiments.answer import answer, fleets_in_words
from workersim.experiments.stretches import stretches
from workersim.plots.replicated import band
from workersim.report import pictures, tables
from workersim.report.svg import _path, drawing, inline
from workersim.units import format_duration

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

__all__ = ["browser"]

MINUS = "\N{MINUS SIGN}"
ROOT = Path(__file__).parents[1]
OVERLOAD = ROOT / "scenarios" / "4-overload.yaml"
DAY = ROOT / "scenarios" / "6-working-day.yaml"
BREAKOUTS = [
    "</script><img src=x onerror=alert(1)>",
    "</title></style><script>document.title='broken'</script>",
    '" onmouseover="alert(1)" x="',
    "-->]]><svg onload=alert(1)>",
    "$x^2$ and $\\frac{1}{2",
    "{{7*7}} {% raw %} {{ config }}",
    "(\N{HEBREW LETTER ALEF}\N{HEBREW LETTER BET}) 1 < 2",
    "line\nbreak\ttab",
    "文書 \N{ARABIC LETTER ALEF} é",
    "&amp; &lt;b&gt;",
    "x" * 1000,
]


class Tags(html.parser.HTMLParser):
    """What a browser would make of a page: elements with attributes, and text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.opened: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.opened.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    def names(self) -> set[str]:
        return {tag for tag, _ in self.opened}


def scenario(name: str = "ten", *, replicas: int = 1, **more: Any) -> ws.Scenario:
    ten = ws.Workload(jobs={"document": ws.Job(service="20 min")}, arrivals=[ws.Burst(jobs=10)])
    return ws.Scenario(name=name, fleet=ws.Fleet(replicas=replicas, concurrency=4), workload=ten, **more)


def varied(name: str = "varied", **fleet: Any) -> ws.Scenario:
    return ws.Scenario(
        name=name,
        fleet=ws.Fleet(**({"replicas": 1, "concurrency": 2} | fleet)),
        workload=ws.Workload(
            jobs={"document": ws.Job(service=ws.Exponential(mean="60 s"), wait_ratio=1)},
            arrivals=[ws.Poisson(rate="100/hour", until="2 h")],
        ),
    )


def text_of(page: str) -> str:
    return " ".join(" ".join(Tags(page).text).split())


def shell(*args: str | Path) -> Result:
    return CliRunner().invoke(main, [str(arg) for arg in args])


def refused(*args: str | Path) -> str:
    got = shell(*args)
    assert got.exit_code == 2, got.output
    assert got.stdout == ""
    assert len(got.stderr.splitlines()) == 1
    return got.stderr


# --- the answer


def test_the_answer_of_a_random_run_has_an_interval() -> None:
    result = ws.run(varied(), replications=8)
    low, high = (format_duration(end) for end in result.metrics["wait"]["interval"]["mean"])
    mean, said = format_duration(result.wait.mean), answer(result)
    assert f"a job waits {mean} on average (95% interval: {low} to {high});" in said
    assert said.endswith("These are means over 8 replications.")


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        (scenario(replicas=3), "No job waits: 3 replicas of 4 slots each start each of them as it arrives."),
        (scenario(replicas=0, run=ws.RunSettings(until="1 h")), "No job of 10 jobs starts on 0 replicas"),
        (scenario(run=ws.RunSettings(until="30 min")), "Of 10 jobs, 6 were not finished at the end of the run."),
        (varied(), "run once, so another seed gives other figures"),
        (
            scenario().replace("workload.jobs.document.expires", "5 min"),
            "Of 10 jobs, 6 left when their patience ended.",
        ),
    ],
    ids=["no wait", "no start", "unfinished", "once", "expired"],
)
def test_the_answer_says_what_became_of_the_jobs(asked: ws.Scenario, says: str) -> None:
    assert says in answer(ws.run(asked))


def test_the_answer_of_an_idle_fleet() -> None:
    idle = ws.Scenario(
        fleet=ws.Fleet(replicas=1, concurrency=4), workload=ws.Workload(), run=ws.RunSettings(until="1 h")
    )
    assert answer(ws.run(idle)) == "Nothing arrives, so 1 replica of 4 slots stays idle."
    assert "stays idle" in ws.report(idle).html


def test_several_fleets_are_named() -> None:
    two = ws.Scenario(
        services={
            "ocr": ws.Fleet(replicas=1, concurrency=1),
            "mail": ws.Fleet(replicas=2, concurrency=1, queues=["m"]),
        },
        workload=ws.Workload(jobs={"d": ws.Job(service="1 min")}, arrivals=[ws.Burst(jobs=2)]),
    )
    assert fleets_in_words(two) == "ocr: 1 replica of 1 slot and mail: 2 replicas of 1 slot each"
    assert list(tables.fleets(two)) == ["ocr", "mail"]
    grown = scenario().replace("fleet.changes", [{"at": "1 min", "replicas": 2}])
    assert fleets_in_words(grown) == "1 replica of 4 slots at first"


# --- what stands in it


def test_the_answer_comes_first_and_the_rest_in_order() -> None:
    page = ws.report(ws.load(OVERLOAD)).html
    headings = re.findall(r"<h([1-6])[^>]*>(.*?)</h\1>", page, re.DOTALL)
    assert [(int(level), re.sub("<.*?>", "", title)) for level, title in headings] == [
        (1, "Scenario 4: 10 simultaneous uploads"),
        (2, "The answer"),
        (2, "The fleet"),
        (2, "How long jobs wait"),
        (2, "Queue and utilization over time"),
        (2, "What each slot did"),
        (2, "Cost and memory"),
        (2, "Claims and verdicts"),
        (2, "How it was computed"),
    ]
    said = text_of(page)
    assert "a job waits 16 min on average; 95 of 100 wait at most 40 min" in said
    assert "4.4 GB at rest, of at most 8 GB" in said
    assert "Of the 6 that wait, 4 wait 20 min and 2 wait 40 min" in said
    assert page.count('class="verdict refuted"') == 3


def test_several_are_compared_replication_by_replication() -> None:
    two = [varied("small"), varied("large", concurrency=4)]
    page = ws.report(two, seed=5, replications=6).html
    small, large = (ws.run(each, seed=5, replications=6) for each in two)
    differences = [b["wait"]["mean"] - a["wait"]["mean"] for a, b in zip(small.samples, large.samples, strict=True)]
    said = text_of(page)
    assert f"{MINUS}{format_duration(abs(np.mean(differences)))}" in said
    assert "Differences from the first, “small”" in said
    levels = [int(level) for level in re.findall(r"<h([1-6])", page)]
    assert all(b - a <= 1 for a, b in pairwise(levels))
    assert levels[0] == 1


def test_how_it_was_computed_repeats_it(tmp_path: Path) -> None:
    made = varied("again")
    page = ws.report(made, seed=7)
    text = re.search(r'Scenario file of again"><code>(.*?)</code>', page.html, re.DOTALL)
    assert text
    file = tmp_path / "scenario.yaml"
    file.write_text(html.unescape(text[1]))
    assert "workersim report scenario.yaml --out report.html --seed 7" in page.html
    got = shell("report", file, "--seed", "7", "--out", tmp_path / "r.html")
    assert got.exit_code == 0, got.output
    again = (tmp_path / "r.html").read_text().replace(str(file), "scenario.yaml")
    assert again == page.html


def test_a_single_replication_is_repeated_for_an_interval_unless_asked_for() -> None:
    assert "10 (chance has a part in this; the scenario asks for one)" in text_of(ws.report(varied()).html)
    assert "run once" in ws.report(varied(), replications=1).html
    assert "Replications 1 " in text_of(ws.report(scenario()).html)
    assert "Replications 4 Engine" in text_of(ws.report(varied(), replications=4).html)


def test_a_result_is_told_as_it_is() -> None:
    result = ws.run(varied(), seed=3, replications=4)
    assert ws.report(result).html == ws.report([result]).html
    assert "Replications 4 " in text_of(ws.report(result).html)


def test_equal_scenarios_give_equal_pages() -> None:
    first, second = (ws.report(ws.load(DAY)).html for _ in range(2))
    assert first == second
    assert not re.search(r"\b20\d\d-\d\d-\d\d\b", first)


def test_what_somebody_set_for_plots_does_not_change_a_page() -> None:
    page = ws.report(scenario()).html
    with mpl.rc_context({"lines.linewidth": 9, "font.size": 20, "axes.facecolor": "red", "svg.fonttype": "path"}):
        assert ws.report(scenario()).html == page
        assert mpl.rcParams["lines.linewidth"] == 9


def test_a_note_stands_below_the_title() -> None:
    assert '<p class="note"><bdi>by &lt;me&gt;</bdi></p>' in ws.report(scenario(), note="by <me>").html


def test_files_that_arrivals_come_from_are_named_with_their_digest(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("arrival,service\n0,60\n10,60\n")
    (tmp_path / "s.yaml").write_text("fleet: {replicas: 1, concurrency: 1}\nworkload: {arrivals: [{trace: t.csv}]}\n")
    digest = hashlib.sha256((tmp_path / "t.csv").read_bytes()).hexdigest()
    assert f"SHA-256 of t.csv {digest}" in text_of(ws.report(ws.load(tmp_path / "s.yaml")).html)


def test_a_measured_run_has_figures_and_no_pictures() -> None:
    page = ws.report(ws.run(varied(), engine="compiled", keep_log=False)).html
    assert "<svg" not in page
    assert "there is no log to draw this from" in page


def test_celerys_workers_on_a_fleet_that_scales_and_crashes() -> None:
    celery = varied(worker={"celery": {"acks": "late"}}, crashes=[{"at": "30 min", "replica": 0, "down_for": "1 min"}])
    rule = {"min_replicas": 1, "max_replicas": 3, "scale_up_when": "queue_length > 2"}
    page = ws.report(celery.replace("fleet.autoscale", rule), engine="simpy", replications=2).html
    said = text_of(page)
    assert "With 1 replica of 2 slots at first, a job waits" in said
    assert "Messages redelivered" in said
    assert "reserved by a worker" in page
    assert "Memory over time" not in page  # nobody said how much a process takes
    assert re.search(r"Crashes at: 30 min, replica: 0, down_for: 1 min", said)


def test_nothing_is_given() -> None:
    with pytest.raises(ws.InputError, match="at least one scenario"):
        ws.report([])
    with pytest.raises(ws.InputError, match="expected a Scenario"):
        ws.report(["scenario.yaml"])  # type: ignore[list-item]  # what is refused


def test_the_room_can_be_called_like_its_function() -> None:
    assert workersim.report(scenario()).html == ws.report(scenario()).html
    assert vars(workersim)["report"] is not None
    room = __import__("sys").modules["workersim.report"]
    assert room(scenario()).html == ws.report(scenario()).html


# --- nothing breaks out


@cache
def harmless() -> set[str]:
    """Return the elements of a page about a scenario with claims, without anything hostile."""
    return Tags(ws.report(ws.load(OVERLOAD), note="note").html).names()


@pytest.mark.parametrize("name", BREAKOUTS, ids=lambda name: repr(name[:12]))
def test_hostile_names_stay_text(name: str) -> None:
    job = "".join(each if each.isprintable() else "_" for each in name)[:60]
    hostile = ws.Scenario(
        name=name,
        fleet=ws.Fleet(replicas=1, concurrency=1, queues=[job]),
        workload=ws.Workload(jobs={job: ws.Job(service="1 min", queue=job)}, arrivals=[ws.Burst(jobs=3)]),
        claims=[ws.Claim(says=name, measure="wait.mean", expect=60)],
    )
    page = Tags(ws.report(hostile, note=name).html)
    assert page.names() <= harmless()
    assert not {"script", "img", "iframe", "b"} & page.names()
    assert not [at for _, attributes in page.opened for at in attributes if at.startswith("on")]
    said = "".join(page.text)
    assert said.count("{{7*7}}") == said.count("7*7")


def test_marks_that_turn_text_around_do_not_get_into_the_page() -> None:
    with pytest.raises(ws.InputError, match="expected printable text"):
        scenario("safe\N{RIGHT-TO-LEFT OVERRIDE}elif")
    assert "safe\N{REPLACEMENT CHARACTER}elif" in ws.report(scenario(), note="safe\N{RIGHT-TO-LEFT OVERRIDE}elif").html
    long = ws.report(scenario(), note="n" * 10_000).html
    assert "n" * 400 in long
    assert "n" * 600 not in long


def test_formulas_are_not_read_in_pictures() -> None:
    page = ws.report(scenario("costs $5 to $10")).html
    assert "Waits: costs $5 to $10</text>" in page


def test_a_policy_forbids_everything_but_styles() -> None:
    tags = Tags(ws.report(scenario()).html).opened
    policy = next(at["content"] for tag, at in tags if at.get("http-equiv") == "Content-Security-Policy")
    assert policy is not None
    assert policy.startswith("default-src 'none'; style-src 'unsafe-inline';")
    links = [at.get(name) for _, at in tags for name in ("src", "href", "xlink:href", "action")]
    assert all(link is None or link.startswith("#") for link in links)


def test_ids_are_unique_and_what_refers_to_them_finds_one() -> None:
    page = ws.report([ws.load(OVERLOAD), varied()]).html
    tags = Tags(page).opened
    ids = [str(at["id"]) for _, at in tags if "id" in at]
    assert len(ids) == len(set(ids))
    used = {str(at["href"])[1:] for _, at in tags if "href" in at} | set(re.findall(r"url\(#([^)]*)\)", page))
    labels = {str(at["aria-labelledby"]) for _, at in tags if "aria-labelledby" in at}
    assert used | labels <= set(ids)


# --- pictures


def test_a_path_keeps_its_corners() -> None:
    steps = "M 10.04 20 \nL 30.01 20 \nL 30.01 5.55 \nL 40 1 \nL 40.01 1 \nz\n"
    assert _path(steps) == "M10 20H30V5.5L40 1z" or _path(steps) == "M10 20H30V5.6L40 1z"
    assert _path("M 1 2 \nC 1.111111 2 3 4 5 6 \nL 7 8 \nz") == "M1 2C 1.11 2 3 4 5 6L7 8z"


def test_pictures_take_the_colours_of_the_page() -> None:
    with drawing():
        figure = Figure(figsize=(3, 2))
        ws.plots.queue_length(ws.run(scenario("é <b>")), figure.add_subplot())
        svg = inline(figure, key="k", alt='a "b" <c>')
    assert "var(--blue)" in svg
    assert not re.search(r"#[0-9a-f]{6}\b", svg)
    assert 'aria-label="a &quot;b&quot; &lt;c&gt;"' in svg
    assert "é &lt;b&gt;" in svg
    assert "figure_1" not in svg


def test_a_page_stays_small_whatever_it_is_about(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "_MOST_BYTES", 30_000)
    page = ws.report([ws.load(OVERLOAD), scenario(), varied()]).html
    assert "left out so that the page stays small" in page
    assert 0 < page.count("<svg") < 12


def test_a_dense_run_is_under_three_megabytes() -> None:
    busy = ws.Scenario(
        fleet=ws.Fleet(replicas=2, concurrency=4),
        workload=ws.Workload(
            jobs={"d": ws.Job(service=ws.Exponential(mean="1 min"))},
            arrivals=[ws.Poisson(rate="7/min", until="10 days")],
        ),
    )
    page = ws.report(busy, replications=2).html
    assert page.count("<svg") == 3
    assert len(page.encode()) < 1_500_000


def test_bands_hold_nine_of_ten_replications() -> None:
    found = stretches(varied(), ["queue_length", "utilization"], engine="compiled", replications=5, count=10)
    assert {name: means.shape for name, means in found.means.items()} == {
        "queue_length": (5, 10),
        "utilization": (5, 10),
    }
    log = ws.run(varied(), engine="compiled").over_time("queue_length")
    cut = [min(each, log.end_s) for each in found.cuts_s]
    inside = [log.window(a, b).mean() * (b - a) / found.cuts_s[1] for a, b in pairwise(cut) if b > a]
    assert found.means["queue_length"][0][: len(inside)] == pytest.approx(inside)
    fine = stretches(varied(), ["utilization"], engine="compiled", replications=5, count=500).means["utilization"]
    assert not np.isnan(fine).any()
    assert (fine[:, -1] == 0).any()  # some had drained by then
    gap = np.array([[1.0, np.nan], [3.0, np.nan]])
    lines = band(Figure().add_subplot(), np.array([0.0, 1.0, 2.0]), gap).lines
    assert np.asarray(lines[0].get_ydata())[:1].tolist() == [2.0]


# --- the file


def test_the_shell_writes_one_file(tmp_path: Path) -> None:
    out = tmp_path / "report.html"
    got = shell("report", OVERLOAD, "--out", out)
    assert got.exit_code == 0, got.output
    assert re.fullmatch(r".*report\.html: 1 scenario, [0-9]+ kB\n", got.stdout)
    assert 10_000 < out.stat().st_size < 3_000_000
    assert out.read_text() == ws.report(ws.load(OVERLOAD)).html
    assert shell("report", OVERLOAD, "--out", out).exit_code == 0
    assert list(tmp_path.iterdir()) == [out]


def test_a_folder_stands_for_its_files(tmp_path: Path) -> None:
    got = shell("report", ROOT / "scenarios", "--out", tmp_path / "r.html")
    assert "6 scenarios" in got.stdout
    assert (tmp_path / "r.html").stat().st_size < 3_000_000


def test_other_files_are_not_overwritten(tmp_path: Path) -> None:
    page = tmp_path / "index.html"
    page.write_text("<html>mine</html>")
    assert "there is a file that is no report" in refused("report", OVERLOAD, "--out", page)
    with pytest.raises(ws.InputError, match="no report of workersim"):
        ws.report(scenario()).save(page)
    assert page.read_text() == "<html>mine</html>"
    page.write_text("")
    ws.report(scenario()).save(page)
    assert "workersim" in page.read_text()


def test_a_failure_leaves_the_old_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "r.html"
    ws.report(scenario("old")).save(out)
    old = out.read_text()

    def fail(self: Path, data: bytes) -> int:
        with self.open("wb") as file:
            file.write(data[:100])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", fail)
    assert "No space left on device" in refused("report", OVERLOAD, "--out", out)
    with pytest.raises(ws.InputError, match="No space left"):
        ws.report(scenario()).save(out)
    assert out.read_text() == old
    assert list(tmp_path.iterdir()) == [out]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["nowhere.yaml", "--out", "r.html"], "nowhere.yaml: expected a scenario file"),
        ([OVERLOAD], "Missing option '--out'"),
        ([OVERLOAD, "--out", "r.txt"], "--out: expected a name that ends in .html or .htm, found 'r.txt'"),
        ([OVERLOAD, "--out", "no/r.html"], "its folder does not exist"),
        ([OVERLOAD, "--out", "r.html", "--replications", "0"], "--replications"),
    ],
)
def test_bad_input(arguments: list[str | Path], says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert says in refused("report", *arguments)
    assert not list(tmp_path.iterdir())


# --- in a browser


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("reports")
    ws.report(ws.load(OVERLOAD)).save(folder / "one.html")
    ws.report([ws.load(DAY), varied()], replications=4).save(folder / "several.html")
    ws.report([scenario(name) for name in BREAKOUTS[:3]], note=BREAKOUTS[3]).save(folder / "hostile.html")
    return folder


def opened(browser: Browser, file: Path) -> tuple[Page, list[str]]:
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    told: list[str] = []
    page.on("console", lambda message: told.append(message.text))
    page.on("request", lambda request: told.append(request.url) if not request.url.startswith("file:") else None)
    page.goto(file.as_uri())
    return page, told


@needs_chromium
@pytest.mark.parametrize("name", ["one", "several", "hostile"])
def test_a_browser_and_axe_have_no_complaint(browser: Browser, pages: Path, name: str) -> None:
    from axe_playwright_python.sync_playwright import Axe  # noqa: PLC0415 (with Playwright)

    page, told = opened(browser, pages / f"{name}.html")
    assert page.title().endswith("workersim report")
    schemes: tuple[Any, ...] = ("light", "dark")
    for width, scheme in zip((1280, 390), schemes, strict=True):
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=scheme)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        found = Axe().run(page).response["violations"]
        assert [(each["id"], each["impact"], each["nodes"][0]["html"][:200]) for each in found] == []
    page.set_viewport_size({"width": 320, "height": 900})
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    assert told == []
    page.close()


@needs_chromium
def test_the_keyboard_skips_to_the_answer(browser: Browser, pages: Path) -> None:
    page, _ = opened(browser, pages / "several.html")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "answer"
    page.close()


@needs_chromium
def test_a_wide_window_shows_every_column(browser: Browser, pages: Path) -> None:
    page, _ = opened(browser, pages / "several.html")
    tables = page.evaluate("[...document.querySelectorAll('.wide')].map(each => each.scrollWidth - each.clientWidth)")
    assert tables
    assert max(tables) <= 0
