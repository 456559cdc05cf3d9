"""Both engines against the core worked out in exact fractions."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workersim.engines import simulate
from workersim.runlog import Outcome
from workersim.scenario import Fleet
from workersim.units import NEVER, SECOND

from .builders import ENGINES, J, jobs_of
from .oracle import Row, work_out
from .strategies import fleets, job_lists

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workersim.engines import Engine
    from workersim.runlog import RunLog
    from workersim.workload import Jobs


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
    fleet = draw(fleets(jobs.table.queues))
    horizon = draw(st.just(NEVER) | times(20))
    return jobs, fleet.model_copy(update={"vcpus": draw(st.sampled_from([None, float(fleet.concurrency)]))}), horizon


@pytest.mark.parametrize("engine", ENGINES)
@given(case=uncontended())
def test_without_contention_the_engines_are_exact(engine: Engine, case: tuple[Jobs, Fleet, int]) -> None:
    jobs, fleet, horizon = case
    log = simulate(jobs, fleet, engine=engine, horizon_ns=horizon)
    assert told(log) == work_out(jobs, fleet, horizon_ns=horizon)
