"""Run a scenario: realise its workload, simulate each replication, and read the figures from the logs."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from workersim import engines, workload
from workersim.errors import InputError, LogError
from workersim.experiments.measuring import can_stream, measured
from workersim.experiments.result import Result
from workersim.metrics import figures
from workersim.statistics import combine

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from workersim.runlog import RunLog
    from workersim.scenario import Scenario
    from workersim.workload import Jobs

__all__ = ["measure_each", "prepare", "run", "simulate"]

ENGINES = ("auto", "simpy", "compiled")
HELD = 20_000_000  # jobs whose log is kept unless somebody says otherwise: about 1 GB
SMALL = 100_000  # jobs up to which exact quantiles from a passing log cost no more than those of a measured run

Measured = TypeVar("Measured")


def run(
    scenario: Scenario,
    *,
    engine: Literal["auto", "simpy", "compiled"] = "auto",
    seed: int | None = None,
    replications: int | None = None,
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
    settled = _settle(scenario, engine=engine, seed=seed, replications=replications)
    if not _keeps_log(settled, engine, keep_log=keep_log):
        return _collect(settled, "compiled", None, _measured_each(settled), progress)
    scenario, jobs, used = prepare(scenario, engine=engine, seed=seed, replications=replications)
    log = simulate(scenario, jobs, used)
    first = _measure(scenario, jobs, log)

    def measure(jobs: Jobs, log: RunLog) -> dict[str, Any]:
        return _measure(scenario, jobs, log)

    samples = chain([first], measure_each(scenario, used, range(1, scenario.run.replications), measure))
    return _collect(scenario, used, log if keep_log is not False else None, samples, progress)


def _collect(
    scenario: Scenario,
    engine: engines.Engine,
    log: RunLog | None,
    samples: Iterator[dict[str, Any]],
    progress: Callable[[int, int], None] | None,
) -> Result:
    """Return the result that the samples of all replications make, in the order in which they come."""
    told: list[dict[str, Any]] = []
    for sample in samples:
        told.append(sample)
        if progress:
            progress(len(told), scenario.run.replications)
    return Result(scenario, engine, combine(told), log, tuple(told), tuple(_warnings(scenario, log, told[0])))


def _settle(scenario: Scenario, *, engine: str, seed: int | None, replications: int | None) -> Scenario:
    """Return the scenario with these settings instead of its own."""
    if engine not in ENGINES:
        msg = f"engine: expected one of {', '.join(ENGINES)}, found {engine!r}"
        raise InputError(msg)
    settings = {"run.seed": seed, "run.replications": replications}
    given = {path: value for path, value in settings.items() if value is not None}
    return scenario.replace_all(given) if given else scenario


def prepare(
    scenario: Scenario, *, engine: str, seed: int | None, replications: int | None
) -> tuple[Scenario, Jobs, engines.Engine]:
    """Return the scenario with these settings, the jobs of replication 0, and the engine to run them all on."""
    scenario = _settle(scenario, engine=engine, seed=seed, replications=replications)
    jobs = workload.realise(scenario)
    return scenario, jobs, _pick(engine, len(jobs) * scenario.run.replications)


def _pick(engine: str, jobs: int) -> engines.Engine:
    """Return the engine to run so many jobs on."""
    if engine == "auto":
        return engines.choose(jobs)
    return "simpy" if engine == "simpy" else "compiled"


def _keeps_log(scenario: Scenario, engine: str, *, keep_log: bool | None) -> bool:
    """Tell whether the jobs of the run are held: if somebody wants the log, or nothing is gained without it."""
    if keep_log or engine == "simpy" or not can_stream(scenario):
        return True
    expected = workload.expected_jobs(scenario)
    return expected <= (HELD if keep_log is None else SMALL)


def _measured_each(scenario: Scenario) -> Iterator[dict[str, Any]]:
    replications = range(scenario.run.replications)
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        yield from pool.map(lambda replication: measured(scenario, replication=replication), replications)


def simulate(scenario: Scenario, jobs: Jobs, engine: engines.Engine) -> RunLog:
    """Return the log of these jobs on the scenario's fleet."""
    horizon_ns = workload.horizon_ns(scenario)
    workload.ensure_range(jobs, scenario.fleet, horizon_ns)
    return engines.simulate(
        jobs, scenario.fleet, engine=engine, horizon_ns=horizon_ns, seed=scenario.run.seed, digest=scenario.digest
    )


def measure_each(
    scenario: Scenario,
    engine: engines.Engine,
    replications: Iterable[int],
    measure: Callable[[Jobs, RunLog], Measured],
) -> Iterator[Measured]:
    """Measure replications in order; their logs are gone afterwards.

    The compiled engine frees the GIL, so it gets threads.
    """

    def one(replication: int) -> Measured:
        jobs = workload.realise(scenario, replication=replication)
        return measure(jobs, simulate(scenario, jobs, engine))

    threads = (os.cpu_count() or 1) if engine == "compiled" else 1
    with ThreadPoolExecutor(threads) as pool:
        yield from pool.map(one, replications)


def _measure(scenario: Scenario, jobs: Jobs, log: RunLog) -> dict[str, Any]:
    sample = figures(log, warm_up_ns=int(scenario.run.warm_up))
    # The log of a run cannot tell it: a job that never started has not shown what it needs.
    sample["offered_load"] = float(jobs.demand_ns.sum(dtype=float)) / log.horizon_ns if log.horizon_ns else None
    return sample


def _warnings(scenario: Scenario, log: RunLog | None, sample: dict[str, Any]) -> Iterator[str]:
    """Say what a reader of the figures has to know."""
    fleet, load = scenario.fleet, sample["offered_load"]
    if log is not None:
        try:
            log.check(served=_served(scenario, log))
        except LogError as error:
            yield f"This run breaks a law that every run obeys, so its figures are wrong; please report it: {error}"
    if load is not None and load >= fleet.slots and any(arrival.endless for arrival in scenario.workload.arrivals):
        yield (
            f"Unstable: work for {load:.3g} slots arrives at {fleet.slots}, so the queue grows for as long as this "
            "runs, and every wait depends on how long that is."
        )
    unfinished = sample["jobs"]["unfinished"]
    if scenario.run.until == "drained" and unfinished:
        yield f"{unfinished} of {sample['jobs']['arrived']} jobs were never served: {_why_stranded(scenario, log)}."


def _served(scenario: Scenario, log: RunLog) -> frozenset[int]:
    listed = scenario.fleet.queues
    return frozenset(i for i, name in enumerate(log.jobs.queues) if listed is None or name in listed)


def _why_stranded(scenario: Scenario, log: RunLog | None) -> str:
    fleet = scenario.fleet
    if fleet.replicas == 0:
        return "the fleet has no replica"
    asked = (
        [job.queue or fleet.home_queue for job in scenario.workload.jobs.values()] if log is None else log.jobs.queues
    )
    names = [repr(name) for name in dict.fromkeys(asked) if fleet.queues is not None and name not in fleet.queues]
    return f"no replica consumes the queue{'s' * (len(names) > 1)} {', '.join(names)}"
