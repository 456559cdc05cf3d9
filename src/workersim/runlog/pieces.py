"""A run told piece by piece, for runs that are only measured: each thing is told once, and nothing is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from workersim.runlog.schema import Attempts

__all__ = ["CpuUse", "Decided", "Levels", "Piece", "Use"]


class Piece(NamedTuple):
    """What became known of a run since the piece before; all instants and columns in nanoseconds.

    Attributes
    ----------
    until_ns
        What happens up to and including this instant is known; later instants may stand in the piece already.
    arrivals, leaves
        int64, in any order: when jobs entered the queue, and left it for a slot or because their patience ended.
    starts, ends
        int64, in any order: when jobs got a slot, and when they left it.
    arrival, started, finished, outcome
        n rows in any order, with the columns of the attempts table: the jobs whose fate is now known.

    The arrays are the piece's for as long as nobody asks for the next one, which may reuse them.
    """

    until_ns: int
    arrivals: NDArray[np.int64]
    leaves: NDArray[np.int64]
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    arrival: NDArray[np.int64]
    started: NDArray[np.int64]
    finished: NDArray[np.int64]
    outcome: NDArray[np.uint8]


class Decided(NamedTuple):
    """Jobs that may be tried again, to which nothing more can happen; the run is told by all of its pieces.

    Attributes
    ----------
    once
        The attempts of jobs that were tried once.
    several
        Those of the others, by job and attempt.

    Jobs are counted from 0 in each of them.  The arrays are the piece's for as long as nobody asks for the next one.
    """

    once: Attempts
    several: Attempts


class CpuUse(NamedTuple):
    """CPU in use from the end of the warm-up to the horizon, which no column of a piece can tell.

    Attributes
    ----------
    area
        vCPU-nanoseconds.
    most
        vCPUs at the same time.
    """

    area: float
    most: float


class Use(NamedTuple):
    """Use of what a fleet has, which may change, from the end of the warm-up to the horizon.

    Attributes
    ----------
    area
        Unit times nanoseconds.
    instants, most
        Instants in ns at which the fleet changed, in order, and the most in use at the same time until the next of
        them; of several rows of one instant the last one counts.
    """

    area: float
    instants: NDArray[np.int64]
    most: NDArray[Any]


class Levels(NamedTuple):
    """What a run has followed itself from the end of the warm-up to the horizon, so that nobody needs its rows for it.

    Attributes
    ----------
    queue_length, visible, reserved
        Jobs times nanoseconds, and the most at the same time.
    busy, cpu
        Slots, and vCPUs.
    """

    queue_length: tuple[int, int]
    visible: tuple[int, int]
    reserved: tuple[int, int]
    busy: Use
    cpu: Use
