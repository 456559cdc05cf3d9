"""The curves of a run, read from the instants of its log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from workersim.errors import LogError
from workersim.metrics.cpu import cpu_in_use
from workersim.metrics.steps import StepFunction
from workersim.runlog.counting import count_over_time, left_queue_ns
from workersim.runlog.schema import SERVICE, Cause, FleetChanges, Outcome
from workersim.runlog.timeline import fleet_total
from workersim.units import NEVER, nearest

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from workersim.runlog import RunLog
    from workersim.runlog.schema import Ints

__all__ = ["CHANGES", "CURVES", "over_time"]


def over_time(
    log: RunLog, name: str, *, queue: str | None = None, replica: int | None = None, service: str | None = None
) -> StepFunction:
    """Return a quantity of a run as an exact step function from 0 to the horizon.

    Parameters
    ----------
    log
        Any log.
    name
        ``queue_length`` (attempts published, neither started nor gone), ``visible`` (those of them
        that no worker has received), ``reserved`` (those that one has), ``running`` (attempts in a slot), ``busy``
        (the same, counted as slots), ``slots`` (slots that are up), ``utilization`` (busy of those up), ``vcpus``
        (those up), ``cpu`` (vCPUs in use of those up), ``memory`` (bytes held), ``cost`` (price of an hour),
        ``replicas`` (that are ready), ``starting`` and ``draining`` (those that are not any more, or not yet).
    queue
        Only the jobs of this queue; for ``queue_length``, ``visible``, ``reserved``, ``running`` and ``busy``.
    replica
        Only this replica; for all but ``queue_length`` and ``visible``, which no replica owns, and the counts of
        replicas.  Of several services its number in ``service``.
    service
        Only the replicas of this service; for what ``replica`` is for, and the counts of replicas.

    Raises
    ------
    LogError
        If there is no such curve, queue, replica or service, or the log does not hold what it is made of.
    """
    if name not in CURVES:
        msg = f"there is no curve {name!r}" + (nearest(name, CURVES) or f"; there are {', '.join(CURVES)}")
        raise LogError(msg)
    asked = (("queue", queue, _BY_QUEUE), ("replica", replica, _BY_REPLICA), ("service", service, _BY_SERVICE))
    for what, value, allowed in asked:
        if value is not None and name not in allowed:
            msg = f"{name} cannot be told for one {what}, only {', '.join(sorted(allowed))} can"
            raise LogError(msg)
    lacking = missing(log, name)
    if lacking:
        msg = f"{name} needs {lacking}, which this observed log does not hold"
        raise LogError(msg)
    place = _place(log, replica, service)
    return CURVES[name](log, _rows(log, queue, place), _of_place(log.fleet, place))


def missing(log: RunLog, name: str) -> str | None:
    """Return what a curve needs and an observed log does not hold; None if nothing is missing."""
    if log.engine != "observed":
        return None
    attempts = log.attempts
    if name in _NEED_FLEET and not len(log.fleet):
        return "the fleet table"
    charged = name == "cost" and bool(log.fleet.vcpu_price.any())
    if (name == "cpu" or charged) and not len(log.phases):
        return "the phases of the attempts"
    done = attempts.outcome == Outcome.DONE
    if name in _NEED_STARTS and bool((attempts.started_ns[done] == NEVER).any()):
        return "the start of every attempt"
    if name in _NEED_RECEIPTS and bool((attempts.reserved_ns[attempts.started_ns < NEVER] == NEVER).any()):
        return "the receipt of every attempt"
    return None


def _place(log: RunLog, replica: int | None, service: str | None) -> tuple[int, int] | None:
    """Return the keys of the replicas that are meant: from one up to another; None means all."""
    index = 0
    if service is not None:
        if service not in log.services:
            msg = f"there is no service {service!r} in this log; there are {', '.join(log.services)}"
            raise LogError(msg)
        index = log.services.index(service)
    if replica is None:
        return None if service is None else (index * SERVICE, (index + 1) * SERVICE)
    if service is None and len(log.services) > 1:
        msg = f"replica {replica} may be one of several services, so say which service: {', '.join(log.services)}"
        raise LogError(msg)
    key = index * SERVICE + replica
    if not (log.fleet.replica == key).any():
        msg = f"there is no replica {replica} in this log"
        raise LogError(msg)
    return key, key + 1


def _rows(log: RunLog, queue: str | None, place: tuple[int, int] | None) -> NDArray[np.bool_] | None:
    """Flag the attempts that are meant; None means all of them."""
    if queue is None and place is None:
        return None
    rows = np.ones(len(log.attempts), dtype=np.bool_)
    if queue is not None:
        if queue not in log.jobs.queues:
            msg = f"there is no queue {queue!r} in this log; there are {', '.join(log.jobs.queues)}"
            raise LogError(msg)
        rows &= log.jobs.queue[log.attempts.job] == log.jobs.queues.index(queue)
    if place is not None:
        rows &= (log.attempts.replica >= place[0]) & (log.attempts.replica < place[1])
    return rows


def _of_place(fleet: FleetChanges, place: tuple[int, int] | None) -> FleetChanges:
    if place is None:
        return fleet
    rows = (fleet.replica >= place[0]) & (fleet.replica < place[1])
    return FleetChanges(**{name: column[rows] for name, column in fleet.columns().items()})


def _count_of(name: str) -> Callable[[RunLog, Any, FleetChanges], StepFunction]:
    def count(log: RunLog, rows: Any, _: FleetChanges) -> StepFunction:
        ups, downs = CHANGES[name](log)
        if rows is not None:
            ups, downs = ups[rows], downs[rows]
        return closed(count_over_time(ups, downs), log.horizon_ns)

    return count


def _queue_length(log: RunLog) -> tuple[Ints, Ints]:
    return log.attempts.published_ns, _left(log)


def _visible(log: RunLog) -> tuple[Ints, Ints]:
    return log.attempts.published_ns, np.minimum(log.attempts.reserved_ns, _left(log))


def _reserved(log: RunLog) -> tuple[Ints, Ints]:
    reserved = log.attempts.reserved_ns
    return reserved, np.where(reserved < NEVER, _left(log), NEVER)


def _busy(log: RunLog) -> tuple[Ints, Ints]:
    started = log.attempts.started_ns
    return started, np.where(started < NEVER, log.attempts.finished_ns, NEVER)


# When the counts of attempts rise and fall by one.
CHANGES: dict[str, Callable[[RunLog], tuple[Ints, Ints]]] = {
    "queue_length": _queue_length,
    "visible": _visible,
    "reserved": _reserved,
    "busy": _busy,
}


def _slots(log: RunLog, _: Any, fleet: FleetChanges) -> StepFunction:
    return closed(fleet_total(fleet, fleet.slots), log.horizon_ns)


def _utilization(log: RunLog, rows: Any, fleet: FleetChanges) -> StepFunction:
    return share(_count_of("busy")(log, rows, fleet), _slots(log, rows, fleet))


def _vcpus(log: RunLog, _: Any, fleet: FleetChanges) -> StepFunction:
    return closed(fleet_total(fleet, np.where(fleet.slots > 0, fleet.vcpus, 0.0)), log.horizon_ns)


def _cpu(log: RunLog, rows: Any, fleet: FleetChanges) -> StepFunction:
    return share(closed(cpu_in_use(log, rows), log.horizon_ns), _vcpus(log, rows, fleet))


def _memory(log: RunLog, _: Any, fleet: FleetChanges) -> StepFunction:
    return closed(fleet_total(fleet, fleet.memory_bytes), log.horizon_ns)


def _cost(log: RunLog, _: Any, fleet: FleetChanges) -> StepFunction:
    cost = closed(fleet_total(fleet, fleet.price), log.horizon_ns)
    for price in np.unique(fleet.vcpu_price[fleet.vcpu_price > 0]):
        charged = np.isin(log.attempts.replica, fleet.replica[fleet.vcpu_price == price])
        used = closed(cpu_in_use(log, charged), log.horizon_ns)
        cost = cost.plus(used, float(price))
    return cost


def _in_state(cause: Cause) -> Callable[[RunLog, Any, FleetChanges], StepFunction]:
    def count(log: RunLog, _: Any, fleet: FleetChanges) -> StepFunction:
        return closed(fleet_total(fleet, fleet.cause == cause), log.horizon_ns)

    return count


CURVES: dict[str, Callable[[RunLog, Any, FleetChanges], StepFunction]] = {
    **{name: _count_of(name) for name in CHANGES},
    "running": _count_of("busy"),
    "slots": _slots,
    "utilization": _utilization,
    "vcpus": _vcpus,
    "cpu": _cpu,
    "memory": _memory,
    "cost": _cost,
    "replicas": _in_state(Cause.READY),
    "starting": _in_state(Cause.STARTING),
    "draining": _in_state(Cause.DRAINING),
}
_BY_QUEUE = frozenset({"queue_length", "visible", "reserved", "running", "busy"})
_OF_REPLICAS = frozenset({"replicas", "starting", "draining"})
_NEED_FLEET = frozenset({"slots", "utilization", "vcpus", "cpu", "memory", "cost"}) | _OF_REPLICAS
_NEED_RECEIPTS = frozenset({"visible", "reserved"})
_NEED_STARTS = _NEED_RECEIPTS | {"queue_length", "running", "busy", "utilization"}
_BY_REPLICA = (_NEED_FLEET - _OF_REPLICAS) | {"running", "busy", "reserved"}
_BY_SERVICE = _BY_REPLICA | _OF_REPLICAS


def _left(log: RunLog) -> Ints:
    return left_queue_ns(log.attempts.started_ns, log.attempts.finished_ns)


def closed(steps: tuple[Ints, NDArray[Any]], end_ns: int) -> StepFunction:
    """Return steps as a function from 0 to the horizon, without those that change nothing."""
    times, values = steps
    if not len(times) or times[0] > 0:
        times = np.concatenate([np.zeros(1, dtype=np.int64), times])
        values = np.concatenate([np.zeros(1, dtype=values.dtype), values])
    inside = times <= end_ns
    inside[1:] &= values[1:] != values[:-1]
    return StepFunction(times[inside], values[inside], end_ns)


def share(part: StepFunction, whole: StepFunction) -> StepFunction:
    """Return one curve as a share of another over the same window."""
    times = part.times_ns
    if len(whole) > 1:
        times = np.concatenate([times, whole.times_ns])
        times.sort(kind="stable")  # merges the two
        times = times[np.append(times[1:] != times[:-1], np.ones(1, dtype=np.bool_))]
    return StepFunction(times, _at(part, times), part.end_ns, _at(whole, times))


def _at(curve: StepFunction, times_ns: Ints) -> NDArray[Any]:
    if curve.times_ns is times_ns:
        return curve.amounts
    if len(curve) == 1:
        return np.broadcast_to(curve.amounts, times_ns.shape)
    amounts: NDArray[Any] = curve.amounts[np.searchsorted(curve.times_ns, times_ns, side="right") - 1]
    return amounts
