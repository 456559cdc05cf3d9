"""The run log as a trace for Perfetto or Chrome, or as Celery's events: there whole, or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workersim.experiments.output_file import OutputFile

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from workersim.experiments.result import Result

__all__ = ["events_file", "trace_file"]


def trace_file(name: str) -> Callable[[Result], None]:
    """Return what writes the log of replication 0 for ``--trace-out``; the place is checked at once.

    Raises
    ------
    InputError
        If the name does not end in ``.json``, or the place cannot be written to; later, if it cannot be written: then
        nothing is left behind.
    """
    return _file("--trace-out", name, ".json", _write_trace)


def events_file(name: str) -> Callable[[Result], None]:
    """Do the same for ``--events-out``, whose name ends in ``.jsonl``."""
    return _file("--events-out", name, ".jsonl", _write_events)


def _file(option: str, name: str, kind: str, write: Callable[[Result, Path], object]) -> Callable[[Result], None]:
    file = OutputFile(option, name, (kind,))
    return lambda result: file.write(lambda draft: write(result, draft))


def _write_trace(result: Result, draft: Path) -> None:
    from workersim.traces.chrome import write_chrome  # noqa: PLC0415  # mistakes are told before it is loaded

    write_chrome(result.log, draft, name=result.scenario.name)


def _write_events(result: Result, draft: Path) -> None:
    from workersim.traces import write_events  # noqa: PLC0415  # as above

    write_events(result.log, draft)
