"""What happens in one event: an arrival, a row of the schedule, or what falls due on the agenda."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workersim.engines.compiled.changing import (
    agenda,
    attempts,
    celery,
    deploys,
    ends,
    fleet,
    phases,
    processes,
    register,
)
from workersim.engines.compiled.changing.records import State
from workersim.engines.compiled.changing.world import of
from workersim.jit import helper, rare
from workersim.units import NEVER

if TYPE_CHECKING:
    from workersim.engines.compiled.changing.world import World

__all__ = ["arrive", "arriving", "event", "happen", "numbers_suffice", "something_happened"]

READY, FREE = State.READY, State.FREE
CRASH, STOP, OUTAGE, CHANGE, DEPLOY = range(5)
WHOLE = -1
CONTAINER_BITS, CONTAINER_MASK = 20, (1 << 20) - 1


@helper
def arriving(world: World) -> int:
    """Return the job that arrives next."""
    published = world.clock[0].published
    return world.order[published] if len(world.order) > 0 else published


@helper
def something_happened(world: World) -> None:
    """Note that this instant counts."""
    clock = world.clock[0]
    clock.last = clock.now
    clock.quiet = 0


@rare
def arrive(world: World) -> None:
    """Let the next job arrive."""
    clock = world.clock[0]
    j = arriving(world)
    clock.published += 1
    something_happened(world)
    if world.settings[0].remembers:
        delay(world, j)
    attempts.open_row(world, j)
    attempts.publish(world, j, False)  # noqa: FBT003 (by position)


@helper
def delay(world: World, j: int) -> None:
    """Say when a job that arrives now is due, unless at once."""
    countdown = world.fates[of(world.fates, j)].countdown
    if countdown > 0:
        world.messages[j].eta = world.clock[0].now + countdown


@rare
def numbers_suffice(world: World) -> bool:
    """Tell whether there are enough numbers for the containers that the next row of the schedule starts."""
    clock = world.clock[0]
    row = world.schedule[clock.row]
    more = 0
    if row.kind == CHANGE:
        more = row.replicas - world.services[row.service].wanted
    elif row.kind == DEPLOY:
        more = world.services[row.service].wanted
    return numbers_are_free(world, row.service, more)


@rare
def numbers_are_free(world: World, v: int, more: int) -> bool:
    """Tell whether a service has so many numbers left, and write down what it needs."""
    world.clock[0].fleet_of = v
    world.clock[0].fleet_needs = more
    return more <= 0 or fleet.free_numbers(world, v) >= more


@rare
def happen(world: World) -> None:
    """Let the next row of the schedule happen."""
    clock = world.clock[0]
    row = world.schedule[clock.row]
    clock.row += 1
    if not row.drawn:
        something_happened(world)
    if row.kind == OUTAGE:
        clock.up_again = max(clock.up_again, clock.now + row.lasts)
        clock.stirred = 1
        agenda.of_row(world, clock.now + row.lasts, agenda.OUTAGE_ENDS, clock.row - 1)
        look_at_all(world)
    elif row.kind == CHANGE:
        fleet.resize(world, row.service, row.replicas)
    elif row.kind == DEPLOY:
        deploys.begin(world, row.service, row.lasts, row.drain)
    elif row.replica < world.services[row.service].capacity:
        c = world.services[row.service].first_container + row.replica
        if row.kind == STOP:
            fleet.stop(world, c, row.lasts)
        elif row.slot == WHOLE:
            fleet.crash(world, c, row.lasts)
        else:
            if ends.kill_process(world, c, row.slot):
                clock.last = clock.now
            move_on(world, c)


@rare
def move_on(world: World, c: int) -> None:
    """Let attempts go on whose phases have ended when another one was cut."""
    if world.clock[0].ended > 0:
        phases.move_on(world, c)


@rare
def look_at_all(world: World) -> None:
    """Have all Celery workers looked at in the next dispatch."""
    for v in range(world.settings[0].services):
        service = world.services[v]
        if service.celery:
            for c in range(service.first_container, service.first_container + service.capacity):
                processes.look_at(world, c)


@rare
def event(world: World, code: int) -> None:
    """Let the first event of the agenda happen, if it still has an object."""
    clock, first = world.clock[0], world.soon[world.clock[0].soon - 1]
    key, number, row, epoch = first.key, first.second, first.row, first.epoch
    agenda.pop(world)
    if agenda.rank(code) in (agenda.rank(agenda.PUBLISH), agenda.rank(agenda.PATIENCE)):
        message_event(world, code, row, epoch)
    elif code == agenda.FOLLOWER:
        clock.lively -= 1
        something_happened(world)
        follow(world, key)
    elif code in (agenda.OVERLAP_ENDS, agenda.OUTAGE_ENDS):
        clock.lively -= 1
        something_happened(world)
        if code == agenda.OVERLAP_ENDS:
            deploys.stop_old(world, key)
        else:
            clock.stirred = 1
            look_at_all(world)
    else:
        c = world.services[key >> CONTAINER_BITS].first_container + (key & CONTAINER_MASK)
        if code == agenda.LIMIT:
            limit(world, c, world.containers[c].first_slot + number)
        elif world.containers[c].epoch == epoch:
            container_event(world, code, c, number)


@rare
def follow(world: World, j: int) -> None:
    """Let a follower arrive."""
    now = world.clock[0].now
    world.arrival[j] = now
    if world.expires[of(world.expires, j)] < NEVER:
        world.expires[j] += now
    delay(world, j)
    attempts.open_row(world, j)
    attempts.publish(world, j, False)  # noqa: FBT003 (by position)


@rare
def answer(world: World, v: int) -> None:
    """Do what a policy has asked for, and let it be asked again."""
    clock, service = world.clock[0], world.services[v]
    clock.quiet += 1
    if clock.answer != service.wanted:
        clock.quiet = 0
        fleet.resize(world, v, clock.answer)
    clock.answer = -1
    agenda.of_row(world, clock.now + service.every, agenda.POLICY, v)


@rare
def limit(world: World, c: int, s: int) -> None:
    """End the attempt in a slot if its time is up, else look again when it will be."""
    slot, now = world.slots[s], world.clock[0].now
    if slot.look_at != now:  # an earlier one has been put on the agenda since
        return
    slot.look_at = 0
    if not slot.limited:
        return
    if slot.limit_at > now:
        agenda.of_slot(world, c, s)
    else:
        something_happened(world)
        ends.time_is_up(world, c, s)
        move_on(world, c)


@rare
def message_event(world: World, code: int, row: int, epoch: int) -> None:
    """Let something happen to a message: in no worker, or in one that is still the same."""
    clock = world.clock[0]
    happened = True
    if code == agenda.PUBLISH:
        clock.lively -= 1
        attempts.publish(world, row, False)  # noqa: FBT003 (by position)
    elif code == agenda.PATIENCE:
        happened = attempts.patience_ends(world, row)
    elif epoch < 0:
        happened = attempts.due(world, row)
    else:
        c = world.messages[row].holder
        box = world.containers[c]
        held = code in (agenda.DUE, agenda.RELEASE)
        happened = box.epoch == epoch and (box.state == READY or not held)
        if happened:
            clock.lively -= 1
            box.pending -= 1
            if code == agenda.LAND:
                celery.land(world, c, row)
            elif code == agenda.HANDED:
                celery.begin(world, c, row)
            elif code == agenda.DUE:
                celery.due(world, c, row)
            else:
                celery.release(world, c, row)
    if happened:
        something_happened(world)


@rare
def container_event(world: World, code: int, c: int, number: int) -> None:
    """Let something happen to a container that is still the same, or to one of its processes."""
    clock, box = world.clock[0], world.containers[c]
    if code == agenda.SWEEP:
        if box.state == READY:
            every = world.services[box.service].sweep_every
            agenda.of_container(world, clock.now + every if every < NEVER else NEVER, agenda.SWEEP, c, -1)
            if register.sweep(world, c):
                something_happened(world)
        return
    if code == agenda.KEEPALIVE:
        processes.keepalive(world, c)
        return
    clock.lively -= 1
    box.pending -= 1
    something_happened(world)
    if code == agenda.KILL:
        fleet.kill(world, c, FREE)
    elif code == agenda.READY:
        fleet.ready(world, c)
    elif code == agenda.PROCESS:
        processes.born(world, c, box.first_slot + number)
    elif code == agenda.FORKED:
        processes.look_at(world, c)
    else:
        register.hand_back(world, c)
        fleet.down(world, c, FREE)
