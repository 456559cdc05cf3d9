"""What a forecast says."""

from __future__ import annotations

import math
import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from workersim.experiments.summary import WIDTH, Table, in_columns, table_html
from workersim.units import format_duration

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from workersim.scenario import Scenario, State

__all__ = ["Forecast", "Span"]


class Span(NamedTuple):
    """An instant in seconds from now: its median, and the ends of its 90 % interval; infinite if it may never come."""

    median: float
    low: float
    high: float


@dataclass(frozen=True, eq=False)
class Forecast:
    """When the backlog is gone, and when what is sent now is finished.

    Attributes
    ----------
    scenario, state
        What it was made from.
    counts
        How many run and wait.
    backlog_gone
        When the last of those that wait now has started.
    backlog_done
        When the last of those that run or wait now has finished.
    sent_starts, sent_finished
        When a job starts, and finishes, that is sent now.
    replications
        How often it was simulated.
    warnings
        What a reader has to know.
    drawn
        float64[replications, 4], these instants of each replication.
    """

    scenario: Scenario
    state: State
    counts: dict[str, int]
    backlog_gone: Span
    backlog_done: Span
    sent_starts: Span
    sent_finished: Span
    replications: int
    warnings: tuple[str, ...]
    drawn: NDArray[np.float64]

    def _rows(self) -> list[tuple[str, str, Span]]:
        return [
            ("the last of those that wait starts", "backlog_gone", self.backlog_gone),
            ("all that is here now is done", "backlog_done", self.backlog_done),
            ("a document that is sent now starts", "sent_starts", self.sent_starts),
            ("and is finished", "sent_finished", self.sent_finished),
        ]

    def to_dict(self) -> dict[str, Any]:
        """Return the object that ``workersim forecast --json`` prints; None for what may never come."""
        spans = {
            name: {key: value if math.isfinite(value) else None for key, value in span._asdict().items()}
            for _, name, span in self._rows()
        }
        return {
            "scenario": self.scenario.name,
            **self.counts,
            **spans,
            "level": 0.9,
            "replications": self.replications,
            "warnings": list(self.warnings),
        }

    def _table(self) -> Table:
        rows = [[words, _in(span.median), f"{_in(span.low)} to {_in(span.high)}"] for words, _, span in self._rows()]
        return Table(["from now", "median", "90 % interval"], rows)

    def summary(self) -> str:
        """Return it as a table of 80 columns."""
        lines = [f"{self.counts['running']} running, {self.counts['waiting']} waiting", ""]
        lines += in_columns(self._table())
        for warning in self.warnings:
            lines += ["", *textwrap.wrap(f"Warning: {warning}", WIDTH)]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        from html import escape  # noqa: PLC0415 (for this alone)

        said = "".join(f"<p>Warning: {escape(warning)}</p>" for warning in self.warnings)
        return f"<div>{table_html(self._table())}{said}</div>"


def _in(seconds: float) -> str:
    return format_duration(seconds) if math.isfinite(seconds) else "never"
