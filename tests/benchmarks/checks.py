"""Whether a contender's answers are right; if not, its time does not count.

M/M/c has a theory.  Other cases are compared with another contender's runs of the same size: whatever the start
from an empty fleet does to the means, it does to both.
"""

from __future__ import annotations

import math
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

# Limits in standard errors.  Waits are skewed, so chance alone passes them more often than a normal distribution
# would have it.  Seen with the C program, whose answers are right: against theory 4 in 1,000 checks of 12,000 to
# 23,000 jobs and 1 in 3,600 of 280,000 or more; in pairs of 8 runs, where the error is itself an estimate, 1 in
# 2,100.  So a small run (--quick) that is called wrong deserves another --seed before it is believed.
ERRORS = 4.0
ERRORS_OF_FEW = 5.0
RUNS = 8
YARDSTICKS = (C, OURS, REFERENCE, "simpy-tuned", TEXTBOOK)
MORE_SEEDS = 1_000  # so far on, none of the timed runs has them
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
        ours, theirs = answers(timed, jobs, MORE_SEEDS), answers(yardstick, jobs, 2 * MORE_SEEDS)
    except Failure as failure:
        return Verdict(right=False, says=str(failure))
    off = {name: difference(ours, theirs, name) for name in timed.case.figures}
    return verdict(off, ERRORS_OF_FEW, f"{yardstick.contender.title}, {RUNS} runs of {jobs:,} jobs each")


def answers(timed: Timed, jobs: int, ahead: int) -> list[Answer]:
    """Return as many answers at this size as a comparison needs, the timed ones among them."""
    held = list(timed.answers) if timed.jobs == jobs else []
    more = range(RUNS - len(held))
    return held + [once(timed.contender, timed.case, jobs, timed.seed + ahead + i)[1] for i in more]


def difference(ours: Sequence[Answer], theirs: Sequence[Answer], name: str) -> float:
    """Return how many standard errors two samples are apart."""
    variances = (statistics.variance(figures(sample, name)) / len(sample) for sample in (ours, theirs))
    return (mean(ours, name) - mean(theirs, name)) / (math.sqrt(sum(variances)) + TOLERANCE)


def mean(sample: Sequence[Answer], name: str) -> float:
    """Return the mean of a figure over the answers, each counting by its jobs."""
    return statistics.fmean(figures(sample, name), weights=[answer.jobs for answer in sample])


def figures(sample: Sequence[Answer], name: str) -> list[float]:
    """Return one figure of every answer."""
    return [float(getattr(answer, name)) for answer in sample]


def verdict(off: dict[str, float], limit: float, against: str) -> Verdict:
    """Say how far the worst figure is off, in standard errors."""
    worst = max(off, key=lambda name: math.inf if math.isnan(off[name]) else abs(off[name]))
    right = all(abs(one) <= limit for one in off.values())
    return Verdict(right=right, says=f"{off[worst]:+.1f} standard errors at worst ({worst}), against {against}")
