"""The two engines tell the same run, bit for bit: whole random runs, whole logs, no tolerance."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from workersim.engines import simulate
from workersim.engines.compiled import engine as compiled
from workersim.engines.compiled import fifo
from workersim.engines.reference import cpu as reference_cpu
from workersim.workload import ensure_range

from .strategies import Case, cases, fifo_cases

if TYPE_CHECKING:
    import pytest

    from workersim.runlog import RunLog


def both(case: Case) -> tuple[RunLog, RunLog]:
    jobs, fleet, horizon_ns = case
    ensure_range(jobs, [fleet], horizon_ns)
    reference = simulate(jobs, fleet, engine="simpy", horizon_ns=horizon_ns)
    return reference, simulate(jobs, fleet, engine="compiled", horizon_ns=horizon_ns)


def test_both_engines_write_the_same_log(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    @settings(
        max_examples=request.config.getoption("--scenarios"), deadline=None, suppress_health_check=list(HealthCheck)
    )
    @given(case=cases(), rebase_bits=st.sampled_from([44, 44, 30, 20, 3]))
    def agree(case: Case, rebase_bits: int) -> None:
        # The sums of a CPU are cut back after five hours of work; with a lower bound that happens here too.
        monkeypatch.setattr(reference_cpu, "REBASE", 2.0**rebase_bits)
        monkeypatch.setattr(compiled, "REBASE", 2.0**rebase_bits)
        reference, fast = both(case)
        assert reference.diff(fast) is None
        listed = case.fleet.queues
        names = enumerate(reference.jobs.queues)
        reference.check(served=frozenset(i for i, name in names if listed is None or name in listed))

    agree()


@given(case=fifo_cases())
def test_the_recursion_writes_what_the_events_write(case: Case) -> None:
    """With few slots (a sorted row) and with many (a tree of winners), up to a horizon and drained."""
    assert fifo.fits(*case)
    by_recursion = compiled.simulate(*case)
    by_events = compiled.simulate(*case, recursion=False)
    assert by_recursion.phase_ends_ns is None
    for name in ("started_ns", "finished_ns", "replica", "slot", "outcome"):
        assert np.array_equal(getattr(by_recursion, name), getattr(by_events, name)), name
    assert both(case)[0].diff(both(case)[1]) is None
