"""Switch off one cause of waiting after the other, and try what could be changed, all on the same documents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from workersim import workload
from workersim.errors import InputError
from workersim.experiments.documents import replications_of
from workersim.experiments.explaining.answer import Explanation, Part, Tried
from workersim.experiments.explaining.causes import CAUSES, LOAD, World
from workersim.experiments.explaining.changes import changes_of
from workersim.experiments.explaining.evening import roots
from workersim.experiments.run import pick, settle, simulate
from workersim.experiments.threads import in_threads
from workersim.metrics import figures
from workersim.runlog.deciding import deciding_rows
from workersim.units import NEVER

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from workersim import engines
    from workersim.experiments.explaining.changes import Change
    from workersim.runlog import RunLog
    from workersim.scenario import Scenario
    from workersim.workload import Jobs

__all__ = ["explain"]

MOST_JOBS = 20_000_000  # of a replication, which is held


class _Told(NamedTuple):
    """One replication: documents, their waits in all as it is and without each cause, and with each change; costs."""

    documents: int
    without_ns: list[int]
    changed_ns: list[int]
    cost: float
    costs: list[float]


def explain(
    scenario: Scenario,
    *,
    engine: Literal["auto", "simpy", "compiled"] = "auto",
    seed: int | None = None,
    replications: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Explanation:
    """Say where the waiting comes from, and which one change would shorten it most.

    Each cause is switched off on the same documents, on top of those before it: crashes, scaling lag, reservation,
    bursts, variability. What the mean wait loses is its share; what is left is load. The shares add up to the wait.

    Parameters
    ----------
    scenario
        What is asked about.
    engine, seed
        As for ``run``.
    replications
        How often; by default once without chance, else as often as the scenario says, and 10 times at least.
    progress
        Called as ``progress(done, of)`` after each replication.

    Returns
    -------
    Explanation
        The causes in their order, and the changes, the one that shortens the wait most first.

    Raises
    ------
    InputError
        As from ``run``, or if there are more than 20 million documents.

    Notes
    -----
    A document waits until the attempt that decides it starts, until it leaves, or until the run ends, so every variant
    is about the same documents: those that arrive by themselves, at the warm-up's end or later.

    Examples
    --------
    >>> import workersim as ws
    >>> overload = ws.Scenario(
    ...     name="overload",
    ...     fleet=ws.Fleet(replicas=1, concurrency=4),
    ...     workload=ws.Workload(jobs={"document": ws.Job(service="20 min")}, arrivals=[ws.Burst(jobs=10)]),
    ... )
    >>> why = ws.explain(overload)
    >>> [(part.cause, part.wait) for part in why.parts if part.wait]
    [('bursts', 960.0)]
    >>> why.best.words
    'one replica more, 2'
    """
    scenario = settle(scenario, engine=engine, seed=seed, replications=None)
    if replications is not None and replications < 1:
        msg = f"replications: expected 1 or more, found {replications}"
        raise InputError(msg)
    scenario = scenario.replace("claims", []) if scenario.claims else scenario
    expected = workload.expected_jobs(scenario)
    if expected > MOST_JOBS:
        msg = f"explain: expected at most {MOST_JOBS:,} documents, found about {expected:.3g}"
        raise InputError(msg)
    count, changes = replications_of(scenario, replications), changes_of(scenario)
    runs = count * (1 + len(CAUSES) + len(changes))
    told = _all(scenario, changes, pick(engine, int(expected) * runs), count, progress)
    return _answer(scenario, changes, told)


def _all(
    scenario: Scenario,
    changes: Sequence[Change],
    engine: engines.Engine,
    count: int,
    progress: Callable[[int, int], None] | None,
) -> list[_Told]:
    told: list[_Told] = []
    for each in in_threads(engine, lambda replication: _once(scenario, changes, engine, replication), range(count)):
        told.append(each)
        if progress:
            progress(len(told), count)
    return told


def _once(scenario: Scenario, changes: Sequence[Change], engine: engines.Engine, replication: int) -> _Told:
    """Run one replication as it is, without each cause in turn, and with each change."""
    jobs = workload.realise(scenario, replication=replication)
    counted = np.flatnonzero(np.asarray(jobs.table.arrival_ns)[: roots(jobs)] >= int(scenario.run.warm_up))

    def log_of(scenario: Scenario, jobs: Jobs) -> RunLog:
        return simulate(scenario, jobs, engine, replication=replication, kept=False)

    world = World(scenario, jobs, log_of(scenario, jobs))
    cost = _cost(world.log)
    without = [_waited_ns(world.log, counted)]
    for cause in CAUSES:
        before, world = world, cause.off(world)
        if world.scenario is not before.scenario or world.jobs is not before.jobs:
            world = world._replace(log=log_of(world.scenario, world.jobs))
            without.append(_waited_ns(world.log, counted))
        else:
            without.append(without[-1])
    del world
    changed, costs = [], []
    for change in changes:
        log = log_of(change.scenario, jobs)
        changed.append(_waited_ns(log, counted))
        costs.append(_cost(log))
    return _Told(len(counted), without, changed, cost, costs)


def _waited_ns(log: RunLog, counted: NDArray[np.int64]) -> int:
    """Return how long documents wait in all: until they start, leave, or the run ends."""
    attempts = log.attempts
    rows = deciding_rows(attempts, len(log.jobs))[counted]
    left = np.minimum(attempts.finished_ns[rows], log.horizon_ns)
    started = attempts.started_ns[rows]
    wait = np.where(started < NEVER, started, left) - log.jobs.arrival_ns[counted]
    # in two halves: a sum of 64 bits holds the waits of no more than a hundred thousand documents of a day each
    return (int((wait >> 32).sum()) << 32) + int((wait & 0xFFFFFFFF).sum())


def _cost(log: RunLog) -> float:
    return float(figures(log)["cost"]["total"])


def _answer(scenario: Scenario, changes: Sequence[Change], told: Sequence[_Told]) -> Explanation:
    told = [each for each in told if each.documents] or list(told[:1])
    documents = tuple(each.documents for each in told)
    stages = [tuple(each.without_ns[at] for each in told) for at in range(1 + len(CAUSES))]
    parts = [
        Part(cause.name, cause.words, cause.how, tuple(b - a for b, a in zip(before, after, strict=True)), documents)
        for cause, before, after in zip(CAUSES, stages[:-1], stages[1:], strict=True)
    ]
    tried = [
        Tried(
            words=change.words,
            keys=change.keys,
            saved_ns=tuple(each.without_ns[0] - each.changed_ns[at] for each in told),
            documents=documents,
            cost=sum(each.costs[at] - each.cost for each in told) / len(told),
        )
        for at, change in enumerate(changes)
    ]
    parts.append(Part(*LOAD, stages[-1], documents))
    ordered = sorted(tried, key=lambda each: (-each.saved, each.cost))
    return Explanation(scenario, tuple(parts), tuple(ordered), stages[0], documents)
