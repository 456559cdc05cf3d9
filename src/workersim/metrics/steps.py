"""A quantity over time that changes only at instants: exact, because nothing is sampled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from workersim.errors import LogError
from workersim.runlog.counting import exact_sum
from workersim.units import SECOND

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from workersim.runlog.schema import Floats, Ints

__all__ = ["PARTS", "StepFunction", "area_of"]

PARTS = 1024  # of a vCPU: what is a whole number of them is added up without rounding
_MOST_PARTS = 2.0**53


@dataclass(frozen=True, eq=False)
class StepFunction:
    """A step function of time over a closed window, in seconds at its surface.

    The value at an instant is the one after everything that happens at that instant, and holds
    until the next step.  A share, such as busy slots of the slots that are up, keeps both of its
    terms, so that its mean is the ratio of the two areas and not a mean of ratios.

    Attributes
    ----------
    times_ns
        Strictly increasing instants of the steps in nanoseconds; the first is the window's start.
    amounts
        The value from each of them on (of a share: its upper term).
    end_ns
        The window's end, at or after the last step.
    per
        Of a share: its lower term at the same instants; where that is 0 the share is undefined.

    Raises
    ------
    LogError
        If a column is empty, the lengths differ, or the instants are out of order.

    Examples
    --------
    Six documents wait for 20 minutes, two for 20 more, then none.

    >>> import numpy as np
    >>> minute = 60 * 10**9
    >>> queue = StepFunction(np.array([0, 20, 40]) * minute, np.array([6, 2, 0]), 60 * minute)
    >>> round(queue.mean(), 3), queue.max(), queue.at(1200)
    (2.667, 6.0, 2.0)
    >>> queue.window(0, 1200).mean()
    6.0
    """

    times_ns: Ints
    amounts: NDArray[Any]
    end_ns: int
    per: NDArray[Any] | None = None

    def __post_init__(self) -> None:
        lengths = {len(column) for column in (self.times_ns, self.amounts, self.per) if column is not None}
        ordered = bool((self.times_ns[1:] > self.times_ns[:-1]).all())
        if lengths == {0} or len(lengths) > 1 or not ordered or self.end_ns < self.times_ns[-1]:
            msg = "a step function needs columns of one length with strictly increasing instants up to its end"
            raise LogError(msg)

    def __len__(self) -> int:
        return len(self.times_ns)

    @property
    def start_s(self) -> float:
        """Start of the window in seconds."""
        return int(self.times_ns[0]) / SECOND

    @property
    def end_s(self) -> float:
        """End of the window in seconds."""
        return self.end_ns / SECOND

    @property
    def times(self) -> Floats:
        """Instants of the steps in seconds."""
        return self.times_ns / SECOND

    @property
    def values(self) -> Floats:
        """Value from each step on; NaN where a share is undefined."""
        if self.per is None:
            return self.amounts.astype(np.float64)
        defined = self.per > 0
        shares: Floats = np.divide(self.amounts, self.per, out=np.full(len(self), np.nan), where=defined)
        return shares

    def mean(self) -> float:
        """Return the time average over the window; NaN if it has no length, or the share no base."""
        area = _area(self.amounts, self._lasts_ns())
        base = self.end_ns - int(self.times_ns[0]) if self.per is None else _area(self.per, self._lasts_ns())
        return area / base if base else float("nan")

    def area_ns(self) -> int | float:
        """Return the area under the amounts: their unit times nanoseconds, exact for whole numbers."""
        return _area(self.amounts, self._lasts_ns())

    def integral(self) -> float:
        """Return the area under the curve: its unit times seconds; where it is undefined it adds nothing."""
        if self.per is None:
            return self.area_ns() / SECOND
        return float(np.nansum(self.values * self._lasts_ns())) / SECOND

    def max(self) -> float:
        """Return the highest value in the closed window; NaN if there is none."""
        return float(np.fmax.reduce(self.values))

    def min(self) -> float:
        """Return the lowest value in the closed window; NaN if there is none."""
        return float(np.fmin.reduce(self.values))

    def at(self, time_s: float) -> float:
        """Return the value at an instant, after everything that happens at it.

        Parameters
        ----------
        time_s
            Seconds, within the window.

        Raises
        ------
        LogError
            If the instant lies outside.
        """
        return float(self.values[self._step_at(self._inside_ns(time_s))])

    def quantile(self, share: float) -> float:
        """Return the value that is not exceeded for this share of the time.

        Parameters
        ----------
        share
            From 0 to 1, of the time in which the value is defined.

        Returns
        -------
        float
            The lowest such value; NaN if there is none.

        Raises
        ------
        LogError
            If the share is not from 0 to 1.
        """
        if not 0 <= share <= 1:
            msg = f"a share of the time is a number from 0 to 1, got {share!r}"
            raise LogError(msg)
        values, lasts = self.values, self._lasts_ns()
        known = np.flatnonzero(~np.isnan(values) & (lasts > 0))
        if not len(known):
            return self.max()
        order = known[np.argsort(values[known], kind="stable")]
        upto = np.cumsum(lasts[order])
        # Where a step ends at exactly this share, the rounding of the product must not pass it by.
        wanted = share * float(upto[-1]) * (1 - 2.0**-52)
        return float(values[order[np.searchsorted(upto, wanted)]])

    def window(self, from_s: float, to_s: float | None = None) -> StepFunction:
        """Return the part between two instants; it starts with the value that stands at the first.

        Parameters
        ----------
        from_s, to_s
            Seconds, within the window; ``to_s`` defaults to its end.

        Raises
        ------
        LogError
            If an instant lies outside, or they are in the wrong order.
        """
        start = self._inside_ns(from_s)
        end = self.end_ns if to_s is None else self._inside_ns(to_s)
        if end < start:
            msg = f"a window must end after it starts, got {from_s} s to {to_s} s"
            raise LogError(msg)
        return self.between_ns(start, end)

    def between_ns(self, start_ns: int, end_ns: int) -> StepFunction:
        """Return the part between two instants of the window, in nanoseconds.

        Parameters
        ----------
        start_ns, end_ns
            Instants within the curve, in nanoseconds.
        """
        kept = slice(self._step_at(start_ns), self._step_at(end_ns) + 1)
        times = self.times_ns[kept].copy()
        times[0] = start_ns
        return StepFunction(times, self.amounts[kept], end_ns, None if self.per is None else self.per[kept])

    def plus(self, other: StepFunction, factor: float = 1) -> StepFunction:
        """Return the sum of this curve and another one (times ``factor``) over the same window; neither is a share.

        Parameters
        ----------
        other
            A curve over the same time.
        factor
            What its values are multiplied by first.
        """
        times = np.union1d(self.times_ns, other.times_ns)
        return StepFunction(times, self._amounts_at(times) + factor * other._amounts_at(times), self.end_ns)

    def points(self) -> tuple[Floats, Floats]:
        """Return times in seconds and values, closed by a point at the end: what a step plot needs."""
        times, values = self.times, self.values
        if self.times_ns[-1] == self.end_ns:
            return times, values
        return np.append(times, self.end_s), np.append(values, values[-1])

    def to_frame(self) -> pd.DataFrame:
        """Return the steps as a frame of ``time`` (seconds) and ``value``, closed by a row at the end."""
        import pandas as pd  # noqa: PLC0415 (takes half a second; only frames need it)

        times, values = self.points()
        return pd.DataFrame({"time": times, "value": values})

    def _lasts_ns(self) -> Ints:
        return np.diff(self.times_ns, append=self.end_ns)

    def _amounts_at(self, times_ns: Ints) -> NDArray[Any]:
        amounts: NDArray[Any] = self.amounts[np.searchsorted(self.times_ns, times_ns, side="right") - 1]
        return amounts

    def _step_at(self, instant_ns: int) -> int:
        return int(np.searchsorted(self.times_ns, instant_ns, side="right")) - 1

    def _inside_ns(self, time_s: float) -> int:
        # Written so that a NaN is refused too.
        if not self.start_s <= time_s <= self.end_s:
            msg = f"{time_s} s lies outside of the window from {self.start_s} s to {self.end_s} s"
            raise LogError(msg)
        return min(max(round(time_s * SECOND), int(self.times_ns[0])), self.end_ns)


def area_of(amount: float, lasts_ns: int) -> float:
    """Return the area under one step, rounded as that under several is."""
    parts = amount * PARTS
    whole = parts == round(parts) and abs(parts) < _MOST_PARTS
    return int(parts) * lasts_ns / PARTS if whole else amount * lasts_ns


def _area(amounts: NDArray[Any], lasts_ns: Ints) -> float:
    """Return the area in units times nanoseconds: of whole numbers, and of whole parts, exact and rounded once."""
    if amounts.dtype.kind in "iub":
        return float(exact_sum(amounts, lasts_ns))
    parts = amounts * PARTS
    if bool((parts == np.rint(parts)).all()) and float(np.abs(parts).max()) < _MOST_PARTS:
        return exact_sum(parts, lasts_ns) / PARTS
    return float((amounts * lasts_ns).sum())
