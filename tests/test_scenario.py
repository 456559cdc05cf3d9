"""Scenarios: the same from a file and from Python, written back equal, changed by paths, described by a schema."""

from __future__ import annotations

import copy
import json
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
import yaml
from hypothesis import HealthCheck, given, settings

import workersim.scenario as ws
from workersim.errors import InputError
from workersim.scenario import (
    Burst,
    Claim,
    Deterministic,
    Empirical,
    Erlang,
    Every,
    Exponential,
    Fleet,
    JobClass,
    Lognormal,
    Mmpp,
    Phase,
    Poisson,
    Profile,
    Renewal,
    RunSettings,
    Scenario,
    Scipy,
    Trace,
    Uniform,
    Workload,
    amount,
    load,
    load_many,
    read,
    schema,
)
from workersim.units import NEVER, SECOND, Duration, Rate, Share, Size

from .scenario_data import scenarios

FOLDER = Path(__file__).parents[1] / "scenarios"
FILES = sorted(FOLDER.glob("*.yaml"))

TEXT = """
name: overload
fleet:
  replicas: 1
  concurrency: 4
  process_memory: {spacy: 500 MB, paddleocr: 200 MB, python: 400 MB}
  startup: {uniform: {min: 60 s, max: 2 min}}
workload:
  jobs:
    document: {service: 20 min, wait_ratio: 0.75}
    page:
      phases: [{cpu: 30 s}, {io: {exponential: {mean: 1 s}}}]
      queue: no
  arrivals:
    - burst: {jobs: 10, at: 0 s}
      jobs: [document]
    - poisson: {rate: 10/hour, from: 1 h, jobs: [page]}
    - profile: {rates: [[0 h, 2/hour], [8 h, 10/hour]], period: 24 h}
      jobs:
        - page
        - document
run: {until: 24 h, warm_up: 1 h}
claims:
  - says: they wait about
      20 minutes
    measure: wait.mean
    among: waited
    expect: 20 min
    within: 10%
"""


def in_python(**changes: Any) -> Scenario:
    parts = {
        "name": "overload",
        "fleet": Fleet(
            replicas=1,
            concurrency=4,
            process_memory={"spacy": "500 MB", "paddleocr": 2e8, "python": "0.4 GB"},
            startup=Uniform(min="1 min", max="120 s"),
        ),
        "workload": Workload(
            jobs={
                "document": JobClass(service=1200, wait_ratio="0.75"),
                "page": JobClass(
                    phases=[Phase(kind="cpu", demand="30 s"), {"io": Exponential(mean="1 s")}], queue="no"
                ),
            },
            arrivals=[
                Burst(jobs=10, at=0, classes=["document"]),
                Poisson(rate="10/hour", from_="1 h", classes=("page",)),
                Profile(rates=[(0, "2/hour"), ("8 h", Rate("10/hour"))], period="24 h", classes=["page", "document"]),
            ],
        ),
        "run": RunSettings(until="1 d", warm_up=3600.0),
        "claims": [
            Claim(
                says="they wait about 20 minutes", measure="wait.mean", among="waited", expect=1200, within=Share("10%")
            )
        ],
    }
    return Scenario(**(parts | changes))


def test_a_file_and_python_say_the_same() -> None:
    scenario = read(TEXT)
    assert scenario == in_python()
    assert hash(scenario) == hash(in_python())
    assert scenario.digest == in_python().digest
    assert scenario != in_python(name="another")
    assert scenario != "overload"


def test_values_are_what_they_stand_for() -> None:
    scenario = read(TEXT)
    fleet, workload, run = scenario.fleet, scenario.workload, scenario.run
    assert (fleet.slots, fleet.cores, fleet.vcpus) == (4, 4.0, None)
    assert (fleet.process_bytes, fleet.memory_bytes) == (1_100_000_000, 4_400_000_000)
    assert workload.jobs["document"].service == 1200 * SECOND
    assert isinstance(workload.jobs["document"].service, Duration)
    assert workload.jobs["page"].queue == "no"
    assert workload.arrivals[1] == Poisson(**{"rate": "10/hour", "from": "1 h", "jobs": ["page"]})
    assert [arrival.classes for arrival in workload.arrivals] == [("document",), ("page",), ("page", "document")]
    assert (run.until, run.warm_up, run.seed, run.replications) == (24 * 3600 * SECOND, 3600 * SECOND, 1, 1)
    assert run.horizon_ns == 24 * 3600 * SECOND
    assert RunSettings().horizon_ns == NEVER
    claim = scenario.claims[0]
    assert (claim.expect, claim.within, claim.is_input) == (1200 * SECOND, 0.1, False)
    assert isinstance(claim.within, Share)


def test_numbers_of_numpy_are_numbers() -> None:
    fleet = Fleet(replicas=np.int64(3), concurrency=np.float64(4), vcpus=np.float32(0.5), startup=np.int16(90))
    assert fleet == Fleet(replicas=3, concurrency=4, vcpus=0.5, startup="90 s")
    assert type(fleet.replicas) is int
    assert Empirical(values=np.array([1.0, 2.0])) == Empirical(values=[1, 2])


def test_a_unit_makes_a_duration_and_none_a_number() -> None:
    assert isinstance(Exponential(mean="3 s").mean, Duration)
    assert Exponential(mean=3).mean == 3.0
    assert amount(Exponential(mean="3 min").mean) == 180.0
    assert amount(Exponential(mean=3).mean) == 3.0
    # as integers, 3 ns and the number 3 would be equal
    assert Exponential(mean="3 ns") != Exponential(mean=3)


def test_a_share_is_relative_and_a_number_is_an_amount() -> None:
    assert isinstance(Claim(says="x", measure="utilization.max", expect="50%", within="10%").within, Share)
    points = Claim(says="x", measure="utilization.max", expect="50%", within=0.1).within
    assert points == 0.1
    assert not isinstance(points, Share)
    assert isinstance(Claim(says="x", measure="wait.mean", expect=60, within=0.1).within, Duration)
    assert isinstance(Claim(says="x", measure="fleet.process_memory", expect="1.1 GB").expect, Size)


def test_classes_of_a_stream_are_those_named_or_all_that_can_run() -> None:
    workload = Workload(
        jobs={"a": JobClass(service=1), "settings": JobClass(queue="slow"), "b": JobClass(phases=[{"io": 1}])},
        arrivals=[Burst(jobs=1), Burst(jobs=1, classes=["b"]), Trace("t.csv", classes=["settings"])],
    )
    assert [workload.classes_of(arrival) for arrival in workload.arrivals] == [("a", "b"), ("b",), ("settings",)]


def test_which_streams_go_on() -> None:
    endless = [Poisson(rate=1), Every(interval=1), Mmpp(rates=[1], holding=[1]), Renewal(interval=Exponential(mean=1))]
    assert all(stream.endless for stream in endless)
    ending: list[Any] = [Poisson(rate=1, until=5), Burst(jobs=3), Trace("t.csv")]
    assert not any(stream.endless for stream in ending)


@pytest.mark.parametrize(
    ("queues", "home"), [(None, "default"), (["slow", "default"], "default"), (["slow", "fast"], "slow")]
)
def test_jobs_without_a_queue_have_a_home(queues: list[str] | None, home: str) -> None:
    assert Fleet(replicas=1, concurrency=1, queues=queues).home_queue == home


def test_the_stages_of_an_erlang() -> None:
    assert [Erlang(mean=1, cv=cv).stages for cv in (1, 0.71, 0.58, "0.5", 0.001)] == [1, 2, 3, 4, 1_000_000]


def test_a_scenario_is_frozen() -> None:
    scenario = read(TEXT)
    with pytest.raises(ValueError, match="frozen"):
        scenario.fleet.replicas = 3  # type: ignore[misc]
    assert pickle.loads(pickle.dumps(scenario)) == scenario  # noqa: S301
    assert copy.deepcopy(scenario) == scenario


@settings(suppress_health_check=list(HealthCheck), deadline=None)
@given(scenarios())
def test_what_is_written_is_read_as_the_same(data: dict[str, Any]) -> None:
    scenario = Scenario(**data)
    text = scenario.to_yaml()
    again = read(text)
    assert again == scenario
    assert again.digest == scenario.digest
    assert again.to_yaml() == text
    assert text.isascii() or text.encode()


@settings(suppress_health_check=list(HealthCheck), deadline=None, max_examples=30)
@given(scenarios())
def test_the_schema_accepts_what_is_written(data: dict[str, Any]) -> None:
    jsonschema.Draft202012Validator(schema()).validate(yaml.safe_load(Scenario(**data).to_yaml()))


def test_yaml_is_readable() -> None:
    assert in_python().to_yaml() == (
        """name: overload
fleet:
  replicas: 1
  concurrency: 4
  process_memory: {spacy: 500 MB, paddleocr: 200 MB, python: 400 MB}
  startup: {uniform: {min: 1 min, max: 2 min}}
workload:
  jobs:
    document: {service: 20 min, wait_ratio: 0.75}
    page: {queue: 'no', phases: [{cpu: 30 s}, {io: {exponential: {mean: 1 s}}}]}
  arrivals:
    - burst: {jobs: 10}
      jobs: [document]
    - poisson: {from: 1 h, jobs: [page], rate: 10/hour}
    - profile: {jobs: [page, document], rates: [[0 s, 2/hour], [8 h, 10/hour]], period: 24 h}
run: {until: 24 h, warm_up: 1 h}
claims:
  - says: they wait about 20 minutes
    measure: wait.mean
    among: waited
    expect: 20 min
    within: 10%
"""
    )


def test_the_digest_is_of_what_decides_the_run() -> None:
    scenario = in_python()
    assert scenario.digest == in_python(name="x", claims=[]).digest
    assert scenario.digest != scenario.replace("run.seed", 2).digest
    assert scenario.digest != scenario.replace("fleet.replicas", 2).digest
    # the order of classes decides which one a trace's rows take
    swapped = Workload(jobs=dict(reversed(list(scenario.workload.jobs.items()))), arrivals=scenario.workload.arrivals)
    assert scenario.digest != in_python(workload=swapped).digest
    assert len(scenario.digest) == 64


@pytest.mark.parametrize(
    ("path", "value", "read_back"),
    [
        ("fleet.replicas", "3", 3),
        ("run.seed", 7, 7),
        ("fleet.vcpus", 2, 2.0),
        ("fleet.process_memory.spacy", "1 GB", Size("1 GB")),
        ("fleet.startup", "5 s", Duration("5 s")),
        ("fleet.startup.uniform.max", "3 min", Duration("3 min")),
        ("workload.jobs.document.service", Lognormal(mean="20 min", cv=1), Lognormal(mean="20 min", cv=1)),
        ("workload.jobs.page.phases[0].cpu", "1 s", Duration("1 s")),
        ("workload.arrivals[1].poisson.rate", "5/hour", Rate("5/hour")),
        ("workload.arrivals[1].poisson.from", "2 h", Duration("2 h")),
        ("workload.arrivals[0].jobs", ["page"], ("page",)),
        ("claims[0].within", "5%", Share("5%")),
        ("name", "other", "other"),
    ],
)
def test_a_value_is_replaced_by_its_path(path: str, value: Any, read_back: Any) -> None:
    scenario = in_python().in_folder(FOLDER)
    changed = scenario.replace(path, value)
    assert changed.value_at(path) == read_back
    assert changed.folder == FOLDER
    assert scenario == in_python()
    assert changed.replace(path, scenario.value_at(path)) == scenario


def test_a_default_is_replaced_too() -> None:
    scenario = Scenario(fleet=Fleet(replicas=1, concurrency=1), workload=Workload(arrivals=[Trace("t.csv")]))
    assert scenario.replace("workload.arrivals[0].trace", "u.csv").value_at("workload.arrivals[0].trace") == "u.csv"
    assert scenario.replace("run.seed", 7).run.seed == 7
    assert scenario.folder == Path()


def test_values_replaced_together_are_checked_together() -> None:
    scenario = in_python()
    with pytest.raises(InputError, match=r"run\.warm_up: expected less than until"):
        scenario.replace("run.until", "30 min")
    both = scenario.replace_all({"run.until": "30 min", "run.warm_up": 0})
    assert both.run == RunSettings(until="30 min")


def test_a_class_may_have_dots_in_its_name() -> None:
    workload = Workload(jobs={"tasks": JobClass(service=1), "tasks.ocr": JobClass(service=2)}, arrivals=[Burst(jobs=1)])
    scenario = in_python(workload=workload)
    assert scenario.value_at("workload.jobs.tasks.ocr.service") == Duration("2 s")
    assert scenario.value_at("workload.jobs.tasks.service") == Duration("1 s")


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("fleet.replcas", "fleet: unknown key 'replcas'; did you mean 'replicas'?"),
        ("flet.replicas", "unknown key 'flet'; did you mean 'fleet'?"),
        ("fleet.replicas.x", "fleet.replicas: expected a path that ends here, found 'x' beyond it"),
        ("workload.jobs.documnt.service", "workload.jobs: unknown key 'documnt'; did you mean 'document'?"),
        ("workload.arrivals[3]", "workload.arrivals: expected an index from 0 to 2, found 3"),
        ("workload.arrivals.x", "workload.arrivals: expected an index from 0 to 2, found 'x'"),
        ("", "expected a path such as fleet.replicas, found ''"),
        ("fleet..replicas", "expected a path such as fleet.replicas, found 'fleet..replicas'"),
        ("fleet.replicas]", "expected a path such as fleet.replicas, found 'fleet.replicas]'"),
    ],
)
def test_a_path_that_leads_nowhere(path: str, message: str) -> None:
    scenario = in_python()
    for ask in (scenario.value_at, scenario.quantity_at, lambda path: scenario.replace(path, 1)):
        with pytest.raises(InputError) as refusal:
            ask(path)
        assert str(refusal.value) == message


def test_a_value_that_cannot_stand_there() -> None:
    with pytest.raises(InputError, match=r"^fleet.replicas: expected a whole number from 0 to 100000, found -1$"):
        in_python().replace("fleet.replicas", -1)


@pytest.mark.parametrize(
    ("path", "quantity"),
    [
        ("fleet.process_memory", 1.1e9),
        ("fleet.process_memory.spacy", 5e8),
        ("workload.jobs.document.service", 1200.0),
        ("workload.jobs.document.wait_ratio", 0.75),
        ("workload.arrivals[1].poisson.rate", 10 / 3600),
        ("fleet.cost", 1.0),
        ("claims[0].within", 0.1),
    ],
)
def test_quantities(path: str, quantity: float) -> None:
    assert in_python().quantity_at(path) == quantity


@pytest.mark.parametrize("path", ["name", "fleet", "workload.arrivals", "fleet.startup", "run.until", "fleet.vcpus"])
def test_no_quantity(path: str) -> None:
    scenario = in_python(run=RunSettings(), workload=Workload(arrivals=[Trace("t.csv")]))
    with pytest.raises(InputError, match="expected a place with a number, found"):
        scenario.quantity_at(path)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_the_scenarios_that_come_along(file: Path) -> None:
    scenario = load(file)
    assert scenario.name.startswith("Scenario ")
    assert read(scenario.to_yaml()) == scenario
    assert scenario.folder == FOLDER
    assert file.read_text().startswith("# ")
    assert all(len(line) <= 120 for line in file.read_text().splitlines())
    jsonschema.Draft202012Validator(schema()).validate(yaml.safe_load(file.read_text()))


def test_the_five_scenarios_are_those_of_the_guide() -> None:
    five = load_many(FILES[:5])
    assert [(each.fleet.replicas, each.fleet.concurrency) for each in five] == [(1, 4)] * 4 + [(3, 4)]
    bursts = [sum(arrival.jobs for arrival in each.workload.arrivals if isinstance(arrival, Burst)) for each in five]
    assert bursts == [0, 1, 4, 10, 10]
    assert {each.fleet.memory_bytes for each in five} == {Size("4.4 GB")}
    assert {each.workload.jobs["document"].service for each in five} == {Duration("20 min")}
    assert [each.quantity_at("fleet.process_memory") for each in five] == [1.1e9] * 5
    day = load(FILES[5])
    assert day.workload.jobs["document"].service == Lognormal(mean="20 min", cv=0.8)
    assert day.run.replications == 20


def test_files_and_folders(tmp_path: Path) -> None:
    for name in ("b", "a", "inner/c"):
        path = tmp_path / f"{name}.yaml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(TEXT.replace("name: overload", ""))
    (tmp_path / "notes.txt").write_text("no scenario")
    assert [each.name for each in load_many([tmp_path])] == ["a", "b"]
    assert [each.name for each in load_many([tmp_path], recursive=True)] == ["a", "b", "c"]
    both = load_many([tmp_path / "b.yaml", str(tmp_path / "inner")])
    assert [each.name for each in both] == ["b", "c"]
    assert both[1].folder == tmp_path / "inner"


def test_the_schema_is_one() -> None:
    described = schema()
    jsonschema.Draft202012Validator.check_schema(described)
    assert described["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert described["description"] == "What is asked; one that exists is valid."
    assert described["$defs"]["Fleet"]["properties"]["replicas"] == {
        "description": "Containers, all ready from the start.",
        "maximum": 100_000,
        "minimum": 0,
        "title": "Replicas",
        "type": "integer",
    }
    assert described["$defs"]["RunSettings"]["properties"]["warm_up"]["default"] == "0 s"
    json.dumps(described, allow_nan=False)
    undescribed = [
        (name, key)
        for name in ("Fleet", "JobClass", "RunSettings", "Claim", "Burst", "Poisson", "Profile", "Mmpp")
        for key, field in described["$defs"][name]["properties"].items()
        if "description" not in field
    ]
    assert undescribed == []


@pytest.mark.parametrize(
    "text",
    [
        TEXT.replace("replicas: 1", "replicsa: 1"),
        TEXT.replace("replicas: 1", "replicas: -1"),
        TEXT.replace("replicas: 1", "replicas: many"),
        TEXT.replace("replicas: 1", "replicas: 1\n  autoscale: {}"),
        TEXT.replace("20 min, wait", "20 parsecs, wait"),
        TEXT.replace("poisson", "poison"),
        TEXT.replace("uniform", "unifrom"),
        TEXT.replace("until: 24 h", "until: yesterday"),
        TEXT.replace("wait.mean", "wait.men"),
        TEXT.replace("burst: {jobs: 10, at: 0 s}", "burst: {jobs: 10}\n      poisson: {rate: 1}"),
    ],
)
def test_what_is_refused_the_schema_refuses_too(text: str) -> None:
    assert text != TEXT
    with pytest.raises(InputError):
        read(text)
    assert not jsonschema.Draft202012Validator(schema()).is_valid(yaml.safe_load(text))


def test_scenarios_do_not_pull_in_heavy_packages() -> None:
    code = (
        "import sys, workersim.scenario as ws; from pathlib import Path; ws.load_many(sys.argv[1:]); ws.schema();"
        "print([name for name in ('scipy', 'pandas', 'matplotlib', 'numba', 'simpy') if name in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code, FOLDER], capture_output=True, text=True, check=True)  # noqa: S603
    assert run.stdout.strip() == "[]"


def test_public_names() -> None:
    assert ws.__all__ == sorted(ws.__all__, key=lambda name: (not name.isupper(), name[0].islower(), name))
    assert all(getattr(ws, name).__doc__ for name in ws.__all__ if callable(getattr(ws, name)))


def test_every_family_stands_where_a_duration_stands() -> None:
    gamma = Scipy("gamma", a=2, scale="30 s")
    assert gamma.parameters == {"a": 2.0, "scale": Duration("30 s")}
    assert JobClass(service=gamma, expires={"scipy": {"name": "gamma", "a": "2", "scale": "30 s"}}).expires == gamma
    assert Scipy(name="expon").parameters == {}
    assert JobClass(service=1, wait_ratio=Deterministic(mean=0)).wait_ratio == Deterministic(mean=0)


def test_prices_of_use() -> None:
    """A number is the price of a replica; else what is used has prices, and a month may have a least one."""

    def fleet(cost: object) -> ws.Fleet:
        return ws.Fleet(replicas=1, concurrency=1, cost=cost)

    plain = fleet(2)
    assert (plain.replica_price, plain.gb_price, plain.vcpu_price, plain.least_price) == (2, 0, 0, 0)
    used = fleet({"vcpu_minute": 0.01, "gb_minute": 0.5, "minimum": 72})
    assert (used.replica_price, used.gb_price) == (0, 30)
    assert used.vcpu_price == pytest.approx(0.6)
    assert used.least_price == pytest.approx(0.1)  # 72 a month of 720 hours
    railway = fleet("railway")
    assert railway == fleet({"vcpu_minute": 0.000463, "gb_minute": 0.000231, "minimum": 20})
    # What is written holds the prices, which a later version may know others of.
    assert railway.written()["cost"] == {"vcpu_minute": 0.000463, "gb_minute": 0.000231, "minimum": 20}
    month = 60 * 24 * 30
    assert round(0.000463 * month) == 20
    assert round(0.000231 * month) == 10
    for cost, said in (
        ("railwai", "fleet.cost: unknown price list 'railwai'; did you mean 'railway'"),
        ({"gb_hour": 1}, "fleet.cost: unknown key 'gb_hour'"),
        ({"minimum": -1}, "fleet.cost.minimum: expected a number from 0 to 1e"),
        (-1, "fleet.cost: expected a number from 0 to 1e"),
    ):
        with pytest.raises(InputError, match=said):
            fleet(cost)
