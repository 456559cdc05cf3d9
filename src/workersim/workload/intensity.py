"""Poisson arrivals whose rate changes in steps, exact by inversion of the cumulative rate.

If E1 < E2 < … are the arrivals of a Poisson process of rate 1, and L(t) is the number of arrivals expected
up to t, then the t with L(t) = Ek are those of the process whose rate is the slope of L (E. Çinlar,
*Introduction to Stochastic Processes*, 1975, section 4.7).  Nothing is thinned out, so nothing is wasted
where the rate is low.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from workersim.units import SECOND

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.random import Generator
    from numpy.typing import NDArray

__all__ = ["STEP_BLOCK", "Steps", "poisson_by_steps"]

NOTHING = 1e-12  # arrivals expected, below which there are none
STEP_BLOCK = 8192  # numbers at a time; part of every seed's meaning, as each block of levels begins anew


@dataclass(frozen=True)
class Steps:
    """A rate that is constant between edges, and begins anew after the last one.

    Attributes
    ----------
    edges_ns
        int64[k + 1], from 0 to more than 0, in order; two may be equal.
    rates
        float64[k], per second; ``rates[i]`` holds from ``edges_ns[i]`` up to ``edges_ns[i + 1]``.
    """

    edges_ns: NDArray[np.int64]
    rates: NDArray[np.float64]

    @property
    def levels(self) -> NDArray[np.float64]:
        """Arrivals expected from the beginning of a period up to each edge."""
        return np.concatenate(([0.0], np.cumsum(np.diff(self.edges_ns) * (self.rates / SECOND))))

    def expected(self, start_ns: int, end_ns: int) -> float:
        """Return how many arrivals are expected between two instants."""
        rounds, level = self.level(end_ns)
        rounds_before, level_before = self.level(start_ns)
        return max(0.0, (rounds - rounds_before) * float(self.levels[-1]) + level - level_before)

    def level(self, instant_ns: int) -> tuple[int, float]:
        """Return whole periods before an instant, and the arrivals expected since the last one began."""
        rounds, rest_ns = divmod(instant_ns, int(self.edges_ns[-1]))
        return rounds, float(np.interp(rest_ns, self.edges_ns.astype(float), self.levels))


def poisson_by_steps(steps: Steps, generator: Generator, start_ns: int, end_ns: int) -> Iterator[NDArray[np.int64]]:
    """Draw the arrivals from one instant to another, both included, block by block.

    Parameters
    ----------
    steps
        The rate.
    generator
        Gives the exponential gaps between the levels.
    start_ns, end_ns
        Nothing arrives outside.

    Yields
    ------
    int64[n]
        The next instants in ns, in order, rounded half to even; n may be 0.
    """
    if start_ns > end_ns or steps.expected(start_ns, end_ns) < NOTHING:
        return
    levels, period_ns = steps.levels, int(steps.edges_ns[-1])
    rounds, level = steps.level(start_ns)
    last_ns = start_ns
    while last_ns <= end_ns:
        # whole rounds are kept apart: a level that only grew would lose digits
        reached = level + np.cumsum(generator.standard_exponential(STEP_BLOCK))
        more = np.floor(reached / levels[-1])
        rest = np.clip(reached - more * levels[-1], 0.0, np.nextafter(levels[-1], 0.0))
        beyond = end_ns // period_ns - rounds + 1
        rest[more >= beyond] = 0.0
        more = np.minimum(more, float(beyond))
        drawn = (rounds + more.astype(np.int64)) * period_ns + _invert(steps, levels, rest)
        rounds, level, last_ns = rounds + int(more[-1]), float(rest[-1]), int(drawn[-1])
        yield drawn[(drawn >= start_ns) & (drawn <= end_ns)]


def _invert(steps: Steps, levels: NDArray[np.float64], wanted: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the instants within a period at which levels below its last one are reached."""
    piece = np.searchsorted(levels, wanted, side="right") - 1
    into_ns = np.rint((wanted - levels[piece]) / steps.rates[piece] * SECOND).astype(np.int64)
    within: NDArray[np.int64] = np.minimum(steps.edges_ns[piece] + into_ns, steps.edges_ns[piece + 1])
    return within
