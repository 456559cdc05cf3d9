"""Longer arrays for a world that has stopped between two events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from workersim.engines.compiled.changing.containers import moved
from workersim.engines.compiled.changing.layout import needs_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from workersim.engines.compiled.changing.world import World

__all__ = ["with_containers", "with_rows"]


def with_rows(world: World) -> World:
    """Return the world with room for what one event can write, and some more, where there was too little."""
    clock = world.clock[0]
    rows = clock.needs + clock.unacked
    used = {
        "attempts": clock.rows + rows,
        "messages": clock.rows + rows,
        "heap": clock.heap + rows,
        "extra_phases": clock.extra + clock.needs,
        "phase_end": world.settings[0].phases + clock.extra + clock.needs,
        "changes": clock.changes + clock.needs,
    }
    return world._replace(**{name: _longer(getattr(world, name), int(needed)) for name, needed in used.items()})


def _longer(column: NDArray[Any], needed: int) -> NDArray[Any]:
    if needed <= len(column):
        return column
    made = np.zeros(needed + needed // 2, column.dtype)
    made[: len(column)] = column
    return made.view(type(column))


def with_containers(world: World, v: int, more: int) -> World:
    """Return the world with room for so many containers more of a service."""
    grown = world._replace(**moved(world, v, more))
    grown.clock[0].needs = needs_of(grown.containers, grown.slots)
    return with_rows(grown)
