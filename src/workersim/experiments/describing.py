"""The services of a scenario in a few words: how large, how its workers take jobs, and what happens to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workersim.scenario import Failures
from workersim.units import format_number, format_size

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workersim.scenario import Celery, Fleet, Scenario

__all__ = ["count", "fleet_words", "services"]


def count(number: float, noun: str) -> str:
    """Return a number of things.

    Examples
    --------
    >>> count(1, "replica"), count(2.5, "vCPU")
    ('1 replica', '2.5 vCPUs')
    """
    return f"{format_number(number, 6)} {noun}{'' if number == 1 else 's'}"


def services(scenario: Scenario) -> Iterator[tuple[str, str]]:
    """Yield label and words of each service, and of what happens to it."""
    for name, fleet in scenario.fleets.items():
        yield name or "fleet", fleet_words(fleet)
        if fleet.celery is not None:
            yield "", "Celery: " + _celery(fleet.celery)
        if happens := ", ".join(_happenings(fleet)):
            yield "", happens
    if outages := scenario.broker.outages:
        yield "broker", "away " + ", ".join(f"at {each.at} for {each.lasts}" for each in outages)


def fleet_words(fleet: Fleet) -> str:
    """Return how large a fleet is.

    Examples
    --------
    >>> from workersim.scenario import Fleet
    >>> fleet_words(Fleet(replicas=3, concurrency=4, process_memory="1.1 GB"))[:10]
    '3 replicas'
    """
    memory = f", {format_size(fleet.memory_bytes)}" if fleet.memory_bytes else ""
    if memory and (fits := fleet.fits()) is not None:
        memory += f" of {format_size(int(fleet.memory_limit or 0))}, room for {count(fits, 'slot')}"
    each = f"{count(fleet.concurrency, 'slot')}, {count(fleet.cores, 'vCPU')}{memory}"
    return f"{count(fleet.replicas, 'replica')} × ({each})"  # noqa: RUF001  # the sign is meant


def _celery(worker: Celery) -> str:
    ahead = f"multiplier {worker.prefetch_multiplier}" if worker.prefetch_multiplier else "no limit to what is reserved"
    if worker.disable_prefetch:
        ahead = "nothing reserved ahead"
    said: dict[str, Any] = worker.written()["celery"]
    shown = ("prefetch_multiplier", "acks", "disable_prefetch")
    others = [f"{key} {_value(value)}" for key, value in said.items() if key not in shown]
    return ", ".join([f"{worker.acks} acknowledgement", ahead, *others])


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return " ".join(f"{key} {each}" for key, each in value.items())
    return {True: "on", False: "off"}.get(value, str(value)) if isinstance(value, bool) else str(value)


def _happenings(fleet: Fleet) -> Iterator[str]:
    if fleet.autoscale is not None:
        policy = getattr(fleet.autoscale, "policy", "the guide's lines")
        named = policy if isinstance(policy, str) else getattr(policy, "__name__", type(policy).__name__)
        yield f"scaled by {named}"
    if isinstance(fleet.crashes, Failures):
        yield f"crashes every {fleet.crashes.mtbf} on average, away for {fleet.crashes.mttr}"
    else:
        for crash in fleet.crashes:
            what = "a process of replica" if crash.slot is not None else "replica"
            back = f" for {crash.down_for}" if crash.down_for is not None else ""
            yield f"crash of {what} {', '.join(map(str, crash.replicas))} at {crash.at}{back}"
    yield from (f"SIGTERM to replica {stop.replica} at {stop.at}" for stop in fleet.stops)
    yield from (f"{count(change.replicas, 'replica')} from {change.at}" for change in fleet.changes)
    yield from (f"deploy at {deploy.at}" for deploy in fleet.deploys)
