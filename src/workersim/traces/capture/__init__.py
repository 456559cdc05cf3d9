"""A live Celery, written down: what its events say, what Redis holds how its workers are set; for ``read_trace``."""

from __future__ import annotations

from workersim.traces.capture.session import Captured, Wanted, capture

__all__ = ["Captured", "Wanted", "capture"]
