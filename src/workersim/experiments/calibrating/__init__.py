"""From a recording to a scenario that a person can edit, and how far it may be trusted."""

from __future__ import annotations

from workersim.experiments.calibrating.answer import Calibration, calibrate
from workersim.experiments.calibrating.held_out import HeldOut
from workersim.experiments.calibrating.uncertainty import Uncertainty

__all__ = ["Calibration", "HeldOut", "Uncertainty", "calibrate"]
