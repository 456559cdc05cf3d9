"""The figures of a steady run of which one piece tells all: those of its log, to the last bit, without the log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from workersim.metrics.figures import spread_of
from workersim.metrics.levels import ascending
from workersim.metrics.meter import job_counts, throughput, waiting, waits_of
from workersim.metrics.reading import BUSY, QUEUE, area_ns, cpu_instants, reading
from workersim.metrics.standing import standing
from workersim.metrics.tally import RESPONSE, WAIT, most_at_once
from workersim.runlog.phasing import PhaseEnds
from workersim.runlog.pieces import CpuUse
from workersim.runlog.schema import Outcome

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from workersim.runlog import RunLog
    from workersim.runlog.pieces import Piece

__all__ = ["figures_of"]


def figures_of(piece: Piece, fleet: RunLog, cpu: CpuUse | PhaseEnds | None, *, warm_up_ns: int) -> dict[str, Any]:
    """Return the tree of ``figures``, quantiles exact.

    Parameters
    ----------
    piece
        All that happened.
    fleet, cpu
        As for ``Meter.figures``; or the phases of the jobs, each of which lasts its demand.
    warm_up_ns
        As for ``figures``.
    """
    window = warm_up_ns, fleet.horizon_ns
    window_ns, there = fleet.horizon_ns - warm_up_ns, standing(fleet)
    read = reading(piece.arrival, piece.started, piece.finished, window)
    waits, services, responses = map(spread_of, read.durations, read.totals[: RESPONSE + 1])
    waited = read.durations[WAIT][read.durations[WAIT] > 0]
    jobs = job_counts(np.bincount(piece.outcome, minlength=len(Outcome)))
    length = {
        "mean": float(read.totals[QUEUE]) / window_ns if window_ns else None,
        "max": float(_most(piece.arrivals, piece.leaves, window)),
    }
    if isinstance(cpu, PhaseEnds):
        begins, stops = cpu_instants(piece, cpu, fleet.horizon_ns)
        cpu = CpuUse(float(area_ns(begins, stops, window)), float(_most(begins, stops, window)))
    busy = float(read.totals[BUSY]), float(_most(piece.starts, piece.ends, window, limit=there.slots))
    return {
        "jobs": jobs,
        "wait": waits_of(waits, spread_of(waited, read.totals[WAIT])),
        "service": services,
        "response": responses,
        **waiting(length),
        "utilization": there.share(there.slots, *busy, window_ns),
        "cpu": there.share(there.vcpus, *(busy if cpu is None else cpu), window_ns),
        **there.blocks(warm_up_ns, fleet.horizon_ns, jobs["finished"]),
        "throughput": throughput(read.done, window_ns),
    }


def _most(ups: NDArray[np.int64], downs: NDArray[np.int64], window: tuple[int, int], limit: int | None = None) -> int:
    """Return the most at once in the closed window of a level that changes by one at these instants."""
    ups, downs = ascending(ups), ascending(downs)
    first, gone = (int(np.searchsorted(instants, window[0], side="right")) for instants in (ups, downs))
    level = first - gone
    if level == limit:
        return level
    return int(most_at_once(ups[first:], downs[gone:], level, level)[1])
