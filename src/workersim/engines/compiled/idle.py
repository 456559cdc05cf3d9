"""The line of idle slots, and who in it takes the next message."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workersim.engines.compiled import queues
from workersim.engines.compiled.layout import DISPATCHES
from workersim.engines.compiled.trees import count_add, count_below, count_kth, heap_pop, winner_set
from workersim.jit import helper
from workersim.units import NEVER

if TYPE_CHECKING:
    from workersim.engines.compiled.world import World

__all__ = ["choose", "join"]

LONGEST_IDLE, FIRST, LEAST_BUSY, RANDOM = range(len(DISPATCHES))


@helper
def join(world: World) -> None:
    """Let the slots that were freed since the last dispatch join the line, by slot and then replica."""
    clock, settings = world.clock[0], world.settings[0]
    while clock.freed > 0:
        s = world.ranked[heap_pop(world.freed, clock.freed)]
        clock.freed -= 1
        if settings.dispatch == LONGEST_IDLE:
            world.line[wrapped(world, clock.front + clock.idle)] = s
        else:
            count_add(world.idle, s, 1)
            rank(world, world.container[s])
        clock.idle += 1


@helper
def wrapped(world: World, at: int) -> int:
    """Return a place in the ring of idle slots, at most one round on."""
    return at - len(world.line) if at >= len(world.line) else at


@helper
def rank(world: World, c: int) -> None:
    """Rank a container for ``least_busy``: only those with an idle slot take part."""
    settings = world.settings[0]
    if settings.dispatch == LEAST_BUSY:
        running = world.containers[c].running
        winner_set(world.busy, world.busy_id, c, running if has_idle(world, c) else NEVER)


@helper
def has_idle(world: World, c: int) -> bool:
    """Tell whether a slot of this container stands in the line."""
    concurrency = world.settings[0].concurrency
    return count_below(world.idle, (c + 1) * concurrency) > count_below(world.idle, c * concurrency)


@helper
def choose(world: World, level: int) -> int:
    """Take the slot out of the line whose turn it is."""
    clock, settings = world.clock[0], world.settings[0]
    if settings.dispatch == LONGEST_IDLE:
        s = world.line[clock.front]
        clock.front = wrapped(world, clock.front + 1)
    else:
        if settings.dispatch == FIRST:
            k = 0
        elif settings.dispatch == LEAST_BUSY:
            k = count_below(world.idle, world.busy_id[1] * settings.concurrency)
        else:
            k = int(queues.lot(world, level) * clock.idle)
        s = count_kth(world.idle, k)
        count_add(world.idle, s, -1)
    clock.idle -= 1
    return s
