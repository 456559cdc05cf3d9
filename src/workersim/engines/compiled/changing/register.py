"""What the broker and the workers know of messages that were taken and are not acknowledged.

The broker's register is a chain in the order of the fetches, and by job and attempt among those of one instant; what a
worker holds is a chain in the order in which it was taken.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from workersim.engines.compiled.changing import attempts, processes, queues
from workersim.engines.compiled.changing.attempts import number_of
from workersim.engines.compiled.changing.queues import job_of
from workersim.engines.compiled.changing.records import Place
from workersim.jit import helper, rare
from workersim.runlog import Outcome

if TYPE_CHECKING:
    from workersim.engines.compiled.changing.world import World

__all__ = ["ack", "delete_copies", "enter", "hand_back", "strand", "sweep"]

REDELIVERED = int(Outcome.REDELIVERED)
LISTED, GONE, STRANDED = Place.LISTED, Place.GONE, Place.STRANDED


@helper
def follows(world: World, one: int, other: int) -> bool:
    """Tell whether the first of two messages fetched at one instant comes after the second."""
    if world.messages[one].fetched != world.messages[other].fetched:
        return False
    first, second = job_of(world, one), job_of(world, other)
    return first > second or (first == second and number_of(world, one) > number_of(world, other))


@rare
def enter(world: World, row: int, c: int) -> None:
    """Write down that a worker has taken a message."""
    clock, box, message = world.clock[0], world.containers[c], world.messages[row]
    message.fetched = clock.now
    message.holder = c
    message.epoch = box.epoch
    message.held_before = box.last_held if box.unacked > 0 else -1
    message.held_behind = -1
    if box.unacked > 0:
        world.messages[box.last_held].held_behind = row
    else:
        box.first_held = row
    box.last_held = row
    box.unacked += 1
    world.attempts[row].unacked = 1
    earlier, later = clock.last_unacked, -1
    while earlier >= 0 and follows(world, earlier, row):
        earlier, later = world.messages[earlier].earlier, earlier
    message.earlier = earlier
    message.later = later
    if earlier >= 0:
        world.messages[earlier].later = row
    else:
        clock.first_unacked = row
    if later >= 0:
        world.messages[later].earlier = row
    else:
        clock.last_unacked = row
    clock.unacked += 1


@helper
def dead(world: World, row: int) -> bool:
    """Tell whether the worker that holds a message is dead."""
    message = world.messages[row]
    return world.containers[message.holder].epoch != message.epoch


@rare
def strike(world: World, row: int) -> None:
    """Strike a message off the broker's register, if it is there."""
    clock, message = world.clock[0], world.messages[row]
    if not world.attempts[row].unacked:
        return
    world.attempts[row].unacked = 0
    clock.unacked -= 1
    if message.earlier >= 0:
        world.messages[message.earlier].later = message.later
    else:
        clock.first_unacked = message.later
    if message.later >= 0:
        world.messages[message.later].earlier = message.earlier
    else:
        clock.last_unacked = message.earlier


@rare
def strike_delivery(world: World, row: int) -> None:
    """Strike a delivery off the broker's register, where it has one entry: of the copy that was taken last."""
    j = job_of(world, row)
    if world.attempts[row].unacked or world.jobs[j].extra == 0:
        strike(world, row)
        return
    other = world.jobs[j].last_row
    while True:
        if world.attempts[other].unacked and world.messages[other].delivery == world.messages[row].delivery:
            world.clock[0].stranded -= dead(world, other)
            strike(world, other)
            return
        if other == j:
            return
        other = world.messages[other].older


@rare
def ack(world: World, row: int, c: int) -> None:
    """Acknowledge a message that a worker holds."""
    box, message = world.containers[c], world.messages[row]
    strike_delivery(world, row)
    if message.held_before >= 0:
        world.messages[message.held_before].held_behind = message.held_behind
    else:
        box.first_held = message.held_behind
    if message.held_behind >= 0:
        world.messages[message.held_behind].held_before = message.held_before
    else:
        box.last_held = message.held_before
    box.unacked -= 1
    processes.look_at(world, c)


@rare
def delete_copies(world: World, row: int) -> None:
    """Delete the copies of a delivery that are in a list once one of them has been worked off."""
    j = job_of(world, row)
    other = world.jobs[j].last_row
    while True:
        if world.attempts[other].place == LISTED and world.messages[other].delivery == world.messages[row].delivery:
            queues.remove(world, other)
            attempts.close_unstarted(world, other, REDELIVERED)
        if other == j:
            return
        other = world.messages[other].older


@rare
def strand(world: World, c: int) -> None:
    """Leave what a worker holds to the sweeps: it is dead."""
    box = world.containers[c]
    row = box.first_held
    for _ in range(box.unacked):
        world.clock[0].stranded += world.attempts[row].unacked
        if world.attempts[row].place != GONE:
            world.attempts[row].place = STRANDED
        row = world.messages[row].held_behind


@rare
def hand_back(world: World, c: int) -> None:
    """Put what a drained worker holds back at the head of the lists, in the order in which it was taken."""
    box = world.containers[c]
    row = box.first_held
    for _ in range(box.unacked):
        behind = world.messages[row].held_behind
        attempts.close_unstarted(world, row, REDELIVERED)
        if world.attempts[row].unacked:
            strike(world, row)
            again(world, row)
        row = behind


@rare
def sweep(world: World, c: int) -> bool:
    """Return the messages that have been out too long to the head of their lists, and tell whether there were any."""
    clock = world.clock[0]
    timeout = world.services[world.containers[c].service].visibility
    row = clock.first_unacked
    last = -1
    while row >= 0 and clock.now - world.messages[row].fetched > timeout:
        last = row
        row = world.messages[row].later
    row = last
    while row >= 0:
        earlier = world.messages[row].earlier
        strike(world, row)
        if dead(world, row):
            clock.stranded -= 1
            if world.attempts[row].place == STRANDED:
                attempts.close_unstarted(world, row, REDELIVERED)
        again(world, row)
        row = earlier
    return last >= 0


@rare
def again(world: World, row: int) -> None:
    """Open a new row for a message that goes back to the head of its list."""
    message = world.messages[row]
    new = attempts.new_row(world, job_of(world, row), message.eta, message.delivery)
    attempts.publish(world, new, True)  # noqa: FBT003 (by position)
