"""The tables of a run log: what happened, and nothing that can be computed from it.

All instants and durations are 64-bit integers counting nanoseconds from the start of the run;
what has not happened is ``NEVER``.  A column in which every row says the same may be a broadcast
view of one value, so that a hundred million jobs do not pay for a queue that they all share.
"""

from __future__ import annotations

from dataclasses import Field, dataclass, fields
from enum import IntEnum
from typing import Any, ClassVar, TypeAlias

import numpy as np
from numpy.typing import NDArray

from workersim.errors import LogError

__all__ = [
    "SERVICE",
    "Attempts",
    "Cause",
    "FleetChanges",
    "Floats",
    "Ints",
    "JobTable",
    "Kind",
    "Outcome",
    "Phases",
    "Table",
]

Ints: TypeAlias = NDArray[np.integer[Any]]
Floats: TypeAlias = NDArray[np.float64]

# Where several services share a broker, a log's ``replica`` is service * SERVICE + number of the replica in it.
SERVICE = 1 << 20


class Outcome(IntEnum):
    """How an attempt ended; tables and files use the names in lower case."""

    DONE = 0
    FAILED = 1
    RETRIED = 2
    EXPIRED = 3
    LOST = 4
    REDELIVERED = 5
    TIMED_OUT = 6
    UNFINISHED = 7


class Kind(IntEnum):
    """What a phase needs: a share of its container's CPU, or only time."""

    CPU = 0
    IO = 1


class Cause(IntEnum):
    """The state that a replica enters with its row of the fleet table."""

    STARTING = 0
    READY = 1
    DRAINING = 2
    DOWN = 3


class Table:
    """Columns of equal length, the first field among them; the base of the tables below."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]

    def __len__(self) -> int:
        return len(getattr(self, next(iter(self.__dataclass_fields__))))

    def columns(self) -> dict[str, NDArray[Any]]:
        """Return the columns by name, in the order of the schema."""
        held = ((field.name, getattr(self, field.name)) for field in fields(self))
        return {name: column for name, column in held if isinstance(column, np.ndarray)}

    def __post_init__(self) -> None:
        lengths = {name: len(column) for name, column in self.columns().items()}
        if len(set(lengths.values())) > 1:
            msg = f"the columns of {type(self).__name__} differ in length: {lengths}"
            raise LogError(msg)


@dataclass(frozen=True, eq=False)
class JobTable(Table):
    """What arrived: one row a job, in the order of ``job``.

    Attributes
    ----------
    arrival_ns
        Instant of arrival.  In order, unless the rows are those of an unsorted trace.
    job_class, queue
        Index into ``classes`` and ``queues``.
    priority
        A lower number is served first.
    expires_ns
        Instant at which the job's patience ends, or ``NEVER``.
    classes, queues
        Names, as the scenario or the file gives them.
    """

    arrival_ns: Ints
    job_class: Ints
    queue: Ints
    priority: Ints
    expires_ns: Ints
    classes: tuple[str, ...]
    queues: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Attempts(Table):
    """What was tried: one row an attempt of a job, by job and attempt; no row is ever dropped.

    Attributes
    ----------
    job, attempt
        Row of the job table; 0 for its first attempt.
    published_ns, reserved_ns
        Instants at which this attempt entered a queue and at which a worker received it.
    started_ns, finished_ns
        Instants at which it got its slot and at which it left (the slot, or the queue if it never
        had one), whatever the outcome.
    replica, slot
        Where it ran, from 0 (see ``SERVICE``); -1 if it never started.
    outcome
        An ``Outcome``.
    """

    job: Ints
    attempt: Ints
    published_ns: Ints
    reserved_ns: Ints
    started_ns: Ints
    finished_ns: Ints
    replica: Ints
    slot: Ints
    outcome: Ints


@dataclass(frozen=True, eq=False)
class Phases(Table):
    """What a slot's time went into: one row a phase that began, by attempt and then in order.

    Attributes
    ----------
    attempt
        Row of the attempts table.
    kind
        A ``Kind``.
    demand_ns
        What the phase asks for: CPU time, or time that passes.
    started_ns, finished_ns
        ``finished_ns`` is ``NEVER`` for a phase that was cut, or still runs at the horizon.
    """

    attempt: Ints
    kind: Ints
    demand_ns: Ints
    started_ns: Ints
    finished_ns: Ints


@dataclass(frozen=True, eq=False)
class FleetChanges(Table):
    """What there was to run on: one row a change of a replica, by instant, replica and cause.

    A row holds from its instant until the replica's next one.

    Attributes
    ----------
    instant_ns, replica, cause
        When, which, and the state that it enters (a ``Cause``).
    slots
        Slots that are up: 0 while the replica starts or is down.
    vcpus
        CPU cores that its slots share.
    memory_bytes
        Memory that the replica holds for its processes.
    price
        Cost of an hour in this state.
    vcpu_price
        Beside it: cost of an hour of one vCPU in use; nothing, if it is not given.
    """

    instant_ns: Ints
    replica: Ints
    cause: Ints
    slots: Ints
    vcpus: Floats
    memory_bytes: Ints
    price: Floats
    vcpu_price: Floats = None  # type: ignore[assignment]  # filled below

    def __post_init__(self) -> None:
        if self.vcpu_price is None:
            object.__setattr__(self, "vcpu_price", np.broadcast_to(0.0, len(self)))
        super().__post_init__()
