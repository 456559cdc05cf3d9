"""The inputs of a scenario that somebody has estimated, and how each is turned up or down."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

from workersim.errors import InputError
from workersim.experiments.scaling import more_arrivals, scaled_time
from workersim.experiments.sensitivities.variability import burstier, more_varied
from workersim.scenario.base import written

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workersim.scenario import Scenario

__all__ = ["Input", "inputs_of"]

Alter: TypeAlias = Callable[["Scenario", float], "Scenario"]


@dataclass(frozen=True)
class Input:
    """An input that is varied between two values.

    Attributes
    ----------
    name
        In words.
    low, base, high
        Its values: factors of what the scenario says, or where ``unit`` says so the thing itself.
    alter
        Returns the scenario with another value.
    unit
        What the values are: a sign for factors, else a word.
    """

    name: str
    low: float
    base: float
    high: float
    alter: Alter
    unit: str = "×"  # noqa: RUF001  # the sign is meant

    def shown(self, value: float) -> str:
        """Return a value as it is shown."""
        return f"{value:.4g} {self.unit}"


def inputs_of(scenario: Scenario, span: float) -> tuple[list[Input], list[str]]:
    """Return the inputs that a scenario has, and a sentence for each kind that it does not have.

    Parameters
    ----------
    scenario
        What is asked about.
    span
        By which share each is turned down and up; what has no variability yet gets a cv of 0 to ``span``.
    """
    found: list[Input] = []
    without: list[str] = []
    for name, alter in _FACTORS.items():
        try:
            changed = [alter(scenario, value) for value in (1 - span, 1 + span)]
        except InputError as error:
            without.append(f"{name}: {error.problems[0]}")
            continue
        if changed[0] == changed[1]:
            without.append(f"{name}: nothing in this scenario has any")
        else:
            found.append(Input(name, 1 - span, 1.0, 1 + span, alter))
    constant = list(_constant_parts(scenario, span))
    without = [why for why in without if not any(each.name.startswith(why.partition(":")[0]) for each in constant)]
    found += constant
    found += _prefetch(scenario)
    return found, without


def _service(scenario: Scenario, factor: float) -> Scenario:
    """Scale the services of all classes, or what their phases need."""
    values: dict[str, Any] = {}
    for name, job in scenario.workload.jobs.items():
        where = f"workload.jobs.{name}"
        if job.service is not None:
            values[f"{where}.service"] = scaled_time(written(job.service), factor, where=f"{where}.service")
        if job.phases is not None:
            phases = [phase.written() for phase in job.phases]
            values[f"{where}.phases"] = [
                {kind: scaled_time(demand, factor, where=f"{where}.phases")}
                for phase in phases
                for kind, demand in phase.items()
            ]
    return scenario.replace_all(values) if values else scenario


def _wait_ratio(scenario: Scenario, factor: float) -> Scenario:
    """Scale I/O time divided by CPU time; the service as a whole stays as long as it is."""
    values = {
        f"workload.jobs.{name}.wait_ratio": float(job.wait_ratio) * factor
        for name, job in scenario.workload.jobs.items()
        if isinstance(job.wait_ratio, int | float)
    }
    return scenario.replace_all(values) if values else scenario


def _startup(scenario: Scenario, factor: float) -> Scenario:
    """Scale the start of containers, which matters only where one starts."""
    values: dict[str, Any] = {}
    for name, fleet in scenario.fleets.items():
        starts = any((fleet.autoscale, fleet.changes, fleet.deploys, fleet.crashes))
        if starts and fleet.startup:
            where = f"services.{name}.startup" if name else "fleet.startup"
            values[where] = scaled_time(written(fleet.startup), factor, where=where)
    return scenario.replace_all(values) if values else scenario


def _vcpus(scenario: Scenario, factor: float) -> Scenario:
    """Scale the processors of a container."""
    values = {
        (f"services.{name}.vcpus" if name else "fleet.vcpus"): fleet.vcpus * factor
        for name, fleet in scenario.fleets.items()
        if fleet.vcpus is not None
    }
    return scenario.replace_all(values) if values else scenario


_FACTORS: dict[str, Alter] = {
    "service mean": _service,
    "service cv": partial(more_varied, constant=False),
    "wait ratio": _wait_ratio,
    "arrival rate": more_arrivals,
    "burstiness of arrivals": partial(burstier, constant=False),
    "start-up": _startup,
    "vCPUs": _vcpus,
}


def _constant_parts(scenario: Scenario, span: float) -> Iterator[Input]:
    """Yield what is constant so far, as a cv that may as well be a little more than nothing."""
    parts = {"service cv": more_varied, "burstiness of arrivals": burstier}
    for name, alter in parts.items():
        some = alter(scenario, span, constant=True)
        if some != scenario:
            yield Input(f"{name} (constant so far)", 0.0, 0.0, span, partial(alter, constant=True), "cv")


def _prefetch(scenario: Scenario) -> Iterator[Input]:
    """Yield the prefetch multiplier of each service with Celery's workers: half and twice of it."""
    for name, fleet in scenario.fleets.items():
        if fleet.celery is None or not fleet.celery.prefetch_multiplier:
            continue
        now = fleet.celery.prefetch_multiplier
        where = f"services.{name}.worker.celery.prefetch_multiplier" if name else _PREFETCH
        alter = partial(_with_prefetch, where)
        yield Input(f"prefetch{' of ' + name if name else ''}", max(1, now // 2), now, 2 * now, alter, "a process")


_PREFETCH = "fleet.worker.celery.prefetch_multiplier"


def _with_prefetch(where: str, scenario: Scenario, value: float) -> Scenario:
    return scenario.replace(where, round(value))
