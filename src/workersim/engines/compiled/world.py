"""All that the kernel knows, as arrays: the jobs, what is written about them, and the state of the fleet.

``i`` is the place of a job in the order of arrival, ``s`` a slot (container * concurrency + number),
``c`` a container, ``q`` a queue, ``p`` a phase of the jobs' phase columns.  A column that would say the
same of every job is left empty, and the settings say so.  Numbers of slots are unsigned where they are looked up
often: Numba then need not ask whether an index counts from the end (4 %).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["World"]


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
    # what is written down: columns of the log by job and phase, or else (settings.tells) rows of jobs that have left
    started: NDArray[np.int64]
    finished: NDArray[np.int64]
    replica: NDArray[np.int32]
    slot: NDArray[np.int32]
    phase_end: NDArray[np.int64]
    rows: NDArray[np.int64]  # arrival, start and finish, in order of leaving
    # queues
    following: NDArray[np.int64]  # by place: the next one in its lane
    head: NDArray[np.int64]
    tail: NDArray[np.int64]
    waiting: NDArray[np.int64]  # messages by level, counted over the listed queues (a counting tree)
    wheel: NDArray[np.int64]  # by container: the listed queues in the order in which it looks at them
    listens: NDArray[np.bool_]  # by queue: whether the fleet lists it
    # slots and containers
    containers: NDArray[Any]  # a record each (layout.py)
    container: NDArray[np.int64]  # by slot: looked up, because a division costs as much as a phase
    number: NDArray[np.int32]  # by slot: its number in its container
    rank: NDArray[np.int64]  # by slot: its place among slots that become idle at one instant
    ranked: NDArray[np.uint32]  # by that place: the slot
    job: NDArray[np.uint32]  # by slot
    phase: NDArray[np.int64]
    last: NDArray[np.int64]  # the phase after its job's last one
    came: NDArray[np.int64]  # when its job arrived
    began: NDArray[np.int64]  # when it started; NEVER: the slot is idle
    mark: NDArray[np.float64]  # inf: no CPU phase
    io_end: NDArray[np.int64]
    ended: NDArray[np.uint32]  # slots whose phase has ended, not yet moved on
    agenda_time: NDArray[np.int64]  # winner tree over the containers' next ends
    agenda_id: NDArray[np.int64]
    # the line of idle slots
    freed: NDArray[np.int64]  # a heap of ranks
    line: NDArray[np.uint32]  # longest_idle: a ring
    idle: NDArray[np.int64]  # the other rules: a counting tree over the slots
    busy: NDArray[np.int64]  # least_busy: a winner tree over running jobs, of the containers with an idle slot
    busy_id: NDArray[np.int64]
