"""From a value of the scenario, a constant or a distribution, to columns of numbers and of nanoseconds."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from workersim.errors import InputError
from workersim.scenario.distributions import amount
from workersim.units import SECOND, Duration, seconds_to_ns
from workersim.workload.families import Sampler, fixed_value, mean_of, sampler
from workersim.workload.jobs import constant

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.random import Generator
    from numpy.typing import NDArray

    from workersim.scenario import Distribution

__all__ = ["BLOCK", "LONGEST_NS", "Source", "in_blocks", "sample", "sample_ns", "to_ns"]

BLOCK = 8192  # numbers at a time: they stay in the processor's cache until they are nanoseconds
LONGEST_NS = 2**61  # two of these can be added without reaching the end of the clock


@dataclass(frozen=True)
class Source:
    """A value of the scenario, and where it stands.

    Attributes
    ----------
    value
        A constant or a distribution.
    where
        Its key, for messages: ``workload.jobs.document.service``.
    folder
        Where files are looked up.
    """

    value: Any
    where: str
    folder: Path

    @property
    def fixed(self) -> float | None:
        """The only value that it can take, if there is only one."""
        return self.value if isinstance(self.value, int | float) else fixed_value(self.value)

    @property
    def fixed_ns(self) -> int | None:
        """The same in nanoseconds, exact, if it is a duration."""
        fixed = self.fixed
        return fixed if fixed is None or isinstance(fixed, Duration) else seconds_to_ns(fixed)

    def sampler(self) -> Sampler:
        """Return what draws from it; what scipy or a file object to is told with its key."""
        with self._named():
            return sampler(self.value, self.folder)

    def mean(self) -> float:
        """Return the mean of its distribution."""
        with self._named():
            return mean_of(self.value, self.folder)

    @contextmanager
    def _named(self) -> Iterator[None]:
        try:
            yield
        except InputError as error:
            raise InputError(*(f"{self.where}: {problem}" for problem in error.problems)) from None


def sample(distribution: Distribution, generator: Generator, n: int, *, folder: Path = Path()) -> NDArray[np.float64]:
    """Draw from a distribution.

    Parameters
    ----------
    distribution
        Any of the scenario's.
    generator
        Advanced by what is drawn.
    n
        How many.
    folder
        Where the file of an empirical distribution is looked up.

    Returns
    -------
    float64[n]
        In seconds, or plain numbers if the parameters are.

    Examples
    --------
    >>> from workersim.scenario import Uniform
    >>> sample(Uniform(min=1, max=1), np.random.default_rng(1), 3).tolist()
    [1.0, 1.0, 1.0]
    """
    fixed = fixed_value(distribution)
    return np.full(n, amount(fixed)) if fixed is not None else sampler(distribution, folder)(generator, n)


def sample_ns(source: Source, generator: Generator, n: int) -> NDArray[np.int64]:
    """Draw n durations as whole nanoseconds; a constant takes no memory.

    Raises
    ------
    InputError
        If something drawn is negative, no number, or beyond the clock's 73 years.
    """
    fixed_ns = source.fixed_ns
    if fixed_ns is not None:
        return constant(fixed_ns, n)
    draw = source.sampler()
    return in_blocks(n, np.int64, lambda k: to_ns(draw(generator, k), source.where))


def in_blocks(n: int, dtype: type, draw: Callable[[int], NDArray[Any]]) -> NDArray[Any]:
    """Fill a new column of n rows, a block at a time."""
    column: NDArray[Any] = np.empty(n, dtype)
    for start in range(0, n, BLOCK):
        stop = min(start + BLOCK, n)
        column[start:stop] = draw(stop - start)
    return column


def to_ns(seconds: NDArray[np.float64], where: str, *, cut: bool = False) -> NDArray[np.int64]:
    """Round seconds to nanoseconds, half to even.

    Parameters
    ----------
    seconds
        What was drawn.
    where
        Its key in the scenario, for the message.
    cut
        Take what is beyond the clock as its end (a gap after which nothing comes) instead of refusing it.

    Raises
    ------
    InputError
        If a number is negative or none, or, unless cut, beyond the clock.
    """
    check_drawn(seconds, where)
    ns = np.rint(seconds * SECOND)
    if ns.max(initial=0.0) > LONGEST_NS:
        if not cut:
            msg = f"{where}: a draw of {seconds.max():.3g} s is beyond the clock's 73 years"
            raise InputError(msg)
        np.minimum(ns, float(LONGEST_NS), out=ns)
    return ns.astype(np.int64)


def check_drawn(drawn: NDArray[np.float64], where: str) -> None:
    """Refuse negative numbers and what is no number; infinity is left to the caller.

    Raises
    ------
    InputError
        With the share of them among what was drawn.
    """
    if not drawn.min(initial=0.0) >= 0:  # also true if one of them is nan
        negative, undefined = np.mean(drawn < 0), np.mean(np.isnan(drawn))
        msg = (
            f"{where}: of {len(drawn)} draws {negative:.2%} are negative and {undefined:.2%} are no number; "
            "expected a distribution of values >= 0"
        )
        raise InputError(msg)
