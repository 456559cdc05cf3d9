"""Check a scenario's claims against runs of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal, NamedTuple

from workersim import claims, workload
from workersim.errors import InputError
from workersim.experiments.run import ensure_scenario, measure_each, prepare, simulate
from workersim.experiments.verdicts import Verdicts
from workersim.scenario import MEASURES
from workersim.units import Duration, Rate, Share, Size

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from workersim import engines
    from workersim.claims import Observed, Sentence, Verdict
    from workersim.runlog import RunLog
    from workersim.scenario import Claim, Quantity, Scenario
    from workersim.workload import Jobs

__all__ = ["check", "sentence_of"]

FIRST_REPLICATIONS = 10
MOST_REPLICATIONS = 160
_KINDS = {Duration: "duration", Size: "size", Rate: "rate", Share: "share"}
MOST_JOBS = 20_000_000  # over all replications; beyond it an open claim stays open


def check(
    scenario: Scenario,
    *,
    engine: Literal["auto", "simpy", "compiled"] = "auto",
    seed: int | None = None,
    replications: int | None = None,
    budget: int = MOST_REPLICATIONS,
    progress: Callable[[int, int], None] | None = None,
) -> Verdicts:
    """Run a scenario and return a verdict on each of its claims.

    Parameters
    ----------
    scenario
        What is claimed, and what to run.
    engine, seed, progress
        As for ``run``.
    replications
        How often to run it, no more and no less.  None, or 1, which could decide nothing: where chance has a part as
        often as the scenario says, but 10 times at least, and then twice as often, up to the budget or 20 million
        jobs, for as long as a claim is open that more of them may decide.  Without chance it is run once.
    budget
        The most replications for that.  A claim that is open at its end stays inconclusive, and says so.

    Returns
    -------
    Verdicts
        A list with a ``Verdict`` a claim, in their order; it also has ``summary()``, ``to_frame()`` and ``plot()``.

    Raises
    ------
    InputError
        As ``run``.

    Notes
    -----
    Looking at a growing number of replications lets a claim whose true figure lies at a bound be
    decided somewhat more often than the 5 % that the interval promises.

    Examples
    --------
    >>> import workersim as ws
    >>> overload = ws.Scenario(
    ...     name="overload",
    ...     fleet=ws.Fleet(replicas=1, concurrency=4),
    ...     workload=ws.Workload(jobs={"document": ws.Job(service="20 min")}, arrivals=[ws.Burst(jobs=10)]),
    ...     run=ws.RunSettings(until="drained"),
    ...     claims=[ws.Claim(says="the longest queue is 6", measure="queue_length.max", expect=6)],
    ... )
    >>> ws.check(overload)[0].verdict
    'supported'
    """
    ensure_scenario(scenario)
    if budget < 1:
        msg = f"budget: expected 1 replication or more, found {budget}"
        raise InputError(msg)
    sentences = [_sentence(scenario, claim) for claim in scenario.claims]
    outcomes = [claim for claim, written in zip(sentences, scenario.claims, strict=True) if not written.is_input]
    found: Iterator[Verdict] = iter(())
    if outcomes:
        asked = scenario.run.replications if replications is None else replications
        growing = replications in (None, 1) and workload.is_random(scenario)
        asked = min(max(FIRST_REPLICATIONS, asked), budget) if growing else asked
        scenario, jobs, used = prepare(scenario, engine=engine, seed=seed, replications=asked)
        most = min(budget, MOST_JOBS // max(len(jobs), 1)) if growing else asked
        runs = _Runs(scenario, outcomes, used, progress, [])
        runs.keep(jobs, simulate(scenario, jobs, used))
        del jobs  # as large as a log
        found = iter(runs.judge(asked, most, growing=growing))
    return Verdicts(
        claims.assumed(claim, scenario.quantity_at(claim.measure), scenario=scenario.name)
        if written.is_input
        else next(found)
        for claim, written in zip(sentences, scenario.claims, strict=True)
    )


class _Runs(NamedTuple):
    """What each replication so far says about each of the claims."""

    scenario: Scenario
    sentences: list[Sentence]
    engine: engines.Engine
    progress: Callable[[int, int], None] | None
    seen: list[list[Observed]]

    def keep(self, jobs: Jobs, log: RunLog) -> None:
        self.seen.append(self.observe(jobs, log))

    def observe(self, _: Jobs, log: RunLog) -> list[Observed]:
        evidence = claims.Evidence(log, warm_up_ns=int(self.scenario.run.warm_up))
        return [evidence.about(claim) for claim in self.sentences]

    def judge(self, wanted: int, most: int, *, growing: bool) -> list[Verdict]:
        """Run as many as are wanted, and twice as many while a claim is open, up to the most."""
        random = workload.is_random(self.scenario)
        while True:
            if random:
                self._run_up_to(wanted)
            told = list(zip(*self.seen, strict=True))
            verdicts = [
                claims.judge(claim, runs, scenario=self.scenario.name, random=random)
                for claim, runs in zip(self.sentences, told, strict=True)
            ]
            open_still = [random and claims.could_change(*each) for each in zip(verdicts, told, strict=True)]
            if not any(open_still):
                return verdicts
            if wanted >= most:
                return [
                    _undecided(v, wanted) if o and growing else v for v, o in zip(verdicts, open_still, strict=True)
                ]
            wanted = min(2 * wanted, most)

    def _run_up_to(self, wanted: int) -> None:
        further = range(len(self.seen), wanted)
        for observed in measure_each(self.scenario, self.engine, further, self.observe):
            self.seen.append(observed)
            if self.progress:
                self.progress(len(self.seen), wanted)


def _undecided(verdict: Verdict, replications: int) -> Verdict:
    """Say that it was the budget that left a claim open."""
    why = f"{verdict.why} The budget of {replications:,} replications ended before that was decided."
    return dataclasses.replace(verdict, why=why)


def _sentence(scenario: Scenario, claim: Claim) -> Sentence:
    _, quantity = _bound(claim)
    return sentence_of(claim, MEASURES.get(claim.measure) or _kind_at(scenario, claim.measure, quantity))


def _bound(claim: Claim) -> tuple[str, Quantity]:
    bounds = {"expect": claim.expect, "at_least": claim.at_least, "at_most": claim.at_most}
    return next((how, value) for how, value in bounds.items() if value is not None)


def sentence_of(claim: Claim, kind: str) -> Sentence:
    """Return what a claim says, in plain numbers of seconds, bytes, per second or fractions."""
    how, quantity = _bound(claim)
    value, within = _plain(quantity), claim.within
    return claims.sentence(
        claim.says,
        claim.measure,
        kind=kind,
        bound=(how, value),  # type: ignore[arg-type]  # the keys above
        within=value * float(within) if isinstance(within, Share) else _plain(within or 0.0),
        over=(claim.among, None if claim.at is None else claim.at.seconds),
    )


def _kind_at(scenario: Scenario, path: str, quantity: Quantity) -> str:
    """Return the kind of an input: that of its own value, else that of the claim's."""
    for value in (scenario.value_at(path), quantity):
        if isinstance(value, Mapping):  # sizes by name
            return "size"
        for kind, name in _KINDS.items():
            if isinstance(value, kind):
                return name
    return "number"


def _plain(quantity: Quantity) -> float:
    return quantity.seconds if isinstance(quantity, Duration) else float(quantity)
