"""The phases of the attempts in a container: they end, and the next ones begin."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workersim.engines.compiled.changing import cpu, ends, gauges, running
from workersim.engines.compiled.changing.queues import job_of
from workersim.jit import helper
from workersim.runlog import Kind
from workersim.units import NEVER

if TYPE_CHECKING:
    from workersim.engines.compiled.changing.world import World

__all__ = ["end_due", "move_on"]

CPU = int(Kind.CPU)


@helper
def end_due(world: World, c: int) -> None:
    """End what is due now in a container: an I/O phase, or else CPU phases."""
    box = world.containers[c]
    if box.io_next == world.clock[0].now:
        end_io(world, c)
    else:
        cpu.touch(world, c, cpu.ITS_END_IS_DUE)
    move_on(world, c)


@helper
def end_io(world: World, c: int) -> None:
    """End the I/O phase that is due first; if another one is due now, its turn comes next."""
    box, clock = world.containers[c], world.clock[0]
    world.io_end[box.io_slot] = NEVER
    world.ended[clock.ended] = box.io_slot
    clock.ended += 1
    following, slot = NEVER, box.first_slot
    for s in range(box.first_slot, box.first_slot + world.services[box.service].concurrency):
        slot += (world.io_end[s] < following) * (s - slot)
        following = min(following, world.io_end[s])
    box.io_next = following
    box.io_slot = slot


@helper
def move_on(world: World, c: int) -> None:
    """Let each attempt of this container whose phase has ended begin its next one, or end."""
    clock = world.clock[0]
    while clock.ended > 0:
        clock.ended -= 1
        s = world.ended[clock.ended]
        slot = world.slots[s]
        j = job_of(world, slot.row)
        if slot.phase >= world.first_phase[j] and not slot.cut and not gauges.are_kept(world):
            world.phase_end[slot.place] = clock.now + 1
        slot.phase += 1
        if slot.phase == world.first_phase[j + 1] or spent(world, s):
            ends.finish(world, c, s)
        else:
            begin(world, c, s)
    cpu.plan(world, c)
    running.schedule(world, c)


@helper
def spent(world: World, s: int) -> bool:
    """Tell whether a failing attempt has done what it does before it fails."""
    slot = world.slots[s]
    return running.nothing_to_do(world, s) or slot.cut != 0


@helper
def begin(world: World, c: int, s: int) -> None:
    """Begin the phase of a slot; of a failing attempt only as much of it as it gets through."""
    box, slot = world.containers[c], world.slots[s]
    demand = world.demand[slot.phase]
    if world.settings[0].remembers and slot.failing:
        slot.cut = demand > slot.budget
        demand = min(demand, slot.budget)
        if slot.budget < NEVER:
            slot.budget -= demand
    running.log_phase(world, s)
    if world.kind[slot.phase] == CPU:
        cpu.begin(world, c, s, demand)
    else:
        end = world.clock[0].now + demand
        world.io_end[s] = end
        if end < box.io_next or (end == box.io_next and s < box.io_slot):
            box.io_next = end
            box.io_slot = s
