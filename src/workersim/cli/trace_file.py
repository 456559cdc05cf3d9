"""The run log as a trace for Perfetto or Chrome, or as Celery's events: there whole, or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workersim.experiments.output_file import OutputFile

if TYPE_CHECKING:
    from workersim.experiments import Result

__all__ = ["EventsFile", "TraceFile"]


class TraceFile:
    """Where ``--trace-out`` writes, checked before anything is run.

    Raises
    ------
    InputError
        If the name does not end in ``.json``, or the place cannot be written to.
    """

    def __init__(self, name: str) -> None:
        self._file = OutputFile("--trace-out", name, (".json",))

    def write(self, result: Result) -> None:
        """Write the log of replication 0.

        Raises
        ------
        InputError
            If it cannot be written; then nothing is left behind.
        """
        from workersim.traces.chrome import write_chrome  # noqa: PLC0415  # mistakes are told before it is loaded

        self._file.write(lambda draft: write_chrome(result.log, draft, name=result.scenario.name))


class EventsFile:
    """Where ``--events-out`` writes, checked before anything is run.

    Raises
    ------
    InputError
        If the name does not end in ``.jsonl``, or the place cannot be written to.
    """

    def __init__(self, name: str) -> None:
        self._file = OutputFile("--events-out", name, (".jsonl",))

    def write(self, result: Result) -> None:
        """Write the log of replication 0.

        Raises
        ------
        InputError
            If it cannot be written; then nothing is left behind.
        """
        from workersim.traces import write_events  # noqa: PLC0415  # mistakes are told before it is loaded

        self._file.write(lambda draft: write_events(result.log, draft))
