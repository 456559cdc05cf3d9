"""What chance does to a fleet: how long its containers take to start, and when they crash; drawn beforehand."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from workersim.errors import InputError
from workersim.scenario import Failures
from workersim.units import NEVER
from workersim.workload.sampling import Draws, Source
from workersim.workload.streams import Purpose, Streams

if TYPE_CHECKING:
    from numpy.random import Generator
    from numpy.typing import NDArray

    from workersim.scenario import Fleet, Scenario
    from workersim.workload.jobs import Jobs

__all__ = ["Breakdown", "Breakdowns", "last_ns", "startups_ns", "work_ns"]

STARTS = 4096  # start-up times that are drawn; a run with more starts uses them again
MOST_BREAKDOWNS = 1_000_000


class Breakdown(NamedTuple):
    """A crash by chance: when, of which replica, and how long until it is ready again."""

    at_ns: int
    replica: int
    down_ns: int


def startups_ns(scenario: Scenario, service: int, streams: Streams) -> NDArray[np.int64]:
    """Return how long one start of a container after the other takes, for the service at this place.

    Returns
    -------
    int64[k]
        One if it always takes as long; else what was drawn, to be used over again.
    """
    name, fleet = list(scenario.fleets.items())[service]
    where = f"services.{name}.startup" if name else "fleet.startup"
    source = Source(fleet.startup, where, scenario.folder)
    draws = Draws(source, lambda: streams.of(Purpose.STARTUP, service, name=name))
    return np.array(draws.take_ns(1 if draws.fixed_ns is not None else STARTS))


class Breakdowns:
    """When each of some replicas crashes, and how long it is away: both exponential, in turn, from 0 on.

    Parameters
    ----------
    fleet, service
        Whose, and its place among the services.
    numbers
        Replica numbers that can occur.  Each has random numbers of its own.
    streams
        Where the random numbers come from.
    """

    def __init__(self, fleet: Fleet, service: int, numbers: int, streams: Streams) -> None:
        failures = fleet.crashes
        self._makers: list[Generator] = []
        if isinstance(failures, Failures):
            self._mtbf = failures.mtbf
            self._means_ns = int(failures.mtbf), int(failures.mttr)
            self._makers = [streams.of(Purpose.CRASHES, service, part=replica) for replica in range(numbers)]
        self._next = [self._drawn(maker, replica, 0) for replica, maker in enumerate(self._makers)]
        self._until_ns = 0

    def until(self, until_ns: int) -> list[Breakdown]:
        """Return those up to an instant that have not been returned yet, in order.

        Raises
        ------
        InputError
            If there would be more than a million.
        """
        self._refuse_too_many(until_ns)
        found = []
        for replica, maker in enumerate(self._makers):
            while (coming := self._next[replica]).at_ns <= until_ns:
                found.append(coming)
                self._next[replica] = self._drawn(maker, replica, coming.at_ns + coming.down_ns)
        return sorted(found)

    def _drawn(self, maker: Generator, replica: int, since_ns: int) -> Breakdown:
        """Draw the next one of a replica that is up since an instant."""
        up, down = maker.exponential(size=2) * self._means_ns
        return Breakdown(since_ns + round(up), replica, max(1, round(down)))

    def _refuse_too_many(self, until_ns: int) -> None:
        if not self._makers:
            return
        expected = len(self._makers) * (until_ns - self._until_ns) / sum(self._means_ns)
        if expected > MOST_BREAKDOWNS:
            most = f"expected at most {MOST_BREAKDOWNS:,} crashes in a run"
            msg = f"fleet.crashes.mtbf: {most}, found {self._mtbf}, which makes about {expected:.3g}"
            raise InputError(msg)
        self._until_ns = until_ns


def last_ns(jobs: Jobs, horizon_ns: int) -> int:
    """Return an instant after which chance need not strike any more.

    That is the horizon; in a run until drained the last arrival, and twice the time that all that is asked for
    takes on one slot.
    """
    if horizon_ns < NEVER:
        return horizon_ns
    arrivals = jobs.table.arrival_ns
    last = int(np.max(arrivals[arrivals < NEVER], initial=0))
    return min(2**61, last + work_ns(jobs))


def work_ns(jobs: Jobs) -> int:
    """Return twice the time that all that is asked for takes on one slot, retries and their delays included."""
    fails = 0 if jobs.fates is None else jobs.fates.fails
    delays = 0 if jobs.fates is None else int(jobs.fates.retry_delay_ns.sum())
    return 2 * int((jobs.demand_ns * (1.0 + fails)).sum()) + delays
