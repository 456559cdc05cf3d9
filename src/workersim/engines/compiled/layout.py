"""The arrays of a world before anything has happened."""

from __future__ import annotations

import math
from enum import IntEnum
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from workersim.engines.compiled.world import World
from workersim.jit import plain
from workersim.units import NEVER

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from workersim.scenario import Fleet
    from workersim.workload import Jobs

__all__ = ["DISPATCHES", "Shape", "Watch", "job_columns", "make_world", "phase_columns", "shape_of"]

HALF = 0.5  # what ``frexp`` says of a power of two
DISPATCHES = ("longest_idle", "first", "least_busy", "random")

CONTAINER = np.dtype(
    [
        ("received", np.float64),
        ("touched", np.int64),
        ("late", np.float64),
        ("next_end", np.int64),
        ("next_late", np.float64),
        ("first", np.float64),  # the smallest mark, and whose it is
        ("first_slot", np.int64),
        ("sharing", np.int64),  # CPU phases
        ("io_next", np.int64),  # the next end of an I/O phase, and whose it is
        ("io_slot", np.int64),
        ("running", np.int64),  # jobs
        ("high", np.int64),  # CPU used while there was one for each phase, in two words
        ("low", np.int64),
        ("crowded", np.int64),  # time during which there was not
    ]
)


class Watch(IntEnum):
    """What the kernel follows itself."""

    NONE = 0  # all is read from what it writes
    CPU = 1  # the use of CPUs, of which the columns of jobs tell nothing
    ALL = 2  # levels too; it tells of jobs that have left, and writes no columns


class Shape(NamedTuple):
    """What all chunks of a run have in common: queues, the priorities that occur, and whether jobs can expire."""

    queues: tuple[str, ...]
    levels: tuple[int, ...]
    impatient: bool

    @property
    def lanes(self) -> int:
        """How many queues and priorities there are together."""
        return len(self.queues) * len(self.levels)


def shape_of(jobs: Jobs) -> Shape:
    """Return the shape of a run whose jobs are all here."""
    table = jobs.table
    levels = np.unique(table.priority).tolist() or [0]
    return Shape(table.queues, tuple(levels), bool(np.any(table.expires_ns < NEVER)))


def make_world(jobs: Jobs, fleet: Fleet, rebase: float, shape: Shape, *, watch: Watch = Watch.NONE) -> World:
    """Lay out the arrays for a run that has not begun."""
    arrival_ns = jobs.table.arrival_ns
    in_order = bool(np.all(arrival_ns[1:] >= arrival_ns[:-1]))
    queues = fleet.queues or shape.queues
    listed = sorted(queues) if fleet.queue_order == "sorted" else queues
    settings = _record(
        jobs=len(jobs),
        containers=fleet.replicas,
        concurrency=fleet.concurrency,
        vcpus=fleet.cores,
        part=1 / fleet.cores if math.frexp(fleet.cores)[0] == HALF else 0.0,
        rebase=rebase,
        dispatch=DISPATCHES.index(fleet.dispatch),
        queues=len(shape.queues),
        levels=len(shape.levels),
        one_lane=shape.lanes == 1 == len(listed),
        in_turn=fleet.queue_order == "round_robin",
        gauged=watch >= Watch.CPU,
        tells=watch == Watch.ALL,
    )
    whole = dict.fromkeys(["start", "running", "crowded", "longest", "busiest"], 0)
    full = fleet.replicas * min(float(fleet.cores), float(fleet.concurrency)) if watch else 0.0
    return World(
        settings=settings,
        clock=_record(now=0, published=0, taken=0, freed=fleet.slots, idle=0, front=0, ended=0, rows=0),
        gauges=_record(**whole, most=0.0, full=full),
        order=np.zeros(0, np.int64) if in_order else np.argsort(arrival_ns, kind="stable"),
        first_phase=plain(jobs.first_phase, np.int64),
        rows=np.empty((3, len(jobs) if watch == Watch.ALL else 0), np.int64),
        **job_columns(jobs, shape, written=watch < Watch.ALL),
        **phase_columns(jobs, written=watch < Watch.ALL),
        **_queues(shape, [shape.queues.index(name) for name in listed], fleet.replicas),
        **_slots(fleet.replicas, fleet.concurrency),
        **_line(fleet.replicas, fleet.slots),
    )


def job_columns(jobs: Jobs, shape: Shape, *, written: bool = True) -> dict[str, NDArray[Any]]:
    """Return what the kernel reads, and writes if that is asked for, of each job."""
    table, n = jobs.table, len(jobs) if written else 0
    lanes = np.zeros(0, np.int32)
    if shape.lanes > 1:
        level = np.searchsorted(shape.levels, table.priority)
        lanes = (level * len(shape.queues) + table.queue).astype(np.int32)
    return {
        "arrival": plain(table.arrival_ns, np.int64),
        "lane": lanes,
        "expires": plain(table.expires_ns, np.int64) if shape.impatient else np.zeros(0, np.int64),
        "lots": plain(jobs.dispatch_u, np.float64),
        "following": np.full(len(lanes), -1),
        "started": np.full(n, NEVER),
        "finished": np.full(n, NEVER),
        "replica": np.full(n, -1, np.int32),
        "slot": np.full(n, -1, np.int32),
    }


def phase_columns(jobs: Jobs, *, written: bool = True) -> dict[str, NDArray[Any]]:
    """Return what the kernel reads, and writes if that is asked for, of each phase."""
    return {
        "kind": plain(jobs.phase_kind, np.uint8),
        "demand": plain(jobs.phase_demand_ns, np.int64),
        "phase_end": np.full(len(jobs.phase_kind) if written else 0, NEVER),
    }


def _queues(shape: Shape, listed: list[int], containers: int) -> dict[str, NDArray[Any]]:
    return {
        "head": np.full(shape.lanes, -1),
        "tail": np.full(shape.lanes, -1),
        "waiting": np.zeros(_power_of_two(len(shape.levels)) + 1, np.int64),
        "wheel": np.tile(np.array(listed, np.int64), (containers, 1)),
        "listens": np.isin(np.arange(len(shape.queues)), listed),
    }


def _slots(containers: int, concurrency: int) -> dict[str, NDArray[Any]]:
    slots = containers * concurrency
    records = np.zeros(containers, CONTAINER)
    records["next_end"] = records["io_next"] = NEVER
    records["first"] = np.inf
    return {
        "containers": records.view(np.recarray),
        "container": np.repeat(np.arange(containers), concurrency),
        "number": np.tile(np.arange(concurrency, dtype=np.int32), containers),
        "rank": np.arange(slots).reshape(concurrency, containers).T.ravel(),
        "ranked": np.arange(slots, dtype=np.uint32).reshape(containers, concurrency).T.ravel(),
        "job": np.zeros(slots, np.uint32),
        "phase": np.full(slots, -1),
        "last": np.full(slots, -1),
        "came": np.full(slots, NEVER),
        "began": np.full(slots, NEVER),
        "mark": np.full(slots, np.inf),
        "io_end": np.full(slots, NEVER),
        "ended": np.zeros(slots, np.uint32),
        "agenda_time": np.full(2 * _power_of_two(containers), NEVER),
        "agenda_id": np.zeros(2 * _power_of_two(containers), np.int64),
    }


def _line(containers: int, slots: int) -> dict[str, NDArray[Any]]:
    return {
        "freed": np.arange(slots),
        "line": np.zeros(slots, np.uint32),
        "idle": np.zeros(_power_of_two(slots) + 1, np.int64),
        "busy": np.full(2 * _power_of_two(containers), NEVER),
        "busy_id": np.zeros(2 * _power_of_two(containers), np.int64),
    }


def _record(**values: float) -> NDArray[Any]:
    dtype = np.dtype([(name, np.float64 if isinstance(value, float) else np.int64) for name, value in values.items()])
    return np.array([tuple(values.values())], dtype).view(np.recarray)


def _power_of_two(n: int) -> int:
    return 1 << max(0, n - 1).bit_length()
