"""What several replications say together, what one long run says alone, and by how much two fleets differ."""

from __future__ import annotations

from workersim.statistics.batches import Estimate, batch_means, batch_quantile
from workersim.statistics.differences import Difference, level_for_all, paired_difference
from workersim.statistics.effective import effective_size, enough_for
from workersim.statistics.intervals import mean_interval, mean_of
from workersim.statistics.quantiles import quantile_interval
from workersim.statistics.replications import combine
from workersim.statistics.stopping import next_count, precision_of
from workersim.statistics.warm_up import WarmUp, mser5

__all__ = [
    "Difference",
    "Estimate",
    "WarmUp",
    "batch_means",
    "batch_quantile",
    "combine",
    "effective_size",
    "enough_for",
    "level_for_all",
    "mean_interval",
    "mean_of",
    "mser5",
    "next_count",
    "paired_difference",
    "precision_of",
    "quantile_interval",
]
