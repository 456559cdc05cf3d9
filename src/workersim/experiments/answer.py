"""The answer of a run in a sentence or two, for somebody who runs workers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workersim import workload
from workersim.units import format_duration, format_number

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from workersim.experiments.result import Result
    from workersim.scenario import Fleet, Scenario

__all__ = ["answer", "between", "counted", "fleets_in_words"]

_ENDS = {
    "failed": "failed",
    "expired": "left when their patience ended",
    "lost": "were lost",
    "unfinished": "were not finished at the end of the run",
}


def answer(result: Result) -> str:
    """Return how long jobs wait, how sure that is, and what became of the jobs that were not done.

    Parameters
    ----------
    result
        Of one replication, or of several: then the mean wait stands with its 95 % interval.

    Examples
    --------
    >>> import workersim as ws
    >>> ten = ws.Workload(jobs={"document": ws.Job(service="20 min")}, arrivals=[ws.Burst(jobs=10)])
    >>> print(answer(ws.run(ws.Scenario(fleet=ws.Fleet(replicas=1, concurrency=4), workload=ten))))
    With 1 replica of 4 slots, a job waits 16 min on average; 95 of 100 wait at most 40 min, and at its longest the \
queue holds 6 jobs. Nothing here is left to chance, so these figures are exact.
    """
    return " ".join(_sentences(result))


def fleets_in_words(scenario: Scenario) -> str:
    """Return how many replicas each fleet begins with, and how many slots these have."""
    said = [f"{name}: {_fleet(fleet)}" if name else _fleet(fleet) for name, fleet in scenario.fleets.items()]
    return " and ".join((", ".join(said[:-1]), said[-1])[not said[1:] :])


def _fleet(fleet: Fleet) -> str:
    each = " each" if fleet.replicas > 1 else ""
    first = " at first" if fleet.autoscale is not None or fleet.changes else ""
    return f"{counted(fleet.replicas, 'replica')} of {counted(fleet.concurrency, 'slot')}{each}{first}"


def counted(number: float, noun: str) -> str:
    """Return a number of things; means over replications keep two decimals."""
    return f"{round(number, 2):,.10g} {noun}{'' if number == 1 else 's'}"


def between(interval: Sequence[float], show: Callable[[float], str] = format_duration) -> str:
    """Return an interval of something that cannot be negative, with its unit once if both ends have the same.

    Examples
    --------
    >>> between([228.0, 480.0]), between([-3.0, 80.0])
    ('3.8 to 8 min', '0 s to 1.33 min')
    """
    low, high = (show(max(0.0, end)) for end in interval)
    unit = high.lstrip("0123456789.,")
    return f"{low.removesuffix(unit)} to {high}" if unit.strip() and low.endswith(unit) else f"{low} to {high}"


def _sentences(result: Result) -> Iterator[str]:
    metrics, fleet = result.metrics, fleets_in_words(result.scenario)
    one = "s" * (sum(each.replicas for each in result.scenario.fleets.values()) == 1)
    wait, jobs = metrics["wait"], metrics["jobs"]
    if not jobs["arrived"]:
        yield f"Nothing arrives, so {fleet} stay{one} idle."
        return
    if wait["mean"] is None:
        yield f"No job of {counted(jobs['arrived'], 'job')} starts on {fleet}, so there is no wait to tell."
    elif wait["max"] == 0:
        yield f"No job waits: {fleet} start{one} each of them as it arrives."
    else:
        yield f"With {fleet}, a job waits {_mean(result)}; {_tail(result)}."
    yield from _others(jobs)
    yield from _how_sure(result)


def _mean(result: Result) -> str:
    wait = result.metrics["wait"]
    interval = wait.get("interval", {}).get("mean")
    sure = f" (95% interval: {between(interval)})" if interval and interval[0] < interval[1] else ""
    return f"{format_duration(wait['mean'])} on average{sure}"


def _tail(result: Result) -> str:
    longest = result.metrics["queue_length"]["max"]
    waits = f"95 of 100 wait at most {format_duration(result.metrics['wait']['p95'])}"
    if longest is None:
        return waits
    usual = " on average" if result.replications > 1 and workload.is_random(result.scenario) else ""
    return f"{waits}, and at its longest the queue holds {counted(longest, 'job')}{usual}"


def _others(jobs: dict[str, float]) -> Iterator[str]:
    ends = [f"{format_number(round(jobs[end], 2), 6)} {words}" for end, words in _ENDS.items() if jobs.get(end)]
    if ends:
        yield f"Of {counted(jobs['arrived'], 'job')}, {' and '.join((', '.join(ends[:-1]), ends[-1])[not ends[1:] :])}."


def _how_sure(result: Result) -> Iterator[str]:
    if not workload.is_random(result.scenario):
        yield "Nothing here is left to chance, so these figures are exact."
    elif result.replications == 1:
        yield "Chance has a part in this and it was run once, so another seed gives other figures."
    else:
        yield f"These are means over {result.replications:,} replications."
