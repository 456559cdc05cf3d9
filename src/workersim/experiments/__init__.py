"""Run scenarios, once or many times, and say what came of it."""

from workersim.experiments.check import check
from workersim.experiments.compare import compare
from workersim.experiments.compared import Comparison
from workersim.experiments.observed import check_observed
from workersim.experiments.replay import Replay, replay
from workersim.experiments.result import Figures, Result
from workersim.experiments.run import run
from workersim.experiments.sweep import sweep
from workersim.experiments.swept import Sweep
from workersim.experiments.verdicts import Verdicts

__all__ = [
    "Comparison",
    "Figures",
    "Replay",
    "Result",
    "Sweep",
    "Verdicts",
    "check",
    "check_observed",
    "compare",
    "replay",
    "run",
    "sweep",
]
