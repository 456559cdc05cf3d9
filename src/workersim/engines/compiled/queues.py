"""The named queues, and what a container that listens to some of them is handed next.

With one queue and one priority the queue is a range of places, taken < published.  Otherwise it is made of lanes,
one a priority and queue, each a linked list of places.  A message whose patience has ended stays where it is until
somebody looks at it: nobody can see the difference, and no event is spent on it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from workersim.engines.compiled.trees import count_add, count_kth
from workersim.jit import helper

if TYPE_CHECKING:
    from workersim.engines.compiled.world import World

__all__ = ["best_level", "job_at", "lot", "publish", "take"]


@helper
def job_at(world: World, i: int) -> int:
    """Return the job at a place in the order of arrival."""
    return world.order[i] if len(world.order) > 0 else i


@helper
def publish(world: World) -> None:
    """Put the next job to arrive into its queue."""
    clock = world.clock[0]
    i = clock.published
    clock.published += 1
    if world.settings[0].one_lane:
        return
    lane = world.lane[job_at(world, i)]
    if world.head[lane] < 0:
        world.head[lane] = i
    else:
        world.following[world.tail[lane]] = i
    world.tail[lane] = i
    if world.listens[lane % world.settings[0].queues]:
        count_add(world.waiting, lane // world.settings[0].queues, 1)


@helper
def left(world: World, i: int) -> bool:
    """Tell whether the patience of the job at this place ended before now."""
    return len(world.expires) > 0 and world.expires[job_at(world, i)] < world.clock[0].now


@helper
def best_level(world: World) -> int:
    """Return the best priority at which somebody waits in a listed queue, or -1; the heads at that level wait."""
    clock, settings = world.clock[0], world.settings[0]
    if settings.one_lane:
        while clock.taken < clock.published and left(world, clock.taken):
            world.finished[job_at(world, clock.taken)] = world.expires[job_at(world, clock.taken)]
            clock.taken += 1
        return 0 if clock.taken < clock.published else -1
    while True:
        level = count_kth(world.waiting, 0)
        if level >= settings.levels:
            return -1
        found = False
        for q in range(settings.queues):
            lane = level * settings.queues + q
            while world.listens[q] and world.head[lane] >= 0 and left(world, world.head[lane]):
                j = job_at(world, pop(world, lane))
                world.finished[j] = world.expires[j]
            found |= world.listens[q] and world.head[lane] >= 0
        if found:
            return level


@helper
def pop(world: World, lane: int) -> int:
    """Remove the head of a lane and return its place."""
    i = world.head[lane]
    world.head[lane] = world.following[i]
    world.clock[0].taken += 1
    count_add(world.waiting, lane // world.settings[0].queues, -1)
    return i


@helper
def lot(world: World, level: int) -> float:
    """Return the lot of the message of this priority that was published first."""
    settings = world.settings[0]
    oldest = world.clock[0].taken
    if not settings.one_lane:
        oldest = settings.jobs
        for q in range(settings.queues):
            i = world.head[level * settings.queues + q]
            if world.listens[q] and 0 <= i < oldest:
                oldest = i
    return world.lots[job_at(world, oldest)]


@helper
def take(world: World, c: int, level: int) -> int:
    """Hand a container the head of the first of its queues that has one; served in turn, that queue goes to the end."""
    settings = world.settings[0]
    if settings.one_lane:
        world.clock[0].taken += 1
        return job_at(world, world.clock[0].taken - 1)
    wheel = world.wheel[c]
    at = 0
    while world.head[level * settings.queues + wheel[at]] < 0:
        at += 1
    q = wheel[at]
    if settings.in_turn:
        for k in range(at, len(wheel) - 1):
            wheel[k] = wheel[k + 1]
        wheel[len(wheel) - 1] = q
    return job_at(world, pop(world, level * settings.queues + q))
