"""Workers that take straight from the queues: the line of idle slots, and who in it takes the next message."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workersim.engines.compiled.changing import queues
from workersim.engines.compiled.changing.records import Process, State
from workersim.engines.compiled.layout import DISPATCHES
from workersim.engines.compiled.trees import count_add, count_below, count_kth, heap_pop, heap_push, winner_set
from workersim.jit import helper, rare
from workersim.units import NEVER

if TYPE_CHECKING:
    from workersim.engines.compiled.changing.world import World

__all__ = ["choose", "count_idle", "free", "join", "leave_line", "rate", "who_takes"]

LONGEST_IDLE, FIRST, LEAST_BUSY, RANDOM = range(len(DISPATCHES))
IDLE, FREED = Process.IDLE, Process.FREED
READY = State.READY
BITS = 20  # of the number of a slot, and of a replica
MASK = (1 << BITS) - 1


@helper
def free(world: World, c: int, s: int) -> None:
    """Let a slot join the line at the next dispatch."""
    clock, box, slot = world.clock[0], world.containers[c], world.slots[s]
    slot.state = FREED
    if box.state == READY and not slot.queued:
        slot.queued = 1
        heap_push(world.freed, clock.freed, ((box.service << BITS | s - box.first_slot) << BITS) | box.number)
        clock.freed += 1
    clock.stirred = 1


@helper
def join(world: World) -> None:
    """Let the slots that were freed since the last dispatch join the line, by slot and then replica."""
    clock = world.clock[0]
    while clock.freed > 0:
        key = heap_pop(world.freed, clock.freed)
        clock.freed -= 1
        service = world.services[key >> 2 * BITS]
        c = service.first_container + (key & MASK)
        s = world.containers[c].first_slot + (key >> BITS & MASK)
        world.slots[s].queued = 0
        if world.slots[s].state == FREED and world.containers[c].state == READY:
            enter_line(world, c, s)


@rare
def enter_line(world: World, c: int, s: int) -> None:
    """Put a slot at the end of the line."""
    box, slot = world.containers[c], world.slots[s]
    service = world.services[box.service]
    slot.state = IDLE
    if service.dispatch == LONGEST_IDLE:
        slot.before = service.last_in_line
        slot.behind = -1
        if service.idle == 0:
            service.first_in_line = s
        else:
            world.slots[service.last_in_line].behind = s
        service.last_in_line = s
    else:
        count_add(world.idle, s, 1)
    service.idle += 1
    box.idle += 1
    rate(world, c)


@rare
def leave_line(world: World, c: int, s: int) -> None:
    """Take an idle slot out of the line, wherever it stands; Celery's processes stand in none."""
    box, slot = world.containers[c], world.slots[s]
    service = world.services[box.service]
    if service.celery:
        return
    service.idle -= 1
    box.idle -= 1
    if service.dispatch != LONGEST_IDLE:
        count_add(world.idle, s, -1)
        rate(world, c)
        return
    if s == service.first_in_line:
        service.first_in_line = slot.behind
    else:
        world.slots[slot.before].behind = slot.behind
    if s == service.last_in_line:
        service.last_in_line = slot.before
    else:
        world.slots[slot.behind].before = slot.before


@rare
def count_idle(world: World, s: int) -> None:
    """Count a slot in the tree if it stands in a line that is not first come, first served."""
    if world.slots[s].state == IDLE:
        for v in range(world.settings[0].services):
            service = world.services[v]
            here = service.first_slot <= s < service.first_slot + service.capacity * service.concurrency
            if here and not service.celery and service.dispatch != LONGEST_IDLE:
                count_add(world.idle, s, 1)


@helper
def rate(world: World, c: int) -> None:
    """Rank a container anew, if its service takes the least busy one."""
    if world.services[world.containers[c].service].dispatch == LEAST_BUSY:
        rank(world, c)


@rare
def rank(world: World, c: int) -> None:
    """Put a container in its place among those with an idle slot."""
    box = world.containers[c]
    running = box.running if box.idle > 0 else NEVER
    winner_set(world.busy[box.service], world.busy_id[box.service], box.number, running)


@helper
def who_takes(world: World) -> int:
    """Return the first service that has an idle slot and a message for it, or -1."""
    for v in range(world.settings[0].services):
        service = world.services[v]
        if service.idle > 0 and service.messages > 0:
            return v
    return -1


@helper
def choose(world: World, v: int, level: int) -> int:
    """Return the slot of a service whose turn it is."""
    service = world.services[v]
    if service.dispatch == LONGEST_IDLE:
        return service.first_in_line
    k = count_below(world.idle, service.first_slot)
    if service.dispatch == LEAST_BUSY:
        first = world.containers[service.first_container + world.busy_id[v, 1]].first_slot
        k = count_below(world.idle, first)
    elif service.dispatch == RANDOM:
        k += int(queues.lot(world, v, level) * service.idle)
    return count_kth(world.idle, k)
