"""Where jobs waited: visible in a queue, reserved by a worker, or in an attempt that did not decide them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from workersim.metrics.curves import missing
from workersim.runlog.counting import exact_sum, left_queue_ns
from workersim.units import NEVER, SECOND

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from workersim.runlog import RunLog
    from workersim.runlog.schema import Attempts, Ints

__all__ = ["PARTS", "means_of", "part_sums", "wait_parts"]

PARTS = ("visible", "reserved", "running")


def wait_parts(log: RunLog, rows: NDArray[np.int64] | slice, meant: NDArray[np.bool_]) -> dict[str, float | None]:
    """Return the parts of the mean wait, in seconds.

    At each instant from its arrival until its deciding attempt starts a job is running if one of its attempts is, else
    reserved if a worker holds one, else visible if one is in a queue; after a crash, until somebody finds its message,
    it may be none of these.

    Parameters
    ----------
    log
        Any log; of an observed one that does not hold when workers received their messages the parts are None.
    rows
        As ``deciding`` returns them.
    meant
        Flags the jobs; each has started.
    """
    count = int(np.count_nonzero(meant))
    if not count or missing(log, "reserved"):
        return dict.fromkeys(PARTS)
    return means_of(part_sums(log.attempts, rows, meant), count)


def means_of(sums_ns: Iterable[int], count: int) -> dict[str, float | None]:
    """Return the parts of the mean in seconds of so many jobs, of which these are the sums."""
    return {name: total / (count * SECOND) if count else None for name, total in zip(PARTS, sums_ns, strict=True)}


def part_sums(attempts: Attempts, rows: NDArray[np.int64] | slice, meant: NDArray[np.bool_]) -> list[int]:
    """Return the sums of the parts over all jobs that are meant, in ns; all as for ``wait_parts``."""
    if isinstance(rows, slice):
        return list(_of_single(attempts, rows if meant.all() else np.flatnonzero(meant)))
    tried = np.bincount(attempts.job, minlength=len(rows))
    single, several = _of_single(attempts, rows[meant & (tried == 1)]), _of_several(attempts, rows, meant & (tried > 1))
    return [one + other for one, other in zip(single, several, strict=True)]


def _of_single(attempts: Attempts, rows: NDArray[np.int64] | slice) -> tuple[int, int, int]:
    started = attempts.started_ns[rows]
    received = np.minimum(attempts.reserved_ns[rows], started)
    return exact_sum(received - attempts.published_ns[rows]), exact_sum(started - received), 0


def _of_several(attempts: Attempts, rows: NDArray[np.int64], meant: NDArray[np.bool_]) -> tuple[int, int, int]:
    """Follow jobs with several attempts from instant to instant: copies of a message may lie beside each other."""
    kept = np.flatnonzero(meant[attempts.job])
    until = attempts.started_ns[rows][attempts.job[kept]]
    edges = [np.minimum(edge, until) for edge in _edges(attempts, kept)]
    visible, received, left, started, finished = edges
    job = attempts.job[kept].astype(np.int64)
    steps = ((visible, 0, 1), (received, 0, -1), (received, 1, 1), (left, 1, -1), (started, 2, 1), (finished, 2, -1))
    instants = np.concatenate([at for at, _, _ in steps])
    changes = np.zeros((3, len(instants)), dtype=np.int64)
    for i, (_, state, change) in enumerate(steps):
        changes[state, i * len(kept) : (i + 1) * len(kept)] = change
    owner = np.tile(job, len(steps))
    order = np.lexsort((instants, owner))
    in_state = np.cumsum(changes[:, order], axis=1)[:, :-1] > 0
    # Nothing is open between one job and the next, so that stretch counts for neither.
    lasts = np.diff(instants[order])
    running, reserved = in_state[2], in_state[1] & ~in_state[2]
    waits = in_state[0] & ~in_state[1] & ~running
    return exact_sum(lasts[waits]), exact_sum(lasts[reserved]), exact_sum(lasts[running])


def _edges(attempts: Attempts, kept: NDArray[np.int64]) -> tuple[Ints, ...]:
    """Return when each attempt became visible, was received, left its queue, started and finished."""
    started, finished = attempts.started_ns[kept], attempts.finished_ns[kept]
    left = left_queue_ns(started, finished)
    received = np.minimum(attempts.reserved_ns[kept], left)
    return attempts.published_ns[kept], received, left, started, np.where(started < NEVER, finished, NEVER)
