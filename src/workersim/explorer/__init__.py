"""The explorer: move a slider, and see at once what the fleet does; on this machine only."""

from __future__ import annotations

from workersim.explorer.serving import explore

__all__ = ["explore"]
