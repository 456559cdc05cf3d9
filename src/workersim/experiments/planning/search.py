"""Look for the cheapest choice that meets the targets, deciding as few choices as possible."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from workersim.experiments.planning.choices import Choice
    from workersim.experiments.planning.trials import Trials
    from workersim.scenario import Scenario

__all__ = ["REPLICAS", "chains", "cheapest", "more_never_hurts"]

REPLICAS = "fleet.replicas"
# With these a job may leave without being served, or come back.
_MORE = ("expires", "memory", "soft_time_limit", "time_limit", "rate_limit", "countdown", "fails", "then")


def chains(choices: Sequence[Choice]) -> list[list[Choice]]:
    """Return the choices in groups that differ in their replicas only, each from few to many."""
    groups: dict[str, list[Choice]] = {}
    for choice in choices:
        rest = repr({path: value for path, value in choice.keys.items() if path != REPLICAS})
        groups.setdefault(rest, []).append(choice)
    return [sorted(group, key=_replicas) for group in groups.values()]


def _replicas(choice: Choice) -> int:
    return sum(fleet.replicas for fleet in choice.scenario.fleets.values())


def more_never_hurts(scenario: Scenario) -> bool:
    """Return whether no job can ever wait longer because there are more replicas.

    It is so where jobs start in the order in which they arrive and every slot serves them equally fast (the ordered
    workloads of the slots then never grow, whatever the draws: Kiefer and Wolfowitz 1955).  Where jobs of one container
    share vCPUs, one more replica can send a long job to a busier container; with several queues or priorities the order
    depends on the fleet; and an expired job makes room.
    """
    jobs = scenario.workload.jobs.values()
    in_order = len({job.priority for job in jobs}) <= 1 and len({job.queue for job in jobs}) <= 1
    once = not any(getattr(job, key) for job in jobs for key in _MORE)
    traced = any(arrival.tag == "trace" for arrival in scenario.workload.arrivals)  # rows may have priorities
    return (
        scenario.is_steady and in_order and once and not traced and scenario.fleet.cores >= scenario.fleet.concurrency
    )


def cheapest(groups: Sequence[list[Choice]], trials: Trials, likely: Callable[[Choice], bool]) -> Choice | None:
    """Return the best choice that meets the targets, or None.

    Parameters
    ----------
    groups
        As ``chains`` returns them.
    trials
        Decides choices.
    likely
        What closed forms expect; they only say where to begin.
    """
    best: Choice | None = None
    for group in sorted(groups, key=lambda group: _expected(group, likely)):
        cheaper = [choice for choice in group if best is None or choice.order < best.order]
        if cheaper:
            best = _best_of(cheaper, trials, likely, seeking=best is None) or best
    return best


def _expected(group: list[Choice], likely: Callable[[Choice], bool]) -> tuple[float, ...]:
    return next((choice.order for choice in group if likely(choice)), (float("inf"),))


def _best_of(group: list[Choice], trials: Trials, likely: Callable[[Choice], bool], *, seeking: bool) -> Choice | None:
    """Return the first choice of a group that meets the targets."""
    ordered = sorted(group, key=lambda choice: choice.order) == group
    monotone = ordered and trials.ordered and more_never_hurts(group[-1].scenario)
    start = next((at for at, choice in enumerate(group) if likely(choice)), len(group) - 1)
    # Once something is found, a group matters only if its dearest choice that is still cheaper meets the targets.
    found = _bisect(group, trials, start if seeking or not monotone else len(group) - 1)
    if monotone:
        return None if found is None else group[found]
    # Without that law each cheaper choice has to be looked at itself.
    best = None if found is None else group[found]
    for choice in sorted(group, key=lambda choice: choice.order):
        if best is not None and choice.order >= best.order:
            break
        if trials.decide(choice).meets:
            return choice
    return best


def _bisect(group: list[Choice], trials: Trials, start: int) -> int | None:
    """Return the first place that meets the targets if those that do stand together; steps double from the start."""
    low, high, least = -1, len(group), None  # places known to be too small; too large
    at, step = start, 1
    while low < at < high:
        decision = trials.decide(group[at])
        if decision.meets:
            least, high = at, at
        else:
            helped = {target.helped_by_more for target in decision.missed}
            if True in helped:
                low = at
            if False in helped:
                high = at
        bounded = low >= 0 and high < len(group)
        if bounded or step >= len(group):
            at = (low + high) // 2
        else:
            at = max(high - step, low + 1) if high < len(group) else min(low + step, high - 1)
            step *= 2
        if not low < at < high:
            return least
    return least
