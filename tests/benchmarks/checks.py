"""Whether a contender's answers are right; if not, its time does not count.

M/M/c has a theory.  Other cases are compared with another contender's runs of the same size: whatever the start
from an empty fleet does to the means, it does to both.
"""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .contenders import OURS, REFERENCE, TEXTBOOK, C
from .theory import expected
from .timing import Failure, once

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .contenders.shape import Answer
    from .timing import Timed

__all__ = ["Verdict", "against_theory", "against_yardstick"]

ERRORS = 4.0  # standard errors; one check in 16,000 goes wrong by chance alone
ERRORS_OF_FEW = 5.0  # the same where the errors themselves are estimated from few runs
RUNS = 8
YARDSTICKS = (C, OURS, REFERENCE, "simpy-tuned", TEXTBOOK)
FIRST_SEED = 1_000  # none of the timed runs has it
TOLERANCE = 1e-9  # where nobody waits


@dataclass(frozen=True)
class Verdict:
    """Whether the answers are right, and what was compared."""

    right: bool
    says: str


def against_theory(timed: Timed) -> Verdict:
    """Compare the mean of all answers with Erlang's formulas."""
    jobs = sum(answer.jobs for answer in timed.answers)
    known = expected(timed.case, jobs)
    off = {name: (mean(timed.answers, name) - known[name].value) / known[name].error for name in timed.case.figures}
    return verdict(off, ERRORS, f"theory, {jobs:,} jobs")


def against_yardstick(timed: Timed, ready: Sequence[Timed]) -> Verdict:
    """Compare with the first other contender that is here and can do the case, at the size of the slower one."""
    others = [one for key in YARDSTICKS for one in ready if one.contender.key == key and one is not timed]
    if not others:
        return Verdict(right=True, says="unchecked: nobody else can do this case here")
    yardstick = others[0]
    jobs = min(timed.jobs, yardstick.jobs)
    try:
        ours, theirs = answers(timed, jobs, FIRST_SEED), answers(yardstick, jobs, 2 * FIRST_SEED)
    except Failure as failure:
        return Verdict(right=False, says=str(failure))
    off = {name: difference(ours, theirs, name) for name in timed.case.figures}
    return verdict(off, ERRORS_OF_FEW, f"{yardstick.contender.title}, {RUNS} runs of {jobs:,} jobs each")


def answers(timed: Timed, jobs: int, first_seed: int) -> list[Answer]:
    """Return as many answers at this size as a comparison needs, the timed ones among them."""
    held = list(timed.answers) if timed.jobs == jobs else []
    more = range(first_seed, first_seed + RUNS - len(held))
    return held + [once(timed.contender, timed.case, jobs, seed)[1] for seed in more]


def difference(ours: Sequence[Answer], theirs: Sequence[Answer], name: str) -> float:
    """Return how many standard errors two samples are apart."""
    error = sum(statistics.variance(getattr(one, name) for one in sample) / len(sample) for sample in (ours, theirs))
    return (mean(ours, name) - mean(theirs, name)) / (error**0.5 + TOLERANCE)


def mean(sample: Sequence[Answer], name: str) -> float:
    """Return the mean of a figure over the answers, each counting by its jobs."""
    return sum(answer.jobs * float(getattr(answer, name)) for answer in sample) / sum(answer.jobs for answer in sample)


def verdict(off: dict[str, float], limit: float, against: str) -> Verdict:
    """Say how far the worst figure is off, in standard errors."""
    worst = max(off, key=lambda name: float("inf") if off[name] != off[name] else abs(off[name]))
    right = all(abs(one) <= limit for one in off.values())
    return Verdict(right=right, says=f"{off[worst]:+.1f} standard errors at worst ({worst}), against {against}")
