"""What jobs meet beside their phases: failures, limits, due times, followers.  Drawn beforehand, like all else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from workersim.units import NEVER

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Int64s = NDArray[np.int64]

__all__ = ["Fates", "plain_fates"]


@dataclass(frozen=True, eq=False)
class Fates:
    """Columns beside the phases, a row a job; any may be a broadcast view of one value.

    Attributes
    ----------
    fails
        int64[n], how many of its attempts fail before one may succeed.
    fails_after_ns
        int64[n], demand (CPU and I/O together) that a failing attempt gets through; ``NEVER``: all of it.
    first_retry, retry_delay_ns
        int64[n + 1] offsets and int64[m]: the delays of the retries that the job is allowed and needs, in turn.
    soft_ns, hard_ns
        int64[n], time limits from the start of an attempt; ``NEVER``: none.
    countdown_ns
        int64[n], from the arrival until the job is due.
    memory_bytes
        int64[n], what an attempt takes beside the memory of its process at rest.
    predecessors
        int64[n], how many jobs have to be done before this one arrives; 0 for a job that arrives by itself.  The
        ``arrival_ns`` of the others is ``NEVER``, and their ``expires_ns`` is their patience, from the arrival.
    first_follower, follower
        int64[n + 1] offsets and int64[m]: the jobs that wait for this one.
    rate_ns
        int64[classes], the least time between two starts of a class in one worker; 0: no limit.
    """

    fails: Int64s
    fails_after_ns: Int64s
    first_retry: Int64s
    retry_delay_ns: Int64s
    soft_ns: Int64s
    hard_ns: Int64s
    countdown_ns: Int64s
    memory_bytes: Int64s
    predecessors: Int64s
    first_follower: Int64s
    follower: Int64s
    rate_ns: Int64s


def plain_fates(jobs: int, classes: int) -> Fates:
    """Return the columns of jobs that nothing special happens to.

    Parameters
    ----------
    jobs, classes
        How many there are.
    """
    none, never = np.broadcast_to(np.int64(0), jobs), np.broadcast_to(np.int64(NEVER), jobs)
    offsets, empty = np.broadcast_to(np.int64(0), jobs + 1), np.zeros(0, np.int64)
    return Fates(
        fails=none,
        fails_after_ns=never,
        first_retry=offsets,
        retry_delay_ns=empty,
        soft_ns=never,
        hard_ns=never,
        countdown_ns=none,
        memory_bytes=none,
        predecessors=none,
        first_follower=offsets,
        follower=empty,
        rate_ns=np.zeros(classes, np.int64),
    )
