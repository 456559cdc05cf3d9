"""One run, whoever wrote it: an engine, or a recorded system."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from html import escape
from typing import TYPE_CHECKING

import numpy as np

from workersim.runlog.schema import Outcome, Phases

if TYPE_CHECKING:
    from os import PathLike

    from workersim.runlog.frames import Frames
    from workersim.runlog.phasing import PhaseEnds
    from workersim.runlog.schema import Attempts, FleetChanges, JobTable
    from workersim.runlog.terms import Pause, Terms

__all__ = ["RunLog"]


@dataclass(frozen=True, eq=False)
class RunLog:
    """Raw facts of one run; metrics are computed from it, and stored nowhere.

    Attributes
    ----------
    jobs, attempts, fleet
        The tables of ``workersim.runlog.schema``.
    phase_source
        The phases table, or the rule that gives it back exactly.
    horizon_ns
        Instant at which the run ended; everything at that very instant still happened.
    seed
        Seed of the workload; -1 for an observed log.
    digest
        SHA-256 of the scenario, in hexadecimal; empty for an observed log.
    engine
        ``"simpy"``, ``"compiled"`` or ``"observed"``.
    services
        Names of the services, where there are several on one broker.
    terms
        How the workers of each service take messages; empty where that is not known.
    pauses
        When slots took nothing although they were up; empty where that is not known.
    least_price
        What an hour costs at least, on the average of the run.
    """

    jobs: JobTable
    attempts: Attempts
    phase_source: Phases | PhaseEnds
    fleet: FleetChanges
    horizon_ns: int
    seed: int
    digest: str
    engine: str
    services: tuple[str, ...] = ("",)
    terms: tuple[Terms, ...] = ()
    pauses: tuple[Pause, ...] = ()
    least_price: float = 0.0

    @cached_property
    def phases(self) -> Phases:
        """The phases table, whichever way it is held."""
        source = self.phase_source
        return source if isinstance(source, Phases) else source.table(self.attempts, self.horizon_ns)

    def check(self, *, served: frozenset[int] | None = None) -> None:
        """Verify the invariants and the operational laws of this log.

        Parameters
        ----------
        served
            Indices of the queues that every replica consumes; only jobs in them must not wait
            while a slot is idle.  None: all queues, or those that ``terms`` name.

        Raises
        ------
        LogError
            Naming the first row that breaks an invariant, or the law that does not hold.
        """
        from workersim.runlog.check import check  # noqa: PLC0415 (a log that nobody checks need not load it)

        check(self, served=served)

    def diff(self, other: RunLog) -> str | None:
        """Return None if both logs tell the same run, else a sentence that names the first difference.

        Jobs, attempts, phases, fleet and horizon are compared; seed, digest and engine are not.

        Parameters
        ----------
        other
            Another log.
        """
        from workersim.runlog.diff import diff  # noqa: PLC0415 (as above)

        return diff(self, other)

    def save(self, path: str | PathLike[str]) -> None:
        """Write the log to one file: Parquet if its name ends in ``.parquet``, else NumPy's ``.npz``.

        Parameters
        ----------
        path
            Where to write it.

        Raises
        ------
        MissingExtraError
            If Parquet is asked for and pyarrow is not installed.
        InputError
            If the file cannot be written.
        """
        from workersim.runlog.store import save  # noqa: PLC0415 (as above)

        save(self, path)

    @classmethod
    def load(cls, path: str | PathLike[str]) -> RunLog:
        """Read a log that ``save`` wrote.

        Parameters
        ----------
        path
            What ``save`` wrote.

        Raises
        ------
        InputError
            If the file is missing or unreadable.
        LogError
            If it is damaged, or something else than a log.
        MissingExtraError
            If it is Parquet and pyarrow is not installed.
        """
        from workersim.runlog.store import load  # noqa: PLC0415 (as above)

        return load(path)

    def to_pandas(self) -> Frames:
        """Return the four tables as data frames, in seconds and with names instead of numbers."""
        from workersim.runlog.frames import to_pandas  # noqa: PLC0415 (pandas takes half a second)

        return to_pandas(self)

    def summary(self) -> str:
        """Return what the log holds, in one line a fact."""
        return "\n".join(f"{what:<9}{said}" for what, said in self._facts())

    def _facts(self) -> list[tuple[str, str]]:
        ended = np.bincount(self.attempts.outcome, minlength=len(Outcome))
        outcomes = ", ".join(f"{count:,} {Outcome(i).name.lower()}" for i, count in enumerate(ended) if count)
        replicas = len(np.unique(self.fleet.replica))
        return [
            ("engine", self.engine + (f", seed {self.seed}" if self.seed >= 0 else "")),
            ("horizon", f"{self.horizon_ns / 1e9:,.12g} s"),
            ("jobs", f"{len(self.jobs):,}"),
            ("attempts", f"{len(self.attempts):,}" + (f": {outcomes}" if outcomes else "")),
            ("fleet", f"{len(self.fleet):,} changes of {replicas:,} replicas" + self._of_services()),
        ]

    def _of_services(self) -> str:
        return f" of {len(self.services)} services" if len(self.services) > 1 else ""

    def _repr_html_(self) -> str:
        rows = "".join(f"<tr><th>{what}</th><td>{escape(said)}</td></tr>" for what, said in self._facts())
        return f"<table>{rows}</table>"
