"""The workload in chunks: the same jobs as all at once, bit for bit, in memory that does not grow."""

from __future__ import annotations

import tracemalloc
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings

from tests.strategies import scenarios
from workersim.errors import InputError
from workersim.scenario import (
    Burst,
    Deterministic,
    Empirical,
    Erlang,
    Every,
    Exponential,
    Fleet,
    Gamma,
    Hyperexponential,
    JobClass,
    Lognormal,
    Mmpp,
    Poisson,
    Profile,
    Renewal,
    Retries,
    RunSettings,
    Scenario,
    Scipy,
    Trace,
    Triangular,
    Uniform,
    Weibull,
    Workload,
)
from workersim.workload import Jobs, chunks, realise, ziggurat
from workersim.workload.jobs import is_constant

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

COLUMNS = ("arrival_ns", "job_class", "queue", "priority", "expires_ns", "phases", "kind", "demand_ns", "lots")
EXPONENTIAL = {"a": JobClass(service=Exponential(mean=1))}
VARIED = {
    "a": JobClass(service=Lognormal(mean=5, cv=1), wait_ratio=Uniform(min=0, max=2), expires=Exponential(mean="1 min")),
    "b": JobClass(phases=[{"cpu": Exponential(mean=1)}, {"io": Scipy("gamma", a=2)}], weight=3, queue="b", priority=2),
    "c": JobClass(service=Hyperexponential(mean=1, cv=2), wait_ratio=Scipy("expon"), expires="9 s"),
    "d": JobClass(service=0, wait_ratio=1),
}


def asked(
    *arrivals: Any, jobs: dict[str, JobClass] | None = None, until: Any = "4000 s", seed: int = 1, **fleet: Any
) -> Scenario:
    return Scenario(
        fleet=Fleet(**{"replicas": 1, "concurrency": 4} | fleet),
        workload=Workload(jobs=VARIED if jobs is None else jobs, arrivals=arrivals),
        run=RunSettings(until=until, seed=seed),
    )


def columns(jobs: Jobs) -> dict[str, Any]:
    held = [np.diff(jobs.first_phase), jobs.phase_kind, jobs.phase_demand_ns, jobs.dispatch_u]
    return dict(zip(COLUMNS, [*jobs.table.columns().values(), *held], strict=True)) | fates_of(jobs)


def fates_of(jobs: Jobs) -> dict[str, Any]:
    if jobs.fates is None:
        return {}
    columns = dict(vars(jobs.fates))
    columns["retries"] = np.diff(columns.pop("first_retry"))
    columns["followers"] = np.diff(columns.pop("first_follower"))
    del columns["rate_ns"]  # by class, and so the same in each chunk
    return columns


def assert_alike(scenario: Scenario, size: int, **how: Any) -> None:
    """Compare chunks of a size, whoever draws them, with all jobs at once: every column, its type and the names."""
    whole = realise(scenario, **how)
    for compiled in (False, True):
        assert_equal(whole, list(chunks(scenario, size=size, compiled=compiled, **how)), size)


def assert_equal(whole: Jobs, parts: list[Jobs], size: int) -> None:
    assert [len(part) for part in parts[:-1]] == [size] * (len(parts) - 1)
    assert sum(map(len, parts)) == len(whole)
    assert all(0 < len(part) <= size for part in parts)
    names = [(part.table.classes, part.table.queues) for part in parts]
    assert set(names) <= {(whole.table.classes, whole.table.queues)}
    held = [columns(part) for part in parts]
    for name, column in columns(whole).items():
        together = [part[name] for part in held] or [column[:0]]
        assert {part.dtype for part in together} == {column.dtype}
        np.testing.assert_array_equal(np.concatenate(together), column, err_msg=name, strict=True)


@pytest.mark.parametrize("seed", range(4))
def test_a_kernel_draws_the_exponential_numbers_of_numpy_to_the_last_bit(seed: int) -> None:
    ours, theirs = (np.random.Generator(np.random.SFC64(seed)) for _ in range(2))
    assert ziggurat.agrees()
    for n in (1, 1000, 500_000):
        drawn = np.empty(n, np.int64)
        ziggurat.fill_ns(drawn, ours, (0.37, 1e9))
        expected = theirs.standard_exponential(n) * 0.37 * 1e9
        np.testing.assert_array_equal(drawn, np.rint(expected))
        assert ours.random() == theirs.random()  # it goes on with either


# -- the same jobs -------------------------------------------------------------------------------------


@given(scenario=scenarios())
def test_chunks_are_what_is_realised(scenario: Scenario) -> None:
    for size in (1, 7, 1000):
        assert_alike(scenario, size)


STREAMS = {
    "burst": Burst(jobs=40_000, at="7 s"),
    "every": Every(interval="0.1 s", from_="3 s"),
    "drawn": Every(interval=Gamma(mean=0.2, cv=2), from_="3 s"),
    "poisson": Poisson(rate=10),
    "seldom": Poisson(rate="1/30 min"),
    "renewal": Renewal(interval=Gamma(mean=0.2, cv=2)),
    "fixed": Renewal(interval=Deterministic(mean=0.3)),
    "scipy": Renewal(interval=Scipy("gamma", a=2, scale=0.1), from_="100 s"),
    "heavy": Renewal(interval=Scipy("pareto", b=0.05)),
    "profile": Profile(rates=[["0 s", 1], ["10 s", 20], ["40 s", 0]], period="60 s"),
    "mmpp": Mmpp(
        rates=[30, 1, 0], holding=[Scipy("gamma", a=2, scale=0.1), Uniform(min=0.1, max=0.3), Deterministic(mean=0.1)]
    ),
}


@pytest.mark.parametrize("kind", STREAMS)
def test_every_kind_of_stream(kind: str) -> None:
    for size in (997, 65536):
        assert_alike(asked(STREAMS[kind], dispatch="random"), size, seed=7, replication=3)
        assert_alike(asked(STREAMS[kind], jobs=EXPONENTIAL), size)


@pytest.mark.parametrize(
    "family",
    [
        Exponential(mean=1.7),
        Exponential(mean="3 d"),
        Erlang(mean=2, cv=0.5),
        Gamma(mean=2, cv=1.7),
        Lognormal(mean=1, cv=0.8),
        Weibull(mean=1, cv=1.6),
        Hyperexponential(mean=1, cv=2.5),
        Uniform(min=1, max=5),
        Triangular(min=0, mode=1, max=3),
        Empirical(values=[1, 2, 6]),
        Scipy("invgauss", mu=1.0),
    ],
    ids=lambda family: type(family).__name__,
)
def test_every_distribution(family: Any) -> None:
    ratio = Gamma(mean=1, cv=1) if family == Exponential(mean="3 d") else family
    jobs = {"a": JobClass(service=family, wait_ratio=ratio, expires=family)}
    for size in (999, 33_000):
        assert_alike(asked(Burst(jobs=70_000), jobs=jobs), size)


def test_streams_are_merged_with_ties_in_their_order() -> None:
    ties = [
        Every(interval="1 s"),
        Burst(jobs=300, at="7 s"),
        Every(interval="0.5 s", from_="2 s"),
        Burst(jobs=9, at="7 s"),
    ]
    for size in (1, 100, 3001):
        assert_alike(asked(*ties, until="60 s" if size == 1 else "600 s"), size)
    assert_alike(asked(*STREAMS.values(), dispatch="random"), 1000)


def test_two_sizes_give_the_same() -> None:
    scenario = asked(Poisson(rate=20), Poisson(rate=5), until="1000 s")
    fine, coarse = (
        [
            np.concatenate(column)
            for column in zip(*(columns(part).values() for part in chunks(scenario, size=size)), strict=True)
        ]
        for size in (97, 8192)
    )
    for one, other in zip(fine, coarse, strict=True):
        np.testing.assert_array_equal(one, other, strict=True)


@pytest.mark.parametrize("block", [1, 5, 1000])
def test_numbers_do_not_depend_on_how_many_are_drawn_at_a_time(monkeypatch: pytest.MonkeyPatch, block: int) -> None:
    scenario = asked(*STREAMS.values(), until="20 s", dispatch="random")
    expected = columns(realise(scenario))
    for module in ("sampling", "sequences", "arrivals"):
        monkeypatch.setattr(f"workersim.workload.{module}.BLOCK", block)
    for name, column in columns(realise(scenario)).items():
        np.testing.assert_array_equal(column, expected[name], err_msg=name)
    assert_alike(scenario, 1001)


@settings(max_examples=20)
@given(scenario=scenarios())
def test_what_all_jobs_share_takes_no_memory_in_chunks_either(scenario: Scenario) -> None:
    shared = {name for name, column in columns(realise(scenario)).items() if is_constant(column)}
    for part in chunks(scenario, size=5):
        held = columns(part) if len(part) > 1 else {}
        assert all(is_constant(held[name]) for name in held.keys() & shared - {"phases"})


FATED = {
    "fails": JobClass(
        service=Exponential(mean=1),
        fails=0.3,
        fails_after=Uniform(min=0, max=2),
        retries=Retries(max=3, delay="2 s", backoff=2),
        countdown=Exponential(mean="1 min"),
    ),
    "plain": JobClass(service=1, memory="10 MB"),
    "limited": JobClass(service=2, soft_time_limit="1 s", time_limit="3 s", rate_limit="10/m", fails=1, weight=2),
}


@pytest.mark.parametrize("names", [("fails",), ("plain",), ("fails", "plain", "limited")])
def test_what_happens_to_jobs_beside_their_phases_is_the_same_in_chunks(names: tuple[str, ...]) -> None:
    scenario = asked(
        Poisson(rate=10, until="100 s"),
        Every(interval="1 s", until="90 s"),
        jobs={name: FATED[name] for name in names},
        worker={"celery": {"time_limit": "1 h"}},
    )
    for size in (1, 7, 1000, 10_000):
        assert_alike(scenario, size, seed=3, replication=1)
    whole = realise(scenario).fates
    assert whole is not None
    fates = [part.fates for part in chunks(scenario, size=7)]
    assert all(each is not None and np.array_equal(each.rate_ns, whole.rate_ns) for each in fates)


def test_jobs_that_follow_others_are_not_drawn_in_chunks() -> None:
    then = [{"job": "b"}]
    with pytest.raises(InputError, match="jobs that follow others are drawn all at once"):
        chunks(asked(Burst(jobs=1), jobs={"a": JobClass(service=1, then=then), "b": JobClass(service=1)}))


def test_nothing_at_all() -> None:
    nothing = [
        asked(until="1 h"),
        asked(Burst(jobs=0)),
        asked(Poisson(rate=1, from_="2 h"), Burst(jobs=0), until="1 h"),
    ]
    for scenario in nothing:
        assert list(chunks(scenario)) == []


# -- traces --------------------------------------------------------------------------------------------


@pytest.fixture(name="trace")
def _trace(tmp_path: Path) -> Path:
    """A trace out of order and with ties, some of whose rows leave their demands to a class."""
    rng = np.random.default_rng(5)
    at = rng.integers(0, 400, 500) / 2
    need = ["", "cpu:0.4;io:0.6", "io:1"]
    rows = [f"{at[i]},{need[i % 3]},{'abx'[i % 3] if i % 3 else 'b'},{i % 5},{'' if i % 2 else 9}" for i in range(500)]
    path = tmp_path / "trace.csv"
    path.write_text("\n".join(["arrival,phases,job_class,priority,expires", *rows]))
    return path


@pytest.mark.parametrize(("until", "last_s"), [("drained", 200), ("80 s", 80)])
def test_a_trace_alone_comes_in_order_of_arrival(trace: Path, until: str, last_s: int) -> None:
    scenario = asked(Trace(str(trace)), until=until, dispatch="random")
    whole = realise(scenario)
    order = np.argsort(whole.table.arrival_ns, kind="stable")
    assert (np.diff(order) != 1).any()
    for size in (1, 7, 1000):
        parts = list(chunks(scenario, size=size))
        assert (
            sum(map(len, parts))
            == len(whole)
            == int((np.loadtxt(trace, delimiter=",", skiprows=1, usecols=0) <= last_s).sum())
        )
        assert [phases for part in parts for phases in map(part.phases, range(len(part)))] == [
            whole.phases(job) for job in order
        ]
        for name, column in whole.table.columns().items():
            assert np.concatenate([part.table.columns()[name] for part in parts]).tolist() == column[order].tolist()
        assert np.concatenate([part.dispatch_u for part in parts]).tolist() == whole.dispatch_u[order].tolist()


def test_a_trace_in_order_and_traces_beside_streams_keep_their_numbers(trace: Path) -> None:
    head, *rows = trace.read_text().splitlines()
    in_order = trace.with_name("sorted.csv")
    in_order.write_text("\n".join([head, *sorted(rows, key=lambda row: float(row.split(",")[0]))]))
    for size in (1, 7, 1000):
        assert_alike(asked(Trace(str(in_order)), until="90 s"), size)
        assert_alike(
            asked(Poisson(rate=2, until="100 s"), Trace(str(trace)), Trace(str(in_order)), dispatch="random"), size
        )


def test_a_trace_cut_by_the_horizon_keeps_whole_jobs(tmp_path: Path) -> None:
    path = tmp_path / "trace.csv"
    for rows in (["0,cpu:1", "9,io:2;cpu:3", "5,cpu:4;io:5"], ["0,1"] * 2 + ["9,2"]):
        path.write_text("\n".join(["arrival,phases" if "cpu" in rows[0] else "arrival,service", *rows]))
        jobs = realise(asked(Trace(str(path)), until="5 s"))
        assert len(jobs) == 2
        assert len(jobs.phase_kind) == len(jobs.phase_demand_ns) == jobs.first_phase[-1]
        assert_alike(asked(Trace(str(path)), until="5 s"), 1)


# -- memory --------------------------------------------------------------------------------------------


def peak_bytes(parts: Iterable[Jobs]) -> tuple[int, int]:
    """Return how many jobs there are, and the most memory that was held at a time."""
    tracemalloc.start()
    try:
        return sum(map(len, parts)), tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "streams", [[Poisson(rate=1000)], [Poisson(rate=900), Every(interval="10 ms")]], ids=["alone", "merged"]
)
def test_memory_does_not_grow_with_the_number_of_jobs(streams: list[Any]) -> None:
    few, little = peak_bytes(chunks(asked(*streams, jobs=EXPONENTIAL, until="1000 s")))
    many, much = peak_bytes(
        chunks(asked(*streams, jobs=EXPONENTIAL, until="20000 s" if len(streams) == 1 else "3000 s"))
    )
    assert few == pytest.approx(1e6, rel=0.01)
    assert many > 2.9 * few
    assert much < 1.1 * little < 10e6


# -- what is refused -----------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [0, -1])
def test_a_size_below_1_is_refused(size: int) -> None:
    with pytest.raises(InputError, match=f"size must be >= 1, got {size}"):
        chunks(asked(Burst(jobs=1)), size=size)


def test_more_jobs_than_memory_holds_are_no_trouble_in_chunks() -> None:
    three = {"a": JobClass(phases=[{"cpu": Exponential(mean=1)}] * 3)}
    for arrival in (Burst(jobs=10**9), Poisson(rate=1000), Profile(rates=[["0 s", 1000]]), Every(interval="1 ms")):
        scenario = asked(arrival, jobs=three, until="1000 d")
        with pytest.raises(InputError, match="more than memory holds"):
            realise(scenario)
        first, second = (part for part, _ in zip(chunks(scenario, size=1000), range(2), strict=False))
        assert len(first) == len(second) == 1000
        assert (first.phase_demand_ns != second.phase_demand_ns).all()


@pytest.mark.parametrize(
    ("arrivals", "says"),
    [
        ([Poisson(rate=1e9)], r"arrivals\[0\]\.poisson brings about 3\.15e\+16 jobs, more than a run can go through"),
        ([Every(interval="1 ns")], "expected at most 100,000,000,000 jobs in a run"),
        ([Poisson(rate=2000), Poisson(rate=2000)], r"arrivals\[1\]\.poisson .* with the streams before it"),
        ([Mmpp(rates=[1e-6, 0], holding=["1 ns", "1 ns"])], "mmpp would bring about .* jobs; a run holds at most 500"),
        ([Renewal(interval=Deterministic(mean=1e-12))], "renewal brings about"),
        ([Mmpp(rates=[1, 2], holding=["1 s", Scipy("pareto", b=0.5)])], "add up to inf s"),
        ([Trace("absent.csv")], "absent.csv: no such file"),
    ],
)
def test_what_can_be_known_is_refused_before_the_first_chunk(arrivals: list[Any], says: str) -> None:
    with pytest.raises(InputError, match=says):
        chunks(asked(*arrivals, until="365 d"))


def test_a_stream_that_stands_still_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workersim.workload.realisation.MOST_IN_CHUNKS", 100_000)
    standing = asked(Renewal(interval=Uniform(min=0, max=1e-10), until="1 us"))
    taken: list[int] = []
    with pytest.raises(InputError, match="endlessly many jobs; a run holds at most 100,000"):
        taken.extend(map(len, chunks(standing, size=1000)))
    assert sum(taken) == 100_000


def test_a_file_that_cannot_be_used_is_refused_even_if_no_job_needs_it(tmp_path: Path) -> None:
    job = JobClass(service=Empirical(file=str(tmp_path / "absent.txt")))
    for draw in (realise, lambda scenario: list(chunks(scenario))):
        with pytest.raises(InputError, match=r"workload\.jobs\.a\.service: .*no such file"):
            draw(asked(Poisson(rate=1, from_="2 h"), jobs={"a": job}, until="1 h"))


def test_a_run_beyond_the_clock_is_refused_at_the_chunk_that_leads_there() -> None:
    decades = {"a": JobClass(service="10000 d")}
    scenario = asked(Burst(jobs=12), jobs=decades, until="drained")
    taken: list[int] = []
    with pytest.raises(InputError, match="the run could last 75 years; the clock holds 73"):
        taken.extend(map(len, chunks(scenario, size=1)))
    assert sum(taken) == 6
    with pytest.raises(InputError, match="a phase could last 110 years"):
        next(chunks(asked(Burst(jobs=1), jobs=decades, vcpus=1)))
    assert sum(map(len, chunks(asked(Burst(jobs=12), jobs=decades), size=5))) == 12
    assert sum(map(len, chunks(asked(Burst(jobs=12), jobs=decades, replicas=0), size=5))) == 12


def test_too_little_memory_is_a_mistake_of_the_scenario(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise MemoryError

    parts = chunks(asked(Burst(jobs=10)), size=5)
    next(parts)
    monkeypatch.setattr("workersim.workload.realisation.merged", full)
    with pytest.raises(InputError, match="not enough memory"):
        next(parts)


def test_arrivals_go_on_from_chunk_to_chunk() -> None:
    parts = list(chunks(asked(Poisson(rate=10), jobs=EXPONENTIAL), size=1000))
    assert all(0 < later.table.arrival_ns[0] - part.table.arrival_ns[-1] < 5e9 for part, later in pairwise(parts))
