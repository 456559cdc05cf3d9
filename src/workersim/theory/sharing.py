"""CPU shared by all jobs at once: processor sharing, with no line and no slots."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

from workersim.theory._inputs import Amount, check_stable, cpus, per_second, seconds
from workersim.theory.erlang import blocking
from workersim.theory.results import Result

__all__ = ["SharedCpu", "ps"]


@dataclass(frozen=True, kw_only=True)
class SharedCpu(Result):
    """Jobs that start at once and share vCPUs.

    Parameters
    ----------
    vcpus
        Shared vCPUs.
    rate_per_s, service_s
        Arrivals a second; mean CPU time of a job in seconds.
    stretch
        Response / CPU time, the same for jobs of every size.
    probability_of_sharing
        Share of time with more jobs than vCPUs.
    """

    vcpus: float
    rate_per_s: float
    service_s: float
    stretch: float
    probability_of_sharing: float

    shown: ClassVar[tuple[str, ...]] = (
        "vcpus",
        "rate_per_s",
        "service_s",
        "offered_load",
        "utilization",
        "probability_of_sharing",
        "stretch",
        "response_mean_s",
        "jobs_mean",
    )

    @property
    def title(self) -> str:
        """Name of the model."""
        return f"M/G/{self.vcpus:g} processor sharing"

    @property
    def offered_load(self) -> float:
        """Mean number of busy vCPUs, in erlangs."""
        return self.rate_per_s * self.service_s

    @property
    def utilization(self) -> float:
        """Share of vCPU time that is busy."""
        return self.offered_load / self.vcpus

    @property
    def response_mean_s(self) -> float:
        """Mean time from arrival to finish, in seconds."""
        return self.response_at_s(self.service_s)

    @property
    def jobs_mean(self) -> float:
        """Mean number of jobs in the system (Little's law)."""
        return self.offered_load * self.stretch

    def response_at_s(self, size_s: Amount) -> float:
        """Return the mean response in seconds of a job that needs ``size_s`` seconds of CPU.

        Parameters
        ----------
        size_s
            Seconds of CPU that a job needs.
        """
        return self.stretch * seconds("size_s", size_s)


def ps(*, rate: Amount, service: Amount, vcpus: float = 1.0) -> SharedCpu:
    """Solve M/G processor sharing: n jobs run at once, each at rate min(1, vcpus / n).

    Parameters
    ----------
    rate
        Poisson arrivals, per second or a text such as ``'10/hour'``; >= 0.
    service
        Mean CPU time of a job, in seconds or a text such as ``'20 min'``; > 0.
    vcpus
        vCPUs shared, > 0 and <= 10,000,000; may be a fraction.

    Returns
    -------
    SharedCpu
        Exact means in seconds.

    Raises
    ------
    InputError
        If an argument is out of its range, or rate x service is not below ``vcpus``.

    Notes
    -----
    For exponential demands the number of jobs is a birth-death chain with death rate
    min(n, vcpus) / service: for whole vCPUs that of M/M/c, so the mean response is that of M/M/c.  The
    number's distribution depends on the demands through their mean only, and a job of size x takes x
    times the same stretch on average: J. W. Cohen, Acta Informatica 12 (1979), generalized processor
    sharing; for one vCPU L. Kleinrock, J. ACM 14 (1967): stretch 1 / (1 - utilization).

    Examples
    --------
    >>> shared = ps(rate=0.05, service=16.0)
    >>> round(shared.response_mean_s, 6), round(shared.response_at_s(2.0), 6)
    (80.0, 10.0)
    """
    rate_per_s, service_s = per_second("rate", rate), seconds("service", service, above_zero=True)
    cores = cpus("vcpus", vcpus)
    load = rate_per_s * service_s
    check_stable(cores, load, of="vcpus")
    whole = math.floor(cores)
    full = blocking(whole, load)  # P(n = whole) among the states n <= whole
    spare = cores - load
    crowded = full * load / (spare + full * load)  # P(n > vcpus)
    stretch = (1 - crowded) * (1 - full) + full / (spare + full * load) * (whole + cores / spare)
    return SharedCpu(
        vcpus=cores,
        rate_per_s=rate_per_s,
        service_s=service_s,
        stretch=stretch,
        probability_of_sharing=crowded,
        approximate=False,
        method="birth-death chain, insensitive to the sizes (Kleinrock 1967; Cohen 1979)",
    )
