"""What a recording says, as the columns that a calibration reads; the first part of it for a check on the rest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from workersim.errors import InputError
from workersim.runlog import Outcome
from workersim.units import NEVER

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from workersim.runlog import Attempts, JobTable
    from workersim.traces import Recording

    Ints = NDArray[np.int64]

__all__ = ["Evidence", "Runs", "evidence_of"]

MOST_KINDS = 50
RAN = (Outcome.DONE, Outcome.FAILED, Outcome.RETRIED)  # these went through all that they had to do


@dataclass(frozen=True, eq=False)
class Runs:
    """Attempts that ran to an end of their own, and what shared their container.

    Attributes
    ----------
    job, outcome
        int64[n]; the job, and how it ended.
    started_ns, finished_ns, replica
        int64[n]; when and where.
    others
        Attempts that started and were cut, or had not ended: they shared the container too.  int64[m, 3]: start, end,
        replica.
    """

    job: Ints
    outcome: Ints
    started_ns: Ints
    finished_ns: Ints
    replica: Ints
    others: Ints

    @property
    def lasted_ns(self) -> Ints:
        """How long each of them held its slot."""
        return self.finished_ns - self.started_ns


@dataclass(frozen=True, eq=False)
class Evidence:
    """A recording, or its beginning.

    Attributes
    ----------
    recording
        What it is of.
    arrival_ns, job_class, queue, priority, patience_ns
        int64[n], of all jobs, in order of arrival; the patience is ``NEVER`` where there is no end to it.
    classes, queues
        Names; jobs of one name in several queues, or of several priorities, are as many classes.
    jobs
        int64[n], the rows of these jobs in the recording.
    class_of_job
        int64, the class of every job of the recording.
    runs
        What ran; None if the file has no starts.
    attempts, rows
        All attempts of the log, and int64, those of these jobs; None as well.
    end_ns
        Until when it was observed.
    """

    recording: Recording
    arrival_ns: Ints
    job_class: Ints
    queue: Ints
    priority: Ints
    patience_ns: Ints
    classes: tuple[str, ...]
    queues: tuple[str, ...]
    jobs: Ints
    class_of_job: Ints
    runs: Runs | None
    attempts: Attempts | None
    rows: Ints
    end_ns: int

    def __len__(self) -> int:
        return len(self.arrival_ns)

    @property
    def class_of_run(self) -> Ints:
        """The class of each run."""
        return self.class_of_job[self.runs.job] if self.runs else np.empty(0, np.int64)


def evidence_of(recording: Recording, until_ns: int | None = None) -> Evidence:
    """Return what a recording says of the jobs that arrived before an instant, and of what had ended by then.

    Raises
    ------
    InputError
        If that is fewer than two jobs.
    """
    table = recording.jobs.table if recording.log is None and recording.jobs is not None else None
    if recording.log is not None:
        table = recording.log.jobs
    if table is None:
        msg = f"{recording.path}: nothing says what jobs need; name a column of services: columns={{'service': …}}"
        raise InputError(msg)
    arrival = np.asarray(table.arrival_ns).astype(np.int64)
    order = np.argsort(arrival, kind="stable")
    if until_ns is not None:
        order = order[arrival[order] < until_ns]
    if len(order) < 2:
        msg = f"{recording.path}: expected two jobs or more to calibrate with, found {len(order)}"
        raise InputError(msg)
    expires = np.asarray(table.expires_ns)[order]
    numbers, classes = _split(table)
    end = NEVER if until_ns is None else until_ns
    runs, rows = None, np.empty(0, np.int64)
    if recording.log is not None:
        runs, rows = _runs(recording.log.attempts, order, end)
        end = min(end, recording.log.horizon_ns)
    return Evidence(
        recording=recording,
        arrival_ns=arrival[order],
        job_class=numbers[order],
        class_of_job=numbers,
        queue=np.asarray(table.queue)[order].astype(np.int64),
        priority=np.asarray(table.priority)[order].astype(np.int64),
        patience_ns=np.where(expires < NEVER, expires - arrival[order], NEVER),
        classes=classes,
        queues=table.queues,
        jobs=order,
        runs=runs,
        attempts=None if recording.log is None else recording.log.attempts,
        rows=rows,
        end_ns=int(arrival[order].max()) if end == NEVER else end,
    )


def _split(table: JobTable) -> tuple[Ints, tuple[str, ...]]:
    """Return the class of each job, and the names: one for each name, queue and priority that go together."""
    columns = [np.asarray(each).astype(np.int64) for each in (table.job_class, table.queue, table.priority)]
    kinds, numbers = np.unique(np.stack(columns, axis=1), axis=0, return_inverse=True)
    names: list[str] = []
    if len(kinds) > MOST_KINDS:
        return columns[0], table.classes
    for number, queue, priority in kinds.tolist():
        same = kinds[kinds[:, 0] == number]
        where = f", {table.queues[queue]}" if len(np.unique(same[:, 1])) > 1 else ""
        level = f", priority {priority}" if len(np.unique(same[:, 2])) > 1 else ""
        names.append(f"{table.classes[number]}{where}{level}")
    return numbers.reshape(-1).astype(np.int64), tuple(names)


def _runs(attempts: Attempts, jobs: Ints, end_ns: int) -> tuple[Runs, Ints]:
    job, started, finished = (np.asarray(getattr(attempts, name)) for name in ("job", "started_ns", "finished_ns"))
    replica, outcome = np.asarray(attempts.replica), np.asarray(attempts.outcome)
    mine = np.isin(job, jobs)
    ran = mine & (started < NEVER) & (finished <= end_ns) & (finished < NEVER) & np.isin(outcome, RAN)
    began = (started < min(end_ns, NEVER)) & ~ran
    last = min(end_ns, int(finished[finished < NEVER].max(initial=0)))
    others = np.stack([started[began], np.minimum(finished[began], last), replica[began]], axis=1).astype(np.int64)
    rows = np.flatnonzero(ran)
    columns = [each[rows].astype(np.int64) for each in (job, outcome, started, finished, replica)]
    return Runs(columns[0], columns[1], columns[2], columns[3], columns[4], others), np.flatnonzero(mine)
