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
    from numpy.typing import NDArray

    from workersim.scenario import Fleet, Scenario
    from workersim.workload.jobs import Jobs

__all__ = ["Breakdown", "breakdowns", "last_ns", "startups_ns"]

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


def breakdowns(fleet: Fleet, service: int, numbers: int, until_ns: int, streams: Streams) -> list[Breakdown]:
    """Draw when each of the replicas crashes, and how long it is away: both exponential, in turn, from 0 on.

    Parameters
    ----------
    fleet, service
        Whose, and its place among the services.
    numbers
        Replica numbers that can occur.  Each has random numbers of its own.
    until_ns
        The last instant at which one may crash.

    Raises
    ------
    InputError
        If there would be more than a million.
    """
    failures = fleet.crashes
    if not isinstance(failures, Failures):
        return []
    expected = numbers * until_ns / (int(failures.mtbf) + int(failures.mttr))
    if expected > MOST_BREAKDOWNS:
        most = f"expected at most {MOST_BREAKDOWNS:,} crashes in a run"
        msg = f"fleet.crashes.mtbf: {most}, found {failures.mtbf}, which makes about {expected:.3g}"
        raise InputError(msg)
    drawn = []
    for replica in range(numbers):
        generator = streams.of(Purpose.CRASHES, service, part=replica)
        at_ns = 0
        while True:
            up, down = generator.exponential(size=2) * (int(failures.mtbf), int(failures.mttr))
            if up > until_ns - at_ns:
                break
            at_ns += round(up)
            drawn.append(Breakdown(at_ns, replica, max(1, round(down))))
            at_ns += round(down)
    return sorted(drawn)


def last_ns(jobs: Jobs, horizon_ns: int) -> int:
    """Return an instant after which chance need not strike any more.

    That is the horizon; in a run until drained the last arrival, and twice the time that all that is asked for
    takes on one slot.
    """
    if horizon_ns < NEVER:
        return horizon_ns
    arrivals = jobs.table.arrival_ns
    last = int(np.max(arrivals[arrivals < NEVER], initial=0))
    fails = 0 if jobs.fates is None else jobs.fates.fails
    delays = 0 if jobs.fates is None else int(jobs.fates.retry_delay_ns.sum())
    return min(2**61, last + 2 * int((jobs.demand_ns * (1.0 + fails)).sum()) + delays)
