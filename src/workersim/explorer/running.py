"""A run that is short enough to be waited for: fewer jobs if need be, and said so."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from workersim import workload
from workersim.errors import InputError
from workersim.experiments.run import run
from workersim.units import Duration

if TYPE_CHECKING:
    from workersim.experiments.result import Result
    from workersim.scenario import Scenario

__all__ = ["Quick", "quick"]

MOST_JOBS = 10_000
"""Jobs of a replication: what 0.1 s is enough for, with all that is drawn."""
_ALL_JOBS = 30_000  # over all replications
_MOST, _LEAST = 10, 3  # replications
_LARGEST = 200_000  # jobs at one instant, which no horizon makes fewer


class Quick(NamedTuple):
    """What was run, how it came out, and what was changed so that it did not take long."""

    scenario: Scenario
    result: Result
    note: str


def quick(scenario: Scenario) -> Quick:
    """Run a scenario with as many replications, and over as long a time, as there is patience for.

    Raises
    ------
    InputError
        If there are too many jobs at one instant for that, or as ``run``.
    """
    short, note = _shortened(scenario)
    if workload.is_random(short):
        jobs = max(1.0, workload.expected_jobs(short))
        count = int(min(_MOST, max(_LEAST, _ALL_JOBS / jobs)))
    else:
        count = 1
    settled = short.replace("run.replications", count)
    return Quick(settled, run(settled, engine="compiled", keep_log=True), note)


def _shortened(scenario: Scenario) -> tuple[Scenario, str]:
    jobs = workload.expected_jobs(scenario)
    if jobs <= MOST_JOBS:
        return scenario, ""
    until = scenario.run.until
    if not isinstance(until, Duration):
        if jobs > _LARGEST:
            msg = f"expected at most {_LARGEST:,} jobs in the explorer, found {jobs:,.0f}; workersim run has no limit"
            raise InputError(msg)
        return scenario, f"There are {jobs:,.0f} jobs, so this takes longer than usual."
    share = MOST_JOBS / jobs
    end = Duration(max(1, int(int(until) * share)))
    warm_up = Duration(int(int(scenario.run.warm_up) * share))
    short = scenario.replace_all({"run.until": str(end), "run.warm_up": str(warm_up)})
    return short, (
        f"To answer at once, only about {MOST_JOBS:,} of {jobs:,.0f} jobs are simulated: "
        f"the run ends at {end.seconds / 3600:.3g} h instead of {until}."
    )
