"""The present state of a live Celery: what its lists hold, what workers run and hold, how many there are."""

from __future__ import annotations

import time
from collections import Counter
from itertools import groupby
from typing import TYPE_CHECKING, Any

from workersim.errors import InputError
from workersim.scenario import Scenario, State, load
from workersim.traces.capture.broker import broker_app, broker_errors
from workersim.traces.capture.in_redis import tasks_in
from workersim.traces.capture.workers import ask, fleet_of
from workersim.units import nearest, shown

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

__all__ = ["live_state"]


def live_state(
    broker: str,
    scenario: Scenario | str | os.PathLike[str] | None,
    *,
    queues: tuple[str, ...] = (),
    key_prefix: str = "",
) -> tuple[State, Scenario]:
    """Return what waits and runs in a live Celery, and the scenario with as many workers as answer.

    Parameters
    ----------
    broker
        The address of its Redis.
    scenario
        Says what jobs need, by the names of tasks; a class of a scenario that has but one stands for all tasks.
    queues
        Lists that are looked at beside ``celery`` and those that workers consume.
    key_prefix
        Celery's ``global_keyprefix``.

    Raises
    ------
    InputError
        If the broker cannot be reached, no worker answers, or a task is of no class.
    MissingExtraError
        If Celery is not installed.
    """
    if scenario is None:
        msg = "--broker: expected a scenario that says what tasks need: --scenario FILE.yaml (calibrate makes one)"
        raise InputError(msg)
    scenario = scenario if isinstance(scenario, Scenario) else load(scenario)
    app = broker_app(broker, key_prefix, what="forecast")
    errors: tuple[type[Exception], ...] = broker_errors()
    try:
        answers = ask(app, "stats", "active", "reserved", "active_queues")
        fleet = fleet_of(answers)
        with app.connection_for_read() as connection:
            names = dict.fromkeys(("celery", *fleet.get("queues", ()), *queues))
            listed = [each for each in tasks_in(connection.default_channel, names) if each["where"] == "list"]
    except (*errors, ValueError) as error:  # type: ignore[misc]  # mypy cannot see into it
        said = (str(error) or type(error).__name__).splitlines()[0][:200]
        msg = f"--broker: cannot be reached: {said}"
        raise InputError(msg) from None
    if not fleet:
        msg = "--broker: no worker answered; expected workers that run, with remote control"
        raise InputError(msg)
    return _state(scenario, answers, listed), _with_fleet(scenario, fleet)


def _state(scenario: Scenario, answers: Mapping[str, Any], listed: list[Any]) -> State:
    now = time.time()
    active = [task for tasks in answers["active"].values() for task in tasks]
    held = [task for tasks in answers["reserved"].values() for task in tasks]
    running = [
        {"job": _class_of(scenario, task.get("name")), "since": f"{max(0.0, now - _began(task, now)):.6f} s"}
        for task in active
    ]
    # They were asked one after the other, and tasks go on meanwhile: each counts where it had come to first.
    seen = {task.get("id") for task in active}
    named = {task.get("id") or task.get("uuid"): task.get("name") for task in (*held, *listed)}
    waiting = [_class_of(scenario, name) for uuid, name in named.items() if uuid not in seen]
    groups = [{"job": job, "count": len(list(some))} for job, some in groupby(waiting)]
    usual = Counter(waiting or [each["job"] for each in running]).most_common(1)
    return State(running=running, waiting=groups, **({"sent": usual[0][0]} if usual else {}))


def _began(task: Mapping[str, Any], now: float) -> float:
    began = task.get("time_start")
    return float(began) if isinstance(began, int | float) else now


def _class_of(scenario: Scenario, name: Any) -> str:
    jobs = [job for job, each in scenario.workload.jobs.items() if each.can_run]
    if name in jobs:
        return str(name)
    if len(jobs) == 1:
        return jobs[0]
    msg = f"--scenario: expected a job class for the task {shown(name)}, found none{nearest(str(name), jobs)}"
    raise InputError(msg)


def _with_fleet(scenario: Scenario, fleet: Mapping[str, Any]) -> Scenario:
    """Return the scenario with as many workers and processes as answered, if it has one service."""
    if len(scenario.fleets) != 1:
        return scenario
    return scenario.replace_all({"fleet.replicas": fleet["replicas"], "fleet.concurrency": fleet["concurrency"]})
