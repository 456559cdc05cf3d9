"""What the sliders and fields hold, and the scenario that they make of the one that was opened."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

from workersim.errors import InputError
from workersim.scenario import Burst, Fleet, Poisson, Scenario, Workload
from workersim.scenario import JobClass as Job
from workersim.units import Duration, format_number

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Controls", "example"]

_HOUR_S, _MINUTE_S = 3600.0, 60.0
_GUIDE = {"scale_up_when": "queue_length > 5", "scale_down_when": "queue_length < 2 AND utilization < 30%"}


@dataclass(frozen=True)
class Controls:
    """Values as the page shows them.

    Attributes
    ----------
    replicas, concurrency, vcpus
        Of the fleet; ``vcpus`` of each replica.
    arrivals
        ``"burst"``: so many ``jobs`` at once.  ``"steady"``: a Poisson stream of ``rate`` an hour for ``hours``.
        ``"given"``: as the scenario says.
    service, cv, ratio
        Mean service in minutes, its coefficient of variation (0: every job takes the same), and I/O time
        divided by CPU time; of the first job class.
    startup
        Seconds.
    worker, prefetch, acks
        ``"ideal"`` or ``"celery"``; what a Celery worker reserves for each process, and when it acknowledges.
    policy
        ``"fixed"``; ``"guide"``: the guide's rule, up to ``most`` replicas; ``"given"``: as the scenario says.
    """

    replicas: int = 1
    concurrency: int = 4
    vcpus: float = 4.0
    arrivals: Literal["burst", "steady", "given"] = "burst"
    jobs: int = 10
    rate: float = 10.0
    hours: float = 24.0
    service: float = 20.0
    cv: float = 0.0
    ratio: float = 0.0
    startup: float = 0.0
    worker: Literal["ideal", "celery"] = "ideal"
    prefetch: int = 4
    acks: Literal["early", "late"] = "early"
    policy: Literal["fixed", "guide", "given"] = "fixed"
    most: int = 10

    @classmethod
    def of(cls, scenario: Scenario) -> Controls:
        """Return what a scenario says; where it says something that no control shows, that stays untouched."""
        if scenario.services:
            of = f"{scenario.source}: " if scenario.source else ""
            msg = (
                f"{of}services: expected one fleet, as the explorer shows no more, found {', '.join(scenario.services)}"
            )
            raise InputError(msg)
        fleet = scenario.fleet
        values: dict[str, Any] = {"replicas": fleet.replicas, "concurrency": fleet.concurrency, "vcpus": fleet.cores}
        if isinstance(fleet.startup, Duration):
            values["startup"] = fleet.startup.seconds
        values |= _arrivals(scenario) | _job(scenario) | _worker(fleet) | _policy(fleet)
        return cls(**values)

    @classmethod
    def read(cls, given: Mapping[str, Any], before: Controls) -> Controls:
        """Return what a page sent; a field that is empty for a moment keeps its value."""
        return cls(**(asdict(before) | {name: value for name, value in given.items() if value is not None}))

    def changes(self, scenario: Scenario) -> dict[str, Any]:
        """Return by their paths the values of the scenario that were moved."""
        was, name = Controls.of(scenario), _first(scenario)
        moved = {key for key, value in asdict(self).items() if value != getattr(was, key)}
        changed: dict[str, Any] = {}
        for key in ("replicas", "concurrency", "vcpus"):
            if key in moved:
                changed[f"fleet.{key}"] = getattr(self, key)
        if "startup" in moved:
            changed["fleet.startup"] = _seconds(self.startup)
        if name is not None and moved & {"service", "cv"}:
            changed[f"workload.jobs.{name}.service"] = self._service()
        if name is not None and "ratio" in moved:
            changed[f"workload.jobs.{name}.wait_ratio"] = self.ratio
        if self.arrivals != "given" and moved & {"arrivals", "jobs", "rate", "hours"}:
            changed |= self._stream()
        return changed | self._semantics(moved)

    def applied(self, scenario: Scenario) -> Scenario:
        """Return the scenario with what was moved.

        Raises
        ------
        InputError
            If the values do not go together.
        """
        changed = self.changes(scenario)
        return scenario.replace_all(changed) if changed else scenario

    def _service(self) -> Any:
        mean = _seconds(self.service * _MINUTE_S)
        return {"lognormal": {"mean": mean, "cv": self.cv}} if self.cv else mean

    def _stream(self) -> dict[str, Any]:
        if self.arrivals == "burst":
            stream: dict[str, Any] = {"burst": {"jobs": self.jobs, "at": "0 s"}}
            return {"workload.arrivals": [stream], "run.until": "drained", "run.warm_up": 0}
        stream = {"poisson": {"rate": f"{self.rate!r}/hour"}}
        return {"workload.arrivals": [stream], "run.until": _seconds(self.hours * _HOUR_S), "run.warm_up": 0}

    def _semantics(self, moved: set[str]) -> dict[str, Any]:
        changed: dict[str, Any] = {}
        if moved & {"worker", "prefetch", "acks"}:
            celery = {"celery": {"prefetch_multiplier": self.prefetch, "acks": self.acks}}
            changed["fleet.worker"] = celery if self.worker == "celery" else "ideal"
        ruled = self.policy == "guide" and "replicas" in moved
        if self.policy != "given" and (ruled or moved & {"policy", "most"}):
            rule = {"min_replicas": self.replicas, "max_replicas": max(self.most, self.replicas), **_GUIDE}
            changed["fleet.autoscale"] = rule if self.policy == "guide" else None
        return changed


def example() -> Scenario:
    """Return what the explorer begins with if nobody opens a scenario: ten documents on four processes."""
    return Scenario(
        name="Ten documents at once",
        fleet=Fleet(replicas=1, concurrency=4, vcpus=4, startup="90 s"),
        workload=Workload(jobs={"document": Job(service="20 min", wait_ratio=0.75)}, arrivals=[Burst(jobs=10)]),
    )


def _first(scenario: Scenario) -> str | None:
    """Return the class that the controls are about: the first one whose service they can show."""
    return next((name for name, job in scenario.workload.jobs.items() if job.service is not None), None)


def _arrivals(scenario: Scenario) -> dict[str, Any]:
    arrivals, until = scenario.workload.arrivals, scenario.run.until
    if len(arrivals) == 1 and arrivals[0].classes is None:
        only = arrivals[0]
        if isinstance(only, Burst) and not only.at and until == "drained":
            return {"arrivals": "burst", "jobs": only.jobs}
        plain = set(only.written()["poisson"]) == {"rate"} if isinstance(only, Poisson) else False
        if isinstance(only, Poisson) and plain and isinstance(until, Duration) and not scenario.run.warm_up:
            rate = float(format_number(float(only.rate) * _HOUR_S, 12).replace(",", ""))
            return {"arrivals": "steady", "rate": rate, "hours": until.seconds / _HOUR_S}
    return {"arrivals": "given"}


def _job(scenario: Scenario) -> dict[str, float]:
    name = _first(scenario)
    if name is None:
        return {}
    job = scenario.workload.jobs[name]
    values: dict[str, float] = {}
    if isinstance(job.service, Duration):
        values = {"service": job.service.seconds / _MINUTE_S, "cv": 0.0}
    elif (mean := getattr(job.service, "mean", None)) is not None:
        seconds = mean.seconds if isinstance(mean, Duration) else float(mean)
        values = {"service": seconds / _MINUTE_S, "cv": float(getattr(job.service, "cv", 1.0))}
    if job.wait_ratio is None or isinstance(job.wait_ratio, int | float):
        values["ratio"] = float(job.wait_ratio or 0.0)
    return values


def _policy(fleet: Fleet) -> dict[str, Any]:
    rule = fleet.written().get("autoscale")
    if rule is None:
        return {}
    asked = {key: rule[key] for key in _GUIDE if key in rule}
    if asked == _GUIDE and set(rule) <= {*_GUIDE, "min_replicas", "max_replicas"}:
        return {"policy": "guide", "most": rule.get("max_replicas", fleet.replicas)}
    return {"policy": "given"}


def _worker(fleet: Fleet) -> dict[str, Any]:
    worker, values = fleet.written().get("worker", "ideal"), {}
    if worker == "celery" or isinstance(worker, dict):
        told = worker.get("celery") or {} if isinstance(worker, dict) else {}
        multiplier, acks = told.get("prefetch_multiplier", 4), told.get("acks", "early")
        values = {"worker": "celery", "prefetch": multiplier, "acks": acks}
    return values


def _seconds(value: float) -> str:
    return str(Duration(f"{value:.9f} s"))
