"""Random planning problems against an exhaustive grid: `python -m tests.plan_table` prints the table of the docs.

The grid runs every choice with ten times the replications that the plan's first look takes, on other documents.  A plan
is right if the choice is the grid's, or if what sets them apart lies within the indifference zone of a bound.
"""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

import workersim as ws
from workersim.experiments.planning.planner import FIRST
from workersim.experiments.planning.targets import parse_targets
from workersim.experiments.planning.trials import observe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workersim.scenario import Scenario

__all__ = ["Outcome", "Problem", "compared", "problems"]

INDIFFERENCE = 0.05
GRID_SEED = 1_000_003


class Problem(NamedTuple):
    """A scenario, targets, and what may be chosen."""

    scenario: Scenario
    targets: list[str]
    vary: dict[str, list[int]]


class Outcome(NamedTuple):
    """What the plan and the grid chose, and whether that is right."""

    name: str
    choices: int
    plan: dict[str, int] | None
    grid: dict[str, int] | None
    verdict: str  # same, within, wrong
    runs: int
    grid_runs: int
    seconds: float


def problems(seed: int = 7, *, documents: int = 3000, most: int = 16) -> Iterator[Problem]:
    """Draw problems: rates, services, variability, shared vCPUs or not, one target or two."""
    rng = np.random.default_rng(seed)
    while True:
        concurrency = int(rng.choice([2, 4]))
        shared = bool(rng.random() < 0.4)
        vcpus = max(1, concurrency // 2) if shared else concurrency
        cv = float(rng.choice([0.5, 1.0, 1.5]))
        load = float(rng.uniform(2, 0.875 * most))  # erlangs
        service_s = float(rng.choice([30, 120, 600]))
        hours = documents * service_s / load / 3600
        fleet = ws.Fleet(replicas=2, concurrency=concurrency, vcpus=vcpus, process_memory="1 GB", memory_limit="5 GB")
        job = ws.Job(service=ws.Lognormal(mean=service_s, cv=cv), wait_ratio=1.0)
        scenario = ws.Scenario(
            name=f"{load:.1f} erlangs of {service_s:g} s, cv {cv:g}, {concurrency} slots on {vcpus} vCPUs",
            fleet=fleet,
            workload=ws.Workload(jobs={"document": job}, arrivals=[ws.Poisson(rate=load / service_s)]),
            run=ws.RunSettings(until=hours * 3600, warm_up=hours * 360, seed=int(rng.integers(1, 10_000))),
        )
        targets = [f"wait.{rng.choice(['mean', 'p95'])} <= {service_s * float(rng.choice([0.05, 0.2, 0.6])):g} s"]
        if rng.random() < 0.3:
            targets.append(f"utilization.mean <= {rng.choice([70, 80])}%")
        vary: dict[str, list[int]] = {"fleet.replicas": list(range(1, most + 1))}
        if rng.random() < 0.5:
            vary["fleet.concurrency"] = [2, 3, 4, 6]  # 6 processes do not fit into 5 GB
        yield Problem(scenario, targets, vary)


def compared(problem: Problem) -> Outcome:
    """Plan, go through the grid, and compare."""
    begun = time.perf_counter()
    found = ws.plan(problem.scenario, target=problem.targets, vary=problem.vary)
    seconds = time.perf_counter() - begun
    valid, _ = _grid(problem)
    chosen = found.recommended.choice if found.recommended else None
    best = next((keys for keys, _, worst in valid if worst <= 0), None)
    if chosen is None or best is None:
        verdict = "same" if chosen is None and best is None else "wrong"
    elif _price(valid, chosen.keys) == _price(valid, best):
        verdict = "same"
    else:
        verdict = _apart(valid, chosen.keys, best)
    grid_runs = 10 * FIRST * len(valid)
    keys = chosen.keys if chosen else None
    return Outcome(problem.scenario.name, len(valid), keys, best, verdict, found.runs, grid_runs, seconds)


def _grid(problem: Problem) -> tuple[list[tuple[dict[str, int], float, float]], int]:
    """Return (keys, price, by how much the worst target is missed as a share of its bound), cheapest first."""
    targets = parse_targets(problem.targets)
    other = problem.scenario.replace("run.seed", GRID_SEED)
    rows, refused = [], 0
    for concurrency in problem.vary.get("fleet.concurrency", [problem.scenario.fleet.concurrency]):
        for replicas in problem.vary["fleet.replicas"]:
            keys = {"fleet.replicas": replicas, "fleet.concurrency": concurrency}
            try:
                scenario = other.replace_all(keys)
            except ws.InputError:
                refused += 1
                continue
            values = np.array(observe(scenario, range(10 * FIRST), targets))
            bounds = np.array([target.bound for target in targets])
            rows.append((keys, float(replicas), float((values.mean(axis=0) / bounds - 1).max())))
    return sorted(rows, key=lambda row: row[1]), refused


def _price(valid: list[tuple[dict[str, int], float, float]], keys: dict[str, int]) -> float:
    return float(next(price for each, price, _ in valid if keys.items() <= each.items()))


def _apart(valid: list[tuple[dict[str, int], float, float]], chosen: dict[str, int], best: dict[str, int]) -> str:
    """Tell whether the two prices differ only because of choices within the indifference zone."""
    cheap, dear = sorted((_price(valid, chosen), _price(valid, best)))
    if dear == _price(valid, chosen):  # it passed over what the grid calls good enough
        passed = [worst for _, price, worst in valid if cheap <= price < dear and worst <= 0]
        return "within" if all(abs(worst) <= INDIFFERENCE for worst in passed) else "wrong"
    bought = min(worst for keys, _, worst in valid if chosen.items() <= keys.items())
    return "within" if bought <= INDIFFERENCE else "wrong"


def main(count: int = 20) -> None:
    """Print a row a problem, and how many are right."""
    print("| problem | choices | plan | grid | verdict | runs | of the grid | time |")
    print("|---|--:|---|---|---|--:|--:|--:|")
    right = 0
    for _, problem in zip(range(count), problems(), strict=False):
        got = compared(problem)
        right += got.verdict != "wrong"
        plan, grid = (" x ".join(map(str, keys.values())) if keys else "none" for keys in (got.plan, got.grid))
        cells = [problem.targets, got.choices, plan, grid, got.verdict, got.runs, got.grid_runs]
        texts = [f"{got.name}: {' and '.join(problem.targets)}", *map(str, cells[1:])]
        print(f"| {' | '.join(texts)} | {got.seconds:.1f} s |")
    share = right / count
    print(f"\n{right} of {count} right or within the indifference zone ({share:.0%}).")
    if not math.isclose(share, 1.0):
        print("The plan promises 95% of the time.")


if __name__ == "__main__":
    main()
