"""From a value of the scenario, a constant or a distribution, to columns of numbers and of nanoseconds."""

from __future__ import annotations

import math
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from workersim.errors import InputError
from workersim.scenario import Exponential
from workersim.scenario.distributions import amount
from workersim.units import SECOND, Duration, seconds_to_ns
from workersim.workload.families import Sampler, bound_of, fixed_value, grain_of, mean_of, sampler
from workersim.workload.jobs import constant

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.random import Generator
    from numpy.typing import NDArray

    from workersim.scenario import Distribution

__all__ = ["BLOCK", "EXACT_NS", "LONGEST_NS", "Draws", "Source", "in_blocks", "round_ns", "sample", "to_ns"]

BLOCK = 32768  # numbers at a time: they stay in the processor's cache until they are nanoseconds
LONGEST_NS = 2**61  # two of these can be added without reaching the end of the clock
EXACT_NS = 2**52
EXACT_BITS = int(np.float64(EXACT_NS).view(np.int64))


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


class Draws:
    """What is drawn from one value of the scenario, one number after another.

    The k-th number is the same however many are taken at a time.

    Parameters
    ----------
    source
        What is drawn from.
    generator
        Makes the generator, at its start, when it is first needed: a constant needs none.
    kernel
        Makes what fills columns with exponential numbers, if a kernel may (``Streams.exponential``).
    """

    def __init__(
        self,
        source: Source,
        generator: Callable[[], Generator],
        kernel: Callable[[Generator, tuple[float, float]], Callable[[NDArray[np.int64]], None] | None] | None = None,
    ) -> None:
        self._source = source
        self._make_kernel = kernel
        self._make_generator = generator
        self._rest = np.empty(0)

    @cached_property
    def fixed_ns(self) -> int | None:
        """The only duration that comes, if there is only one."""
        return self._source.fixed_ns

    @cached_property
    def bound_ns(self) -> float:
        """A duration that is never exceeded; infinity if draws must be looked at."""
        return bound_of(self._source.value) * SECOND

    def take(self, n: int) -> NDArray[np.float64]:
        """Return the next n numbers; a constant takes no memory.

        Raises
        ------
        InputError
            If something drawn is negative or no number.
        """
        fixed = self._source.fixed
        if fixed is not None:
            return constant(fixed, n, np.float64)
        return in_blocks(n, np.float64, self._fill)

    def take_ns(self, n: int) -> NDArray[np.int64]:
        """Return the next n durations as whole nanoseconds; a constant takes no memory.

        Raises
        ------
        InputError
            If something drawn is negative, no number, or beyond the clock's 73 years.
        """
        if self.fixed_ns is not None:
            return constant(self.fixed_ns, n)
        return in_blocks(n, np.int64, self._fill_ns)

    def fill_gaps_ns(self, out: NDArray[np.int64]) -> None:
        """Fill a column with the next durations; one beyond the clock is cut: after it nothing comes."""
        self._fill_ns(out, cut=True)

    def _fill_ns(self, out: NDArray[np.int64], *, cut: bool = False) -> None:
        if self._kernel is not None:
            self._kernel(out)
            return
        to_ns(self._next(len(out)), self._source.where, out=out, cut=cut, bound_ns=self.bound_ns)

    def _fill(self, out: NDArray[np.float64]) -> None:
        out[:] = self._next(len(out))
        check_drawn(out, self._source.where)

    @cached_property
    def _sampler(self) -> Callable[[int], NDArray[np.float64]]:
        return partial(self._source.sampler(), self._generator)

    @cached_property
    def _generator(self) -> Generator:
        return self._make_generator()

    @cached_property
    def _kernel(self) -> Callable[[NDArray[np.int64]], None] | None:
        value = self._source.value
        if self._make_kernel is None or not isinstance(value, Exponential) or self.bound_ns >= EXACT_NS:
            return None
        return self._make_kernel(self._generator, (amount(value.mean), float(SECOND)))

    @cached_property
    def _grain(self) -> int:
        return grain_of(self._source.value)

    def _next(self, n: int) -> NDArray[np.float64]:
        if self._grain == 1:
            return self._sampler(n)
        if len(self._rest) < n:
            short = -(-(n - len(self._rest)) // self._grain) * self._grain
            self._rest = np.concatenate((self._rest, self._sampler(short)))
        drawn, self._rest = self._rest[:n], self._rest[n:]
        return drawn


def in_blocks(n: int, dtype: type, fill: Callable[[NDArray[Any]], None]) -> NDArray[Any]:
    """Return a new column of n rows that is filled a block at a time."""
    column: NDArray[Any] = np.empty(n, dtype)
    for start in range(0, max(n, 1), BLOCK):  # a file that cannot be used is refused even if nothing is drawn
        fill(column[start : start + BLOCK])
    return column


def to_ns(
    seconds: NDArray[np.float64],
    where: str,
    *,
    out: NDArray[np.int64],
    cut: bool = False,
    bound_ns: float = math.inf,
) -> NDArray[np.int64]:
    """Round seconds to nanoseconds, half to even.

    Parameters
    ----------
    seconds
        What was drawn; overwritten.
    where
        Its key in the scenario, for the message.
    out
        Where the nanoseconds go.
    cut
        Take what is beyond the clock as its end (a gap after which nothing comes) instead of refusing it.
    bound_ns
        If all of it is known to lie between 0 and this, it need not be looked at.

    Returns
    -------
    int64[n]
        ``out``.

    Raises
    ------
    InputError
        If a number is negative or none, or, unless cut, beyond the clock.
    """
    known = bound_ns < LONGEST_NS
    if not known:
        check_drawn(seconds, where)
    seconds *= SECOND
    longest_ns = bound_ns if known else seconds.max(initial=0.0)
    if longest_ns > LONGEST_NS:
        if not cut:
            msg = f"{where}: a draw of {longest_ns / SECOND:.3g} s is beyond the clock's 73 years"
            raise InputError(msg)
        np.minimum(seconds, float(LONGEST_NS), out=seconds)
    return round_ns(seconds, longest_ns, out)


def round_ns(ns: NDArray[np.float64], bound_ns: float, out: NDArray[np.int64]) -> NDArray[np.int64]:
    """Round numbers from 0 to 2**61, none above the bound, half to even; they are overwritten."""
    if bound_ns < EXACT_NS:
        # from 2**52 to 2**53 floats are the whole numbers: the sum is rounded, its low bits count from 2**52
        np.add(ns, float(EXACT_NS), out=out.view(np.float64))
        out -= EXACT_BITS
    else:
        np.rint(ns, out=ns)
        out[:] = ns
    return out


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
