"""What falls due beside phase ends and arrivals, in the order of docs/order.md.

The next few events stand in a row, the first of them last, and all others in a heap: nearly all that a worker does
falls due in some milliseconds, before all sweeps and limits, and joins the row at its end (a heap for all: a fifth of
the kernel's time on W4).

An event that has lost its object (an attempt that ended before its time limit, a worker that was killed) stays
and does nothing when its turn comes.  ``lively`` counts those that will do something and are more than a look at
the clock, ``pending`` those of them that end with a worker.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workersim.jit import helper, rare
from workersim.units import NEVER

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from workersim.engines.compiled.changing.world import World

__all__ = [
    "ARRIVAL",
    "DISPATCH",
    "DUE",
    "FOLLOWER",
    "FORKED",
    "GOES",
    "HANDED",
    "KEEPALIVE",
    "KILL",
    "LAND",
    "LIMIT",
    "OUTAGE_ENDS",
    "OVERLAP_ENDS",
    "PATIENCE",
    "POLICY",
    "PROCESS",
    "PUBLISH",
    "READY",
    "RELEASE",
    "ROW",
    "SOON",
    "SWEEP",
    "of_container",
    "of_message",
    "of_row",
    "of_slot",
    "pop",
    "rank",
]

SOON = 8  # events that stand in the row
# rank << 3 | what: the rank is the place in the order, what is done then is in the lowest bits.
LIMIT = 30 << 3
ROW = 40 << 3
OVERLAP_ENDS = 41 << 3
OUTAGE_ENDS = 42 << 3
KILL = 43 << 3
READY, GOES, PROCESS, FORKED = 50 << 3, 50 << 3 | 1, 50 << 3 | 2, 50 << 3 | 3
POLICY = 60 << 3
SWEEP = 61 << 3
KEEPALIVE = 62 << 3
PUBLISH, DUE, LAND, RELEASE, HANDED = 70 << 3, 70 << 3 | 1, 70 << 3 | 2, 70 << 3 | 3, 70 << 3 | 4
ARRIVAL = 80 << 3
FOLLOWER = 80 << 3 | 1
DISPATCH = 90 << 3
PATIENCE = 100 << 3


@helper
def rank(code: int) -> int:
    """Return the place of a kind of event among those of one instant."""
    return code >> 3


@helper
def before(one: Any, other: Any) -> bool:
    """Tell whether an event comes before another one."""
    if one.at != other.at:
        return one.at < other.at
    if one.code >> 3 != other.code >> 3:
        return one.code >> 3 < other.code >> 3
    if one.key != other.key:
        return one.key < other.key
    return one.second < other.second


@rare
def up(heap: NDArray[Any], node: int) -> None:
    """Let the last event rise to its place; the one behind it is room to swap."""
    spare = node + 1
    heap[spare] = heap[node]
    while node > 0 and before(heap[spare], heap[(node - 1) // 2]):
        heap[node] = heap[(node - 1) // 2]
        node = (node - 1) // 2
    heap[node] = heap[spare]


@rare
def down(heap: NDArray[Any], size: int) -> None:
    """Fill the place of the first event with the last one, behind which ``size`` others stay."""
    node = 0
    child = 1
    while child < size:
        if child + 1 < size and before(heap[child + 1], heap[child]):
            child += 1
        if not before(heap[child], heap[size]):
            break
        heap[node] = heap[child]
        node = child
        child = 2 * node + 1
    heap[node] = heap[size]


@rare
def push(world: World) -> None:
    """Put the event that was written behind the heap into its place."""
    clock = world.clock[0]
    if clock.heap > 0 and not before(world.heap[clock.heap], world.heap[0]):
        up(world.heap, clock.heap)
        clock.heap += 1
        return
    at = clock.soon
    while at > 0 and before(world.soon[at - 1], world.heap[clock.heap]):
        world.soon[at] = world.soon[at - 1]
        at -= 1
    world.soon[at] = world.heap[clock.heap]
    clock.soon += 1
    if clock.soon > SOON:
        put_off(world)


@rare
def put_off(world: World) -> None:
    """Move the last of the next few events into the heap."""
    clock = world.clock[0]
    world.heap[clock.heap] = world.soon[0]
    up(world.heap, clock.heap)
    clock.heap += 1
    clock.soon -= 1
    for at in range(clock.soon):
        world.soon[at] = world.soon[at + 1]


@rare
def pop(world: World) -> None:
    """Remove the first event."""
    clock = world.clock[0]
    clock.soon -= 1
    if clock.soon == 0 and clock.heap > 0:
        world.soon[0] = world.heap[0]
        clock.soon = 1
        clock.heap -= 1
        down(world.heap, clock.heap)


@rare
def of_row(world: World, at: int, code: int, key: int) -> None:
    """Let something happen to a row of the schedule, a deploy, a service or a job."""
    clock = world.clock[0]
    event = world.heap[clock.heap]
    event.at = at
    event.code = code
    event.key = key
    event.second = 0
    event.row = -1
    event.epoch = 0
    if code != POLICY:
        clock.lively += 1
    push(world)


@rare
def of_message(world: World, at: int, code: int, row: int, number: int) -> None:
    """Let something happen to a message that no worker holds; ``number`` is that of its attempt."""
    clock = world.clock[0]
    event = world.heap[clock.heap]
    event.at = at
    event.code = code
    event.key = row if row < world.settings[0].jobs else world.messages[row].job
    event.second = number
    event.row = row
    event.epoch = -1
    clock.lively += 1
    push(world)


@rare
def of_held(world: World, at: int, code: int, row: int, c: int) -> None:
    """Let something happen to a message in a worker, if that lives till then."""
    clock, jobs = world.clock[0], world.settings[0].jobs
    event = world.heap[clock.heap]
    event.at = at
    event.code = code
    event.key = row if row < jobs else world.messages[row].job
    event.second = 0 if row < jobs else world.messages[row].number
    event.row = row
    event.epoch = world.containers[c].epoch
    clock.lively += 1
    world.containers[c].pending += 1
    push(world)


@rare
def of_container(world: World, at: int, code: int, c: int, slot: int) -> None:
    """Let something happen to a container or to one of its processes, if it is the same one till then."""
    if at >= NEVER:
        return
    clock, box = world.clock[0], world.containers[c]
    event = world.heap[clock.heap]
    event.at = at
    event.code = code
    event.key = box.service << 20 | box.number
    event.second = slot
    event.row = -1
    event.epoch = box.epoch
    if code not in (SWEEP, KEEPALIVE):
        clock.lively += 1
        box.pending += 1
    push(world)


@rare
def of_slot(world: World, c: int, s: int) -> None:
    """Let the time limit of the attempt in a slot fall due, unless a look at this slot is due before that.

    Nearly no attempt lives to see its limit. An event for each would stay in the heap until then, tens of thousands of
    them; so a slot has one, which looks again when what runs in it by then has time left (the kernel on W4: 510
    instead of 930 ns a job).
    """
    clock, box, slot = world.clock[0], world.containers[c], world.slots[s]
    if slot.look_at > 0 and slot.look_at <= slot.limit_at:
        return
    slot.look_at = slot.limit_at
    event = world.heap[clock.heap]
    event.at = slot.limit_at
    event.code = LIMIT
    event.key = box.service << 20 | box.number
    event.second = s - box.first_slot
    event.row = -1
    event.epoch = 0
    push(world)
