"""The Celery workers that ask for a message, in the order in which their BRPOPs are renewed.

A worker that began to ask at ``asked`` renews its BRPOP every period since, so its present one is the older, the sooner
it will be renewed.  Sorted by ``asked % period``, the oldest one is that of the first worker behind ``now % period``,
cyclically.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from workersim.jit import helper, rare
from workersim.units import NEVER

if TYPE_CHECKING:
    from workersim.engines.compiled.changing.world import World

__all__ = ["enter", "leave", "oldest"]


@helper
def place(world: World, v: int, turn: int, c: int) -> int:
    """Return where a worker with this turn stands, or would stand, among those of its service."""
    service = world.services[v]
    low, high = service.first_container, service.first_container + service.asking
    while low < high:
        middle = (low + high) // 2
        other = world.asking[middle]
        theirs = world.containers[other].turn
        if theirs < turn or (theirs == turn and other < c):
            low = middle + 1
        else:
            high = middle
    return low


@rare
def enter(world: World, c: int) -> None:
    """Let a worker ask for messages from now on."""
    box = world.containers[c]
    service = world.services[box.service]
    box.turn = box.asked % service.period
    at = place(world, box.service, box.turn, c)
    for k in range(service.first_container + service.asking, at, -1):
        world.asking[k] = world.asking[k - 1]
    world.asking[at] = c
    service.asking += 1


@rare
def leave(world: World, c: int) -> None:
    """Let a worker no longer ask for messages, if it did."""
    box = world.containers[c]
    if box.asked == NEVER:
        return
    service = world.services[box.service]
    at = place(world, box.service, box.turn, c)
    service.asking -= 1
    for k in range(at, service.first_container + service.asking):
        world.asking[k] = world.asking[k + 1]
    box.asked = NEVER


@helper
def oldest(world: World, v: int) -> int:
    """Return the worker of a service whose BRPOP is the oldest; of several the one with the lowest number."""
    service = world.services[v]
    at = place(world, v, world.clock[0].now % service.period + 1, -1)
    if at == service.first_container + service.asking:
        at = service.first_container
    return world.asking[at]
