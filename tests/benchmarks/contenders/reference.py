"""workersim's reference engine: what the model means, at what SimPy can do; its figures are read off the log."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workersim.engines import simulate
from workersim.metrics import figures
from workersim.scenario import Scenario
from workersim.workload import realise

from .cases import scenario
from .ours import answer

if TYPE_CHECKING:
    from .shape import Answer, Case

__all__ = ["run"]


def run(case: Case, jobs: int, seed: int) -> Answer:
    """Run a case."""
    asked = Scenario(**scenario(case, jobs))
    return answer(figures(simulate(realise(asked, seed=seed), asked.fleet, engine="simpy", seed=seed)))
