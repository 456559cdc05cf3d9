"""One container that always has work: its jobs circulate between shared vCPUs and I/O.

``concurrency`` jobs alternate between CPU (processor sharing, each at rate min(1, vcpus / n)) and I/O
(which passes at rate 1); a job that ends is replaced at once.  This closed network has a product
form: n jobs are on the CPU with a probability in proportion to

    io^(concurrency - n) / (concurrency - n)!  x  cpu^n / (min(1, vcpus) x ... x min(n, vcpus)),

whatever the distributions of the demands and however a job splits them into phases (Baskett,
Chandy, Muntz and Palacios 1975); only their totals matter.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from workersim.errors import InputError
from workersim.theory._inputs import Amount, below_one, count, cpus, number, seconds
from workersim.theory.results import Result

__all__ = ["Container", "container", "container_concurrency", "container_curve", "container_rule"]

MOST_PROCESSES = 10_000  # the largest concurrency that a scenario may describe


@dataclass(frozen=True, kw_only=True)
class Container(Result):
    """A container whose slots never run out of jobs.

    Parameters
    ----------
    concurrency, vcpus
        Process slots and vCPUs.
    cpu_s, io_s
        Mean CPU time and mean I/O time of a job in seconds.
    cpu_utilization
        Share of the vCPUs in use, which is also the share of the throughput that endless
        concurrency would reach.
    """

    concurrency: int
    vcpus: float
    cpu_s: float
    io_s: float
    cpu_utilization: float

    shown: ClassVar[tuple[str, ...]] = (
        "concurrency",
        "vcpus",
        "cpu_s",
        "io_s",
        "throughput_per_s",
        "throughput_bound_per_s",
        "saturation_per_s",
        "cpu_utilization",
        "response_mean_s",
        "stretch",
        "rule",
    )

    @property
    def title(self) -> str:
        """Name of the model."""
        return f"Container, {self.concurrency} processes on {self.vcpus:g} vCPUs"

    @property
    def saturation_per_s(self) -> float:
        """Jobs per second when the CPU never idles."""
        return self.vcpus / self.cpu_s

    @property
    def throughput_per_s(self) -> float:
        """Jobs finished per second."""
        return self.cpu_utilization * self.saturation_per_s

    @property
    def throughput_bound_per_s(self) -> float:
        """Jobs per second if no two jobs ever got in each other's way without need."""
        alone_s = self.cpu_s / min(1.0, self.vcpus) + self.io_s
        return min(self.concurrency / alone_s, self.saturation_per_s)

    @property
    def response_mean_s(self) -> float:
        """Mean time in seconds that a job holds its slot."""
        return self.concurrency / self.throughput_per_s

    @property
    def stretch(self) -> float:
        """How many times longer a job holds its slot than it needs by itself."""
        return self.response_mean_s / (self.cpu_s + self.io_s)

    @property
    def rule(self) -> float:
        """The concurrency by the rule of thumb, vcpus x (1 + I/O / CPU)."""
        return self.vcpus * (1 + self.io_s / self.cpu_s)


def container(*, concurrency: int, vcpus: float, cpu: Amount, io: Amount) -> Container:
    """Solve a saturated container: throughput, CPU utilization and stretch of its jobs.

    Parameters
    ----------
    concurrency
        Process slots, 1 to 10,000, each with a job at all times.
    vcpus
        vCPUs shared by the jobs in a CPU phase, > 0; may be a fraction.
    cpu
        Mean CPU time of a job, in seconds or a text such as ``'12 min'``; > 0.
    io
        Mean I/O time of a job, in seconds or a text; >= 0.

    Returns
    -------
    Container
        Exact figures in the long run.  Constant demands that start in step may keep that step for
        ever; then only the bound holds.

    Raises
    ------
    InputError
        If an argument is out of its range.

    Notes
    -----
    F. Baskett, K. M. Chandy, R. R. Muntz and F. G. Palacios, J. ACM 22 (1975): product form with a
    load-dependent processor-sharing station and a delay; for ``vcpus`` 1 the machine repairman.

    Examples
    --------
    Four slots on two vCPUs, jobs half CPU and half I/O: the rule promises a full CPU.

    >>> busy = container(concurrency=4, vcpus=2, cpu=10.0, io=10.0)
    >>> busy.rule, round(busy.cpu_utilization, 4), round(busy.stretch, 4)
    (4.0, 0.85, 1.1765)
    """
    n, cores = count("concurrency", concurrency, most=MOST_PROCESSES), cpus("vcpus", vcpus)
    cpu_s, io_s = seconds("cpu", cpu, above_zero=True), seconds("io", io)
    return _solve(n, cores, cpu_s, io_s)


def container_curve(*, concurrency: int, vcpus: float, cpu: Amount, io: Amount) -> tuple[Container, ...]:
    """Solve a saturated container for every concurrency from 1 to ``concurrency``.

    Parameters
    ----------
    concurrency
        The largest number of process slots, 1 to 10,000.
    vcpus, cpu, io
        As for `container`.

    Returns
    -------
    tuple of Container
        One result for each concurrency, in order.

    Raises
    ------
    InputError
        If an argument is out of its range.

    Examples
    --------
    >>> [round(one.cpu_utilization, 4) for one in container_curve(concurrency=4, vcpus=1, cpu=1.0, io=1.0)]
    [0.5, 0.8, 0.9375, 0.9846]
    """
    most, cores = count("concurrency", concurrency, most=MOST_PROCESSES), cpus("vcpus", vcpus)
    cpu_s, io_s = seconds("cpu", cpu, above_zero=True), seconds("io", io)
    return tuple(_solve(n, cores, cpu_s, io_s) for n in range(1, most + 1))


def container_rule(*, vcpus: float, cpu: Amount, io: Amount) -> float:
    """Return the concurrency of the rule of thumb: vcpus x (1 + I/O / CPU).

    It is the knee of the upper bound, where jobs that never met would just fill the CPU.

    Parameters
    ----------
    vcpus, cpu, io
        As for `container`.

    Returns
    -------
    float
        Processes, not rounded.

    Raises
    ------
    InputError
        If an argument is out of its range.

    Examples
    --------
    >>> container_rule(vcpus=4, cpu=1.0, io=0.75)
    7.0
    """
    return cpus("vcpus", vcpus) * (1 + seconds("io", io) / seconds("cpu", cpu, above_zero=True))


def container_concurrency(*, share: float, vcpus: float, cpu: Amount, io: Amount) -> int:
    """Return the smallest concurrency that reaches a share of the saturation throughput.

    Parameters
    ----------
    share
        Share of vcpus / cpu that the throughput must reach, > 0 and < 1.
    vcpus, cpu, io
        As for `container`.

    Returns
    -------
    int
        Process slots.

    Raises
    ------
    InputError
        If an argument is out of its range, or 10,000 slots do not reach the share.

    Examples
    --------
    The rule says 7 for this container; 95 % of what it could do takes 9.

    >>> container_concurrency(share=0.95, vcpus=4, cpu=1.0, io=0.75)
    9
    """
    wanted, cores = number("share", below_one("share", share), above_zero=True), cpus("vcpus", vcpus)
    cpu_s, io_s = seconds("cpu", cpu, above_zero=True), seconds("io", io)
    best = _solve(MOST_PROCESSES, cores, cpu_s, io_s).cpu_utilization
    if best < wanted:
        reached = f"the share that {MOST_PROCESSES:,} processes reach on {cores:g} vcpus"
        msg = f"share must be <= {best:.4g}, {reached}, got {wanted:g}"
        raise InputError(msg)
    low, high = 0, MOST_PROCESSES  # throughput grows with concurrency, so halving finds the first
    while high - low > 1:
        middle = (low + high) // 2
        if _solve(middle, cores, cpu_s, io_s).cpu_utilization >= wanted:
            high = middle
        else:
            low = middle
    return high


def _solve(concurrency: int, vcpus: float, cpu_s: float, io_s: float) -> Container:
    on_cpu = np.arange(1, concurrency + 1)
    in_use = np.minimum(on_cpu, vcpus)
    if io_s == 0:
        used = float(in_use[-1])
    else:
        # Logarithms, since the weights of 10,000 jobs span thousands of orders of magnitude.
        steps = np.log(concurrency + 1 - on_cpu) + (math.log(cpu_s) - math.log(io_s)) - np.log(in_use)
        log_weight = np.concatenate([[0.0], np.cumsum(steps)])
        weight = np.exp(log_weight - log_weight.max())
        used = float(weight[1:] @ in_use / weight.sum())
    return Container(
        concurrency=concurrency,
        vcpus=vcpus,
        cpu_s=cpu_s,
        io_s=io_s,
        cpu_utilization=used / vcpus,
        approximate=False,
        method="closed product form (Baskett, Chandy, Muntz and Palacios 1975)",
    )
