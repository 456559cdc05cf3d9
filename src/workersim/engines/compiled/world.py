"""All that the kernel knows, as arrays: the jobs, what is written about them, and the state of the fleet.

``i`` is the place of a job in the order of arrival, ``s`` a slot (container * concurrency + number),
``c`` a container, ``q`` a queue, ``p`` a phase of the jobs' phase columns.  A column that would say the
same of every job is left empty, and the settings say so.  Numbers of slots are unsigned where they are looked up
often: Numba then need not ask whether an index counts from the end (4 %).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from workersim.units import NEVER

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from workersim.scenario import Fleet
    from workersim.workload import Jobs

__all__ = ["DISPATCHES", "Shape", "World", "make_world", "shape_of"]

DISPATCHES = ("longest_idle", "first", "least_busy", "random")

CONTAINER = np.dtype(
    [
        ("received", np.float64),
        ("touched", np.int64),
        ("late", np.float64),
        ("next_end", np.int64),
        ("next_late", np.float64),
        ("first", np.float64),  # the smallest mark, and whose it is
        ("first_slot", np.uint32),
        ("sharing", np.int64),  # CPU phases
        ("io_next", np.int64),  # the next end of an I/O phase, and whose it is
        ("io_slot", np.uint32),
        ("running", np.int64),  # jobs
    ]
)


class World(NamedTuple):
    """The arrays; the names of the reference engine where the thing is the same."""

    settings: NDArray[Any]  # one record, read only
    clock: NDArray[Any]  # one record: now, and how far each list has come
    gauges: NDArray[Any]  # one record (gauges.py)
    # the jobs
    arrival: NDArray[np.int64]
    order: NDArray[np.int64]  # place -> job; empty if they are in order
    lane: NDArray[np.int32]  # by job: level of priority * queues + queue; empty if there is only one
    expires: NDArray[np.int64]  # by job; empty if all are patient
    first_phase: NDArray[np.int64]
    kind: NDArray[np.uint8]
    demand: NDArray[np.int64]
    lots: NDArray[np.float64]
    # what is written down
    started: NDArray[np.int64]
    finished: NDArray[np.int64]
    replica: NDArray[np.int32]
    slot: NDArray[np.int32]
    phase_end: NDArray[np.int64]
    # queues
    following: NDArray[np.int64]  # by place: the next one in its lane
    head: NDArray[np.int64]
    tail: NDArray[np.int64]
    waiting: NDArray[np.int64]  # messages by level, counted over the listed queues (a counting tree)
    wheel: NDArray[np.int64]  # by container: the listed queues in the order in which it looks at them
    listens: NDArray[np.bool_]  # by queue: whether the fleet lists it
    # slots and containers
    containers: NDArray[Any]
    container: NDArray[np.uint32]  # by slot: looked up, because a division costs as much as a phase
    number: NDArray[np.int32]  # by slot: its number in its container
    rank: NDArray[np.int64]  # by slot: its place among slots that become idle at one instant
    ranked: NDArray[np.uint32]  # by that place: the slot
    job: NDArray[np.uint32]  # by slot
    phase: NDArray[np.int64]
    mark: NDArray[np.float64]  # inf: no CPU phase
    io_end: NDArray[np.int64]
    starting: NDArray[np.uint32]  # slots whose job has just started, not yet begun
    ended: NDArray[np.uint32]  # slots whose phase has ended, not yet moved on
    agenda_time: NDArray[np.int64]  # winner tree over the containers' next ends
    agenda_id: NDArray[np.int64]
    # the line of idle slots
    freed: NDArray[np.int64]  # a heap of ranks
    line: NDArray[np.uint32]  # longest_idle: a ring
    idle: NDArray[np.int64]  # the other rules: a counting tree over the slots
    busy: NDArray[np.int64]  # least_busy: a winner tree over running jobs, of the containers with an idle slot
    busy_id: NDArray[np.int64]


class Shape(NamedTuple):
    """What all chunks of a run have in common: the priorities that jobs can have, and whether they can expire."""

    levels: tuple[int, ...]
    impatient: bool


def shape_of(jobs: Jobs) -> Shape:
    """Return the shape of a run whose jobs are all here."""
    table = jobs.table
    return Shape(tuple(np.unique(table.priority).tolist()), bool(np.any(table.expires_ns < NEVER)))


def make_world(jobs: Jobs, fleet: Fleet, rebase: float, shape: Shape, *, gauged: bool = False) -> World:
    """Lay out the arrays for a run that has not begun; ``gauged``: watch is kept over the CPUs."""
    table = jobs.table
    n, containers, slots = len(jobs), fleet.replicas, fleet.replicas * fleet.concurrency
    listed = _listed_queues(table.queues, fleet)
    levels = max(1, len(shape.levels))
    level = np.searchsorted(shape.levels, table.priority)
    lanes = len(table.queues) * levels
    in_order = bool(np.all(table.arrival_ns[1:] >= table.arrival_ns[:-1]))
    one_lane = lanes == 1 == len(listed)
    settings = _record(
        jobs=n,
        containers=containers,
        concurrency=fleet.concurrency,
        vcpus=fleet.cores,
        rebase=rebase,
        dispatch=DISPATCHES.index(fleet.dispatch),
        queues=len(table.queues),
        levels=levels,
        one_lane=one_lane,
        in_turn=fleet.queue_order == "round_robin",
        gauged=gauged,
    )
    return World(
        settings=settings,
        clock=_record(now=0, published=0, taken=0, freed=slots, idle=0, front=0, starting=0, ended=0),
        gauges=_gauges(),
        arrival=np.ascontiguousarray(table.arrival_ns, np.int64),
        order=np.zeros(0, np.int64) if in_order else np.argsort(table.arrival_ns, kind="stable"),
        lane=np.zeros(0, np.int32) if one_lane else (level * len(table.queues) + table.queue).astype(np.int32),
        expires=np.ascontiguousarray(table.expires_ns, np.int64) if shape.impatient else np.zeros(0, np.int64),
        first_phase=np.ascontiguousarray(jobs.first_phase, np.int64),
        kind=np.ascontiguousarray(jobs.phase_kind, np.uint8),
        demand=np.ascontiguousarray(jobs.phase_demand_ns, np.int64),
        lots=np.ascontiguousarray(jobs.dispatch_u, np.float64),
        started=np.full(n, NEVER),
        finished=np.full(n, NEVER),
        replica=np.full(n, -1, np.int32),
        slot=np.full(n, -1, np.int32),
        phase_end=np.full(len(jobs.phase_kind), NEVER),
        following=np.full(0 if one_lane else n, -1),
        head=np.full(lanes, -1),
        tail=np.full(lanes, -1),
        waiting=np.zeros(_power_of_two(levels) + 1, np.int64),
        wheel=np.tile(np.array(listed, np.int64), (containers, 1)),
        listens=np.isin(np.arange(len(table.queues)), listed),
        containers=_containers(containers),
        container=np.repeat(np.arange(containers, dtype=np.uint32), fleet.concurrency),
        number=np.tile(np.arange(fleet.concurrency, dtype=np.int32), containers),
        rank=np.arange(slots).reshape(fleet.concurrency, containers).T.ravel(),
        ranked=np.arange(slots, dtype=np.uint32).reshape(containers, fleet.concurrency).T.ravel(),
        job=np.full(slots, 0, np.uint32),
        phase=np.full(slots, -1),
        mark=np.full(slots, np.inf),
        io_end=np.full(slots, NEVER),
        starting=np.zeros(slots, np.uint32),
        ended=np.zeros(slots, np.uint32),
        agenda_time=np.full(2 * _power_of_two(containers), NEVER),
        agenda_id=np.zeros(2 * _power_of_two(containers), np.int64),
        freed=np.arange(slots),
        line=np.zeros(slots, np.uint32),
        idle=np.zeros(_power_of_two(slots) + 1, np.int64),
        busy=np.full(2 * _power_of_two(containers), NEVER),
        busy_id=np.zeros(2 * _power_of_two(containers), np.int64),
    )


def _listed_queues(names: tuple[str, ...], fleet: Fleet) -> list[int]:
    listed = fleet.queues or names
    return [names.index(name) for name in (sorted(listed) if fleet.queue_order == "sorted" else listed)]


def _record(**values: float) -> NDArray[Any]:
    dtype = np.dtype([(name, np.float64 if isinstance(value, float) else np.int64) for name, value in values.items()])
    return np.array([tuple(values.values())], dtype).view(np.recarray)


def _gauges() -> NDArray[Any]:
    whole = dict.fromkeys(["start", "running", "crowded", "high", "low", "crowded_high", "crowded_low"], 0)
    return _record(**whole, most=0.0)


def _containers(n: int) -> NDArray[Any]:
    records = np.zeros(n, CONTAINER)
    records["next_end"] = records["io_next"] = NEVER
    records["first"] = np.inf
    return records.view(np.recarray)


def _power_of_two(n: int) -> int:
    return 1 << max(0, n - 1).bit_length()
