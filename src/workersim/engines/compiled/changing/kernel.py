"""The run: one event after the other, in the order of docs/order.md."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workersim.engines.compiled.changing import (
    agenda,
    attempts,
    celery,
    deploys,
    ends,
    fleet,
    ideal,
    phases,
    processes,
    queues,
    register,
    running,
)
from workersim.engines.compiled.changing.byref import by_reference
from workersim.engines.compiled.changing.records import State
from workersim.engines.compiled.changing.world import of
from workersim.jit import entry, helper, rare
from workersim.units import NEVER

if TYPE_CHECKING:
    from workersim.engines.compiled.changing.world import World

__all__ = ["ASK", "DONE", "GROW", "GROW_FLEET", "run"]

DONE, ASK, GROW, GROW_FLEET, GOES_ON = range(5)
NOTHING_DUE = 1 << 62
STARTING, READY, DRAINING, RETURNING, FREE = (
    State.STARTING,
    State.READY,
    State.DRAINING,
    State.RETURNING,
    State.FREE,
)
CRASH, STOP, OUTAGE, CHANGE, DEPLOY = range(5)
WHOLE = -1
CONTAINER_BITS, CONTAINER_MASK = 20, (1 << 20) - 1


@entry
def run(world: World, until: int) -> int:
    """Let everything happen, up to and including what falls on ``until``, and say why it stopped.

    DONE; ASK: a policy is to be asked and its answer written into the clock; GROW, GROW_FLEET: arrays are too short.
    In the last three cases a further call goes on.
    """
    return go(by_reference(world), until)


@rare
def go(world: World, until: int) -> int:
    """Go on with the run (``run``)."""
    clock = world.clock[0]
    if not clock.begun:
        begin(world)
    if clock.moved:
        fill_trees(world)
    why = GOES_ON
    while why == GOES_ON:
        if too_little_room(world):
            why = GROW
        elif world.agenda_time[1] >> 1 == clock.now:
            phases.end_due(world, world.agenda_id[1])
            something_happened(world)
        else:
            why = step(world, until)
        if clock.settling:
            deploys.settle(world)
    return why


@helper
def step(world: World, until: int) -> int:
    """Let the next event happen that is no end of a phase, or say why not."""
    code = next_code(world)
    if code == agenda.ARRIVAL:
        arrive(world)
    elif code == agenda.DISPATCH:
        dispatch(world)
    elif code == NOTHING_DUE:
        return GOES_ON if move_clock(world, until) else DONE
    elif code == agenda.ROW:
        if not numbers_suffice(world):
            return GROW_FLEET
        happen(world)
    elif code == agenda.POLICY and world.clock[0].answer < 0:
        world.clock[0].asks = world.heap[0].key
        return ASK
    else:
        event(world, code)
    return GOES_ON


@rare
def begin(world: World) -> None:
    """Make the first containers ready, and have policies asked for the first time."""
    world.clock[0].begun = 1
    for v in range(world.settings[0].services):
        service = world.services[v]
        for c in range(service.first_container, service.first_container + service.replicas):
            world.containers[c].wanted = 1
            service.wanted += 1
            fleet.ready(world, c)
        if service.every < NEVER:
            agenda.of_row(world, service.every, agenda.POLICY, v)


@rare
def fill_trees(world: World) -> None:
    """Fill the trees over containers and slots anew, after those got other places."""
    world.clock[0].moved = 0
    for c in range(len(world.containers)):
        running.schedule(world, c)
        ideal.rate(world, c)
    for s in range(len(world.slots)):
        ideal.count_idle(world, s)


@helper
def too_little_room(world: World) -> bool:
    """Tell whether an event could find an array full."""
    clock = world.clock[0]
    more = clock.needs + clock.unacked
    return (
        clock.rows + more > len(world.attempts)
        or clock.heap + more > len(world.heap)
        or clock.extra + clock.needs > len(world.extra_phases)
        or world.settings[0].phases + clock.extra + clock.needs > len(world.phase_end)
        or clock.changes + clock.needs > len(world.changes)
    )


@helper
def arriving(world: World) -> int:
    """Return the job that arrives next."""
    published = world.clock[0].published
    return world.order[published] if len(world.order) > 0 else published


@helper
def next_code(world: World) -> int:
    """Return what is due next at this instant, phase ends apart."""
    clock, settings = world.clock[0], world.settings[0]
    code = NOTHING_DUE
    if clock.heap > 0 and world.heap[0].at == clock.now:
        code = world.heap[0].code
    if clock.row < len(world.schedule) and world.schedule[clock.row].at == clock.now:
        code = min(code, agenda.ROW)
    if code >> 3 >= agenda.ARRIVAL >> 3 and clock.published < settings.arrivals:
        j = arriving(world)
        if world.arrival[j] <= clock.now and (code != agenda.FOLLOWER or j < world.heap[0].key):
            code = agenda.ARRIVAL
    if code > agenda.DISPATCH and clock.stirred:
        code = agenda.DISPATCH
    return code


@helper
def move_clock(world: World, until: int) -> bool:
    """Move on to the next instant, if there is one before the end."""
    clock, settings = world.clock[0], world.settings[0]
    ends_at = world.agenda_time[1]
    now = NEVER if ends_at == running.NOTHING else ends_at >> 1
    if clock.heap > 0:
        now = min(now, world.heap[0].at)
    if clock.published < settings.arrivals:
        now = min(now, world.arrival[arriving(world)])
    if clock.row < len(world.schedule):
        now = min(now, world.schedule[clock.row].at)
    if now == NEVER or now > until or (until == NEVER and not goes_on(world)):
        return False
    clock.now = now
    return True


@helper
def goes_on(world: World) -> bool:
    """Tell whether anything is due that is more than a look at the clock, or a look at the clock may find something."""
    clock, settings = world.clock[0], world.settings[0]
    if clock.lively > 0 or world.agenda_time[1] != running.NOTHING:
        return True
    if clock.published < settings.arrivals or clock.row < settings.fixed_rows:
        return True
    if clock.stranded > 0 and clock.sweepers > 0:
        return True
    waits = clock.visible + clock.unacked + clock.not_due > 0
    return waits and settings.policies > 0 and clock.quiet < settings.ticks_in_vain


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
    attempts.blank(world, j)
    attempts.publish(world, j, False)  # noqa: FBT003 (by position)


@helper
def delay(world: World, j: int) -> None:
    """Say when a job that arrives now is due, unless at once."""
    countdown = world.fates[of(world.fates, j)].countdown
    if countdown > 0:
        world.messages[j].eta = world.clock[0].now + countdown


@helper
def dispatch(world: World) -> None:
    """Hand out messages until nobody can take any."""
    clock, settings = world.clock[0], world.settings[0]
    clock.stirred = 0
    if settings.ideal:
        ideal.join(world)
        while clock.now >= clock.up_again:
            v = ideal.who_takes(world)
            if v < 0:
                break
            serve(world, v)
    if settings.celery:
        celery.look_at_workers(world)
        celery.fetch(world)


@rare
def serve(world: World, v: int) -> None:
    """Let the slot of an ideal service whose turn it is take a message."""
    level = queues.best_level(world, v)
    s = ideal.choose(world, v, level)
    c = world.services[v].first_container + (s - world.services[v].first_slot) // world.services[v].concurrency
    row = queues.take(world, c, level)
    ideal.leave_line(world, c, s)
    running.start(world, row, c, s)
    if world.settings[0].remembers or world.services[v].limit_bytes < NEVER:
        memory = world.fates[of(world.fates, queues.job_of(world, row))].memory
        if processes.swell(world, c, s, memory):
            fleet.out_of_memory(world, c)
            return
    running.begin_now(world, c, s)


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
    clock.fleet_of = row.service
    clock.fleet_needs = more
    return more <= 0 or fleet.free_numbers(world, row.service) >= more


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
    """Let the first event of the heap happen, if it still has an object."""
    clock, first = world.clock[0], world.heap[0]
    key, number, row, epoch = first.key, first.second, first.row, first.epoch
    agenda.pop(world)
    if agenda.rank(code) in (agenda.rank(agenda.PUBLISH), agenda.rank(agenda.PATIENCE)):
        message_event(world, code, row, epoch)
    elif code == agenda.FOLLOWER:
        clock.lively -= 1
        something_happened(world)
        follow(world, key)
    elif code == agenda.POLICY:
        answer(world, key)
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
            limit(world, c, world.containers[c].first_slot + number, row)
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
    attempts.blank(world, j)
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
def limit(world: World, c: int, s: int, row: int) -> None:
    """End an attempt whose time is up, if it still runs."""
    if world.slots[s].row == row and world.slots[s].limited:
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
    else:
        register.hand_back(world, c)
        fleet.down(world, c, FREE)
