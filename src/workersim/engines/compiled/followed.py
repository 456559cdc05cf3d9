"""A measured run by the event kernel that follows levels itself and tells of jobs as they leave.

No column of the log is written, so none is looked through for what is new, and no instants are put in order: 169
instead of 194 ns a job on W2.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from workersim.engines.compiled.carry import carry_on, in_line
from workersim.engines.compiled.engine import REBASE
from workersim.engines.compiled.gauges import cpu_use
from workersim.engines.compiled.kernel import run
from workersim.engines.compiled.layout import Watch, make_world
from workersim.metrics.tally import SERVICE, WAIT
from workersim.runlog.counting import exact_sum
from workersim.runlog.pieces import CpuUse
from workersim.units import NEVER

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from workersim.engines.compiled.layout import Shape
    from workersim.engines.compiled.world import World
    from workersim.metrics.meter import Meter
    from workersim.scenario import Fleet
    from workersim.workload import Jobs

__all__ = ["Followed"]


class Followed:
    """A measured run of patient jobs by the event kernel.

    Parameters
    ----------
    fleet, horizon_ns, warm_up_ns, shape
        As for ``ByEvents``; no job can expire.
    """

    def __init__(self, fleet: Fleet, horizon_ns: int, warm_up_ns: int, shape: Shape) -> None:
        self.fleet, self.horizon_ns, self.warm_up_ns, self.shape = fleet, horizon_ns, warm_up_ns, shape
        self.world: World | None = None
        self.ended = self.end_ns = 0
        self.queue_area = self.busy_area = 0  # of what the meter does not count

    def measure(self, chunks: Iterable[Jobs], meter: Meter) -> None:
        """Run the jobs, which come in order of arrival, and let the meter know all that it needs."""
        last_ns = -1
        for jobs in chunks:
            if self.world is None:
                self.world = make_world(jobs, self.fleet, REBASE, self.shape, watch=Watch.ALL)
                self.world.gauges[0].start = self.warm_up_ns
            else:
                self._run(self.world, last_ns - 1, meter)
                self.world = carry_on(self.world, jobs, self.shape)
            last_ns = int(jobs.table.arrival_ns[-1])
        if self.world is not None:
            self._run(self.world, self.horizon_ns, meter)
            self._end(self.world, last_ns, meter)

    def _run(self, world: World, until_ns: int, meter: Meter) -> None:
        run(world, until_ns)
        clock = world.clock[0]
        self._count(world.rows[:, : clock.rows], meter)
        self.ended += int(clock.rows)
        clock.rows = 0

    def _count(self, rows: NDArray[np.int64], meter: Meter) -> None:
        """Let the meter count jobs, and add up the areas of those that came before the end of the warm-up."""
        came, began, left = rows
        meter.count(came, began, left)
        if self.warm_up_ns:
            since = np.maximum(rows[:, came < self.warm_up_ns], self.warm_up_ns)
            self.queue_area += exact_sum(since[1] - since[0])
            since = since[:, since[2] < NEVER]
            self.busy_area += exact_sum(since[2] - since[1])

    def _end(self, world: World, last_ns: int, meter: Meter) -> None:
        """Count the jobs in slots and in the queue, and tell the meter what levels came to."""
        clock, gauges, running = world.clock[0], world.gauges[0], world.began < NEVER
        end_ns = max(int(clock.now), last_ns) if self.horizon_ns == NEVER else self.horizon_ns
        came, began, waiting = world.came[running], world.began[running], world.arrival[in_line(world)]
        self._count(np.stack((came, began, np.full(len(came), NEVER))), meter)
        self.queue_area += meter.total_ns(WAIT) + exact_sum(end_ns - np.maximum(waiting, self.warm_up_ns))
        self.busy_area += meter.total_ns(SERVICE) + exact_sum(end_ns - np.maximum(began, self.warm_up_ns))
        queue = self.queue_area, max(int(gauges.longest), len(waiting))
        busy = self.busy_area, max(int(gauges.busiest), len(came))
        meter.take(queue, busy, ended=self.ended, unfinished=len(came) + len(waiting))
        meter.told_ns = self.end_ns = end_ns

    def cpu_use(self) -> CpuUse:
        """Return the CPU that was in use."""
        return CpuUse(0.0, 0.0) if self.world is None else cpu_use(self.world, self.end_ns)
