"""The run: one event after the other, in the order of docs/order.md."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workersim.engines.compiled.changing import (
    agenda,
    celery,
    deploys,
    events,
    fleet,
    gauges,
    ideal,
    observation,
    phases,
    processes,
    queues,
    running,
)
from workersim.engines.compiled.changing.byref import by_reference
from workersim.engines.compiled.changing.world import of
from workersim.jit import entry, helper, rare
from workersim.units import NEVER

if TYPE_CHECKING:
    from workersim.engines.compiled.changing.world import World

__all__ = ["ASK", "DONE", "GROW", "GROW_FLEET", "NO_ANSWER", "run"]

GOES_ON, DONE, GROW, GROW_FLEET, ASK = range(5)
NO_ANSWER = -1
NOTHING_DUE = 1 << 62


@entry
def run(world: World, until: int, answer: int) -> int:
    """Let everything happen, up to and including what falls on ``until``, and say why it stopped.

    DONE; GROW, GROW_FLEET: arrays are too short; ASK and more: the policy of the service with this number (from ASK)
    is to be asked.  In all cases but the first a further call goes on, with the policy's answer, or ``NO_ANSWER``.
    """
    if answer != NO_ANSWER:
        world.clock[0].answer = answer
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
        phase_ends = world.agenda_time[1] >> 1 == clock.now
        code = 0 if phase_ends else next_code(world)
        if code == NOTHING_DUE:
            why = GOES_ON if move_clock(world, until) else DONE
        elif too_little_room(world):
            why = GROW
        elif phase_ends:
            phases.end_due(world, world.agenda_id[1])
            events.something_happened(world)
        else:
            why = step(world, code)
        if clock.settling:
            deploys.settle(world)
    return why


@helper
def step(world: World, code: int) -> int:
    """Let the next event happen, which is no end of a phase, or say why not."""
    if code == agenda.ARRIVAL:
        events.arrive(world)
    elif code == agenda.DISPATCH:
        dispatch(world)
    elif code == agenda.ROW:
        if not events.numbers_suffice(world):
            return GROW_FLEET
        events.happen(world)
    elif code == agenda.POLICY:
        return policy(world, world.soon[world.clock[0].soon - 1].key)
    else:
        events.event(world, code)
    return GOES_ON


@rare
def policy(world: World, v: int) -> int:
    """Have a policy asked, or do what it has answered."""
    if world.clock[0].answer == NO_ANSWER:
        observation.look(world, v)
        return ASK + v
    if not events.numbers_are_free(world, v, world.clock[0].answer - world.services[v].wanted):
        return GROW_FLEET
    agenda.pop(world)
    events.answer(world, v)
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
def next_code(world: World) -> int:
    """Return what is due next at this instant, phase ends apart."""
    clock, settings = world.clock[0], world.settings[0]
    code = NOTHING_DUE
    if clock.soon > 0 and world.soon[clock.soon - 1].at == clock.now:
        code = world.soon[clock.soon - 1].code
    if clock.row < len(world.schedule) and world.schedule[clock.row].at == clock.now:
        code = min(code, agenda.ROW)
    if code >> 3 >= agenda.ARRIVAL >> 3 and clock.published < settings.arrivals:
        j = events.arriving(world)
        if world.arrival[j] <= clock.now and (code != agenda.FOLLOWER or j < world.soon[clock.soon - 1].key):
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
    if clock.soon > 0:
        now = min(now, world.soon[clock.soon - 1].at)
    if clock.published < settings.arrivals:
        now = min(now, world.arrival[events.arriving(world)])
    if clock.row < len(world.schedule):
        now = min(now, world.schedule[clock.row].at)
    drains = until == NEVER or settings.drains > 0
    clock.over = now == NEVER or (drains and (clock.endless > 0 or not goes_on(world)))
    if clock.over or now > until:
        gauges.finish(world, until)
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
