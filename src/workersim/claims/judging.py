"""From what runs say to a verdict.

Where chance has no part, one run decides.  Otherwise the 95 % interval of the mean over replications
does: wholly inside of what is allowed it supports the claim, wholly outside it refutes it, else the
claim stays open.  One run of a random workload decides nothing, but for a claim about *every* job:
a single one that is otherwise refutes it.

A job that never started has a wait that nobody knows.  A claim on waits is then at best inconclusive,
and refuted only if the wait so far is already too long: whatever happens to those jobs later can only
make it longer.  Of a job that still runs the same holds for its response.  A job that left when its
patience ended has no wait at all: it refutes nothing, but what it would have waited stays unknown.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from workersim.claims.verdict import Verdict
from workersim.claims.wording import Case, ends, input_why, why
from workersim.statistics import mean_interval

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workersim.claims.evidence import Observed
    from workersim.claims.sentence import Sentence
    from workersim.claims.verdict import Finding

__all__ = ["assumed", "could_change", "judge"]


def assumed(claim: Sentence, value: float, *, scenario: str) -> Verdict:
    """Return the verdict on a sentence about an input: assumed, or refuted if the scenario says otherwise.

    Parameters
    ----------
    claim
        What is claimed.
    value
        What the scenario says, in the claim's unit.
    scenario
        Its name.
    """
    finding: Finding = "assumed" if claim.allows(value) else "refuted"
    said = input_why(claim, value, finding)
    return Verdict(scenario, claim.says, claim.measure, claim.expected, value, None, finding, said)


def judge(claim: Sentence, runs: Sequence[Observed], *, scenario: str, random: bool) -> Verdict:
    """Return the verdict on a claim.

    Parameters
    ----------
    claim
        What is claimed.
    runs
        What each replication says about it, at least one.
    scenario
        Its name.
    random
        Whether another replication may say something else.

    Examples
    --------
    >>> from workersim.claims import Observed, sentence
    >>> nobody = sentence("nobody waits", "wait.max", kind="duration", bound=("at_most", 0.0))
    >>> judge(nobody, [Observed(value=0.0)], scenario="idle", random=False).verdict
    'supported'
    """
    seen = list(runs) if random else list(runs[:1])
    values = [run.value for run in seen if run.value is not None]
    interval = mean_interval(values) if random else None
    finding = _finding(claim, seen, random=random)
    measured = _measured(claim, values)
    said = _said(claim, Case(seen, measured, interval, finding, random))
    return Verdict(scenario, claim.says, claim.measure, claim.expected, measured, interval, finding, said)


def could_change(verdict: Verdict, runs: Sequence[Observed]) -> bool:
    """Return whether more replications of a random workload could decide what is open."""
    return (
        verdict.verdict == "inconclusive"
        and verdict.measured is not None
        and not any(run.stuck or run.left for run in runs)
    )


def _said(claim: Sentence, case: Case) -> str:
    left, stuck = sum(run.left for run in case.runs), sum(run.stuck for run in case.runs)
    if not left:
        return f"{why(claim, case).removesuffix('.')}{ends(claim, case)}."
    patience = "left without a start when their patience ended"
    if case.finding == "refuted":
        more = f"{left:,} more job{'s' * (left > 1)} {patience}"
        return f"{why(claim, case).removesuffix('.')}; {more}."
    jobs = left + stuck + sum(run.jobs for run in case.runs)
    of = f"{jobs:,} jobs" + (f" in {len(case.runs)} replications" if len(case.runs) > 1 else "")
    if stuck:
        return (
            f"{left + stuck:,} of {of} never started, {left:,} of which left when their patience ended, "
            "so how long they would wait for a start is not known."
        )
    return f"{left:,} of {of} {patience}, so how long they would have waited for one is not known."


def _measured(claim: Sentence, values: list[float]) -> float | None:
    if not values:
        return None
    if claim.figure == "every":
        return max(values, key=claim.distance)
    # Equal values keep their last digit, which a sum and a quotient may not.
    return values[0] if min(values) == max(values) else math.fsum(values) / len(values)


def _finding(claim: Sentence, runs: list[Observed], *, random: bool) -> Finding:
    values = [run.value for run in runs if run.value is not None]
    floors = [run.floor for run in runs if run.floor is not None]
    every = claim.figure == "every"
    if every and not all(claim.allows(value) for value in values):
        return "refuted"
    least = _least(floors, random=random, every=every)
    certain: Finding = "refuted" if least is not None and claim.above(least[0]) else "inconclusive"
    if any(run.stuck or run.left for run in runs):
        return certain
    found = _compare(claim, values, random=random)
    if found == "supported" and least is not None and claim.above(least[1]):
        return certain
    return found


def _compare(claim: Sentence, values: list[float], *, random: bool) -> Finding:
    if not values:
        return "inconclusive"
    if not random:
        return "supported" if claim.allows(values[0]) else "refuted"
    interval = mean_interval(values)
    if interval is None:
        return "inconclusive"
    low, high = interval
    if claim.above(low) or claim.below(high):
        return "refuted"
    return "supported" if claim.allows(low) and claim.allows(high) else "inconclusive"


def _least(floors: list[float], *, random: bool, every: bool) -> tuple[float, float] | None:
    """Return the ends between which what is certain by now lies."""
    if random and not every:
        return mean_interval(floors)
    return (max(floors), max(floors)) if floors else None
