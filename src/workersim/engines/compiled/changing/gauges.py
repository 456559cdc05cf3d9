"""Levels over time, followed while a run is only measured: its rows need not be put in order for them.

A level is settled when it changes and when the fleet does, and not at every instant: nearly all instants leave it as it
is.  CPU in use is counted in parts of a vCPU, so that areas are whole numbers and added up exactly, in two words.  What
was most at once of slots and CPU is kept by the rows of the fleet table, because it is a share of what was up then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from workersim.jit import helper, rare
from workersim.units import NEVER

if TYPE_CHECKING:
    from workersim.engines.compiled.changing.world import World

__all__ = [
    "BUSY",
    "CPU",
    "LEVELS",
    "PARTS",
    "QUEUED",
    "RESERVED",
    "VISIBLE",
    "WORD",
    "are_kept",
    "finish",
    "settle",
    "share",
    "shift",
]

QUEUED, VISIBLE, RESERVED, BUSY, CPU, LEVELS = range(6)
PARTS = 1024  # of a vCPU, as in metrics/steps.py
WORD = 32  # bits of the lower word of an area


@helper
def are_kept(world: World) -> bool:
    """Tell whether the run is only measured."""
    return world.settings[0].since < NEVER


@helper
def shift(world: World, k: int, more: int) -> None:
    """Raise or lower a level from now on."""
    if are_kept(world):
        settle(world, k, world.clock[0].now)
        world.gauges[k].now += more


@helper
def share(world: World, c: int, more: int) -> None:
    """Count CPU phases more or less in a container."""
    box = world.containers[c]
    before = box.sharing
    box.sharing = before + more
    limit = world.services[box.service].cpu_parts
    shift(world, CPU, min(box.sharing * PARTS, limit) - min(before * PARTS, limit))


@helper
def settle(world: World, k: int, now: int) -> None:
    """Count what a level has been since it was settled last, from the end of the warm-up on."""
    level = world.gauges[k]
    lasted = now - max(level.at, world.settings[0].since)
    level.at = now
    if lasted > 0:
        keep_most(world, k)
        add(world, k, lasted)


@helper
def add(world: World, k: int, lasted: int) -> None:
    """Add to the area of a level."""
    level = world.gauges[k]
    level.low += level.now * (lasted & ((1 << WORD) - 1))
    level.high += level.now * (lasted >> WORD) + (level.low >> WORD)
    level.low &= (1 << WORD) - 1


@helper
def keep_most(world: World, k: int) -> None:
    """Keep the most of a level, and where it is a share of the fleet the most beside this fleet."""
    clock, level = world.clock[0], world.gauges[k]
    level.most = max(level.most, level.now)
    if k >= BUSY and clock.changes > 0:
        row = world.changes[clock.changes - 1]
        if k == BUSY:
            row.most_busy = max(row.most_busy, level.now)
        else:
            row.most_cpu = max(row.most_cpu, level.now)


@rare
def finish(world: World, until: int) -> None:
    """Count what the levels are at the end; it may lie before the last look at the clock, which changed none."""
    if are_kept(world) and not world.settings[0].more:
        for k in range(LEVELS):
            end = until if until < NEVER else world.clock[0].last
            add(world, k, end - max(world.gauges[k].at, world.settings[0].since))
            keep_most(world, k)
