"""A run that gets its jobs in chunks: those in hand move to the front, and the next chunk stands behind them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from workersim.engines.compiled.layout import job_columns, phase_columns
from workersim.units import NEVER

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from workersim.engines.compiled.layout import Shape
    from workersim.engines.compiled.world import World
    from workersim.workload import Jobs

__all__ = ["carry"]


def carry(world: World, jobs: Jobs, shape: Shape) -> World:
    """Return the world with a further chunk of jobs, in the same arrays where they have room.

    Parameters
    ----------
    world
        A world whose run has stopped between two instants; it is used up.
    jobs
        They arrive no earlier than any of the world's.
    shape
        What all chunks have in common.
    """
    live = np.flatnonzero(world.finished[: world.settings[0].jobs] == NEVER)
    counts = np.diff(world.first_phase)[live]
    kept = np.concatenate(([0], np.cumsum(counts)))
    phases = np.arange(kept[-1]) + np.repeat(world.first_phase[live] - kept[:-1], counts)
    old_first = world.first_phase[live]
    columns: dict[str, NDArray[Any]] = {}
    for rows, more in ((live, job_columns(jobs, shape)), (phases, phase_columns(jobs))):
        columns |= {name: _moved(getattr(world, name), rows, column) for name, column in more.items()}
    carried = world._replace(**columns, first_phase=np.concatenate((kept[:-1], kept[-1] + jobs.first_phase)))
    _move_queues(world, carried, live)
    _move_running(carried, len(live), kept[:-1] - old_first)
    carried.settings[0].jobs = len(live) + len(jobs)
    return carried


def _moved(column: NDArray[Any], rows: NDArray[np.int64], more: NDArray[Any]) -> NDArray[Any]:
    """Return a column with some of its rows in front and more behind; one that is not used stays empty."""
    if not len(more):
        return column
    held, size = column[rows], len(rows) + len(more)
    if size > len(column):
        column = np.empty(size + size // 4, column.dtype)  # memory that is touched for the first time costs most
    column[: len(rows)] = held
    column[len(rows) : size] = more
    return column


def _move_queues(world: World, carried: World, live: NDArray[np.int64]) -> None:
    """Point the queues at the new places of the jobs that wait in them."""
    clock = world.clock[0]
    clock.published, clock.taken = np.searchsorted(live, [clock.published, clock.taken])
    if len(carried.following):
        place = np.full(world.settings[0].jobs + 1, -1)  # the last one stands for "none"
        place[live] = np.arange(len(live))
        carried.following[: len(live)] = place[carried.following[: len(live)]]
        carried.head[:] = place[carried.head]
        carried.tail[:] = place[carried.tail]


def _move_running(carried: World, live: int, shift: NDArray[np.int64]) -> None:
    """Point the slots at the new places of their jobs and phases."""
    running = np.flatnonzero(carried.started[:live] < NEVER)
    slots = carried.replica[running] * np.int64(carried.settings[0].concurrency) + carried.slot[running]
    carried.job[slots] = running
    carried.phase[slots] += shift[running]
