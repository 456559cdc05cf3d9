"""Run scenarios, once or many times, and say what came of it."""

from workersim.experiments.check import check
from workersim.experiments.observed import check_observed
from workersim.experiments.replay import Replay, replay
from workersim.experiments.result import Figures, Result
from workersim.experiments.run import run

__all__ = ["Figures", "Replay", "Result", "check", "check_observed", "replay", "run"]
