"""The tables of a log as data frames: in seconds, with names instead of numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from workersim.runlog.schema import Cause, Kind, Outcome
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
    reserved``.  ``wait`` is start - arrival, ``service`` finish - start, ``response`` finish -
    arrival.  What did not happen is NaN (``replica`` and ``slot``: NA); an attempt that left its
    queue without having started has a ``finish``, and neither service nor response.
    """
    import pandas as pd  # noqa: PLC0415 (takes half a second; only frames need it)

    attempts, jobs = log.attempts, log.jobs
    arrival = jobs.arrival_ns[attempts.job]
    started, finished = attempts.started_ns, attempts.finished_ns
    served = np.where(started < NEVER, finished, NEVER)
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
            "replica": _numbers(attempts.replica),
            "slot": _numbers(attempts.slot),
            "outcome": _names(attempts.outcome, _words(Outcome)),
            "priority": jobs.priority[attempts.job].astype(np.int64),
            "published": seconds(attempts.published_ns),
            "reserved": seconds(attempts.reserved_ns),
        },
        copy=False,
    )


def to_pandas(log: RunLog) -> Frames:
    """Return all four tables as data frames."""
    import pandas as pd  # noqa: PLC0415 (as above)

    jobs, phases, fleet = log.jobs, log.phases, log.fleet
    return Frames(
        jobs=pd.DataFrame(
            {
                "job": np.arange(len(jobs)),
                "arrival": seconds(jobs.arrival_ns),
                "job_class": _names(jobs.job_class, jobs.classes),
                "queue": _names(jobs.queue, jobs.queues),
                "priority": jobs.priority.astype(np.int64),
                "expires": seconds(jobs.expires_ns),
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
                "replica": fleet.replica.astype(np.int64),
                "cause": _names(fleet.cause, _words(Cause)),
                "slots": fleet.slots.astype(np.int64),
                "vcpus": np.asarray(fleet.vcpus),
                "memory": fleet.memory_bytes.astype(np.int64),
                "price": np.asarray(fleet.price),
            }
        ),
    )


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
