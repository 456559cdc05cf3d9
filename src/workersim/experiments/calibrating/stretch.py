"""CPU share and vCPUs, from how services stretch with the number of tasks that run in the same container.

A job alternates between CPU and I/O.  With k jobs in a container of v vCPUs, each of which needs the CPU for a
share f of its service, the product form of a closed network [1]_ gives the rate r(k) at which a job gets on, 1
when it is alone.  What a job needs is then the integral of r over its time in the container.  The rate at which
jobs end is a hazard that depends on what they got through, times r(k); so the likelihood of all ends, given how
many ran, is the product of f(needed) r(k at the end).  The greatest one over f, v and the family of services is
taken, if it is clearly greater than that without any stretch.

.. [1] Baskett, Chandy, Muntz, Palacios, "Open, closed, and mixed networks of queues with different classes of
   customers", JACM 22 (1975): one station of processor sharing at the rate min(n, v), one without queueing.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np

from workersim.statistics.fits import LEAST_CV, fit
from workersim.units import SECOND

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from workersim.experiments.calibrating.evidence import Runs

    Floats = NDArray[np.float64]

_Judged: TypeAlias = tuple[float, float, float]  # gain, share, vCPUs

__all__ = ["Occupancy", "Stretch", "needed_s", "occupancy_of", "progress", "stretch_of"]

LEAST_RUNS = 50
CLEAR = 10.0  # by how much the log of the likelihood must rise: far beyond chance with two parameters
FAMILIES = ("gamma", "lognormal")  # in between there is little that matters here
# Share and vCPUs trade off against each other; sizes in which containers are sold decide where they are as likely.
USUAL = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0)
AS_LIKELY = 5.0
MOST_JOBS = 20_000  # more say nothing new
SHARES = tuple(np.arange(0.05, 1.0001, 0.05).tolist())


class Stretch(NamedTuple):
    """What is known of the CPU.

    Attributes
    ----------
    share
        CPU time ÷ service of a job that has the container to itself; 0 if no stretch was seen.
    vcpus
        Processors a container; None if nothing says.
    gain
        By how much the log of the likelihood is greater than without any stretch.
    others
        Usual sizes of containers that are as likely as ``vcpus``, each with a share of its own.
    """

    share: float
    vcpus: float | None
    gain: float
    others: tuple[float, ...] = ()


class Occupancy(NamedTuple):
    """How many ran in each container over time, as the steps that runs begin and end at.

    Attributes
    ----------
    lasts_s
        float64[m], the length of each step; steps of one container follow each other, then come those of the next.
    running
        int64[m], how many ran.
    first, last
        int64[n], the step at which each run begins, and the one before which it ends.
    """

    lasts_s: Floats
    running: NDArray[np.int64]
    first: NDArray[np.int64]
    last: NDArray[np.int64]


def occupancy_of(runs: Runs) -> Occupancy:
    """Return how many ran beside each run."""
    count = len(runs.started_ns)
    begin = np.concatenate([runs.started_ns, runs.others[:, 0]])
    end = np.concatenate([runs.finished_ns, runs.others[:, 1]])
    replica = np.concatenate([runs.replica, runs.others[:, 2]])
    instants = np.concatenate([begin, end])
    signs = np.concatenate([np.ones(len(begin), np.int64), -np.ones(len(end), np.int64)])
    owner = np.concatenate([replica, replica])
    order = np.lexsort((signs, instants, owner))  # an end before a beginning at one instant
    running = np.cumsum(signs[order])
    sorted_ns = instants[order]
    lasts = np.zeros(len(order))
    lasts[:-1] = np.where(owner[order][1:] == owner[order][:-1], sorted_ns[1:] - sorted_ns[:-1], 0) / SECOND
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    return Occupancy(lasts, np.maximum(running, 0), place[:count], place[len(begin) : len(begin) + count])


def progress(share: float, vcpus: float, most: int) -> Floats:
    """Return at what rate each of k jobs in a container gets on, for k from 0 to ``most``; 1 when nothing is shared.

    Examples
    --------
    >>> progress(1.0, 1.0, 4).round(3).tolist()
    [1.0, 1.0, 0.5, 0.333, 0.25]
    >>> progress(0.5, 1.0, 2).round(3).tolist()
    [1.0, 1.0, 0.8]
    """
    rates = np.ones(most + 1)
    if share <= 0:
        return rates
    number = np.arange(most + 1)
    # log of the weight of n jobs at the CPU, from those of its demand and its rate
    at_cpu = number * np.log(share) - np.concatenate([[0.0], np.cumsum(np.log(np.minimum(number[1:], vcpus)))])
    away = np.concatenate([[0.0], np.cumsum(np.log(number[1:]))])
    for k in range(1, most + 1):
        n = number[: k + 1]
        if share >= 1:
            rates[k] = min(k, vcpus) / k
            continue
        weights = at_cpu[: k + 1] + (k - n) * np.log(1 - share) - away[k - n]
        weights = np.exp(weights - weights.max())
        busy = float((weights * np.minimum(n, vcpus)).sum() / weights.sum())
        rates[k] = busy / share / k
    # One that is alone on less than a vCPU is slow already: need is measured on a CPU of its own.
    return np.asarray(np.minimum(rates, 1.0), np.float64)


def needed_s(occupancy: Occupancy, rates: Floats) -> Floats:
    """Return what each run got through, in seconds of service on a CPU of its own."""
    got = np.concatenate([[0.0], np.cumsum(occupancy.lasts_s * rates[occupancy.running])])
    return np.asarray(got[occupancy.last] - got[occupancy.first], np.float64)


def stretch_of(runs: Runs, *, vcpus: float | None = None) -> Stretch:
    """Return the share of CPU and the vCPUs under which the ends of the runs are likeliest.

    Parameters
    ----------
    runs
        What ran.
    vcpus
        Processors a container, if they are known.
    """
    occupancy = occupancy_of(runs)
    used = slice(0, MOST_JOBS)
    few = Occupancy(occupancy.lasts_s, occupancy.running, occupancy.first[used], occupancy.last[used])
    most = int(occupancy.running.max(initial=0))
    if len(few.first) < LEAST_RUNS or most < 2 or not _varies(runs):
        return Stretch(0.0, vcpus, 0.0)
    plain = _likelihood(few, np.ones(most + 1))
    if not np.isfinite(plain):
        return Stretch(0.0, vcpus, 0.0)
    candidates = (vcpus,) if vcpus is not None else _grid(most)
    found = max(
        ((_likelihood(few, progress(share, each, most)), share, each) for each in candidates for share in SHARES),
        key=lambda each: each[0],
    )
    if found[0] - plain < CLEAR:
        return Stretch(0.0, vcpus, max(found[0] - plain, 0.0))
    choices = [_refined(few, found[1], found[2], most, is_known=vcpus is not None)]
    if vcpus is None:
        choices += [_refined(few, found[1], size, most, is_known=True) for size in USUAL if size < most]
    judged = [(_likelihood(few, progress(*each, most)) - plain, *each) for each in choices]
    gain, share, best = _chosen(judged[0], judged[1:])
    others = tuple(each[2] for each in judged[1:] if each[0] > gain - AS_LIKELY and each[2] != best)
    return Stretch(share, best, gain, others)


def _chosen(free: _Judged, sizes: list[_Judged]) -> _Judged:
    """Return the likeliest whole size that is as likely as any; else the likeliest part of one; else what was found."""
    for some in ([each for each in sizes if each[2] >= 1], [each for each in sizes if each[2] < 1]):
        best = max(some, default=free)
        if best[0] >= max(free[0], *(each[0] for each in sizes), best[0]) - AS_LIKELY:
            return best
    return free


def _varies(runs: Runs) -> bool:
    lasted = runs.lasted_ns
    return bool(lasted.min() > 0 and lasted.std() > LEAST_CV * lasted.mean())


def _grid(most: int) -> tuple[float, ...]:
    """Return the vCPUs that are tried: with as many as jobs there is no stretch."""
    return tuple(np.unique(np.concatenate([[0.25, 0.5, 0.75], np.geomspace(1, max(most - 0.5, 1.0), 8)])).tolist())


def _likelihood(occupancy: Occupancy, rates: Floats) -> float:
    need = needed_s(occupancy, rates)
    if not (need > 0).all() or need.std() < LEAST_CV * need.mean():
        return -np.inf
    ends = float(np.log(rates[occupancy.running[occupancy.last - 1]]).sum())
    return max(fit(need, family).likelihood for family in FAMILIES) + ends


def _refined(occupancy: Occupancy, share: float, vcpus: float, most: int, *, is_known: bool) -> tuple[float, float]:
    from scipy.optimize import minimize  # noqa: PLC0415 (half a second)

    def unlikely(point: Floats) -> float:
        each = vcpus if is_known else float(np.exp(point[1]))
        return -_likelihood(occupancy, progress(float(point[0]), each, most))

    start = [share] if is_known else [share, math.log(vcpus)]
    bounds = [(0.01, 1.0), (math.log(0.05), math.log(most))][: len(start)]
    found: Any = minimize(
        unlikely,
        np.array(start),
        method="Nelder-Mead",
        bounds=bounds,
        options={"xatol": 2e-3, "fatol": 0.05, "maxfev": 80},
    )
    return float(found.x[0]), vcpus if is_known else float(np.exp(found.x[1]))
