"""General services and arrivals, known by their mean and coefficient of variation only.

One slot with Poisson arrivals has an exact mean (Pollaczek-Khinchine).  Everything else here is an
approximation that scales the wait of M/M/c by the variability, and says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from workersim.theory._inputs import Amount, check_stable, count, number, per_second, seconds
from workersim.theory.erlang import delayed
from workersim.theory.results import Queue

__all__ = ["GeneralQueue", "ggc", "mg1", "mgc"]

POLLACZEK_KHINCHINE = "Pollaczek-Khinchine (Pollaczek 1930, Khinchine 1932)"


@dataclass(frozen=True, kw_only=True)
class GeneralQueue(Queue):
    """A queue known by two moments; the distribution of its wait depends on more than these.

    Parameters
    ----------
    arrival_cv, service_cv
        Coefficients of variation (standard deviation / mean) of the times between arrivals and of
        the services.
    wait_upper_bound_s
        Kingman's bound on the mean wait in seconds: one slot only, else None.
    """

    arrival_cv: float
    service_cv: float
    wait_upper_bound_s: float | None = None

    shown: ClassVar[tuple[str, ...]] = (*Queue.shown, "arrival_cv", "service_cv", "wait_upper_bound_s")

    @property
    def title(self) -> str:
        """Name of the model."""
        # An arrival cv of 1 alone does not make the arrivals Poisson.
        return f"{'G' if self.probability_of_waiting is None else 'M'}/G/{self.slots}"


def mg1(*, rate: Amount, service: Amount, cv: float) -> GeneralQueue:
    """Solve M/G/1 for its means: Poisson arrivals, any services, one slot.

    Parameters
    ----------
    rate
        Arrivals, per second or a text such as ``'2/hour'``; >= 0.
    service
        Mean service, in seconds or a text such as ``'20 min'``; > 0.
    cv
        Coefficient of variation of the service, >= 0: 0 constant, 1 exponential.

    Returns
    -------
    GeneralQueue
        Exact means in seconds.

    Raises
    ------
    InputError
        If an argument is out of its range, or rate x service is not below 1.

    Notes
    -----
    F. Pollaczek, Math. Z. 32 (1930); A. Khinchine, Mat. Sbornik 39 (1932); Kleinrock, Queueing
    Systems I (1975), section 5.6.

    Examples
    --------
    >>> queue = mg1(rate=1 / 1800, service=1200.0, cv=0.8)
    >>> round(queue.wait_mean_s, 6), queue.approximate
    (1968.0, False)
    """
    rate_per_s, service_s = per_second("rate", rate), seconds("service", service, above_zero=True)
    service_cv = number("cv", cv)
    load = rate_per_s * service_s
    check_stable(1, load)
    return GeneralQueue(
        slots=1,
        rate_per_s=rate_per_s,
        service_s=service_s,
        wait_mean_s=_variability(1.0, service_cv) * load / (1 - load) * service_s,
        probability_of_waiting=load,
        arrival_cv=1.0,
        service_cv=service_cv,
        approximate=False,
        method=POLLACZEK_KHINCHINE,
    )


def mgc(*, slots: int, rate: Amount, service: Amount, cv: float) -> GeneralQueue:
    """Approximate M/G/c: the wait of M/M/c times (1 + cv²) / 2 (Lee and Longton).

    Parameters
    ----------
    slots
        Worker processes, 1 to 10,000,000.
    rate
        Arrivals, per second or a text such as ``'10/hour'``; >= 0.
    service
        Mean service, in seconds or a text such as ``'20 min'``; > 0.
    cv
        Coefficient of variation of the service, >= 0.

    Returns
    -------
    GeneralQueue
        Means in seconds; exact for one slot (Pollaczek-Khinchine), else an approximation whose
        error vanishes towards capacity.  The probability of waiting is that of M/M/c.

    Raises
    ------
    InputError
        If an argument is out of its range, or rate x service is not below ``slots``.

    Notes
    -----
    A. M. Lee and P. A. Longton, Oper. Res. Quarterly 10 (1959); for Poisson arrivals Allen-Cunneen
    says the same (A. O. Allen, Probability, Statistics and Queueing Theory, 2nd ed. 1990, ch. 5).

    Examples
    --------
    >>> queue = mgc(slots=4, rate=1 / 360, service=1200.0, cv=0.8)
    >>> round(queue.wait_mean_s / 60, 2), queue.approximate
    (16.18, True)
    """
    c, service_cv = count("slots", slots), number("cv", cv)
    if c == 1:
        return mg1(rate=rate, service=service, cv=service_cv)
    rate_per_s, service_s = per_second("rate", rate), seconds("service", service, above_zero=True)
    load = rate_per_s * service_s
    check_stable(c, load)
    waiting = delayed(c, load)
    return GeneralQueue(
        slots=c,
        rate_per_s=rate_per_s,
        service_s=service_s,
        wait_mean_s=_variability(1.0, service_cv) * waiting * (service_s / (c - load)),
        probability_of_waiting=waiting,
        arrival_cv=1.0,
        service_cv=service_cv,
        approximate=True,
        method="Lee-Longton 1959, the wait of M/M/c times (1 + cv²) / 2",
    )


def ggc(*, slots: int, rate: Amount, service: Amount, arrival_cv: float, service_cv: float) -> GeneralQueue:
    """Approximate G/G/c: the wait of M/M/c times the mean squared variation (Allen and Cunneen).

    Parameters
    ----------
    slots
        Worker processes, 1 to 10,000,000.
    rate
        Arrivals, per second or a text such as ``'10/hour'``; >= 0.
    service
        Mean service, in seconds or a text such as ``'20 min'``; > 0.
    arrival_cv, service_cv
        Coefficients of variation of the times between arrivals and of the services, >= 0.

    Returns
    -------
    GeneralQueue
        Approximate means in seconds.  For one slot the approximation is Kingman's, and his upper
        bound on the mean wait stands beside it; the probability of waiting is not known.

    Raises
    ------
    InputError
        If an argument is out of its range, or rate x service is not below ``slots``.

    Notes
    -----
    A. O. Allen, Probability, Statistics and Queueing Theory, 2nd ed. (1990), ch. 5;
    J. F. C. Kingman, Proc. Camb. Phil. Soc. 57 (1961) (approximation) and Biometrika 49 (1962)
    (bound: rate x (variance of the gaps + variance of the services) / (2 (1 - utilization))).

    Examples
    --------
    >>> queue = ggc(slots=1, rate=0.5, service=1.0, arrival_cv=0.5, service_cv=1.0)
    >>> queue.wait_mean_s, queue.wait_upper_bound_s
    (0.625, 1.0)
    """
    c, rate_per_s, service_s = (
        count("slots", slots),
        per_second("rate", rate),
        seconds("service", service, above_zero=True),
    )
    cva, cvs = number("arrival_cv", arrival_cv), number("service_cv", service_cv)
    load = rate_per_s * service_s
    check_stable(c, load)
    bound = None
    if c == 1 and load > 0:
        bound = (cva * cva / load + load * cvs * cvs) * service_s / (2 * (1 - load))
    return GeneralQueue(
        slots=c,
        rate_per_s=rate_per_s,
        service_s=service_s,
        wait_mean_s=_variability(cva, cvs) * delayed(c, load) * (service_s / (c - load)),
        probability_of_waiting=None,
        arrival_cv=cva,
        service_cv=cvs,
        wait_upper_bound_s=bound,
        approximate=True,
        method=("Kingman 1961; bound: Kingman 1962" if c == 1 else "Allen-Cunneen (Allen 1990, ch. 5)"),
    )


def _variability(arrival_cv: float, service_cv: float) -> float:
    return (arrival_cv * arrival_cv + service_cv * service_cv) / 2
