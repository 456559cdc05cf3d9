"""Watch kept over the CPUs while a run is only measured: of its phases no table is made.

The CPU in use is counted in parts of a vCPU, so that areas are whole numbers and added up exactly, in two words.  What
was most at once is kept by the rows of the fleet table, because it is a share of the vCPUs that were up then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from workersim.jit import helper
from workersim.units import NEVER

if TYPE_CHECKING:
    from workersim.engines.compiled.changing.world import World

__all__ = ["PARTS", "WORD", "finish", "pass_time", "share"]

PARTS = 1024  # of a vCPU, as in metrics/steps.py
WORD = 32  # bits of the lower word of an area


@helper
def share(world: World, c: int, more: int) -> None:
    """Count CPU phases more or less in a container."""
    box = world.containers[c]
    before = box.sharing
    box.sharing = before + more
    if world.settings[0].since < NEVER:
        limit = world.services[box.service].cpu_parts
        world.clock[0].cpu += min(box.sharing * PARTS, limit) - min(before * PARTS, limit)


@helper
def pass_time(world: World, now: int) -> None:
    """Count what has been in use since the last instant, from the end of the warm-up on."""
    if world.settings[0].since < now:
        count(world, now)


@helper
def finish(world: World, until: int) -> None:
    """Count what has been in use at the end."""
    if world.settings[0].since < NEVER:
        count(world, max(until if until < NEVER else world.clock[0].now, world.settings[0].since))


@helper
def count(world: World, now: int) -> None:
    """Keep the most, and add to the area up to now."""
    clock = world.clock[0]
    if clock.changes > 0:
        row = world.changes[clock.changes - 1]
        row.most_cpu = max(row.most_cpu, clock.cpu)
    passed = now - max(clock.now, world.settings[0].since)
    clock.cpu_low += clock.cpu * (passed & ((1 << WORD) - 1))
    clock.cpu_high += clock.cpu * (passed >> WORD) + (clock.cpu_low >> WORD)
    clock.cpu_low &= (1 << WORD) - 1
