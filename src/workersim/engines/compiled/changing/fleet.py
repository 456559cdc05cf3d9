"""Containers come and go: starts, SIGTERM and SIGKILL, crashes, memory that runs out, and how many are wanted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workersim.engines.compiled.changing import agenda, changes, cpu, ideal, processes, register, running, turns
from workersim.engines.compiled.changing.records import Process, State
from workersim.engines.compiled.trees import winner_set
from workersim.jit import helper, rare
from workersim.runlog import Outcome
from workersim.units import NEVER

if TYPE_CHECKING:
    from workersim.engines.compiled.changing.world import World

__all__ = [
    "crash",
    "down",
    "free_numbers",
    "kill",
    "out_of_memory",
    "ready",
    "resize",
    "start",
    "start_lowest",
    "stop",
    "terminate",
    "unwant",
    "work_is_over",
]

FREE, STARTING, READY = State.FREE, State.STARTING, State.READY
DRAINING, RETURNING, KEPT = State.DRAINING, State.RETURNING, State.KEPT
ABSENT, IDLE, FREED, BUSY = Process.ABSENT, Process.IDLE, Process.FREED, Process.BUSY
LOST = int(Outcome.LOST)
LEAVES_AFTER = 1_650_000_000  # ns from the end of a drained Celery worker's last job until it hands back and goes


@helper
def next_startup(world: World, v: int) -> int:
    """Return how long the next start of this service takes."""
    service = world.services[v]
    took = world.startups[service.first_startup + service.starts % service.startups]
    service.starts += 1
    return took


@rare
def start(world: World, c: int) -> None:
    """Start a container."""
    box = world.containers[c]
    service = world.services[box.service]
    box.state = STARTING
    box.processes = service.processes if service.processes > 0 else service.concurrency
    box.memory = service.parent_bytes + box.processes * service.process_bytes
    changes.tell(world, c)
    at = world.clock[0].now + next_startup(world, box.service)
    agenda.of_container(world, at, agenda.READY, c, -1)


@rare
def ready(world: World, c: int) -> None:
    """Let a container work: all about it is new."""
    clock, box = world.clock[0], world.containers[c]
    service = world.services[box.service]
    box.state = READY
    box.ready_at = clock.now
    box.processes = service.processes if service.processes > 0 else service.concurrency
    box.memory = service.parent_bytes + box.processes * service.process_bytes
    box.flying = -1
    box.asked = NEVER
    box.forks_until = 0
    box.last_growth = -NEVER
    box.last_receipt = -NEVER
    box.kill_at = NEVER
    for k in range(service.listed):
        world.wheel[c, k] = world.listed[box.service, k]
    for k in range(world.next_release.shape[1]):
        world.next_release[c, k] = 0
    for number in range(box.processes):
        slot = world.slots[box.first_slot + number]
        slot.tasks = 0
        slot.bytes = service.process_bytes
        processes.release(world, c, box.first_slot + number)
    changes.tell(world, c)
    if service.celery:
        if service.sweep_first < NEVER:
            agenda.of_container(world, clock.now + service.sweep_first, agenda.SWEEP, c, -1)
            clock.sweepers += service.visibility < NEVER
        if service.processes > 0 and service.keepalive < NEVER:
            agenda.of_container(world, clock.now + service.keepalive, agenda.KEEPALIVE, c, -1)
    not_awaited(world, c)


@rare
def not_awaited(world: World, c: int) -> None:
    """Let a deploy no longer wait for this container."""
    box = world.containers[c]
    if box.deploy >= 0:
        world.deploys[box.deploy].starting -= 1
        world.clock[0].settling = 1
        box.deploy = -1


@rare
def retire(world: World, c: int) -> None:
    """End what a ready container does while it is ready: its slots leave the line, it asks and sweeps no more."""
    clock, box = world.clock[0], world.containers[c]
    service = world.services[box.service]
    if service.celery:
        turns.leave(world, c)
        if service.sweep_first < NEVER:
            clock.sweepers -= service.visibility < NEVER
        clock.lively -= box.held + box.rated
        box.pending -= box.held + box.rated
        return
    for s in range(box.first_slot, box.first_slot + service.concurrency):
        if world.slots[s].state == IDLE:
            ideal.leave_line(world, c, s)
            world.slots[s].state = FREED  # it stands in no line, and can still be killed


@rare
def down(world: World, c: int, state: int) -> None:
    """Let a container be down, with all that was going on in it."""
    clock, box = world.clock[0], world.containers[c]
    for s in range(box.first_slot, box.first_slot + world.services[box.service].concurrency):
        world.slots[s].state = ABSENT
        world.slots[s].bytes = 0
        world.slots[s].row = -1
    cpu.reset(world, c)
    winner_set(world.agenda_time, world.agenda_id, c, running.NOTHING)
    clock.lively -= box.pending
    box.pending = 0
    box.epoch += 1
    box.handed = 0
    box.waiting = 0
    box.held = 0
    box.rated = 0
    box.unacked = 0
    box.memory = 0
    box.state = state
    changes.tell(world, c)
    not_awaited(world, c)


@rare
def kill(world: World, c: int, state: int) -> None:
    """Kill a container that is up: what runs in it is lost, what it has reserved is stranded."""
    box, clock = world.containers[c], world.clock[0]
    if box.state == READY:
        retire(world, c)
    for s in range(box.first_slot, box.first_slot + world.services[box.service].concurrency):
        slot = world.slots[s]
        if slot.state == BUSY and box.running > 0 and world.attempts[slot.row].started < NEVER:
            if running.is_first_to_begin(world, s):
                slot.phase += 1  # it began when the attempt started, and its turn has not come yet
                running.log_phase(world, s)
            running.end(world, c, s, LOST)
            clock.last = clock.now
    if world.services[box.service].celery:
        register.strand(world, c)
    down(world, c, state)


@rare
def unwant(world: World, c: int) -> None:
    """Take back that a container is wanted."""
    box = world.containers[c]
    if box.wanted:
        box.wanted = 0
        world.services[box.service].wanted -= 1


@rare
def work_is_over(world: World, c: int) -> None:
    """Let a draining container go on its way when its last job has left it."""
    box = world.containers[c]
    if box.state != DRAINING:
        return
    if box.running + box.handed > 0:
        changes.tell(world, c)
    elif world.services[box.service].celery:
        changes.tell(world, c)
        agenda.of_container(world, world.clock[0].now + LEAVES_AFTER, agenda.GOES, c, -1)
    else:
        down(world, c, FREE)


@rare
def terminate(world: World, c: int, grace: int) -> None:
    """Send SIGTERM to a ready container, and SIGKILL after the grace."""
    box, now = world.containers[c], world.clock[0].now
    unwant(world, c)
    if grace == 0:
        kill(world, c, FREE)
        return
    retire(world, c)
    box.state = DRAINING
    if grace < NEVER:
        box.kill_at = now + grace
        agenda.of_container(world, box.kill_at, agenda.KILL, c, -1)
    changes.tell(world, c)
    work_is_over(world, c)


@rare
def stop(world: World, c: int, grace: int) -> None:
    """Stop a container, whatever it is about."""
    box, now = world.containers[c], world.clock[0].now
    if box.state == READY:
        terminate(world, c, grace)
    elif box.state in (STARTING, RETURNING):
        unwant(world, c)
        down(world, c, FREE)
    elif box.state == DRAINING and grace < box.kill_at - now:
        if grace == 0:
            kill(world, c, FREE)
        else:
            box.kill_at = now + grace
            agenda.of_container(world, box.kill_at, agenda.KILL, c, -1)


@rare
def crash(world: World, c: int, lasts: int) -> None:
    """Let a container that is up crash; it comes back after some time, if that is given and it was not leaving."""
    box = world.containers[c]
    if box.state == DRAINING:
        kill(world, c, FREE)
    elif box.state == READY and lasts < NEVER:
        kill(world, c, RETURNING)
        agenda.of_container(world, world.clock[0].now + lasts, agenda.READY, c, -1)
    elif box.state == READY:
        unwant(world, c)
        kill(world, c, KEPT)


@rare
def out_of_memory(world: World, c: int) -> None:
    """Let a container crash that needs more memory than it may; it starts again, so and so often."""
    box = world.containers[c]
    if box.state == READY and box.restarts < world.services[box.service].restarts:
        box.restarts += 1
        kill(world, c, STARTING)
        start(world, c)
    else:
        crash(world, c, NEVER)


@rare
def free_numbers(world: World, v: int) -> int:
    """Return how many numbers of replicas could be given out before the arrays have to grow."""
    service = world.services[v]
    found = 0
    for c in range(service.first_container, service.first_container + service.capacity):
        found += world.containers[c].state == FREE
    return found


@rare
def start_lowest(world: World, v: int, count: int, deploy: int) -> None:
    """Start containers that are wanted under the lowest free numbers, for a deploy or for no special reason (-1)."""
    service = world.services[v]
    c = service.first_container
    service.wanted += count
    while count > 0:
        box = world.containers[c]
        if box.state == FREE:
            box.wanted = 1
            box.restarts = 0
            box.deploy = deploy
            for deployed in range(len(world.old)):
                world.old[deployed, c] = False
            start(world, c)
            count -= 1
        c += 1


@rare
def resize(world: World, v: int, replicas: int) -> None:
    """Have so many containers wanted; those too many go, the highest numbers first."""
    service = world.services[v]
    if replicas > service.wanted:
        start_lowest(world, v, replicas - service.wanted, -1)
    c = service.first_container + service.capacity
    while replicas < service.wanted:
        c -= 1
        if world.containers[c].wanted:
            stop(world, c, service.drain)
