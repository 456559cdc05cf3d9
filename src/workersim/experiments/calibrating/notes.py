"""What was inferred, what was assumed, and what was dropped: sentences for who edits the scenario."""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["Notes"]


@dataclass
class Notes:
    """Sentences of three kinds."""

    inferred: list[str] = field(default_factory=list)
    assumed: list[str] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)
