"""A run that gets its jobs in chunks: what is still in hand moves into the arrays of the next chunk."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from workersim.units import NEVER

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from workersim.engines.compiled.world import World

__all__ = ["carry"]

Column = "NDArray[Any]"


def carry(old: World, new: World) -> World:
    """Return the world of a new chunk in which the fleet stands, and jobs wait and run, as in the old one.

    Parameters
    ----------
    old
        A world whose run has stopped between two instants.
    new
        The world of the next chunk, not begun; its jobs arrive no earlier than any of the old ones.
    """
    live = np.flatnonzero(old.finished == NEVER)
    place = np.full(len(old.finished) + 1, -1)  # the last one stands for "none"
    place[live] = np.arange(len(live))
    first_phase, phases = _phases(old, live)
    jobs = {name: np.concatenate((getattr(old, name)[live], getattr(new, name))) for name in _by_job(new)}
    phase_columns = {name: np.concatenate((getattr(old, name)[phases], getattr(new, name))) for name in _BY_PHASE}
    carried = old._replace(
        **jobs,
        **phase_columns,
        first_phase=np.concatenate((first_phase[:-1], first_phase[-1] + new.first_phase)),
        settings=_with(new.settings, jobs=len(live) + int(new.settings[0].jobs)),
    )
    _move_queues(old, carried, place, live)
    _move_running(old, carried, place, live)
    return carried


_BY_PHASE = ("kind", "demand", "phase_end")


def _by_job(world: World) -> list[str]:
    names = ("arrival", "expires", "lane", "lots", "following", "started", "finished", "replica", "slot")
    return [name for name in names if len(getattr(world, name))]


def _phases(old: World, live: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return where the phases of the live jobs begin from now on, and where they stand in the old columns."""
    counts = np.diff(old.first_phase)[live]
    first_phase = np.concatenate(([0], np.cumsum(counts)))
    phases = np.arange(first_phase[-1]) + np.repeat(old.first_phase[live] - first_phase[:-1], counts)
    return first_phase, phases


def _move_queues(old: World, carried: World, place: NDArray[np.int64], live: NDArray[np.int64]) -> None:
    """Point the queues at the new places of the jobs that wait in them."""
    clock = old.clock[0]
    published, taken = np.searchsorted(live, [clock.published, clock.taken])
    clock.published, clock.taken = published, taken
    if len(carried.following):
        carried.following[: len(live)] = place[old.following[live]]
        carried.head[:] = place[old.head]
        carried.tail[:] = place[old.tail]


def _move_running(old: World, carried: World, place: NDArray[np.int64], live: NDArray[np.int64]) -> None:
    """Point the slots at the new places of their jobs and phases."""
    running = live[old.started[live] < NEVER]
    slots = old.replica[running] * np.int64(old.settings[0].concurrency) + old.slot[running]
    carried.job[slots] = place[running]
    carried.phase[slots] += carried.first_phase[place[running]] - old.first_phase[running]


def _with(settings: NDArray[Any], **values: int) -> NDArray[Any]:
    changed = settings.copy()
    for name, value in values.items():
        changed[name] = value
    return changed
