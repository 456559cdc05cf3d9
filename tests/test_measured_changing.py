"""A run on fleets that may change, measured in chunks, has the figures of the same run with a log."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from workersim.engines import Crashes, simulate_changing
from workersim.engines.compiled.changing import engine as compiled
from workersim.engines.compiled.changing.layout import priorities_of
from workersim.engines.compiled.changing.measured import InChunks
from workersim.errors import InputError
from workersim.metrics import figures
from workersim.metrics.attempt_meter import AttemptMeter
from workersim.metrics.steps import PARTS
from workersim.units import SECOND
from workersim.workload import Jobs

from .systems import draw, summary
from .test_measured import part, same

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest

    from workersim.engines.system import Change, System
    from workersim.workload.fates import Fates

SEEDS_APART = 3_000_017


def chosen(jobs: Jobs, rows: Any) -> Jobs:
    """Return some of the jobs, with their fates; none of them follows another."""
    some = part(jobs, rows)
    fates = None if jobs.fates is None else fates_of(jobs.fates, np.asarray(rows))
    return Jobs(some.table, some.first_phase, some.phase_kind, some.phase_demand_ns, some.dispatch_u, fates)


def fates_of(fates: Fates, rows: Any) -> Fates:
    n, counts = len(rows), np.diff(fates.first_retry)[rows]
    retries = [fates.retry_delay_ns[fates.first_retry[j] : fates.first_retry[j + 1]] for j in rows]
    names = ("fails", "fails_after_ns", "soft_ns", "hard_ns", "countdown_ns", "memory_bytes")
    return replace(
        fates,
        **{name: getattr(fates, name)[rows] for name in names},
        first_retry=np.concatenate(([0], np.cumsum(counts))),
        retry_delay_ns=np.concatenate([np.zeros(0, np.int64), *retries]),
        predecessors=np.zeros(n, np.int64),
        first_follower=np.zeros(n + 1, np.int64),
        follower=np.zeros(0, np.int64),
    )


def roots(jobs: Jobs) -> Jobs:
    """Return the jobs that arrive by themselves, in order of arrival."""
    alone = np.arange(len(jobs)) if jobs.fates is None else np.flatnonzero(np.asarray(jobs.fates.predecessors) == 0)
    return chosen(jobs, alone[np.argsort(jobs.table.arrival_ns[alone], kind="stable")])


def chunks(jobs: Jobs, size: int) -> Iterator[Jobs]:
    for start in range(0, len(jobs), size):
        yield chosen(jobs, np.arange(start, min(start + size, len(jobs))))


class Drawn(Crashes):
    """Hands out the drawn crashes of a system that has all of them, as far as somebody asks."""

    def __init__(self, system: System) -> None:
        self.rows = [row for row in system.schedule if row.drawn]

    def until(self, until_ns: int) -> list[Change]:
        some = [row for row in self.rows if row.at_ns <= until_ns]
        self.rows = self.rows[len(some) :]
        return some


def measured(jobs: Jobs, system: System, horizon_ns: int, warm_up_ns: int, size: int) -> dict[str, Any]:
    scripted = replace(system, schedule=tuple(row for row in system.schedule if not row.drawn))
    priorities = priorities_of(system, jobs.table.priority)
    run = InChunks(scripted, Drawn(system), priorities, horizon_ns, warm_up_ns)
    meter = AttemptMeter(warm_up_ns=warm_up_ns)
    for piece in run.pieces(chunks(jobs, size)):
        meter.add(piece)
    return meter.figures(run.fleet, run.levels)


def test_figures_of_random_worlds_in_chunks_are_those_of_their_logs(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compiled, "TICKS_IN_VAIN", 40)
    compared = 0
    for seed in range(SEEDS_APART, SEEDS_APART + request.config.getoption("--worlds")):
        drawn = draw(seed)
        jobs, system, horizon_ns = roots(drawn.jobs), drawn.system, drawn.horizon_ns
        exact = all(not service.vcpu_price and (service.vcpus * PARTS).is_integer() for service in system.services)
        if not exact or not len(jobs):
            continue
        try:
            log = simulate_changing(jobs, system, engine="compiled", horizon_ns=horizon_ns)
        except InputError:  # it never drains
            continue
        warm_up_ns = (0, log.horizon_ns // 3, log.horizon_ns)[seed % 3]
        expected = figures(log, warm_up_ns=warm_up_ns)
        got = measured(jobs, system, horizon_ns, warm_up_ns, 1 + seed % 7)
        try:
            # squares about another middle lose half of the digits if all durations are the same
            same(got, expected, unsure=2.0**-26 * log.horizon_ns / SECOND)
        except AssertionError as error:
            msg = f"draw({seed}): {error}\n{summary(drawn)}"
            raise AssertionError(msg) from error
        compared += 1
    assert compared > request.config.getoption("--worlds") // 4
