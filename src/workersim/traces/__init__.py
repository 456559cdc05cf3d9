"""Recorded systems: a file of somebody else's becomes jobs for another fleet, and the log of what was observed."""

from __future__ import annotations

from workersim.traces.celery_export import write_events
from workersim.traces.reading import FORMATS, read_trace
from workersim.traces.recording import Recording

__all__ = ["FORMATS", "Recording", "read_trace", "write_events"]
