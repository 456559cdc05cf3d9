"""No job waits while a slot that could take it is idle: true of workers that take straight from the queue."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from workersim.runlog.counting import count_over_time, left_queue_ns
from workersim.runlog.schema import SERVICE, Attempts, Cause, FleetChanges, Outcome
from workersim.runlog.timeline import Timeline, fleet_total
from workersim.units import NEVER

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from workersim.runlog.log import RunLog
    from workersim.runlog.schema import Ints
    from workersim.runlog.terms import Terms

__all__ = ["idle_while_waiting", "straight_from_queue"]

Curve = tuple["Ints", "Ints"]


def straight_from_queue(log: RunLog) -> bool:
    """Tell whether no worker ever reserved ahead: each message started at the instant of its receipt."""
    return bool(np.array_equal(log.attempts.reserved_ns, log.attempts.started_ns))


def idle_while_waiting(log: RunLog, served: frozenset[int] | None) -> tuple[int, int] | None:
    """Find a stretch of time in which a job waits although a slot that takes its queue is idle.

    Of the jobs only first attempts count, and only those that are due when they are published: when another one is
    due is not in the log.

    Parameters
    ----------
    log
        Any log.  Where it says nothing of its workers they are taken for ideal, if they look like it.
    served
        Queues that every replica consumes, where the log does not say it; None: all.

    Returns
    -------
    tuple or None
        The instant at which the earliest such stretch begins, and the row of an attempt that waits.
    """
    if log.terms:
        found = [_in_service(log, service, terms) for service, terms in enumerate(log.terms) if terms.ideal]
        return min((each for each in found if each is not None), default=None)
    # A slot whose process was killed is idle and takes nothing, and only ``pauses`` tell when.
    if len(log.services) > 1 or not straight_from_queue(log) or bool((log.attempts.outcome == Outcome.LOST).any()):
        return None
    return _in_fleet(log, log.attempts, log.fleet, _taken(log, served), np.empty((0, 3), dtype=np.int64))


def _in_service(log: RunLog, service: int, terms: Terms) -> tuple[int, int] | None:
    queues = None if terms.queues is None else frozenset(terms.queues)
    taken = _taken(log, queues) & ~np.isin(log.jobs.job_class, terms.delayed)[log.attempts.job]
    if not all(each.ideal for each in log.terms):
        taken &= _never_fetched(log)
    attempts, fleet = log.attempts, log.fleet
    if len(log.services) > 1:
        rows = fleet.replica // SERVICE == service
        fleet = FleetChanges(**{name: column[rows] for name, column in fleet.columns().items()})
    pauses = [(each.from_ns, each.until_ns, each.slots) for each in log.pauses if each.service == service]
    return _in_fleet(log, attempts, fleet, taken, np.array(pauses, dtype=np.int64).reshape(-1, 3))


def _taken(log: RunLog, queues: frozenset[int] | None) -> NDArray[np.bool_]:
    first: NDArray[np.bool_] = log.attempts.attempt == 0
    return first if queues is None else first & np.isin(log.jobs.queue, list(queues))[log.attempts.job]


def _never_fetched(log: RunLog) -> NDArray[np.bool_]:
    """Flag the attempts that were surely in no Celery worker's hands, not even on their way there."""
    attempts = log.attempts
    ideal = [service for service, terms in enumerate(log.terms) if terms.ideal]
    started = np.isin(attempts.replica // SERVICE, ideal) & (attempts.started_ns < NEVER)
    left: NDArray[np.bool_] = (attempts.outcome == Outcome.EXPIRED) & (attempts.reserved_ns == NEVER)
    return started | left


def _in_fleet(
    log: RunLog, attempts: Attempts, fleet: FleetChanges, taken: NDArray[np.bool_], pauses: NDArray[np.int64]
) -> tuple[int, int] | None:
    timeline = Timeline(fleet)
    left = left_queue_ns(attempts.started_ns, attempts.finished_ns)
    waiting = count_over_time(attempts.published_ns[taken], left[taken])
    ready = fleet_total(timeline.fleet, np.where(timeline.fleet.cause == Cause.READY, timeline.fleet.slots, 0))
    # A replica that drains takes nothing any more, so neither its slots nor what they run count.
    rows = timeline.row_at(attempts.replica, attempts.started_ns)
    ours = (attempts.started_ns < NEVER) & (rows >= 0)
    unready = timeline.unready_ns[rows] if len(timeline.unready_ns) else attempts.finished_ns
    began = np.where(ours, attempts.started_ns, NEVER)
    busy = count_over_time(began, np.where(ours, np.minimum(attempts.finished_ns, unready), NEVER))
    paused = _paused(pauses)
    # All that is due at the horizon still happens, dispatch too, so the rule holds at that instant as well.
    candidates = (waiting[0][waiting[1] > 0], busy[0][_at(ready, busy[0]) > busy[1]], ready[0], paused[0])
    idle = [(_at(waiting, at) > 0) & (_at(ready, at) - _at(paused, at) > _at(busy, at)) for at in candidates]
    begins = np.concatenate([at[flags] for at, flags in zip(candidates, idle, strict=True)])
    begins = begins[begins <= log.horizon_ns]
    if not len(begins):
        return None
    instant = int(begins.min())
    row = int(np.argmax(taken & (attempts.published_ns <= instant) & (left > instant)))
    return instant, row


def _paused(pauses: NDArray[np.int64]) -> Curve:
    """Return how many slots may take nothing, over time."""
    instants = np.concatenate([pauses[:, 0], pauses[:, 1]])
    order = np.argsort(instants, kind="stable")
    return instants[order], np.cumsum(np.concatenate([pauses[:, 2], -pauses[:, 2]])[order])


def _at(curve: Curve, instants: Ints) -> Ints:
    """Return the values of a step curve, 0 before its first step."""
    steps, values = curve
    padded: Ints = np.append(np.zeros(1, dtype=np.int64), values)
    return padded[np.searchsorted(steps, instants, side="right")]
