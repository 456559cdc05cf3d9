"""Watch kept over levels while a run is only measured, and no log is there to read them from.

The CPU in use in a container is the number of its phases, or else, if that is crowded, its vCPUs.  Both are whole
numbers of nanoseconds times something, so their areas are added up exactly; a container does so whenever its own
number of phases may change, and not at each instant.

The most at once is looked for until it is all there is: from then on nothing is counted for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from workersim.jit import helper
from workersim.runlog.counting import exact_sum
from workersim.runlog.pieces import CpuUse
from workersim.units import NEVER

if TYPE_CHECKING:
    from workersim.engines.compiled.world import World

__all__ = ["arrive", "cpu_use", "pass_time", "share", "tell", "used"]

WORD = 32  # bits of the lower word of an area


@helper
def share(world: World, c: int, more: int) -> None:
    """Count one CPU phase more or less in a container."""
    cpu, gauges, vcpus = world.containers[c], world.gauges[0], world.settings[0].vcpus
    before = cpu.sharing
    cpu.sharing = before + more
    if gauges.most < gauges.full:
        gauges.running += (cpu.sharing if cpu.sharing <= vcpus else 0) - (before if before <= vcpus else 0)
        gauges.crowded += int(cpu.sharing > vcpus) - int(before > vcpus)


@helper
def used(world: World, c: int, now: int) -> None:
    """Add up what a container has used of its CPUs since it was touched, from the end of the warm-up on."""
    cpu = world.containers[c]
    passed = max(now - max(cpu.touched, world.gauges[0].start), 0)
    crowd = np.int64(cpu.sharing > world.settings[0].vcpus)  # a number: a branch is mispredicted too often
    alone = cpu.sharing * (1 - crowd)
    cpu.crowded += passed * crowd
    # Counts are below 2**24 and a word has 32 bits, so no product reaches the sign.
    low = cpu.low + alone * (passed & ((1 << WORD) - 1))
    cpu.high += alone * (passed >> WORD) + (low >> WORD)
    cpu.low = low & ((1 << WORD) - 1)


@helper
def pass_time(world: World, now: int) -> None:
    """Keep the most of what has been there since the last instant, from the end of the warm-up on."""
    clock, gauges = world.clock[0], world.gauges[0]
    if now <= max(clock.now, gauges.start):
        return
    if gauges.most < gauges.full:
        gauges.most = max(gauges.most, gauges.running + gauges.crowded * world.settings[0].vcpus)
    if world.settings[0].tells:
        gauges.longest = max(gauges.longest, clock.published - clock.taken)
        gauges.busiest = max(gauges.busiest, len(world.job) - clock.idle)


@helper
def arrive(world: World, now: int) -> None:
    """See a job join the queue that arrived before now, when all slots were busy: nothing has left it since."""
    clock, gauges = world.clock[0], world.gauges[0]
    if now > gauges.start:
        gauges.longest = max(gauges.longest, clock.published + 1 - clock.taken)


@helper
def tell(world: World, s: int) -> None:
    """Tell of a job that leaves its slot."""
    clock = world.clock[0]
    world.rows[0, clock.rows] = world.came[s]
    world.rows[1, clock.rows] = world.began[s]
    world.rows[2, clock.rows] = clock.now
    clock.rows += 1
    world.began[s] = NEVER


def cpu_use(world: World, end_ns: int) -> CpuUse:
    """Return the CPU that was in use, up to an instant after the last event."""
    gauges, vcpus = world.gauges[0], float(world.settings[0].vcpus)
    names = ("touched", "sharing", "crowded", "high", "low")
    touched, sharing, time_crowded, highs, lows = (world.containers[name] for name in names)
    passed, crowds = np.maximum(end_ns - np.maximum(touched, gauges.start), 0), sharing > vcpus
    running = (exact_sum(highs) << WORD) + exact_sum(lows) + exact_sum(passed[~crowds], sharing[~crowds])
    crowded = exact_sum(time_crowded) + exact_sum(passed[crowds])
    last = float(gauges.running + gauges.crowded * vcpus)  # at the end itself
    whole, by = vcpus.as_integer_ratio()
    return CpuUse((running * by + crowded * whole) / by, max(float(gauges.most), last))
