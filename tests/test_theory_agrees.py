"""Each closed form against simulation: the theoretical value must lie inside a stated, narrow interval.

A case is a scenario that meets the assumptions of a form; it is run 32 times from a fixed seed on the compiled engine,
and each figure is what ``ws.run`` would tell.  What is exact must lie in the 99.99 % Student interval over the
replications; an approximation states the band around itself in which that whole interval must lie; a bound has to
hold.  The interval must be narrow, too, or it would prove nothing.  There are about a hundred figures from 36
scenarios, so at 99.9 % one time in thirty some figure would fail by chance alone when what a seed draws changes; at
this level it is about one in three hundred.  ``python -m tests.theory_table`` prints them all.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pytest

from workersim import theory
from workersim.experiments.run import measure_each, run
from workersim.metrics import over_time
from workersim.metrics.figures import spread
from workersim.runlog import Outcome
from workersim.scenario import Scenario
from workersim.statistics import mean_interval
from workersim.units import NEVER, SECOND

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from workersim.runlog import RunLog
    from workersim.theory import Queue
    from workersim.workload import Jobs

LEVEL = 0.9999
REPLICATIONS = 32


class Figure(NamedTuple):
    """What a figure of the run should be."""

    path: str
    theory: float
    narrow: float = 0.025  # the most that half the interval may be, as a share of the theory: a wider one proves little
    band: float = 0.0  # how far the truth may be from an approximation, as a share of it
    bound: bool = False  # no more than an upper bound

    @property
    def kind(self) -> str:
        return "upper bound" if self.bound else f"approximation, ± {self.band:.0%}" if self.band else "exact"


class Case(NamedTuple):
    """A scenario that meets the assumptions of a form, and what should come of it."""

    form: str
    parameters: str
    scenario: Scenario
    figures: Sequence[Figure]

    def __str__(self) -> str:
        return f"{self.form}, {self.parameters}"


def case(
    form: str,
    parameters: str,
    *expected: Figure,
    jobs: float,
    rate: float,
    fleet: Mapping[str, Any],
    work: Mapping[str, Any],
    arrivals: Sequence[Mapping[str, Any]] = (),
) -> Case:
    """Return a case of about so many jobs over all replications, whose seed depends on its name alone."""
    measured_s = jobs / REPLICATIONS / rate
    run = {
        "warm_up": measured_s / 20,
        "until": measured_s * 1.05,
        "seed": zlib.crc32(f"{form}, {parameters}".encode()),
        "replications": REPLICATIONS,
    }
    workload = {"jobs": work, "arrivals": arrivals or [poisson(rate)]}
    described = {"name": form, "fleet": {"replicas": 1, **fleet}, "workload": workload, "run": run}
    return Case(form, parameters, Scenario.model_validate(described), expected)


def poisson(rate: float, *jobs: str) -> dict[str, Any]:
    return {"poisson": {"rate": rate}} | ({"jobs": list(jobs)} if jobs else {})


def drawn(family: str, cv: float, mean_s: float = 1.0) -> dict[str, Any]:
    return {family: {"mean": f"{mean_s} s", "cv": cv}}


def exponential(mean_s: float = 1.0) -> dict[str, Any]:
    return {"exponential": {"mean": f"{mean_s} s"}}


def line(queue: Queue, narrow: float, *, quantile: bool = False) -> Iterator[Figure]:
    """Yield the figures of one line before equal slots."""
    yield Figure("wait.mean", queue.wait_mean_s, narrow)
    if quantile and (p95 := queue.wait_p95_s) > 0:  # type: ignore[attr-defined]  # where the distribution is known
        yield Figure("wait.p95", p95, narrow)
    if queue.probability_of_waiting is not None:
        yield Figure("share.waiting", queue.probability_of_waiting, narrow)
    yield Figure("queue_length.mean", queue.queue_length, narrow)


def mmc(slots: int, utilization: float, jobs: float, narrow: float) -> Case:
    rate = slots * utilization
    queue = theory.mmc(slots=slots, rate=rate, service=1.0)
    return case(
        f"M/M/{slots}",
        f"utilization {utilization}",
        *line(queue, narrow, quantile=True),
        jobs=jobs,
        rate=rate,
        fleet={"concurrency": slots},
        work={"job": {"service": exponential()}},
    )


def mdc(slots: int, utilization: float, jobs: float, narrow: float) -> Case:
    rate = slots * utilization
    queue = theory.mdc(slots=slots, rate=rate, service=1.0)
    return case(
        f"M/D/{slots}",
        f"utilization {utilization}",
        *line(queue, narrow, quantile=True),
        jobs=jobs,
        rate=rate,
        fleet={"concurrency": slots},
        work={"job": {"service": "1 s"}},
    )


def mg1(family: str, cv: float, utilization: float, jobs: float, narrow: float) -> Case:
    queue = theory.mg1(rate=utilization, service=1.0, cv=cv)
    return case(
        "M/G/1 (Pollaczek-Khinchine)",
        f"{family}, cv {cv}, utilization {utilization}",
        *line(queue, narrow),
        jobs=jobs,
        rate=utilization,
        fleet={"concurrency": 1},
        work={"job": {"service": drawn(family, cv)}},
    )


def mgc(slots: int, family: str, cv: float, utilization: float, band: float) -> Case:
    rate = slots * utilization
    queue = theory.mgc(slots=slots, rate=rate, service=1.0, cv=cv)
    return case(
        f"M/G/{slots} (Lee-Longton)",
        f"{family}, cv {cv}, utilization {utilization}",
        Figure("wait.mean", queue.wait_mean_s, band=band, narrow=0.05),
        jobs=8e6,
        rate=rate,
        fleet={"concurrency": slots},
        work={"job": {"service": drawn(family, cv)}},
    )


def ggc(slots: int, arrivals: tuple[str, float], services: tuple[str, float], utilization: float, band: float) -> Case:
    rate = slots * utilization
    queue = theory.ggc(slots=slots, rate=rate, service=1.0, arrival_cv=arrivals[1], service_cv=services[1])
    expected = [Figure("wait.mean", queue.wait_mean_s, band=band, narrow=0.05)]
    if queue.wait_upper_bound_s is not None:
        expected.append(Figure("wait.mean", queue.wait_upper_bound_s, narrow=0.05, bound=True))
    return case(
        f"G/G/{slots} ({'Kingman' if slots == 1 else 'Allen-Cunneen'})",
        f"arrivals {arrivals[0]} of cv {arrivals[1]}, services {services[0]} of cv {services[1]}, "
        f"utilization {utilization}",
        *expected,
        jobs=8e6,
        rate=rate,
        fleet={"concurrency": slots},
        work={"job": {"service": drawn(*services)}},
        arrivals=[{"renewal": {"interval": drawn(*arrivals, 1 / rate)}}],
    )


CROWD = 200  # slots enough that nobody ever waits for one: at these loads with a probability below 1e-15


def ps(vcpus: float, service: Any, told: str, utilization: float, jobs: float) -> Case:
    """Return jobs that are all CPU and always find a slot."""
    rate = vcpus * utilization
    shared = theory.ps(rate=rate, service=1.0, vcpus=vcpus)
    return case(
        f"M/G/{vcpus:g} processor sharing",
        f"{told}, utilization {utilization}",
        Figure("response.mean", shared.response_mean_s, narrow=0.03),
        Figure("cpu.mean", shared.utilization),
        jobs=jobs,
        rate=rate,
        fleet={"concurrency": CROWD, "vcpus": vcpus},
        work={"job": {"service": service}},
    )


def ps_by_size() -> Case:
    """Small jobs and large ones are stretched alike."""
    shared = theory.ps(rate=1.0, service=1.4, vcpus=2)
    return case(
        "M/G/2 processor sharing",
        "jobs of 0.8 s and 2 s, utilization 0.7",
        Figure("response.small.mean", shared.response_at_s(0.8)),
        Figure("response.large.mean", shared.response_at_s(2.0)),
        jobs=1e6,
        rate=1.0,
        fleet={"concurrency": CROWD, "vcpus": 2},
        work={"small": {"service": "0.8 s"}, "large": {"service": "2 s"}},
    )


def priorities(slots: int, rates: tuple[float, float], services: Sequence[Any], told: str, **known: Any) -> Case:
    queue = theory.priority(slots=slots, rate=rates, **known)
    return case(
        f"two priorities on {slots} slot{'s'[: slots > 1]} (Cobham)",
        f"{told}, utilization {queue.utilization:.2g}",
        Figure("wait.urgent.mean", queue.classes[0].wait_mean_s),
        Figure("wait.bulk.mean", queue.classes[1].wait_mean_s, narrow=0.03),
        jobs=6e6,
        rate=sum(rates),
        fleet={"concurrency": slots},
        work={
            "bulk": {"service": services[1], "priority": 7},
            "urgent": {"service": services[0], "priority": 2},
        },
        arrivals=[poisson(rates[1], "bulk"), poisson(rates[0], "urgent")],
    )


def reneging(slots: int, rate: float, patience_s: float) -> Case:
    queue = theory.reneging(slots=slots, rate=rate, service=1.0, patience=patience_s)
    return case(
        f"M/M/{slots}+M (Erlang A)",
        f"load {rate}, patience {patience_s:g} services",
        Figure("share.expired", queue.probability_of_leaving),
        Figure("wait.mean", queue.wait_served_mean_s),
        Figure("queue_length.mean", queue.queue_length),
        Figure("finished.per_s", queue.throughput_per_s),
        jobs=0.8e6,
        rate=rate,
        fleet={"concurrency": slots},
        work={"job": {"service": exponential(), "expires": exponential(patience_s)}},
    )


def loss(slots: int, load: float, service: Any, told: str) -> Case:
    """Return a queue in which nobody may wait: patience ends on arrival, after the dispatch of that instant."""
    return case(
        f"M/G/{slots}/{slots} (Erlang B)",
        f"{told}, load {load}",
        Figure("share.expired", theory.erlang_b(slots=slots, load=load)),
        jobs=1.6e6,
        rate=load,
        fleet={"concurrency": slots},
        work={"job": {"service": service, "expires": "0 s"}},
    )


def container(concurrency: int, vcpus: float, cpu: Any, io: Any, told: str) -> Case:
    """Return a container whose slots never run out of jobs, each CPU, I/O and CPU again."""
    busy = theory.container(concurrency=concurrency, vcpus=vcpus, cpu=2.0, io=3.0)
    jobs = 0.8e6
    return case(
        "container (product form)",
        f"{concurrency} slots on {vcpus:g} vCPUs, {told}",
        Figure("finished.per_s", busy.throughput_per_s, narrow=0.01),
        Figure("cpu.mean", busy.cpu_utilization, narrow=0.01),
        jobs=jobs,
        rate=busy.throughput_per_s,
        fleet={"concurrency": concurrency, "vcpus": vcpus},
        work={"job": {"phases": [{"cpu": cpu}, {"io": io}, {"cpu": cpu}]}},
        arrivals=[{"burst": {"jobs": int(1.2 * jobs / REPLICATIONS) + concurrency}}],
    )


CASES = [
    mmc(1, 0.5, 2e6, 0.025),
    mmc(4, 0.5, 7e6, 0.025),
    mmc(12, 0.5, 12e6, 0.05),  # one job in 45 waits
    *(mmc(slots, 0.8, 14e6, 0.03) for slots in (1, 4, 12)),
    *(mmc(slots, 0.9, 14e6, 0.045) for slots in (1, 4, 12)),
    mdc(1, 0.8, 3e6, 0.025),
    mdc(4, 0.8, 6e6, 0.025),
    mdc(12, 0.9, 8e6, 0.04),
    mg1("erlang", 0.5, 0.8, 5e6, 0.025),
    mg1("hyperexponential", 2.0, 0.6, 10e6, 0.025),
    mg1("lognormal", 2.0, 0.6, 12e6, 0.07),  # the variance of its mean wait hangs on the fourth moment of the services
    mgc(4, "erlang", 0.5, 0.8, 0.1),
    mgc(4, "hyperexponential", 1.5, 0.9, 0.1),
    ggc(1, ("erlang", 0.5), ("gamma", 1.2), 0.8, 0.1),
    ggc(4, ("hyperexponential", 1.5), ("gamma", 0.5), 0.9, 0.1),
    ps(1, exponential(), "exponential", 0.7, 1.2e6),
    ps(1, drawn("hyperexponential", 2.0), "hyperexponential, cv 2", 0.7, 3e6),
    ps(1.5, exponential(), "exponential", 0.7, 1.2e6),
    ps(2, exponential(), "exponential", 0.8, 2e6),
    ps(2, drawn("hyperexponential", 2.0), "hyperexponential, cv 2", 0.8, 4e6),
    ps_by_size(),
    priorities(1, (0.2, 0.6), [exponential()] * 2, "exponential", service=1.0),
    priorities(4, (1.2, 2.0), [exponential()] * 2, "exponential", service=1.0),
    priorities(
        1,
        (0.6, 0.4),
        ["0.5 s", drawn("hyperexponential", 1.5)],
        "0.5 s constant before 1 s of cv 1.5",
        service=[0.5, 1.0],
        cv=[0.0, 1.5],
    ),
    reneging(1, 0.8, 5.0),
    reneging(4, 5.0, 2.0),
    loss(4, 3.0, exponential(), "exponential"),
    loss(12, 10.0, drawn("lognormal", 1.5), "lognormal, cv 1.5"),
    *(container(slots, 2, exponential(), exponential(3.0), "exponential") for slots in (2, 4, 8)),
    container(5, 1.5, drawn("hyperexponential", 2.0), drawn("lognormal", 0.5, 3.0), "CPU cv 2, I/O cv 0.5"),
]


def samples(case: Case) -> list[Sequence[float]]:
    """Return the values of each figure of a case, one a replication."""
    warm_up_ns = int(case.scenario.run.warm_up)

    def measure(_: Jobs, log: RunLog) -> list[float]:
        return [read(log, warm_up_ns, figure.path) for figure in case.figures]

    return list(zip(*measure_each(case.scenario, "compiled", range(REPLICATIONS), measure), strict=True))


def read(log: RunLog, warm_up_ns: int, path: str) -> float:
    """Return one figure of a run; the whole tree would take eight times as long as the run."""
    attempts, jobs = log.attempts, log.jobs  # an attempt a job, in the same order
    seen, outcome = jobs.arrival_ns >= warm_up_ns, attempts.outcome
    started = seen & (attempts.started_ns < NEVER)
    what, *of, statistic = path.split(".")
    match what:
        case "wait" | "response":
            counted = started if what == "wait" else seen & (outcome == Outcome.DONE)
            for name in of:
                counted = counted & (jobs.job_class == jobs.classes.index(name))
            end_ns = attempts.started_ns if what == "wait" else attempts.finished_ns
            return spread((end_ns - jobs.arrival_ns)[counted])[statistic] or 0.0
        case "share":
            waited = (attempts.started_ns > jobs.arrival_ns)[started]
            return float(np.mean(waited if statistic == "waiting" else (outcome == Outcome.EXPIRED)[seen]))
        case "finished":
            done = (outcome == Outcome.DONE) & (attempts.finished_ns > warm_up_ns)
            return float(np.count_nonzero(done)) * SECOND / (log.horizon_ns - warm_up_ns)
    return over_time(log, what).between_ns(warm_up_ns, log.horizon_ns).mean()


def disagreement(figure: Figure, values: Sequence[float]) -> str | None:
    """Say how the values of the replications contradict the theory, or cannot tell."""
    low, high = mean_interval(values, LEVEL) or (np.nan, np.nan)
    expected = f"{figure.path}: {figure.theory:.5g} by theory ({figure.kind}), simulated {low:.5g} to {high:.5g}"
    if not high - low <= 2 * figure.narrow * figure.theory:
        return f"{expected}, too wide to tell"
    if figure.bound:
        agrees = high <= figure.theory
    elif figure.band:
        agrees = figure.theory * (1 - figure.band) <= low and high <= figure.theory * (1 + figure.band)
    else:
        agrees = low <= figure.theory <= high
    return None if agrees else expected


@pytest.mark.parametrize("case", CASES, ids=str)
def test_simulation_meets_the_closed_form(case: Case) -> None:
    told = map(disagreement, case.figures, samples(case))
    assert [problem for problem in told if problem] == []


def test_the_figures_are_those_that_a_run_tells() -> None:
    case = reneging(4, 5.0, 2.0)
    scenario = case.scenario.replace("run.until", "600 s").replace("run.warm_up", "20 s")
    result = run(scenario, replications=1, engine="compiled")
    paths = ["wait.mean", "wait.p95", "response.mean", "queue_length.mean", "cpu.mean"]
    assert [read(result.log, 20 * SECOND, path) for path in paths] == [
        getattr(getattr(result, block), name) for block, name in (path.split(".") for path in paths)
    ]
    assert read(result.log, 20 * SECOND, "finished.per_s") == result.throughput
    assert read(result.log, 0, "share.expired") == result.jobs.expired / result.jobs.arrived
    waited_mean = result.wait.mean / result.wait.waited.mean
    assert read(result.log, 20 * SECOND, "share.waiting") == pytest.approx(waited_mean, rel=1e-12)
