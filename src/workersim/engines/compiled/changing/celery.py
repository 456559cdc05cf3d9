"""Celery's workers: they fetch ahead, hold what is not due or may not run yet, and hand messages to idle processes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workersim.engines.compiled.changing import (
    agenda,
    attempts,
    fleet,
    gauges,
    processes,
    queues,
    register,
    running,
    turns,
)
from workersim.engines.compiled.changing.queues import job_of
from workersim.engines.compiled.changing.records import Place, Process, State
from workersim.engines.compiled.changing.world import of
from workersim.jit import helper, rare
from workersim.runlog import Outcome
from workersim.units import NEVER

if TYPE_CHECKING:
    from workersim.engines.compiled.changing.world import World

__all__ = ["begin", "due", "fetch", "hand_over", "land", "look_at_workers", "release"]

EXPIRED = int(Outcome.EXPIRED)
FLYING, HELD, RATED, WAITING, HANDED = Place.FLYING, Place.HELD, Place.RATED, Place.WAITING, Place.HANDED
IDLE, BUSY = Process.IDLE, Process.BUSY
READY = State.READY


@helper
def look_at_workers(world: World) -> None:
    """Let workers hand messages to idle processes, and ask for messages if they have room."""
    clock = world.clock[0]
    at = 0
    while at < clock.dirty:
        hand_over(world, world.dirty[at])
        at += 1
    at = 0
    while at < clock.dirty:
        c = world.dirty[at]
        world.containers[c].dirty = 0
        ask(world, c)
        at += 1
    clock.dirty = 0


@rare
def hand_over(world: World, c: int) -> None:
    """Hand the messages that wait in a worker to idle processes; who finds one expired drops it."""
    clock, box = world.clock[0], world.containers[c]
    service = world.services[box.service]
    s, end = box.first_slot, box.first_slot + service.concurrency
    while box.state == READY and box.waiting > 0 and clock.now >= box.forks_until:
        while s < end and world.slots[s].state != IDLE:
            s += 1
        if s == end:
            return
        row = box.first_waiting
        box.first_waiting = world.attempts[row].behind
        box.waiting -= 1
        if dropped(world, c, row):
            continue
        world.slots[s].state = BUSY
        world.slots[s].row = row
        world.messages[row].slot = s - box.first_slot
        world.attempts[row].place = HANDED
        box.handed += 1
        agenda.of_held(world, clock.now + service.hand_off, agenda.HANDED, row, c)


@rare
def dropped(world: World, c: int, row: int) -> bool:
    """Drop a message whose patience has ended, and tell whether it had."""
    if world.expires[of(world.expires, job_of(world, row))] >= world.clock[0].now:
        return False
    attempts.close_unstarted(world, row, EXPIRED)
    register.ack(world, row, c)
    return True


@rare
def has_room(world: World, c: int) -> bool:
    """Tell whether a worker may fetch a message."""
    box = world.containers[c]
    service = world.services[box.service]
    now = world.clock[0].now
    if box.state != READY or box.flying >= 0 or now < world.clock[0].up_again or now < box.forks_until:
        return False
    if service.disable_prefetch and processes.reserved(world, c) >= service.concurrency:
        return False
    return service.window == NEVER or box.unacked < service.window + box.held


@rare
def ask(world: World, c: int) -> None:
    """Let a worker ask for a message from now on, if it did not and may, or no longer, if it may not any more."""
    box = world.containers[c]
    if not has_room(world, c):
        turns.leave(world, c)
    elif box.asked == NEVER:
        box.asked = world.clock[0].now
        turns.enter(world, c)


@helper
def whose_turn(world: World) -> int:
    """Return the worker with the oldest BRPOP among those for which there is a message, or -1."""
    now, best, since = world.clock[0].now, -1, NEVER
    for v in range(world.settings[0].services):
        service = world.services[v]
        if service.messages > 0 and service.asking > 0:
            c = turns.oldest(world, v)
            begun = now - (now - world.containers[c].asked) % service.period
            if begun < since:
                best, since = c, begun
    return best


@helper
def fetch(world: World) -> None:
    """Let workers take messages while one of them may."""
    clock = world.clock[0]
    while True:
        c = whose_turn(world)
        if c < 0:
            return
        box = world.containers[c]
        turns.leave(world, c)
        row = queues.take(world, c, queues.best_level(world, box.service))
        world.attempts[row].place = FLYING
        box.flying = row
        register.enter(world, row, c)
        agenda.of_held(world, clock.now + world.services[box.service].fetch, agenda.LAND, row, c)


@rare
def land(world: World, c: int, row: int) -> None:
    """Receive a message."""
    clock, box, message = world.clock[0], world.containers[c], world.messages[row]
    if clock.now < box.forks_until:
        agenda.of_held(world, box.forks_until, agenda.LAND, row, c)
        return
    box.flying = -1
    message.landed = clock.now + 1
    gauges.shift(world, gauges.VISIBLE, -1)
    gauges.shift(world, gauges.RESERVED, 1)
    world.attempts[row].place = WAITING
    if box.state != READY:
        return
    box.last_receipt = clock.now
    processes.look_at(world, c)
    if dropped(world, c, row):
        return
    if message.eta > clock.now:
        world.attempts[row].place = HELD
        box.held += 1
        agenda.of_held(world, message.eta, agenda.DUE, row, c)
    else:
        join(world, c, row)


@rare
def join(world: World, c: int, row: int) -> None:
    """Let a message that is due join the line of its worker, as soon as the rate limit of its class allows that."""
    clock, box = world.clock[0], world.containers[c]
    k = world.job_class[of(world.job_class, job_of(world, row))]
    release_at = max(clock.now, world.next_release[c, k])
    world.next_release[c, k] = release_at + world.rate[k]
    if release_at > clock.now:
        world.attempts[row].place = RATED
        box.rated += 1
        agenda.of_held(world, release_at, agenda.RELEASE, row, c)
    else:
        stand_in_line(world, c, row)


@rare
def stand_in_line(world: World, c: int, row: int) -> None:
    """Put a message at the end of the line."""
    box = world.containers[c]
    world.attempts[row].place = WAITING
    if box.waiting == 0:
        box.first_waiting = row
    else:
        world.attempts[box.last_waiting].behind = row
    box.last_waiting = row
    box.waiting += 1
    processes.look_at(world, c)
    processes.grow(world, c)


@rare
def due(world: World, c: int, row: int) -> None:
    """Let a message that was held until its instant join the line."""
    world.containers[c].held -= 1
    processes.look_at(world, c)
    join(world, c, row)


@rare
def release(world: World, c: int, row: int) -> None:
    """Let a message go that the rate limit had held."""
    world.containers[c].rated -= 1
    stand_in_line(world, c, row)


@rare
def begin(world: World, c: int, row: int) -> None:
    """Let an attempt begin that was handed to a process."""
    box = world.containers[c]
    if world.clock[0].now < box.forks_until:
        agenda.of_held(world, box.forks_until, agenda.HANDED, row, c)
        return
    s = box.first_slot + world.messages[row].slot
    box.handed -= 1
    running.start(world, row, c, s)
    if not world.services[box.service].late:
        register.ack(world, row, c)
    memory = world.fates[of(world.fates, job_of(world, row))].memory
    if processes.swell(world, c, s, memory):
        fleet.out_of_memory(world, c)
    else:
        running.begin_now(world, c, s)
