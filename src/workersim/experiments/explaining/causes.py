"""The causes of waiting, and how each is switched off, in the order in which that is done."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from workersim.experiments.explaining.evening import averaged, evened, stepped
from workersim.runlog import SERVICE
from workersim.runlog import Cause as State
from workersim.scenario.base import read_scenario

if TYPE_CHECKING:
    from collections.abc import Callable

    from workersim.runlog import RunLog
    from workersim.scenario import Scenario
    from workersim.workload import Jobs

__all__ = ["CAUSES", "LOAD", "Cause", "World", "fleet_paths", "most_wanted"]


class World(NamedTuple):
    """A scenario, the documents that it runs on, and the log of the run before the next cause is switched off."""

    scenario: Scenario
    jobs: Jobs
    log: RunLog


class Cause(NamedTuple):
    """A cause of waiting.

    Attributes
    ----------
    name, words
        In a table, and in a sentence.
    how
        How it is switched off.
    off
        Returns the world without it; the same world if it has no such cause.
    """

    name: str
    words: str
    how: str
    off: Callable[[World], World]


def fleet_paths(scenario: Scenario) -> dict[str, str]:
    """Return where each service stands in the scenario, by its name.

    Examples
    --------
    >>> import workersim as ws
    >>> ten = ws.Workload(jobs={"document": ws.Job(service="20 min")}, arrivals=[ws.Burst(jobs=10)])
    >>> fleet_paths(ws.Scenario(fleet=ws.Fleet(replicas=1, concurrency=4), workload=ten))
    {'': 'fleet'}
    """
    return {name: f"services.{name}" if name else "fleet" for name in scenario.fleets}


def most_wanted(log: RunLog, service: int) -> int:
    """Return the most replicas of a service that were ready or on their way at one instant."""
    fleet = log.fleet
    there: set[int] = set()
    most = 0
    rows = np.flatnonzero(fleet.replica // SERVICE == service)
    for _, group in groupby(rows.tolist(), key=lambda row: int(fleet.instant_ns[row])):
        for row in group:
            wanted = fleet.cause[row] in (State.STARTING, State.READY)
            (there.add if wanted else there.discard)(int(fleet.replica[row]))
        most = max(most, len(there))
    return most


def _rewritten(world: World, change: Callable[[dict[str, Any]], None]) -> World:
    """Return the world with another scenario, made of the text of its own."""
    before = world.scenario
    data = before.written()
    change(data)
    after = read_scenario(type(before), data).in_folder(before.folder, before.source)
    return world if after == before else world._replace(scenario=after)


def _fleets(data: dict[str, Any]) -> list[dict[str, Any]]:
    return list(data["services"].values()) if "services" in data else [data["fleet"]]


def _crashes_off(world: World) -> World:
    def change(data: dict[str, Any]) -> None:
        data.pop("broker", None)
        grows = any("memory" in job for job in data["workload"].get("jobs", {}).values())
        for fleet in _fleets(data):
            for key in ("crashes", "stops", "deploys", *(("memory_limit",) if grows else ())):
                fleet.pop(key, None)

    return _rewritten(world, change)


def _lag_off(world: World) -> World:
    wanted = [most_wanted(world.log, service) for service in range(len(world.scenario.fleets))]

    def change(data: dict[str, Any]) -> None:
        for fleet, most in zip(_fleets(data), wanted, strict=True):
            fleet.pop("startup", None)
            if isinstance(fleet.get("worker"), dict):
                fleet["worker"]["celery"].pop("process_start", None)
            if fleet.pop("autoscale", None) is not None:
                fleet["replicas"] = max(fleet["replicas"], most)

    return _rewritten(world, change)


def _reservation_off(world: World) -> World:
    def change(data: dict[str, Any]) -> None:
        for fleet in _fleets(data):
            fleet.pop("worker", None)
        for job in data["workload"].get("jobs", {}).values():
            job.pop("rate_limit", None)

    changed = _rewritten(world, change)
    return world if changed is world else changed._replace(jobs=stepped(world.jobs))


def _bursts_off(world: World) -> World:
    return world._replace(jobs=evened(world.jobs, world.scenario, world.log.horizon_ns))


def _variability_off(world: World) -> World:
    return world._replace(jobs=averaged(world.jobs))


CAUSES = (
    Cause(
        "crashes",
        "crashes, deploys and outages",
        "No crash, no kill for memory, no stop, no deploy, and a broker that is always there.",
        _crashes_off,
    ),
    Cause(
        "scaling lag",
        "containers that are not there yet",
        "Containers and processes are ready at once; as many as a scaling rule ever wants are there from the start.",
        _lag_off,
    ),
    Cause(
        "reservation",
        "reservation by workers",
        "The same fleet with ideal workers: an idle process takes the next document straight from the queue.",
        _reservation_off,
    ),
    Cause(
        "bursts",
        "documents that come close together",
        "The same documents in the same order, evenly spaced, at the rates that the scenario says.",
        _bursts_off,
    ),
    Cause(
        "variability",
        "documents of different lengths",
        "Every document needs what those of its class need on average.",
        _variability_off,
    ),
)

LOAD = ("load", "load alone", "What is left: work that the slots and vCPUs cannot do as fast as it comes, and retries.")
"""Name, words and meaning of the rest."""
