"""The run: one instant after the other, and within each the order of docs/order.md."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workersim.engines.compiled import gauges, idle, phases, queues
from workersim.jit import entry, helper
from workersim.units import NEVER

if TYPE_CHECKING:
    from workersim.engines.compiled.world import World

__all__ = ["run"]


@entry
def run(world: World, until: int) -> None:
    """Let everything happen, up to and including what falls on ``until``; a later call goes on from there."""
    clock, settings = world.clock[0], world.settings[0]
    while True:
        now = next_instant(world)
        if now == NEVER or now > until:
            break
        if settings.gauged:
            gauges.pass_time(world, now)
        clock.now = now
        while world.agenda_time[1] == now:
            phases.end_due(world, world.agenda_id[1])
        while clock.published < settings.jobs and arrival(world) <= now:
            if settings.tells and arrival(world) < now:
                gauges.arrive(world, now)
            queues.publish(world)
        dispatch(world)


@helper
def arrival(world: World) -> int:
    """Return the instant at which the next job arrives."""
    return world.arrival[queues.job_at(world, world.clock[0].published)]


@helper
def next_instant(world: World) -> int:
    """Return the instant of the next event; a job that finds all slots busy needs none of its own."""
    clock = world.clock[0]
    if clock.freed > 0:
        return clock.now
    now = world.agenda_time[1]
    if clock.idle > 0 and clock.published < world.settings[0].jobs:
        now = min(now, arrival(world))
    return now


@helper
def dispatch(world: World) -> None:
    """Hand out messages until nobody can take any."""
    idle.join(world)
    while world.clock[0].idle > 0:
        level = queues.best_level(world)
        if level < 0:
            break
        s = idle.choose(world, level)
        c = world.container[s]
        phases.start(world, queues.take(world, c, level), s)
        idle.rank(world, c)
