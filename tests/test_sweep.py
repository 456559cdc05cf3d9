"""Sweeps: the grid, the table, and that it is the same whoever works it out and however often that is broken off."""

from __future__ import annotations

import importlib
import json
import math
import os
import signal
import subprocess
import sys
import time
import tracemalloc
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
from click.testing import CliRunner

import workersim as ws
from workersim import workload
from workersim.cli import main
from workersim.experiments import executing
from workersim.experiments.documents import documents_of, replicate
from workersim.experiments.executing import Pool
from workersim.experiments.flat import flat
from workersim.experiments.grid import read_vary, values_of
from workersim.experiments.journal import Journal

if TYPE_CHECKING:
    from collections.abc import Callable

    from workersim.workload import Jobs

VARY = {"fleet.replicas": "1:4", "fleet.vcpus": [1, 2]}
LINES = """\
name: small
fleet: {replicas: 2, concurrency: 2, vcpus: 2}
workload:
  jobs: {document: {service: {exponential: {mean: 60 s}}, wait_ratio: 0.75}}
  arrivals: [{poisson: {rate: 90/hour}}]
run: {until: 4 h, seed: 7}
"""


def small(**more: Any) -> ws.Scenario:
    return ws.read(LINES).replace_all(more) if more else ws.read(LINES)


def frames_equal(one: pd.DataFrame, two: pd.DataFrame) -> bool:
    return one.to_csv(index=False) == two.to_csv(index=False)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("1:4", [1, 2, 3, 4]),
        ("1:10:3", [1, 4, 7, 10]),
        ("1:9:3", [1, 4, 7]),
        ("0.1:0.3:0.1", [0.1, 0.2, 0.3]),
        ("1:64:x4", [1, 4, 16, 64]),
        ("0.5:3:x2", [0.5, 1, 2]),
        ("2,4,6", [2, 4, 6]),
        ("2, 8:10 ,16", [2, 8, 9, 10, 16]),
        ("5:30:5 min", ["5 min", "10 min", "15 min", "20 min", "25 min", "30 min"]),
        ("10/hour:30/hour:10/hour", ["10/hour", "20/hour", "30/hour"]),
        ("20%:60%:20%", ["20%", "40%", "60%"]),
        ("1:4:x2 GB", ["1 GB", "2 GB", "4 GB"]),
        ("first,random", ["first", "random"]),
        ("[a, b],[c]", [["a", "b"], ["c"]]),
        ("{lognormal: {mean: 20 min, cv: 1}},5 min", [{"lognormal": {"mean": "20 min", "cv": "1"}}, "5 min"]),
    ],
)
def test_values_are_written_shortly(text: str, wanted: list[Any]) -> None:
    assert values_of("key", text) == wanted


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("4:1", "expected a range that goes up"),
        ("1:4:0", "expected a range that goes up"),
        ("1:4:x1", "expected a range that goes up"),
        ("0:4:x2", "expected a range that goes up"),
        ("1 min:4 h", "expected one unit in '1 min:4 h', found h and min"),
        ("1,,2", "expected a value between commas"),
        ("", "expected a value between commas"),
        ("0:1e9", "expected at most 100,000 values"),
        ("{a: ", "expected YAML"),
    ],
)
def test_values_that_make_no_sense(text: str, says: str) -> None:
    with pytest.raises(ws.InputError, match=says):
        values_of("key", text)


def test_values_may_be_any_numbers() -> None:
    numpy = pytest.importorskip("numpy")
    assert [type(value) for value in values_of("key", numpy.arange(1, 3))] == [int, int]
    assert values_of("key", range(2)) == [0, 1]
    assert values_of("key", 3) == [3]
    assert values_of("key", {"exponential": {"mean": 1}}) == [{"exponential": {"mean": 1}}]


@pytest.mark.parametrize(
    ("texts", "says"),
    [
        (["fleet.replicas"], "expected PATH=VALUES"),
        (["=1"], "expected PATH=VALUES"),
        (["a=1", "a=2"], "'a' stands twice"),
    ],
)
def test_what_is_no_path_with_values(texts: list[str], says: str) -> None:
    with pytest.raises(ws.InputError, match=says):
        read_vary(texts)


@pytest.mark.parametrize(
    ("vary", "says"),
    [
        ({}, "expected 1 to 100,000 combinations, found 0"),
        ({"fleet.replica": [1]}, "did you mean 'replicas'"),
        ({"fleet.replicas": [-1]}, "expected a whole number from 0 to 100000, found -1"),
        ({"fleet.replicas": []}, "expected at least one value"),
        ({"fleet.replicas": range(1000), "fleet.concurrency": range(1, 1000)}, "found 999,000"),
    ],
)
def test_sweeps_that_make_no_sense(vary: dict[str, Any], says: str) -> None:
    with pytest.raises(ws.InputError, match=says):
        ws.sweep(small(), vary)


def test_each_row_has_the_figures_of_a_run() -> None:
    table = ws.sweep(small(), VARY, replications=4).to_frame()
    assert list(table.columns[:2]) == list(VARY)
    assert table[list(VARY)].to_numpy().tolist() == [[r, c] for r in (1, 2, 3, 4) for c in (1, 2)]
    for _, row in table.iterrows():
        result = ws.run(small(**{path: int(row[path]) for path in VARY}), replications=4)
        for name, value in flat(result.metrics):
            assert row[name] == value or (value is None and math.isnan(row[name])), name
        low, high = result.wait.interval.p95
        assert (row["wait.p95.low"], row["wait.p95.high"]) == (low, high)
        assert row["replications"] == 4


def test_without_chance_there_is_one_run_and_no_doubt() -> None:
    fixed = ws.load(Path(__file__).parents[1] / "scenarios" / "4-overload.yaml")
    found = ws.sweep(fixed, {"fleet.replicas": "1:3"}, replications=50)
    table = found.to_frame()
    assert table["replications"].tolist() == [1, 1, 1]
    assert table["wait.mean"].tolist() == table["wait.mean.low"].tolist() == table["wait.mean.high"].tolist()
    assert "±" not in found.summary().replace("± is", "")


def test_as_often_as_the_scenario_says_but_ten_times_at_least() -> None:
    counts = [
        ws.sweep(small(**{"run.replications": n}), {"fleet.replicas": [2]}).rows[0]["replications"] for n in (1, 12)
    ]
    assert counts == [10, 12]


def test_a_point_that_cannot_be_is_told() -> None:
    tight = small(**{"fleet.process_memory": "1 GB", "fleet.memory_limit": "4 GB"})
    found = ws.sweep(tight, {"fleet.concurrency": "2:6:2"}, replications=2)
    table = found.to_frame()
    assert table["fleet.concurrency"].tolist() == [2, 4, 6]
    assert table["wait.mean"].isna().tolist() == [False, False, True]
    assert "memory_limit" in table["warnings"][2]
    assert "1 of 3 points: fleet.memory_limit" in found.summary()


def test_durations_and_rates_are_numbers_in_the_table() -> None:
    vary = {"workload.arrivals[0].poisson.rate": ["60/hour", "90/hour"], "run.warm_up": ["0 s", "10 min"]}
    table = ws.sweep(small(), vary, replications=2).to_frame()
    assert table["run.warm_up"].tolist() == [0, 600, 0, 600]
    assert table["workload.arrivals[0].poisson.rate"].tolist() == pytest.approx([1 / 60, 1 / 60, 1 / 40, 1 / 40])
    mixed = {"workload.jobs.document.service": ["1 min", {"exponential": {"mean": "1 min"}}]}
    assert ws.sweep(small(), mixed, replications=2).to_frame().iloc[:, 0].tolist() == [
        60,
        str({"exponential": {"mean": "1 min"}}),
    ]


# The same documents

APART = {
    "fleet.queues": ["default"],
    "fleet.dispatch": "random",
    "run.seed": 8,
    "run.until": "3 h",
    "workload.jobs.document.priority": 1,
    "workload.arrivals[0].poisson.rate": "91/hour",
}
ALIKE = {
    "fleet.replicas": 3,
    "fleet.concurrency": 3,
    "fleet.vcpus": 1,
    "fleet.process_memory": "1 GB",
    "fleet.parent_memory": "1 GB",
    "fleet.memory_limit": "20 GB",
    "fleet.cost": 2,
    "fleet.autoscale": {"max_replicas": 3, "scale_up_when": "queue_length > 5"},
    "fleet.changes": [{"at": "1 h", "replicas": 3}],
    "fleet.stops": [{"at": "1 h", "replica": 0}],
    "fleet.deploys": [{"at": "1 h"}],
    "fleet.drain": "1 min",
    "fleet.restarts": 3,
    "fleet.queue_order": "sorted",
    "run.warm_up": "1 h",
    "run.replications": 9,
    "name": "other",
}


@pytest.mark.parametrize("path", ALIKE)
def test_documents_are_shared_where_they_are_the_same(path: str) -> None:
    base, other = small(), small(**{path: ALIKE[path]})
    assert documents_of(base) == documents_of(other)
    for replication in (0, 1):
        one, two = (workload.realise(each, replication=replication) for each in (base, other))
        for columns in ("arrival_ns", "queue", "priority", "expires_ns", "job_class"):
            assert getattr(one.table, columns).tolist() == getattr(two.table, columns).tolist()
        assert one.table.queues == two.table.queues
        assert one.phase_demand_ns.tolist() == two.phase_demand_ns.tolist()


@pytest.mark.parametrize("path", ["fleet.replicas", "fleet.vcpus", "fleet.cost", "run.warm_up"])
def test_sharing_documents_changes_no_figure(path: str) -> None:
    base, other = small(), small(**{path: ALIKE[path]})
    for replication in (0, 1):
        together = [sample.figures for sample in replicate([base, other], replication, "compiled")]
        alone = [next(replicate([each], replication, "compiled")).figures for each in (base, other)]
        assert together == alone


@pytest.mark.parametrize("path", APART)
def test_documents_are_drawn_anew_where_anything_else_differs(path: str) -> None:
    assert documents_of(small()) != documents_of(small(**{path: APART[path]}))


def test_documents_are_drawn_once_a_replication(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[int] = []
    realise = workload.realise

    def counted(scenario: ws.Scenario, *, replication: int) -> Jobs:
        drawn.append(replication)
        return realise(scenario, replication=replication)

    monkeypatch.setattr(workload, "realise", counted)
    ws.sweep(small(), VARY, replications=5)
    assert sorted(drawn) == [0, 1, 2, 3, 4]


# Whoever works it out


class _Backwards(Executor):
    """Ends the last task first."""

    def submit(self, function: Any, /, *args: Any, **more: Any) -> Future[Any]:
        future: Future[Any] = Future()
        self.waiting = [*getattr(self, "waiting", []), (future, function, args, more)]
        if len(self.waiting) >= 5 or args[0].replications.stop == 23:
            for each, call, given, named in reversed(self.waiting):
                each.set_result(call(*given, **named))
            self.waiting = []
        return future


POOLS: dict[str, Callable[[], Any]] = {
    "one thread": lambda: ThreadPoolExecutor(1),
    "seven threads": lambda: ThreadPoolExecutor(7),
    "backwards": _Backwards,
    "processes": executing.processes,
}


@pytest.fixture
def many_tasks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cut sweeps into many tasks, small as they are."""
    module = importlib.import_module("workersim.experiments.sweep")  # a function has its name too
    monkeypatch.setattr(module, "TASK_JOBS", 4 * 2360)
    monkeypatch.setattr(module, "BLOCK_JOBS", 4 * 2360 * 6)


@pytest.mark.usefixtures("many_tasks")
@pytest.mark.parametrize("pool", POOLS)
def test_the_table_does_not_depend_on_who_works_it_out(pool: str) -> None:
    wanted = ws.sweep(small(), VARY, replications=23).to_frame()
    made = POOLS[pool]()
    with made:
        got = ws.sweep(small(), VARY, replications=23, executor=made).to_frame()
    assert frames_equal(got, wanted)
    assert frames_equal(ws.sweep(small(), VARY, replications=23, executor=ThreadPoolExecutor).to_frame(), wanted)


def dies_once(task: tuple[str, int]) -> int:
    """Kill its own process the first time."""
    mark, number = task
    if number == 3 and not Path(mark).exists():
        Path(mark).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return number * number


def test_a_pool_that_breaks_is_made_again_by_what_makes_it(tmp_path: Path) -> None:
    tasks = [(str(tmp_path / "once"), number) for number in range(20)]
    got = list(Pool(executing.processes).map(dies_once, tasks))
    assert sorted(done for _, done in got) == [number * number for number in range(20)]
    (tmp_path / "once").unlink()
    with executing.processes() as pool, pytest.raises(BrokenProcessPool):
        list(Pool(pool).map(dies_once, tasks))


def test_what_is_no_executor_is_refused() -> None:
    with pytest.raises(ws.InputError, match="executor: expected one of concurrent"):
        ws.sweep(small(), VARY, executor="four")


# Broken off and begun again


def journal_of(out: Path) -> Path:
    return out.with_name(out.name + ".journal")


class _EnoughError(Exception):
    pass


@pytest.mark.usefixtures("many_tasks")
@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_a_sweep_goes_on_where_it_was(tmp_path: Path, kind: str) -> None:
    whole, out = tmp_path / f"whole.{kind}", tmp_path / f"out.{kind}"
    ws.sweep(small(), VARY, replications=6, out=whole)
    seen: list[int] = []

    def stop(done: int, of: int) -> None:
        assert of == 8 * 6
        seen.append(done)
        if done > 30:
            raise _EnoughError

    with pytest.raises(_EnoughError):
        ws.sweep(small(), VARY, replications=6, out=out, executor=lambda: ThreadPoolExecutor(1), progress=stop)
    kept = journal_of(out).read_bytes().count(b"\n") - 1
    assert 0 < kept < 8
    assert not out.exists()
    with journal_of(out).open("ab") as file:
        file.write(b'{"point":7,"figu')  # torn
    again: list[int] = []
    ws.sweep(small(), VARY, replications=6, out=out, progress=lambda done, _: again.append(done))
    assert again[0] > 6 * kept
    assert again[-1] == 48
    assert out.read_bytes() == whole.read_bytes()
    assert not journal_of(out).exists()


def test_the_journal_of_another_sweep_is_refused(tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    with pytest.raises(_EnoughError):
        ws.sweep(small(), VARY, replications=3, out=out, progress=_stop)
    before = journal_of(out).read_bytes()
    others: list[dict[str, Any]] = [
        {"scenario": small(**{"run.seed": 8})},
        {"vary": {"fleet.replicas": "1:5", "fleet.vcpus": [1, 2]}},
        {"replications": 4},
    ]
    for other in others:
        asked: dict[str, Any] = {"scenario": small(), "vary": VARY, "replications": 3} | other
        with pytest.raises(ws.InputError, match=r"out\.csv\.journal is the journal of another sweep; remove it"):
            ws.sweep(**asked, out=out)
    assert journal_of(out).read_bytes() == before


def test_another_file_of_documents_is_another_sweep(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("arrival,service\n0,60\n")
    traced = ws.read("fleet: {replicas: 1, concurrency: 1}\nworkload: {arrivals: [trace: t.csv]}", folder=tmp_path)
    with pytest.raises(_EnoughError):
        ws.sweep(traced, {"fleet.replicas": "1:3"}, out=tmp_path / "o.csv", progress=_stop)
    (tmp_path / "t.csv").write_text("arrival,service\n0,61\n")
    with pytest.raises(ws.InputError, match="journal of another sweep"):
        ws.sweep(traced, {"fleet.replicas": "1:3"}, out=tmp_path / "o.csv")


def _stop(*_: int) -> None:
    raise _EnoughError


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"hello", "is no journal of a sweep"),
        (b"hello\n", "is no journal of a sweep"),
        (b"[1]\n", "is no journal of a sweep"),
        (b'{"sweep":"a"}\n{"point":1}\nnonsense\n{"point":2}\n', "is damaged in line 3"),
        (b'{"sweep":"a"}\n{"point":"x"}\n', "is damaged in line 2"),
    ],
)
def test_journals_that_cannot_be_read(tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / "j"
    path.write_bytes(content)
    with pytest.raises(ws.InputError, match=says):
        Journal(path, "a")
    assert path.read_bytes() == content


def test_a_journal_has_one_writer(tmp_path: Path) -> None:
    with Journal(tmp_path / "j", "a") as journal:
        journal.add(3, {"figures": {}})
        with pytest.raises(ws.InputError, match="is in use by another process"):
            Journal(tmp_path / "j", "a")
    with Journal(tmp_path / "j", "a") as journal:
        assert journal.rows == {3: {"figures": {}}}


@pytest.mark.parametrize("torn", [b"", b'{"swe', b'{"sweep":"a"', b'{"sweep":"a"}\n{"po'])
def test_a_journal_may_be_torn_anywhere(tmp_path: Path, torn: bytes) -> None:
    (tmp_path / "j").write_bytes(torn)
    with Journal(tmp_path / "j", "a") as journal:
        assert journal.rows == {}
    assert (tmp_path / "j").read_bytes() == b'{"sweep":"a"}\n'


def test_a_table_that_cannot_be_written_is_told_before_anything_is_run(tmp_path: Path) -> None:
    for name in ("out.txt", "nowhere/out.csv"):
        with pytest.raises(ws.InputError, match="--out"):
            ws.sweep(small(), VARY, out=tmp_path / name, progress=_stop)


SHELL = [sys.executable, "-m", "workersim", "sweep"]
LONG = ["--vary", "fleet.replicas=1:12", "--vary", "fleet.vcpus=1,2", "--replications", "40"]


def test_a_killed_sweep_gives_the_same_file(tmp_path: Path) -> None:
    (tmp_path / "small.yaml").write_text(LINES.replace("4 h", "48 h"))
    command = [*SHELL, str(tmp_path / "small.yaml"), *LONG, "--out"]
    whole, out = tmp_path / "whole.csv", tmp_path / "out.csv"
    quiet: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    kills = 0
    while not out.exists():
        running = subprocess.Popen([*command, str(out)], **quiet)  # noqa: S603 (our own command)
        before = _rows_in(journal_of(out))
        deadline = time.monotonic() + 60
        while running.poll() is None and _rows_in(journal_of(out)) <= before and time.monotonic() < deadline:
            time.sleep(0.01)
        if running.poll() is None and kills < 2:
            running.send_signal(signal.SIGKILL)
            kills += 1
        assert running.wait(timeout=120) in (0, -signal.SIGKILL)
    assert kills > 0
    subprocess.run([*command, str(whole)], check=True, timeout=120, **quiet)  # noqa: S603 (our own command)
    assert out.read_bytes() == whole.read_bytes()
    assert len(pd.read_csv(out)) == 24


def _rows_in(journal: Path) -> int:
    try:
        return journal.read_bytes().count(b"\n")
    except FileNotFoundError:
        return 0


# Memory


def test_memory_does_not_grow_with_replications() -> None:
    def peak(replications: int) -> int:
        ws.sweep(small(), {"fleet.replicas": [2]}, replications=2, executor=lambda: ThreadPoolExecutor(1))
        tracemalloc.start()
        ws.sweep(small(), {"fleet.replicas": [2, 3]}, replications=replications, executor=lambda: ThreadPoolExecutor(1))
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    few, many = peak(20), peak(100)
    # A run of 360 jobs holds about 60 kB; its figures are some 60 numbers of 8 bytes.
    assert many < few + 2 * 80 * 2_000


# The shell


def test_the_shell_writes_the_table(tmp_path: Path) -> None:
    (tmp_path / "small.yaml").write_text(LINES)
    out = tmp_path / "out.csv"
    arguments = ["sweep", str(tmp_path / "small.yaml"), "--vary", "fleet.replicas=2:3", "--replications", "3"]
    got = CliRunner().invoke(main, [*arguments, "--out", str(out), "--seed", "5"])
    assert got.exit_code == 0, got.output
    assert "replicas" in got.output
    wanted = ws.sweep(small(**{"run.seed": 5}), {"fleet.replicas": [2, 3]}, replications=3)
    assert out.read_text() == wanted.to_frame().to_csv(index=False)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--vary", "fleet.replica=1:2"], "small.yaml: fleet: unknown key 'replica'; did you mean 'replicas'?"),
        (["--vary", "fleet.replicas=2:1"], "expected a range that goes up"),
        (["--vary", "fleet.replicas"], "expected PATH=VALUES"),
        (["--vary", "fleet.replicas=1", "--out", "x.txt"], "--out: expected a name that ends in .csv or .parquet"),
        (["--vary", "fleet.replicas=1", "--cluster", "tcp://x", "--processes"], "expected either --cluster or --proc"),
        ([], "Missing option '--vary'"),
    ],
)
def test_bad_input_is_told_in_a_line(tmp_path: Path, arguments: list[str], says: str) -> None:
    (tmp_path / "small.yaml").write_text(LINES)
    got = CliRunner().invoke(main, ["sweep", str(tmp_path / "small.yaml"), *arguments])
    assert got.exit_code == 2
    assert says in got.output
    assert got.output.count("\n") == 1


def test_results_show_themselves() -> None:
    found = ws.sweep(small(name="<b>"), {"fleet.replicas": [2, 3]}, replications=3)
    assert len(found) == 2
    assert "<b>" not in found._repr_html_().replace("<strong>", "")
    assert "&lt;b&gt;" in found._repr_html_()
    assert all(len(row) <= 80 for row in found.summary().splitlines())
    assert repr(found) == "<Sweep of '<b>': 2 points of fleet.replicas>"


# Dask


def dask(*arguments: str, log: Path) -> subprocess.Popen[bytes]:
    with log.open("wb") as file:
        return subprocess.Popen(  # noqa: S603 (our own command)
            [sys.executable, "-m", "distributed.cli." + arguments[0], *arguments[1:]], stdout=file, stderr=file
        )


def test_a_cluster_gives_the_same_table_when_a_worker_is_killed(tmp_path: Path) -> None:
    pytest.importorskip("distributed", reason="Dask is not installed (extra dask)")
    (tmp_path / "small.yaml").write_text(LINES.replace("4 h", "48 h"))
    address_in = tmp_path / "scheduler.json"
    started = [
        dask(
            "dask_scheduler",
            "--host",
            "127.0.0.1",
            "--port",
            "0",
            "--no-dashboard",
            "--scheduler-file",
            str(address_in),
            log=tmp_path / "s",
        )
    ]
    try:
        until(address_in.exists)
        address = json.loads(address_in.read_text())["address"]
        plain = ["--nthreads", "1", "--no-nanny", "--no-dashboard", "--host", "127.0.0.1"]
        started += [dask("dask_worker", address, *plain, log=tmp_path / f"w{at}") for at in range(2)]
        whole, out = tmp_path / "whole.csv", tmp_path / "out.csv"
        command = [*SHELL, str(tmp_path / "small.yaml"), *LONG, "--out"]
        sweep = subprocess.Popen([*command, str(out), "--cluster", address], stdout=subprocess.DEVNULL)  # noqa: S603
        started.append(sweep)
        until(lambda: _rows_in(journal_of(out)) > 1 or sweep.poll() is not None)
        assert sweep.poll() is None, "the sweep was over before a worker could be killed"
        started[1].send_signal(signal.SIGKILL)
        assert sweep.wait(timeout=180) == 0
        subprocess.run([*command, str(whole)], check=True, timeout=120, stdout=subprocess.DEVNULL)  # noqa: S603
        assert out.read_bytes() == whole.read_bytes()
    finally:
        for process in reversed(started):
            process.kill()
            process.wait()


def test_a_cluster_that_is_not_there(tmp_path: Path) -> None:
    pytest.importorskip("distributed", reason="Dask is not installed (extra dask)")
    (tmp_path / "small.yaml").write_text(LINES)
    arguments = ["sweep", str(tmp_path / "small.yaml"), "--vary", "fleet.replicas=1", "--cluster", "nonsense://x"]
    got = CliRunner().invoke(main, arguments)
    assert got.exit_code == 2
    assert "--cluster: no scheduler answers at 'nonsense://x'" in got.output


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "nothing happened for a minute"
        time.sleep(0.02)


def test_a_table_of_many_keys_fits_a_page() -> None:
    scenario = ws.load("scenarios/celery/priority-starvation.yaml").replace("run.until", "2 h")
    vary = {"fleet.worker.celery.prefetch_multiplier": [1, 4], "fleet.worker.celery.acks": ["early", "late"]}
    text = ws.sweep(scenario, vary, replications=2).summary()
    assert max(map(len, text.splitlines())) <= 80
    assert "p95 wait" in text
