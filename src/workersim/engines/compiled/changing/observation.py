"""What a policy is told at its tick, read from the arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from workersim.engines.compiled.changing.records import State
from workersim.policies import Observation
from workersim.units import NEVER, SECOND

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from workersim.engines.compiled.changing.world import World
    from workersim.engines.system import Service, System

__all__ = ["observe"]


def observe(world: World, system: System, v: int, priorities: list[int]) -> Observation:
    """Return the state of a service.

    Parameters
    ----------
    world, v
        The world at the tick, and the number of the service.
    system
        For names and settings.
    priorities
        What the levels stand for.
    """
    service, record = system.services[v], world.services[v]
    boxes = world.containers[record.first_container : record.first_container + record.capacity]
    lists = dict(_lists(world, system, service, priorities))
    now = int(world.clock[0].now)
    oldest = {system.queues[q]: _oldest(world, q, len(system.queues)) for q in service.queues}
    ready, draining = boxes[boxes.state == State.READY], boxes[boxes.state == State.DRAINING]
    return Observation(
        now_s=now / SECOND,
        queue_length=sum(lists.values()),
        lists=lists,
        oldest_s={queue: (now - since) / SECOND for queue, since in oldest.items() if since < NEVER},
        running=int(boxes.running.sum()),
        slots_up=int(ready.processes.sum() + draining.running.sum()),
        cpu=_cpu(ready.sharing, service.vcpus),
        wanted=int(record.wanted),
        starting=int(np.count_nonzero(boxes.state == State.STARTING)),
        ready=len(ready),
        draining=len(draining),
        backlog=int(sum(world.queues[q].backlog for q in set(service.queues))),
    )


def _lists(
    world: World, system: System, service: Service, priorities: list[int]
) -> Iterator[tuple[tuple[str, int], int]]:
    for q in service.queues:
        for level, priority in enumerate(priorities):
            count = int(world.lists[level * len(system.queues) + q]["count"])
            if count:
                yield (system.queues[q], priority), count


def _oldest(world: World, q: int, queues: int) -> int:
    """Return the earliest publication in the lists of a queue."""
    heads = range(q, len(world.lists), queues)
    return min((_first_published(world, lane) for lane in heads), default=NEVER)


def _first_published(world: World, lane: int) -> int:
    """Return the earliest publication in a list.

    What was returned to the head stands before all others, the last one returned first; the others stand in order
    of publication, unless messages had to wait until they were due.
    """
    earliest, row = NEVER, int(world.lists[lane].head)
    for _ in range(int(world.lists[lane]["count"])):
        further = row >= world.settings[0].jobs
        published = int(world.messages[row].published if further else world.arrival[row])
        earliest = min(earliest, published)
        if not world.attempts[row].returned and not world.clock[0].late_entries:
            break
        row = int(world.attempts[row].behind)
    return earliest


def _cpu(sharing: NDArray[Any], vcpus: float) -> float:
    """Return the mean share of the CPUs that is in use."""
    shares = [min(n, vcpus) / vcpus for n in sharing.tolist()]
    return sum(shares) / len(shares) if shares else 0.0
