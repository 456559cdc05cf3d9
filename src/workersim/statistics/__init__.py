"""What several replications say together."""

from __future__ import annotations

from workersim.statistics.intervals import mean_interval
from workersim.statistics.replications import combine

__all__ = ["combine", "mean_interval"]
