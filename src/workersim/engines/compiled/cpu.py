"""The CPU of one container, shared by the CPU phases that run in it (engines/reference/cpu.py says why)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from workersim.engines.compiled import gauges
from workersim.jit import helper
from workersim.units import NEVER

if TYPE_CHECKING:
    from workersim.engines.compiled.world import World

__all__ = ["begin", "end_first", "plan"]

INF = np.inf


@helper
def begin(world: World, c: int, s: int, demand: int) -> None:
    """Let a CPU phase begin now in slot ``s``; the caller plans the next end."""
    cpu = world.containers[c]
    touch(world, c)
    if cpu.sharing == 0:
        cpu.received = 0.0
    elif cpu.received >= world.settings[0].rebase:
        rebase(world, c)
    mark = cpu.received + demand
    world.mark[s] = mark
    if mark < cpu.first:
        cpu.first = mark
        cpu.first_slot = s
    gauges.share(world, c, 1)


@helper
def touch(world: World, c: int) -> None:
    """Bring ``received`` up to now, before the number of phases changes."""
    cpu = world.containers[c]
    now = world.clock[0].now
    if cpu.touched >= now:
        return
    if cpu.sharing == 0:
        cpu.late = 0.0
    elif now == cpu.next_end:
        end_first(world, c)
    else:
        passed = (now - cpu.touched) - cpu.late
        work = passed
        if cpu.sharing > world.settings[0].vcpus:
            work = passed * world.settings[0].vcpus / cpu.sharing
        cpu.received = min(cpu.received + work, cpu.first)
        cpu.late = 0.0
        end_reached(world, c)
    cpu.touched = now


@helper
def end_first(world: World, c: int) -> None:
    """End the phases with the smallest mark, at the exact instant that was planned for them."""
    cpu = world.containers[c]
    cpu.received = cpu.first
    cpu.late = cpu.next_late
    cpu.touched = world.clock[0].now
    end_reached(world, c)


@helper
def end_reached(world: World, c: int) -> None:
    """End all phases that have what they asked for, together."""
    cpu = world.containers[c]
    clock = world.clock[0]
    while cpu.first <= cpu.received:
        world.mark[cpu.first_slot] = INF
        gauges.share(world, c, -1)
        world.ended[clock.ended] = cpu.first_slot
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
        time = time * cpu.sharing / world.settings[0].vcpus
    exact = cpu.late + time
    whole = np.rint(exact)
    cpu.next_end = cpu.touched + np.int64(whole)
    cpu.next_late = exact - whole
