"""Attempts in slots: they take one, and give it back at whatever end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workersim.engines.compiled.changing import agenda, attempts, gauges, ideal
from workersim.engines.compiled.changing.queues import job_of, lane_of
from workersim.engines.compiled.changing.records import Place, Process
from workersim.engines.compiled.changing.world import of
from workersim.engines.compiled.trees import winner_set
from workersim.jit import helper, rare
from workersim.units import NEVER

if TYPE_CHECKING:
    from workersim.engines.compiled.changing.world import World

__all__ = ["NOTHING", "begin_now", "end", "is_first_to_begin", "log_phase", "nothing_to_do", "schedule", "start"]

RUNNING, GONE = Place.RUNNING, Place.GONE
BUSY = Process.BUSY
NOTHING = (1 << 63) - 1  # on the agenda of phase ends


@rare
def start(world: World, row: int, c: int, s: int) -> None:
    """Let an attempt begin in a slot; its first phase begins with ``begin_now``."""
    clock, box, slot, attempt = world.clock[0], world.containers[c], world.slots[s], world.attempts[row]
    attempt.started = clock.now
    attempt.service = box.service
    attempt.replica = box.number
    attempt.slot = s - box.first_slot
    attempt.place = RUNNING
    slot.row = row
    slot.state = BUSY
    slot.phase = world.first_phase[job_of(world, row)] - 1
    slot.place = -1
    box.running += 1
    gauges.shift(world, gauges.BUSY, 1)
    attempts.leave_queue(world, row)
    world.queues[lane_of(world, row) % world.settings[0].queues].backlog -= 1
    ideal.rate(world, c)
    if world.settings[0].remembers:
        meet_fate(world, row, c, s)


@rare
def meet_fate(world: World, row: int, c: int, s: int) -> None:
    """Say whether the attempt that starts will fail, and when its time is up."""
    slot = world.slots[s]
    j = job_of(world, row)
    fate = world.fates[of(world.fates, j)]
    slot.failures = world.jobs[j].failures
    slot.failing = slot.failures < fate.fails
    slot.budget = fate.fails_after
    slot.cut = 0
    limit = min(fate.soft, fate.hard)
    slot.limited = limit < NEVER
    if limit < NEVER:
        slot.limit_at = world.clock[0].now + limit
        world.clock[0].lively += 1
        agenda.of_slot(world, c, s)


@rare
def begin_now(world: World, c: int, s: int) -> None:
    """Have an attempt begin its first phase: it stands as one whose I/O phase before that ends now.

    So the code that begins phases stands, and is compiled, in one place.
    """
    box, now = world.containers[c], world.clock[0].now
    world.io_end[s] = now
    if box.io_next > now or s < box.io_slot:
        box.io_next = now
        box.io_slot = s
    schedule(world, c)


@helper
def is_first_to_begin(world: World, s: int) -> bool:
    """Tell whether the attempt in a slot has started in this event, and its first phase has its turn still to come."""
    slot = world.slots[s]
    fresh = slot.place == -1 and world.io_end[s] == world.clock[0].now
    return fresh and not nothing_to_do(world, s)


@rare
def schedule(world: World, c: int) -> None:
    """Put the next phase end of a container on the agenda: by instant, I/O first."""
    box = world.containers[c]
    io = box.io_next << 1 if box.io_next < NEVER else NOTHING
    cpu = box.next_end << 1 | 1 if box.next_end < NEVER else NOTHING
    winner_set(world.agenda_time, world.agenda_id, c, min(io, cpu))


@rare
def log_phase(world: World, s: int) -> None:
    """Write down that the phase of a slot begins now, unless nobody asks for phases."""
    slot = world.slots[s]
    slot.place = slot.phase
    if gauges.are_kept(world):
        return
    if slot.row >= world.settings[0].jobs:
        clock = world.clock[0]
        extra = world.extra_phases[clock.extra]
        extra.row = slot.row
        extra.phase = slot.phase
        extra.started = clock.now
        slot.place = world.settings[0].phases + clock.extra
        clock.extra += 1
    world.phase_end[slot.place] = NEVER + 1


@helper
def nothing_to_do(world: World, s: int) -> bool:
    """Tell whether the attempt in a slot fails before it has done anything."""
    return world.settings[0].remembers and world.slots[s].failing and world.slots[s].budget == 0


@rare
def end(world: World, c: int, s: int, outcome: int) -> None:
    """Close the row of a running attempt; what becomes of its slot is up to the caller."""
    box, slot, clock = world.containers[c], world.slots[s], world.clock[0]
    attempt = world.attempts[slot.row]
    attempt.finished = clock.now
    attempt.outcome = outcome
    attempt.place = GONE
    slot.row = -1
    box.running -= 1
    gauges.shift(world, gauges.BUSY, -1)
    ideal.rate(world, c)
    if world.settings[0].remembers and slot.limited:
        slot.limited = 0
        clock.lively -= 1
