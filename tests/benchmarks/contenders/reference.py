"""workersim's reference engine: what the model means, at what SimPy can do; its figures are read off the log."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workersim.experiments.run import sample
from workersim.scenario import Scenario
from workersim.workload import realise

from .cases import scenario
from .ours import answer

if TYPE_CHECKING:
    from .shape import Answer, Case

__all__ = ["run"]


def run(case: Case, jobs: int, seed: int) -> Answer:
    """Run a case."""
    asked = Scenario(**scenario(case, jobs)).replace("run.seed", seed)
    return answer(sample(asked, realise(asked), "simpy", replication=0).figures)
