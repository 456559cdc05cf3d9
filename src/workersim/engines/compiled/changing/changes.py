"""The fleet table: a row whenever the state of a container, its slots or its memory are not what was told last."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workersim.engines.compiled.changing import gauges
from workersim.engines.compiled.changing.records import State
from workersim.jit import rare
from workersim.runlog import Cause

if TYPE_CHECKING:
    from workersim.engines.compiled.changing.world import World

__all__ = ["tell"]

STARTING, READY, DRAINING = State.STARTING, State.READY, State.DRAINING
CAUSE_STARTING, CAUSE_READY = int(Cause.STARTING), int(Cause.READY)
CAUSE_DRAINING, CAUSE_DOWN = int(Cause.DRAINING), int(Cause.DOWN)


@rare
def tell(world: World, c: int) -> None:
    """Write down what a container is now, if that is new."""
    clock, box = world.clock[0], world.containers[c]
    cause, slots, memory = CAUSE_DOWN, 0, 0
    if box.state == READY:
        cause, slots, memory = CAUSE_READY, box.processes, box.memory
    elif box.state == DRAINING:
        cause, slots, memory = CAUSE_DRAINING, box.running + box.handed, box.memory
    elif box.state == STARTING:
        cause, memory = CAUSE_STARTING, box.memory
    if cause == box.cause and slots == box.told_slots and memory == box.told_memory:
        return
    box.cause = cause
    box.told_slots = slots
    box.told_memory = memory
    if gauges.are_kept(world):
        gauges.settle(world, gauges.BUSY, clock.now)
        gauges.settle(world, gauges.CPU, clock.now)
    row = world.changes[clock.changes]
    clock.changes += 1
    row.instant = clock.now
    row.service = box.service
    row.replica = box.number
    row.cause = cause
    row.slots = slots
    row.memory = memory
