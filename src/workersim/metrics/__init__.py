"""Curves and figures, read exactly from a run log and from nothing else."""

from __future__ import annotations

from workersim.metrics.curves import CURVES, over_time
from workersim.metrics.figures import QUANTILES, figures, spread
from workersim.metrics.steps import StepFunction
from workersim.metrics.waiting import waits_in_order

__all__ = ["CURVES", "QUANTILES", "StepFunction", "figures", "over_time", "spread", "waits_in_order"]
