"""How far a run can reach: every instant in it must be one that 64 bits hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workersim.errors import InputError
from workersim.units import NEVER, SECOND
from workersim.workload.jobs import Jobs, is_constant
from workersim.workload.sampling import LONGEST_NS

if TYPE_CHECKING:
    from collections.abc import Collection

    import numpy as np
    from numpy.typing import NDArray

    from workersim.runlog.schema import Ints
    from workersim.scenario import Fleet
    from workersim.workload.fates import Fates

__all__ = ["Reach", "ensure_range"]


def ensure_range(jobs: Jobs, fleets: Collection[Fleet], horizon: int) -> None:
    """Refuse a run in which an instant could lie beyond what 64 bits hold.

    Parameters
    ----------
    jobs
        What is to be done.
    fleets
        Slots and CPUs of the services: n phases on c < n vCPUs last n / c times as long.
    horizon
        End of the run in ns, or ``NEVER``.

    Raises
    ------
    InputError
        If one phase can last longer than 2**61 ns (73 years), or, without a horizon, all of them
        one after another as a list schedule (last arrival + stretched sum / slots + longest job).
    """
    reach = Reach(fleets, horizon)
    reach.add(jobs, _last_arrival(jobs) if len(jobs) else 0)


class Reach:
    """The same for jobs that come some at a time: it is refused as soon as the jobs so far reach too far."""

    def __init__(self, fleets: Collection[Fleet], horizon: int) -> None:
        steady = all(fleet.is_steady for fleet in fleets)
        # of a fleet that changes, one slot at least must be there for jobs to be done
        self._slots = sum(fleet.slots for fleet in fleets) if steady else 1
        self._stretch = max((fleet.concurrency / fleet.cores for fleet in fleets), default=1.0)
        self._stretch = max(1.0, self._stretch)
        self._drained = horizon >= NEVER
        self._last_ns = self._longest_ns = self._total_ns = 0
        self._again_ns = self._delays_ns = self._countdown_ns = 0.0

    def add(self, jobs: Jobs, last_ns: int) -> None:
        """Add jobs of which the last arrives at this instant, or raise."""
        if not len(jobs) or not self._slots:
            return
        longest = _largest(jobs.phase_demand_ns)
        _within("a phase", longest * self._stretch)
        if not self._drained:
            return
        demand_ns = jobs.demand_ns
        if demand_ns is not jobs.phase_demand_ns:
            longest = _largest(demand_ns)
        self._longest_ns = max(self._longest_ns, longest)
        self._last_ns = max(self._last_ns, last_ns)
        self._total_ns += _total(demand_ns, longest)
        work_ns = self._total_ns / self._slots + self._longest_ns
        _within("the run", self._last_ns + work_ns * self._stretch)
        if jobs.fates is not None:
            self._add_retries(jobs, jobs.fates)

    def _add_retries(self, jobs: Jobs, fates: Fates) -> None:
        """Add what repeated attempts and delays take, or raise."""
        self._again_ns += float((jobs.demand_ns * (fates.fails + 1.0)).sum())
        self._delays_ns += float(fates.retry_delay_ns.sum(dtype=float))
        self._countdown_ns = max(self._countdown_ns, float(fates.countdown_ns.max(initial=0)))
        delays_ns = self._delays_ns + self._countdown_ns
        _within("the run", self._last_ns + self._again_ns * self._stretch + delays_ns)


def _last_arrival(jobs: Jobs) -> int:
    """Return when the last job arrives that arrives by itself."""
    arrival_ns = jobs.table.arrival_ns
    return int(arrival_ns[0]) if is_constant(arrival_ns) else int(arrival_ns[arrival_ns < NEVER].max(initial=0))


def _largest(column: Ints) -> int:
    return int(column[0] if is_constant(column) else column.max())


def _total(column: NDArray[np.int64], largest: int) -> int:
    if is_constant(column):
        return largest * len(column)
    # in whole numbers it takes a third of the time, but they could overflow
    return int(column.sum() if largest * len(column) < NEVER else column.sum(dtype=float))


def _within(what: str, lasts_ns: float) -> None:
    if lasts_ns > LONGEST_NS:
        msg = f"workload: {what} could last {lasts_ns / SECOND / 31557600:,.0f} years; the clock holds 73"
        raise InputError(msg)
