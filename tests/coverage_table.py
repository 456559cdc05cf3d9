"""How often 95 % intervals hold the true figure of M/M/c, as a Markdown table: ``python -m tests.coverage_table``.

``python -m tests.coverage_table 200`` makes do with 200 experiments a row; so does ``test_coverage.py``.
"""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

import workersim as ws
from workersim import workload
from workersim.experiments.run import simulate
from workersim.metrics import waits_in_order
from workersim.statistics import batch_means, batch_quantile
from workersim.units import SECOND

if TYPE_CHECKING:
    from collections.abc import Iterator

SLOTS = 4
FIGURES = ("wait.mean", "wait.p95")
HEADINGS = ("method", "load", "jobs a run", "figure", "true", "held it", "said to be too short")


class Case(NamedTuple):
    """Experiments of one kind; a run has about so many jobs after its warm-up, and a replication is one run."""

    load: float
    jobs: int
    replications: int

    @property
    def method(self) -> str:
        return f"{self.replications} replications" if self.replications > 1 else "one run, 20 batches"

    def scenario(self) -> ws.Scenario:
        rate = self.load * SLOTS  # services take one second
        warm_up_s = 200 / (1 - self.load)
        return ws.Scenario(
            name=f"M/M/{SLOTS} at {self.load}",
            fleet=ws.Fleet(replicas=1, concurrency=SLOTS),
            workload=ws.Workload(
                jobs={"document": ws.Job(service=ws.Exponential(mean="1 s"))}, arrivals=[ws.Poisson(rate=rate)]
            ),
            run=ws.RunSettings(until=warm_up_s + self.jobs / rate, warm_up=warm_up_s),
        )

    def truth(self) -> tuple[float, float]:
        form = ws.theory.mmc(slots=SLOTS, rate=self.load * SLOTS, service=1.0)
        return form.wait_mean_s, form.wait_p95_s


CASES = (
    Case(0.5, 5_000, 10),
    Case(0.9, 110_000, 10),
    Case(0.5, 40_000, 1),
    Case(0.9, 800_000, 1),
    # Too short for what they are asked, which is said.
    Case(0.9, 2_000, 10),
    Case(0.9, 40_000, 1),
)


class Found(NamedTuple):
    """Of each experiment: whether the interval holds the true figure, and whether a warning stands beside it."""

    held: np.ndarray[tuple[int], np.dtype[np.bool_]]
    warned: np.ndarray[tuple[int], np.dtype[np.bool_]]


def experiments(case: Case, count: int) -> Iterator[Found]:
    """Yield what came of so many experiments, for each of the figures."""
    return (_replicated if case.replications > 1 else _alone)(case, count)


def _replicated(case: Case, count: int) -> Iterator[Found]:
    swept = ws.sweep(case.scenario(), {"run.seed": range(count)}, replications=case.replications).to_frame()
    said = swept["warnings"].fillna("")
    for figure, true in zip(FIGURES, case.truth(), strict=True):
        held = (swept[f"{figure}.low"] <= true) & (true <= swept[f"{figure}.high"])
        yield Found(held.to_numpy(), said.str.contains(figure, regex=False).to_numpy())


def _alone(case: Case, count: int) -> Iterator[Found]:
    scenario = case.scenario()

    def one(seed: int) -> list[tuple[bool, bool]]:
        # As ``result.within_run``, without the figures that a result has beside it.
        jobs = workload.realise(scenario, seed=seed)
        log = simulate(scenario, jobs, "compiled")
        _, waits_ns = waits_in_order(log, warm_up_ns=int(scenario.run.warm_up))
        waits = waits_ns / SECOND
        found = []
        for estimate, true in zip((batch_means(waits), batch_quantile(waits, 0.95)), case.truth(), strict=True):
            assert estimate.low is not None
            assert estimate.high is not None
            found.append((estimate.low <= true <= estimate.high, not estimate.is_enough))
        return found

    with ThreadPoolExecutor() as pool:
        told = np.array(list(pool.map(one, range(count))))
    for at in range(len(FIGURES)):
        yield Found(told[:, at, 0], told[:, at, 1])


def lines(count: int, cases: tuple[Case, ...] = CASES) -> Iterator[str]:
    """Yield the table line by line."""
    yield line(HEADINGS)
    yield line(("---", "---:", "---:", "---", "---:", "---:", "---:"))
    for case in cases:
        for figure, true, found in zip(FIGURES, case.truth(), experiments(case, count), strict=True):
            shares = (f"{found.held.mean():.1%}", f"{found.warned.mean():.0%}")
            yield line((case.method, f"{case.load:.0%}", f"{case.jobs:,}", figure, f"{true:.4f} s", *shares))


def line(cells: tuple[str, ...]) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    chosen = tuple(CASES[int(at)] for at in sys.argv[2:]) or CASES
    for each in lines(wanted, chosen):
        sys.stdout.write(each + "\n")
        sys.stdout.flush()
