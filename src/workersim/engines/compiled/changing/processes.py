"""The processes of a worker: they take memory, are replaced, and with a worker's own autoscale come and go."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workersim.engines.compiled.changing import agenda, changes
from workersim.engines.compiled.changing.ideal import free, leave_line
from workersim.engines.compiled.changing.records import Process, State
from workersim.jit import helper, rare

if TYPE_CHECKING:
    from workersim.engines.compiled.changing.world import World

__all__ = ["born", "die", "grow", "keepalive", "look_at", "look_at_celery", "release", "renew", "reserved", "swell"]

READY = State.READY
ABSENT, IDLE, FREED, BUSY, DEAD = Process.ABSENT, Process.IDLE, Process.FREED, Process.BUSY, Process.DEAD
REPLACED_AFTER = 50_000_000  # ns from a process's end to its successor's start
RECYCLED_AFTER = 150_000_000  # ns from a worn process's last document: it exits only after 0.1 s


@helper
def look_at(world: World, c: int) -> None:
    """Have a Celery worker looked at in the next dispatch: it may have a process for a message, or room for one."""
    clock, box = world.clock[0], world.containers[c]
    clock.stirred = 1
    if not box.dirty:
        box.dirty = 1
        world.dirty[clock.dirty] = c
        clock.dirty += 1


@helper
def look_at_celery(world: World, c: int) -> None:
    """Have a worker looked at, if it is one of Celery's."""
    if world.services[world.containers[c].service].celery:
        look_at(world, c)


@helper
def release(world: World, c: int, s: int) -> None:
    """Make a slot idle."""
    if world.services[world.containers[c].service].celery:
        world.slots[s].state = IDLE
        look_at(world, c)
    else:
        free(world, c, s)


@rare
def swell(world: World, c: int, s: int, memory: int) -> bool:
    """Let the attempt that starts take its memory, and tell whether the container has run out of it."""
    box, slot = world.containers[c], world.slots[s]
    service = world.services[box.service]
    mark = service.process_bytes + memory
    if mark > slot.bytes:
        box.memory += mark - slot.bytes
        slot.bytes = mark
        if box.memory <= service.limit_bytes:
            changes.tell(world, c)
    return box.memory > service.limit_bytes


@rare
def die(world: World, c: int, s: int, after: int) -> None:
    """End a process; its successor is ready some time after."""
    box, slot = world.containers[c], world.slots[s]
    if slot.state == IDLE:
        leave_line(world, c, s)
    slot.state = DEAD
    box.memory -= slot.bytes
    slot.bytes = 0
    changes.tell(world, c)
    now = world.clock[0].now
    agenda.of_container(world, now + after, agenda.PROCESS, c, s - box.first_slot)


@rare
def born(world: World, c: int, s: int) -> None:
    """Let a process begin to work."""
    box, slot = world.containers[c], world.slots[s]
    slot.tasks = 0
    slot.bytes = world.services[box.service].process_bytes
    box.memory += slot.bytes
    release(world, c, s)
    changes.tell(world, c)


@rare
def renew(world: World, c: int, s: int) -> None:
    """Put a fresh process in the place of a killed one at once."""
    box, slot = world.containers[c], world.slots[s]
    rest = world.services[box.service].process_bytes
    box.memory += rest - slot.bytes
    slot.bytes = rest
    changes.tell(world, c)


@helper
def reserved(world: World, c: int) -> int:
    """Return how many messages a worker has reserved: they wait in its line, are handed over, or run."""
    box = world.containers[c]
    return box.waiting + box.handed + box.running


@rare
def grow(world: World, c: int) -> None:
    """Let a worker with its own autoscale fork processes for what it has reserved, one by one, and do nothing else."""
    clock, box = world.clock[0], world.containers[c]
    service = world.services[box.service]
    want = min(reserved(world, c), service.concurrency)
    if service.processes == 0 or want <= box.processes:
        return
    s = box.first_slot
    box.forks_until = max(box.forks_until, clock.now)
    while box.processes < want:
        if world.slots[s].state == ABSENT:
            world.slots[s].state = DEAD
            box.processes += 1
            box.forks_until += REPLACED_AFTER
            ready = box.forks_until + service.process_start
            agenda.of_container(world, ready, agenda.PROCESS, c, s - box.first_slot)
        s += 1
    agenda.of_container(world, box.forks_until, agenda.FORKED, c, -1)
    box.last_growth = clock.now
    changes.tell(world, c)


@rare
def shrink(world: World, c: int) -> None:
    """Let idle processes go that have not been needed for long, the highest number first."""
    clock, box = world.clock[0], world.containers[c]
    service = world.services[box.service]
    surplus = box.processes - max(reserved(world, c), service.processes)
    quiet_since = max(box.last_growth, box.last_receipt)
    if surplus <= 0 or clock.now - quiet_since <= service.keepalive:
        return
    s = box.first_slot + service.concurrency
    while surplus > 0 and s > box.first_slot:
        s -= 1
        if world.slots[s].state == IDLE:
            world.slots[s].state = ABSENT
            box.memory -= world.slots[s].bytes
            world.slots[s].bytes = 0
            box.processes -= 1
            surplus -= 1
    changes.tell(world, c)


@rare
def keepalive(world: World, c: int) -> None:
    """Look at the number of processes, as a worker does every so often while it is ready."""
    box = world.containers[c]
    if box.state != READY:
        return
    grow(world, c)
    shrink(world, c)
    now, every = world.clock[0].now, world.services[box.service].keepalive
    agenda.of_container(world, now + every, agenda.KEEPALIVE, c, -1)
