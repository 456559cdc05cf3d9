"""The shell: what it prints, what it writes, how it ends; in this process and as a command."""

from __future__ import annotations

import contextlib
import csv
import errno
import json
import os
import pty
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
from click.testing import CliRunner, Result

import workersim as ws
from workersim.cli import main
from workersim.cli.progress import _Bar
from workersim.cli.shell import interruptible
from workersim.experiments.table_file import TableFile

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[1]
SCENARIOS = ROOT / "scenarios"
OVERLOAD = SCENARIOS / "4-overload.yaml"
COLUMNS = [
    *("job", "job_class", "queue", "attempt", "arrival", "start", "finish"),
    *("wait", "service", "response", "replica", "slot", "outcome"),
]

RANDOM = """\
name: random
fleet: {replicas: 2, concurrency: 2}
workload:
  jobs: {document: {service: {exponential: {mean: 60 s}}, wait_ratio: 1, expires: 10 min}}
  arrivals: [{poisson: {rate: 150/hour}}]
run: {until: 4 h, warm_up: 10 min, replications: 3}
"""


def shell(*args: str | Path) -> Result:
    return CliRunner().invoke(main, [str(arg) for arg in args])


def told(*args: str | Path) -> str:
    got = shell(*args)
    assert got.exit_code == 0, got.output
    return got.stdout


def refused(*args: str | Path) -> str:
    """Return the one line on stderr of a call that ends with 2."""
    got = shell(*args)
    assert got.exit_code == 2, got.output
    assert got.stdout == ""
    assert isinstance(got.exception, SystemExit)
    assert got.stderr.startswith("Error: ")
    assert got.stderr.count("\n") == 1
    return got.stderr


def command(*args: str | Path, **more: Any) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "workersim", *map(str, args)]
    return subprocess.run(line, capture_output=True, text=True, check=False, timeout=100, **more)  # noqa: S603


@pytest.fixture
def random(tmp_path: Path) -> Path:
    file = tmp_path / "random.yaml"
    file.write_text(RANDOM)
    return file


# --- run


def test_run_prints_a_table() -> None:
    text = told("run", OVERLOAD)
    assert text.startswith(
        "Scenario 4: 10 simultaneous uploads\nfleet  1 replica × (4 slots, 4 vCPUs, 4.4 GB of 8 GB, room for 7 slots)\n"  # noqa: RUF001  # the sign is meant
    )
    assert re.search(r"^  that waited +26.7 min +20 min +40 min", text, re.MULTILINE)
    assert re.search(r"^jobs +10 arrived, 10 finished$", text, re.MULTILINE)
    assert text == ws.run(ws.load(OVERLOAD)).summary() + "\n"


def test_an_idle_fleet_has_figures_of_nothing() -> None:
    text = told("run", SCENARIOS / "1-startup.yaml")
    assert re.search(r"^wait +— +— +— +— +— +—$", text, re.MULTILINE)
    assert "1 in all, — a job" in text
    metrics = json.loads(told("run", SCENARIOS / "1-startup.yaml", "--json"))["metrics"]
    assert metrics["wait"]["mean"] is None
    assert metrics["utilization"]["max"] == 0


@pytest.mark.parametrize(
    "args", [["run", SCENARIOS], ["check", *sorted(SCENARIOS.glob("*.yaml"))], ["--help"], ["run", "--help"]]
)
def test_every_line_fits_80_columns(args: list[Any]) -> None:
    assert all(len(line) <= 80 for line in told(*args).splitlines())


def test_a_run_of_no_length_has_a_load_of_nothing(random: Path) -> None:
    nothing = {"workload.arrivals": [{"burst": {"jobs": 0}}], "run.until": "drained", "run.warm_up": 0}
    text = ws.run(ws.load(random).replace_all(nothing)).summary()
    assert re.search(r"^offered load +—$", text, re.MULTILINE)


def test_memory_that_is_not_given_is_no_0(random: Path) -> None:
    scenario = ws.load(random).replace("workload.arrivals", [{"burst": {"jobs": 1}}])
    for values, told_of_it in (
        ({}, "not given"),
        ({"fleet.parent_memory": "1 GB"}, "2 GB reserved"),
        ({"fleet.process_memory": {"python": 0}}, "0 B reserved"),
    ):
        result = ws.run(scenario.replace_all(values))
        assert re.search(rf"^memory +{told_of_it}$", result.summary(), re.MULTILINE)
        assert f"<td>{told_of_it}</td>" in result._repr_html_()


def test_replications_have_a_half_width_beside_the_mean(random: Path) -> None:
    text = told("run", random, "--replications", "4")
    assert "4 replications" in text
    assert "mean ± 95 %" in text
    low, high = ws.run(ws.load(random), replications=4).wait.interval.mean
    found = re.search(r"^wait +([\d.]+) ± ([\d.]+) s ", text, re.MULTILINE)
    assert found is not None
    assert float(found[1]) == pytest.approx((low + high) / 2, rel=0.01)
    assert float(found[2]) == pytest.approx((high - low) / 2, rel=0.05)
    assert all(len(line) <= 80 for line in text.splitlines())
    assert "±" not in told("run", random, "--replications", "1")


def test_a_wide_table_goes_without_a_column() -> None:
    varied = {"uniform": {"min": "1 h", "max": "100000 h"}}
    values = {"workload.jobs.document.service": varied, "name": "n" * 200, "run.replications": 2}
    text = ws.run(ws.load(OVERLOAD).replace_all(values)).summary()
    assert all(len(line) <= 80 for line in text.splitlines())
    assert "p99" not in text
    assert "p95" in text


def test_warnings_are_in_the_table_and_wrapped(tmp_path: Path) -> None:
    file = tmp_path / "unstable.yaml"
    file.write_text(RANDOM.replace("150/hour", "400/hour").replace(", expires: 10 min", ""))
    text = told("run", file)
    assert "\nWarning: Unstable: " in text
    assert all(len(line) <= 80 for line in text.splitlines())


def test_run_json_is_one_object_or_a_list() -> None:
    one = json.loads(told("run", OVERLOAD, "--json"))
    assert list(one) == ["scenario", "engine", "seed", "replications", "metrics", "warnings"]
    assert one["metrics"]["wait"]["waited"]["mean"] == 1600
    several = json.loads(told("run", OVERLOAD, SCENARIOS / "2-single-upload.yaml", "--json"))
    assert several[0] == one
    assert several[1]["scenario"] == "Scenario 2: a single upload"
    assert len(json.loads(told("run", SCENARIOS, "--json"))) == 6


def test_options_stand_in_for_what_the_scenario_says(random: Path) -> None:
    got = json.loads(told("run", random, "--json", "--seed", "7", "--replications", "2", "--engine", "compiled"))
    assert (got["seed"], got["replications"], got["engine"]) == (7, 2, "compiled")
    assert got["metrics"]["wait"]["interval"]["mean"][0] <= got["metrics"]["wait"]["mean"]
    other = json.loads(told("run", random, "--json", "--seed", "7", "--replications", "2", "--engine", "simpy"))
    assert other["metrics"] == got["metrics"]


def test_html_escapes_what_people_write() -> None:
    scenario = ws.load(OVERLOAD).replace("name", "<script>&")
    html = ws.run(scenario)._repr_html_()
    assert "&lt;script&gt;&amp;" in html
    assert "<script>" not in html
    assert 'scope="col"' in html
    assert 'scope="row"' in html


# --- --jobs-out


def test_jobs_out_writes_one_row_an_attempt(tmp_path: Path) -> None:
    out = tmp_path / "jobs.csv"
    told("run", OVERLOAD, "--jobs-out", out)
    lines = list(csv.reader(out.read_text().splitlines()))
    assert lines[0][: len(COLUMNS)] == COLUMNS
    assert [row[:13] for row in lines[9:]] == [
        ["8", "document", "default", "0", "0.0", "2400.0", "3600.0", "2400.0", "1200.0", "3600.0", "0", "0", "done"],
        ["9", "document", "default", "0", "0.0", "2400.0", "3600.0", "2400.0", "1200.0", "3600.0", "0", "1", "done"],
    ]


def test_jobs_out_has_full_precision_and_gaps_where_nothing_happened(random: Path, tmp_path: Path) -> None:
    out = tmp_path / "jobs.csv"
    random.write_text(RANDOM.replace("150/hour", "400/hour"))
    told("run", random, "--jobs-out", out)
    attempts = ws.run(ws.load(random)).attempts
    rows = list(csv.DictReader(out.read_text().splitlines()))
    assert len(rows) == len(attempts)
    for key in ("arrival", "start", "finish", "wait", "service", "response"):
        assert [row[key] for row in rows] == ["" if pd.isna(value) else repr(value) for value in attempts[key].tolist()]
    outcomes = {row["outcome"]: row for row in rows}
    assert outcomes["expired"]["start"] == outcomes["expired"]["replica"] == outcomes["expired"]["service"] == ""
    assert outcomes["unfinished"]["finish"] == ""


def test_jobs_out_as_parquet(tmp_path: Path) -> None:
    out = tmp_path / "jobs.parquet"
    told("run", OVERLOAD, "--jobs-out", out)
    frame = pd.read_parquet(out)
    assert list(frame.columns)[: len(COLUMNS)] == COLUMNS
    assert frame["wait"].tolist() == [0.0] * 4 + [1200.0] * 4 + [2400.0] * 2


def test_jobs_out_says_what_parquet_needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    assert "pip install 'workersim[parquet]'" in refused("run", OVERLOAD, "--jobs-out", tmp_path / "jobs.parquet")


@pytest.mark.parametrize(
    ("out", "says"),
    [
        ("jobs.txt", "expected a name that ends in .csv or .parquet, found 'jobs.txt'"),
        ("", "expected a name that ends in"),
        ("absent/jobs.csv", "its folder does not exist"),
        ("folder.csv", "it is a folder"),
        ("/proc/jobs.csv", "cannot be written"),
    ],
)
def test_places_that_cannot_be_written(out: str, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder.csv").mkdir()
    assert says in refused("run", OVERLOAD, "--jobs-out", out)
    assert [file.name for file in tmp_path.iterdir()] == ["folder.csv"]


def test_a_failure_half_way_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "jobs.csv"
    out.write_text("old")

    def fail(_: pd.DataFrame, file: Any, **__: Any) -> None:
        file.write(b"half a ro")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(pd.DataFrame, "to_csv", fail)
    assert "No space left on device" in refused("run", OVERLOAD, "--jobs-out", out)
    assert out.read_text() == "old"
    assert list(tmp_path.iterdir()) == [out]


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    link = tmp_path / "link.csv"
    link.symlink_to(tmp_path / "real.csv")
    TableFile(str(link), "--jobs-out").write(pd.DataFrame({"job": [0]}))
    assert link.is_symlink()
    assert link.read_text() == "job\n0\n"


def test_jobs_out_holds_one_scenario(tmp_path: Path) -> None:
    says = refused("run", SCENARIOS, "--jobs-out", tmp_path / "jobs.csv")
    assert "the attempts of one scenario, found 6 of them" in says
    assert not list(tmp_path.iterdir())


# --- check


def test_check_prints_verdicts() -> None:
    text = told("check", OVERLOAD)
    assert re.search(r"^refuted +6 docs waiting ~20min each +20 min +26.7 min$", text, re.MULTILINE)
    assert re.search(r"^assumed +~1.1GB a process +1.1 GB +1.1 GB$", text, re.MULTILINE)
    assert text.endswith("10 claims: 2 assumed, 3 refuted, 5 supported\n")


def test_check_json_is_a_list() -> None:
    got = json.loads(told("check", OVERLOAD, "--json"))
    assert [list(each) for each in got] == [
        ["scenario", "says", "measure", "expected", "measured", "interval", "verdict", "why"]
    ] * len(got)
    assert got == [verdict.to_dict() for verdict in ws.check(ws.load(OVERLOAD))]


def test_check_looks_into_folders_of_folders(tmp_path: Path) -> None:
    for folder in ("a", "a/b", "c"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "s.yaml").write_text(RANDOM.replace("random", folder))
    text = told("check", tmp_path)
    assert [line for line in text.splitlines() if line in ("a", "a/b", "c")] == ["a/b", "a", "c"]
    assert text.count("It makes no claims.") == 3
    assert text.endswith("0 claims\n")
    assert json.loads(told("check", tmp_path, "--json")) == []
    assert "expected scenario files" in refused("run", tmp_path)


def test_strict_ends_with_1_if_a_claim_is_refuted(random: Path) -> None:
    assert shell("check", OVERLOAD, "--strict").exit_code == 1
    random.write_text(RANDOM + 'claims: [{says: "two", measure: fleet.replicas, expect: 2}]')
    assert shell("check", random, "--strict").exit_code == 0


# --- theory and schema


def test_theory_of_exponential_services_is_exact() -> None:
    text = told("theory", "--slots", "4", "--rate", "10/hour", "--service", "20 min")
    assert text.startswith("M/M/4 in its steady state (exact)\n")
    assert re.search(r"^mean wait +19.7 min$", text, re.MULTILINE)
    got = json.loads(told("theory", "--slots", "4", "--rate", "10/hour", "--service", "20 min", "--json"))
    exact = ws.theory.mmc(slots=4, rate="10/hour", service="20 min")
    assert got["wait"]["mean"] == exact.wait_mean_s
    assert got["wait"]["p95"] == exact.wait_quantile_s(0.95)
    assert (got["exact"], got["offered_load"]) == (True, pytest.approx(10 / 3))


@pytest.mark.parametrize(
    ("slots", "cv", "model", "exact", "method"),
    [
        (4, "0", "M/D/4", True, "Crommelin"),
        (4, "1", "M/M/4", True, "Erlang C"),
        (4, "0.5", "M/G/4", False, "Lee-Longton"),
        (1, "0.5", "M/G/1", True, "Pollaczek"),
    ],
)
def test_theory_names_its_formula(slots: int, cv: str, model: str, exact: bool, method: str) -> None:  # noqa: FBT001
    args = ("theory", "--slots", str(slots), "--rate", "0.5/min", "--service", "1 min", "--service-cv", cv)
    got = json.loads(told(*args, "--json"))
    assert (got["model"], got["exact"]) == (model, exact)
    assert method in got["method"]
    text = told(*args)
    assert method in text
    assert ("Quantiles of the wait depend on more" in text) == (cv == "0.5")
    assert all(len(line) <= 80 for line in text.splitlines())


@pytest.mark.parametrize("rate", ["0/hour", "1e-12/s"])
def test_theory_of_no_load(rate: str) -> None:
    for cv in ("0", "0.5", "1"):
        got = json.loads(
            told("theory", "--slots", "4", "--rate", rate, "--service", "1 s", "--service-cv", cv, "--json")
        )
        assert got["wait"]["mean"] == pytest.approx(0)


@pytest.mark.parametrize(
    ("slots", "rate", "service", "says"),
    [
        ("2", "10/hour", "20 min", "at least 4 slots are needed"),
        ("0", "10/hour", "20 min", "slots must be a whole number from 1"),
        ("4", "10/fortnight", "20 min", "rate: unknown unit 'fortnight'"),
        ("4", "10/hour", "20 parsecs", "service: unknown unit 'parsecs'"),
        ("4", "10/hour", "-1 s", "service: expected a duration"),
        ("four", "10/hour", "20 min", "'four' is not a valid integer"),
    ],
)
def test_theory_refuses_what_has_no_steady_state(slots: str, rate: str, service: str, says: str) -> None:
    assert says in refused("theory", "--slots", slots, "--rate", rate, "--service", service)


@pytest.mark.parametrize("cv", ["nan", "-1", "inf", "1e200", "x"])
def test_theory_refuses_a_deviation_that_is_none(cv: str) -> None:
    refused("theory", "--slots", "4", "--rate", "1/hour", "--service", "1 s", "--service-cv", cv)


def test_schema_is_the_one_of_the_library() -> None:
    assert json.loads(told("schema")) == ws.schema()


# --- what goes wrong


def test_all_problems_of_all_files_come_before_anything_runs(tmp_path: Path) -> None:
    bad, worse = tmp_path / "bad.yaml", tmp_path / "worse.yaml"
    bad.write_text(RANDOM.replace("replicas: 2", "replicsa: -2").replace("4 h", "yesterday"))
    worse.write_text("name: [x\n")
    got = shell("run", OVERLOAD, bad, worse, tmp_path / "absent.yaml")
    assert (got.exit_code, got.stdout) == (2, "")
    lines = got.stderr.splitlines()
    assert [
        re.match(r"Error: .*(bad.yaml:2:|bad.yaml:6:|worse.yaml:|absent.yaml:)", line) is None for line in lines
    ] == ([False] * len(lines))
    assert len(lines) == 4
    assert "did you mean 'replicas'?" in lines[0]


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["rnu"], "no such command 'rnu'; did you mean 'run'? (see"),
        (["simulate"], "no such command 'simulate'; there are run, check, "),
        (["run"], "Missing argument 'SCENARIO.yaml|FOLDER...'"),
        (["run", "x.yaml", "--engin", "auto"], "No such option '--engin'. Did you mean '--engine'?"),
        (["run", "x.yaml", "--engine", "numba"], "'numba' is not one of 'auto', 'simpy', 'compiled'"),
        (["run", "x.yaml", "--seed", "-1"], "-1 is not in the range"),
        (["run", "x.yaml", "--replications", "0"], "0 is not in the range"),
        (["run", "x.yaml", "--replications", "x"], "'x' is not a whole number (see"),
        (["theory", "--slots", "4"], "Missing option '--rate'"),
        (["run", "a\nb.yaml"], r"a\nb.yaml"),
    ],
)
def test_a_misspelt_line_is_told_in_one(args: list[str], says: str) -> None:
    assert says in re.sub(r"No such option: (--\w+)", r"No such option '\1'.", refused(*args))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe\x00binary\x00",
        b"[" * 100_000,
        b"a: {" * 100_000,
        b"- " * 100_000,
        b"a: &a [1,1]\nb: &b [*a,*a]\nc: [*b,*b]\n",
        b"name: !!python/object/apply:os.system [ls]\n",
        b"name: x\nname: y\n",
        b"? \x00\n",
        b"name: [bold red]x[/]\n",
        RANDOM.replace("60 s", "1e999 s").encode(),
        RANDOM.replace("replicas: 2", "replicas: 1" + "0" * 5000).encode(),
    ],
)
def test_hostile_files_are_refused_quickly(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "hostile.yaml"
    file.write_bytes(content)
    began = time.perf_counter()
    got = shell("run", file, "--jobs-out", tmp_path / "jobs.csv")
    assert time.perf_counter() - began < 5
    assert got.exit_code == 2
    assert "hostile.yaml" in got.stderr
    assert got.stderr.isascii()
    assert max(map(len, got.stderr.splitlines())) < 500
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize("name", ["evil\x1b[31m.yaml", "[red]markup[bold].yaml", "line\nbreak.yaml", b"\xff\xfe.yaml"])
def test_hostile_names_do_not_reach_the_terminal(name: str | bytes, tmp_path: Path) -> None:
    file = tmp_path / (os.fsdecode(name))
    file.write_text("fleet: {}\n")
    got = shell("run", file)
    assert got.exit_code == 2
    assert all(line.isprintable() for line in got.stderr.splitlines())
    assert all(line.startswith("Error: ") for line in got.stderr.splitlines())
    file.write_text(RANDOM)
    assert shell("run", file).exit_code == 0
    assert refused("run", file, "--" + os.fsdecode(name)).strip("\n").isprintable()


def test_what_nobody_expects_is_told_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def raising(error: BaseException) -> Callable[..., Any]:
        def load_many(*_: Any, **__: Any) -> None:
            raise error

        return load_many

    for error, says in (
        (MemoryError(), "there is not enough memory for this"),
        (PermissionError(13, "Permission denied", "x.yaml"), "x.yaml: Permission denied"),
        (ws.LogError("a law of \x1b[31m is broken"), r"a law of \x1b[31m is broken"),
    ):
        monkeypatch.setattr("workersim.scenario.load_many", raising(error))
        assert refused("run", OVERLOAD) == f"Error: {says}\n"
    monkeypatch.setattr("workersim.scenario.load_many", raising(KeyboardInterrupt()))
    monkeypatch.setattr("threading.active_count", lambda: 1)
    assert shell("run", OVERLOAD).exit_code == 130


def test_an_error_in_the_other_thread_arrives() -> None:
    def fail() -> None:
        msg = "x"
        raise ws.InputError(msg)

    with pytest.raises(ws.InputError, match="x"):
        interruptible(fail)


def test_the_bar_counts_before_it_is_drawn(capsys: pytest.CaptureFixture[str]) -> None:
    bar = _Bar("[red]long " * 10)
    bar.update(1, 3)
    bar.show()
    bar.update(2, 3)
    bar.close()
    late = _Bar("x")
    late.close()
    late.show()
    assert capsys.readouterr().out == ""


# --- as a command


def test_the_command_starts_without_the_heavy_libraries() -> None:
    script = (
        "import sys, workersim.cli\n"
        "try: workersim.cli.main([{args}])\n"
        "except SystemExit: pass\n"
        "heavy = {{'numpy', 'pandas', 'pydantic', 'matplotlib', 'scipy', 'simpy', 'numba', 'rich', 'yaml'}}\n"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)\n"
    )
    for args in ("'--help'", "'--version'", "'run', '--help'", "'theory', '--help'"):
        line = [sys.executable, "-c", script.format(args=args)]
        got = subprocess.run(line, capture_output=True, text=True, check=True)  # noqa: S603
        assert got.stderr == "[]\n"


def test_nothing_but_the_command_shows_the_help() -> None:
    got = command()
    assert (got.returncode, got.stdout) == (2, "")
    assert got.stderr == command("--help").stdout


def test_python_m_workersim() -> None:
    assert command("--version").stdout == f"workersim, version {ws.__version__}\n"
    got = command("run", OVERLOAD, "--json")
    assert json.loads(got.stdout)["metrics"]["queue_length"]["max"] == 6
    assert got.stderr == ""
    got = command("run", "absent.yaml")
    assert (got.returncode, got.stdout) == (2, "")
    assert got.stderr.startswith("Error: absent.yaml: ")


def test_a_closed_pipe_ends_quietly() -> None:
    line = f"{sys.executable} -m workersim schema | head -1; exit ${{PIPESTATUS[0]}}"
    got = subprocess.run(["/bin/bash", "-c", line], capture_output=True, text=True, check=False)  # noqa: S603
    assert got.stdout == "{\n"
    assert got.stderr == ""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_full_disk_is_told_in_one_line(unbuffered: str) -> None:
    environment = os.environ | {"PYTHONUNBUFFERED": unbuffered}
    for args in (["schema"], ["theory", "--slots", "4", "--rate", "1/hour", "--service", "1 min"]):
        with Path("/dev/full").open("w") as full:
            line = [sys.executable, "-m", "workersim", *args]
            got = subprocess.run(  # noqa: S603
                line, stdout=full, stderr=subprocess.PIPE, text=True, check=False, env=environment
            )
        assert (got.returncode, got.stderr) == (2, "Error: the output: No space left on device\n")


@pytest.mark.parametrize("engine", ["simpy", "compiled"])
def test_interrupting_ends_with_130(engine: str, tmp_path: Path) -> None:
    file = tmp_path / "long.yaml"
    file.write_text(RANDOM.replace("4 h", "20000 h").replace("replications: 3", "replications: 100"))
    line = [sys.executable, "-m", "workersim", "run", str(file), "--engine", engine]
    process = subprocess.Popen(line, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)  # noqa: S603
    time.sleep(3)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err.strip()) == (130, "", "")
    assert list(tmp_path.iterdir()) == [file]


def test_a_terminal_sees_progress_and_a_pipe_does_not(tmp_path: Path) -> None:
    file = tmp_path / "long.yaml"
    file.write_text(RANDOM.replace("4 h", "30 h"))
    ours, theirs = pty.openpty()
    line = [sys.executable, "-c", "import workersim.cli.progress as p; p._PATIENCE_S = 0\n" + _MAIN, str(file)]
    process = subprocess.Popen(line, stdout=subprocess.PIPE, stderr=theirs, text=True)  # noqa: S603
    os.close(theirs)
    drawn = []
    with contextlib.suppress(OSError):  # the other end is closed
        while piece := os.read(ours, 65536):
            drawn.append(piece)
    os.close(ours)
    seen = b"".join(drawn).decode()
    out, _ = process.communicate(timeout=60)
    assert "random" in seen
    assert "remaining" in seen
    assert out.startswith("random\n")
    assert command("run", file).stderr == ""


_MAIN = "import sys; from workersim.cli import main; main(['run', '--engine', 'simpy', sys.argv[1]])"
