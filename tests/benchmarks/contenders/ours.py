"""workersim: the compiled engine, measured, without a log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workersim.experiments.measuring import can_stream, measured
from workersim.experiments.run import sample
from workersim.scenario import Scenario
from workersim.workload import realise

from .cases import scenario
from .shape import Answer, Case

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["answer", "run"]


def run(case: Case, jobs: int, seed: int) -> Answer:
    """Run a case."""
    asked = Scenario(**scenario(case, jobs)).replace("run.seed", seed)
    if can_stream(asked):
        return answer(measured(asked).figures)
    return answer(sample(asked, realise(asked), "compiled", replication=0).figures)


def answer(tree: Mapping[str, Any]) -> Answer:
    """Take the answer from the tree of figures."""
    return Answer(
        jobs=tree["jobs"]["arrived"],
        mean_wait_s=tree["wait"]["mean"],
        p95_wait_s=tree["wait"]["p95"],
        mean_queue=tree["queue_length"]["mean"],
        mean_service_s=tree["service"]["mean"],
    )
