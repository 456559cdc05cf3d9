"""Ask why documents wait: each cause switched off on the same documents, and each change tried on them."""

from workersim.experiments.explaining.answer import Explanation
from workersim.experiments.explaining.study import explain

__all__ = ["Explanation", "explain"]
