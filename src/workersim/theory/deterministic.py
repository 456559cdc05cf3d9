"""Poisson arrivals and services of one fixed length: M/D/c, solved exactly.

Looked at every service time D, the jobs waiting follow Q' = max(0, Q + Poisson(load) - slots), a
random walk that cannot fall below zero.  Spitzer's identity gives its generating function:

    log E z^Q = sum over m >= 1 of l_m (z^m - 1),    l_m = coefficient of z^m in -log(1 - z^-c A(z)),

with A(z) = exp(load (z - 1)).  The coefficients are read off by a fast Fourier transform on a circle,
which costs about sqrt(slots) points, needs no roots and does not cancel.  Franx turns the
distribution of Q into that of the wait, with positive terms only.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy import special

from workersim.theory._inputs import Amount, below_one, check_stable, count, per_second, seconds
from workersim.theory.results import Queue

__all__ = ["DeterministicQueue", "mdc"]

Floats = NDArray[np.float64]

METHOD = "Crommelin 1932; waits: Franx 2001; queue: Spitzer 1956 by Fourier transform"


def mdc(*, slots: int, rate: Amount, service: Amount) -> DeterministicQueue:
    """Solve M/D/c: Poisson arrivals, every service of the same length.

    Parameters
    ----------
    slots
        Worker processes, 1 to 10,000,000.
    rate
        Arrivals, per second or a text such as ``'10/hour'``; >= 0.
    service
        The length of each service, in seconds or a text such as ``'20 min'``; > 0.

    Returns
    -------
    DeterministicQueue
        Means in seconds, and the exact distribution of the wait.

    Raises
    ------
    InputError
        If an argument is out of its range, or rate x service is not below ``slots``.

    Notes
    -----
    C. D. Crommelin, P.O. Electr. Engrs J. 25 (1932); G. J. Franx, Oper. Res. Lett. 29 (2001) 221-229;
    F. Spitzer, Trans. AMS 82 (1956); A. J. E. M. Janssen and J. S. H. van Leeuwaarden,
    Stat. Neerlandica 62 (2008), on how the forms hang together.

    Examples
    --------
    Twenty-minute documents of one length wait little more than half as long as varied ones.

    >>> queue = mdc(slots=4, rate="10/hour", service="20 min")
    >>> round(queue.wait_mean_s / 60, 2), round(queue.probability_of_waiting, 3)
    (10.15, 0.641)
    """
    c, rate_per_s, service_s = (
        count("slots", slots),
        per_second("rate", rate),
        seconds("service", service, above_zero=True),
    )
    load = rate_per_s * service_s
    check_stable(c, load)
    waiting = _solve(c, load)
    return DeterministicQueue(
        slots=c,
        rate_per_s=rate_per_s,
        service_s=service_s,
        wait_mean_s=waiting.mean / load * service_s if load else 0.0,
        probability_of_waiting=_survival(waiting, c, load, 0.0),
        approximate=False,
        method=METHOD,
        waiting=waiting,
    )


@dataclass(frozen=True, eq=False)
class Waiting:
    """Distribution of the number of jobs waiting.

    Parameters
    ----------
    mean
        Their mean number.
    above
        (m,) P(more than 0, 1, ... jobs wait).
    ratio
        From the last entry of ``above`` on, each is this much of the one before; 0 if negligible.
    """

    mean: float
    above: Floats
    ratio: float


@dataclass(frozen=True, kw_only=True)
class DeterministicQueue(Queue):
    """M/D/c in its steady state."""

    probability_of_waiting: float
    waiting: Waiting = field(repr=False, compare=False)

    shown: ClassVar[tuple[str, ...]] = (*Queue.shown, "wait_p95_s")

    @property
    def title(self) -> str:
        """Name of the model."""
        return f"M/D/{self.slots}"

    @property
    def wait_p95_s(self) -> float:
        """The wait in seconds that 95 % of the jobs do not exceed."""
        return self.wait_quantile_s(0.95)

    def wait_survival(self, t_s: Amount) -> float:
        """Return the probability that a job waits longer than ``t_s`` seconds.

        Parameters
        ----------
        t_s
            Seconds, from 0.
        """
        return _survival(self.waiting, self.slots, self.offered_load, seconds("t_s", t_s) / self.service_s)

    def wait_quantile_s(self, p: float) -> float:
        """Return the wait in seconds that a share ``p`` (0 <= p < 1) of the jobs does not exceed.

        Parameters
        ----------
        p
            A probability, from 0 to below 1.
        """
        later = 1 - below_one("p", p)
        if later >= self.probability_of_waiting:
            return 0.0
        low, high = 0.0, 1.0 / self.slots
        while _survival(self.waiting, self.slots, self.offered_load, high) > later:
            low, high = high, 2 * high
        while (middle := (low + high) / 2) not in (low, high):
            if _survival(self.waiting, self.slots, self.offered_load, middle) > later:
                low = middle
            else:
                high = middle
        return high * self.service_s


def _survival(waiting: Waiting, slots: int, load: float, t: float) -> float:
    """Return P(wait > t services): those waiting, with later arrivals, fill every turn until then."""
    turns = math.floor(t) + 1.0
    places, mean = turns * slots, load * (turns - t)
    beyond = float(special.pdtrc(places - 1, mean))
    places_left = places - 1 - np.arange(min(waiting.above.size, places))
    arrivals = np.exp(special.xlogy(places_left, mean) - mean - special.gammaln(places_left + 1))
    beyond += float(arrivals @ waiting.above[: arrivals.size])
    further = places - waiting.above.size
    if further > 0 and waiting.ratio > 0:
        growth = 1 / waiting.ratio
        scale = math.exp(mean * (growth - 1) + further * math.log(waiting.ratio))
        beyond += float(waiting.above[-1] * scale * special.pdtr(further - 1, mean * growth))
    return min(1.0, beyond)


def _solve(slots: int, load: float) -> Waiting:
    spare = (slots - load) / slots
    if load == 0:
        return Waiting(0.0, np.zeros(1), 0.0)
    # Two circles: away from capacity the one between all poles and zeros, near it the unit circle
    # with the pole and the zero that close in on 1 taken out by hand.
    if spare >= 0.1 or slots * spare**2 >= 2:
        return _solve_apart(slots, load)
    return _solve_close(slots, spare)


def _points(least: float) -> int:
    return 1 << math.ceil(math.log2(max(512.0, least)))


def _solve_apart(slots: int, load: float) -> Waiting:
    utilization = load / slots
    gap = -math.log(utilization)
    n = _points(max(80 / gap, 64 * math.sqrt(slots)))
    angle = -2 * np.pi / n * np.arange(n // 2 + 1)
    # On |z| = 1 / utilization, scaled so that nothing overflows: w = z^-c A(z), |w| < 1.
    w = np.exp(slots * (np.exp(1j * angle) - utilization - gap)) * _turns(slots, n)
    scaled = -np.fft.irfft(special.log1p(-w), n)
    scaled[0] = scaled[n // 2 :] = 0.0
    m = np.arange(n // 2)
    shrink = np.exp(-gap * m)
    log_coefficient = scaled[: n // 2] * shrink
    empty = math.exp(-float(log_coefficient.sum()))
    at_least_one = empty * np.fft.irfft(special.expm1(np.fft.rfft(scaled)), n)[: n // 2] * shrink
    # Mass at 0 is 1 minus the rest, and stays out of the sum so that rare waits keep their digits.
    above = np.append(np.cumsum(at_least_one[:0:-1])[::-1], 0.0)
    return Waiting(float(m @ log_coefficient), np.clip(above, 0.0, 1.0), 0.0)


def _solve_close(slots: int, spare: float) -> Waiting:
    root = _root_above_one(spare)  # the pole of E z^Q is at 1 + root
    n = _points(64 * math.sqrt(slots))
    angle = -2 * np.pi / n * np.arange(n // 2 + 1)
    off_one = special.expm1(1j * angle)
    with np.errstate(all="ignore"):  # 0/0 at z = 1, where the limit is put in
        symbol = np.log(-special.expm1(slots * (-spare * off_one + (off_one - 1j * angle))))
        # Logarithms one by one: each factor stays in the right half-plane, their product need not.
        symbol -= np.log(off_one / (1 + off_one)) + np.log((root - off_one) / (1 + root))
    symbol[0] = math.log(slots * spare * (1 + root) / root)
    coefficient = -np.fft.irfft(symbol, n)
    coefficient[0] = coefficient[n // 2 :] = 0.0
    m = np.arange(n // 2)
    rest = np.fft.irfft(np.exp(np.fft.rfft(coefficient) - coefficient.sum()), n)[: n // 2]
    rest[np.abs(rest) < 1e-15] = 0.0  # rounding noise; without it the tail is exactly geometric
    size = int(np.flatnonzero(rest)[-1]) + 1
    rest, m = rest[:size], m[:size]
    # Q is a geometric number plus a signed, quickly fading one.
    growth = np.exp(math.log1p(root) * m)
    later = np.append(np.cumsum(rest[:0:-1])[::-1], 0.0)
    above = np.cumsum(rest * growth) / growth / (1 + root) + later
    mean = 1 / root + float(np.arange(n // 2) @ coefficient[: n // 2])
    return Waiting(mean, np.clip(above, 0.0, 1.0), 1 / (1 + root))


def _turns(slots: int, n: int) -> NDArray[np.complex128]:
    """Return z^-slots / |z^-slots| at the points, with the angle reduced in whole numbers."""
    turned: NDArray[np.complex128] = np.exp(2j * np.pi / n * ((slots % n) * np.arange(n // 2 + 1) % n))
    return turned


def _root_above_one(spare: float) -> float:
    """Return x > 0 with log(1 + x) = (1 - spare) x, to full relative precision for spare -> 0."""
    x, k = 2 * spare, np.arange(1, 24)
    for _ in range(60):
        # 1 - log(1 + x) / x, by its series where the difference would cancel.
        fraction = float(-np.sum((-x) ** k / (k + 1))) if x < 0.1 else 1 - math.log1p(x) / x
        slope = (1 / x) * (math.log1p(x) / x - 1 / (1 + x)) if x > 1e-4 else 0.5 - 2 * x / 3
        step = (fraction - spare) / slope
        x -= step
        if abs(step) <= 1e-16 * x:
            break
    return x
