"""The tables of the validation page: theory, intervals, twins and plans, computed anew by the build."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

__all__ = ["make"]

WORLDS, CASES = 150, 300
EXPERIMENTS = 100
PROBLEMS = 4


def make(_root: Path, target: Path) -> None:
    """Write the tables, each into a file of its name."""
    from tests.theory_table import lines  # noqa: PLC0415 (the tests need pytest and hypothesis)

    _write(target / "theory.md", lines())
    _write(target / "twins.md", _twins())
    _write(target / "intervals.md", _intervals())
    _write(target / "plans.md", _plans())


def _write(path: Path, lines: Iterable[str]) -> None:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _twins() -> Iterable[str]:
    """Run random scenarios on all engines and count the logs that differ."""
    from hypothesis import HealthCheck, given, seed, settings  # noqa: PLC0415 (as above)
    from tests.random_worlds import RandomWorld, worlds  # noqa: PLC0415 (as above)
    from tests.strategies import Case, cases  # noqa: PLC0415 (as above)
    from tests.test_engines_agree import both  # noqa: PLC0415 (as above)
    from tests.worlds import ENGINES, run  # noqa: PLC0415 (as above)

    def quietly(most: int) -> settings:
        return settings(max_examples=most, deadline=None, database=None, suppress_health_check=list(HealthCheck))

    counts = {"steady": [0, 0, 0], "changing": [0, 0, 0]}

    @seed(1)
    @quietly(CASES)
    @given(case=cases())
    def steady(case: Case) -> None:
        first, other = both(case)
        _count(counts["steady"], len(first.attempts), first.diff(other) is not None)

    @seed(1)
    @quietly(WORLDS)
    @given(world=worlds())
    def changing(world: RandomWorld) -> None:
        first, *others = (run(engine, world.documents, *world.services, **world.asked).log for engine in ENGINES)
        _count(counts["changing"], len(first.attempts), any(first.diff(other) is not None for other in others))

    steady()
    changing()
    yield "| random scenarios | how many | attempts in their logs | logs that differ |"
    yield "|---|---:|---:|---:|"
    names = {
        "steady": "fixed fleets: sharing, priorities, dispatch, patience",
        "changing": "fleets that change: Celery's workers, crashes, deploys, retries, limits, scaling",
    }
    for key, (many, rows, differ) in counts.items():
        yield f"| {names[key]} | {many:,} | {rows:,} | {differ} |"


def _count(held: list[int], rows: int, differs: bool) -> None:  # noqa: FBT001 (it is counted)
    held[0] += 1
    held[1] += rows
    held[2] += differs


def _intervals() -> Iterable[str]:
    from tests.coverage_table import CASES as RUNS  # noqa: PLC0415 (as above)
    from tests.coverage_table import lines  # noqa: PLC0415 (as above)

    cheap = tuple(case for case in RUNS if case.jobs * case.replications <= 50_000)
    yield from lines(EXPERIMENTS, cheap)


def _plans() -> Iterable[str]:
    from tests.plan_table import compared, problems  # noqa: PLC0415 (as above)

    yield "| problem | choices | plan | grid | verdict | runs | of the grid |"
    yield "|---|--:|---|---|---|--:|--:|"
    for problem in islice(problems(documents=300, most=6), PROBLEMS):
        got = compared(problem)
        plan, grid = (" × ".join(map(str, keys.values())) if keys else "none" for keys in (got.plan, got.grid))  # noqa: RUF001 (the sign is meant)
        said = f"{got.name}: {' and '.join(problem.targets)}"
        yield f"| {said} | {got.choices} | {plan} | {grid} | {got.verdict} | {got.runs} | {got.grid_runs} |"
