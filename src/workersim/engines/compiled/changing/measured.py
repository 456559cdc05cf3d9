"""Runs that are only measured: their jobs come in chunks, and are told when nothing more can happen to them.

A chunk is run up to the instant before its last arrival; what is held is a chunk, the jobs in hand, and the changes of
the fleet.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from workersim.engines.compiled.changing.carry import carry, drop_idle_events, jobs_in_hand, jobs_of_rows
from workersim.engines.compiled.changing.engine import (
    attempts_of,
    changes_of,
    frame_of,
    levels_of,
    policies_of,
    proceeded,
)
from workersim.engines.compiled.changing.layout import make_world, scheduled
from workersim.engines.compiled.changing.loans import Loan
from workersim.engines.endless import never_drains
from workersim.engines.written import table_of, told_fleet
from workersim.runlog.pieces import Decided
from workersim.units import NEVER, SECOND
from workersim.workload.schedule import work_ns

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    from workersim.engines.assembling import Crashes
    from workersim.engines.compiled.changing.world import World
    from workersim.engines.system import System
    from workersim.runlog import RunLog
    from workersim.runlog.pieces import Levels
    from workersim.workload import Jobs

__all__ = ["InChunks"]


class InChunks:
    """A measured run of jobs that may come back on fleets that may change.

    Parameters
    ----------
    system
        What it runs on, without the crashes by chance.
    crashes
        Draws those, as far as the run has come.
    priorities
        Those that can occur.
    horizon_ns
        End of the run; ``NEVER``: when nothing is left to happen.
    warm_up_ns
        Levels count from here on.

    Attributes
    ----------
    fleet, levels
        The log of the run without its jobs, and levels over time, once the run has ended.
    """

    fleet: RunLog
    levels: Levels

    def __init__(
        self, system: System, crashes: Crashes, priorities: tuple[int, ...], horizon_ns: int, warm_up_ns: int
    ) -> None:
        self.frame = frame_of(system, priorities, warm_up_ns)
        self.crashes, self.horizon_ns = crashes, horizon_ns
        self.policies = policies_of(system)
        self.loan = Loan()
        self.world: World | None = None
        self.numbers = np.empty(0, np.int64)  # of the jobs in the world, among all of the run

    def pieces(self, chunks: Iterable[Jobs]) -> Iterator[Decided]:
        """Run the jobs, which come in order of arrival, and tell those to which nothing more can happen."""
        last_ns = asked_ns = all_ns = come = 0
        for jobs in chunks:
            kept = np.zeros(0, np.bool_)
            if self.world is not None:
                world = self._proceed(self.world, min(last_ns - 1, self.horizon_ns))
                drop_idle_events(world)
                kept = jobs_in_hand(world)
                yield _decided(world, ~kept)
            self.numbers = np.concatenate((self.numbers[kept], np.arange(come, come + len(jobs))))
            come += len(jobs)
            last_ns = int(jobs.table.arrival_ns[-1])
            asked_ns = work_ns(jobs)
            all_ns += asked_ns
            self.world = self._brought(jobs, kept, last_ns)
        if self.world is not None:
            yield self._ended(self.world, last_ns, (asked_ns, all_ns))

    def _brought(self, jobs: Jobs, kept: NDArray[np.bool_], last_ns: int) -> World:
        """Return the world with further jobs, the last of which arrives at an instant."""
        if self.world is not None:
            world = carry(self.world, jobs, self.frame, kept)
        else:
            world = make_world(jobs, self.frame, self.loan)
            world.settings[0].more = 1
            world.settings[0].drains = self.horizon_ns == NEVER
        return self._with_crashes(world, last_ns)

    def _with_crashes(self, world: World, until_ns: int) -> World:
        """Return the world with the crashes by chance up to an instant."""
        clock = world.clock[0]
        schedule = scheduled(self.crashes.until(until_ns), world.settings, world.schedule[clock.row :])
        clock.row = 0
        return world._replace(schedule=schedule)

    def _proceed(self, world: World, until_ns: int) -> World:
        """Let happen what happens up to an instant; before the clock starts there is nothing."""
        if until_ns < 0:
            return world
        self.world = world = proceeded(world, self.frame, self.policies, until_ns)
        if self.horizon_ns == NEVER and world.clock[0].endless:
            raise never_drains(int(self.numbers[world.clock[0].endless - 1]))
        return world

    def _ended(self, world: World, last_ns: int, asked_ns: tuple[int, int]) -> Decided:
        """Run to the end; ``asked_ns``: bounds on how long the last chunk and all chunks take."""
        if self.horizon_ns == NEVER:
            world = self._drained(world, last_ns, *asked_ns)
        else:
            world = self._with_crashes(world, self.horizon_ns)
        world.settings[0].more = 0
        world = self._proceed(world, self.horizon_ns)
        end_ns = int(world.clock[0].last) if self.horizon_ns == NEVER else self.horizon_ns
        self.fleet = told_fleet(changes_of(world), self.frame.system, end_ns)
        self.levels = levels_of(world)
        decided = _decided(world, np.arange(world.settings[0].jobs) < world.clock[0].published)
        self.loan.give_back()
        return decided

    def _drained(self, world: World, last_ns: int, some_ns: int, all_ns: int) -> World:
        """Let everything happen, drawing crashes for twice as long each time: nearly always the first will do."""
        latest_ns = min(2**61, last_ns + all_ns)
        until_ns, further_ns = last_ns, max(SECOND, some_ns)
        while not world.clock[0].over and until_ns < latest_ns:
            until_ns = min(latest_ns, last_ns + further_ns)
            further_ns *= 2
            world = self._proceed(self._with_crashes(world, until_ns), until_ns)
        return world


def _decided(world: World, over: NDArray[np.bool_]) -> Decided:
    """Return the attempts of jobs by how often they were tried."""
    again = (world.jobs.extra > 0) & over if world.settings[0].remembers else np.zeros(len(over), np.bool_)
    once = attempts_of(world, np.flatnonzero(over & ~again))
    several = attempts_of(world, np.flatnonzero(again[jobs_of_rows(world)]))
    return Decided(table_of(once), table_of(several[np.lexsort((several[:, 1], several[:, 0]))]))
