"""Runs of the choices, as many as it takes to say whether each meets the targets.

Replication 0, 1, ... has the same documents on every fleet, so that choices differ by their fleets and by nothing else.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from workersim import claims, engines, workload
from workersim.experiments.measuring import can_stream, measured
from workersim.experiments.run import SMALL, measure_each

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from workersim.experiments.planning.choices import Choice
    from workersim.experiments.planning.targets import Target
    from workersim.runlog import RunLog
    from workersim.scenario import Scenario
    from workersim.statistics.selection import BoundTest
    from workersim.workload import Jobs

__all__ = ["Decision", "Trials", "observe"]

MOST_JOBS = 20_000_000  # over the replications of one choice
_TOGETHER = 100
BATCH = 16  # replications between two looks, after the first


@dataclass(frozen=True, eq=False)
class Decision:
    """What the runs of a choice say.

    Attributes
    ----------
    values
        A row a replication: what it says of each target, infinite where nothing ever started.
    missed
        The targets that it misses.
    open
        Whether the runs ended before this was clear enough; then the mean has decided.
    """

    choice: Choice
    values: list[tuple[float, ...]]
    missed: tuple[Target, ...]
    open: bool

    @property
    def meets(self) -> bool:
        """Whether it meets all targets."""
        return not self.missed

    def mean(self, target: int) -> float:
        """Return the mean of the values of a target."""
        column = [row[target] for row in self.values]
        return math.inf if math.inf in column else math.fsum(column) / len(column)


@dataclass
class Trials:
    """Runs choices and remembers what was decided.

    Parameters
    ----------
    targets
        What they have to meet.
    tests
        A test for each of them.
    random
        Whether another replication may say something else.
    progress
        Called as ``progress(replications so far, 0)``.
    """

    targets: Sequence[Target]
    tests: Sequence[BoundTest]
    random: bool
    progress: Callable[[int, int], None] | None = None
    decided: dict[int, Decision] = field(default_factory=dict)
    runs: int = 0

    @property
    def ordered(self) -> bool:
        """Whether every target's figure moves one way if every job waits longer."""
        return all(target.ordered for target in self.targets)

    def decide(self, choice: Choice) -> Decision:
        """Return whether a choice meets the targets, from runs that are made only once."""
        known = self.decided.get(id(choice))
        if known is None:
            known = self.decided[id(choice)] = self._decide(choice)
        return known

    def _decide(self, choice: Choice) -> Decision:
        most = self._most(choice.scenario)
        values: list[tuple[float, ...]] = []
        wanted = min(most, self.tests[0].first if self.random else 1)
        while True:
            self._count(wanted - len(values))
            values += observe(choice.scenario, range(len(values), wanted), self.targets)
            sides = [self._side(at, values) for at in range(len(self.targets))]
            # One target that is missed is enough; one that is open is not if it can still be met.
            settled = "above" in sides or None not in sides
            if settled or wanted >= most:
                break
            wanted = min(most, wanted + BATCH)
        sides = [side or self._by_sign(at, values) for at, side in enumerate(sides)]
        missed = tuple(target for target, side in zip(self.targets, sides, strict=True) if side == "above")
        return Decision(choice, values, missed, open=not settled)

    def _most(self, scenario: Scenario) -> int:
        if not self.random:
            return 1
        jobs = max(1.0, workload.expected_jobs(scenario))
        return max(2, min(self.tests[0].most, int(MOST_JOBS / jobs)))

    def _column(self, at: int, values: list[tuple[float, ...]]) -> list[float]:
        return [self.targets[at].sign * row[at] for row in values]

    def _side(self, at: int, values: list[tuple[float, ...]]) -> str | None:
        if not self.random:
            return "below" if self.targets[at].allows(values[0][at]) else "above"
        return self.tests[at].side(self._column(at, values))

    def _by_sign(self, at: int, values: list[tuple[float, ...]]) -> str:
        return self.tests[at].by_sign(self._column(at, values))

    def _count(self, more: int) -> None:
        self.runs += more
        if self.progress:
            self.progress(self.runs, 0)


def observe(scenario: Scenario, replications: Iterable[int], targets: Sequence[Target]) -> list[tuple[float, ...]]:
    """Return what each replication says of the targets."""
    expected = workload.expected_jobs(scenario)
    if expected > SMALL and can_stream(scenario):
        return [_of_a_measured_run(scenario, each, targets) for each in replications]

    def read(jobs: Jobs, log: RunLog) -> tuple[float, ...]:
        evidence = claims.Evidence(log, warm_up_ns=int(scenario.run.warm_up))
        return tuple(target.value(evidence.about(target.sentence), arrived=len(jobs)) for target in targets)

    chosen = list(replications)
    # Others will be looked at, so loading the compiled engine pays sooner than these runs alone would say.
    return list(measure_each(scenario, engines.choose(int(expected * _TOGETHER)), chosen, read))


def _of_a_measured_run(scenario: Scenario, replication: int, targets: Sequence[Target]) -> tuple[float, ...]:
    sample = measured(scenario, replication=replication)
    unstable = any(warning.startswith("Unstable") for warning in sample.warnings)
    return tuple(_values(sample.figures, targets, unstable=unstable))


def _values(
    figures: dict[str, dict[str, float | None]], targets: Sequence[Target], *, unstable: bool
) -> Iterator[float]:
    """Read the targets from figures, which know nothing of the jobs that never started."""
    arrived = figures["jobs"]["arrived"] or 0
    for target in targets:
        head, _, figure = target.measure.partition(".")
        block = figures[head]
        value = block[figure] if figure else block
        observed = claims.Observed(value=value, stuck=int(unstable))  # type: ignore[arg-type]  # throughput is a leaf
        growing_for_ever = unstable and head in ("wait", "response", "queue_length") and target.sign == 1
        yield math.inf if growing_for_ever else target.value(observed, arrived=arrived)
