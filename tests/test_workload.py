"""What is drawn: exactly where it is exact, within stated intervals where it is not."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from workersim.errors import InputError
from workersim.runlog import JobTable, Kind
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
    Phase,
    Poisson,
    Profile,
    Renewal,
    RunSettings,
    Scenario,
    Scipy,
    Trace,
    Triangular,
    Uniform,
    Weibull,
    Workload,
)
from workersim.units import NEVER, SECOND, Duration
from workersim.workload import Jobs, Purpose, Streams, ensure_range, horizon_ns, is_random, realise, sample
from workersim.workload.arrivals import MAX_JOBS, Stream, _mmpp_steps, instants
from workersim.workload.demands import halves
from workersim.workload.families import LARGEST_EXPONENTIAL, bound_of, weibull_shape
from workersim.workload.jobs import constant, is_constant
from workersim.workload.sampling import round_ns, to_ns

MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DOCUMENT = {"document": JobClass(service="10 s")}


def asked(
    *arrivals: Any, jobs: dict[str, JobClass] | None = None, until: Any = "drained", seed: int = 1, **fleet: Any
) -> Scenario:
    return Scenario(
        fleet=Fleet(**{"replicas": 1, "concurrency": 4} | fleet),
        workload=Workload(jobs=DOCUMENT if jobs is None else jobs, arrivals=arrivals),
        run=RunSettings(until=until, seed=seed),
    )


def arrivals_of(arrival: Any, *, until: Any = "drained", seed: int = 1) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Return a stream's instants, as numbers of nanoseconds."""
    return np.asarray(realise(asked(arrival, until=until, seed=seed)).table.arrival_ns)


# -- distributions -------------------------------------------------------------------------------------

FAMILIES = [
    (Exponential(mean=3), 3, 1),
    (Deterministic(mean="3 s"), 3, 0),
    (Erlang(mean=2, cv=0.5), 2, 0.5),
    (Gamma(mean=2, cv=0.3), 2, 0.3),
    (Gamma(mean=2, cv=1.7), 2, 1.7),
    (Lognormal(mean="20 min", cv=0.8), 1200, 0.8),
    (Weibull(mean=5, cv=0.4), 5, 0.4),
    (Weibull(mean=5, cv=1.6), 5, 1.6),
    (Hyperexponential(mean=4, cv=1), 4, 1),
    (Hyperexponential(mean=4, cv=2.5), 4, 2.5),
    (Uniform(min=1, max=5), 3, math.sqrt(16 / 12) / 3),
    (Triangular(min=0, mode=3, max=6), 3, math.sqrt((36 + 9 - 18) / 18) / 3),
    (Empirical(values=[1, 2, 6]), 3, math.sqrt(14 / 3) / 3),
    (Scipy("gamma", a=4, scale="500 ms"), 2, 0.5),
]


@pytest.mark.parametrize(("family", "mean", "cv"), FAMILIES, ids=lambda value: type(value).__name__)
def test_first_two_moments(family: Any, mean: float, cv: float) -> None:
    drawn = sample(family, np.random.default_rng(20), 200_000)
    # 5 standard errors of the mean; the deviation of a heavy tail settles more slowly
    assert drawn.mean() == pytest.approx(mean, abs=5 * mean * cv / math.sqrt(len(drawn)) + 1e-12)
    assert drawn.std() / mean == pytest.approx(cv, rel=0.03, abs=1e-12)
    assert drawn.min() >= 0


@pytest.mark.parametrize("family", [family for family, _, cv in FAMILIES if cv], ids=lambda value: type(value).__name__)
def test_a_longer_stream_begins_like_a_shorter_one(family: Any) -> None:
    short = realise(asked(Burst(jobs=700), jobs={"a": JobClass(service=family)}))
    long = realise(asked(Burst(jobs=20_000), jobs={"a": JobClass(service=family)}))
    assert (short.demand_ns == long.demand_ns[:700]).all()


@pytest.mark.parametrize("cv", [0.001, 0.1, 1, 5, 100])
def test_the_shape_of_a_weibull_gives_its_cv_back(cv: float) -> None:
    inverse = 1 / weibull_shape(cv)
    squared = math.expm1(math.lgamma(1 + 2 * inverse) - 2 * math.lgamma(1 + inverse))
    assert math.sqrt(squared) == pytest.approx(cv, rel=1e-6)


def test_what_can_only_be_one_value_takes_the_memory_of_one() -> None:
    fixed: list[Any] = [
        "1.5 s",
        Deterministic(mean=1.5),
        Uniform(min=1.5, max="1500 ms"),
        Triangular(min=1.5, mode=1.5, max=1.5),
        Empirical(values=[1.5, "1.5 s"]),
    ]
    for service in fixed:
        scenario = asked(Burst(jobs=1000), jobs={"a": JobClass(service=service)})
        jobs = realise(scenario)
        assert is_constant(jobs.phase_demand_ns)
        assert set(jobs.phase_demand_ns) == {1_500_000_000}
        assert not is_random(scenario)
        assert sample(service, np.random.default_rng(1), 2).tolist() == [1.5, 1.5] if service != "1.5 s" else True


def test_seconds_are_rounded_half_to_even() -> None:
    seconds = np.array([0.5e-9, 1.5e-9, 2.5e-9, 3.5e-9])
    for bound_ns in (100.0, math.inf):  # by either way
        out = np.empty(4, np.int64)
        assert to_ns(seconds.copy(), "", out=out, bound_ns=bound_ns).tolist() == [0, 2, 2, 4]


@given(
    ns=st.lists(st.floats(0, 2**52) | st.integers(0, 2**53).map(lambda n: n / 2) | st.floats(2**52, 2**61), min_size=1)
)
def test_rounding_is_half_to_even_at_any_size(ns: list[float]) -> None:
    assert round_ns(np.array(ns), max(ns), np.empty(len(ns), np.int64)).tolist() == list(map(round, ns))


def test_whole_numbers_that_addition_would_round_are_kept() -> None:
    odd = [2.0**52 + 1, 2.0**52 + 3]
    assert round_ns(np.array(odd), max(odd), np.empty(2, np.int64)).tolist() == [2**52 + 1, 2**52 + 3]


def test_a_known_bound_is_one() -> None:
    drawn = np.random.Generator(np.random.SFC64(3)).standard_exponential(10**7)
    assert 12 < drawn.max() < LARGEST_EXPONENTIAL
    assert bound_of(Exponential(mean=2)) == 2 * LARGEST_EXPONENTIAL
    assert bound_of(Gamma(mean=2, cv=1)) == math.inf


def test_values_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "values.txt").write_text("\ufeff1\r\n2.5\r\n\r\n1e-3\r\n", encoding="utf-8")
    family = Empirical(file=str(tmp_path / "values.txt"))
    assert set(sample(family, np.random.default_rng(1), 100)) == {1, 2.5, 0.001}


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"1\ntwo\n", "line 2: expected one number >= 0 a line, found 'two'"),
        (b"1\n-2\n", "line 2: expected one number >= 0 a line, found -2"),
        (b"1\n1e400\n", "line 2: expected one number >= 0 a line, found 1e400"),
        (b"1\n1e15\n", "line 2: expected a number of seconds within 146 years"),
        (b"", "holds no values"),
        (b"1\n\xff\n", "line 2 is not UTF-8"),
        (b"1\n\0\n", "line 2 holds a NUL byte"),
        (b"1" * 3_000_000, "line 1 is longer than 1 MB"),
    ],
)
def test_a_bad_file_of_values_is_named_with_its_line(tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / "values.txt"
    path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        realise(asked(Burst(jobs=1), jobs={"a": JobClass(service=Empirical(file=str(path)))}))
    assert says in str(caught.value)
    assert str(path) in str(caught.value)
    assert "workload.jobs.a.service" in str(caught.value)


@pytest.mark.parametrize(("name", "says"), [("absent", "no such file"), ("", "is no file")])
def test_a_file_of_values_that_is_none(tmp_path: Path, name: str, says: str) -> None:
    with pytest.raises(InputError, match=says):
        sample(Empirical(file=str(tmp_path / name) or "."), np.random.default_rng(1), 1)


class Below0:
    """A stand-in for what the scenario refuses already, but for whose support it was told wrong."""

    def __init__(self, values: list[float]) -> None:
        self.values = np.array(values)

    def __call__(self, _: object, n: int) -> np.ndarray[Any, np.dtype[np.float64]]:
        return np.resize(self.values, n)


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ([-1.0, 1, 1, 1], "25.00% are negative"),
        ([math.nan, 1], "50.00% are no number"),
        ([math.inf], "beyond the clock"),
        ([1e12], "beyond the clock's 73 years"),
    ],
)
@pytest.mark.parametrize("where", ["service", "expires"])
def test_draws_that_are_no_durations(
    monkeypatch: pytest.MonkeyPatch, values: list[float], says: str, where: str
) -> None:
    monkeypatch.setattr("workersim.workload.sampling.sampler", lambda *_: Below0(values))
    job = JobClass(**{"service": "1 s"} | {where: Gamma(mean=1, cv=1)})
    with pytest.raises(InputError, match=says) as caught:
        realise(asked(Burst(jobs=4), jobs={"a": job}))
    assert f"workload.jobs.a.{where}" in str(caught.value)


def test_a_negative_wait_ratio_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workersim.workload.sampling.sampler", lambda *_: Below0([-0.5]))
    with pytest.raises(InputError, match=r"workload\.jobs\.a\.wait_ratio: of 4 draws 100\.00% are negative"):
        realise(asked(Burst(jobs=4), jobs={"a": JobClass(service="1 s", wait_ratio=Gamma(mean=1, cv=1))}))


# -- arrivals ------------------------------------------------------------------------------------------


def test_a_burst_arrives_at_one_instant_and_stores_nothing() -> None:
    jobs = realise(asked(Burst(jobs=10_000_000, at="3 s")))
    assert len(jobs) == 10_000_000
    assert jobs.phases_per_job == 1
    assert jobs.table.arrival_ns[0] == jobs.table.arrival_ns[-1] == 3 * SECOND
    columns = [*jobs.table.columns().values(), jobs.phase_kind, jobs.phase_demand_ns]
    assert all(is_constant(column) for column in columns)


@pytest.mark.parametrize(
    ("every", "until", "expected"),
    [
        (Every(interval="10 s"), "30 s", [0, 10, 20, 30]),
        (Every(interval="10 s"), "29.999999999 s", [0, 10, 20]),
        (Every(interval="10 s", from_="5 s"), "30 s", [5, 15, 25]),
        (Every(interval="10 s", from_="5 s", until="15 s"), "30 s", [5, 15]),
        (Every(interval="10 s", until="1 h"), "10 s", [0, 10]),
        (Every(interval="10 s", from_="31 s"), "30 s", []),
        (Every(interval="10 s", until="20 s"), "drained", [0, 10, 20]),
        (Renewal(interval=Deterministic(mean="10 s")), "30 s", [10, 20, 30]),
        (Renewal(interval=Deterministic(mean=10), from_="5 s", until="24.999 s"), "30 s", [15]),
        (Burst(jobs=2, at="30 s"), "30 s", [30, 30]),
        (Burst(jobs=2, at="31 s"), "30 s", []),
        (Poisson(rate=0), "30 s", []),
        (Profile(rates=[["0 s", 0]]), "30 s", []),
        (Mmpp(rates=[0, 0], holding=["1 s", "2 s"]), "30 s", []),
        (Poisson(rate=1e3, from_="40 s"), "30 s", []),
        (Profile(rates=[["0 s", 1e3]], from_="40 s"), "30 s", []),
    ],
)
def test_arrivals_that_are_known_exactly(every: Any, until: str, expected: list[int]) -> None:
    assert arrivals_of(every, until=until).tolist() == [second * SECOND for second in expected]


def test_ten_thousand_tenths_of_a_second_are_exact() -> None:
    instants_ns = arrivals_of(Every(interval="0.1 s"), until="1000 s")
    assert (instants_ns == np.arange(10_001) * 100_000_000).all()


def test_an_interval_that_is_drawn_starts_at_once() -> None:
    interval: Any = Uniform(min=1, max=3)  # not yet to be had from a file
    drawn = Every.model_construct(interval=interval, from_=Duration("7 s"), until=None, classes=None)
    stream = Stream(drawn, 0, Streams(1, 0), 1000 * SECOND, Path())
    instants_ns = instants(stream).take(10_000)
    again = instants(stream)
    assert [again.take(1)[0] for _ in instants_ns] == instants_ns.tolist()
    assert len(again.take(1)) == 0
    gaps = np.diff(instants_ns) / SECOND
    assert instants_ns[0] == 7 * SECOND
    assert gaps.min() >= 1
    assert gaps.max() <= 3
    assert instants_ns[-1] > 997 * SECOND


@pytest.mark.parametrize("seed", range(5))
def test_poisson_counts(seed: int) -> None:
    instants_ns = arrivals_of(Poisson(rate=5), until="20000 s", seed=seed)
    assert abs(len(instants_ns) - 100_000) < 4 * math.sqrt(100_000)
    counts = np.bincount(instants_ns // SECOND, minlength=20_000)
    assert counts.var() / counts.mean() == pytest.approx(1, abs=4 * math.sqrt(2 / 20_000))
    assert (np.diff(instants_ns) >= 0).all()


def test_poisson_lies_between_from_and_until() -> None:
    instants_ns = arrivals_of(Poisson(rate=100, from_="10 s", until="20 s"), until="1 h")
    assert 10 * SECOND <= instants_ns[0] < 11 * SECOND
    assert 19 * SECOND < instants_ns[-1] <= 20 * SECOND


def test_a_renewal_stream_has_the_gaps_of_its_distribution() -> None:
    gaps = np.diff(arrivals_of(Renewal(interval=Gamma(mean=2, cv=0.5)), until="100000 s")) / SECOND
    assert gaps.mean() == pytest.approx(2, abs=5 * 1 / math.sqrt(50_000))
    assert gaps.std() == pytest.approx(1, rel=0.03)


def test_heavy_tailed_gaps_end_the_stream_instead_of_wrapping_round() -> None:
    heavy = Renewal(interval=Scipy("pareto", b=0.05))
    for seed in range(20):
        instants_ns = arrivals_of(heavy, until="100 s", seed=seed)
        assert (np.diff(instants_ns) >= 0).all()
        assert len(instants_ns) < 1000
        assert (instants_ns <= 100 * SECOND).all()


@pytest.mark.parametrize("period", [None, "4 h"])
def test_the_rate_of_each_piece_of_a_profile(period: str | None) -> None:
    rates = [["0 h", "600/hour"], ["1 h", 0], ["2 h", "6000/hour"]]
    hours = 4 if period is None else 400
    instants_ns = arrivals_of(Profile(rates=rates, period=period), until=f"{hours} h")
    counts = np.bincount(instants_ns // HOUR % 4, minlength=4) / (hours / 4)
    for count, rate in zip(counts, [600, 0, 6000, 6000], strict=True):
        assert count == pytest.approx(rate, abs=4 * math.sqrt(rate / (hours / 4)))
    assert (np.diff(instants_ns) >= 0).all()


def test_from_and_until_cut_a_profile_whose_times_are_the_run_s() -> None:
    stream = Profile(rates=[["0 h", "1/hour"], ["1 h", "3600/hour"]], period="2 h", from_="3.5 h", until="5.5 h")
    instants_ns = arrivals_of(stream, until="10 h")
    assert instants_ns[0] >= 3.5 * HOUR
    assert instants_ns[-1] <= 5.5 * HOUR
    fast = (instants_ns < 4 * HOUR) | (instants_ns >= 5 * HOUR)
    assert fast.sum() == pytest.approx(3600, abs=4 * 60)
    assert (~fast).sum() <= 8


def test_a_profile_without_changes_is_a_poisson_stream() -> None:
    instants_ns = arrivals_of(Profile(rates=[["0 h", 5]], period="7 s"), until="20000 s")
    counts = np.bincount(instants_ns // SECOND, minlength=20_000)
    assert counts.mean() == pytest.approx(5, abs=4 * math.sqrt(5 / 20_000))
    assert counts.var() / counts.mean() == pytest.approx(1, abs=0.04)


def test_a_period_much_longer_than_the_run_and_one_much_shorter_than_a_gap() -> None:
    assert len(arrivals_of(Profile(rates=[["0 s", 10]], period="100 d"), until="1000 s")) == pytest.approx(1e4, abs=400)
    short = Profile(rates=[["0 s", 0], ["1 us", 20]], period="2 us")
    assert len(arrivals_of(short, until="1000 s")) == pytest.approx(1e4, abs=400)


@pytest.mark.parametrize("seed", range(20))
def test_a_period_of_nearly_a_century_does_not_leave_the_clock(seed: int) -> None:
    stream = Profile(rates=[["0 s", "1/40 d"]], period="36500 d")
    instants_ns = arrivals_of(stream, until="36525 d", seed=seed)
    assert len(instants_ns) == pytest.approx(36525 / 40, abs=5 * math.sqrt(36525 / 40))
    assert (np.diff(instants_ns) >= 0).all()


def test_mmpp_has_its_mean_rate_and_is_bursty() -> None:
    stream = Mmpp(rates=[10, 1], holding=["10 s", Exponential(mean="20 s")])
    instants_ns = arrivals_of(stream, until="100000 s")
    # 3,300 cycles: the share of time in each state is known to 3 %
    assert len(instants_ns) / 100_000 == pytest.approx(4, rel=0.08)
    counts = np.bincount(instants_ns // SECOND, minlength=100_000)
    assert counts.var() / counts.mean() > 3


def test_mmpp_with_fixed_times_goes_round_its_states_in_order() -> None:
    held = [Deterministic(mean="1 s")] * 3
    starts = set()
    for seed in range(20):
        instants_ns = arrivals_of(Mmpp(rates=[1000, 0, 3000], holding=held), until="30 s", seed=seed)
        counts = np.bincount(instants_ns // SECOND, minlength=30)[:30]
        first = next(k for k in range(3) if abs(counts[(3 - k) % 3] - 1000) < 200)
        starts.add(first)
        assert all(count == pytest.approx([1000, 0, 3000][(first + k) % 3], abs=300) for k, count in enumerate(counts))
    assert starts == {0, 1, 2}


def test_mmpp_begins_in_a_state_by_its_share_of_time() -> None:
    stream = Mmpp(rates=[0, 1000], holding=["100 s", "300 s"])
    busy = [len(arrivals_of(stream, until="0.1 s", seed=seed)) > 0 for seed in range(400)]
    assert sum(busy) == pytest.approx(300, abs=4 * math.sqrt(400 * 0.75 * 0.25))


def test_the_states_of_an_mmpp_are_drawn_in_the_blocks_that_every_seed_means() -> None:
    scenario = asked(Mmpp(rates=[0, 1], holding=[Scipy("gamma", a=2, scale=0.1)] * 2), until="3000 s")
    stream = Stream(scenario.workload.arrivals[0], 0, Streams(1, 0), 3000 * SECOND, Path())
    edges = _mmpp_steps(stream, stream.arrival).edges_ns  # type: ignore[arg-type]
    columns = []
    for state in (1, 2):
        generator = Streams(1, 0).of(Purpose.STATE, 0, part=state)
        blocks = [stats.gamma(a=2, scale=0.1).rvs(size=1024, random_state=generator) for _ in range(10)]
        # of five blocks of scipy 8192 // 2 + 1 numbers are used
        columns.append(np.concatenate([*blocks[:4], blocks[4][:1], *blocks[5:9], blocks[9][:1]]))
    first = 0 if np.rint(columns[0][0] * 1e9) == edges[2] else 1
    stays = np.rint(np.stack([columns[first], columns[1 - first]], axis=1).ravel() * 1e9).astype(np.int64)
    held = edges[2:-1]
    assert 2 * (8192 // 2 + 1) < len(held) < len(stays)
    assert held.tolist() == np.cumsum(stays)[: len(held)].tolist()


def test_levels_begin_anew_in_the_blocks_that_every_seed_means() -> None:
    instants_ns = arrivals_of(Profile(rates=[["0 s", 3]]), until="10000 s")
    generator, level = Streams(1, 0).of(Purpose.ARRIVALS, 0), 0.0
    expected: list[Any] = []
    while len(expected) * 8192 < len(instants_ns):
        expected.append(level + np.cumsum(generator.standard_exponential(8192)))
        level = float(expected[-1][-1])
    wanted = np.rint(np.concatenate(expected)[: len(instants_ns)] / 3 * SECOND).astype(np.int64)
    assert len(instants_ns) > 3 * 8192
    assert instants_ns.tolist() == wanted.tolist()


@pytest.mark.parametrize(
    ("arrival", "says"),
    [
        (Burst(jobs=1_000_000_000), r"burst brings 1,000,000,000 jobs, more than memory holds; .* at most 500,000,000"),
        (Poisson(rate=1e9), r"workload\.arrivals\[0\]\.poisson brings about 3\.15e\+16 jobs"),
        (Every(interval="1 ns"), "every brings about"),
        (Renewal(interval=Exponential(mean="1 ns")), "renewal brings about"),
        (Renewal(interval=Deterministic(mean=1e-12)), "renewal brings about"),
        (Profile(rates=[["0 s", 0], ["1 h", 1e6]]), "profile brings about"),
        (Mmpp(rates=[1e6, 0], holding=["1 s", "1 s"]), "mmpp brings about"),
        (Mmpp(rates=[1e-6, 0], holding=["1 ns", "1 ns"]), "mmpp would bring about .* jobs; a run holds"),
    ],
)
def test_more_jobs_than_memory_holds_are_refused_before_they_are_drawn(arrival: Any, says: str) -> None:
    with pytest.raises(InputError, match=says):
        realise(asked(arrival, until="365 d"))


def test_streams_and_phases_count_together() -> None:
    half = Burst(jobs=MAX_JOBS // 2 + 1)
    with pytest.raises(InputError, match=r"arrivals\[1\]\.burst .* with the streams before it"):
        realise(asked(half, half))
    with pytest.raises(InputError, match="of 3 phases each"):
        realise(asked(half, jobs={"a": JobClass(service="1 s", wait_ratio=1)}))
    with pytest.raises(InputError, match="of 2 phases each"):
        realise(asked(half, jobs={"a": JobClass(phases=[{"cpu": 1}, {"io": 1}])}))


def test_too_little_memory_is_a_mistake_of_the_scenario(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr("workersim.workload.realisation.Drawn", full)
    with pytest.raises(InputError, match="not enough memory"):
        realise(asked(Burst(jobs=1)))


def test_no_arrivals_at_all() -> None:
    jobs = realise(asked(until="1 h"))
    assert len(jobs) == 0
    assert jobs.first_phase.tolist() == [0]
    assert jobs.demand_ns.tolist() == jobs.cpu_ns.tolist() == []
    assert jobs.table.queues == ("default",)


def test_streams_and_classes_without_jobs() -> None:
    empty = [Poisson(rate=1, from_="2 h"), Poisson(rate=1, from_="2 h", classes=["a"]), Burst(jobs=0)]
    jobs = realise(asked(*empty, jobs=VARIED, until="1 h", dispatch="random"))
    assert columns(jobs) == [[]] * 5 + [[0], [], [], []]


def test_what_turns_out_to_be_endless_is_stopped() -> None:
    end = Stream(Poisson(rate=1), 0, Streams(1, 0), SECOND, Path(), most=100_000)
    standing: list[Any] = [
        Renewal(interval=Uniform(min=0, max=1e-10), from_="1 s"),
        Renewal(interval=Empirical(values=[0, 1e-10]), from_="1 s"),
        Renewal(interval=Triangular(min=0, mode=0, max=1e-10), from_="1 s"),
        Poisson(rate=1e6),
        Profile(rates=[["0 s", 1e6]]),
        Every.model_construct(interval=Duration(0), from_=Duration(0), until=None, classes=None),
    ]
    for arrival in standing:
        with pytest.raises(InputError, match="jobs; a run holds at most 100,000"):
            instants(replace(end, arrival=arrival)).take(1_000_000)
    with pytest.raises(TypeError, match="is read, not drawn"):
        instants(replace(end, arrival=Trace("t.csv")))


def test_a_state_that_is_held_for_ever_in_the_mean_is_refused() -> None:
    with pytest.raises(InputError, match=r"mmpp\.holding: the mean times add up to inf s"):
        realise(asked(Mmpp(rates=[1, 2], holding=["1 s", Scipy("pareto", b=0.5)]), until="1 h"))


# -- several streams -----------------------------------------------------------------------------------


def test_streams_merge_by_arrival_then_by_their_order() -> None:
    jobs = {"a": JobClass(service=1), "b": JobClass(service=2, wait_ratio=1), "c": JobClass(service=3)}
    streams = [
        Every(interval="10 s", until="20 s", classes=["a"]),
        Burst(jobs=2, at="10 s", classes=["b"]),
        Every(interval="5 s", until="10 s", classes=["c"]),
    ]
    drawn = realise(asked(*streams, jobs=jobs))
    assert [drawn.table.classes[k] for k in drawn.table.job_class] == list("accabbca")
    assert (drawn.table.arrival_ns // SECOND).tolist() == [0, 0, 5, 10, 10, 10, 10, 20]
    assert (drawn.demand_ns // SECOND).tolist() == [1, 3, 3, 1, 2, 2, 3, 1]
    assert (np.diff(drawn.first_phase)).tolist() == [1, 1, 1, 1, 3, 3, 1, 1]
    assert drawn.phases(4) == [(Kind.CPU, SECOND // 2), (Kind.IO, SECOND), (Kind.CPU, SECOND // 2)]


VARIED = {
    "a": JobClass(service=Lognormal(mean=5, cv=1), wait_ratio=Uniform(min=0, max=2), expires=Exponential(mean="1 min")),
    "b": JobClass(phases=[{"cpu": Exponential(mean=1)}, {"io": Exponential(mean=1)}], weight=3, queue="b", priority=2),
}


def of_class(jobs: Jobs, name: str) -> list[Any]:
    """Return phases and patience of the jobs of a class, in order."""
    table = jobs.table
    rows = np.flatnonzero(np.asarray(table.job_class) == table.classes.index(name)).tolist()
    patience = table.expires_ns - np.where(table.expires_ns == NEVER, 0, table.arrival_ns)
    return [(jobs.phases(row), int(patience[row])) for row in rows]


def test_another_class_changes_neither_arrivals_nor_demands() -> None:
    stream = Poisson(rate=1)
    one = realise(asked(stream, jobs={"a": VARIED["a"]}, until="500 s"))
    two = realise(asked(stream, jobs=VARIED, until="500 s"))
    swapped = realise(asked(stream, jobs=dict(reversed(VARIED.items())), until="500 s"))
    assert (one.table.arrival_ns == two.table.arrival_ns).all()
    mine = of_class(two, "a")
    assert 50 < len(mine) < 200
    assert mine == of_class(one, "a")[: len(mine)]
    for name in VARIED:
        drawn, again = of_class(two, name), of_class(swapped, name)
        common = min(len(drawn), len(again))
        assert drawn[:common] == again[:common]


@pytest.mark.parametrize("more", [Poisson(rate=1), Burst(jobs=50), Mmpp(rates=[1, 2], holding=["1 s", "1 s"])])
def test_another_stream_changes_nothing_of_the_earlier_ones(more: Any) -> None:
    first = [Poisson(rate=1), Renewal(interval=Gamma(mean=1, cv=2))]
    few, many = (realise(asked(*streams, jobs=VARIED, until="200 s")) for streams in (first, [*first, more]))
    rows = [
        list(zip(jobs.table.arrival_ns.tolist(), map(jobs.phases, range(len(jobs))), strict=True))
        for jobs in (few, many)
    ]
    left = iter(rows[1])
    assert len(rows[1]) > len(rows[0])
    assert all(row in left for row in rows[0])  # as a subsequence, in order


def columns(jobs: Jobs) -> list[list[Any]]:
    held = [*jobs.table.columns().values(), jobs.first_phase, jobs.phase_kind, jobs.phase_demand_ns, jobs.dispatch_u]
    return [column.tolist() for column in held]


def test_the_same_seed_gives_the_same_jobs_and_another_seed_or_replication_others() -> None:
    scenario = asked(Poisson(rate=1), jobs=VARIED, until="100 s", dispatch="random")
    same = columns(realise(scenario))
    assert columns(realise(scenario)) == same
    assert columns(realise(scenario, seed=1, replication=0)) == same
    others = [realise(scenario, seed=2), realise(scenario, replication=1), realise(scenario, seed=2**63 - 1)]
    firsts = {int(jobs.table.arrival_ns[0]) for jobs in others} | {same[0][0]}
    assert len(firsts) == 4
    assert all(set(jobs.phase_demand_ns.tolist()).isdisjoint(same[6]) for jobs in others)


def test_a_longer_horizon_only_adds_jobs() -> None:
    short, long = (realise(asked(Poisson(rate=1), jobs=VARIED, until=until)) for until in ("100 s", "3000 s"))
    assert columns(short)[0] == columns(long)[0][: len(short)]
    assert [short.phases(i) for i in range(len(short))] == [long.phases(i) for i in range(len(short))]


def test_lots_are_drawn_only_for_a_random_dispatch() -> None:
    assert len(realise(asked(Burst(jobs=9))).dispatch_u) == 0
    lots = realise(asked(Burst(jobs=9), Burst(jobs=3), dispatch="random")).dispatch_u
    assert len(set(lots.tolist())) == 12
    assert ((lots >= 0) & (lots < 1)).all()


def test_streams_of_every_purpose_class_part_and_replication_differ() -> None:
    keys = [
        (replication, purpose, index, name, part)
        for replication in (0, 1)
        for purpose in Purpose
        for index in (0, 1)
        for name in ("", "a", "b")
        for part in (0, 1)
    ]
    firsts = {Streams(1, r).of(purpose, index, name=name, part=part).random() for r, purpose, index, name, part in keys}
    assert len(firsts) == len(keys)
    assert len({purpose.value for purpose in Purpose}) == len(Purpose)


# -- classes -------------------------------------------------------------------------------------------


def test_classes_are_drawn_by_weight() -> None:
    jobs = {name: JobClass(service=1, weight=weight) for name, weight in {"a": 1, "b": 2, "c": 5}.items()}
    jobs["settings only"] = JobClass(priority=1)
    drawn = realise(asked(Burst(jobs=80_000), jobs=jobs))
    counts = np.bincount(drawn.table.job_class)
    assert drawn.table.classes == ("a", "b", "c", "settings only")
    assert counts.tolist() == pytest.approx([10_000, 20_000, 50_000], abs=4 * math.sqrt(20_000))


def test_settings_of_classes() -> None:
    jobs = {
        "a": JobClass(service=1, queue="low", priority=7),
        "b": JobClass(service=1, expires="5 s"),
        "c": JobClass(service=1, queue="unused"),
    }
    streams = [Burst(jobs=1, at="2 s", classes=["b"]), Burst(jobs=1, at="1 s", classes=["a"])]
    table = realise(asked(*streams, jobs=jobs)).table
    assert table.queues == ("default", "low")
    assert table.queue.tolist() == [1, 0]
    assert table.priority.tolist() == [7, 0]
    assert table.expires_ns.tolist() == [NEVER, 7 * SECOND]
    table = realise(asked(*streams, jobs=jobs, queues=["x", "low"])).table
    assert table.queues == ("x", "low")
    assert table.queue.tolist() == [1, 0]
    table = realise(asked(*streams, jobs=jobs, queues=["x", "default"])).table
    assert table.queues == ("x", "default", "low")
    assert table.queue.tolist() == [2, 1]


def test_classes_that_differ_in_queue_and_priority_within_one_stream() -> None:
    table = realise(asked(Burst(jobs=100), jobs=VARIED)).table
    b = table.job_class == 1
    assert (np.asarray(table.queue) == np.where(b, table.queues.index("b"), table.queues.index("default"))).all()
    assert (table.priority == np.where(b, 2, 0)).all()
    assert ((table.expires_ns == NEVER) == b).all()


def test_patience_beyond_the_clock_never_ends() -> None:
    for expires in ("36525 d", Uniform(min="20000 d", max="26000 d")):
        jobs = {"a": JobClass(service=1, expires=expires)}
        table = realise(asked(Burst(jobs=3, at="36000 d"), jobs=jobs, until="36000 d")).table
        assert set(table.expires_ns.tolist()) == {NEVER}


def test_phases_outright_are_kept_as_they_are() -> None:
    phases = [{"cpu": "3 s"}, {"io": 0}, {"cpu": 0.5}]
    jobs = realise(asked(Burst(jobs=2), jobs={"a": JobClass(phases=phases)}))
    assert jobs.phases(1) == [(0, 3 * SECOND), (1, 0), (0, SECOND // 2)]
    assert jobs.phases_per_job == 3
    drawn = JobClass(
        phases=[Phase(kind="io", demand=Exponential(mean=1)), Phase(kind="io", demand=Exponential(mean=1))]
    )
    demands = realise(asked(Burst(jobs=1000), jobs={"a": drawn})).phase_demand_ns.reshape(-1, 2)
    assert abs(np.asarray(np.corrcoef(demands.T))[0, 1]) < 4 / math.sqrt(1000)


@pytest.mark.parametrize(
    ("job", "phases"),
    [
        (JobClass(service=0), [(0, 0)]),
        (JobClass(service=0, wait_ratio=1), [(0, 0)]),
        (JobClass(service="5 ns", wait_ratio=0), [(0, 5)]),
        (JobClass(service=Duration(2**60 - 1), wait_ratio=0), [(0, 2**60 - 1)]),  # whose nearest float is 2**60
        (JobClass(service="2 ns", wait_ratio=1), [(1, 1), (0, 1)]),
        (JobClass(service="3 ns", wait_ratio=1e9), [(1, 3)]),
        (JobClass(service="5 ns", wait_ratio=1), [(0, 1), (1, 3), (0, 1)]),  # 2.5 is rounded to 2
        (JobClass(service="20 min", wait_ratio=3), [(0, 150 * SECOND), (1, 900 * SECOND), (0, 150 * SECOND)]),
    ],
)
def test_service_and_wait_ratio(job: JobClass, phases: list[tuple[int, int]]) -> None:
    jobs = realise(asked(Burst(jobs=2), jobs={"a": job}))
    assert jobs.phases(0) == jobs.phases(1) == phases
    assert jobs.cpu_ns.tolist() == [sum(ns for kind, ns in phases if kind == Kind.CPU)] * 2


@given(parts=st.lists(st.tuples(*[st.integers(0, 4) | st.integers(0, 2**61)] * 2), min_size=1, max_size=8))
def test_halves_add_up_exactly(parts: list[tuple[int, int]]) -> None:
    cpu, io = (np.array(column, np.int64) for column in zip(*parts, strict=True))
    split = halves(cpu, io)
    bounds = np.concatenate(([0], np.cumsum(split.counts))).tolist()
    for (wanted_cpu, wanted_io), (first, last) in zip(parts, pairwise(bounds), strict=True):
        kinds, demands = split.kind[first:last].tolist(), split.demand_ns[first:last].tolist()
        assert sum(d for k, d in zip(kinds, demands, strict=True) if k == Kind.CPU) == wanted_cpu
        assert sum(d for k, d in zip(kinds, demands, strict=True) if k == Kind.IO) == wanted_io
        assert all(d > 0 for d in demands) or demands == [0]
        assert all(a != b for a, b in pairwise(kinds))


@given(service=st.integers(0, 2**61), ratio=st.floats(0, 1e9), varied=st.booleans())
def test_service_is_the_sum_of_its_phases(service: int, ratio: float, varied: bool) -> None:  # noqa: FBT001
    share = Uniform(min=ratio, max=ratio + 1) if varied else ratio
    jobs = realise(
        asked(Burst(jobs=3), jobs={"a": JobClass(service=Duration(service), wait_ratio=share)}, until="1 s", vcpus=4)
    )
    assert jobs.demand_ns.tolist() == [service] * 3
    if not varied:
        assert jobs.cpu_ns[0] == pytest.approx(service / (1 + ratio), rel=1e-9, abs=1)


# -- the columns ---------------------------------------------------------------------------------------


def test_jobs_written_out_by_hand() -> None:
    zero = constant(0, 3)
    table = JobTable(np.array([0, 1, 1]), zero, zero, zero, constant(NEVER, 3), ("a",), ("default",))
    jobs = Jobs(table, np.array([0, 2, 3, 6]), np.array([0, 1, 1, 0, 1, 0], np.uint8), np.array([1, 2, 4, 8, 16, 32]))
    assert jobs.demand_ns.tolist() == [3, 4, 56]
    assert jobs.cpu_ns.tolist() == [1, 0, 40]
    assert jobs.phases_per_job == 0
    assert [jobs.phases(i) for i in range(3)] == [[(0, 1), (1, 2)], [(1, 4)], [(0, 8), (1, 16), (0, 32)]]
    with pytest.raises(AttributeError):
        jobs.table = table  # type: ignore[misc]
    twice = Jobs(table, None, np.array([0, 1, 1, 0, 1, 0], np.uint8), np.array([1, 2, 4, 8, 16, 32]))
    assert twice.first_phase.tolist() == [0, 2, 4, 6]
    assert twice.cpu_ns.tolist() == [1, 8, 32]


def test_a_single_class_with_one_phase_costs_two_numbers_a_job() -> None:
    jobs = realise(asked(Poisson(rate=100), jobs={"a": JobClass(service=Exponential(mean=1))}, until="100 s"))
    stored = [
        column
        for column in (*jobs.table.columns().values(), jobs.phase_kind, jobs.phase_demand_ns)
        if not is_constant(column)
    ]
    assert [column.dtype for column in stored] == [np.int64, np.int64]
    assert jobs.table.job_class.dtype == jobs.table.queue.dtype == np.int32


def test_whether_chance_matters() -> None:
    fixed = asked(Burst(jobs=3), Every(interval="1 s", until="9 s"))
    assert not is_random(fixed)
    assert not is_random(asked(until="1 h", dispatch="random"))
    assert not is_random(asked(Renewal(interval=Deterministic(mean=1)), until="1 h"))
    random = [
        asked(Burst(jobs=3), dispatch="random"),
        asked(Poisson(rate=1), until="1 h"),
        asked(Renewal(interval=Exponential(mean=1)), until="1 h"),
        asked(Profile(rates=[["0 s", 1]]), until="1 h"),
        asked(Mmpp(rates=[1], holding=["1 s"]), until="1 h"),
        asked(Burst(jobs=3), jobs={"a": JobClass(service=1), "b": JobClass(service=1)}),
        asked(Burst(jobs=3), jobs={"a": JobClass(service=Exponential(mean=1))}),
        asked(Burst(jobs=3), jobs={"a": JobClass(service=1, expires=Exponential(mean=1))}),
        asked(Burst(jobs=3), jobs={"a": JobClass(phases=[{"io": Exponential(mean=1)}])}),
        asked(Trace("t.csv"), jobs={"a": JobClass(service=1, wait_ratio=Exponential(mean=1))}),
    ]
    assert all(map(is_random, random))
    assert not is_random(asked(Trace("t.csv")))


def test_the_horizon() -> None:
    assert horizon_ns(asked(until="8 h")) == 8 * HOUR
    assert horizon_ns(asked(Burst(jobs=1))) == NEVER


def test_a_run_longer_than_the_clock_is_refused() -> None:
    century = {"a": JobClass(service="30000 d")}
    with pytest.raises(InputError, match=r"a phase could last 82 years; the clock holds 73"):
        realise(asked(Burst(jobs=1), jobs=century))
    decades = {"a": JobClass(service="10000 d")}
    with pytest.raises(InputError, match="a phase could last 110 years"):
        realise(asked(Burst(jobs=1), jobs=decades, vcpus=1, until="1 h"))
    realise(asked(Burst(jobs=100), jobs=decades, until="1 h"))
    realise(asked(Burst(jobs=4), jobs=decades))
    with pytest.raises(InputError, match="the run could last"):
        realise(asked(Burst(jobs=12), jobs=decades))
    realise(asked(Burst(jobs=12), jobs=decades, replicas=0))


def test_range_is_checked_for_another_fleet_too() -> None:
    four = asked(Burst(jobs=4), jobs={"a": JobClass(service="10000 d")})
    jobs = realise(four)
    ensure_range(jobs, [Fleet(replicas=1, concurrency=4)], NEVER)
    with pytest.raises(InputError, match="the run could last"):
        ensure_range(jobs, [Fleet(replicas=1, concurrency=1)], NEVER)


def test_an_interval_may_be_drawn_wherever_it_may_be_fixed() -> None:
    drawn = Scenario.model_validate(
        {
            "name": "x",
            "fleet": {"replicas": 1, "concurrency": 1},
            "workload": {
                "jobs": {"document": {"service": "1 s"}},
                "arrivals": [{"every": {"interval": {"empirical": {"values": ["2 s", "2 s"]}}, "until": "6 s"}}],
            },
            "run": {"until": "drained"},
        }
    )
    assert realise(drawn).table.arrival_ns.tolist() == [0, 2 * 10**9, 4 * 10**9, 6 * 10**9]
