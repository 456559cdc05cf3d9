"""What somebody who runs the fleet could change: one thing at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from workersim.errors import InputError
from workersim.experiments.explaining.causes import fleet_paths
from workersim.experiments.scaling import scaled_time
from workersim.scenario.base import written

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workersim.scenario import Celery, Fleet, Scenario

__all__ = ["Change", "changes_of"]

_LATE = {"acks": "late", "prefetch_multiplier": 1}


class Change(NamedTuple):
    """One change of a fleet.

    Attributes
    ----------
    words
        What is done.
    keys
        The values by their paths in the scenario.
    scenario
        With the change made.
    """

    words: str
    keys: dict[str, Any]
    scenario: Scenario


def changes_of(scenario: Scenario) -> list[Change]:
    """Return the changes that can be tried on a scenario; those that it would refuse are left out.

    Examples
    --------
    >>> import workersim as ws
    >>> ten = ws.Workload(jobs={"document": ws.Job(service="20 min")}, arrivals=[ws.Burst(jobs=10)])
    >>> overload = ws.Scenario(fleet=ws.Fleet(replicas=1, concurrency=4, vcpus=2), workload=ten)
    >>> [change.words for change in changes_of(overload)]
    ['one replica more, 2', 'one process more in each container, 5', 'one vCPU more in each container, 3']
    """
    found = []
    for name, path in fleet_paths(scenario).items():
        for words, keys in _of_fleet(scenario.fleets[name], path):
            try:
                changed = scenario.replace_all(keys)
            except InputError:  # no room in memory, or a plan that does not allow it
                continue
            if changed != scenario:
                found.append(Change(f"in {name}, {words}" if name else words, keys, changed))
    return found


def _of_fleet(fleet: Fleet, path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    yield _one_replica(fleet, path)
    more: dict[str, Any] = {f"{path}.concurrency": fleet.concurrency + 1}
    if fleet.celery is not None and fleet.celery.autoscale is not None:
        more[f"{path}.worker.celery.autoscale.max"] = fleet.concurrency + 1
    yield f"one process more in each container, {fleet.concurrency + 1}", more
    if fleet.cores < fleet.concurrency:
        yield f"one vCPU more in each container, {fleet.cores + 1:g}", {f"{path}.vcpus": fleet.cores + 1}
    if fleet.celery is not None:
        yield from _of_workers(fleet.celery, path)
    yield from _of_scaling(fleet, path)


def _one_replica(fleet: Fleet, path: str) -> tuple[str, dict[str, Any]]:
    """Return the fleet with one replica more at any time, whoever decides how many there are."""
    keys: dict[str, Any] = {f"{path}.replicas": fleet.replicas + 1}
    if fleet.changes:
        changes = [each.written() | {"replicas": each.replicas + 1} for each in fleet.changes]
        keys[f"{path}.changes"] = changes
    if fleet.autoscale is not None:
        least = fleet.autoscale.min_replicas + 1
        keys[f"{path}.autoscale.min_replicas"] = least
        if fleet.autoscale.max_replicas is not None:
            keys[f"{path}.autoscale.max_replicas"] = max(fleet.autoscale.max_replicas, least)
        return f"one replica more that is always there, {least}", keys
    return f"one replica more, {fleet.replicas + 1}", keys


def _of_workers(worker: Celery, path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    where = f"{path}.worker.celery"
    if not worker.disable_prefetch:
        late = {f"{where}.{key}": value for key, value in _LATE.items()}
        yield "late acknowledgement, prefetch multiplier 1", late
        yield "no prefetching (--disable-prefetch)", {f"{where}.disable_prefetch": True}


def _of_scaling(fleet: Fleet, path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    starts = any((fleet.autoscale, fleet.changes, fleet.deploys))
    if starts and fleet.startup:
        half = scaled_time(written(fleet.startup), 0.5, where=f"{path}.startup")
        yield "containers that start in half the time", {f"{path}.startup": half}
    scaling = fleet.autoscale
    if scaling is not None and scaling.max_replicas is not None:
        most = scaling.max_replicas
        keys = {f"{path}.replicas": most, f"{path}.autoscale.min_replicas": most}
        yield f"all {most} replicas ready at all times", keys
    if fleet.deploys:
        deploys = [each.written() | {"drain": "1 d"} for each in fleet.deploys]
        yield "old containers finish their work at a deploy", {f"{path}.deploys": deploys}
