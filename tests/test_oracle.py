"""Both engines against the core worked out in exact fractions."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workersim.engines import simulate
from workersim.runlog import Outcome
from workersim.scenario import Fleet
from workersim.units import NEVER, SECOND
from workersim.workload import Jobs

from .builders import ENGINES, J, jobs_of
from .oracle import Row, work_out
from .strategies import fleets, job_lists

if TYPE_CHECKING:
    from workersim.engines import Engine
    from workersim.runlog import RunLog

RUNS = 300
# Every end of a CPU phase is rounded to the nanosecond, and what its job does next begins there: half a nanosecond
# more for each end in a row of which one waits for the other, and what a container owes its phases is no more certain
# than the instants at which they began.  Such rows are short here, and the half nanoseconds have either sign: over
# 30,000 of these runs the worst was 3 ns.
CLOSE = 4


def told(log: RunLog) -> list[Row]:
    """Return the log as the oracle writes it."""
    attempts = log.attempts
    columns = (attempts.started_ns, attempts.finished_ns, attempts.replica, attempts.slot, attempts.outcome)
    return [
        Row(_instant(started), _instant(finished), replica, slot, Outcome(outcome))
        for started, finished, replica, slot, outcome in zip(*(column.tolist() for column in columns), strict=True)
    ]


def _instant(ns: int) -> Fraction | None:
    return None if ns == NEVER else Fraction(ns)


@st.composite
def uncontended(draw: st.DrawFn) -> tuple[Jobs, Fleet, int]:
    """Runs in which every process has a core of its own, so that every instant is a whole nanosecond."""
    jobs, times = draw(job_lists())
    fleet = draw(fleets(jobs.table.queues)).model_copy(update={"vcpus": None})
    if draw(st.booleans()):
        jobs, fleet = plain(jobs), fleet.model_copy(update={"dispatch": "longest_idle", "queues": None})
    return jobs, fleet, draw(st.just(NEVER) | times(20))


def plain(jobs: Jobs) -> Jobs:
    """Return them as patient jobs of one queue that take time, which the compiled engine runs in another way."""
    n = len(jobs)
    table = replace(
        jobs.table,
        arrival_ns=np.sort(jobs.table.arrival_ns),
        queue=np.zeros(n, np.int32),
        priority=np.zeros(n, np.int64),
        expires_ns=np.full(n, NEVER),
        queues=jobs.table.queues[:1],
    )
    return Jobs(table, jobs.first_phase, jobs.phase_kind, jobs.phase_demand_ns.clip(1), jobs.dispatch_u)


@pytest.mark.parametrize("engine", ENGINES)
@settings(max_examples=200)
@given(case=uncontended())
def test_without_contention_the_engines_are_exact(engine: Engine, case: tuple[Jobs, Fleet, int]) -> None:
    jobs, fleet, horizon = case
    log = simulate(jobs, fleet, engine=engine, horizon_ns=horizon)
    assert told(log) == work_out(jobs, fleet, horizon_ns=horizon)


def contended(seed: int) -> tuple[Jobs, Fleet]:
    """Jobs on whole seconds for containers with fewer cores than processes."""
    draw = np.random.default_rng(seed)
    concurrency = int(draw.integers(2, 5))
    jobs = [
        J(
            arrival := int(draw.integers(0, 11)) * SECOND,
            [(int(kind), int(draw.integers(0, 5)) * SECOND) for kind in draw.integers(0, 2, draw.integers(1, 5))],
            str(draw.choice(["high", "default", "low"])),
            int(draw.integers(0, 3)),
            arrival + int(draw.integers(0, 7)) * SECOND if draw.random() < 0.2 else NEVER,
            float(draw.random()),
        )
        for _ in range(draw.integers(1, 15))
    ]
    fleet = Fleet(
        replicas=int(draw.integers(1, 4)),
        concurrency=concurrency,
        vcpus=float(draw.choice([vcpus for vcpus in (0.5, 0.7, 1.0, 1.5, 2.0, 3.0) if vcpus < concurrency])),
        dispatch=str(draw.choice(["longest_idle", "first", "least_busy", "random"])),
        queue_order=str(draw.choice(["round_robin", "priority", "sorted"])),
    )
    return jobs_of(jobs, ["high", "default", "low"]), fleet


@pytest.mark.parametrize("engine", ENGINES)
def test_with_contention_the_engines_are_a_few_nanoseconds_off(engine: Engine) -> None:
    """And take the same slots, but where rounding parts what falls on one exact instant."""
    parted = 0
    for seed in range(RUNS):
        jobs, fleet = contended(seed)
        exact, found = work_out(jobs, fleet), told(simulate(jobs, fleet, engine=engine))
        if [row[2:] for row in exact] != [row[2:] for row in found]:
            assert is_tie(jobs, exact, found), f"run {seed} differs without a tie"
            parted += 1
            continue
        assert all(off <= CLOSE for off in differences(exact, found)), (
            f"run {seed}: {max(differences(exact, found))} ns"
        )
    assert parted <= RUNS // 100


def differences(exact: list[Row], found: list[Row]) -> list[Fraction]:
    pairs = [pair for rows in zip(exact, found, strict=True) for pair in zip(*(row[:2] for row in rows), strict=True)]
    return [abs(a - b) for a, b in pairs if a is not None and b is not None]


def is_tie(jobs: Jobs, exact: list[Row], found: list[Row]) -> bool:
    """Tell whether the first decision that differs hangs on a slot that was freed together with something else.

    Either at that instant, or when one of the two slots in question joined the line.
    """
    differ = [job for job, rows in enumerate(zip(exact, found, strict=True)) if rows[0][2:] != rows[1][2:]]
    at, job = min((min(decided(exact[job]), decided(found[job])), job) for job in differ)
    freed = [row.finished for row in exact if row.started is not None and row.finished is not None]
    events = [*freed, *map(Fraction, jobs.table.arrival_ns.tolist()), *map(Fraction, jobs.table.expires_ns.tolist())]
    joined = [
        max((row.finished for row in exact if row[2:4] == place and decided(row) < at and row.finished), default=at)
        for place in (exact[job][2:4], found[job][2:4])
    ]
    return any(
        sum(abs(event - instant) <= CLOSE for event in events) > 1
        and any(abs(event - instant) <= CLOSE for event in freed)
        for instant in (at, *joined)
    )


def decided(row: Row) -> Fraction:
    """Return when a job started, or left the line without."""
    instant = row.finished if row.started is None else row.started
    assert instant is not None
    return instant
