"""Choose a fleet: the cheapest one that meets every target."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from workersim import workload
from workersim.errors import InputError
from workersim.experiments.grid import values_of
from workersim.experiments.planning.answer import Asked, Plan, Row, Tried
from workersim.experiments.planning.bracket import demand, likely, needed_replicas
from workersim.experiments.planning.choices import Choice, choices, price_of
from workersim.experiments.planning.risk import a_day_of, breaks_at, holds
from workersim.experiments.planning.search import REPLICAS, chains, cheapest
from workersim.experiments.planning.targets import parse_targets
from workersim.experiments.planning.trials import Decision, Trials, observe
from workersim.experiments.run import ensure_scenario, run
from workersim.statistics import mean_interval
from workersim.statistics.selection import BoundTest
from workersim.units import nearest, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from workersim.experiments.planning.answer import Means, Vary
    from workersim.experiments.planning.bracket import Demand
    from workersim.experiments.planning.choices import Refused
    from workersim.experiments.planning.targets import Target
    from workersim.scenario import Scenario

__all__ = ["means_of", "plan", "tests_for"]

FIRST, MOST = 10, 1000  # replications of a choice
SHOWN = 20  # replications at least of a choice that is shown
_CHOSEN = ("fleet.", "services.")
_MINIMISED = ("cost", "cost.total")


def plan(
    scenario: Scenario,
    *,
    target: str | Iterable[str],
    vary: Mapping[str, Any] | None = None,
    minimise: str = "cost.total",
    accuracy: tuple[float, float] = (0.95, 0.05),
    progress: Callable[[int, int], None] | None = None,
) -> Plan:
    """Return the cheapest choice of the varied keys that meets all targets.

    Parameters
    ----------
    scenario
        What is asked about; its ``run`` says what one replication is.
    target
        One sentence or several, such as ``"wait.p95 <= 5 min"``: a figure of ``run --json``, ``<=`` or ``>=``, a value.
        With chance in the workload it is about the mean of the figure over replications.
    vary
        Keys by their paths, each with its values: a list, a range, or a text such as ``"1:60"``.  None: the number of
        replicas; of several services it has to be said whose.
    minimise
        ``"cost.total"`` or ``"cost"``: what the fleet costs by the hour, over a run of a given length.  Equal
        prices are told apart by memory, then slots, then vCPUs.
    accuracy
        The probability with which the choice is right, and the half width of the indifference zone as a share of
        each bound: a fleet whose figure lies within that share of the bound may be told either way.
    progress
        Called as ``progress(runs so far, 0)``.

    Returns
    -------
    Plan
        The recommended choice, a smaller and a larger one, and the present fleet.

    Raises
    ------
    InputError
        If a target, a key or a value makes no sense, or the workload cannot be realised.

    Notes
    -----
    Closed forms say where to begin.  Each choice is then run, on the same documents as the others, until a sequential
    test (Andradóttir and Kim 2010) says on which side of its bounds it lies; the errors of all choices together stay
    below 1 - confidence.  Where more replicas can make no job wait longer, the smaller ones of one that fails are not
    run; elsewhere every cheaper choice is.  A job that has not started when the run ends counts with the time that
    it has waited, so that a fleet does not look better by leaving jobs behind.

    Examples
    --------
    >>> import workersim as ws
    >>> overload = ws.Scenario(
    ...     fleet=ws.Fleet(replicas=1, concurrency=4),
    ...     workload=ws.Workload(jobs={"document": ws.Job(service="20 min")}, arrivals=[ws.Burst(jobs=10)]),
    ... )
    >>> ws.plan(overload, target="wait.max <= 20 min", vary={"fleet.replicas": range(1, 6)}).recommended.choice.keys
    {'fleet.replicas': 2}
    """
    ensure_scenario(scenario)
    base = scenario.replace("claims", []) if scenario.claims else scenario
    targets = parse_targets(target)
    if minimise not in _MINIMISED:
        msg = (
            f"minimise: expected one of {', '.join(_MINIMISED)}, found {shown(minimise)}{nearest(minimise, _MINIMISED)}"
        )
        raise InputError(msg)
    confidence, indifference = _accuracy(accuracy)
    needs = demand(base)
    chosen = _vary(base, vary, needs)
    valid, refused = choices(base, chosen)
    random = workload.is_random(base)
    asked = Asked(targets, chosen, vary is not None, confidence, indifference)
    trials = Trials(targets, tests_for(asked, len(valid)), random, progress)
    best = cheapest(chains(valid), trials, lambda choice: _likely(needs, choice.scenario, targets))
    return _Answer(base, asked, valid, refused, trials, needs).plan(best)


def _accuracy(given: tuple[float, float]) -> tuple[float, float]:
    confidence, indifference = given
    if not (0.5 < confidence < 1 and 0.001 <= indifference <= 0.5):
        msg = (
            f"accuracy: expected a confidence between 50% and 100% and an indifference from 0.1% to 50%, found {given}"
        )
        raise InputError(msg)
    return float(confidence), float(indifference)


def _likely(needs: Demand, scenario: Scenario, targets: Sequence[Target]) -> bool:
    """Return what closed forms expect; of several services they know nothing."""
    fleets = list(scenario.fleets.values())
    return len(fleets) > 1 or likely(needs, fleets[0], targets)


def tests_for(asked: Asked, choices: int) -> list[BoundTest]:
    """Return a test for each target; all of so many choices together are right with the confidence asked for."""
    error = (1 - asked.confidence) / (max(1, choices) * len(asked.targets))
    return [
        BoundTest(
            bound=target.sign * target.bound,
            tolerance=abs(target.bound) * asked.indifference,
            error=error,
            first=FIRST,
            most=MOST,
        )
        for target in asked.targets
    ]


def _vary(scenario: Scenario, vary: Mapping[str, Any] | None, needs: Demand) -> Vary:
    """Return the keys and their values; by default as many replicas as could be needed."""
    if vary is not None:
        if not vary:
            msg = "vary: expected at least one key such as fleet.replicas, found none"
            raise InputError(msg)
        for path in vary:
            scenario.value_at(path)
        others = [path for path in vary if not path.startswith(_CHOSEN)]
        if others:
            msg = f"vary: expected keys of the fleet, as the plan is to choose one, found {shown(others[0])}"
            raise InputError(msg)
        return {path: values_of(path, values) for path, values in vary.items()}
    if scenario.services:
        keys = [f"services.{name}.replicas" for name in scenario.services]
        msg = f"vary: expected which of several services to change, such as {keys[0]}=1:10; the keys of their replicas "
        msg += f"are {', '.join(keys)}"
        raise InputError(msg)
    fleet = scenario.fleet
    most = max(10, 2 * fleet.replicas, 4 * needed_replicas(needs, fleet))
    if not needs.rate_per_s:  # a burst may want a slot for each of its jobs
        most = max(most, math.ceil(workload.expected_jobs(scenario) / fleet.concurrency))
    return {REPLICAS: list(range(1, min(most, 1000) + 1))}


class _Answer:
    """Puts the answer together once the search is over."""

    def __init__(
        self,
        scenario: Scenario,
        asked: Asked,
        valid: list[Choice],
        refused: list[Refused],
        trials: Trials,
        needs: Demand,
    ) -> None:
        self.scenario, self.asked, self.valid, self.refused = scenario, asked, valid, refused
        self.trials, self.needs = trials, needs
        self.shown: dict[int, Row] = {}

    def plan(self, best: Choice | None) -> Plan:
        """Return the answer."""
        rows: list[Row] = []
        if best is not None:
            smaller, larger = self._neighbours(best)
            chosen = [("recommended", best), ("smaller", smaller), ("larger", larger)]
            rows += [self._row(role, choice) for role, choice in chosen if choice is not None]
        elif self.trials.decided:
            rows += [self._row("closest", self._closest().choice)]
        keys = {path: self.scenario.value_at(path) for path in self.asked.vary}
        rows.append(self._row("present", self._present(keys)))
        binding, why = self._binding(rows)
        if best is not None:
            self._look_around(best)
            why += self._for_the_same_price(best)
        return Plan(
            scenario=self.scenario,
            asked=self.asked,
            rows=tuple(rows),
            binding=binding,
            why=why,
            tried=tuple(self._tried()),
            refused=tuple(self.refused),
            valid=len(self.valid),
            runs=self.trials.runs,
            rate_per_s=self.needs.rate_per_s,
            what_repeats=a_day_of(self.scenario)[1],
        )

    def _present(self, keys: dict[str, Any]) -> Choice:
        same = (choice for choice in self.valid if choice.scenario == self.scenario)
        return next(same, None) or Choice(keys, self.scenario, price_of(self.scenario))

    def _neighbours(self, best: Choice) -> tuple[Choice | None, Choice | None]:
        """Return the next choice with fewer replicas, and the next one with more; else the next by price."""
        group = next(group for group in chains(self.valid) if best in group)
        group = group if len(group) > 1 else self.valid
        at = group.index(best)
        return group[at - 1] if at else None, group[at + 1] if at + 1 < len(group) else None

    def _row(self, role: str, choice: Choice) -> Row:
        known = self.shown.get(id(choice))
        if known is None:
            known = self.shown[id(choice)] = self._shown(role, choice)
        return replace(known, role=role)

    def _shown(self, role: str, choice: Choice) -> Row:
        decision = self.trials.decide(choice)
        scenario, random = choice.scenario, self.trials.random
        count = min(max(SHOWN, len(decision.values)), 100) if random else 1
        values = decision.values[:count]
        values = values + observe(scenario, range(len(values), count), self.asked.targets)
        return Row(
            role=role,
            choice=choice,
            decision=decision,
            metrics=run(scenario, replications=count, keep_log=False).metrics,
            replications=count,
            found=means_of(values),
            holds=holds(scenario, self.asked.targets, random=random),
            breaks_at=breaks_at(scenario, self.asked.targets, random=random),
        )

    def _look_around(self, best: Choice) -> None:
        """Run a few choices more, so that the plot shows what a little more or less money buys."""
        at = self.valid.index(best)
        for choice in self.valid[max(0, at - 2) : at + 6]:
            self.trials.decide(choice)

    def _for_the_same_price(self, best: Choice) -> str:
        """Say which of the choices that were run gives more for the same price, as it takes more memory or slots."""
        target, own = self.asked.targets[0], self.trials.decide(best).mean(0)
        clear = self.asked.indifference * abs(target.bound)
        equal = [
            each
            for each in self.trials.decided.values()
            if each.meets and each.choice.price == best.price and target.sign * (own - each.mean(0)) > clear
        ]
        if not equal:
            return ""
        other = min(equal, key=lambda each: (target.sign * each.mean(0), each.choice.order))
        return f" For the same price, {other.choice.says} has {target.measure} {target.shown(other.mean(0))}."

    def _tried(self) -> list[Tried]:
        decided = sorted(self.trials.decided.values(), key=lambda each: each.choice.order)
        return [
            Tried(each.choice.keys, each.choice.price, each.meets, len(each.values), means_of(each.values))
            for each in decided
        ]

    def _closest(self) -> Decision:
        """Return the choice whose worst target is missed by least, the cheapest of equals."""
        return min(self.trials.decided.values(), key=lambda each: (self._miss(each), each.choice.order))

    def _miss(self, decision: Decision) -> float:
        """Return by how much the worst target is missed, as a share of its bound."""
        misses = [
            target.sign * (decision.mean(at) - target.bound) / (abs(target.bound) or 1.0)
            for at, target in enumerate(self.asked.targets)
            if target in decision.missed
        ]
        return max(misses, default=0.0)

    def _binding(self, rows: Sequence[Row]) -> tuple[str | None, str]:
        found = {row.role: row for row in rows}
        if not self.valid:
            limit = self.refused[0].why
            return limit.partition(":")[0], f"Every combination is refused: {limit}."
        if "recommended" in found:
            return self._binding_below(found)
        decision = found["closest"].decision
        missed = decision.missed[0]
        mean = found["closest"].found[self.asked.targets.index(missed)][0]
        text = f"No choice meets {' and '.join(target.says for target in decision.missed)}"
        text += f": the closest ({decision.choice.says}) has {missed.measure} {missed.shown(mean)}."
        if self.refused:
            text += f" {len(self.refused):,} larger or other combinations are refused: {self.refused[0].why}."
        return missed.says, text

    def _binding_below(self, found: Mapping[str, Row]) -> tuple[str | None, str]:
        smaller = found.get("smaller")
        if smaller is None:
            return None, "Nothing that was varied is cheaper."
        if smaller.decision.meets:
            return None, "The smaller choice meets the targets as well, at no lower price."
        missed = smaller.decision.missed[0]
        mean = smaller.found[self.asked.targets.index(missed)][0]
        return (
            missed.says,
            f"The next smaller choice ({smaller.choice.says}) has {missed.measure} {missed.shown(mean)}.",
        )


def means_of(values: Sequence[tuple[float, ...]]) -> Means:
    """Return the mean of each target's figure and its 95 % interval."""
    found: Means = []
    for column in zip(*values, strict=True):
        if any(map(math.isinf, column)):
            found.append((math.inf, None))
        else:
            found.append((math.fsum(column) / len(column), mean_interval(column)))
    return found
