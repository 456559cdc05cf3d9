"""Curves and figures, read exactly from a run log and from nothing else."""

from __future__ import annotations

from workersim.metrics.curves import CURVES, over_time
from workersim.metrics.figures import figures, spread
from workersim.metrics.steps import StepFunction

__all__ = ["CURVES", "StepFunction", "figures", "over_time", "spread"]
