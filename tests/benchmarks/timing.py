"""Time contenders side by side: one run of each in turn, again and again, so that all see the same machine."""

from __future__ import annotations

import gc
import statistics
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .contenders import Absent, load

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from .contenders import Contender
    from .contenders.shape import Answer, Case

__all__ = ["Failure", "Timed", "calibrated", "interleaved", "once"]

FIRST = 1_000
GROWTH = 8


class Failure(Exception):  # noqa: N818 (a finding about a contender, told in its row)
    """A contender broke down; the text says how."""


@dataclass(kw_only=True)
class Timed:
    """A contender on a case: the size of its runs, their seconds and their answers."""

    case: Case
    contender: Contender
    jobs: int
    seed: int = 1
    seconds: list[float] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)

    @property
    def costs_ns(self) -> list[float]:
        """Nanoseconds a job of each run."""
        return [1e9 * took / answer.jobs for took, answer in zip(self.seconds, self.answers, strict=True)]

    @property
    def cost_ns(self) -> float:
        """Nanoseconds a job: the median of the runs."""
        return statistics.median(self.costs_ns)

    def run(self) -> None:
        """Time one run more, with the next seed."""
        took, answer = once(self.contender, self.case, self.jobs, self.seed + len(self.seconds))
        self.seconds.append(took)
        self.answers.append(answer)


def once(contender: Contender, case: Case, jobs: int, seed: int) -> tuple[float, Answer]:
    """Return the seconds that one run took, and its answer.

    Raises
    ------
    Absent
        If the contender is not here.
    Failure
        If it broke down.
    """
    run = load(contender)
    gc.collect()
    began = time.perf_counter()
    try:
        answer = run(case, jobs, seed)
    except Exception as error:
        msg = f"{type(error).__name__}: {error}"
        raise Failure(msg) from error
    return time.perf_counter() - began, answer


def calibrated(contender: Contender, case: Case, *, seconds: float, seed: int) -> Timed:
    """Return the contender with a size that takes about so many seconds, at most that of the case.

    Small runs come first, so that whatever is compiled or loaded is so before anything is timed.
    """
    once(contender, case, FIRST, 0)
    jobs, cost = FIRST, 0.0
    while jobs <= case.jobs:
        took, _ = once(contender, case, jobs, 0)
        cost = took / jobs
        if took > seconds / GROWTH:
            break
        jobs *= GROWTH
    return Timed(case=case, contender=contender, jobs=min(case.jobs, two_digits(seconds / cost)), seed=seed)


def two_digits(number: float) -> int:
    """Return a number with all but its first two digits zero, at least the smallest size."""
    return max(FIRST, int(float(f"{number:.1e}")))


def interleaved(timed: Iterable[Timed], *, repeats: int, tell: Callable[[str], None]) -> Iterator[tuple[Timed, str]]:
    """Run all in turn, and again; yield those that broke down, with the reason."""
    left = list(timed)
    for repeat in range(repeats):
        for one in tuple(left):
            tell(f"{one.case.key}, round {repeat + 1} of {repeats}: {one.contender.title}, {one.jobs:,} jobs")
            try:
                one.run()
            except (Absent, Failure) as error:
                left.remove(one)
                yield one, str(error)
