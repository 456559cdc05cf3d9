"""How attempts end, and what that leads to: retries, followers, a process that is replaced, a container that goes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workersim.engines.compiled.changing import agenda, attempts, cpu, fleet, processes, register, running
from workersim.engines.compiled.changing.queues import job_of
from workersim.engines.compiled.changing.records import Process, State
from workersim.engines.compiled.changing.world import of
from workersim.jit import helper, rare
from workersim.runlog import Kind, Outcome
from workersim.units import NEVER

if TYPE_CHECKING:
    from workersim.engines.compiled.changing.world import World

__all__ = ["finish", "kill_process", "time_is_up"]

CPU = int(Kind.CPU)
DONE, FAILED, RETRIED = int(Outcome.DONE), int(Outcome.FAILED), int(Outcome.RETRIED)
LOST, TIMED_OUT = int(Outcome.LOST), int(Outcome.TIMED_OUT)
IDLE, FREED, BUSY = Process.IDLE, Process.FREED, Process.BUSY
READY, DRAINING = State.READY, State.DRAINING
KILLED_AFTER = 170_000_000  # ns from a hard time limit to the start of the process's successor


@helper
def finish(world: World, c: int, s: int) -> None:
    """End an attempt that has run through, or failed."""
    row = world.slots[s].row
    if not world.settings[0].remembers:
        running.end(world, c, s, DONE)
    elif world.slots[s].failing:
        fail(world, c, s, row)
    else:
        running.end(world, c, s, DONE)
        release_followers(world, job_of(world, row))
    if world.settings[0].remembers:
        acknowledge(world, c, row)
    vacate(world, c, s)


@rare
def fail(world: World, c: int, s: int, row: int) -> None:
    """End an attempt in a failure: it is tried again, if it may be."""
    j, k = job_of(world, row), world.slots[s].failures
    fate, job, now = world.fates[of(world.fates, j)], world.jobs[j], world.clock[0].now
    job.failures = max(job.failures, k + 1)
    if k < fate.retries:
        running.end(world, c, s, RETRIED)
        job.deliveries += 1
        again = attempts.new_row(world, j, now + world.retry_delay[fate.first_retry + k], job.deliveries)
        agenda.of_message(world, now, agenda.PUBLISH, again, attempts.number_of(world, again))
    else:
        running.end(world, c, s, FAILED)


@rare
def release_followers(world: World, j: int) -> None:
    """Let the jobs arrive that have waited for this one alone, when it is done for the first time."""
    job = world.jobs[j]
    if job.done:
        return
    job.done = 1
    fate = world.fates[of(world.fates, j)]
    for k in range(fate.first_follower, fate.first_follower + fate.followers):
        follower = world.follower[k]
        world.jobs[follower].open -= 1
        if world.jobs[follower].open == 0:
            agenda.of_row(world, world.clock[0].now, agenda.FOLLOWER, follower)


@rare
def acknowledge(world: World, c: int, row: int) -> None:
    """Acknowledge at the end of an attempt, if that was not done at its start, and delete copies of the message."""
    service = world.services[world.containers[c].service]
    if service.celery and service.late:
        register.ack(world, row, c)
    if world.jobs[job_of(world, row)].extra > 0:
        register.delete_copies(world, row)


@rare
def vacate(world: World, c: int, s: int) -> None:
    """Take a slot back: its process goes on, or has done its share and is replaced."""
    service, slot = world.services[world.containers[c].service], world.slots[s]
    if service.celery:
        slot.tasks += 1
        worn = 0 < service.max_tasks <= slot.tasks or 0 < service.max_memory < slot.bytes
        if worn:
            processes.die(world, c, s, processes.RECYCLED_AFTER + service.process_start)
            processes.look_at(world, c)
        else:
            processes.release(world, c, s)
    else:
        processes.release(world, c, s)
    fleet.work_is_over(world, c)


@rare
def cut(world: World, c: int, s: int) -> None:
    """Stop the phase that runs in a slot."""
    slot = world.slots[s]
    j = job_of(world, slot.row)
    if slot.phase >= world.first_phase[j] and world.kind[slot.phase] == CPU:
        cpu.cut(world, c, s)
        cpu.plan(world, c)
    else:
        box = world.containers[c]
        world.io_end[s] = NEVER
        following, first = NEVER, box.first_slot
        for other in range(box.first_slot, box.first_slot + world.services[box.service].concurrency):
            first += (world.io_end[other] < following) * (other - first)
            following = min(following, world.io_end[other])
        box.io_next = following
        box.io_slot = first
    running.schedule(world, c)


@rare
def time_is_up(world: World, c: int, s: int) -> None:
    """End an attempt at its time limit: the soft one leaves the process alone."""
    slot, service = world.slots[s], world.services[world.containers[c].service]
    row = slot.row
    fate = world.fates[of(world.fates, job_of(world, row))]
    soft = fate.soft <= fate.hard
    cut(world, c, s)
    running.end(world, c, s, TIMED_OUT)
    acknowledge(world, c, row)
    if soft:
        vacate(world, c, s)
        return
    if service.celery:
        processes.die(world, c, s, KILLED_AFTER + service.process_start)
        processes.look_at(world, c)
    else:
        processes.renew(world, c, s)
        processes.release(world, c, s)
    fleet.work_is_over(world, c)


@helper
def lowest_running(world: World, c: int) -> int:
    """Return the lowest slot in which something runs, or -1."""
    box = world.containers[c]
    for s in range(box.first_slot, box.first_slot + world.services[box.service].concurrency):
        if runs(world, s):
            return s
    return -1


@helper
def runs(world: World, s: int) -> bool:
    """Tell whether an attempt runs in a slot."""
    slot = world.slots[s]
    return slot.state == BUSY and world.attempts[slot.row].started < NEVER


@rare
def kill_process(world: World, c: int, number: int) -> bool:
    """Kill a process by its number, or the lowest one that works (-2), and tell whether a job was lost."""
    box = world.containers[c]
    service = world.services[box.service]
    if box.state not in (READY, DRAINING) or number >= service.concurrency:
        return False
    s = lowest_running(world, c) if number < 0 else box.first_slot + number
    if s < 0:
        return False
    after = processes.REPLACED_AFTER + service.process_start
    if world.slots[s].state in (IDLE, FREED):
        processes.die(world, c, s, after)
        return False
    if not runs(world, s):
        return False
    row = world.slots[s].row
    cut(world, c, s)
    running.end(world, c, s, LOST)
    if service.celery and service.late and service.reject:
        register.ack(world, row, c)
        j = job_of(world, row)
        world.jobs[j].deliveries += 1
        again = attempts.new_row(world, j, 0, world.jobs[j].deliveries)
        agenda.of_message(world, world.clock[0].now, agenda.PUBLISH, again, attempts.number_of(world, again))
    elif world.settings[0].remembers:
        acknowledge(world, c, row)
    processes.die(world, c, s, after)
    processes.look_at_celery(world, c)
    fleet.work_is_over(world, c)
    return True
