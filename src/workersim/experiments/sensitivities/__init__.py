"""Which input of a scenario moves a figure most."""

from workersim.experiments.sensitivities.answer import Sensitivity
from workersim.experiments.sensitivities.study import sensitivity

__all__ = ["Sensitivity", "sensitivity"]
