"""Deploys: a full new set starts, and when it is ready, and some time has passed, the old one is stopped."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workersim.engines.compiled.changing import agenda, fleet
from workersim.engines.compiled.changing.records import State
from workersim.jit import rare

if TYPE_CHECKING:
    from workersim.engines.compiled.changing.world import World

__all__ = ["begin", "settle", "stop_old"]

STARTING, READY, RETURNING = State.STARTING, State.READY, State.RETURNING


@rare
def begin(world: World, v: int, overlap: int, drain: int) -> None:
    """Start as many new containers as are wanted; those of before are wanted no longer."""
    clock, service = world.clock[0], world.services[v]
    new = service.wanted
    if new == 0:
        return
    d = 0
    while world.deploys[d].made:
        d += 1
    deploy = world.deploys[d]
    deploy.made = 1
    deploy.service = v
    deploy.overlap = overlap
    deploy.drain = drain
    deploy.starting = new
    for c in range(service.first_container, service.first_container + service.capacity):
        if world.containers[c].state in (STARTING, READY, RETURNING):
            world.old[d, c] = True
            fleet.unwant(world, c)
    fleet.start_lowest(world, v, new, d)
    clock.settling = 1


@rare
def settle(world: World) -> None:
    """Go on with the deploys whose new containers are all ready, or gone."""
    clock = world.clock[0]
    while clock.settling:
        clock.settling = 0
        for d in range(len(world.deploys)):
            deploy = world.deploys[d]
            if deploy.made and not deploy.settled and deploy.starting == 0:
                deploy.settled = 1
                if deploy.overlap == 0:
                    stop_old(world, d)
                else:
                    agenda.of_row(world, clock.now + deploy.overlap, agenda.OVERLAP_ENDS, d)


@rare
def stop_old(world: World, d: int) -> None:
    """Stop the containers that a deploy replaces."""
    service = world.services[world.deploys[d].service]
    for c in range(service.first_container, service.first_container + service.capacity):
        if world.old[d, c]:
            fleet.stop(world, c, world.deploys[d].drain)
