"""What one run says about a claim, read from its log."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from workersim.errors import LogError
from workersim.metrics import CURVES, figures, over_time, spread
from workersim.metrics.parts import PARTS, wait_parts
from workersim.runlog.deciding import deciding_rows, job_counts
from workersim.runlog.schema import Attempts, JobTable, Outcome
from workersim.units import NEVER, SECOND, format_duration, shown

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from workersim.claims.sentence import Sentence
    from workersim.runlog import RunLog
    from workersim.runlog.schema import Ints

__all__ = ["Evidence", "Observed"]

# Figures that can only grow if a job takes longer.
_GROWING = ("mean", "p50", "p90", "p95", "p99", "max", "every")
_FEW = 4


@dataclass(frozen=True, kw_only=True)
class Observed:
    """What one run says about a claim; seconds, bytes, per second, fractions.

    Attributes
    ----------
    value
        The measured figure; of ``every`` the one that is farthest from what is expected.  None if
        there is nothing to measure.
    gap
        Then: why there is not.
    floor
        What the figure is at least, with jobs that have not started (or, for a response, finished)
        counted with the time that has passed; None where nothing can be said.
    stuck, again
        How many of the jobs meant never started and may yet; and how many of them had an attempt before that did.
    ends
        How many of the jobs in the figure were lost, and how many failed.
    left
        How many of them left without a start when their patience ended.
    jobs
        How many of them are in the figure.
    groups
        The different waits or responses and how many jobs have each, where they are few.
    job
        What one of the jobs is called.
    last_finish
        When the last of them finished; None if one did not.
    """

    value: float | None
    gap: str = ""
    floor: float | None = None
    stuck: int = 0
    again: int = 0
    ends: tuple[int, int] = (0, 0)
    left: int = 0
    jobs: int = 0
    groups: tuple[tuple[float, int], ...] = ()
    job: str = "job"
    last_finish: float | None = None


class _Decided(NamedTuple):
    """The attempts that decided the jobs, when they started and finished, and how, in the order of the jobs."""

    rows: NDArray[np.int64]
    started_ns: Ints
    finished_ns: Ints
    outcome: Ints


class Evidence:
    """A run log that answers to claims.

    Parameters
    ----------
    log
        Any log.
    warm_up_ns
        As for ``metrics.figures``.
    """

    def __init__(self, log: RunLog, *, warm_up_ns: int = 0) -> None:
        self._log = log
        self._warm_up_ns = warm_up_ns

    def about(self, claim: Sentence) -> Observed:
        """Return what the log says about what a claim speaks of.

        Raises
        ------
        LogError
            If it has no such figure, curve or job class.
        """
        if claim.head == "service":
            return self._services(claim)
        if claim.head in ("wait", "response"):
            return self._waits(claim)
        if claim.at_s is not None:
            return self._at(claim.measure, claim.at_s)
        tree = self._counts(claim.among) if claim.among is not None else self._tree
        return Observed(value=_found(tree, claim.measure), gap=f"the run has no {claim.measure}")

    @cached_property
    def _tree(self) -> dict[str, Any]:
        return figures(self._log, warm_up_ns=self._warm_up_ns)

    @cached_property
    def _decided(self) -> _Decided:
        attempts = self._log.attempts
        rows = deciding_rows(attempts, len(self._log.jobs))
        columns = (attempts.started_ns, attempts.finished_ns, attempts.outcome)
        if len(attempts) == len(self._log.jobs):
            return _Decided(rows, *columns)
        return _Decided(rows, *(column[rows] for column in columns))

    def _counts(self, among: str) -> dict[str, Any]:
        jobs, attempts, meant = self._log.jobs, self._log.attempts, self._meant(among)
        columns = {name: column[meant[attempts.job]] for name, column in attempts.columns().items()}
        columns["job"] = (np.cumsum(meant) - 1)[columns["job"]]
        kept = {name: column[meant] for name, column in jobs.columns().items()}
        table = JobTable(**kept, classes=jobs.classes, queues=jobs.queues)
        return {"jobs": job_counts(dataclasses.replace(self._log, jobs=table, attempts=Attempts(**columns)))}

    def _at(self, name: str, at_s: float) -> Observed:
        if round(at_s * SECOND) > self._log.horizon_ns:
            ends, at = format_duration(self._log.horizon_ns / SECOND), format_duration(at_s)
            return Observed(value=None, gap=f"the run ends after {ends}, before {at}")
        if name not in CURVES:
            msg = f"there is no curve {shown(name)}"
            raise LogError(msg)
        value = over_time(self._log, name).at(at_s)
        if math.isnan(value):
            return Observed(value=None, gap=f"no slot is up at {format_duration(at_s)}")
        return Observed(value=value)

    def _meant(self, among: str | None) -> NDArray[np.bool_]:
        """Flag the jobs of a class, or all of them."""
        jobs = self._log.jobs
        if among in (None, "waited"):
            return np.ones(len(jobs), dtype=np.bool_)
        if among not in jobs.classes:
            return np.zeros(len(jobs), dtype=np.bool_)
        flags: NDArray[np.bool_] = jobs.job_class == jobs.classes.index(among)
        return flags

    def _waits(self, claim: Sentence) -> Observed:
        """Observe waits or responses: a job that has neither yet has at least the time that has passed."""
        log, decided = self._log, self._decided
        arrival = log.jobs.arrival_ns
        meant = self._meant(claim.among) & (arrival >= self._warm_up_ns)
        started = decided.started_ns < NEVER
        end = decided.started_ns if claim.head == "wait" else decided.finished_ns
        expired = decided.outcome == Outcome.EXPIRED
        known = started & (end < NEVER) & ~expired
        used = meant & known
        if claim.among == "waited":
            used &= decided.started_ns > arrival
        values = (end - arrival)[used]
        so_far = (np.minimum(decided.finished_ns, log.horizon_ns) - arrival)[meant & ~known & ~expired]
        waiting = meant & ~started & ~expired
        stuck = int(np.count_nonzero(waiting))
        part = claim.head == "wait" and claim.figure in PARTS
        return Observed(
            value=wait_parts(log, decided.rows, used)[claim.figure] if part else _statistic(claim, values),
            gap="no job waited" if claim.among == "waited" else f"no job has a {claim.head}",
            floor=_floor(claim, values, so_far),
            stuck=stuck,
            again=self._started_before(waiting) if stuck else 0,
            ends=_ends(decided.outcome[used]),
            left=int(np.count_nonzero(meant & ~started & expired)),
            jobs=len(values),
            groups=() if part else _groups(values),
            job=log.jobs.classes[0] if len(log.jobs.classes) == 1 else "job",
            last_finish=None if stuck else _last_s(decided.finished_ns[used]),
        )

    def _started_before(self, waiting: NDArray[np.bool_]) -> int:
        """Return how many of these jobs have an attempt that started."""
        attempts = self._log.attempts
        return len(np.unique(attempts.job[waiting[attempts.job] & (attempts.started_ns < NEVER)]))

    def _services(self, claim: Sentence) -> Observed:
        attempts = self._log.attempts
        left = (attempts.started_ns < NEVER) & (attempts.finished_ns < NEVER)
        left &= (self._meant(claim.among) & (self._log.jobs.arrival_ns >= self._warm_up_ns))[attempts.job]
        values = (attempts.finished_ns - attempts.started_ns)[left]
        value = _statistic(claim, values)
        return Observed(value=value, gap="no job left its slot", floor=value, jobs=len(values))


def _found(tree: dict[str, Any], path: str) -> float | None:
    node: Any = tree
    for part in path.split("."):
        if not isinstance(node, dict) or part not in node:
            msg = f"there is no figure {shown(path)}"
            raise LogError(msg)
        node = node[part]
    return None if node is None else float(node)


def _statistic(claim: Sentence, values_ns: Ints) -> float | None:
    if not len(values_ns):
        return None
    if claim.figure != "every":
        return _found(spread(values_ns), claim.figure)
    ends = (int(values_ns.min()) / SECOND, int(values_ns.max()) / SECOND)
    return max(ends, key=claim.distance)


def _floor(claim: Sentence, values_ns: Ints, so_far_ns: Ints) -> float | None:
    if claim.figure not in _GROWING:
        return None
    at_least = np.concatenate([values_ns, so_far_ns])
    if not len(at_least):
        return None
    return _found(spread(at_least), "max" if claim.figure == "every" else claim.figure)


def _ends(outcome: Ints) -> tuple[int, int]:
    counts = np.bincount(outcome, minlength=len(Outcome)).tolist()
    return counts[Outcome.LOST], counts[Outcome.FAILED] + counts[Outcome.TIMED_OUT]


def _groups(values_ns: Ints) -> tuple[tuple[float, int], ...]:
    # A glance first: a million different waits need not be sorted to see that they are many.
    if len(np.unique(values_ns[:1000])) > _FEW:
        return ()
    values, counts = np.unique(values_ns, return_counts=True)
    if len(values) > _FEW:
        return ()
    return tuple((int(value) / SECOND, int(count)) for value, count in zip(values, counts, strict=True))


def _last_s(finished_ns: Ints) -> float | None:
    last = int(finished_ns.max()) if len(finished_ns) else NEVER
    return last / SECOND if last < NEVER else None
