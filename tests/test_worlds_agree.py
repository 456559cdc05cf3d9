"""The two engines tell the same world, bit for bit, with every feature in it: `--worlds 10000` tries that many."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
import pytest
from hypothesis import given, settings

from workersim.engines import gauge_changing, simulate, simulate_changing
from workersim.engines.compiled.changing import engine as compiled
from workersim.engines.compiled.changing.engine import tell
from workersim.engines.reference import cpu as reference_cpu
from workersim.engines.reference import engine as reference
from workersim.engines.system import Change, Happening, Service, System
from workersim.errors import InputError
from workersim.metrics import figures
from workersim.runlog import Outcome
from workersim.units import NEVER, SECOND

from .builders import J, cpu, io, jobs_of
from .strategies import cases
from .systems import can_be_gauged, draw, summary, warm_up_of

if TYPE_CHECKING:
    from workersim.runlog import RunLog

    from .strategies import Case
    from .systems import Drawn

SEEDS_APART = 1_000_003


def both(drawn: Drawn, monkeypatch: pytest.MonkeyPatch) -> tuple[RunLog, RunLog]:
    """Run both engines, with sums that are cut back early and policies that are given up soon."""
    jobs, system, horizon_ns, bits = drawn
    for module in (reference_cpu, compiled):
        monkeypatch.setattr(module, "REBASE", 2.0**bits)
    for module in (reference, compiled):
        monkeypatch.setattr(module, "TICKS_IN_VAIN", 40)
    return (
        simulate_changing(jobs, system, engine="simpy", horizon_ns=horizon_ns),
        simulate_changing(jobs, system, engine="compiled", horizon_ns=horizon_ns),
    )


def test_both_engines_tell_the_same_worlds(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Always the same ones, so that a failure can be looked at: ``systems.draw(seed)``."""
    for seed in range(request.config.getoption("--worlds")):
        drawn = draw(seed)
        reference_log, compiled_log = both(drawn, monkeypatch)
        difference = reference_log.diff(compiled_log)
        assert difference is None, f"draw({seed}): {difference}\n{summary(drawn)}"


def test_figures_of_a_run_that_is_only_measured_are_those_of_its_log(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To the last bit, from the log without its phases and what the kernel has counted itself."""
    monkeypatch.setattr(compiled, "TICKS_IN_VAIN", 40)
    measured = 0
    for seed in range(SEEDS_APART, SEEDS_APART + request.config.getoption("--worlds")):
        jobs, system, horizon_ns, _ = draw(seed)
        if not can_be_gauged(system):
            continue
        try:
            log = simulate_changing(jobs, system, engine="compiled", horizon_ns=horizon_ns)
        except InputError:  # it never drains
            continue
        warm_up_ns = warm_up_of(seed, log.horizon_ns)
        gauged, levels = gauge_changing(jobs, system, horizon_ns=horizon_ns, warm_up_ns=warm_up_ns)
        assert not len(gauged.phases)
        expected = figures(log, warm_up_ns=warm_up_ns)
        assert figures(gauged, warm_up_ns=warm_up_ns, levels=levels) == expected, f"draw({seed})"
        measured += expected["cpu"]["max"] is not None and expected["cpu"]["max"] > 0
    assert measured > request.config.getoption("--worlds") // 4


@pytest.mark.parametrize("engine", ["simpy", "compiled"])
def test_a_document_that_comes_back_for_ever_ends_the_run(engine: Literal["simpy", "compiled"]) -> None:
    """A rate limit holds its message for longer than the visibility timeout, so each run of it leaves a copy."""
    jobs, system, horizon_ns, _ = draw(1_002_008)
    assert horizon_ns == NEVER
    with pytest.raises(InputError, match=r"never drains \(document 7 was delivered 20,000 times"):
        simulate_changing(jobs, system, engine=engine, horizon_ns=NEVER)
    log = simulate_changing(jobs, system, engine=engine, horizon_ns=1000 * SECOND)
    assert np.bincount(log.attempts.job)[7] == 40


def test_what_is_told_of_random_worlds_is_possible(monkeypatch: pytest.MonkeyPatch) -> None:
    """Held against the log alone: its laws, rows in order, and no slot used twice at one time."""
    for seed in range(SEEDS_APART, SEEDS_APART + 150):
        drawn = draw(seed)
        log = both(drawn, monkeypatch)[1]
        log.check(served=frozenset(queue for service in drawn.system.services for queue in service.queues))
        rows, happened = log.attempts, log.attempts.finished_ns < NEVER
        started = rows.started_ns < NEVER
        assert np.all(rows.published_ns >= log.jobs.arrival_ns[rows.job])
        assert np.all(rows.reserved_ns >= rows.published_ns)
        assert np.all(rows.started_ns >= rows.reserved_ns)
        assert np.all(rows.finished_ns[started] >= rows.started_ns[started])
        assert np.all(happened == (rows.outcome != Outcome.UNFINISHED))
        assert np.all(rows.finished_ns[happened] <= log.horizon_ns)
        first = np.r_[True, rows.job[1:] != rows.job[:-1]]
        assert np.all(
            rows.attempt == np.arange(len(first)) - np.maximum.accumulate(np.where(first, np.arange(len(first)), 0))
        )
        order = np.lexsort((rows.finished_ns, rows.started_ns, rows.slot, rows.replica))
        order = order[started[order]]
        here, there = order[:-1], order[1:]
        same = (rows.replica[here] == rows.replica[there]) & (rows.slot[here] == rows.slot[there])
        assert np.all(rows.started_ns[there][same] >= rows.finished_ns[here][same])


@given(case=cases())
@settings(max_examples=150)
def test_a_world_in_which_nothing_happens_is_the_one_of_the_first_kernel(case: Case) -> None:
    """One service of ideal workers that stays as it is: both kernels can run it."""
    jobs, fleet, horizon_ns = case
    names = jobs.table.queues
    listed = sorted(fleet.queues or names) if fleet.queue_order == "sorted" else fleet.queues or names
    service = Service(
        name="workers",
        replicas=fleet.replicas,
        concurrency=fleet.concurrency,
        vcpus=fleet.cores,
        queues=tuple(names.index(name) for name in listed),
        in_turn=fleet.queue_order == "round_robin",
        dispatch=fleet.dispatch,
    )
    steady = simulate(jobs, fleet, engine="compiled", horizon_ns=horizon_ns)
    changing = simulate_changing(jobs, System((service,), names), engine="compiled", horizon_ns=horizon_ns)
    assert changing.horizon_ns == steady.horizon_ns
    for table in ("attempts", "phases"):
        for name, column in getattr(steady, table).columns().items():
            assert np.array_equal(getattr(changing, table).columns()[name], column), (table, name)


def test_arrays_grow_as_they_must() -> None:
    """From one replica to a thousand, and from one attempt to five hundred."""
    jobs = jobs_of([J(0, [io(5), cpu(3)]) for _ in range(2000)])
    service = Service("workers", 1, 2, 2.0, (0,))
    rows = (Change(2, Happening.CHANGE, 0, replicas=1000), Change(20, Happening.CHANGE, 0, replicas=2))
    told = tell(jobs, System((service,), ("default",), rows), NEVER)
    assert np.bincount(told.attempts[:, 4]).tolist() == [2, 0, 1998]
    assert told.fleet[:, 2].max() == 999
    assert told.last_ns == 20
