"""Now and next: when the backlog is gone, and when what is sent now is finished."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from workersim.errors import InputError
from workersim.experiments.forecasting.answer import Forecast, Span
from workersim.experiments.forecasting.remaining import Pool
from workersim.experiments.run import pick, simulate
from workersim.experiments.threads import in_threads
from workersim.runlog.deciding import deciding_rows
from workersim.scenario import Burst, RunSettings, Scenario, State, Workload, load, load_state
from workersim.units import NEVER, SECOND, shown
from workersim.workload import Jobs, realise

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from workersim.runlog import RunLog

    Floats = NDArray[np.float64]

__all__ = ["forecast"]

HORIZON = 20  # times as long as the work at hand takes on the whole fleet, where arrivals go on
LEAST = 19  # replications: below, no 90 % interval


class _Case(NamedTuple):
    """What is simulated: running jobs first, then those that wait, the one that is sent now, and then others."""

    scenario: Scenario
    ages: list[tuple[str, int]]
    waiting: int
    pools: dict[str, Pool]


def forecast(
    state: State | str | os.PathLike[str],
    scenario: Scenario | str | os.PathLike[str] | None = None,
    *,
    replications: int = 999,
    seed: int = 1,
    engine: str = "auto",
    progress: Callable[[int, int], None] | None = None,
) -> Forecast:
    """Say when the backlog is gone, and when the job that is sent now is finished.

    Parameters
    ----------
    state
        A ``State``: what waits, what runs and for how long; or the path of a file with it.
    scenario
        The fleet and the job classes, or the path of a scenario file; by default the one that the state names.
    replications
        How often what is not known is drawn: services, remainders of running jobs, arrivals.
    seed, engine
        As in ``ws.run``.
    progress
        Called as ``progress(done, of)``.

    Returns
    -------
    Forecast
        Each instant with its median and its 90 % interval, in seconds from now.

    Raises
    ------
    InputError
        If no scenario is named, a class is not in it, or more runs than there are processes.

    Examples
    --------
    >>> import workersim as ws
    >>> fleet = ws.Fleet(replicas=1, concurrency=1)
    >>> jobs = ws.Workload(jobs={"document": ws.Job(service="20 min")})
    >>> scenario = ws.Scenario(fleet=fleet, workload=jobs, run=ws.RunSettings(until="1 h"))
    >>> now = {"waiting": [{"job": "document"}], "running": [{"job": "document", "since": "5 min"}]}
    >>> found = ws.forecast(ws.State(**now), scenario, replications=19)
    >>> found.backlog_gone.median / 60, found.sent_finished.median / 60
    (15.0, 55.0)
    """
    source = "state"
    if not isinstance(state, State):
        source = os.fspath(state)
        state, named = load_state(source)
        scenario = named if scenario is None else scenario
    if scenario is None:
        msg = f"{source}: expected a scenario: `scenario: FILE.yaml`, or --scenario FILE.yaml"
        raise InputError(msg)
    if not isinstance(scenario, Scenario):
        scenario = load(scenario)
    if replications < LEAST:
        msg = f"replications: expected {LEAST} or more, found {replications}"
        raise InputError(msg)
    state.ensure_classes(scenario, source)
    case = _case(state, scenario, seed)
    _ensure_room(case, scenario, source)
    used = pick(engine, (len(case.ages) + case.waiting + 1) * replications)
    case = case._replace(scenario=case.scenario.replace("run.replications", 1))
    rows = []
    for row in in_threads(used, lambda r: _one(case, r, used), range(replications)):
        rows.append(row)
        if progress:
            progress(len(rows), replications)
    return _answer(state, scenario, case, np.array(rows))


# -- what is simulated -----------------------------------------------------------------------------


def _case(state: State, scenario: Scenario, seed: int) -> _Case:
    sent = state.sent or next(name for name, job in scenario.workload.jobs.items() if job.can_run)
    groups = [(each.job, each.count) for each in state.running]
    groups += [*((each.job, each.count) for each in state.waiting), (sent, 1)]
    ages = [(each.job, int(each.since)) for each in state.running for _ in range(each.count)]
    bursts = [Burst(jobs=count, classes=(job,)) for job, count in groups]
    going = scenario.workload.arrivals if state.arrivals else ()
    workload = Workload(jobs=scenario.workload.jobs, arrivals=(*bursts, *going))
    until = _horizon(scenario, len(ages) + sum(each.count for each in state.waiting) + 1) if going else "drained"
    run = RunSettings(until=until, seed=seed)
    whole = scenario.model_copy(update={"workload": workload, "run": run, "claims": ()})
    pools = {job: Pool(scenario, job) for job in dict.fromkeys(job for job, _ in ages)}
    for job, age in dict.fromkeys(ages):
        pools[job].is_exceeded(age)  # it may draw more, which is done before threads ask
    return _Case(whole, ages, sum(each.count for each in state.waiting), pools)


def _horizon(scenario: Scenario, jobs: int) -> str:
    """Return for how long is simulated where arrivals do not end."""
    classes = [name for name, job in scenario.workload.jobs.items() if job.can_run]
    mean = max(Pool(scenario, name).mean_ns() for name in classes)
    slots = max(1, sum(fleet.slots for fleet in scenario.fleets.values()))
    return f"{HORIZON * mean * (jobs / slots + 2):.0f} ns"


def _ensure_room(case: _Case, scenario: Scenario, source: str) -> None:
    slots = sum(fleet.slots for fleet in scenario.fleets.values())
    if len(case.ages) > slots:
        msg = f"{source}: running: expected at most {slots} jobs, one for each process, found {len(case.ages)}"
        raise InputError(msg)


def _one(case: _Case, replication: int, engine: Any) -> list[float]:
    """Return of one replication when the backlog is gone and done, and when what is sent starts and finishes (s)."""
    jobs = _remaining(case, realise(case.scenario, replication=replication), replication)
    log = simulate(case.scenario, jobs, engine, replication=replication, kept=False)
    return _instants(log, len(case.ages), case.waiting)


def _remaining(case: _Case, jobs: Jobs, replication: int) -> Jobs:
    """Return the jobs with what is left of those that run."""
    count = len(case.ages)
    if not count:
        return jobs
    seed = [int(case.scenario.run.seed), replication, 0xA6E]
    chance = np.random.default_rng(np.random.SeedSequence(seed))
    left = [case.pools[job].phases(age, chance) for job, age in case.ages]
    begin = int(jobs.first_phase[count])
    counts = np.concatenate([[len(each) for each in left], np.diff(jobs.first_phase[count:])]).astype(np.int64)
    kinds = np.array([kind for each in left for kind, _ in each], np.uint8)
    demands = np.array([demand for each in left for _, demand in each], np.int64)
    return Jobs(
        jobs.table,
        np.concatenate([[0], np.cumsum(counts)]),
        np.concatenate([kinds, np.asarray(jobs.phase_kind)[begin:]]),
        np.concatenate([demands, np.asarray(jobs.phase_demand_ns)[begin:]]),
        jobs.dispatch_u if len(jobs.dispatch_u) else None,
        jobs.fates,
    )


def _instants(log: RunLog, running: int, waiting: int) -> list[float]:
    rows = deciding_rows(log.attempts, len(log.jobs))
    started, finished = np.asarray(log.attempts.started_ns)[rows], np.asarray(log.attempts.finished_ns)[rows]
    backlog = slice(running, running + waiting)
    probe = running + waiting
    gone = started[backlog].max(initial=0)
    over = finished[:probe].max(initial=0)
    return [float(at) / SECOND if at < NEVER else np.inf for at in (gone, over, started[probe], finished[probe])]


# -- what comes of it ------------------------------------------------------------------------------


def _answer(state: State, scenario: Scenario, case: _Case, drawn: Floats) -> Forecast:
    gone, over, starts, ends = (_span(column) for column in drawn.T)
    warnings = [
        f"A job of {shown(job)} has run for {age / SECOND:,.0f} s, longer than any of its class: it ends at once here."
        for job, age in dict.fromkeys(case.ages)
        if case.pools[job].is_exceeded(age)
    ]
    if case.ages and any(fleet.cores < fleet.concurrency for fleet in scenario.fleets.values()):
        warnings.append("CPUs are shared, so running jobs got through less than they ran: this may be too early.")
    if any(fleet.celery is not None for fleet in scenario.fleets.values()):
        warnings.append("What workers had reserved counts as waiting in its queue: who reserved it is not known.")
    if not np.isfinite(drawn).all():
        share = float((~np.isfinite(drawn)).any(axis=1).mean())
        warnings.append(
            f"In {share:.0%} of the runs it never came so far: the fleet may be too small for its arrivals."
        )
    counts = {"running": len(case.ages), "waiting": case.waiting}
    return Forecast(scenario, state, counts, gone, over, starts, ends, len(drawn), tuple(warnings), drawn)


def _span(column: Floats) -> Span:
    held = np.sort(column)
    k = max(1, int((len(held) + 1) * 0.05))
    return Span(float(np.median(held)), float(held[k - 1]), float(held[-k]))
