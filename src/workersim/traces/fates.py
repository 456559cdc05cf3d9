"""What recorded jobs met beside waiting and running, so that another fleet meets it too: retries, limits, due times."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from workersim.runlog import Outcome
from workersim.scenario.workload import Retries
from workersim.traces.cells import ABSENT
from workersim.units import NEVER
from workersim.workload.fates import Fates, plain_fates

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from workersim.traces.facts import Facts
    from workersim.workload import Jobs

    Int64s = NDArray[np.int64]

__all__ = ["ASKED", "fates_at", "fates_of", "limited"]

ASKED = ("countdown_ns", "fails", "fails_after_ns", "soft_ns", "hard_ns")


def fates_of(facts: Facts, first: Int64s, classes: int) -> Fates | None:
    """Return what happens to the jobs of a file; None if nothing beside waiting and running does.

    A job that was retried fails as often as it was seen to, after the service of its first attempt, and is due again
    after the delays that were seen.  A job that failed once and for all is replayed as one that is done: it held its
    process for as long.

    Parameters
    ----------
    facts
        As read.
    first
        int64[n], the first row of each job.
    classes
        How many there are.
    """
    if not _is_fated(facts):
        return None
    n = len(first)
    number = np.repeat(np.arange(n), np.diff(np.append(first, len(facts))))
    retried = np.flatnonzero((facts.outcome == Outcome.RETRIED) & (np.append(number[1:], -1) == number))
    asked = {name: facts.asked[name][first] for name in ASKED if name in facts.asked}
    due = None if facts.due_ns is None else facts.due_ns
    countdown = np.zeros(n, np.int64)
    if due is not None:
        known = due[first] < NEVER
        countdown[known] = np.maximum(due[first] - facts.arrival_ns[first], 0)[known]
    countdown = _or(asked.get("countdown_ns"), countdown)
    if not len(retried) and not countdown.any() and not any((column >= 0).any() for column in asked.values()):
        return None
    times = np.bincount(number[retried], minlength=n)
    failed = np.bincount(number[facts.outcome == Outcome.FAILED], minlength=n)
    fails = _or(asked.get("fails"), np.where(times > 0, times + failed, 0))
    after = np.full(n, NEVER)
    after[number[retried][::-1]] = (facts.finished_ns - facts.started_ns)[retried][::-1]
    counts, delays = _retries(facts, retried, times, fails)
    return replace(
        plain_fates(n, classes),
        fails=fails,
        fails_after_ns=_or(asked.get("fails_after_ns"), after),
        first_retry=np.concatenate([np.zeros(1, np.int64), counts.cumsum()]),
        retry_delay_ns=delays,
        soft_ns=_or(asked.get("soft_ns"), np.full(n, NEVER)),
        hard_ns=_or(asked.get("hard_ns"), np.full(n, NEVER)),
        countdown_ns=countdown,
    )


def _is_fated(facts: Facts) -> bool:
    """Tell whether there is a retry, a due time or a wish at all, before there are columns of what comes of it."""
    due = facts.due_ns is not None and bool((facts.due_ns < NEVER).any())
    return due or bool((facts.outcome == Outcome.RETRIED).any()) or any((c >= 0).any() for c in facts.asked.values())


def _or(said: Int64s | None, otherwise: Int64s) -> Int64s:
    return otherwise if said is None else np.where(said == ABSENT, otherwise, said)


def _retries(facts: Facts, retried: Int64s, times: Int64s, fails: Int64s) -> tuple[Int64s, Int64s]:
    """Return how many retries each job has, and their delays: as seen, else Celery's own."""
    again = facts.published_ns[retried + 1]
    if facts.due_ns is not None:
        due = facts.due_ns[retried + 1]
        again = np.where(due < NEVER, due, again)
    seen = np.maximum(again - facts.finished_ns[retried], 0)
    own = Retries()
    counts = np.where(times > 0, times, np.minimum(fails, own.max))
    starts = np.cumsum(counts) - counts
    kth = np.arange(int(counts.sum())) - np.repeat(starts, counts)
    delays = np.array([own.delay_ns(k) for k in range(int(counts.max(initial=0)))], np.int64)[kth]
    delays[np.repeat(times > 0, counts)] = seen
    return counts, delays


def fates_at(fates: Fates, rows: Int64s) -> Fates:
    """Return the fates of some of the jobs, in another order; they have no followers."""
    counts = np.diff(fates.first_retry)[rows]
    first = np.concatenate([np.zeros(1, np.int64), counts.cumsum()])
    source = np.arange(int(counts.sum())) + np.repeat(fates.first_retry[rows] - first[:-1], counts)
    names = (*ASKED, "memory_bytes", "predecessors")
    columns = {name: getattr(fates, name)[rows] for name in names}
    return replace(
        fates,
        **columns,
        first_retry=first,
        retry_delay_ns=fates.retry_delay_ns[source],
        first_follower=np.zeros(len(rows) + 1, np.int64),
    )


def limited(jobs: Jobs, limits: Mapping[str, tuple[int, int]]) -> Fates | None:
    """Return the fates of jobs with the time limits of the workers where they have none of their own.

    Parameters
    ----------
    jobs
        As recorded.
    limits
        Soft and hard limit by queue, "" for any other.
    """
    if not limits:
        return jobs.fates
    table = jobs.table
    fates = jobs.fates or plain_fates(len(jobs), len(table.classes))
    of_queue = np.array([limits.get(name, limits.get("", (NEVER, NEVER))) for name in table.queues], np.int64)
    own = of_queue[np.asarray(table.queue)]
    soft = np.where(fates.soft_ns == NEVER, own[:, 0], fates.soft_ns)
    return replace(fates, soft_ns=soft, hard_ns=np.where(fates.hard_ns == NEVER, own[:, 1], fates.hard_ns))
