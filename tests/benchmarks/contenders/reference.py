"""workersim's reference engine: what the model means, at what SimPy can do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .ours import measured

if TYPE_CHECKING:
    from .shape import Answer, Case

__all__ = ["run"]


def run(case: Case, jobs: int, seed: int) -> Answer:
    """Run a case."""
    return measured(case, jobs, seed, "simpy")
