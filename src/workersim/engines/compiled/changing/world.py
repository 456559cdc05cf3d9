"""All that the kernel knows, as arrays: the jobs, what is written about them, and the state of the fleet.

``j`` is a job, ``row`` an attempt (row j is the first attempt of job j, further ones follow), ``v`` a service, ``c`` a
container (those of a service stand together, by number), ``s`` a slot (those of a container stand together),
``lane`` a list: level of priority * queues + queue.  A column that says the same of every job has one row.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from workersim.jit import helper

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Records", "World", "of"]

Records: TypeAlias = Any  # an array of records, whose fields are attributes: NumPy has no type for that


class World(NamedTuple):
    """The arrays; records are laid out in layout.py."""

    settings: Records  # one record, read only
    clock: Records  # one record: now, and how far each list has come
    # the jobs
    arrival: NDArray[np.int64]
    order: NDArray[np.int64]  # the jobs that arrive by themselves, in order; empty if those are all, in order
    lane: NDArray[np.int32]
    expires: NDArray[np.int64]
    job_class: NDArray[np.int32]
    first_phase: NDArray[np.int64]
    kind: NDArray[np.uint8]
    demand: NDArray[np.int64]
    lots: NDArray[np.float64]
    fates: Records
    retry_delay: NDArray[np.int64]
    follower: NDArray[np.int64]
    rate: NDArray[np.int64]  # by class
    jobs: Records  # a record each: what has become of it so far
    # what is written down
    attempts: Records  # a record a row: what everybody needs
    messages: Records  # a record a row: what only Celery and further attempts need
    phase_end: NDArray[np.int64]  # one more than the instant, 0: not begun; of first attempts as the jobs' phases stand
    extra_phases: Records  # a record each, of further attempts
    changes: Records  # rows of the fleet table
    gauges: Records  # levels over time of a run that is only measured (gauges.py)
    # queues
    lists: Records  # a record each, by lane
    queues: Records  # a record each
    listens: NDArray[np.bool_]  # by service and queue
    waiting: NDArray[np.int64]  # by service: messages by level, over its queues (a counting tree)
    listed: NDArray[np.int64]  # by service: its queues in the order of the start
    wheel: NDArray[np.int64]  # by container: its queues in the order in which it looks at them
    # services, containers and slots
    services: Records
    startups: NDArray[np.int64]
    containers: Records
    slots: Records
    mark: NDArray[np.float64]  # by slot; inf: no CPU phase
    io_end: NDArray[np.int64]
    ended: NDArray[np.int64]  # slots whose phase has ended, not yet moved on
    next_release: NDArray[np.int64]  # by container and class
    # what falls due
    soon: Records  # the next few (agenda.py)
    heap: Records
    agenda_time: NDArray[np.int64]  # winner tree over the containers' next phase ends (phases.py)
    agenda_id: NDArray[np.int64]
    schedule: Records
    deploys: Records
    old: NDArray[np.bool_]  # by deploy and container
    # who takes the next message
    freed: NDArray[np.int64]  # a heap of slots that became idle: service, number of the slot, replica
    idle: NDArray[np.int64]  # a counting tree over the slots
    busy: NDArray[np.int64]  # by service: a winner tree over running jobs, of the containers with an idle slot
    busy_id: NDArray[np.int64]
    dirty: NDArray[np.int64]  # Celery workers to look at in the next dispatch
    asking: NDArray[np.int64]  # Celery workers that ask for a message, by service and turn (turns.py)
    # what a policy is told (observation.py)
    seen: NDArray[np.int64]
    seen_cpu: NDArray[np.float64]


@helper
def of(column: NDArray[Any], j: int) -> int:
    """Return the place of what a column says of a job."""
    return min(j, len(column) - 1)
