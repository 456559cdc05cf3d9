"""The reference engine says it twice: for all the world, and shorter and faster for fleets that stay as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from workersim.engines.reference import cpu, tell
from workersim.engines.reference.plain.engine import simulate
from workersim.engines.system import Service, System
from workersim.units import NEVER

from .strategies import Case, cases

if TYPE_CHECKING:
    import pytest

    from workersim.scenario import Fleet


def system_of(fleet: Fleet, queues: tuple[str, ...]) -> System:
    listed = sorted(fleet.queues or queues) if fleet.queue_order == "sorted" else fleet.queues or queues
    service = Service(
        name="workers",
        replicas=fleet.replicas,
        concurrency=fleet.concurrency,
        vcpus=fleet.cores,
        queues=tuple(queues.index(name) for name in listed),
        in_turn=fleet.queue_order == "round_robin",
        dispatch=fleet.dispatch,
        parent_bytes=fleet.memory_bytes,
        price=fleet.replica_price,
    )
    return System((service,), queues)


def test_both_texts_tell_the_same_run(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    @settings(
        max_examples=request.config.getoption("--scenarios"), deadline=None, suppress_health_check=list(HealthCheck)
    )
    @given(case=cases(), rebase_bits=st.sampled_from([44, 44, 30, 20, 3]))
    def agree(case: Case, rebase_bits: int) -> None:
        monkeypatch.setattr(cpu, "REBASE", 2.0**rebase_bits)
        jobs, fleet, horizon_ns = case
        system = system_of(fleet, jobs.table.queues)
        plain, told = simulate(*case), tell(jobs, system, horizon_ns)
        rows = np.full((len(jobs), 10), NEVER)
        rows[told.attempts[:, 0]] = told.attempts
        here = told.arrival_ns < NEVER
        assert np.array_equal(here, jobs.table.arrival_ns <= horizon_ns)
        assert np.array_equal(rows[here, 2], jobs.table.arrival_ns[here])
        columns = (plain.started_ns, plain.started_ns, plain.finished_ns, plain.replica, plain.slot, plain.outcome)
        assert np.array_equal(rows[here][:, [3, 4, 5, 7, 8, 9]], np.column_stack(columns)[here])
        assert plain.phase_ends_ns is not None
        ends = np.full(len(jobs.phase_kind), NEVER)
        ends[told.phases[:, 1]] = told.phases[:, 3]
        assert np.array_equal(ends, plain.phase_ends_ns)
        assert told.fleet[:, 4].tolist() == [fleet.concurrency] * fleet.replicas

    agree()
