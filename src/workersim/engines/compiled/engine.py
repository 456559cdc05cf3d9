"""The same model as the reference engine, compiled: arrays in, arrays filled."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from workersim.engines.compiled import fifo
from workersim.engines.compiled.kernel import run
from workersim.engines.compiled.layout import make_world, shape_of
from workersim.engines.written import Written
from workersim.runlog import Outcome
from workersim.units import NEVER

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from workersim.engines.compiled.world import World
    from workersim.scenario import Fleet
    from workersim.workload import Jobs

__all__ = ["REBASE", "outcomes", "simulate"]

REBASE = 2.0**44


def simulate(jobs: Jobs, fleet: Fleet, horizon_ns: int, *, recursion: bool = True) -> Written:
    """Run the jobs on the fleet up to the horizon; if that is ``NEVER``, until nothing is left to happen.

    Where a recursion gives the same log as the events do, it is taken (a test compares them), unless
    ``recursion`` is false.
    """
    if recursion and fifo.fits(jobs, fleet, horizon_ns):
        return fifo.simulate(jobs, fleet, horizon_ns)
    world = make_world(jobs, fleet, REBASE, shape_of(jobs))
    run(world, horizon_ns)
    return _written(world, jobs, horizon_ns)


def _written(world: World, jobs: Jobs, horizon_ns: int) -> Written:
    started, finished, expires = world.started, world.finished, jobs.table.expires_ns
    expired = (started == NEVER) & (expires < NEVER) & (expires <= horizon_ns)
    finished[expired] = expires[expired]
    return Written(started, finished, world.replica, world.slot, outcomes(started, finished), world.phase_end)


def outcomes(started: NDArray[np.int64], finished: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Return what became of jobs: one that left without a start has expired."""
    left = np.where(started < NEVER, np.uint8(Outcome.DONE), np.uint8(Outcome.EXPIRED))
    return np.where(finished < NEVER, left, np.uint8(Outcome.UNFINISHED))
