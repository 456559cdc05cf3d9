"""Instants in order, of which the next n are taken: how many at a time changes none of them.

Each of these classes has ``take(n)``, which returns int64[n] in ns: fewer only at the end, none after it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn, TypeAlias

import numpy as np

from workersim.errors import InputError
from workersim.units import NEVER
from workersim.workload.demands import joined
from workersim.workload.jobs import constant
from workersim.workload.sampling import BLOCK

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

__all__ = ["Ahead", "Blocks", "Even", "Gaps", "Instants", "Limit", "Summed"]

SPARE = 64  # instants for which there is room beyond those that are likely


@dataclass(frozen=True)
class Limit:
    """How many jobs a stream of arrivals may bring, and its key for the message."""

    where: str
    most: int

    def check(self, expected: float) -> None:
        """Refuse more; what is not known (nan) passes."""
        if expected > self.most:
            self.refuse(expected)

    def refuse(self, expected: float) -> NoReturn:
        """Raise an ``InputError`` that says how many there would be."""
        number = f"about {expected:.3g}" if math.isfinite(expected) else "endlessly many"
        msg = f"{self.where} would bring {number} jobs; a run holds at most {self.most:,}"
        raise InputError(msg)


class Even:
    """Instants at one interval; if that is 0, what is taken is a view of one value.

    Parameters
    ----------
    start_ns, interval_ns
        The first instant, and the time from each to the next.
    count
        How many there are.
    """

    def __init__(self, start_ns: int, interval_ns: int, count: int) -> None:
        self._next_ns = start_ns
        self._interval_ns = interval_ns
        self._left = count

    def take(self, n: int) -> NDArray[np.int64]:
        """Return the next n instants."""
        first_ns, count = self._next_ns, min(n, self._left)
        self._next_ns += count * self._interval_ns
        self._left -= count
        if self._interval_ns == 0:
            return constant(first_ns, count)
        instants_ns = np.arange(count, dtype=np.int64)
        instants_ns *= self._interval_ns
        instants_ns += first_ns
        return instants_ns


@dataclass(frozen=True)
class Gaps:
    """Times between instants.

    Attributes
    ----------
    fill
        Fills a column of at most ``BLOCK`` rows with the next ones, in ns, from 0 to 2**61.
    bound_ns
        None is longer.
    likely
        How many there will be up to the end, in the mean; nan if nobody knows.
    """

    fill: Callable[[NDArray[np.int64]], None]
    bound_ns: float
    likely: float


class Summed:
    """Instants whose gaps are drawn, up to an end.

    Parameters
    ----------
    gaps
        What is added up.
    start_ns, end_ns
        From where, and the last instant that counts.
    limit
        Refuses a stream that does not come to its end.
    """

    def __init__(self, gaps: Gaps, start_ns: int, end_ns: int, limit: Limit) -> None:
        self._gaps = gaps
        self._now_ns = start_ns
        self._end_ns = end_ns
        self._limit = limit
        self._count = 0
        self._ended = False
        likely = gaps.likely if gaps.likely > 0 else 0.0  # also if nobody knows: nan
        self._room = int(likely + 6 * math.sqrt(likely)) + SPARE
        self._in_order = BLOCK * gaps.bound_ns < NEVER

    def take(self, n: int) -> NDArray[np.int64]:
        """Return the next n instants."""
        instants_ns, count = np.empty(min(n, self._room), np.int64), 0
        while count < n and not self._ended:
            if count == len(instants_ns):
                instants_ns.resize(min(n, count + count // 2 + BLOCK), refcheck=False)
            count += self._fill(instants_ns[count : count + BLOCK])
        return instants_ns[:count]

    def _fill(self, out: NDArray[np.int64]) -> int:
        """Fill a column with the next instants, and return how many of them count."""
        self._gaps.fill(out)
        out[0] += self._now_ns
        np.add.accumulate(out, out=out)
        # a sum can only wrap around after it has passed the end, which is looked for from the front
        self._ended = bool((out[-1] if self._in_order else out.max()) > self._end_ns)
        if self._ended:
            return int(np.argmax(out > self._end_ns))
        self._now_ns = int(out[-1])
        self._count += len(out)
        if self._count > self._limit.most:
            self._limit.refuse(math.inf)
        return len(out)


class Blocks:
    """Instants, or other whole numbers, that come in blocks of any length."""

    def __init__(self, blocks: Iterator[NDArray[np.int64]]) -> None:
        self._blocks = blocks
        self._rest = np.empty(0, np.int64)

    def take(self, n: int) -> NDArray[np.int64]:
        """Return the next n."""
        held, count = [self._rest], len(self._rest)
        while count < n and (block := next(self._blocks, None)) is not None:
            held.append(block)
            count += len(block)
        column = joined(held)
        self._rest = column[n:]
        return column[:n]


Instants: TypeAlias = Even | Summed | Blocks


class Ahead:
    """Instants that can be looked at before they are taken."""

    def __init__(self, instants: Instants) -> None:
        self._instants = instants
        self._seen = constant(0, 0)

    def peek(self, n: int) -> NDArray[np.int64]:
        """Return the next n instants, which stay."""
        if len(self._seen) < n:
            more = self._instants.take(n - len(self._seen))
            self._seen = joined([self._seen, more]) if len(self._seen) else more
        return self._seen[:n]

    def take(self, n: int) -> NDArray[np.int64]:
        """Return the next n instants."""
        taken = self.peek(n)
        self._seen = self._seen[n:]
        return taken
