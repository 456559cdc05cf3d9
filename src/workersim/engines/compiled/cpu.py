"""The CPU of one container, shared by the CPU phases that run in it (engines/reference/cpu.py says why)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from workersim.engines.compiled import gauges
from workersim.jit import helper
from workersim.units import NEVER

if TYPE_CHECKING:
    from workersim.engines.compiled.world import World

__all__ = ["ITS_END_IS_DUE", "begin", "plan", "touch"]

INF = np.inf
A_PHASE_BEGINS, ITS_END_IS_DUE = 0, 1


@helper
def begin(world: World, c: int, s: int, demand: int) -> None:
    """Let a CPU phase begin now in slot ``s``; the caller plans the next end."""
    cpu = world.containers[c]
    touch(world, c, A_PHASE_BEGINS)
    if cpu.sharing == 0:
        cpu.received = 0.0
    elif cpu.received >= world.settings[0].rebase:
        rebase(world, c)
    mark = cpu.received + demand
    world.mark[s] = mark
    sooner = np.int64(mark < cpu.first)  # as a number, here and for I/O: as branches 2 to 6 % more on W2
    cpu.first_slot += sooner * (s - cpu.first_slot)
    cpu.first = min(cpu.first, mark)
    gauges.share(world, c, 1)


@helper
def touch(world: World, c: int, why: int) -> None:
    """Bring ``received`` up to now and end, together, the phases that have what they asked for.

    Before a phase begins this happens once an instant; when a planned end is due, again.
    """
    cpu, clock = world.containers[c], world.clock[0]
    if cpu.touched >= clock.now and why == A_PHASE_BEGINS:
        return
    if world.settings[0].gauged:
        gauges.used(world, c, clock.now)
    late = 0.0
    if cpu.sharing > 0:
        if clock.now == cpu.next_end:
            cpu.received = cpu.first
            late = cpu.next_late
        else:
            passed = (clock.now - cpu.touched) - cpu.late
            work = passed
            if cpu.sharing > world.settings[0].vcpus:
                work = passed * world.settings[0].vcpus / cpu.sharing
            cpu.received = min(cpu.received + work, cpu.first)
    cpu.late = late
    cpu.touched = clock.now
    while cpu.first <= cpu.received:
        end(world, c, cpu.first_slot)


@helper
def end(world: World, c: int, ended: int) -> None:
    """End the phase with the smallest mark, and look for the next one."""
    cpu, clock = world.containers[c], world.clock[0]
    world.mark[ended] = INF
    gauges.share(world, c, -1)
    world.ended[clock.ended] = ended
    clock.ended += 1
    first, slot = INF, 0
    for s in range(c * world.settings[0].concurrency, (c + 1) * world.settings[0].concurrency):
        slot += (world.mark[s] < first) * (s - slot)
        first = min(first, world.mark[s])
    cpu.first = first
    cpu.first_slot = slot


@helper
def rebase(world: World, c: int) -> None:
    """Subtract a multiple of the base from all sums, which is exact."""
    cpu = world.containers[c]
    base = np.floor(cpu.received / world.settings[0].rebase) * world.settings[0].rebase
    cpu.received -= base
    cpu.first -= base
    for s in range(c * world.settings[0].concurrency, (c + 1) * world.settings[0].concurrency):
        world.mark[s] -= base


@helper
def plan(world: World, c: int) -> None:
    """Say when the next phase ends if nothing begins before."""
    cpu = world.containers[c]
    if cpu.sharing == 0:
        cpu.next_end = NEVER
        return
    time = cpu.first - cpu.received
    if cpu.sharing > world.settings[0].vcpus:
        time = time * cpu.sharing
        # To divide by a power of two is to multiply by another one, and the next end waits less for it: 2 % of W2.
        time = time * world.settings[0].part if world.settings[0].part > 0 else time / world.settings[0].vcpus
    exact = cpu.late + time
    whole = np.rint(exact)
    cpu.next_end = cpu.touched + np.int64(whole)
    cpu.next_late = exact - whole
