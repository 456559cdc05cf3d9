"""The arrays of containers and slots: all of a service stand together, and the room for them grows when it must."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from workersim.engines.compiled.changing.records import CONTAINER, SLOT
from workersim.engines.compiled.changing.running import NOTHING
from workersim.engines.compiled.layout import DISPATCHES
from workersim.units import NEVER

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from workersim.engines.compiled.changing.world import Records, World

__all__ = ["containers_of", "moved"]


def containers_of(services: Records, listed: int, deploys: int, classes: int) -> dict[str, Any]:
    """Return the arrays of containers that are all free, and write into the services where theirs begin."""
    containers, slots = int(services.capacity.sum()), int((services.capacity * services.concurrency).sum())
    services.first_container = np.cumsum(services.capacity) - services.capacity
    services.first_slot = np.cumsum(services.capacity * services.concurrency) - services.capacity * services.concurrency
    boxes: Records = np.zeros(containers, CONTAINER).view(np.recarray)
    boxes.service = np.repeat(np.arange(len(services)), services.capacity)
    boxes.number = np.arange(containers) - services.first_container[boxes.service]
    boxes.first_slot = services.first_slot[boxes.service] + boxes.number * services.concurrency[boxes.service]
    boxes.first = np.inf
    boxes.next_end = boxes.io_next = boxes.asked = NEVER
    boxes.flying = boxes.deploy = boxes.cause = -1
    processes: Records = np.zeros(slots, SLOT).view(np.recarray)
    processes.row = -1
    ranked = bool(np.any(services.dispatch == DISPATCHES.index("least_busy")))
    leaves = _power_of_two(int(services.capacity.max())) if ranked else 1
    return {
        "containers": boxes,
        "slots": processes,
        "mark": np.full(slots, np.inf),
        "io_end": np.full(slots, NEVER),
        "ended": np.zeros(slots, np.int64),
        "next_release": np.zeros((containers, classes), np.int64),
        "wheel": np.zeros((containers, listed), np.int64),
        "agenda_time": np.full(2 * _power_of_two(containers), NOTHING),
        "agenda_id": np.zeros(2 * _power_of_two(containers), np.int64),
        "old": np.zeros((deploys, containers), np.bool_),
        "freed": np.zeros(slots, np.int64),
        "idle": np.zeros(_power_of_two(slots) + 1, np.int64),
        "busy": np.full((len(services), 2 * leaves), NEVER),
        "busy_id": np.zeros((len(services), 2 * leaves), np.int64),
        "dirty": np.zeros(containers, np.int64),
        "asking": np.zeros(containers, np.int64),
    }


def _power_of_two(n: int) -> int:
    return 1 << max(0, n - 1).bit_length()


def moved(world: World, v: int, more: int) -> dict[str, Any]:
    """Return the arrays with room for at least so many containers more of a service, all else as it was.

    The trees in them are empty; the kernel fills them when it goes on.
    """
    services = world.services
    base, counts = services.first_container.copy(), services.capacity.copy()
    services[v].capacity = max(2 * counts[v], counts[v] + more)
    made = containers_of(services, world.wheel.shape[1], len(world.old), world.next_release.shape[1])
    to = np.concatenate([np.arange(n) + at for n, at in zip(counts, services.first_container, strict=True)])
    sizes = counts * services.concurrency
    slot_to = np.concatenate([np.arange(n) + at for n, at in zip(sizes, services.first_slot, strict=True)])
    firsts = made["containers"].first_slot[to]
    for name in ("containers", "next_release", "wheel"):
        made[name][to] = getattr(world, name)
    made["old"][:, to] = world.old
    for name in ("slots", "mark", "io_end"):
        made[name][slot_to] = getattr(world, name)
    boxes, slots, clock = made["containers"], made["slots"], world.clock[0]
    boxes.first_slot[to] = firsts
    boxes.first_slot_to_end[to] = slot_to[world.containers.first_slot_to_end]
    boxes.io_slot[to] = slot_to[world.containers.io_slot]
    for name in ("before", "behind"):
        slots[name] = _mapped(slot_to, slots[name])
    services.first_in_line = _mapped(slot_to, services.first_in_line)
    services.last_in_line = _mapped(slot_to, services.last_in_line)
    made["freed"][: clock.freed] = world.freed[: clock.freed]
    made["dirty"][: clock.dirty] = to[world.dirty[: clock.dirty]]
    for service, old in zip(services, base, strict=True):
        asking = world.asking[old : old + service.asking]
        made["asking"][service.first_container : service.first_container + service.asking] = to[asking]
    if world.settings[0].celery:
        held = world.messages.holder[: clock.rows]
        held[:] = to[held]
    clock.moved = 1
    return made


def _mapped(to: NDArray[np.int64], places: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return where places are now; -1 stays, it stands for none."""
    return np.where(places < 0, -1, to[np.clip(places, 0, len(to) - 1)])
