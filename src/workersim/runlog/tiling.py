"""The phases of an attempt fill its time in the slot, without a gap and without an overlap."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from workersim.runlog.schema import Kind, Outcome
from workersim.runlog.wording import attempt_row, instant, refuse
from workersim.units import NEVER

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from workersim.runlog.log import RunLog

__all__ = ["check_phases"]


def check_phases(log: RunLog) -> None:
    """Raise LogError about the first phase that does not fit its attempt or its demand."""
    attempts, phases = log.attempts, log.phases
    known = (phases.attempt >= 0) & (phases.attempt < len(attempts)) & (phases.demand_ns >= 0)
    known &= (phases.kind == Kind.CPU) | (phases.kind == Kind.IO)
    refuse("phases", ~known, lambda _: "its attempt, kind or demand is none that there is")
    _check_tiling(log)
    began, ended = phases.started_ns, phases.finished_ns
    # Where its slot stopped working on a phase that has not ended.
    limit = np.minimum(attempts.finished_ns, log.horizon_ns)[phases.attempt]
    over = ended < NEVER
    lasts = np.where(over, ended, limit) - began
    io = phases.kind == Kind.IO
    # Both ends of a CPU phase may stand up to half a nanosecond from the exact instants.
    short = over & np.where(io, lasts != phases.demand_ns, lasts < phases.demand_ns - 1)
    refuse("phases", short, _of(log, lambda i: f"lasts {lasts[i]} ns, its demand is {phases.demand_ns[i]} ns"))
    # A phase of no length may be cut before its turn, by something else that starts at its instant.
    lost = (phases.demand_ns == 0) & (attempts.outcome == Outcome.LOST)[phases.attempt]
    overdue = ~over & io & (lasts >= phases.demand_ns) & ~lost
    refuse("phases", overdue, _of(log, lambda i: f"has not ended after its {phases.demand_ns[i]} ns"))


def _check_tiling(log: RunLog) -> None:
    attempts, phases = log.attempts, log.phases
    began, ended, attempt = phases.started_ns, phases.finished_ns, phases.attempt
    first = np.ones(len(attempt), dtype=np.bool_)
    np.not_equal(attempt[1:], attempt[:-1], out=first[1:])
    descending = np.zeros(len(attempt), dtype=np.bool_)
    np.less(attempt[1:], attempt[:-1], out=descending[1:])
    refuse("phases", descending, _of(log, lambda _: "stands out of order"))
    expected = np.empty(len(attempt), dtype=np.int64)
    expected[1:] = ended[:-1]
    expected[first] = attempts.started_ns[attempt[first]]
    apart = (began != expected) | (began >= NEVER)
    refuse("phases", apart, _of(log, lambda i: f"starts at {instant(began[i])}, expected {instant(expected[i])}"))
    refuse("phases", ended < began, _of(log, lambda i: f"ends at {instant(ended[i])}, before it starts"))
    last = np.roll(first, -1)
    _check_ends(log, np.flatnonzero(last))
    worked = np.zeros(len(attempts), dtype=np.bool_)
    worked[attempt] = True
    # A job that asks for nothing has no phase, and leaves at the instant of its start.
    lacking = (attempts.started_ns < NEVER) & ~worked & (attempts.finished_ns != attempts.started_ns)
    refuse("attempts", lacking, lambda i: f"{attempt_row(log, i)} started without a phase", bare=True)


def _check_ends(log: RunLog, rows: NDArray[np.int64]) -> None:
    """Check the last phases of the attempts: done with the attempt, or cut by its end, and running on if it does."""
    attempts, phases = log.attempts, log.phases
    left = attempts.finished_ns[phases.attempt[rows]]
    ended = phases.finished_ns[rows]
    done = attempts.outcome[phases.attempt[rows]] == Outcome.DONE
    bad = np.zeros(len(phases), dtype=np.bool_)
    bad[rows] = np.where(done, ended != left, (phases.started_ns[rows] > left) | ((ended != left) & (ended < NEVER)))
    refuse(
        "phases",
        bad,
        _of(log, lambda i: f"is the last one and ends at {instant(phases.finished_ns[i])}, unlike its attempt"),
    )


def _of(log: RunLog, why: Callable[[int], str]) -> Callable[[int], str]:
    return lambda i: f"of {attempt_row(log, int(log.phases.attempt[i]))} {why(i)}"
