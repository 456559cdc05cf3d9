"""The recursion of fifo.py, tallied as it goes: no column is written, and nothing is put in order.

What a piece would tell is added up at once. Jobs that are done within the window, nearly all of them, take the short
way; those at its edges are handed to ``edge``.

The most at once needs no order of instants either. A job that arrives finds more in the queue than ever if the one
that stands as many places before it as the longest queue so far has not started yet: one look at a ring of starts. And
more slots than ever are busy if one more of the row of slots is taken than were: one look at that row.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from workersim.engines.compiled.fifo import FEW, sort_in
from workersim.errors import InputError
from workersim.jit import entry, helper, plain, rare
from workersim.metrics.tally import RESPONSE, SERVICE, WAIT, WORD, bucket_of, count
from workersim.runlog.pieces import CpuUse
from workersim.units import NEVER

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from workersim.metrics.meter import Meter
    from workersim.scenario import Fleet
    from workersim.workload import Jobs

__all__ = ["Tallied"]

RING = 256  # starts to begin with
TRIED = 1000  # jobs by which the middle of the waits is guessed
TOO_FAR = -1
LATEST = 2**61
LOW = (1 << WORD) - 1
NAMES = ("jobs", "queue", "busy", "queue_high", "queue_low", "busy_high", "busy_low", "done", "ended", "open", "last")


class Line(NamedTuple):
    """What goes on from chunk to chunk: when slots are free, the last starts, and a record of what was seen."""

    free: NDArray[np.int64]
    ring: NDArray[np.int64]
    seen: NDArray[Any]


class Tallied:
    """A measured run by the recursion, for fleets of few slots.

    Parameters
    ----------
    fleet, horizon_ns, on_cpu
        As for ``ByRecursion``.
    """

    def __init__(self, fleet: Fleet, horizon_ns: int, *, on_cpu: bool) -> None:
        seen = np.zeros(1, [(name, np.int64) for name in NAMES]).view(np.recarray)
        self.line = Line(np.zeros(fleet.slots, np.int64), np.full(RING, -1), seen)
        self.horizon_ns, self.on_cpu = horizon_ns, on_cpu

    @staticmethod
    def fits(fleet: Fleet) -> bool:
        """Tell whether the slots of a fleet are few enough."""
        return 0 < fleet.slots < FEW

    def measure(self, chunks: Iterable[Jobs], meter: Meter) -> None:
        """Run the jobs, which come in order of arrival, and let the meter know all that it needs.

        Raises
        ------
        InputError
            If the run becomes too long.
        """
        window, sums = (meter.warm_up_ns, self.horizon_ns), meter.sums
        for i, jobs in enumerate(chunks):
            arrival, demand = plain(jobs.table.arrival_ns, np.int64), plain(jobs.demand_ns, np.int64)
            if i == 0:
                sums.center[[WAIT, SERVICE, RESPONSE]] = self._middles(arrival[:TRIED], demand[:TRIED], meter)
            at = 0
            while at < len(arrival):
                ran = run(arrival[at:], demand[at:], self.line, window, (meter.buckets, sums))
                if ran == TOO_FAR:
                    slots = len(self.line.free)
                    msg = (
                        f"so long a run on {slots} slots cannot be measured without its log; run it with keep_log=True"
                    )
                    raise InputError(msg)
                at += ran
                if at < len(arrival):
                    self._grow()
        self._tell(meter)

    def _middles(
        self, arrival: NDArray[np.int64], demand: NDArray[np.int64], meter: Meter
    ) -> tuple[float, float, float]:
        """Return what squares are taken about: the means of some jobs, so that their digits are not lost."""
        trial = Line(*(part.copy() for part in self.line))
        told = np.zeros_like(meter.buckets), meter.sums.copy()
        run(arrival, demand, trial, (0, NEVER), told)
        n, high, low, *_ = told[1][WAIT].item()
        wait = ((high << WORD) + low) / max(1, n)
        service = float(demand.mean())
        return wait, service, wait + service

    def _grow(self) -> None:
        """Make the ring twice as long."""
        ring, jobs = self.line.ring, int(self.line.seen[0].jobs)
        longer, places = np.full(2 * len(ring), -1), np.arange(max(0, jobs - len(ring)), jobs)
        longer[places % len(longer)] = ring[places % len(ring)]
        self.line = self.line._replace(ring=longer)

    def cpu_use(self) -> CpuUse | None:
        """Return that no CPU was in use; None says that every busy slot used one."""
        return None if self.on_cpu else CpuUse(0.0, 0.0)

    def _tell(self, meter: Meter) -> None:
        seen = dict(zip(NAMES, self.line.seen[0].item(), strict=True))
        queue, busy = (((seen[f"{name}_high"] << WORD) + seen[f"{name}_low"], seen[name]) for name in ("queue", "busy"))
        meter.take(queue, busy, ended=seen["ended"], unfinished=seen["open"])
        meter.done_in_window += seen["done"]
        meter.told_ns = seen["last"]


@entry
def run(  # a sum in a register each
    arrival: NDArray[np.int64],
    demand: NDArray[np.int64],
    line: Line,
    window: tuple[int, int],
    told: tuple[NDArray[np.int64], NDArray[Any]],
) -> int:
    """Run jobs and tally them; return how many were run before the ring became too short, or ``TOO_FAR``."""
    since, horizon = window
    free, ring, seen, (buckets, sums) = line.free, line.ring, line.seen[0], told
    mask, latest = len(ring) - 1, min(horizon, LATEST)
    center_wait, center_service = sums[WAIT].center, sums[SERVICE].center
    first, queue, busy, n, ran = seen.jobs, seen.queue, seen.busy, 0, 0
    # Sums stay in registers for a chunk: in memory each of them would wait for itself.
    wait_high, wait_low, service_high, service_low = 0, 0, 0, 0
    last, most_wait, most_service, most_response = 0, 0, 0, 0
    square_wait, square_service, square_response = 0.0, 0.0, 0.0
    while ran < len(arrival) and queue < mask:
        came = arrival[ran]
        start = max(came, free[0])
        end = start + demand[ran]
        ring[(first + ran) & mask] = start
        if came <= since:
            queue += start > since
        elif ring[(first + ran - queue) & mask] > came:
            queue += 1
        ran += 1
        if end > latest or came < since or start <= since:
            busy = edge((came, start, end), (since, horizon, busy), line)
            if busy < 0:
                return TOO_FAR
            if start <= horizon and came >= since:
                count(start - came, buckets[WAIT], sums[WAIT])
                if end <= horizon:
                    count(end - start, buckets[SERVICE], sums[SERVICE])
                    count(end - came, buckets[RESPONSE], sums[RESPONSE])
            continue
        sort_in(free, end)
        if busy < len(free) and free[len(free) - 1 - busy] > start:
            busy += 1
        wait, service = start - came, end - start
        n += 1
        buckets[WAIT, bucket_of(wait)] += 1
        buckets[SERVICE, bucket_of(service)] += 1
        buckets[RESPONSE, bucket_of(wait + service)] += 1
        wait_high, wait_low = wait_high + (wait >> WORD), wait_low + (wait & LOW)
        service_high, service_low = service_high + (service >> WORD), service_low + (service & LOW)
        last, most_response = max(last, end), max(most_response, wait + service)
        most_wait, most_service = max(most_wait, wait), max(most_service, service)
        off_wait, off_service = wait - center_wait, service - center_service
        square_wait += off_wait * off_wait
        square_service += off_service * off_service
        square_response += (off_wait + off_service) * (off_wait + off_service)
    seen.jobs, seen.queue, seen.busy, seen.last = first + ran, queue, busy, max(last, seen.last)
    add(seen, n, (wait_high, wait_low), (service_high, service_low))
    keep(sums[WAIT], n, (wait_high, wait_low), most_wait, square_wait)
    keep(sums[SERVICE], n, (service_high, service_low), most_service, square_service)
    both = wait_high + service_high, wait_low + service_low
    keep(sums[RESPONSE], n, both, most_response, square_response)
    return ran


@rare
def edge(job: tuple[int, int, int], window: tuple[int, int, int], line: Line) -> int:
    """Run a job that came before the window, or is not done in it; return how many slots were busy at most, or -1."""
    (came, start, end), (since, horizon, busy), (free, seen) = job, window, (line.free, line.seen[0])
    if start > horizon:
        seen.open += 1
        queued = horizon - max(came, since)
        seen.queue_high += queued >> WORD
        seen.queue_low += queued & LOW
        return busy
    if LATEST < end <= horizon:
        return TOO_FAR
    sort_in(free, min(end, horizon + 1))
    if start <= since:
        busy += end > since
    elif busy < len(free) and free[len(free) - 1 - busy] > start:
        busy += 1
    if end > horizon:
        seen.open += 1
    else:
        seen.ended += 1
        seen.done += end > since or since == 0
        seen.last = max(seen.last, end)
    queued = max(start, since) - max(came, since)
    served = min(max(end, since), horizon) - max(start, since)
    seen.queue_high += queued >> WORD
    seen.queue_low += queued & LOW
    seen.busy_high += served >> WORD
    seen.busy_low += served & LOW
    return busy


@helper
def add(seen: Any, n: int, waits: tuple[int, int], services: tuple[int, int]) -> None:
    """Count jobs of the window, and add what they waited and were served to the areas."""
    seen.done += n
    seen.ended += n
    seen.queue_high += waits[0]
    seen.queue_low += waits[1]
    seen.busy_high += services[0]
    seen.busy_low += services[1]


@helper
def keep(sums: Any, n: int, total: tuple[int, int], most: int, squares: float) -> None:
    """Add what registers held to the sums."""
    sums.count += n
    sums.high += total[0]
    sums.low += total[1]
    sums.most = max(sums.most, most)
    sums.squares += squares
