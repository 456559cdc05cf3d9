"""How safe a choice is: on how many days it meets the targets, and how much more work it takes to break it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from workersim.errors import InputError
from workersim.experiments.planning.trials import observe
from workersim.experiments.scaling import more_arrivals
from workersim.statistics.selection import share_interval
from workersim.units import NEVER, SECOND, Duration
from workersim.workload import horizon_ns

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from workersim.experiments.planning.targets import Target
    from workersim.scenario import Scenario

__all__ = ["Holds", "a_day_of", "breaks_at", "holds"]

DAY_NS = 86_400 * SECOND
# Days that are counted, replications for each load that is tried, and how closely the load is looked for: of fleets
# that stay as they are, and of those that change, whose runs take much longer.
DAYS, _RUNS, _STEP = (200, 50), (10, 4), (1.02, 1.05)
_MOST = 16.0


class Holds(NamedTuple):
    """In how many of so many days, or runs, every target was met, and the 95 % interval of that share."""

    met: int
    of: int
    interval: tuple[float, float]

    @property
    def share(self) -> float:
        """The share."""
        return self.met / self.of


def a_day_of(scenario: Scenario) -> tuple[Scenario, str]:
    """Return what is repeated to tell a day, and what to call it.

    A run of at most 24 h after its warm-up, or one that drains, is repeated as it is.  Of a longer one it is the 24 h
    after the warm-up; without a warm-up the second day, as the first begins with an empty queue.
    """
    end_ns, warm_ns = horizon_ns(scenario), int(scenario.run.warm_up)
    if end_ns == NEVER or end_ns - warm_ns <= DAY_NS:
        return scenario, "day" if end_ns - warm_ns == DAY_NS else "run"
    if not warm_ns and end_ns >= 2 * DAY_NS:
        warm_ns = DAY_NS
    until = {"run.warm_up": str(Duration(warm_ns)), "run.until": str(Duration(warm_ns + DAY_NS))}
    return scenario.replace_all(until), "day"


def holds(scenario: Scenario, targets: Sequence[Target], *, random: bool) -> Holds:
    """Return how often a day meets all targets, counted over independent ones."""
    day, _ = a_day_of(scenario)
    rows = observe(day, range(DAYS[not scenario.is_steady] if random else 1), targets)
    met = sum(all(target.allows(value) for target, value in zip(targets, row, strict=True)) for row in rows)
    return Holds(met, len(rows), share_interval(met, len(rows)) if random else (float(met), float(met)))


def breaks_at(scenario: Scenario, targets: Sequence[Target], *, random: bool) -> float | None:
    """Return by how much the arrivals can be multiplied until a target is missed in the mean.

    The same draws are used at every load, so arrivals only move closer together.

    Returns
    -------
    float or None
        Within 2 % (of fleets that change 5 %), from below; infinite from 16 on; None if the arrivals cannot be
        multiplied, or it is missed with next to no arrivals too.
    """
    able = [target for target in targets if target.helped_by_more]
    if not able:
        return None

    changing = not scenario.is_steady

    def met(factor: float) -> bool:
        columns = zip(
            *observe(more_arrivals(scenario, factor), range(_RUNS[changing] if random else 1), able), strict=True
        )
        return all(target.allows(math.fsum(column) / len(column)) for target, column in zip(able, columns, strict=True))

    try:
        return _last(met, _STEP[changing])
    except InputError:  # a trace; or so much that it cannot be realised
        return None


def _last(met: Callable[[float], bool], step: float) -> float | None:
    """Return the last factor that is met, taking it that what is met is met with less too."""
    low = high = 1.0
    if met(low):
        high = 2.0
        while met(high):
            low, high = high, 2 * high
            if low >= _MOST:
                return math.inf
    else:
        low = 0.5
        while not met(low):
            low, high = low / 2, low
            if high <= 1 / _MOST:
                return None
    while high > low * step:
        middle = math.sqrt(low * high)
        low, high = (middle, high) if met(middle) else (low, middle)
    return low
