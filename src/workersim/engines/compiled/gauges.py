"""Watch kept over the CPUs while a run is only measured, and no log is there to read it from.

The CPU in use is the number of phases in containers that have a CPU for each of them, plus the vCPUs of each crowded
container.  Both are whole numbers, so their areas are added up exactly, in two words each.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from workersim.jit import helper
from workersim.runlog.pieces import CpuUse
from workersim.units import NEVER

if TYPE_CHECKING:
    from workersim.engines.compiled.world import World

__all__ = ["arrive", "cpu_use", "pass_time", "share", "tell"]

WORD = 32  # bits of the lower word of an area


@helper
def share(world: World, c: int, more: int) -> None:
    """Count one CPU phase more or less in a container."""
    cpu, gauges = world.containers[c], world.gauges[0]
    vcpus = world.settings[0].vcpus
    before = cpu.sharing
    cpu.sharing = before + more
    if world.settings[0].gauged:
        gauges.running += (cpu.sharing if cpu.sharing <= vcpus else 0) - (before if before <= vcpus else 0)
        gauges.crowded += int(cpu.sharing > vcpus) - int(before > vcpus)


@helper
def pass_time(world: World, now: int) -> None:
    """Add up what has been in use since the last instant, and keep the most, from the end of the warm-up on."""
    clock, gauges = world.clock[0], world.gauges[0]
    passed = now - max(clock.now, gauges.start)
    if passed <= 0:
        return
    gauges.most = max(gauges.most, gauges.running + gauges.crowded * world.settings[0].vcpus)
    if world.settings[0].tells:
        gauges.longest = max(gauges.longest, clock.published - clock.taken)
        gauges.busiest = max(gauges.busiest, len(world.job) - clock.idle)
    # Counts are below 2**24 and a word has 32 bits, so no product reaches the sign.
    low, high = passed & ((1 << WORD) - 1), passed >> WORD
    gauges.low += gauges.running * low
    gauges.high += gauges.running * high + (gauges.low >> WORD)
    gauges.low &= (1 << WORD) - 1
    gauges.crowded_low += gauges.crowded * low
    gauges.crowded_high += gauges.crowded * high + (gauges.crowded_low >> WORD)
    gauges.crowded_low &= (1 << WORD) - 1


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


def cpu_use(world: World) -> CpuUse:
    """Return the CPU that was in use, up to now."""
    gauges, vcpus = world.gauges[0], float(world.settings[0].vcpus)
    running = (int(gauges.high) << WORD) + int(gauges.low)
    crowded = (int(gauges.crowded_high) << WORD) + int(gauges.crowded_low)
    last = float(gauges.running + gauges.crowded * vcpus)  # at the horizon itself
    whole, by = vcpus.as_integer_ratio()
    return CpuUse((running * by + crowded * whole) / by, max(float(gauges.most), last))
