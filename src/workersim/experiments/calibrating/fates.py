"""How often attempts fail, and what follows: retries, delays, countdowns, patience."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from workersim.runlog import Outcome
from workersim.units import NEVER, SECOND

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from workersim.experiments.calibrating.evidence import Evidence

    Ints = NDArray[np.int64]

__all__ = ["fates_of"]

FAILURES = (Outcome.FAILED, Outcome.RETRIED)


def fates_of(evidence: Evidence, number: int, said: list[str]) -> dict[str, Any]:
    """Return the keys of a job class that say what its jobs meet beside their service.

    Parameters
    ----------
    evidence
        What was observed.
    number
        The class.
    said
        Sentences are added to it.
    """
    mine = evidence.job_class == number
    keys: dict[str, Any] = _usual(evidence, mine, said, evidence.classes[number])
    keys |= _published_with(evidence, number, said)
    if evidence.runs is None:
        return keys
    ran = evidence.class_of_run == number
    outcome = evidence.runs.outcome[ran]
    failed = np.isin(outcome, FAILURES)
    if failed.any():
        share = float(failed.mean())
        keys["fails"] = round(share, 4)
        lasted = evidence.runs.lasted_ns[ran]
        if (~failed).any() and lasted[failed].mean() < 0.8 * lasted[~failed].mean():
            keys["fails_after"] = f"{float(lasted[failed].mean()) / SECOND:.4g} s"
        keys["retries"] = _retries(evidence, number, said)
    return keys


def _usual(evidence: Evidence, mine: NDArray[np.bool_], said: list[str], name: str) -> dict[str, Any]:
    """Return what all jobs of a class have in common: queue, priority, patience."""
    keys: dict[str, Any] = {}
    queues, counts = np.unique(evidence.queue[mine], return_counts=True)
    keys["queue"] = evidence.queues[int(queues[counts.argmax()])]
    if len(queues) > 1:
        others = 1 - counts.max() / counts.sum()
        said.append(f"{others:.0%} of the jobs of {name!r} went through other queues than {keys['queue']!r}.")
    levels, counts = np.unique(evidence.priority[mine], return_counts=True)
    if levels[counts.argmax()]:
        keys["priority"] = int(levels[counts.argmax()])
    if len(levels) > 1:
        said.append(f"Jobs of {name!r} have {len(levels)} priorities; all get the commonest.")
    patience = evidence.patience_ns[mine]
    ends = patience < NEVER
    if ends.mean() > 0.5:
        keys["expires"] = f"{float(np.median(patience[ends])) / SECOND:.6g} s"
    if 0 < ends.mean() < 1:
        said.append(f"{ends.mean():.0%} of the jobs of {name!r} expire; all or none do in the scenario.")
    return keys


def _published_with(evidence: Evidence, number: int, said: list[str]) -> dict[str, Any]:
    """Return what all jobs of a class were published with: time limits, and a countdown."""
    recording, name = evidence.recording, evidence.classes[number]
    if recording.jobs is None or recording.jobs.fates is None:
        return {}
    mine = np.isin(recording.job_rows, evidence.jobs) & (evidence.class_of_job[recording.job_rows] == number)
    fates = recording.jobs.fates
    keys: dict[str, Any] = {}
    for key, column in (("soft_time_limit", fates.soft_ns), ("time_limit", fates.hard_ns)):
        limits = np.asarray(column)[mine]
        told = limits < NEVER
        if told.all() and limits.min(initial=NEVER) == limits.max(initial=0):
            keys[key] = f"{int(limits[0]) / SECOND:.6g} s"
        elif told.any():
            said.append(f"{key} of {int(told.sum()):,} jobs of {name!r}: not all of them have the same.")
    lasts = np.asarray(fates.countdown_ns)[mine]
    if (lasts > 0).all() and len(lasts):
        keys["countdown"] = f"{float(np.median(lasts)) / SECOND:.4g} s"
        if lasts.std() > 0.05 * lasts.mean():
            said.append(f"Countdowns of jobs of {name!r} vary; the scenario has their median.")
    elif (lasts > 0).any():
        said.append(f"Countdowns of {int((lasts > 0).sum()):,} jobs of {name!r}: the others have none.")
    return keys


def _retries(evidence: Evidence, number: int, said: list[str]) -> dict[str, Any]:
    """Return how often jobs were tried again, and after which delays."""
    attempts: Any = evidence.attempts
    rows = evidence.rows[evidence.class_of_job[np.asarray(attempts.job)[evidence.rows]] == number]
    job, outcome = np.asarray(attempts.job)[rows], np.asarray(attempts.outcome)[rows]
    retried = outcome == Outcome.RETRIED
    if not retried.any():
        return {"max": 0}
    order = np.concatenate([[0], np.cumsum(retried)[:-1]])
    first = np.concatenate([[True], job[1:] != job[:-1]])
    k = order - np.maximum.accumulate(np.where(first, order, 0))  # how often it was retried before
    most = int(k[retried].max()) + 1
    delays = _delays(evidence, rows, retried)
    known = np.flatnonzero(delays >= 0)
    keys: dict[str, Any] = {"max": most}
    if not len(known):
        said.append("Nothing says after which delay a retry came: Celery's default of 180 s.")
        return keys
    medians = [float(np.median(delays[known][k[known] == each])) for each in range(most) if (k[known] == each).any()]
    keys["delay"] = f"{medians[0] / SECOND:.4g} s"
    keys["backoff"] = max(1.0, round(medians[1] / medians[0], 2)) if len(medians) > 1 and medians[0] > 0 else 1.0
    keys["jitter"] = False
    keys["cap"] = f"{max(*medians, 1.0) / SECOND:.4g} s"
    same = delays[known][k[known] == 0]
    if len(same) > 5 and same.std() > 0.2 * same.mean():
        said.append("Delays of retries vary; the scenario has their median.")
    return keys


def _delays(evidence: Evidence, rows: Ints, retried: NDArray[np.bool_]) -> Ints:
    """Return for each attempt that was retried when the next was due, after it failed; -1 where nothing says."""
    attempts: Any = evidence.attempts
    finished = np.asarray(attempts.finished_ns)[rows]
    job = np.asarray(attempts.job)[rows]
    due = evidence.recording.due_ns
    delays = np.full(len(rows), -1, np.int64)
    follows = retried & np.append(job[1:] == job[:-1], [False])
    started = np.append(np.asarray(attempts.started_ns)[rows][1:], NEVER)
    next_due = started if due is None else np.append(due[rows][1:], NEVER)
    if not (follows & (next_due < NEVER)).any():
        next_due = started  # no countdown was told: a retry waited that long, and for a process
    known = follows & (next_due < NEVER)
    delays[known] = np.maximum(next_due[known] - finished[known], 0)
    return delays
