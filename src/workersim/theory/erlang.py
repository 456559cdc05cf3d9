"""Poisson arrivals and exponential services: Erlang's formulas and M/M/c.

Everything rests on the recursion for Erlang B, whose terms are all positive and at most 1, so it
neither overflows nor cancels, whatever the number of slots.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

from workersim.theory._inputs import Amount, below_one, check_stable, count, number, per_second, seconds
from workersim.theory.results import Queue

__all__ = ["ExponentialQueue", "blocking", "delayed", "erlang_b", "erlang_c", "mmc"]


def erlang_b(*, slots: int, load: float) -> float:
    """Return the share of jobs that find all slots busy when none may wait (Erlang B).

    Parameters
    ----------
    slots
        Worker processes, 1 to 10,000,000.
    load
        Offered load in erlangs, >= 0; it may exceed ``slots``.

    Returns
    -------
    float
        Probability, 0 to 1.  Takes time in proportion to ``slots``.

    Raises
    ------
    InputError
        If an argument is out of its range.

    Notes
    -----
    A. K. Erlang, Elektroteknikeren 13 (1917); the recursion in the number of slots as in
    R. B. Cooper, Introduction to Queueing Theory, 2nd ed. (1981), ch. 3.

    Examples
    --------
    >>> round(erlang_b(slots=2, load=1.0), 4)
    0.2
    """
    return blocking(count("slots", slots), number("load", load))


def erlang_c(*, slots: int, load: float) -> float:
    """Return the share of jobs that wait in M/M/c (Erlang C).

    Parameters
    ----------
    slots
        Worker processes, 1 to 10,000,000.
    load
        Offered load in erlangs, >= 0 and below ``slots``.

    Returns
    -------
    float
        Probability, 0 to 1.

    Raises
    ------
    InputError
        If an argument is out of its range, or the load is not below the slots.

    Notes
    -----
    A. K. Erlang, Elektroteknikeren 13 (1917); see L. Kleinrock, Queueing Systems I (1975), 3.40.

    Examples
    --------
    >>> round(erlang_c(slots=2, load=1.0), 4)
    0.3333
    """
    c, a = count("slots", slots), number("load", load)
    check_stable(c, a)
    return delayed(c, a)


def mmc(*, slots: int, rate: Amount, service: Amount) -> ExponentialQueue:
    """Solve M/M/c: Poisson arrivals, exponential services, one line before equal slots.

    Parameters
    ----------
    slots
        Worker processes, 1 to 10,000,000.
    rate
        Arrivals, per second or a text such as ``'10/hour'``; >= 0.
    service
        Mean service, in seconds or a text such as ``'20 min'``; > 0.

    Returns
    -------
    ExponentialQueue
        Means in seconds, and the exact distribution of the wait.

    Raises
    ------
    InputError
        If an argument is out of its range, or rate x service is not below ``slots``.

    Notes
    -----
    Kleinrock, Queueing Systems I (1975), section 3.5.

    Examples
    --------
    >>> queue = mmc(slots=4, rate="10/hour", service="20 min")
    >>> round(queue.wait_mean_s / 60, 2), round(queue.utilization, 4)
    (19.73, 0.8333)
    """
    c, rate_per_s, service_s = (
        count("slots", slots),
        per_second("rate", rate),
        seconds("service", service, above_zero=True),
    )
    load = rate_per_s * service_s
    check_stable(c, load)
    waiting = delayed(c, load)
    return ExponentialQueue(
        slots=c,
        rate_per_s=rate_per_s,
        service_s=service_s,
        wait_mean_s=waiting * (service_s / (c - load)),
        probability_of_waiting=waiting,
        approximate=False,
        method="Erlang C (Erlang 1917; Kleinrock 1975, section 3.5)",
    )


@dataclass(frozen=True, kw_only=True)
class ExponentialQueue(Queue):
    """M/M/c in its steady state; the wait of those that wait is exponential."""

    probability_of_waiting: float

    shown: ClassVar[tuple[str, ...]] = (*Queue.shown, "wait_p95_s")

    @property
    def title(self) -> str:
        """Name of the model."""
        return f"M/M/{self.slots}"

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
        t = seconds("t_s", t_s)
        return self.probability_of_waiting * math.exp(-t * ((self.slots - self.offered_load) / self.service_s))

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
        scale_s = self.service_s / (self.slots - self.offered_load)
        return scale_s * math.log(self.probability_of_waiting / later)


def blocking(slots: int, load: float) -> float:
    """Return Erlang B for arguments that are checked already."""
    blocked = 1.0
    for n in range(1, slots + 1):
        offered = load * blocked
        blocked = offered / (n + offered)
    return blocked


def delayed(slots: int, load: float) -> float:
    """Return Erlang C for arguments that are checked already."""
    blocked = blocking(slots, load)
    # From the difference slots - load, which is exact near capacity; 1 - utilization would cancel.
    return slots * blocked / ((slots - load) + load * blocked)
