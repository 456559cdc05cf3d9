"""What is drawn: a log, and what a result knows beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeAlias

from workersim.errors import InputError
from workersim.runlog import RunLog
from workersim.units import Duration, parse_duration, shown

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Amount", "Run", "Subject", "duration", "subject"]

Amount: TypeAlias = str | float
"""A number of seconds, or a text with a unit such as ``'20 min'``."""


class HasLog(Protocol):
    """A result, or anything else that holds a log."""

    @property
    def log(self) -> RunLog:
        """The log."""


Run: TypeAlias = HasLog | RunLog


class Subject(NamedTuple):
    """A log, the name of its scenario, the part of it that figures leave out, and the figures of all replications."""

    log: RunLog
    name: str
    warm_up_ns: int
    metrics: Mapping[str, Any]

    def interval(self, path: str) -> tuple[float, float] | None:
        """Return the 95 % interval over replications of a figure such as ``wait.p95``; None where there is none."""
        *blocks, figure = path.split(".")
        node: Any = self.metrics
        for block in [*blocks, "interval"]:
            node = node.get(block) or {}
        ends = node.get(figure)
        return None if ends is None or ends[0] == ends[1] else (float(ends[0]), float(ends[1]))


def subject(run: Run) -> Subject:
    """Return what a run holds for a plot."""
    log = run if isinstance(run, RunLog) else getattr(run, "log", None)
    if not isinstance(log, RunLog):
        msg = f"a plot needs a result or a run log, got {shown(run)}"
        raise InputError(msg)
    scenario: Any = getattr(run, "scenario", None)
    if scenario is None:
        return Subject(log, "run", 0, {})
    metrics: Any = getattr(run, "metrics", None) or {}
    return Subject(log, str(scenario.name), min(int(scenario.run.warm_up), log.horizon_ns), metrics)


def duration(name: str, value: Amount) -> Duration:
    """Return an argument as a duration; a bare number is seconds."""
    try:
        return parse_duration(value)
    except ValueError as error:
        msg = f"{name}: {error}"
        raise InputError(msg) from None
