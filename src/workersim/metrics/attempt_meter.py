"""The figures of a run whose jobs may be tried again, told piece by piece and never held.

Counts, sums, means and extremes are exact, as they are when read from a log; levels over time come from the engine;
quantiles come from buckets and are within ``QUANTILE_ERROR``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from workersim.metrics.figures import figures
from workersim.metrics.meter import spread_counted, throughput
from workersim.metrics.parts import means_of, part_sums
from workersim.metrics.tally import BUCKETS, RESPONSE, SERVICE, WAIT, count_all, new_sums
from workersim.runlog.counting import exact_sum
from workersim.runlog.deciding import OWED, counts_of, deciding_rows, stranded
from workersim.runlog.schema import Outcome
from workersim.units import NEVER

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from workersim.runlog import RunLog
    from workersim.runlog.pieces import Decided, Levels
    from workersim.runlog.schema import Attempts, Ints

__all__ = ["AttemptMeter"]


class AttemptMeter:
    """Reads the figures of a run from its pieces.

    Parameters
    ----------
    warm_up_ns
        As for ``figures``.
    """

    def __init__(self, *, warm_up_ns: int) -> None:
        self.warm_up_ns = warm_up_ns
        self.buckets = np.zeros((3, BUCKETS), np.int64)
        self.sums: Any = new_sums(3)  # a record array
        self.parts_ns = [0, 0, 0]
        self.ended, self.tried = (np.zeros(len(Outcome), np.int64) for _ in range(2))
        self.done_twice = self.done_in_window = 0
        self.lost: list[tuple[Ints, Ints]] = []

    def add(self, told: Decided) -> None:
        """Count what a piece tells."""
        if len(told.once):
            self._count(told.once, slice(0, len(told.once)))
        if len(told.several):
            jobs = int(told.several.job[-1]) + 1
            self._count(told.several, deciding_rows(told.several, jobs))
            done = np.bincount(told.several.job[told.several.outcome == Outcome.DONE])
            self.done_twice += int(np.count_nonzero(done > 1))

    def _count(self, attempts: Attempts, rows: NDArray[np.int64] | slice) -> None:
        """Count attempts by job, of which these decided."""
        arrival = attempts.published_ns[attempts.attempt == 0]
        outcome, started, finished = (c[rows] for c in (attempts.outcome, attempts.started_ns, attempts.finished_ns))
        self.ended += np.bincount(outcome, minlength=len(Outcome))
        self.tried += np.bincount(attempts.outcome, minlength=len(Outcome))
        lost = outcome == Outcome.LOST
        if lost.any():
            self.lost.append((attempts.replica[rows][lost], finished[lost]))
        done = finished[outcome == Outcome.DONE]
        self.done_in_window += int(np.count_nonzero(done > self.warm_up_ns)) if self.warm_up_ns else len(done)
        began = (arrival >= self.warm_up_ns) & (started < NEVER) & (outcome != Outcome.EXPIRED)
        left = (attempts.started_ns < NEVER) & (attempts.finished_ns < NEVER)
        left &= (arrival >= self.warm_up_ns)[attempts.job]
        answered = began & (finished < NEVER)
        self._add(WAIT, (started - arrival)[began])
        self._add(SERVICE, (attempts.finished_ns - attempts.started_ns)[left])
        self._add(RESPONSE, (finished - arrival)[answered])
        parts = part_sums(attempts, rows, began)
        self.parts_ns = [held + more for held, more in zip(self.parts_ns, parts, strict=True)]

    def _add(self, kind: int, durations_ns: NDArray[np.int64]) -> None:
        """Count durations; squares are taken about something near the mean, so that they do not lose its digits."""
        if len(durations_ns):
            if not self.sums[kind]["count"]:
                self.sums[kind]["center"] = exact_sum(durations_ns) / len(durations_ns)
            count_all(durations_ns, self.buckets[kind], self.sums[kind : kind + 1])

    def figures(self, fleet: RunLog, levels: Levels) -> dict[str, Any]:
        """Return the tree of ``figures``.

        Parameters
        ----------
        fleet
            The log of the same run without its jobs: what there was to run on, and until when.
        levels
            What the engine has followed after the warm-up.
        """
        tree = figures(fleet, warm_up_ns=self.warm_up_ns, levels=levels)
        jobs, cost = self._jobs(fleet), tree["cost"]["total"]
        wait, waited = (
            spread_counted(self.buckets[WAIT], self.sums[WAIT], above_zero=above) for above in (False, True)
        )
        return tree | {
            "jobs": jobs,
            "wait": wait | means_of(self.parts_ns, int(self.sums[WAIT]["count"])) | {"waited": waited},
            "service": spread_counted(self.buckets[SERVICE], self.sums[SERVICE]),
            "response": spread_counted(self.buckets[RESPONSE], self.sums[RESPONSE]),
            "cost": {"total": cost, "per_job": cost / jobs["finished"] if jobs["finished"] else None},
            "throughput": throughput(self.done_in_window, fleet.horizon_ns - self.warm_up_ns),
        }

    def _jobs(self, fleet: RunLog) -> dict[str, int]:
        """Return the counts of ``job_counts``: a job whose message still waits, or has to be found, is unfinished."""
        ended = self.ended.copy()
        again = sum(int(np.count_nonzero(stranded(fleet, *lost))) for lost in self.lost)
        ended[Outcome.LOST] -= again
        ended[Outcome.UNFINISHED] += again + ended[OWED].sum()
        ended[OWED] = 0
        return counts_of(ended.tolist(), self.tried.tolist(), self.done_twice)
