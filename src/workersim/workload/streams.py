"""Where every random number comes from: one independent stream per purpose.

The key of a stream is what it is for, never the order in which it was asked for.  So a class that is
added leaves the arrivals and demands of the others alone, a stream of arrivals that is added at the end
leaves all that the earlier ones bring alone, and replication 7 is the same whether 1 to 6 were run or not.

The generator is SFC64: of NumPy's it is the fastest for exponential and normal numbers, has 256 bits of
state, all of them seeded here, and is no linear recurrence, so that streams with related keys
have no structure in common; any of them runs for 2**64 numbers before it can repeat.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from functools import partial
from hashlib import blake2b
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Fill: TypeAlias = Callable[[NDArray[np.int64]], None]

__all__ = ["Purpose", "Streams"]


class Purpose(IntEnum):
    """What random numbers are for.  The values are part of every seed's meaning: add at the end only."""

    ARRIVALS = 0
    CLASS = 1
    SERVICE = 2
    WAIT_RATIO = 3
    PHASE = 4
    EXPIRES = 5
    DISPATCH = 6
    STARTUP = 7
    STATE = 8
    FAILS = 9
    FAILS_AFTER = 10
    RETRIES = 11
    COUNTDOWN = 12
    CRASHES = 13


@dataclass(frozen=True)
class Streams:
    """The random streams of one replication.

    Attributes
    ----------
    seed, replication
        Whose they are.
    compiled
        Whether kernels may draw from them, as they will run in this process anyway; the numbers are the same.

    Examples
    --------
    >>> streams = Streams(seed=1, replication=0)
    >>> once, again = (streams.of(Purpose.SERVICE, 0, name="document").random() for _ in range(2))
    >>> once == again
    True
    """

    seed: int
    replication: int
    compiled: bool = False

    def of(self, purpose: Purpose, index: int, *, name: str = "", part: int = 0) -> np.random.Generator:
        """Return a new generator at the start of a stream.

        Parameters
        ----------
        purpose
            What the numbers are for.
        index
            Place of the stream of arrivals in the scenario.
        name
            Job class, for what is drawn per class: a class keeps its numbers when others come and go.
        part
            Place of a phase within its job class.
        """
        key = (self.replication, int(purpose), index, part, *_words(name))
        return np.random.Generator(np.random.SFC64(np.random.SeedSequence(self.seed, spawn_key=key)))

    def exponential(self, generator: np.random.Generator, factors: tuple[float, float]) -> Fill | None:
        """Return what fills columns with exponential numbers in whole nanoseconds below 2**52, if a kernel may."""
        if not self.compiled:
            return None
        from workersim.workload.ziggurat import agrees, fill_ns  # noqa: PLC0415 (numba takes half a second)

        return partial(fill_ns, generator=generator, factors=factors) if agrees() else None


def _words(name: str) -> tuple[int, int]:
    """Hash a name alike in every process (Python's own hash is salted), into two words of 32 bits."""
    digest = blake2b(name.encode(), digest_size=8).digest()
    return int.from_bytes(digest[:4], "little"), int.from_bytes(digest[4:], "little")
