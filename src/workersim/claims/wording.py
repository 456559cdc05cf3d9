"""Why a verdict is what it is: one sentence with the figures."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from workersim.units import format_duration, format_number, shown
from workersim.units.reading import SECOND, WRITTEN_TIMES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workersim.claims.evidence import Observed
    from workersim.claims.sentence import Sentence
    from workersim.claims.verdict import Finding

__all__ = ["Case", "ends", "input_why", "why"]

_FIGURES = {
    "mean": "mean",
    "p50": "median",
    "max": "highest",
    "std": "standard deviation",
    "p90": "90th percentile",
    "p95": "95th percentile",
    "p99": "99th percentile",
}
_ADJECTIVES = ("mean", "p50", "max")
_CURVES = {
    "queue_length": "queue length",
    "visible": "number of visible messages",
    "reserved": "number of reserved messages",
    "busy": "number of busy slots",
    "cpu": "CPU use",
    "running": "number of running attempts",
    "replicas": "number of ready replicas",
    "starting": "number of starting replicas",
    "draining": "number of draining replicas",
    "memory": "memory in use",
    "cost": "price of an hour",
}
_WHOLE = {
    "queue_length.max": "longest queue",
    "wait.max": "longest wait",
    "service.max": "longest service",
    "response.max": "longest response",
    "memory.reserved": "reserved memory",
    "cost.total": "total cost",
    "cost.per_job": "cost per job",
    "wait.visible": "mean time visible in a queue",
    "wait.reserved": "mean time reserved by a worker",
    "wait.running": "mean time in attempts that did not decide",
    "replicas.max": "most ready replicas",
    "jobs.timed_out": "number of jobs that timed out",
    "jobs.done_twice": "number of jobs done more than once",
    "jobs.retried": "number of attempts that were retried",
    "jobs.redelivered": "number of messages that were redelivered",
}


class Case(NamedTuple):
    """What there is to say about."""

    runs: Sequence[Observed]
    measured: float | None
    interval: tuple[float, float] | None
    finding: Finding
    random: bool


def input_why(claim: Sentence, value: float, finding: Finding) -> str:
    """Return why a sentence about an input is assumed, or refuted."""
    said = claim.shown(value)
    if finding == "assumed":
        return f"This is an input of the model: {claim.measure} is {said} in the scenario."
    return f"The scenario itself says {said} for {claim.measure}, {_otherwise(claim)}."


def why(claim: Sentence, case: Case) -> str:
    """Return the reason in one sentence."""
    stuck = sum(run.stuck for run in case.runs)
    if stuck and not _counterexample(claim, case):
        return _stuck(claim, case, stuck)
    if case.measured is None:
        return f"There is nothing to measure: {case.runs[0].gap}."
    if not case.random:
        return (
            _grouped(claim, case) or f"The {_subject(claim)} is {claim.shown(case.measured)}{_compared(claim, case)}."
        )
    return _over_replications(claim, case)


def _counterexample(claim: Sentence, case: Case) -> bool:
    return claim.figure == "every" and case.measured is not None and not claim.allows(case.measured)


def _stuck(claim: Sentence, case: Case, stuck: int) -> str:
    jobs = stuck + sum(run.jobs for run in case.runs)
    over = f" in {len(case.runs)} replications" if len(case.runs) > 1 else ""
    known = f"{stuck:,} of {jobs:,} jobs{over} {_not_started(case)}"
    if case.finding == "refuted":
        floors = [run.floor for run in case.runs if run.floor is not None]
        at_least = max(floors) if claim.figure == "every" else sum(floors) / len(floors)
        least = f"the {_subject(claim)} is at least {claim.shown(at_least)}, {_otherwise(claim)}"
        return f"{known}, but with their time so far alone {least}."
    return f"{known}, so how long they wait in the end is not known."


def _not_started(case: Case) -> str:
    again = sum(run.again for run in case.runs)
    return "never started, or not again" if again else "never started"


def ends(claim: Sentence, case: Case) -> str:
    """Return how many of the jobs whose waits or responses are told were lost or failed; mostly nothing."""
    lost, failed = (sum(run.ends[which] for run in case.runs) for which in (0, 1))
    if claim.head not in ("wait", "response") or not lost + failed:
        return ""
    jobs = sum(run.jobs for run in case.runs)
    told = [f"{lost:,} {'was' if lost == 1 else 'were'} lost"] if lost else []
    told += [f"{failed:,} failed"] if failed else []
    return f"; of these {jobs:,} jobs {' and '.join(told)}"


def _over_replications(claim: Sentence, case: Case) -> str:
    known = sum(run.value is not None for run in case.runs)
    shown_value = claim.shown(case.measured) if case.measured is not None else ""
    if _counterexample(claim, case):
        many = sum(run.value is not None and not claim.allows(run.value) for run in case.runs)
        where = f"in {many} of {known} replications" if known > 1 else "in this run"
        return f"Not every one: {where} some job's {claim.head} is {_otherwise(claim)}; the farthest is {shown_value}."
    if case.interval is None:
        return f"One run of a random workload cannot decide this: in it the {_subject(claim)} is {shown_value}."
    low, high = (claim.shown(end) for end in case.interval)
    spread = f" (95 %: {low} to {high})" if low != high else ""
    found = f"Over {known} replications the {_subject(claim)} is {shown_value}{spread}"
    if case.finding != "inconclusive":
        return found + _compared(claim, case) + "."
    if claim.allows(case.interval[0]) and claim.allows(case.interval[1]):
        return found + ", but jobs that still run may change that."
    if claim.exact:
        return found + "; chance never supports one exact value, so the claim needs a `within`."
    return f"{found}, which reaches across what is claimed: {claim.allowed}."


def _compared(claim: Sentence, case: Case) -> str:
    if case.finding == "refuted":
        return f", {_otherwise(claim)}"
    if claim.low != -float("inf") and claim.high != float("inf"):
        return ", as expected" if claim.exact else f", within {claim.allowed}"
    return f", which is {claim.allowed}"


def _otherwise(claim: Sentence) -> str:
    two_sided = not claim.exact and claim.low != -float("inf") and claim.high != float("inf")
    return f"outside of {claim.allowed}" if two_sided else f"not {claim.allowed}"


def _subject(claim: Sentence) -> str:
    words = _WHOLE.get(claim.measure) or _plain_subject(claim)
    if claim.at_s is not None:
        words += f" at {format_duration(claim.at_s)}"
    if claim.among == "waited":
        return f"{words} of those that wait"
    return words if claim.among is None else f"{words} among jobs of class {shown(claim.among)}"


def _plain_subject(claim: Sentence) -> str:
    of, figure = _CURVES.get(claim.head, claim.head), _FIGURES.get(claim.figure)
    if claim.head == "jobs":
        return f"number of jobs {claim.figure}"
    if claim.figure == "every":
        return f"{of} farthest from what is claimed"
    if figure is None:
        return of
    return f"{figure} {of}" if claim.figure in _ADJECTIVES else f"{figure} of the {of}"


def _grouped(claim: Sentence, case: Case) -> str:
    """Return how many jobs wait how long, if that takes few words."""
    run, measured = case.runs[0], case.measured
    if not run.groups or measured is None or case.finding == "inconclusive" or claim.figure == "std":
        return ""
    others = [measured] if run.last_finish is None else [measured, run.last_finish]
    texts = _alike([value for value, _ in run.groups] + others)
    parts = [_part(claim, value, text, count) for (value, count), text in zip(run.groups, texts, strict=False)]
    if len(parts) == 1:
        return _all_alike(claim, run, texts[0])
    jobs = f"the {run.jobs:,} that wait" if claim.among == "waited" else f"{run.jobs:,} jobs{_of_class(claim)}"
    text = f"Of {jobs}, {', '.join(parts[:-1])} and {parts[-1]}{_tail(claim, case, texts[len(parts)])}"
    ends = run.last_finish is not None and claim.among in (None, "waited")
    return text + (f", and the last {run.job} finishes at {texts[-1]}." if ends else ".")


def _of_class(claim: Sentence) -> str:
    return "" if claim.among in (None, "waited") else f" of class {shown(claim.among)}"


def _all_alike(claim: Sentence, run: Observed, text: str) -> str:
    value = run.groups[0][0]
    if claim.head == "wait" and not value:
        return (
            f"None of the {run.jobs:,} jobs{_of_class(claim)} waits." if run.jobs > 1 else "The one job does not wait."
        )
    verb = "wait" if claim.head == "wait" else "take"
    if run.jobs == 1:
        return f"The one job {'that waits, ' if claim.among == 'waited' else ''}{verb}s {text}."
    jobs = f"{run.jobs:,} that wait," if claim.among == "waited" else f"{run.jobs:,} jobs{_of_class(claim)}"
    return f"All {jobs} {verb} {text}."


def _part(claim: Sentence, value: float, text: str, count: int) -> str:
    one = count == 1
    if claim.head == "wait" and not value:
        return f"{count:,} {'does' if one else 'do'} not wait"
    verb = "wait" if claim.head == "wait" else "take"
    return f"{count:,} {verb}{'s' * one} {text}"


def _tail(claim: Sentence, case: Case, text: str) -> str:
    if claim.figure == "every":
        return "" if case.finding == "supported" else f"; {text} is {_otherwise(claim)}"
    if claim.figure == "max":
        return f"; the longest is {text}"
    return f"; their {_FIGURES[claim.figure]} is {text}"


def _alike(values: Sequence[float]) -> list[str]:
    """Return durations in one unit, so that they can be compared at a glance, if that reads well."""
    positive = [value for value in values if value > 0]
    if not positive or max(positive) > 1000 * min(positive):
        return [format_duration(value) for value in values]
    sizes = {unit: size / SECOND for unit, size in WRITTEN_TIMES.items()}
    unit, size = next(((u, s) for u, s in sizes.items() if min(positive) >= s), list(sizes.items())[-1])
    return [f"{format_number(value / size)} {unit}" for value in values]
