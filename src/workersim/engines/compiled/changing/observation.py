"""What a policy is told at its tick: the kernel counts it into two rows of numbers, so that Python asks no record.

To read records from Python took 120 microseconds a tick, ten times as long as all that happens in between.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from workersim.engines.compiled.changing.records import State
from workersim.jit import helper, rare
from workersim.policies import Observation
from workersim.units import NEVER, SECOND

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workersim.engines.compiled.changing.world import World
    from workersim.engines.system import System

__all__ = ["COUNTED", "look", "observed"]

NOW, RUNNING, SLOTS_UP, WANTED, STARTING, READY, DRAINING, BACKLOG, COUNTED = range(9)
IS_STARTING, IS_READY, IS_DRAINING = State.STARTING, State.READY, State.DRAINING


@rare
def look(world: World, v: int) -> None:
    """Write down what a service looks like now: what ``observed`` reads, the length of each list, and its oldest."""
    seen, settings = world.seen, world.settings[0]
    seen[:] = 0
    seen[NOW] = world.clock[0].now
    seen[WANTED] = world.services[v].wanted
    look_at_containers(world, v)
    for q in range(settings.queues):
        oldest = NEVER
        for level in range(settings.levels * world.listens[v, q]):
            lane = level * settings.queues + q
            seen[COUNTED + lane] = world.lists[lane].count
            oldest = min(oldest, first_published(world, lane))
        seen[COUNTED + settings.levels * settings.queues + q] = oldest
        seen[BACKLOG] += world.queues[q].backlog * world.listens[v, q]


@helper
def look_at_containers(world: World, v: int) -> None:
    """Count replicas, slots and jobs, and take the mean share of the CPUs of ready replicas that is in use."""
    seen, service = world.seen, world.services[v]
    shares = 0.0
    for c in range(service.first_container, service.first_container + service.capacity):
        box = world.containers[c]
        seen[RUNNING] += box.running
        seen[STARTING] += box.state == IS_STARTING
        if box.state == IS_READY:
            seen[READY] += 1
            seen[SLOTS_UP] += box.processes
            shares += min(float(box.sharing), service.vcpus) / service.vcpus
        elif box.state == IS_DRAINING:
            seen[DRAINING] += 1
            seen[SLOTS_UP] += box.running
    world.seen_cpu[0] = shares / max(1, seen[READY])


@helper
def first_published(world: World, lane: int) -> int:
    """Return the earliest publication in a list.

    What was returned to the head stands before all others, the last one returned first; the others stand in order
    of publication, unless messages had to wait until they were due.
    """
    earliest, row = NEVER, world.lists[lane].head
    for _ in range(world.lists[lane].count):
        further = row >= world.settings[0].jobs
        earliest = min(earliest, world.messages[row].published if further else world.arrival[row])
        if not world.attempts[row].returned and not world.clock[0].late_entries:
            break
        row = world.attempts[row].behind
    return earliest


def observed(world: World, system: System, v: int, priorities: Sequence[int]) -> Observation:
    """Return what the kernel has just seen of a service.

    Parameters
    ----------
    world, v
        The world at the tick, and the number of the service.
    system
        For names and settings.
    priorities
        What the levels stand for.
    """
    now, running, slots_up, wanted, starting, ready, draining, backlog, *of_lists = world.seen.tolist()
    names, queues = system.queues, system.services[v].queues
    oldest = of_lists[len(priorities) * len(names) :]
    lists = {
        (names[q], priority): count
        for q in queues
        for level, priority in enumerate(priorities)
        if (count := of_lists[level * len(names) + q])
    }
    return Observation(
        now_s=now / SECOND,
        queue_length=sum(lists.values()),
        lists=lists,
        oldest_s={names[q]: (now - oldest[q]) / SECOND for q in queues if oldest[q] < NEVER},
        running=running,
        slots_up=slots_up,
        cpu=float(world.seen_cpu[0]),
        wanted=wanted,
        starting=starting,
        ready=ready,
        draining=draining,
        backlog=backlog,
    )
