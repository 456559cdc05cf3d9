"""Where the beginning of a run stops to matter: MSER-5."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from workersim.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["WarmUp", "mser5"]

BATCH = 5


class WarmUp(NamedTuple):
    """What to leave out at the beginning of a run.

    Attributes
    ----------
    leave_out
        How many values.
    settled
        Whether the rest looks like one thing; if not, the run is too short to tell, and should be longer.
    means
        Means of five values each.
    scores
        For each number of such means that is left out, the squared standard error of what is left.
    """

    leave_out: int
    settled: bool
    means: NDArray[np.float64]
    scores: NDArray[np.float64]


def mser5(values: ArrayLike) -> WarmUp:
    """Propose how many values at the beginning of a run to leave out.

    Parameters
    ----------
    values
        n values in the order in which they came, at least 10.

    Raises
    ------
    InputError
        If there are fewer than 10, or one is not finite.

    Notes
    -----
    Values are averaged five at a time; left out are those without which the squared standard error of the mean
    of the rest, as if they were independent, is least (White, Cobb and Spratt, "A comparison of five steady-state
    truncation heuristics for simulation", Winter Simulation Conference 2000).  At most half of a run is left out: a
    minimum at that end says that the run has not settled.

    Examples
    --------
    >>> import numpy as np
    >>> rising = np.minimum(np.arange(1000), 200) + np.random.default_rng(1).normal(0, 5, 1000)
    >>> 150 <= mser5(rising).leave_out <= 250
    True
    """
    held = np.asarray(values, dtype=np.float64)
    if len(held) < 2 * BATCH or not np.isfinite(held).all():
        msg = f"a warm-up is looked for in {2 * BATCH} finite values or more, got {len(held)}"
        raise InputError(msg)
    count = len(held) // BATCH
    means = held[: count * BATCH].reshape(count, BATCH).mean(axis=1)
    last = max(1, count // 2)
    left = count - np.arange(last + 1)
    # Sums from each mean to the end, about the overall one so that squares keep their digits.
    centred = means - means.mean()
    sums, squares = (np.cumsum(each[::-1])[::-1][: last + 1] for each in (centred, centred**2))
    scores = np.maximum(squares - sums**2 / left, 0.0) / left.astype(np.float64) ** 2
    best = int(scores.argmin())
    return WarmUp(best * BATCH, best < last, means, scores)
