"""Plans: the cheapest fleet that meets targets, how sure that is, and what rules of thumb would buy."""

from workersim.experiments.planning.answer import Plan
from workersim.experiments.planning.planner import plan

__all__ = ["Plan", "plan"]
