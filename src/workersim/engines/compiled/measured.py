"""Runs that are only measured: their jobs come in chunks, and what happened to them is told piece by piece.

A chunk is run up to the instant before its last arrival, so that all that can happen until then is known; jobs whose
fate is open move on with the next chunk.  What is held is a chunk and the jobs in hand, however long the run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np

from workersim.engines.compiled import fifo
from workersim.engines.compiled.carry import carry
from workersim.engines.compiled.engine import REBASE, outcomes
from workersim.engines.compiled.gauges import cpu_use
from workersim.engines.compiled.kernel import run
from workersim.engines.compiled.layout import Watch, make_world, shape_of
from workersim.errors import InputError
from workersim.jit import plain
from workersim.runlog import Kind, PhaseEnds
from workersim.runlog.pieces import CpuUse, Piece
from workersim.units import NEVER
from workersim.workload.jobs import is_constant

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    from workersim.engines.compiled.layout import Shape
    from workersim.engines.compiled.world import World
    from workersim.metrics.meter import Meter
    from workersim.scenario import Fleet
    from workersim.workload import Jobs

__all__ = ["ByEvents", "ByRecursion", "Told", "told_whole"]


class Told(NamedTuple):
    """A run whose jobs are all here.

    Attributes
    ----------
    piece
        All that happened.
    end_ns
        When it ended.
    cpu
        CPU in use, or the phases of the jobs if nobody shared one; None: as many CPUs as slots are busy.
    """

    piece: Piece
    end_ns: int
    cpu: CpuUse | PhaseEnds | None


class _InPieces(Protocol):
    """A run that is told piece by piece."""

    def pieces(self, chunks: Iterable[Jobs], /) -> Iterator[Piece]:
        """Run the jobs, which come in order of arrival, and tell what happened."""
        ...

    def measure(self, chunks: Iterable[Jobs], meter: Meter) -> None:
        """Run the jobs, and let the meter count what happened."""
        for piece in self.pieces(chunks):
            meter.add(piece)


class ByEvents(_InPieces):
    """A measured run by the event kernel.

    Parameters
    ----------
    fleet
        What it runs on.
    horizon_ns
        End of the run; ``NEVER``: when nothing is left to happen.
    warm_up_ns
        The use of CPUs counts from here on.
    shape
        What all chunks have in common.
    """

    def __init__(self, fleet: Fleet, horizon_ns: int, warm_up_ns: int, shape: Shape) -> None:
        self.fleet, self.horizon_ns, self.warm_up_ns, self.shape = fleet, horizon_ns, warm_up_ns, shape
        self.world: World | None = None
        self.told_ns = -1

    def pieces(self, chunks: Iterable[Jobs]) -> Iterator[Piece]:
        """Run the jobs, which come in order of arrival, and tell what happened."""
        last_ns = -1
        for jobs in chunks:
            if self.world is not None:
                yield self._tell(self.world, last_ns - 1)
            self.world = self._begun(jobs) if self.world is None else carry(self.world, jobs, self.shape)
            last_ns = int(jobs.table.arrival_ns[-1])
        if self.world is not None:
            yield self._tell(self.world, self.horizon_ns, last=True)

    def _begun(self, jobs: Jobs) -> World:
        world = make_world(jobs, self.fleet, REBASE, self.shape, watch=Watch.CPU)
        world.gauges[0].start = self.warm_up_ns
        return world

    def _tell(self, world: World, until_ns: int, *, last: bool = False) -> Piece:
        run(world, until_ns)
        jobs = int(world.settings[0].jobs)
        arrival, started, finished = world.arrival[:jobs], world.started[:jobs], world.finished[:jobs]
        expires = world.expires[:jobs]
        expired = _expired(started, expires, until_ns)
        if last and len(expired):
            finished[expired] = expires[expired]
        known = np.ones(jobs, np.bool_) if last else finished < NEVER
        starts = self._new(started, until_ns)
        leaves = np.concatenate((starts, self._new(expires[expired], until_ns))) if len(expired) else starts
        piece = Piece(
            until_ns=until_ns,
            arrivals=self._new(arrival, until_ns),
            leaves=leaves,
            starts=starts,
            ends=self._new(finished[started < NEVER] if len(expires) else finished, until_ns),
            arrival=arrival[known],
            started=started[known],
            finished=finished[known],
            outcome=outcomes(started[known], finished[known]),
        )
        self.told_ns = int(world.clock[0].now) if until_ns == NEVER else until_ns
        return piece

    def _new(self, instants: NDArray[np.int64], until_ns: int) -> NDArray[np.int64]:
        return instants[(instants > self.told_ns) & (instants <= until_ns) & (instants < NEVER)]

    def cpu_use(self) -> CpuUse:
        """Return the CPU that was in use."""
        return CpuUse(0.0, 0.0) if self.world is None else cpu_use(self.world, self.told_ns)


def _expired(started: NDArray[np.int64], expires: NDArray[np.int64], until_ns: int) -> NDArray[np.int64]:
    if not len(expires):
        return expires
    return np.flatnonzero((started == NEVER) & (expires <= until_ns) & (expires < NEVER))


class ByRecursion(_InPieces):
    """A measured run by the recursion: which slot takes a job does not matter, so every dispatch rule will do.

    Parameters
    ----------
    fleet, horizon_ns
        As for ``ByEvents``.
    on_cpu
        Whether all phases of all jobs need the CPU, or none.
    """

    def __init__(self, fleet: Fleet, horizon_ns: int, *, on_cpu: bool) -> None:
        self.fleet, self.horizon_ns, self.on_cpu = fleet, horizon_ns, on_cpu
        self.free = fifo.free_slots(fleet)

    def pieces(self, chunks: Iterable[Jobs]) -> Iterator[Piece]:
        """Run the jobs, which come in order of arrival, and tell what happened."""
        columns = fifo.columns(self.fleet, 0)
        for jobs in chunks:
            if len(columns.started) != len(jobs):
                columns = fifo.columns(self.fleet, len(jobs))
            arrival, demand = plain(jobs.table.arrival_ns, np.int64), plain(jobs.demand_ns, np.int64)
            self._ensure_room(arrival, demand)
            fifo.run(arrival, demand, self.free, self.horizon_ns, columns)
            started, finished = columns.started, columns.finished
            starts, ends = _happened(started), _happened(finished)
            outcome = outcomes(started, finished)
            yield Piece(int(arrival[-1]) - 1, arrival, starts, starts, ends, arrival, started, finished, outcome)

    def _ensure_room(self, arrival: NDArray[np.int64], demand: NDArray[np.int64]) -> None:
        """Refuse a chunk that could reach beyond what the recursion can hold (Graham's bound for list scheduling)."""
        slots, limit_ns = self.fleet.slots, fifo.limit_ns(self.fleet)
        busy_until = int(self.free[self.free < NEVER].max()) >> slots.bit_length()
        latest = max(busy_until, int(arrival[-1])) + float(demand.sum(dtype=float)) / slots + float(demand.max())
        if 1.001 * latest >= limit_ns:
            msg = f"so long a run on {slots} slots cannot be measured without its log; run it with keep_log=True"
            raise InputError(msg)

    def cpu_use(self) -> CpuUse | None:
        """Return that no CPU was in use; None says that every busy slot used one."""
        return None if self.on_cpu else CpuUse(0.0, 0.0)


def told_whole(jobs: Jobs, fleet: Fleet, horizon_ns: int, warm_up_ns: int) -> Told:
    """Run jobs that are all here, one at least, and keep no log.

    Parameters
    ----------
    jobs, fleet, horizon_ns
        As for ``simulate``.
    warm_up_ns
        As for ``ByEvents``.
    """
    run: ByEvents | ByRecursion
    recursion = fifo.fits(jobs, fleet, horizon_ns)
    if recursion:
        run = ByRecursion(fleet, horizon_ns, on_cpu=bool(jobs.phase_kind[0] == Kind.CPU))
    else:
        run = ByEvents(fleet, horizon_ns, warm_up_ns, shape_of(jobs))
    (piece,) = run.pieces([jobs])
    if horizon_ns == NEVER:
        horizon_ns = max(int(instants.max(initial=0)) for instants in (piece.arrivals, piece.leaves, piece.ends))
    if recursion and not is_constant(jobs.phase_kind):
        return Told(piece, horizon_ns, PhaseEnds(jobs.first_phase, jobs.phase_kind, jobs.phase_demand_ns))
    return Told(piece, horizon_ns, run.cpu_use())


def _happened(instants: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the instants at which something happened."""
    never = instants == NEVER
    return instants[~never] if never.any() else instants
