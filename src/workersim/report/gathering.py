"""What a report tells of each scenario: its run, its verdicts, and how far replications lie apart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from workersim import workload
from workersim.experiments.check import FIRST_REPLICATIONS, MOST_JOBS, check
from workersim.experiments.result import Result
from workersim.experiments.run import ensure_scenario, run
from workersim.experiments.stretches import stretches

if TYPE_CHECKING:
    from collections.abc import Callable

    from workersim.claims import Verdict
    from workersim.experiments.stretches import Stretches
    from workersim.scenario import Scenario

__all__ = ["Settings", "Told", "gather"]

_BANDS = ("queue_length", "utilization")
_MOST_BAND_JOBS = 2_000_000  # over all replications: half a minute, if they are long
_MOST_BAND_REPLICATIONS = 40


class Settings(NamedTuple):
    """What is asked for instead of what scenarios say."""

    engine: Literal["auto", "simpy", "compiled"] = "auto"
    seed: int | None = None
    replications: int | None = None


class Told(NamedTuple):
    """One scenario, run.

    Attributes
    ----------
    scenario
        As it was given.
    result
        Its run.
    verdicts
        On its claims, in their order.
    by_itself
        Whether there are more replications than anybody asked for.
    bands
        Queue length and utilization of each replication; None if there is one only, or they are too long.
    """

    scenario: Scenario
    result: Result
    verdicts: list[Verdict]
    by_itself: bool
    bands: Stretches | None


def gather(given: Scenario | Result, settings: Settings, *, progress: Callable[[int, int], None] | None = None) -> Told:
    """Run a scenario, and check its claims."""
    if isinstance(given, Result):
        return Told(given.scenario, given, check(given.scenario), by_itself=False, bands=_bands(given))
    ensure_scenario(given)
    by_itself = settings.replications is None and _needs_more(given)
    replications = FIRST_REPLICATIONS if by_itself else settings.replications
    result = run(given, engine=settings.engine, seed=settings.seed, replications=replications, progress=progress)
    verdicts = check(given, engine=settings.engine, seed=settings.seed, replications=settings.replications)
    return Told(given, result, verdicts, by_itself=by_itself, bands=_bands(result))


def _needs_more(scenario: Scenario) -> bool:
    if scenario.run.replications > 1 or not workload.is_random(scenario):
        return False
    return workload.expected_jobs(scenario) * FIRST_REPLICATIONS <= MOST_JOBS


def _bands(result: Result) -> Stretches | None:
    scenario, jobs = result.scenario, result.metrics["jobs"]["arrived"]
    count = min(result.replications, _MOST_BAND_REPLICATIONS)
    random = result.kept is not None and result.replications > 1 and workload.is_random(scenario)
    if not random or jobs * count > _MOST_BAND_JOBS:
        return None
    engine: Literal["simpy", "compiled"] = "simpy" if result.engine == "simpy" else "compiled"
    return stretches(scenario, _BANDS, engine=engine, replications=count)
