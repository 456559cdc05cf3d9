"""The rows of the attempts table: opened when a message is published, closed when it leaves, whatever the outcome."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workersim.engines.compiled.changing import agenda, gauges, queues
from workersim.engines.compiled.changing.queues import job_of, lane_of
from workersim.engines.compiled.changing.records import Place
from workersim.engines.compiled.changing.world import of
from workersim.engines.endless import MOST_DELIVERIES
from workersim.jit import helper, rare
from workersim.runlog import Outcome
from workersim.units import NEVER

if TYPE_CHECKING:
    from workersim.engines.compiled.changing.world import World

__all__ = ["close_unstarted", "due", "leave_queue", "new_row", "number_of", "open_row", "patience_ends", "publish"]

EXPIRED, UNFINISHED = int(Outcome.EXPIRED), int(Outcome.UNFINISHED)
LISTED, NOT_DUE, GONE = Place.LISTED, Place.NOT_DUE, Place.GONE


@helper
def number_of(world: World, row: int) -> int:
    """Return the number of an attempt among those of its job."""
    return 0 if row < world.settings[0].jobs else world.messages[row].number


@helper
def open_row(world: World, row: int) -> None:
    """Open a row in which nothing has happened yet."""
    attempt = world.attempts[row]
    attempt.started = NEVER
    attempt.finished = NEVER
    attempt.replica = -1
    attempt.slot = -1
    attempt.outcome = UNFINISHED
    gauges.shift(world, gauges.QUEUED, 1)
    gauges.shift(world, gauges.VISIBLE, 1)


@helper
def leave_queue(world: World, row: int) -> None:
    """Count a message no longer that has started, or is gone without a start."""
    gauges.shift(world, gauges.QUEUED, -1)
    if world.settings[0].celery and world.messages[row].landed > 0:
        gauges.shift(world, gauges.RESERVED, -1)
    else:
        gauges.shift(world, gauges.VISIBLE, -1)


@rare
def new_row(world: World, j: int, eta: int, delivery: int) -> int:
    """Open a further row of a job and return it; it is published at this instant."""
    clock, job = world.clock[0], world.jobs[j]
    row = clock.rows
    clock.rows += 1
    message = world.messages[row]
    message.job = j
    message.older = job.last_row if job.extra > 0 else j
    job.extra += 1
    job.last_row = row
    message.number = job.extra
    if job.extra - job.failures >= MOST_DELIVERIES:
        clock.endless = 1 + j
    message.published = clock.now
    message.eta = eta
    message.delivery = delivery
    open_row(world, row)
    return row


@rare
def publish(world: World, row: int, at_head: bool) -> None:  # noqa: FBT001 (by position)
    """Let a message enter its list now, or, where workers hold nothing back, when it is due."""
    clock = world.clock[0]
    j = job_of(world, row)
    queue = world.queues[lane_of(world, row) % world.settings[0].queues]
    queue.backlog += 1
    if not queue.celery:
        expires = world.expires[of(world.expires, j)]
        if expires < clock.now:
            close_unstarted(world, row, EXPIRED)
            return
        if expires < NEVER:
            world.attempts[row].patient = 1
            agenda.of_message(world, expires, agenda.PATIENCE, row, number_of(world, row))
        if world.settings[0].remembers and world.messages[row].eta > clock.now:
            world.attempts[row].place = NOT_DUE
            clock.not_due += 1
            agenda.of_message(world, world.messages[row].eta, agenda.DUE, row, number_of(world, row))
            return
    queues.put(world, row, at_head)


@rare
def due(world: World, row: int) -> bool:
    """Let a message that had to wait for its instant enter its list, if it is still there."""
    clock = world.clock[0]
    if world.attempts[row].place != NOT_DUE:
        return False
    clock.lively -= 1
    clock.not_due -= 1
    clock.late_entries = 1
    queues.put(world, row, False)  # noqa: FBT003 (by position)
    return True


@rare
def patience_ends(world: World, row: int) -> bool:
    """Let a message leave whose patience ends now, if it still waits."""
    clock, attempt = world.clock[0], world.attempts[row]
    if not attempt.patient:
        return False
    if attempt.place == LISTED:
        queues.remove(world, row)
    else:
        attempt.patient = 0
        clock.not_due -= 1
        clock.lively -= 2
    close_unstarted(world, row, EXPIRED)
    return True


@rare
def close_unstarted(world: World, row: int, outcome: int) -> None:
    """Close the row of a message that leaves without having run."""
    attempt = world.attempts[row]
    attempt.finished = world.clock[0].now
    attempt.outcome = outcome
    attempt.place = GONE
    leave_queue(world, row)
    world.queues[lane_of(world, row) % world.settings[0].queues].backlog -= 1
