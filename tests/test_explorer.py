"""The explorer: what controls make of a scenario, that the shell agrees with the page, and who may ask for it."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

import workersim as ws
from tests.chromium import browser, needs_chromium
from workersim.cli import main
from workersim.experiments.answer import answer
from workersim.explorer import serving, snippets
from workersim.explorer.app import make_app, told
from workersim.explorer.controls import Controls, example
from workersim.explorer.layout import CONTROLS
from workersim.explorer.running import MOST_JOBS, quick
from workersim.units import format_duration

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

__all__ = ["browser"]

ROOT = Path(__file__).parents[1]
OVERLOAD = ROOT / "scenarios" / "4-overload.yaml"
DAY = ROOT / "scenarios" / "6-working-day.yaml"


def moved(scenario: ws.Scenario, **values: Any) -> ws.Scenario:
    before = Controls.of(scenario)
    return Controls.read(values, before).applied(scenario)


# --- controls


def test_what_is_not_moved_stays_as_it_was() -> None:
    for file in sorted((ROOT / "scenarios").glob("*.yaml")):
        scenario = ws.load(file)
        assert Controls.of(scenario).changes(scenario) == {}
        assert moved(scenario) is scenario


def test_controls_show_what_the_scenario_says() -> None:
    assert Controls.of(ws.load(OVERLOAD)) == Controls(
        replicas=1, concurrency=4, vcpus=4, arrivals="burst", jobs=10, service=20, cv=0, ratio=0.75, startup=90
    )
    day = Controls.of(ws.load(DAY))
    assert (day.arrivals, day.service, day.cv) == ("given", 20, 0.8)
    assert set(Controls.__dataclass_fields__) == set(CONTROLS)


@pytest.mark.parametrize(
    ("values", "path", "says"),
    [
        ({"replicas": 3}, "fleet.replicas", 3),
        ({"vcpus": 2.5}, "fleet.vcpus", 2.5),
        ({"startup": 30}, "fleet.startup", "30 s"),
        ({"service": 7.5}, "workload.jobs.document.service", "450 s"),
        ({"service": 10, "cv": 0.5}, "workload.jobs.document.service", {"lognormal": {"mean": "10 min", "cv": 0.5}}),
        ({"ratio": 2}, "workload.jobs.document.wait_ratio", 2),
        ({"jobs": 30}, "workload.arrivals", [{"burst": {"jobs": 30}}]),
        ({"arrivals": "steady", "rate": 12.5}, "workload.arrivals", [{"poisson": {"rate": "300/day"}}]),
        ({"arrivals": "steady", "hours": 8}, "run.until", "8 h"),
        ({"worker": "celery", "acks": "late"}, "fleet.worker", {"celery": {"acks": "late"}}),
        ({"worker": "celery", "prefetch": 1}, "fleet.worker", {"celery": {"prefetch_multiplier": 1}}),
    ],
)
def test_each_control_changes_its_place(values: dict[str, Any], path: str, says: Any) -> None:
    data: Any = moved(example(), **values).written()
    for key in path.split("."):
        data = data[key]
    assert data == says


def test_the_guides_rule_begins_with_the_replicas_that_are_set() -> None:
    scaled = moved(example(), policy="guide", replicas=2, most=6)
    assert scaled.written()["fleet"]["autoscale"]["max_replicas"] == 6
    assert scaled.written()["fleet"]["autoscale"]["min_replicas"] == 2


@pytest.mark.parametrize(
    "values",
    [
        {"arrivals": "steady", "rate": 13, "hours": 3},
        {"jobs": 7, "replicas": 2, "concurrency": 3, "vcpus": 1.5},
        {"service": 3, "cv": 1.2, "ratio": 0.5},
        {"worker": "celery", "prefetch": 2, "acks": "late"},
    ],
)
def test_what_was_made_is_shown_again(values: dict[str, Any]) -> None:
    shown = Controls.of(moved(example(), **values))
    assert {name: getattr(shown, name) for name in values} == values


def test_other_rules_stay_as_they_are() -> None:
    rule = {"min_replicas": 1, "max_replicas": 4, "scale_up_when": "queue_length > 2"}
    ruled = example().replace("fleet.autoscale", rule)
    assert Controls.of(ruled).policy == "given"
    assert moved(ruled, concurrency=2).written()["fleet"]["autoscale"] == ruled.written()["fleet"]["autoscale"]
    guided = moved(example(), policy="guide", most=6)
    assert (Controls.of(guided).policy, Controls.of(guided).most) == ("guide", 6)
    assert moved(guided, policy="fixed") == example()


def test_several_services_are_refused() -> None:
    two = ws.Scenario(
        services={
            "ocr": ws.Fleet(replicas=1, concurrency=1),
            "mail": ws.Fleet(replicas=1, concurrency=1, queues=["m"]),
        },
        workload=ws.Workload(jobs={"d": ws.Job(service="1 min")}, arrivals=[ws.Burst(jobs=2)]),
    )
    with pytest.raises(ws.InputError, match=r"^services: expected one fleet, as .+ no more, found ocr, mail$"):
        Controls.of(two)
    read = ws.read(two.to_yaml(), source="two.yaml")
    with pytest.raises(ws.InputError, match=r"^two\.yaml: services: expected one fleet"):
        Controls.of(read)


def test_an_empty_field_keeps_its_value() -> None:
    before = Controls(replicas=5)
    assert Controls.read({"replicas": None, "jobs": 3}, before) == Controls(replicas=5, jobs=3)


# --- runs


def test_runs_are_short_and_say_so() -> None:
    busy = moved(example(), arrivals="steady", rate=10_000, hours=100, replicas=1)
    shown = quick(busy)
    assert shown.result.jobs.arrived < 1.1 * MOST_JOBS
    assert "only about 10,000 of 1,000,000 jobs are simulated: the run ends at 1 h instead of 100 h" in shown.note
    calm = quick(moved(example(), arrivals="steady", hours=24))
    assert calm.note == ""
    assert calm.result.replications == 10
    assert quick(example()).result.replications == 1
    short = {"run.replications": 1, "run.until": "100 h"}
    assert quick(busy.replace("run.seed", 7)).scenario.replace_all(short) == busy.replace("run.seed", 7)


def test_too_many_at_once_are_refused() -> None:
    with pytest.raises(ws.InputError, match="at most 200,000 jobs in the explorer, found 300,000"):
        quick(moved(example(), jobs=300_000))


def test_the_page_tells_what_a_run_says() -> None:
    page = told(ws.load(OVERLOAD), Controls.of(ws.load(OVERLOAD)))
    assert page["sentence"] == answer(ws.run(ws.load(OVERLOAD)))
    assert page["queue"]["data"][0]["y"] == [6, 2, 0, 0]
    (here,) = [line for line in page["curve"]["data"] if line["name"] == "you are here"]
    assert here["x"] == [pytest.approx(10 / 12)]
    assert here["y"] == [pytest.approx(0.8)]
    film = page["film"]
    assert film["slots"] == [4]
    assert film["rows"][9] == [9, 0.0, 2400.0, 2400.0, 3600.0, 0, 1]
    json.dumps(page["film"], allow_nan=False)


def test_bands_are_the_intervals_of_the_run() -> None:
    scenario = moved(example(), arrivals="steady", rate=11, cv=1)
    page, result = told(example(), Controls.of(scenario)), quick(scenario).result
    bars = page["waits"]["data"][0]
    low, high = result.metrics["wait"]["interval"]["p95"]
    scale = {"h": 3600, "min": 60, "s": 1}[page["waits"]["layout"]["yaxis"]["title"]["text"][6:-1]]
    assert bars["y"][2] * scale == pytest.approx(result.wait.p95)
    assert (bars["y"][2] + bars["error_y"]["array"][2]) * scale == pytest.approx(high)
    assert (bars["y"][2] - bars["error_y"]["arrayminus"][2]) * scale == pytest.approx(max(0, low))


def test_a_film_of_too_much_is_cut_or_left_out() -> None:
    wide = told(example(), Controls(replicas=20, concurrency=16, vcpus=16))
    assert wide["film"]["rows"] == []
    assert "320 slots are more than can be shown" in wide["film"]["note"]
    long = told(example(), Controls(arrivals="steady", rate=100, hours=24))
    assert len(long["film"]["rows"]) == 600
    assert re.match(r"The first 600 of 2,\d\d\d attempts", long["film"]["note"])


def test_an_idle_fleet_has_pictures_too() -> None:
    idle = ws.Scenario(
        fleet=ws.Fleet(replicas=0, concurrency=4), workload=ws.Workload(), run=ws.RunSettings(until="1 h")
    )
    page = told(idle, Controls.of(idle))
    assert "stay idle" in page["sentence"]
    json.dumps([page["waits"], page["curve"], page["queue"], page["film"]], allow_nan=False)


# --- the same as text


@pytest.mark.parametrize("values", [{"replicas": 2}, {"arrivals": "steady", "rate": 9.5, "cv": 0.7, "hours": 12}])
@pytest.mark.parametrize("source", [OVERLOAD, None])
def test_python_and_shell_give_the_same_figures(values: dict[str, Any], source: Path | None, tmp_path: Path) -> None:
    base = ws.load(source) if source else example()
    controls = Controls.read(values, Controls.of(base))
    page, wanted = told(base, controls), quick(controls.applied(base)).result.metrics
    found: dict[str, Any] = {}
    exec(page["python"], found)  # noqa: S102 (it is our own)
    assert found["result"].metrics == wanted
    (tmp_path / "shown.yaml").write_text(page["shown"]["text"])
    got = CliRunner().invoke(main, ["run", "--json", str(tmp_path / "shown.yaml")])
    assert json.loads(got.stdout)["metrics"] == wanted
    here = re.fullmatch(r"workersim run /dev/stdin <<'YAML'\n(.*)YAML\n", page["shell"], re.DOTALL)
    assert here
    assert here[1] == page["shown"]["text"]


def test_the_shell_command_runs() -> None:
    command = snippets.shell(example().replace("name", "it's $(echo 1) `x`").to_yaml()).replace(
        "workersim run", f"{sys.executable} -m workersim run --json"
    )
    bash = shutil.which("bash")
    assert bash
    got = subprocess.run([bash, "-c", command], capture_output=True, text=True, check=True, cwd=ROOT)  # noqa: S603
    assert json.loads(got.stdout)["scenario"] == "it's $(echo 1) `x`"


def test_names_of_files_are_harmless() -> None:
    assert snippets.file_name(example().replace("name", "../../etc/pass wd")) == "etc-pass-wd.yaml"
    assert snippets.file_name(example().replace("name", "/…/")) == "scenario.yaml"


# --- who may ask


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    server = serving.server_of(ws.load(OVERLOAD))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://{serving.HOST}:{server.server_port}/"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Host": "localhost:1"}, 200),
        ({"Host": "evil.example"}, 403),
        ({"Host": "127.0.0.1.evil.example"}, 403),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://127.0.0.1:1"}, 200),
    ],
)
def test_strangers_are_refused(address: str, headers: dict[str, str], status: int) -> None:
    request = urllib.request.Request(address, headers=headers)  # noqa: S310 (our own server)
    if status == 403:
        with pytest.raises(urllib.error.HTTPError, match="403") as refused:
            urllib.request.urlopen(request, timeout=30)  # noqa: S310 (as above)
        refused.value.close()
        return
    with urllib.request.urlopen(request, timeout=30) as reply:  # noqa: S310 (as above)
        assert reply.status == status


def test_it_listens_on_this_machine_only() -> None:
    server = serving.server_of(None)
    assert server.server_address[0] == "127.0.0.1"
    with pytest.raises(ws.InputError, match=f"port {server.server_port} of 127.0.0.1 cannot be used"):
        serving.server_of(None, port=server.server_port)
    server.server_close()


def test_without_dash_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(ws.MissingExtraError, match=r"pip install 'workersim\[explore\]'"):
        serving.ensure_dash()
    got = CliRunner().invoke(main, ["explore"])
    assert (got.exit_code, "workersim[explore]" in got.stderr) == (2, True)


def test_bad_input_in_the_shell(tmp_path: Path) -> None:
    got = CliRunner().invoke(main, ["explore", str(tmp_path / "none.yaml")])
    assert (got.exit_code, len(got.stderr.splitlines())) == (2, 1)


def test_the_shell_prints_the_address_and_serves(monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("socketserver.BaseServer.serve_forever", stop)
    got = CliRunner().invoke(main, ["explore", str(OVERLOAD)])
    assert got.exit_code == 0, got.output
    assert re.fullmatch(r"workersim explorer at http://127\.0\.0\.1:\d+/ \(Ctrl-C ends it\)\n", got.stdout)


def test_nothing_comes_from_another_server() -> None:
    app = make_app(example())
    assert app.scripts.config.serve_locally
    assert app.css.config.serve_locally
    page = app.server.test_client().get("/").get_data(as_text=True)
    assert "://" not in page
    assert '<html lang="en">' in page


# --- in a notebook


@pytest.mark.filterwarnings("default")
def test_a_notebook_shows_it_below_the_cell() -> None:
    from jupyter_client.manager import start_new_kernel  # noqa: PLC0415 (needs ipykernel)

    manager, client = start_new_kernel(startup_timeout=60)
    shown: list[str] = []

    def hear(message: dict[str, Any]) -> None:
        content = message["content"]
        assert message["msg_type"] != "error", content
        shown.append(str(content.get("data", {}).get("text/html", "")))

    try:
        client.execute_interactive("import workersim as ws; ws.explore()", output_hook=hear, timeout=120)
        source = re.search(r'src="(http://127\.0\.0\.1:\d+/)"', "".join(shown))
        assert source
        with urllib.request.urlopen(source[1], timeout=30) as reply:  # noqa: S310 (our own server)
            assert b"workersim explorer" in reply.read()
        strange = urllib.request.Request(source[1], headers={"Host": "evil.example"})  # noqa: S310 (as above)
        with pytest.raises(urllib.error.HTTPError, match="403") as refused:
            urllib.request.urlopen(strange, timeout=30)  # noqa: S310 (as above)
        refused.value.close()
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


# --- in a browser


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[tuple[Page, list[str]]]:
    opened = browser.new_page(viewport={"width": 1400, "height": 1300})
    strange: list[str] = []
    opened.on(
        "request",
        lambda request: None if request.url.startswith((address, "data:", "blob:")) else strange.append(request.url),
    )
    opened.on("console", lambda message: strange.append(message.text) if message.type == "error" else None)
    opened.goto(address)
    opened.wait_for_selector("#mean-wait")
    yield opened, strange
    opened.close()
    assert strange == []


def field(page: Page, name: str) -> Any:
    return page.locator(f"#{name}-field input[type=number], #{name}-field input.dash-range-slider-input").first


def set_to(page: Page, name: str, value: float) -> None:
    found = field(page, name)
    found.fill(str(value))
    found.press("Enter")


def figure(page: Page, name: str, wanted: str) -> None:
    page.wait_for_function("([id, text]) => document.getElementById(id)?.textContent === text", arg=[name, wanted])


def of_the_shell(scenario: ws.Scenario, folder: Path) -> dict[str, Any]:
    file = folder / "same.yaml"
    file.write_text(scenario.to_yaml())
    got = CliRunner().invoke(main, ["run", "--json", str(file)])
    metrics: dict[str, Any] = json.loads(got.stdout)["metrics"]
    return metrics


@needs_chromium
def test_a_slider_moves_the_figures_to_those_of_the_shell(page: tuple[Page, list[str]], tmp_path: Path) -> None:
    shown, _ = page
    figure(shown, "mean-wait", "16 min")
    shown.locator("#replicas-field [role=slider]").press("ArrowRight")
    wanted = of_the_shell(ws.load(OVERLOAD).replace("fleet.replicas", 2), tmp_path)
    figure(shown, "mean-wait", format_duration(wanted["wait"]["mean"]))
    figure(shown, "p95-wait", format_duration(wanted["wait"]["p95"]))
    assert "With 2 replicas of 4 slots each, a job waits 4 min on average" in shown.inner_text("#sentence")


@needs_chromium
def test_a_steady_stream_agrees_with_the_shell(page: tuple[Page, list[str]], tmp_path: Path) -> None:
    shown, _ = page
    shown.get_by_text("steady", exact=True).click()
    shown.locator("#rate-field").wait_for(state="visible")
    set_to(shown, "cv", 0.8)
    scenario = quick(moved(ws.load(OVERLOAD), arrivals="steady", cv=0.8)).scenario
    wanted = of_the_shell(scenario, tmp_path)
    figure(shown, "mean-wait", format_duration(wanted["wait"]["mean"]))
    assert "95% interval" in shown.inner_text("#sentence")


@needs_chromium
def test_the_film_tells_running_visible_and_reserved_apart(page: tuple[Page, list[str]]) -> None:
    shown, _ = page
    figure(shown, "count", "4 running, 6 visible, 0 reserved. ")
    assert shown.locator("#stage .slot.running").count() == 4
    assert shown.locator("#stage .job.visible").count() == 6
    clock = shown.locator("#clock [role=slider]")
    clock.press("End")
    figure(shown, "count", "0 running, 0 visible, 0 reserved. ")
    clock.press("Home")
    shown.click("#play")
    shown.wait_for_function("document.querySelectorAll('#stage .job.visible').length === 2")
    shown.click("#play")


@needs_chromium
def test_files_are_saved_and_opened(page: tuple[Page, list[str]], tmp_path: Path) -> None:
    shown, _ = page
    with shown.expect_download() as download:
        shown.click("#save")
    saved = tmp_path / download.value.suggested_filename
    download.value.save_as(saved)
    assert ws.load(saved).replace("name", "x") == quick(ws.load(OVERLOAD)).scenario.replace("name", "x")
    other = tmp_path / "other.yaml"
    other.write_text(example().replace_all({"name": "<b>other</b>", "fleet.replicas": 5}).to_yaml())
    shown.set_input_files("#upload input[type=file]", other)
    figure(shown, "name", "<b>other</b>")
    figure(shown, "mean-wait", "0 s")
    assert field(shown, "replicas").input_value() == "5"
    bad = tmp_path / "bad.yaml"
    bad.write_text("fleet: {replicas: -1}")
    shown.set_input_files("#upload input[type=file]", bad)
    shown.get_by_text("bad.yaml was not opened. the file:1").wait_for()
    several = {name: {"replicas": 1, "concurrency": 1} for name in ("a", "b")}
    bad.write_text(f"services: {several}\nworkload: {{arrivals: []}}\nrun: {{until: 1 h}}\n")
    shown.set_input_files("#upload input[type=file]", [])
    shown.set_input_files("#upload input[type=file]", bad)
    shown.get_by_text("found a, b").wait_for()
    figure(shown, "name", "<b>other</b>")


@needs_chromium
def test_a_problem_is_told_and_the_picture_stays(page: tuple[Page, list[str]]) -> None:
    shown, _ = page
    set_to(shown, "concurrency", 8)
    shown.get_by_text("fleet.memory_limit: expected at least the 8.8 GB").wait_for()
    figure(shown, "mean-wait", "16 min")


@needs_chromium
def test_axe_finds_nothing_serious_in_the_explorer(page: tuple[Page, list[str]]) -> None:
    from axe_playwright_python.sync_playwright import Axe  # noqa: PLC0415 (with Playwright)

    shown, _ = page
    figure(shown, "count", "4 running, 6 visible, 0 reserved. ")
    found = Axe().run(shown).response["violations"]
    serious = [each for each in found if each["impact"] in ("serious", "critical")]
    assert [(each["id"], [node["html"][:120] for node in each["nodes"]]) for each in serious] == []
