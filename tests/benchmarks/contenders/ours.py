"""workersim: the compiled engine, measured."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workersim.engines import simulate
from workersim.metrics import figures
from workersim.scenario import Scenario
from workersim.workload import realise

from .cases import scenario
from .shape import Answer, Case

if TYPE_CHECKING:
    from workersim.engines import Engine

__all__ = ["measured", "run"]


def run(case: Case, jobs: int, seed: int) -> Answer:
    """Run a case."""
    return measured(case, jobs, seed, "compiled")


def measured(case: Case, jobs: int, seed: int, engine: Engine) -> Answer:
    """Run a case on an engine and read its figures off the log."""
    asked = Scenario(**scenario(case, jobs))
    drawn = realise(asked, seed=seed)
    tree = figures(simulate(drawn, asked.fleet, engine=engine, seed=seed))
    return Answer(
        jobs=len(drawn),
        mean_wait_s=tree["wait"]["mean"],
        p95_wait_s=tree["wait"]["p95"],
        mean_queue=tree["queue_length"]["mean"],
        mean_service_s=tree["service"]["mean"],
    )
