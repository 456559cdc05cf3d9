"""How a simulated run agrees with what was observed of the same jobs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from workersim.runlog.deciding import deciding_rows
from workersim.units import NEVER, SECOND

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from workersim.runlog import RunLog

__all__ = ["Agreement", "agreement", "differences", "ks_distance"]

_SPREADS = ("wait", "service", "response")
_FIGURES = ("mean", "p50", "p90", "p95", "p99", "max")
_CURVES = ("queue_length", "visible", "reserved", "utilization")
_HOUR_NS = 3600 * SECOND


@dataclass(frozen=True)
class Agreement:
    """How simulated waits agree with observed ones, over the jobs that started in both.

    Attributes
    ----------
    jobs
        How many these are.
    ks
        The largest difference between the shares of jobs that waited at most so long, 0 to 1.
    correlation
        Pearson's, job by job; None where one side does not vary.
    mean_error_s
        The mean of the absolute differences, in seconds.
    worst_hour
        Of the hours of the recording that with the largest difference of mean waits: ``from`` (seconds),
        ``jobs``, ``observed``, ``simulated`` (mean waits in seconds).
    """

    jobs: int
    ks: float
    correlation: float | None
    mean_error_s: float
    worst_hour: dict[str, float]


def agreement(observed: RunLog, simulated: RunLog) -> Agreement | None:
    """Return how the waits of the same jobs agree; None if no job started in both.

    Parameters
    ----------
    observed, simulated
        Logs of the same jobs in the same order.
    """
    (seen, saw), (made, ran) = _waits(observed), _waits(simulated)
    both = saw & ran
    if not both.any():
        return None
    seen_s, made_s = seen[both] / SECOND, made[both] / SECOND
    return Agreement(
        jobs=int(both.sum()),
        ks=ks_distance(seen_s, made_s),
        correlation=_correlation(seen_s, made_s),
        mean_error_s=float(np.abs(seen_s - made_s).mean()),
        worst_hour=_worst_hour(observed.jobs.arrival_ns[both], seen_s, made_s),
    )


def ks_distance(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """Return the Kolmogorov-Smirnov distance of two samples: 0 if they are alike, 1 if they do not overlap.

    Examples
    --------
    >>> ks_distance(np.array([1.0, 2.0]), np.array([2.0, 3.0])), ks_distance(np.array([1.0]), np.array([1.0]))
    (0.5, 0.0)
    """
    values = np.concatenate([one, other])
    shares = [np.searchsorted(np.sort(sample), values, side="right") / len(sample) for sample in (one, other)]
    return float(np.abs(shares[0] - shares[1]).max())


def differences(
    simulated: Mapping[str, Any], observed: Mapping[str, Any], agreed: Agreement | None
) -> dict[str, float | None]:
    """Return simulated ÷ observed - 1 for each figure that both have; None where it cannot be told.

    Parameters
    ----------
    simulated, observed
        Trees of figures.
    agreed
        Gives ``wait.ks`` and ``wait.correlation``.
    """
    found: dict[str, float | None] = {}
    for block in _SPREADS:
        for figure in _FIGURES:
            found[f"{block}.{figure}"] = _relative(simulated[block][figure], observed[block][figure])
    for block in _CURVES:
        for figure in ("mean", "max"):
            found[f"{block}.{figure}"] = _relative(simulated[block][figure], observed[block][figure])
    found["throughput"] = _relative(simulated["throughput"], observed["throughput"])
    found["wait.ks"] = None if agreed is None else agreed.ks
    found["wait.correlation"] = None if agreed is None else agreed.correlation
    return found


def _relative(simulated: float | None, observed: float | None) -> float | None:
    if simulated is None or observed is None:
        return None
    if observed == 0:
        return 0.0 if simulated == 0 else None
    return simulated / observed - 1


def _waits(log: RunLog) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    rows = deciding_rows(log.attempts, len(log.jobs))
    started = log.attempts.started_ns[rows]
    return started - log.jobs.arrival_ns, started < NEVER


def _correlation(one: NDArray[np.float64], other: NDArray[np.float64]) -> float | None:
    if len(one) < 2 or one.std() == 0 or other.std() == 0:
        return None
    return float(np.corrcoef(one, other)[0, 1])


def _worst_hour(arrival: NDArray[Any], seen_s: NDArray[np.float64], made_s: NDArray[np.float64]) -> dict[str, float]:
    hours, number = np.unique(arrival // _HOUR_NS, return_inverse=True)
    jobs = np.bincount(number)
    seen, made = (np.bincount(number, weights=waits) / jobs for waits in (seen_s, made_s))
    worst = int(np.abs(seen - made).argmax())
    return {
        "from": float(hours[worst] * 3600),
        "jobs": int(jobs[worst]),
        "observed": float(seen[worst]),
        "simulated": float(made[worst]),
    }
