"""Run a scenario: realise its workload, simulate each replication, and read the figures from the logs."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeVar

from workersim import engines, workload
from workersim.errors import InputError, LogError
from workersim.experiments.flat import short_runs
from workersim.experiments.load import Load
from workersim.experiments.measuring import (
    Sample,
    can_stream,
    ensure_warm_up,
    is_gauged,
    is_read_whole,
    measured,
    measured_changing,
    measured_whole,
    sample_of,
)
from workersim.experiments.precision import MOST, Precision, read_precision
from workersim.experiments.result import Result
from workersim.experiments.threads import in_threads
from workersim.metrics import figures
from workersim.statistics import combine
from workersim.units import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from workersim.runlog import RunLog
    from workersim.scenario import Scenario
    from workersim.workload import Jobs

__all__ = [
    "ensure_scenario",
    "keeps_log",
    "measure_each",
    "measure_log",
    "pick",
    "prepare",
    "run",
    "sample",
    "settle",
    "simulate",
]

FIRST = 10  # replications before it is asked whether a figure is known well enough
ENGINES = ("auto", "simpy", "compiled")
HELD = 20_000_000  # jobs whose log is kept unless somebody says otherwise: about 1 GB
SMALL = 100_000  # jobs up to which exact quantiles from a passing log cost no more than those of a measured run

Measured = TypeVar("Measured")


def run(  # noqa: PLR0913 (each of them is asked for by somebody, and all but the first by name)
    scenario: Scenario,
    *,
    engine: Literal["auto", "simpy", "compiled"] = "auto",
    seed: int | None = None,
    replications: int | None = None,
    until: str | None = None,
    keep_log: bool | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Result:
    """Run a scenario and return its figures.

    Parameters
    ----------
    scenario
        What to run.
    engine
        Both engines return the same log; ``"auto"`` takes the one that is done first.
    seed, replications
        Instead of those in the scenario.
    until
        How well a figure is to be known, such as ``"wait.p95 ± 5%"`` (of its mean) or ``"wait.mean ± 30 s"``: 10
        replications, and more until half the width of the 95 % interval is no more than that. ``replications`` is then
        the most, by default 1,000; ``result.warnings`` says how far it came if that ends it. Without chance there is
        one run.
    keep_log
        Whether the log of replication 0 is kept. Without it a long run takes memory for the jobs in hand only, and its
        quantiles are within 0.1 %. None: kept up to 20 million jobs.
    progress
        Called as ``progress(done, of)`` after each replication.

    Returns
    -------
    Result
        Figures over all replications, and the log of the first.

    Raises
    ------
    InputError
        If the engine has no such name, or the workload cannot be realised (a trace that cannot be read, more jobs
        than fit into memory, times beyond the clock).

    Examples
    --------
    >>> import workersim as ws
    >>> result = ws.run(ws.Scenario(
    ...     name="overload",
    ...     fleet=ws.Fleet(replicas=1, concurrency=4),
    ...     workload=ws.Workload(jobs={"document": ws.Job(service="20 min")}, arrivals=[ws.Burst(jobs=10)]),
    ...     run=ws.RunSettings(until="drained"),
    ... ))
    >>> result.queue_length.max, result.wait.mean, result.response.max
    (6.0, 960.0, 3600.0)
    """
    settled = settle(scenario, engine=engine, seed=seed, replications=None if until else replications)
    goal = _goal(settled, until, replications)
    if not keeps_log(settled, engine, keep_log=keep_log):
        return _collect(settled, "compiled", None, _gather(partial(_measured_each, settled), goal, progress))
    scenario, jobs, used = prepare(settled, engine=engine, replications=goal.most)
    log = simulate(scenario, jobs, used)
    first = measure_log(scenario, jobs, log)

    def further(replication: int) -> Sample:
        jobs = workload.realise(scenario, replication=replication)
        return sample(scenario, jobs, used, replication=replication)

    def samples(some: range) -> Iterator[Sample]:
        others = in_threads(used, further, range(max(some.start, 1), some.stop))
        return chain([first], others) if some.start == 0 else others

    return _collect(scenario, used, log if keep_log is not False else None, _gather(samples, goal, progress))


class _Goal(NamedTuple):
    """How many replications to begin with, how many there may be, and what more than the first are for."""

    first: int
    most: int
    precision: Precision | None
    random: bool = True


def _goal(scenario: Scenario, until: str | None, most: int | None) -> _Goal:
    if until is None:
        return _Goal(scenario.run.replications, scenario.run.replications, None)
    precision = read_precision(until)
    most = MOST if most is None else most
    if most < 1:
        msg = f"replications: expected 1 or more, found {most}"
        raise InputError(msg)
    if not workload.is_random(scenario):
        return _Goal(1, 1, precision, random=False)
    return _Goal(min(FIRST, most), most, precision)


class _Told(NamedTuple):
    """The samples of all replications, in their order, and what is to be said if they were not enough."""

    samples: list[Sample]
    warnings: tuple[str, ...]


def _gather(
    measure: Callable[[range], Iterator[Sample]], goal: _Goal, progress: Callable[[int, int], None] | None
) -> _Told:
    """Measure as many replications as it takes."""
    told: list[Sample] = []
    wanted = goal.first
    while True:
        for sample in measure(range(len(told), wanted)):
            told.append(sample)
            if progress:
                progress(len(told), wanted)
        if goal.precision is None:
            return _Told(told, ())
        trees = [sample.figures for sample in told]
        if goal.precision.reached(trees) or not goal.random:
            return _Told(told, ())
        if wanted >= goal.most:
            return _Told(told, (goal.precision.how_far(trees),))
        wanted = min(goal.most, goal.precision.next_count(trees))


def _collect(scenario: Scenario, engine: engines.Engine, log: RunLog | None, told: _Told) -> Result:
    """Return the result that the samples of all replications make."""
    figures = tuple(sample.figures for sample in told.samples)
    if len(figures) != scenario.run.replications:
        scenario = scenario.replace("run.replications", len(figures))
        log = None if log is None else replace(log, digest=scenario.digest)
    broken = () if log is None else tuple(_broken_law(scenario, log))
    short = tuple(short_runs(scenario, [tree["wait"] for tree in figures]))
    warnings = broken + told.samples[0].warnings + short + told.warnings
    return Result(scenario, engine, combine(figures), log, figures, warnings)


def ensure_scenario(scenario: object) -> None:
    """Refuse what is no scenario, such as the path of one."""
    if not hasattr(scenario, "claims"):
        msg = f"expected a Scenario, found {shown(scenario)}; ws.load(path) reads one from a file"
        raise InputError(msg)


def settle(scenario: Scenario, *, engine: str, seed: int | None, replications: int | None) -> Scenario:
    """Return the scenario with these settings instead of its own."""
    ensure_scenario(scenario)
    if engine not in ENGINES:
        msg = f"engine: expected one of {', '.join(ENGINES)}, found {engine!r}"
        raise InputError(msg)
    settings = {"run.seed": (seed, scenario.run.seed), "run.replications": (replications, scenario.run.replications)}
    other = {path: value for path, (value, own) in settings.items() if value is not None and not _is(value, own)}
    return scenario.replace_all(other) if other else scenario


def _is(value: object, own: int) -> bool:
    """Tell whether a setting is the scenario's own; one of another type is left to whoever reads it."""
    return type(value) is int and value == own


def prepare(
    scenario: Scenario, *, engine: str, seed: int | None = None, replications: int | None
) -> tuple[Scenario, Jobs, engines.Engine]:
    """Return the scenario with these settings, the jobs of replication 0, and the engine to run them all on."""
    scenario = settle(scenario, engine=engine, seed=seed, replications=replications)
    jobs = workload.realise(scenario)
    return scenario, jobs, pick(engine, len(jobs) * scenario.run.replications)


def pick(engine: str, jobs: int) -> engines.Engine:
    """Return the engine to run so many jobs on."""
    if engine == "auto":
        return engines.choose(jobs)
    return "simpy" if engine == "simpy" else "compiled"


def keeps_log(scenario: Scenario, engine: str, *, keep_log: bool | None) -> bool:
    """Tell whether the jobs of the run are held: if somebody wants the log, or nothing is gained without it."""
    if keep_log or engine == "simpy" or not can_stream(scenario):
        return True
    expected = workload.expected_jobs(scenario)
    return expected <= (HELD if keep_log is None else SMALL)


def _measured_each(scenario: Scenario, replications: range) -> Iterator[Sample]:
    return in_threads("compiled", lambda replication: measured(scenario, replication=replication), replications)


def simulate(
    scenario: Scenario, jobs: Jobs, engine: engines.Engine, *, replication: int = 0, kept: bool = True
) -> RunLog:
    """Return the log of these jobs, those of a replication, on the scenario's fleet; one that is kept says which."""
    horizon_ns, seed = workload.horizon_ns(scenario), scenario.run.seed
    workload.ensure_range(jobs, scenario.fleets.values(), horizon_ns)
    digest = scenario.digest if kept else ""
    if scenario.is_steady and jobs.fates is None:
        log = engines.simulate(jobs, scenario.fleet, engine=engine, horizon_ns=horizon_ns, seed=seed, digest=digest)
    else:
        system = engines.system_of(scenario, jobs, workload.Streams(seed, replication))
        log = engines.simulate_changing(jobs, system, engine=engine, horizon_ns=horizon_ns, seed=seed, digest=digest)
    ensure_warm_up(scenario, log.horizon_ns)
    return log


def measure_each(
    scenario: Scenario,
    engine: engines.Engine,
    replications: Sequence[int],
    measure: Callable[[Jobs, RunLog], Measured],
) -> Iterator[Measured]:
    """Measure replications in order; their logs are gone afterwards.

    The compiled engine frees the GIL, so it gets threads.
    """

    def one(replication: int) -> Measured:
        jobs = workload.realise(scenario, replication=replication)
        return measure(jobs, simulate(scenario, jobs, engine, replication=replication, kept=False))

    return in_threads(engine, one, replications)


def sample(scenario: Scenario, jobs: Jobs, engine: engines.Engine, *, replication: int) -> Sample:
    """Return the figures of these jobs, those of a replication, on the scenario's fleet; no log is kept."""
    if engine == "compiled" and is_read_whole(scenario, jobs):
        return measured_whole(scenario, jobs)
    if engine == "compiled" and is_gauged(scenario):
        return measured_changing(scenario, jobs, replication=replication)
    return measure_log(scenario, jobs, simulate(scenario, jobs, engine, replication=replication, kept=False))


def measure_log(scenario: Scenario, jobs: Jobs, log: RunLog) -> Sample:
    """Return the figures of a log of these jobs, and what is to be said of them."""
    tree = figures(log, warm_up_ns=int(scenario.run.warm_up))
    return sample_of(tree, Load(scenario).add(jobs), log.horizon_ns)


def _broken_law(scenario: Scenario, log: RunLog) -> Iterator[str]:
    """Say so if a log breaks what every run obeys."""
    fleets = scenario.fleets.values()
    served = frozenset(
        i for i, name in enumerate(log.jobs.queues) if all(f.queues is None or name in f.queues for f in fleets)
    )
    try:
        log.check(served=served)
    except LogError as error:
        yield f"This run breaks a law that every run obeys, so its figures are wrong; please report it: {error}"
