"""What was recorded: jobs to give to another fleet, the log of what was observed, and what was repaired."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from workersim.errors import LogError
from workersim.units import SECOND

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from workersim.metrics import StepFunction
    from workersim.runlog import RunLog
    from workersim.workload import Jobs

__all__ = ["Recording"]


@dataclass(frozen=True, eq=False)
class Recording:
    """A file of a recorded system, read.

    Attributes
    ----------
    path, format
        The file, and what it is: ``csv``, ``parquet``, ``json``, ``swf``, ``celery-events``, ``flower``,
        ``django-celery-results`` or ``airflow``.
    rows
        Rows, lines or tasks that it holds.
    arrival_from
        What gave the arrival: ``sent``, ``received``, ``created``, ``queued``, ``submit``, or the name of a column.
    jobs
        Arrivals and demands, for another fleet; of the jobs of which it is known what they need.  None: of none.
    job_rows
        int64[k], which jobs of the log these are.
    log
        What was observed; None if the file has no start.
    arrival_ns
        int64[n], of all jobs; the earliest is 0 where the file says when that was.
    epoch_ns
        The Unix time of 0; None if the file says seconds from its own beginning.
    warnings
        What was repaired, by which rule and how often, and what the file cannot tell, a sentence each.
    due_ns
        int64, for each attempt of the log the instant before which it was not to start (a countdown, a retry),
        ``NEVER`` if at once; None if the format does not say.
    meta
        The meta line of recorded Celery events; else empty.
    left_out
        Jobs that the file names, and of which it tells too little.
    """

    path: Path
    format: str
    rows: int
    arrival_from: str
    jobs: Jobs | None
    job_rows: NDArray[np.int64]
    log: RunLog | None
    arrival_ns: NDArray[np.int64]
    epoch_ns: int | None
    warnings: tuple[str, ...]
    due_ns: NDArray[np.int64] | None = None
    meta: Mapping[str, Any] = field(default_factory=dict)
    left_out: int = 0

    def __len__(self) -> int:
        return len(self.arrival_ns)

    def __repr__(self) -> str:
        return f"<Recording of {len(self):,} jobs: {self.format}, {self.path.name!r}>"

    def __str__(self) -> str:
        return self.summary()

    @property
    def observed(self) -> RunLog:
        """The log.

        Raises
        ------
        LogError
            If nothing was observed.
        """
        if self.log is None:
            msg = f"{self.path}: the file has no starts, so there is nothing observed to measure"
            raise LogError(msg)
        return self.log

    @cached_property
    def metrics(self) -> dict[str, Any] | None:
        """The figures of the observed log, as ``run --json`` has them; None if nothing was observed."""
        from workersim.metrics import figures  # noqa: PLC0415 (as small as the call)

        return None if self.log is None else figures(self.log)

    @property
    def attempts(self) -> pd.DataFrame:
        """One row an observed attempt, with the columns of ``--jobs-out``; times in seconds."""
        from workersim.runlog.frames import attempts_frame  # noqa: PLC0415 (pandas takes half a second)

        return attempts_frame(self.observed)

    def over_time(self, name: str) -> StepFunction:
        """Return an observed curve: ``queue_length``, ``utilization``, ``busy`` and others.

        Parameters
        ----------
        name
            As in ``Result.over_time``.

        Raises
        ------
        LogError
            If nothing was observed, or the file does not hold what the curve is made of.
        """
        from workersim.metrics import over_time  # noqa: PLC0415 (as above)

        return over_time(self.observed, name)

    @property
    def span_s(self) -> float:
        """From the first arrival to the last, in seconds."""
        return (int(self.arrival_ns.max()) - int(self.arrival_ns.min())) / SECOND

    def to_dict(self) -> dict[str, Any]:
        """Return the object that ``workersim inspect --json`` prints."""
        from workersim.traces.features import described  # noqa: PLC0415 (needed only by who asks)

        return described(self)

    def summary(self) -> str:
        """Return what the file holds, what was repaired and what it cannot tell, in 80 columns."""
        from workersim.traces.wording import summary  # noqa: PLC0415 (as above)

        return summary(self)

    def _repr_html_(self) -> str:
        from workersim.traces.wording import summary_html  # noqa: PLC0415 (as above)

        return summary_html(self)
