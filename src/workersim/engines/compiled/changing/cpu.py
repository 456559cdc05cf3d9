"""The CPU of one container, shared by the CPU phases that run in it (engines/reference says why; compiled/cpu.py)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from workersim.engines.compiled.changing import gauges
from workersim.jit import helper, rare
from workersim.units import NEVER

if TYPE_CHECKING:
    from workersim.engines.compiled.changing.world import World

__all__ = ["A_PHASE_BEGINS", "INF", "ITS_END_IS_DUE", "begin", "cut", "plan", "reset", "touch"]

INF = np.inf
A_PHASE_BEGINS, ITS_END_IS_DUE = 0, 1


@helper
def begin(world: World, c: int, s: int, demand: int) -> None:
    """Let a CPU phase begin now in slot ``s``; the caller plans the next end."""
    box = world.containers[c]
    touch(world, c, A_PHASE_BEGINS)
    if box.sharing == 0:
        box.received = 0.0
    elif box.received >= world.settings[0].rebase:
        rebase(world, c)
    mark = box.received + demand
    world.mark[s] = mark
    if mark < box.first or (mark == box.first and s < box.first_slot_to_end):
        box.first = mark
        box.first_slot_to_end = s
    gauges.share(world, c, 1)


@helper
def touch(world: World, c: int, why: int) -> None:
    """Bring ``received`` up to now and end, together, the phases that have what they asked for.

    Before a phase begins or is cut this happens once an instant; when a planned end is due, again.
    """
    box, clock = world.containers[c], world.clock[0]
    if box.touched >= clock.now and why == A_PHASE_BEGINS:
        return
    late = 0.0
    if box.sharing > 0:
        if clock.now == box.next_end:
            box.received = box.first
            late = box.next_late
        else:
            vcpus = world.services[box.service].vcpus
            passed = (clock.now - box.touched) - box.late
            work = passed
            if box.sharing > vcpus:
                work = passed * vcpus / box.sharing
            box.received = min(box.received + work, box.first)
    box.late = late
    box.touched = clock.now
    while box.first <= box.received:
        end(world, c, box.first_slot_to_end)


@helper
def end(world: World, c: int, ended: int) -> None:
    """End the phase with the smallest mark, and look for the next one; those that end together go on by number."""
    clock = world.clock[0]
    at = clock.ended
    while at > 0 and world.ended[at - 1] < ended:
        world.ended[at] = world.ended[at - 1]
        at -= 1
    world.ended[at] = ended
    clock.ended += 1
    remove(world, c, ended)


@rare
def remove(world: World, c: int, s: int) -> None:
    """Take a phase out of the sharing."""
    box = world.containers[c]
    world.mark[s] = INF
    gauges.share(world, c, -1)
    first, slot = INF, box.first_slot
    for other in range(box.first_slot, box.first_slot + world.services[box.service].concurrency):
        slot += (world.mark[other] < first) * (other - slot)
        first = min(first, world.mark[other])
    box.first = first
    box.first_slot_to_end = slot


@helper
def cut(world: World, c: int, s: int) -> None:
    """Take a phase out before its end: others may end by this look at the CPU, it does not."""
    clock = world.clock[0]
    touch(world, c, A_PHASE_BEGINS)
    if world.mark[s] < INF:
        remove(world, c, s)
    else:
        at = 0
        while world.ended[at] != s:
            at += 1
        clock.ended -= 1
        for other in range(at, clock.ended):
            world.ended[other] = world.ended[other + 1]


@rare
def rebase(world: World, c: int) -> None:
    """Subtract a multiple of the base from all sums, which is exact."""
    box = world.containers[c]
    base = np.floor(box.received / world.settings[0].rebase) * world.settings[0].rebase
    box.received -= base
    box.first -= base
    for s in range(box.first_slot, box.first_slot + world.services[box.service].concurrency):
        world.mark[s] -= base


@helper
def plan(world: World, c: int) -> None:
    """Say when the next phase ends if nothing begins before."""
    box = world.containers[c]
    if box.sharing == 0:
        box.next_end = NEVER
        return
    vcpus = world.services[box.service].vcpus
    time = box.first - box.received
    if box.sharing > vcpus:
        time = time * box.sharing / vcpus
    exact = box.late + time
    whole = np.rint(exact)
    box.next_end = box.touched + np.int64(whole)
    box.next_late = exact - whole


@helper
def reset(world: World, c: int) -> None:
    """Forget all phases: the container is gone."""
    box = world.containers[c]
    for s in range(box.first_slot, box.first_slot + world.services[box.service].concurrency):
        world.mark[s] = INF
        world.io_end[s] = NEVER
    gauges.share(world, c, -box.sharing)
    box.received = 0.0
    box.late = 0.0
    box.touched = world.clock[0].now
    box.next_end = NEVER
    box.next_late = 0.0
    box.first = INF
    box.io_next = NEVER
