"""No message vanishes, and none comes from nowhere: how the attempts of one job follow each other.

A job has several attempts because one failed and is tried again, because its worker was lost or gave its messages
back, or because a sweep took an unacknowledged message for lost while it was still in somebody's hands.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from workersim.errors import LogError
from workersim.runlog.counting import count_by_group
from workersim.runlog.schema import SERVICE, Outcome
from workersim.runlog.wording import attempt_row, instant, place, refuse
from workersim.units import NEVER

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from workersim.runlog.log import RunLog
    from workersim.runlog.schema import Ints
    from workersim.runlog.terms import Terms

__all__ = ["check_messages"]


def check_messages(log: RunLog) -> None:
    """Raise LogError about the first attempt that does not follow from those before it.

    Held are: attempts are numbered in the order in which they were published; each but the first is published while
    one before it is under way, or at the instant at which that one ends, or after one that was lost; a retried one
    has a successor that is published when it ends; a redelivered one has a successor, or another attempt of its job
    ends at that instant; and no worker holds more messages than its window (where ``terms`` tell it).
    """
    if len(log.attempts) > len(log.jobs):
        _check_publications(log)
        _check_retries(log)
        _check_returns(log)
    for service, terms in enumerate(log.terms):
        if terms.window < NEVER:
            _check_window(log, service, terms)


def _check_publications(log: RunLog) -> None:
    attempts = log.attempts
    published = attempts.published_ns
    later = np.flatnonzero(attempts.attempt > 0)
    early = np.zeros(len(attempts), dtype=np.bool_)
    early[later] = published[later] < published[later - 1]
    _refuse(log, early, "published at {} before the attempt that precedes it", published)
    ends = np.where(attempts.outcome == Outcome.LOST, NEVER, attempts.finished_ns)
    done = np.zeros(len(attempts), dtype=np.bool_)
    until = _latest_before(log, ends, later)
    done[later] = until[later] < published[later]
    _refuse(log, done, "published at {} although the last one before it ended at {}", published, until)


def _latest_before(log: RunLog, ends: Ints, later: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return for each attempt but the first of its job the latest end among those before it."""
    latest = np.zeros(len(ends), dtype=np.int64)
    number = log.attempts.attempt[later]
    order = later[np.argsort(number, kind="stable")]
    counts = np.bincount(number)[1:]
    for rows in np.split(order, np.cumsum(counts)[:-1]):
        latest[rows] = np.maximum(latest[rows - 1], ends[rows - 1])
    return latest


def _check_retries(log: RunLog) -> None:
    attempts = log.attempts
    rows = np.flatnonzero(attempts.outcome == Outcome.RETRIED)
    followed = _pairs(log, attempts.published_ns, np.flatnonzero(attempts.attempt > 0))
    lacking = np.zeros(len(attempts), dtype=np.bool_)
    lacking[rows] = ~_among(_pairs(log, attempts.finished_ns, rows), followed)
    _refuse(log, lacking, "is retried at {}, and no attempt is published then", attempts.finished_ns)


def _check_returns(log: RunLog) -> None:
    """Check that a message which comes back is served again, unless its document has come to an end elsewhere."""
    attempts = log.attempts
    last = np.append(attempts.job[1:] != attempts.job[:-1], np.ones(1, dtype=np.bool_))
    rows = last & (attempts.outcome == Outcome.REDELIVERED)
    other = attempts.outcome != Outcome.REDELIVERED
    ended = np.full(len(log.jobs), NEVER, dtype=np.int64)
    np.minimum.at(ended, attempts.job[other], attempts.finished_ns[other])
    lacking = rows & (ended[attempts.job] > attempts.finished_ns)
    _refuse(log, lacking, "is redelivered at {}, and its message is nowhere after that", attempts.finished_ns)


def _pairs(log: RunLog, instants: Ints, rows: NDArray[np.int64]) -> NDArray[np.void]:
    """Return job and instant of some rows, as one value each."""
    both = np.empty(len(rows), dtype=[("job", np.int64), ("at", np.int64)])
    both["job"], both["at"] = log.attempts.job[rows], instants[rows]
    return both


def _among(asked: NDArray[np.void], there: NDArray[np.void]) -> NDArray[np.bool_]:
    if not len(asked) or not len(there):
        return np.zeros(len(asked), dtype=np.bool_)
    found: NDArray[np.bool_] = np.isin(asked, there)
    return found


def _check_window(log: RunLog, service: int, terms: Terms) -> None:
    """Check how many messages each worker holds, as far as they started in it: of others no log says who held them."""
    attempts = log.attempts
    rows = np.flatnonzero((attempts.started_ns < NEVER) & (attempts.replica // SERVICE == service))
    if not len(rows):
        return
    acked = np.minimum((attempts.finished_ns if terms.late else attempts.started_ns)[rows], log.horizon_ns + 1)
    found = count_by_group(attempts.replica[rows], attempts.reserved_ns[rows], acked)
    above = np.flatnonzero(found[2] > terms.window)
    if len(above):
        replica, at, held = (int(column[above[0]]) for column in found)
        msg = f"replica {place(log, replica)} holds {held} messages at {instant(at)}, its window is {terms.window}"
        raise LogError(msg)


def _refuse(log: RunLog, bad: NDArray[np.bool_], why: str, *columns: Any) -> None:
    refuse(
        "attempts",
        bad,
        lambda i: f"{attempt_row(log, i)}: " + why.format(*(instant(column[i]) for column in columns)),
        bare=True,
    )
