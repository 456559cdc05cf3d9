"""The tables of a log as data frames: in seconds, with names instead of numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from workersim.runlog.deciding import deciding_rows
from workersim.runlog.schema import SERVICE, Cause, Kind, Outcome
from workersim.units import NEVER, SECOND

if TYPE_CHECKING:
    from enum import IntEnum

    import pandas as pd
    from numpy.typing import NDArray

    from workersim.runlog.log import RunLog

__all__ = ["Frames", "attempts_frame", "seconds", "to_pandas"]


class Frames(NamedTuple):
    """The four tables of a log as data frames, in seconds.

    Attributes
    ----------
    jobs, attempts, phases, fleet
        As the tables of the log; ``attempts`` as ``attempts_frame`` returns it.
    """

    jobs: pd.DataFrame
    attempts: pd.DataFrame
    phases: pd.DataFrame
    fleet: pd.DataFrame


def seconds(instants_ns: NDArray[Any]) -> NDArray[np.float64]:
    """Return nanoseconds as seconds, NaN where it never happened."""
    return np.where(instants_ns < NEVER, instants_ns / SECOND, np.nan)


def attempts_frame(log: RunLog) -> pd.DataFrame:
    """Return one row an attempt, in seconds from the start of the run.

    The columns of the shell's ``--jobs-out`` come first: ``job, job_class, queue, attempt, arrival,
    start, finish, wait, service, response, replica, slot, outcome``; then ``priority, published,
    reserved``, and, where there are several services, ``service_name``: the name of the one whose
    replica it was.  ``wait`` is start - arrival, ``service`` finish - start, ``response`` finish -
    arrival.  What did not happen is NaN (``replica`` and ``slot``: NA); an attempt that left its
    queue without having started has a ``finish``, and neither service nor response.
    """
    import pandas as pd  # noqa: PLC0415 (takes half a second; only frames need it)

    attempts, jobs = log.attempts, log.jobs
    arrival = jobs.arrival_ns[attempts.job]
    started, finished = attempts.started_ns, attempts.finished_ns
    served = np.where(started < NEVER, finished, NEVER)
    several = {"service_name": _services(log, attempts.replica)} if len(log.services) > 1 else {}
    return pd.DataFrame(
        {
            "job": attempts.job.astype(np.int64),
            "job_class": _names(jobs.job_class[attempts.job], jobs.classes),
            "queue": _names(jobs.queue[attempts.job], jobs.queues),
            "attempt": attempts.attempt.astype(np.int64),
            "arrival": seconds(arrival),
            "start": seconds(started),
            "finish": seconds(finished),
            "wait": _between(arrival, started),
            "service": _between(started, served),
            "response": _between(arrival, served),
            "replica": _numbers(numbers_of(attempts.replica)),
            "slot": _numbers(attempts.slot),
            "outcome": _names(attempts.outcome, _words(Outcome)),
            "priority": jobs.priority[attempts.job].astype(np.int64),
            "published": seconds(attempts.published_ns),
            "reserved": seconds(attempts.reserved_ns),
            **several,
        },
        copy=False,
    )


def to_pandas(log: RunLog) -> Frames:
    """Return all four tables as data frames; of several services, jobs and fleet say which one it was."""
    import pandas as pd  # noqa: PLC0415 (as above)

    jobs, phases, fleet = log.jobs, log.phases, log.fleet
    several = len(log.services) > 1
    decided = log.attempts.replica[deciding_rows(log.attempts, len(jobs))] if several else None
    return Frames(
        jobs=pd.DataFrame(
            {
                "job": np.arange(len(jobs)),
                "arrival": seconds(jobs.arrival_ns),
                "job_class": _names(jobs.job_class, jobs.classes),
                "queue": _names(jobs.queue, jobs.queues),
                "priority": jobs.priority.astype(np.int64),
                "expires": seconds(jobs.expires_ns),
                **({} if decided is None else {"service": _services(log, decided)}),
            }
        ),
        attempts=attempts_frame(log),
        phases=pd.DataFrame(
            {
                "job": log.attempts.job[phases.attempt].astype(np.int64),
                "attempt": log.attempts.attempt[phases.attempt].astype(np.int64),
                "kind": _names(phases.kind, _words(Kind)),
                "demand": seconds(phases.demand_ns),
                "start": seconds(phases.started_ns),
                "finish": seconds(phases.finished_ns),
            }
        ),
        fleet=pd.DataFrame(
            {
                "time": seconds(fleet.instant_ns),
                **({"service": _services(log, fleet.replica)} if several else {}),
                "replica": numbers_of(fleet.replica),
                "cause": _names(fleet.cause, _words(Cause)),
                "slots": fleet.slots.astype(np.int64),
                "vcpus": np.asarray(fleet.vcpus),
                "memory": fleet.memory_bytes.astype(np.int64),
                "price": np.asarray(fleet.price),
                "vcpu_price": np.asarray(fleet.vcpu_price),
            }
        ),
    )


def numbers_of(replica: NDArray[Any]) -> NDArray[np.int64]:
    """Return the numbers of replicas in their services; -1 stays."""
    known = replica.astype(np.int64)
    return np.where(known < 0, known, known % SERVICE)


def _services(log: RunLog, replica: NDArray[Any]) -> Any:
    known = replica.astype(np.int64)
    return _names(np.where(known < 0, -1, known // SERVICE), log.services)


def _between(earlier_ns: NDArray[Any], later_ns: NDArray[Any]) -> NDArray[np.float64]:
    # Subtract before dividing: whole nanoseconds are exact, seconds are not.
    happened = (earlier_ns < NEVER) & (later_ns < NEVER)
    return np.where(happened, (later_ns - earlier_ns) / SECOND, np.nan)


def _words(enum: type[IntEnum]) -> tuple[str, ...]:
    return tuple(member.name.lower() for member in enum)


def _names(numbers: NDArray[np.integer[Any]], names: tuple[str, ...]) -> Any:
    import pandas as pd  # noqa: PLC0415 (as above)

    return pd.Categorical.from_codes(numbers, categories=pd.Index(names, dtype=object))


def _numbers(numbers: NDArray[Any]) -> Any:
    import pandas as pd  # noqa: PLC0415 (as above)

    known = numbers.astype(np.int64)
    return pd.arrays.IntegerArray(np.maximum(known, 0), known < 0)
