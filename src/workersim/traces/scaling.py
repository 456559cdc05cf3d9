"""Less or more of the same traffic: jobs thinned out, or joined by copies of jobs that arrive at other times."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from workersim.errors import InputError
from workersim.traces.fates import fates_at
from workersim.units import NEVER, shown
from workersim.workload import Jobs, Purpose, Streams
from workersim.workload.demands import Demands, rearranged

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["between", "scaled", "sped_up", "taken"]

MOST = 1000.0


def taken(jobs: Jobs, rows: NDArray[np.int64]) -> Jobs:
    """Return some of the jobs, in another order, some of them more than once."""
    columns: dict[str, Any] = {name: column[rows] for name, column in jobs.table.columns().items()}
    demands = rearranged([Demands(np.diff(jobs.first_phase), jobs.phase_kind, jobs.phase_demand_ns)], rows)
    fates = None if jobs.fates is None else fates_at(jobs.fates, rows)
    return Jobs(replace(jobs.table, **columns), demands.offsets, demands.kind, demands.demand_ns, None, fates)


def between(jobs: Jobs, from_ns: int, to_ns: int) -> NDArray[np.int64]:
    """Return which jobs arrive from one instant up to another, this one excluded."""
    arrival = jobs.table.arrival_ns
    return np.flatnonzero((arrival >= from_ns) & (arrival < to_ns))


def sped_up(jobs: Jobs, speed: float) -> Jobs:
    """Return the same jobs arriving so many times as fast; what they need and how long they wait at most stays.

    Raises
    ------
    InputError
        If the speed is no number above 0.
    """
    _ensure_factor("speed", speed)
    table = jobs.table
    arrival = np.rint(table.arrival_ns / speed).astype(np.int64)
    patience = np.where(table.expires_ns < NEVER, table.expires_ns - table.arrival_ns, NEVER)
    expires = np.where(patience < NEVER, np.minimum(arrival + np.minimum(patience, NEVER - arrival), NEVER), NEVER)
    moved = replace(table, arrival_ns=arrival, expires_ns=expires)
    return Jobs(moved, jobs.first_phase, jobs.phase_kind, jobs.phase_demand_ns, None, jobs.fates)


def scaled(jobs: Jobs, scale: float, *, seed: int = 1) -> tuple[Jobs, str]:
    """Return more or less of the same traffic, and how it was made.

    Below 1 each job is kept with that probability (thinning).  Above 1 each job comes ``floor(scale)`` times, and once
    more with the probability of the rest (superposition): the first time as recorded, and in each further copy of the
    recording moved by one random shift around its end, so that bursts are not stacked upon one another.

    Parameters
    ----------
    jobs
        At least one.
    scale
        How much of the traffic, above 0 and at most 1000.
    seed
        Of the random numbers.

    Raises
    ------
    InputError
        If the scale is no such number, or nothing is left.
    """
    _ensure_factor("scale", scale)
    if scale == 1:
        return jobs, ""
    generator = Streams(seed, 0).of(Purpose.ARRIVALS, 0, name="scale")
    n = len(jobs)
    whole, rest = int(scale), scale - int(scale)
    rows = [np.arange(n)] * whole + ([np.flatnonzero(generator.random(n) < rest)] if rest else [])
    chosen = np.concatenate(rows)
    if not len(chosen):
        msg = f"scale: expected enough to keep a job, found {scale:g} of {n} jobs"
        raise InputError(msg)
    first, span = int(jobs.table.arrival_ns.min()), int(np.ptp(jobs.table.arrival_ns)) + 1
    shifts = np.concatenate(
        [np.full(len(part), int(generator.integers(span)) if copy else 0) for copy, part in enumerate(rows)]
    )
    made = taken(jobs, chosen)
    table = made.table
    arrival = first + (table.arrival_ns - first + shifts) % span
    expires = np.where(table.expires_ns < NEVER, table.expires_ns - table.arrival_ns + arrival, NEVER)
    shifted = replace(table, arrival_ns=arrival, expires_ns=expires)
    moved = Jobs(shifted, made.first_phase, made.phase_kind, made.phase_demand_ns, None, made.fates)
    in_order = taken(moved, np.argsort(arrival, kind="stable"))
    if scale < 1:
        return in_order, f"Scaled to {scale:g} of the traffic by thinning: each job is kept with that probability."
    return in_order, (
        f"Scaled to {scale:g} times the traffic by superposition: copies of the jobs arrive as recorded, each copy "
        "moved by one random shift around the end of the recording."
    )


def _ensure_factor(name: str, value: float) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= MOST:
        msg = f"{name}: expected a number above 0, at most {MOST:g}, found {shown(value)}"
        raise InputError(msg)
