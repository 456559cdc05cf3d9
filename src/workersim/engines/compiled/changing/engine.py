"""The compiled engine for whole worlds: arrays in, what happened out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from workersim.engines.compiled.changing.gauges import BUSY, CPU, PARTS, QUEUED, RESERVED, VISIBLE, WORD
from workersim.engines.compiled.changing.growth import with_containers, with_rows
from workersim.engines.compiled.changing.kernel import ASK, DONE, GROW, NO_ANSWER, run
from workersim.engines.compiled.changing.layout import Frame, make_world, priorities_of
from workersim.engines.compiled.changing.loans import Loan
from workersim.engines.compiled.changing.observation import observed
from workersim.engines.endless import never_drains
from workersim.engines.written import Told
from workersim.runlog.pieces import Levels, Use
from workersim.units import NEVER

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from workersim.engines.compiled.changing.world import World
    from workersim.engines.system import System
    from workersim.policies import Policy
    from workersim.workload import Jobs

__all__ = [
    "REBASE",
    "TICKS_IN_VAIN",
    "attempts_of",
    "changes_of",
    "drained",
    "frame_of",
    "levels_of",
    "policies_of",
    "proceeded",
    "tell",
    "tell_gauged",
]

REBASE = 2.0**44
TICKS_IN_VAIN = 10_000  # after so many ticks of policies in a row that changed nothing, none ever will
_OF_JOBS = {"queue_length": QUEUED, "visible": VISIBLE, "reserved": RESERVED}


def tell(jobs: Jobs, system: System, horizon_ns: int) -> Told:
    """Run the jobs on the system up to the horizon; if that is ``NEVER``, until nothing is left to happen."""
    loan = Loan()
    frame = _frame(jobs, system, NEVER)
    world = drained(proceeded(make_world(jobs, frame, loan), frame, policies_of(system), horizon_ns), horizon_ns)
    told = _told(world, horizon_ns, _phases(world, _rows(world)))
    loan.give_back()
    return told


def tell_gauged(jobs: Jobs, system: System, horizon_ns: int, warm_up_ns: int) -> tuple[Told, Levels]:
    """Do the same for a run that is only measured: no phases are told, but levels over time after the warm-up."""
    loan = Loan()
    frame = _frame(jobs, system, warm_up_ns)
    world = drained(proceeded(make_world(jobs, frame, loan), frame, policies_of(system), horizon_ns), horizon_ns)
    levels = levels_of(world)
    told = _told(world, horizon_ns, np.empty((0, 4), np.int64))
    loan.give_back()
    return told, levels


def levels_of(world: World) -> Levels:
    """Return what the gauges of a run say at its end."""
    areas = [(int(level.high) << WORD) + int(level.low) for level in world.gauges]
    jobs = {name: (areas[k], int(world.gauges[k].most)) for name, k in _OF_JOBS.items()}
    changes = world.changes[: world.clock[0].changes]
    busy = Use(float(areas[BUSY]), changes["instant"], changes["most_busy"])
    return Levels(**jobs, busy=busy, cpu=Use(areas[CPU] / PARTS, changes["instant"], changes["most_cpu"] / PARTS))


def _frame(jobs: Jobs, system: System, since_ns: int) -> Frame:
    return frame_of(system, priorities_of(system, jobs.table.priority), since_ns)


def frame_of(system: System, priorities: tuple[int, ...], since_ns: int) -> Frame:
    """Return the frame of a run."""
    return Frame(system, priorities, REBASE, TICKS_IN_VAIN, since_ns)


def policies_of(system: System) -> dict[int, Policy]:
    """Return a fresh policy for each service that has one."""
    return {v: service.policy() for v, service in enumerate(system.services) if service.policy is not None}


def proceeded(world: World, frame: Frame, policies: Mapping[int, Policy], until_ns: int) -> World:
    """Return the world after all that happens up to an instant; ``NEVER``: until nothing is left to happen."""
    answer = NO_ANSWER
    while (why := run(world, until_ns, answer)) != DONE:
        answer = NO_ANSWER
        if why >= ASK:
            answer = max(0, int(policies[why - ASK](observed(world, frame.system, why - ASK, frame.priorities))))
        elif why == GROW:
            world = with_rows(world)
        else:
            world = with_containers(world, int(world.clock[0].fleet_of), int(world.clock[0].fleet_needs))
    return world


def drained(world: World, horizon_ns: int) -> World:
    """Return the same world, unless it should have drained and never will."""
    if horizon_ns == NEVER and world.clock[0].endless:
        raise never_drains(int(world.clock[0].endless) - 1)
    return world


def _rows(world: World) -> NDArray[np.int64]:
    """Return the rows of attempts that were made."""
    return np.concatenate([np.flatnonzero(_arrived(world)), np.arange(world.settings[0].jobs, world.clock[0].rows)])


def _arrived(world: World) -> NDArray[np.bool_]:
    """Tell which jobs have arrived."""
    arrived = np.zeros(int(world.settings[0].jobs), np.bool_)
    arrived[world.order[: world.clock[0].published] if len(world.order) else slice(world.clock[0].published)] = True
    if world.settings[0].remembers:
        arrived |= (world.arrival < NEVER) & _follows(world)
    return arrived


def _told(world: World, horizon_ns: int, phases: NDArray[np.int64]) -> Told:
    clock = world.clock[0]
    last = int(clock.last) if horizon_ns == NEVER else horizon_ns
    return Told(
        arrival_ns=np.where(_arrived(world), world.arrival, NEVER),
        attempts=attempts_of(world, _rows(world)),
        phases=phases,
        fleet=changes_of(world),
        last_ns=last,
    )


def changes_of(world: World) -> NDArray[np.int64]:
    """Return the rows of the fleet table, as ``Told.fleet`` has them."""
    changes = world.changes[: world.clock[0].changes]
    columns = [changes[name] for name in ("instant", "service", "replica", "cause", "slots", "memory")]
    return np.stack(columns, axis=1)


def _follows(world: World) -> NDArray[np.bool_]:
    """Tell which jobs arrive after others."""
    follows = np.zeros(int(world.settings[0].jobs), np.bool_)
    follows[world.follower] = True
    return follows


def attempts_of(world: World, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the columns of some rows, in order, as ``Told.attempts`` has them."""
    n = int(world.settings[0].jobs)
    firsts = int(np.searchsorted(rows, n))
    made = np.empty((10, len(rows)), np.int64)
    made[0], made[1] = rows, 0
    made[2, :firsts] = world.arrival[rows[:firsts]]
    for column, name in enumerate(("job", "number", "published")):
        made[column, firsts:] = world.messages[name][rows[firsts:]]
    for column, name in enumerate(("started", "finished", "service", "replica", "slot", "outcome"), start=4):
        made[column] = world.attempts[name][rows]
    landed = world.messages["landed"][rows] if world.settings[0].celery else 0
    made[3] = np.where(landed > 0, landed - 1, made[4])
    return made.T


def _phases(world: World, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the phases that began: those of first attempts stand as the jobs' phases do, the others after them."""
    n, phases, extra = (int(x) for x in (world.settings[0].jobs, world.settings[0].phases, world.clock[0].extra))
    place = np.full(int(world.clock[0].rows), -1)
    place[rows] = np.arange(len(rows))
    ends = world.phase_end[:phases]
    began = np.flatnonzero(ends)
    job = np.repeat(np.arange(n), np.diff(world.first_phase))[began]
    first = began == world.first_phase[job]
    before = ends[np.maximum(began - 1, 0)] - 1
    started = np.where(first, world.attempts.started[job], before)
    own = np.stack([place[job], began, started, ends[began] - 1], axis=1)
    further = world.extra_phases[:extra]
    more = np.stack(
        [place[further.row], further.phase, further.started, world.phase_end[phases : phases + extra] - 1], axis=1
    )
    return np.concatenate([own, more])
