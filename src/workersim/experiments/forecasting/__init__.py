"""Now and next: from the present state of a fleet to when its backlog is gone."""

from __future__ import annotations

from workersim.experiments.forecasting.answer import Forecast
from workersim.experiments.forecasting.making import forecast

__all__ = ["Forecast", "forecast"]
