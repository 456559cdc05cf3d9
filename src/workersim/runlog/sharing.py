"""What processor sharing gave to each CPU phase, worked out again from the log alone.

The engines carry a virtual time from event to event.  Here the work of a replica is integrated
between the instants of its log instead, min(1, vcpus / n) each nanosecond, and a phase must have
got what it asks for.  So this also holds that the CPU given is never above the vCPUs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from workersim.runlog.schema import SERVICE, Floats, Ints, Kind
from workersim.runlog.wording import attempt_row, refuse
from workersim.units import NEVER

if TYPE_CHECKING:
    from workersim.runlog.log import RunLog

__all__ = ["Containers", "check_sharing", "containers"]

Int64s = NDArray[np.int64]
_PARTS = 256  # of a nanosecond, in which work is counted


def check_sharing(log: RunLog) -> None:
    """Raise LogError about the first CPU phase that got another amount of CPU than it asks for.

    Instants are rounded to the nanosecond, so the begin and the end of a phase may each shift its own
    work by half a nanosecond, and an end of another one shifts it by less.  Half a nanosecond for
    each begin or end in the replica from the begin of the phase to its end, and the rounding of
    float64 (2**-50 of the work), is allowed.
    """
    phases, attempts = log.phases, log.attempts
    cpu = np.flatnonzero(phases.kind == Kind.CPU)
    attempt = phases.attempt[cpu]
    replica, began, ended = attempts.replica[attempt], phases.started_ns[cpu], phases.finished_ns[cpu]
    stops = np.minimum(ended, np.minimum(attempts.finished_ns, log.horizon_ns)[attempt])
    demand = phases.demand_ns[cpu].astype(np.int64)
    there = containers(log)
    replica, cores = there.rows(replica), there.cores
    shared = (cores < there.slots)[replica] if len(cores) else np.zeros(len(cpu), dtype=np.bool_)
    got, touches = (stops - began) * _PARTS, np.ones(len(cpu), dtype=np.int64)
    if shared.any():
        got[shared], touches[shared] = _work(replica[shared], began[shared], stops[shared], cores)
    # Work is counted modulo 2**64 parts; the difference from the demand is small, or the log is wrong.
    excess = (got - demand * _PARTS).astype(np.float64) / _PARTS
    allowed = np.where(shared, touches / 2 + demand * 2.0**-50, 0.0)
    bad = (excess > allowed) | ((excess < -allowed) & (ended < NEVER))
    broken = np.zeros(len(phases), dtype=np.bool_)
    broken[cpu[bad]] = True
    refuse("phases", broken, lambda i: _why(log, i, float(excess[np.searchsorted(cpu, i)])))


class Containers(NamedTuple):
    """What each replica of a log has: one row a replica, by its key.

    Attributes
    ----------
    keys
        int64[n] in order: the ``replica`` of the log's tables.
    cores, slots
        Its vCPUs, and the most slots that it ever had.
    """

    keys: Int64s
    cores: Floats
    slots: Ints

    def rows(self, replica: Ints) -> Ints:
        """Return the rows of replicas that are among the keys."""
        plain = not len(self.keys) or int(self.keys[-1]) == len(self.keys) - 1
        return replica if plain else np.searchsorted(self.keys, replica).astype(np.int64)


def containers(log: RunLog) -> Containers:
    """Return vCPUs and slots of each replica that a log speaks of."""
    fleet, used = log.fleet, log.attempts.replica
    highest = max((int(column.max()) for column in (fleet.replica, used) if len(column)), default=-1)
    if highest < SERVICE:
        keys = np.arange(highest + 1)
    else:
        keys = np.unique(np.concatenate([fleet.replica, used[used >= 0]]).astype(np.int64))
    found = Containers(keys, np.zeros(len(keys)), np.zeros(len(keys), dtype=np.int64))
    rows = found.rows(fleet.replica)
    np.maximum.at(found.cores, rows, fleet.vcpus)
    np.maximum.at(found.slots, rows, fleet.slots)
    return found


def _group_order(group: Ints, instants: Ints) -> Int64s:
    """Return the order by group and then instant."""
    span = int(instants.max()) + 1
    if (int(group.max()) + 1) * span < 2**63:
        # One word a row sorts several times faster than two.
        order: Int64s = np.argsort(group.astype(np.int64) * span + instants)
        return order
    return np.lexsort((instants, group))


def _work(replica: Ints, began: Ints, stops: Ints, cores: Floats) -> tuple[Int64s, Int64s]:
    """Return the work that each phase got, in parts of a nanosecond, and how many events touched it."""
    count = len(began)
    instants = np.concatenate([began, stops])
    group = np.concatenate([replica, replica])
    order = _group_order(group, instants)
    running = np.cumsum(np.where(order < count, 1, -1))[:-1]
    sorted_ns = instants[order]
    lasts = sorted_ns[1:] - sorted_ns[:-1]
    vcpus = cores[group[order[:-1]]]
    # Between two replicas nothing runs, so that stretch counts for no phase.
    parts = lasts * _PARTS
    slow = running > vcpus
    shares = lasts[slow] * vcpus[slow] / running[slow] * _PARTS
    parts[slow] = np.fmod(np.rint(shares), 2.0**64).astype(np.uint64).view(np.int64)
    upto = np.zeros(2 * count, dtype=np.int64)
    upto[order[1:]] = np.cumsum(parts)
    place = np.empty(2 * count, dtype=np.int64)
    place[order] = np.arange(2 * count)
    return upto[count:] - upto[:count], np.abs(place[count:] - place[:count]) + 1


def _why(log: RunLog, row: int, excess_ns: float) -> str:
    of = attempt_row(log, int(log.phases.attempt[row]))
    than = "more" if excess_ns > 0 else "less"
    return f"of {of} got {abs(excess_ns):g} ns of CPU {than} than its demand of {log.phases.demand_ns[row]} ns"
