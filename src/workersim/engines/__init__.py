"""Two engines that give the same log, bit for bit: a function of jobs, fleet and horizon.

``simpy`` is the text that says what the model means (``engines/reference``); ``compiled`` is what sweeps and
long traces run on (``engines/compiled``).  They share no decision: each can catch the other out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from workersim.engines.assembling import Crashes, scripted_system, system_of
from workersim.engines.written import fleet_log, to_log, told_log
from workersim.units import NEVER

if TYPE_CHECKING:
    from workersim.engines.system import System
    from workersim.runlog import RunLog
    from workersim.runlog.pieces import Levels
    from workersim.scenario import Fleet
    from workersim.workload import Jobs

__all__ = [
    "COMPILED_FROM",
    "Crashes",
    "Engine",
    "choose",
    "fleet_log",
    "gauge_changing",
    "scripted_system",
    "simulate",
    "simulate_changing",
    "system_of",
]

Engine = Literal["simpy", "compiled"]

# Jobs from which loading Numba and its machine code from disk (0.5 s) costs less than SimPy takes (30 us a job with
# three phases). Compiling for the first time takes some seconds more, once a version.
COMPILED_FROM = 15_000


def choose(jobs: int) -> Engine:
    """Return the engine that is done first with this many jobs."""
    return "compiled" if jobs >= COMPILED_FROM else "simpy"


def simulate(
    jobs: Jobs, fleet: Fleet, *, engine: Engine, horizon_ns: int = NEVER, seed: int = -1, digest: str = ""
) -> RunLog:
    """Run jobs that are tried once on a fleet that stays as it is.

    Parameters
    ----------
    jobs
        What arrives, all draws made.
    fleet
        What it runs on.
    engine
        Who runs it; the log is the same.
    horizon_ns
        Instant at which the run ends; ``NEVER``: when nothing is left to happen.
    seed, digest
        Written into the log as they are.
    """
    if engine == "simpy":
        from workersim.engines.reference.plain.engine import simulate as run  # noqa: PLC0415 (simpy is loaded if it is used)
    else:
        from workersim.engines.compiled.engine import simulate as run  # noqa: PLC0415 (numba takes half a second)
    return to_log(run(jobs, fleet, horizon_ns), jobs, fleet, horizon_ns, seed=seed, digest=digest, engine=engine)


def simulate_changing(
    jobs: Jobs, system: System, *, engine: Engine, horizon_ns: int = NEVER, seed: int = -1, digest: str = ""
) -> RunLog:
    """Run jobs that may come back on fleets that may change.

    Parameters
    ----------
    jobs
        What arrives, all draws made.
    system
        The services that they run on, and what happens to these.
    engine, horizon_ns, seed, digest
        As for ``simulate``.
    """
    if engine == "simpy":
        from workersim.engines.reference.engine import tell  # noqa: PLC0415 (simpy is loaded if it is used)
    else:
        from workersim.engines.compiled.changing.engine import tell  # noqa: PLC0415 (numba takes half a second)
    return told_log(tell(jobs, system, horizon_ns), jobs, system, horizon_ns, seed=seed, digest=digest, engine=engine)


def gauge_changing(jobs: Jobs, system: System, *, horizon_ns: int, warm_up_ns: int) -> tuple[RunLog, Levels]:
    """Do the same on the compiled engine for a run that is only measured.

    Returns
    -------
    tuple
        The log without its phases, and levels over time after the warm-up: together what ``figures`` needs.
    """
    from workersim.engines.compiled.changing.engine import tell_gauged  # noqa: PLC0415 (numba takes half a second)

    told, levels = tell_gauged(jobs, system, horizon_ns, warm_up_ns)
    return told_log(told, jobs, system, horizon_ns, seed=-1, digest="", engine="compiled"), levels
