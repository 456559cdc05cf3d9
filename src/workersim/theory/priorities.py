"""Classes served in order of priority, without interrupting a job that runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from workersim.errors import InputError
from workersim.theory._inputs import (
    Amount,
    Amounts,
    amounts,
    check_stable,
    count,
    number,
    per_second,
    seconds,
)
from workersim.theory.erlang import delayed
from workersim.theory.results import Result, in_words
from workersim.units import shown

__all__ = ["PriorityClass", "PriorityQueue", "priority"]


@dataclass(frozen=True, kw_only=True)
class PriorityClass:
    """One class of jobs.

    Parameters
    ----------
    rate_per_s, service_s, service_cv
        Arrivals a second; mean service in seconds and its coefficient of variation.
    wait_mean_s
        Mean wait of the class in seconds.
    """

    rate_per_s: float
    service_s: float
    service_cv: float
    wait_mean_s: float

    @property
    def offered_load(self) -> float:
        """Mean number of slots that work for this class, in erlangs."""
        return self.rate_per_s * self.service_s

    @property
    def queue_length(self) -> float:
        """Mean number of jobs of the class that wait (Little's law)."""
        return self.rate_per_s * self.wait_mean_s

    @property
    def response_mean_s(self) -> float:
        """Mean time from arrival to finish, in seconds."""
        return self.wait_mean_s + self.service_s

    def as_dict(self) -> dict[str, float]:
        """Return the figures by name."""
        names = ("rate_per_s", "service_s", "service_cv", "offered_load")
        return {name: getattr(self, name) for name in (*names, "wait_mean_s", "response_mean_s", "queue_length")}


@dataclass(frozen=True, kw_only=True)
class PriorityQueue(Result):
    """Slots with one line a class, the first class served first.

    Parameters
    ----------
    slots
        Worker processes.
    classes
        One result a class, the most important first.
    probability_of_waiting
        Share of jobs that wait at all, the same in every class.
    """

    slots: int
    classes: tuple[PriorityClass, ...]
    probability_of_waiting: float

    shown: ClassVar[tuple[str, ...]] = (
        "slots",
        "rate_per_s",
        "offered_load",
        "utilization",
        "probability_of_waiting",
        "wait_mean_s",
        "queue_length",
    )

    @property
    def title(self) -> str:
        """Name of the model."""
        return f"{len(self.classes)} priorities on {self.slots} slots"

    @property
    def rate_per_s(self) -> float:
        """Arrivals of all classes, per second."""
        return sum(one.rate_per_s for one in self.classes)

    @property
    def offered_load(self) -> float:
        """Mean number of busy slots, in erlangs."""
        return sum(one.offered_load for one in self.classes)

    @property
    def utilization(self) -> float:
        """Share of slot time that is busy."""
        return self.offered_load / self.slots

    @property
    def queue_length(self) -> float:
        """Mean number of jobs waiting, all classes."""
        return sum(one.queue_length for one in self.classes)

    @property
    def wait_mean_s(self) -> float:
        """Mean wait in seconds over the jobs of all classes; 0 if there are none."""
        return self.queue_length / self.rate_per_s if self.rate_per_s else 0.0

    def as_dict(self) -> dict[str, object]:
        """Return the figures by name, ``classes`` as a list."""
        return {**super().as_dict(), "classes": [one.as_dict() for one in self.classes]}

    def _rows(self) -> list[tuple[str, str]]:
        waits = [
            (f"wait mean of class {k}", in_words("wait_mean_s", one.wait_mean_s)) for k, one in enumerate(self.classes)
        ]
        return super()._rows() + waits


def priority(
    *, slots: int = 1, rate: Sequence[Amount], service: Amounts, cv: float | Sequence[float] = 1.0
) -> PriorityQueue:
    """Solve a queue with non-preemptive priorities: M/G/1, or M/M/c with one mean for all.

    Parameters
    ----------
    slots
        Worker processes, 1 to 10,000,000.  More than one asks for exponential services (``cv`` 1)
        of one mean.
    rate
        (classes,) Poisson arrivals of each class, the most important first, per second or texts
        such as ``'2/hour'``; >= 0.
    service
        Mean service, in seconds or texts; > 0; one for all classes or one each.
    cv
        Coefficient of variation of the service, >= 0; one for all classes or one each.

    Returns
    -------
    PriorityQueue
        Exact means in seconds, for each class and for all.

    Raises
    ------
    InputError
        If an argument is out of its range, the total load is not below ``slots``, or several slots
        come with unequal means or a ``cv`` other than 1.

    Notes
    -----
    A. Cobham, Oper. Res. 2 (1954), for one slot and for several with exponential services.

    Examples
    --------
    Urgent documents overtake bulk ones; nobody is interrupted.

    >>> queue = priority(rate=[0.2, 0.6], service=1.0)
    >>> [round(one.wait_mean_s, 6) for one in queue.classes]
    [1.0, 5.0]
    """
    c = count("slots", slots)
    if isinstance(rate, str) or not isinstance(rate, Sequence) or not rate:
        msg = f"rate must be a list with one rate a class, the most important first, got {shown(rate)}"
        raise InputError(msg)
    n = len(rate)
    rates = [per_second(f"rate[{k}]", value) for k, value in enumerate(rate)]
    services = [
        seconds(f"service[{k}]", value, above_zero=True) for k, value in enumerate(amounts("service", service, n))
    ]
    cvs = [number(f"cv[{k}]", value) for k, value in enumerate(amounts("cv", cv, n))]
    if c > 1 and (len(set(services)) > 1 or set(cvs) != {1.0}):
        msg = "service and cv: with more than one slot all classes must share one mean service and cv 1"
        raise InputError(msg)
    loads = [one * mean for one, mean in zip(rates, services, strict=True)]
    total = sum(loads)
    check_stable(c, total)
    waits = _cobham(c, loads, _residual_s(c, loads, services, cvs))
    return PriorityQueue(
        slots=c,
        classes=tuple(
            PriorityClass(rate_per_s=one, service_s=mean, service_cv=variation, wait_mean_s=wait)
            for one, mean, variation, wait in zip(rates, services, cvs, waits, strict=True)
        ),
        probability_of_waiting=total if c == 1 else delayed(c, total),
        approximate=False,
        method="Cobham 1954, non-preemptive priorities",
    )


def _residual_s(slots: int, loads: list[float], services: list[float], cvs: list[float]) -> float:
    """Return the mean time in seconds until a slot is free, as an arrival finds it."""
    if slots == 1:
        return sum(a * s * (1 + cv * cv) / 2 for a, s, cv in zip(loads, services, cvs, strict=True))
    return delayed(slots, sum(loads)) * services[0] / slots


def _cobham(slots: int, loads: list[float], residual_s: float) -> list[float]:
    waits, above = [], 0.0
    for load in loads:
        spare_above, spare = (slots - above) / slots, (slots - above - load) / slots
        waits.append(residual_s / (spare_above * spare))
        above += load
    return waits
