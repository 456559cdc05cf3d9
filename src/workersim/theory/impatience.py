"""Jobs that leave the line when their patience ends: M/M/c+M, also called Erlang A.

The wait that an arrival is offered (how long it would wait, did it not leave) has, where it is
positive, a density in proportion to exp(y (1 - e^-u) - x u), with u the wait in patiences,
x = slots x patience / service and y = rate x patience.  Every figure is an integral of positive terms
against that density, so nothing cancels: not for 10,000 slots, not for endless patience.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from workersim.theory._inputs import Amount, count, number, per_second, seconds
from workersim.theory.erlang import blocking
from workersim.theory.results import Result

__all__ = ["ImpatientQueue", "reneging"]

Floats = NDArray[np.float64]

NODES, WEIGHTS = np.polynomial.legendre.leggauss(24)
DEPTH = 60.0  # the density is followed down to e^-60 of its peak


def reneging(*, slots: int, rate: Amount, service: Amount, patience: Amount) -> ImpatientQueue:
    """Solve M/M/c+M: a job that waits leaves after an exponential patience.

    Parameters
    ----------
    slots
        Worker processes, 1 to 10,000,000.
    rate
        Poisson arrivals, per second or a text such as ``'10/hour'``; >= 0.  The load may exceed the
        slots: the queue is stable because jobs leave.
    service, patience
        Mean service and mean patience, both exponential, in seconds or texts; > 0.

    Returns
    -------
    ImpatientQueue
        Exact probabilities and means in seconds.

    Raises
    ------
    InputError
        If an argument is out of its range.

    Notes
    -----
    C. Palm, Tele (1957); F. Baccelli and G. Hebuterne (1981) for the offered wait; A. Mandelbaum and
    S. Zeltyn, in Advances in Services Innovations (2007), for the figures.

    Examples
    --------
    A queue with twice the load it can carry, and jobs that give up after 10 minutes on average.

    >>> queue = reneging(slots=4, rate=8 / 60, service=60.0, patience=600.0)
    >>> round(queue.probability_of_leaving, 4), round(queue.queue_length, 2)
    (0.5, 40.0)
    """
    c, rate_per_s = count("slots", slots), per_second("rate", rate)
    service_s, patience_s = (
        seconds("service", service, above_zero=True),
        seconds("patience", patience, above_zero=True),
    )
    load = number("rate x service", rate_per_s * service_s)
    x = number("slots x patience / service", c * patience_s / service_s, above_zero=True)
    y = number("rate x patience", rate_per_s * patience_s)
    u, mass = _density(x, y, 0.0)
    total = float(mass.sum())
    mass /= total
    blocked = blocking(c, load)
    # Mandelbaum and Zeltyn's A, the weight of waiting against that of exactly `slots` jobs.
    log_weight = math.log(x) + (max(0.0, y - x) - x * _peak(x, y)) + math.log(total)
    idle = math.exp(-log_weight) * (1 - blocked)
    waiting = blocked / (idle + blocked) if blocked else 0.0
    staying = np.exp(-u)
    served = (1 - waiting) + waiting * float(mass @ staying)
    served_wait = waiting * float(mass @ (u * staying))
    return ImpatientQueue(
        slots=c,
        rate_per_s=rate_per_s,
        service_s=service_s,
        patience_s=patience_s,
        probability_of_waiting=waiting,
        probability_of_leaving=waiting * float(mass @ -np.expm1(-u)),
        wait_served_mean_s=served_wait / served * patience_s,
        approximate=False,
        method="Erlang A (Palm 1957; Baccelli and Hebuterne 1981; Mandelbaum and Zeltyn 2007)",
    )


@dataclass(frozen=True, kw_only=True)
class ImpatientQueue(Result):
    """M/M/c+M in its steady state.

    Parameters
    ----------
    slots
        Worker processes.
    rate_per_s, service_s, patience_s
        Arrivals a second; mean service and mean patience in seconds.
    probability_of_waiting
        Share of jobs that find all slots busy.
    probability_of_leaving
        Share of jobs that leave unserved.
    wait_served_mean_s
        Mean wait in seconds of the jobs that are served, those that do not wait included.
    """

    slots: int
    rate_per_s: float
    service_s: float
    patience_s: float
    probability_of_waiting: float
    probability_of_leaving: float
    wait_served_mean_s: float

    shown: ClassVar[tuple[str, ...]] = (
        "slots",
        "rate_per_s",
        "service_s",
        "patience_s",
        "offered_load",
        "utilization",
        "probability_of_waiting",
        "probability_of_leaving",
        "wait_mean_s",
        "wait_served_mean_s",
        "queue_length",
        "throughput_per_s",
    )

    @property
    def title(self) -> str:
        """Name of the model."""
        return f"M/M/{self.slots}+M"

    @property
    def offered_load(self) -> float:
        """Slots that the jobs would keep busy if none left, in erlangs."""
        return self.rate_per_s * self.service_s

    @property
    def utilization(self) -> float:
        """Share of slot time that is busy."""
        return self.offered_load * (1 - self.probability_of_leaving) / self.slots

    @property
    def throughput_per_s(self) -> float:
        """Jobs served, per second."""
        return self.rate_per_s * (1 - self.probability_of_leaving)

    @property
    def wait_mean_s(self) -> float:
        """Mean time in line in seconds of all jobs: until the start, or until they leave."""
        return self.probability_of_leaving * self.patience_s

    @property
    def queue_length(self) -> float:
        """Mean number of jobs waiting (Little's law)."""
        return self.rate_per_s * self.wait_mean_s

    def wait_survival(self, t_s: Amount) -> float:
        """Return the probability that a job is still in line ``t_s`` seconds after its arrival.

        Parameters
        ----------
        t_s
            Seconds, from 0.
        """
        t = seconds("t_s", t_s) / self.patience_s
        x, y = self.slots * self.patience_s / self.service_s, self.rate_per_s * self.patience_s
        offered_more = float(_density(x, y, t)[1].sum() / _density(x, y, 0.0)[1].sum())
        return self.probability_of_waiting * math.exp(-t) * offered_more


def _peak(x: float, y: float) -> float:
    return math.log(y / x) if y > x else 0.0


def _density(x: float, y: float, start: float) -> tuple[Floats, Floats]:
    """Return points u >= start and what the density, 1 at its peak, weighs at each."""
    peak = _peak(x, y)
    anchor = max(peak, start) - peak
    gentle = min(x, y)

    def height(d: float | Floats) -> float | Floats:
        # The logarithm of the density, d patiences right of its peak.
        return -(x - gentle) * d - gentle * (d + np.expm1(-d))

    floor = float(height(anchor)) - DEPTH
    step = 1 / (1 + math.sqrt(gentle) + (x - gentle) - gentle * math.expm1(-anchor))
    edges, width = [anchor], step
    while height(edges[-1]) > floor and edges[-1] < 1e300:
        edges.append(edges[-1] + width)
        width *= 2
    width, lowest = step, start - peak
    while edges[0] > lowest and height(edges[0]) > floor:
        edges.insert(0, max(lowest, edges[0] - width))
        width = min(1.0, 2 * width)  # to the left the density falls doubly exponentially
    half = np.diff(edges) / 2
    d = (np.array(edges[:-1]) + half)[:, None] + half[:, None] * NODES
    mass = np.exp(height(d)) * half[:, None] * WEIGHTS
    return peak + d.ravel(), np.asarray(mass).ravel()
