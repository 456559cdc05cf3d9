"""The one log that engines write and everything else reads."""

from __future__ import annotations

from workersim.runlog.log import RunLog
from workersim.runlog.phasing import PhaseEnds
from workersim.runlog.schema import SERVICE, Attempts, Cause, FleetChanges, JobTable, Kind, Outcome, Phases
from workersim.runlog.terms import Pause, Terms

__all__ = [
    "SERVICE",
    "Attempts",
    "Cause",
    "FleetChanges",
    "JobTable",
    "Kind",
    "Outcome",
    "Pause",
    "PhaseEnds",
    "Phases",
    "RunLog",
    "Terms",
]
