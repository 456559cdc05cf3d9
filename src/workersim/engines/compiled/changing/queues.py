"""The lists in Redis, and what a worker that listens to some queues is handed next.

Messages are served from the head.  Each list is a chain through the rows of the attempts, so that one can leave from
the middle.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from workersim.engines.compiled.changing.records import Place
from workersim.engines.compiled.changing.world import of
from workersim.engines.compiled.trees import count_add, count_kth
from workersim.jit import helper, rare

if TYPE_CHECKING:
    from workersim.engines.compiled.changing.world import World

__all__ = ["best_level", "job_of", "lane_of", "lot", "put", "remove", "take"]

LISTED = Place.LISTED


@helper
def job_of(world: World, row: int) -> int:
    """Return the job of an attempt."""
    return row if row < world.settings[0].jobs else world.messages[row].job


@helper
def lane_of(world: World, row: int) -> int:
    """Return the list to which an attempt belongs."""
    return world.lane[of(world.lane, job_of(world, row))]


@helper
def count(world: World, lane: int, more: int) -> None:
    """Count a message more or less in a list, and for all that listen to it."""
    settings = world.settings[0]
    world.clock[0].visible += more
    world.lists[lane].count += more
    q = lane % settings.queues
    for v in range(settings.services):
        if world.listens[v, q]:
            world.services[v].messages += more
            if settings.levels > 1:
                count_add(world.waiting[v], lane // settings.queues, more)


@rare
def put(world: World, row: int, at_head: bool) -> None:  # noqa: FBT001 (kernels take their arguments by position)
    """Put a message into its list, to be served last or first."""
    lane = lane_of(world, row)
    chain, message = world.lists[lane], world.attempts[row]
    message.place = LISTED
    message.returned = at_head
    message.before = -1
    message.behind = -1
    if chain.count == 0:
        chain.head = row
        chain.tail = row
    elif at_head:
        message.behind = chain.head
        world.attempts[chain.head].before = row
        chain.head = row
    else:
        message.before = chain.tail
        world.attempts[chain.tail].behind = row
        chain.tail = row
    count(world, lane, 1)
    world.clock[0].stirred = 1


@rare
def remove(world: World, row: int) -> None:
    """Take a message out of its list, wherever it stands."""
    lane = lane_of(world, row)
    chain, message = world.lists[lane], world.attempts[row]
    before, behind = message.before, message.behind
    if before < 0:
        chain.head = behind
    else:
        world.attempts[before].behind = behind
    if behind < 0:
        chain.tail = before
    else:
        world.attempts[behind].before = before
    count(world, lane, -1)
    if message.patient:
        message.patient = 0
        world.clock[0].lively -= 1


@helper
def best_level(world: World, v: int) -> int:
    """Return the best level at which a queue of this service has a message; there is one."""
    return count_kth(world.waiting[v], 0) if world.settings[0].levels > 1 else 0


@helper
def lot(world: World, v: int, level: int) -> float:
    """Return the lot of the oldest message among the heads at this level."""
    queues, jobs = world.settings[0].queues, world.settings[0].jobs
    oldest = -1
    since, first_job, number = 0, 0, 0
    for k in range(world.services[v].listed):
        chain = world.lists[level * queues + world.listed[v, k]]
        if chain.count > 0:
            row = chain.head
            j = job_of(world, row)
            published = world.arrival[j] if row < jobs else world.messages[row].published
            attempt = 0 if row < jobs else world.messages[row].number
            earlier = published < since or (
                published == since and (j < first_job or (j == first_job and attempt < number))
            )
            if oldest < 0 or earlier:
                oldest, since, first_job, number = row, published, j, attempt
    return (world.lots[first_job] + number * 0.6180339887498949) % 1.0


@helper
def take(world: World, c: int, level: int) -> int:
    """Hand a container the head of the first of its queues that has one; served in turn, that queue goes to the end."""
    queues = world.settings[0].queues
    service = world.services[world.containers[c].service]
    at = 0
    while world.lists[level * queues + world.wheel[c, at]].count == 0:
        at += 1
    q = world.wheel[c, at]
    if service.in_turn:
        for k in range(at, service.listed - 1):
            world.wheel[c, k] = world.wheel[c, k + 1]
        world.wheel[c, service.listed - 1] = q
    row = world.lists[level * queues + q].head
    remove(world, row)
    return row
