"""The scenario as a whole: a fleet, a workload, how to run it, and what is claimed of it."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self, cast

from pydantic import BeforeValidator, Field, PrivateAttr

from workersim.errors import InputError
from workersim.scenario.arrivals import Trace
from workersim.scenario.base import Model, called, read_scenario, written
from workersim.scenario.claims import WAITED, Claim
from workersim.scenario.fields import DURATION, Name, Seconds, Text, Written, few, whole
from workersim.scenario.fleet import Fleet
from workersim.scenario.happenings import Broker
from workersim.scenario.paths import find
from workersim.scenario.problems import Place, Problem, unknown
from workersim.scenario.workload import Workload
from workersim.units import NEVER, Duration, Rate, Share, Size, parse_duration, shown

__all__ = ["RunSettings", "Scenario"]

DRAINED = "drained"


class _Several:
    """Stands for the fleet of a scenario with several services: whoever asks it for anything is told so."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        msg = f"fleet.{name}: expected a scenario with one fleet, found one with services"
        raise InputError(msg)


SEVERAL = cast("Fleet", _Several())


def _read_until(value: Any) -> str | Duration:
    if value == DRAINED:
        return DRAINED
    try:
        until = parse_duration(value)
    except ValueError as error:
        msg = str(error).replace("expected ", f"expected {DRAINED}, or ", 1)
        raise ValueError(msg) from None
    if not until:
        msg = f"expected {DRAINED}, or a duration above 0 s, found {shown(value)}"
        raise ValueError(msg)
    return until


class RunSettings(Model):
    """How long a scenario runs, what is left out at the beginning, and how often it is repeated."""

    place: ClassVar = "run"

    until: Annotated[Literal["drained"] | Duration, Written(_read_until, {"anyOf": [{"const": DRAINED}, DURATION]})] = (
        Field(default="drained", description="When the run ends: at an instant, or when nothing is left to do.")
    )
    warm_up: Seconds = Field(default=Duration(0), description="Figures leave out what lies before.")
    seed: Annotated[int, whole(0, 2**63 - 1)] = Field(default=1, description="Where all random numbers come from.")
    replications: Annotated[int, whole(1, 100_000)] = Field(default=1, description="Runs with a seed each.")

    @property
    def horizon_ns(self) -> int:
        """The last instant of the run, ``NEVER`` until drained."""
        return int(self.until) if isinstance(self.until, Duration) else NEVER

    def problems(self) -> list[Problem]:
        """Refuse a warm-up that leaves nothing."""
        if self.warm_up < self.horizon_ns:
            return []
        return [Problem(("warm_up",), f"expected less than until, which is {self.until}, found {self.warm_up}")]


class Scenario(Model):
    """What is asked; one that exists is valid.

    Raises
    ------
    InputError
        With all that is wrong, each with its path.

    Examples
    --------
    >>> from workersim.scenario import Burst, Fleet, JobClass, Scenario, Workload
    >>> scenario = Scenario(
    ...     fleet=Fleet(replicas=1, concurrency=4),
    ...     workload=Workload(jobs={"document": JobClass(service="20 min")}, arrivals=[Burst(jobs=10)]),
    ... )
    >>> scenario.replace("fleet.replicas", 3).fleet.slots
    12
    """

    name: Text = Field(default="scenario", description="What it is called in tables and plots.")
    fleet: Fleet = Field(default_factory=lambda: SEVERAL, description="The only service; or see services.")
    services: Annotated[Mapping[Name, Fleet], BeforeValidator(few)] = Field(
        default={}, description="Several fleets on one broker, by name."
    )
    broker: Broker = Field(default=Broker(), description="The Redis that they share.")
    workload: Workload
    run: RunSettings = Field(default=RunSettings())
    claims: Annotated[tuple[Claim, ...], BeforeValidator(few)] = Field(
        default=(), description="Sentences that are checked by the run."
    )

    _folder: Path = PrivateAttr(default=Path())
    _source: str = PrivateAttr(default="")

    @property
    def fleets(self) -> Mapping[str, Fleet]:
        """All services by name; the only one of a scenario with a fleet is nameless."""
        return self.services if self.fleet is SEVERAL else {"": self.fleet}

    @property
    def is_steady(self) -> bool:
        """Whether one ideal fleet stays as it is, and jobs run once and outright: what the fast path is for."""
        fleets = list(self.fleets.values())
        return len(fleets) == 1 and fleets[0].is_steady and not self.broker.outages

    @property
    def _is_traced(self) -> bool:
        return any(isinstance(arrival, Trace) for arrival in self.workload.arrivals)

    @property
    def home_queue(self) -> str:
        """The queue of jobs that name none."""
        fleets = self.fleets.values()
        return "default" if any(each.home_queue == "default" for each in fleets) else next(iter(fleets)).home_queue

    @property
    def folder(self) -> Path:
        """Where the files that it names are looked for: beside its own, else the working directory."""
        return self._folder

    @property
    def source(self) -> str:
        """The file that it was read from, for messages; empty if it was made in Python."""
        return self._source

    def in_folder(self, folder: Path, source: str = "") -> Self:
        """Return the same scenario with its files in another folder, and read from another file.

        Parameters
        ----------
        folder
            Where paths in the scenario, such as those of traces, begin.
        source
            The file that messages name.
        """
        moved = self.model_copy()
        moved._folder, moved._source = folder, source  # noqa: SLF001  # of its own class
        return moved

    @property
    def digest(self) -> str:
        """SHA-256 of what decides the run: all but the name and the claims."""
        said = {key: value for key, value in self.written().items() if key not in ("name", "claims")}
        return hashlib.sha256(json.dumps(said, separators=(",", ":"), default=called).encode()).hexdigest()

    def to_yaml(self) -> str:
        """Return the text of a scenario file that is read as an equal scenario.

        Raises
        ------
        InputError
            If a Python function stands in it.
        """
        from workersim.scenario.dump import to_yaml  # noqa: PLC0415  # PyYAML only where it is needed

        return to_yaml(self.written())

    def written(self) -> dict[str, Any]:
        """Return what a scenario file says; the fleet or the services, not both."""
        said = super().written()
        if self.fleet is SEVERAL:
            del said["fleet"]
        return said

    def children(self) -> dict[str, Any]:
        """Return the values by the keys of a scenario file; the fleet or the services, not both."""
        held = super().children()
        del held["fleet" if self.fleet is SEVERAL else "services"]
        return held

    def replace(self, path: str, value: Any) -> Self:
        """Return the scenario with another value at a path such as ``workload.jobs.document.service``.

        Parameters
        ----------
        path
            A key with dots, such as ``fleet.replicas``.
        value
            As a scenario file, or Python, may have it.

        Raises
        ------
        InputError
            If there is no such place, or the value cannot stand there.
        """
        return self.replace_all({path: value})

    def replace_all(self, values: Mapping[str, Any]) -> Self:
        """Return the scenario with other values at several paths, checked together.

        Parameters
        ----------
        values
            A value for each path.

        Raises
        ------
        InputError
            As ``replace``.
        """
        places = {path: find(self, path)[0] for path in values}
        touched = {place[0] for place in places.values()}
        # the other parts are models, and valid: they are not read again
        data = {key: written(part) if key in touched else part for key, part in self.children().items()}
        for path, value in values.items():
            place = places[path]
            node: Any = data
            for key in place[:-1]:
                # what is as by default is not written
                node = node.setdefault(key, {}) if isinstance(node, dict) else node[key]
            node[place[-1]] = value
        return read_scenario(type(self), data).in_folder(self.folder, self.source)

    def value_at(self, path: str) -> Any:
        """Return what stands at a path, defaults included.

        Parameters
        ----------
        path
            A key with dots, such as ``fleet.startup``.

        Raises
        ------
        InputError
            If there is no such place, with the nearest key.
        """
        return find(self, path)[1]

    def quantity_at(self, path: str) -> float:
        """Return the number at a path in seconds, per second, bytes or a fraction; sizes by name are summed.

        Parameters
        ----------
        path
            A key with dots, such as ``fleet.startup``.

        Raises
        ------
        InputError
            If there is no such place, or no number in it.
        """
        return _number(path, self.value_at(path))

    def problems(self) -> list[Problem]:
        """Refuse runs without an end, claims about what is not there, and what no worker could honour."""
        if (self.fleet is SEVERAL) != bool(self.services):
            both = "both" if self.services else "neither"
            return [
                Problem(
                    ("fleet",),
                    f"expected either fleet or services, found {both}",
                    at_key=True,
                    named=bool(self.services),
                )
            ]
        problems = self._endless() if self.run.until == DRAINED else []
        problems += self._dishonoured() + self._unseen()
        for index, claim in enumerate(self.claims):
            problems += self._misclaimed(claim, ("claims", index))
        return problems

    def _endless(self) -> list[Problem]:
        if not self.workload.arrivals:
            wanted = "expected a horizon such as 8 h, as there are no arrivals to drain"
            return [Problem(("run", "until"), f"{wanted}, found {DRAINED}")]
        wanted = f"expected an end (until: 8 h), or a horizon for the run; with {DRAINED} this would never end"
        return [
            Problem(("workload", "arrivals", index, arrival.tag), f"{wanted}, found neither")
            for index, arrival in enumerate(self.workload.arrivals)
            if arrival.endless
        ]

    def _dishonoured(self) -> list[Problem]:
        """Refuse rate limits that no Celery worker keeps, and limits that two services disagree about."""
        problems = []
        for name, job in self.workload.jobs.items():
            queue = job.queue or self.home_queue
            takers = [each for each in self.fleets.values() if each.queues is None or queue in each.queues]
            if job.rate_limit is not None and any(each.celery is None for each in takers):
                said = "expected Celery's workers, which keep the rate of a class each for itself, found ideal ones"
                problems.append(Problem(("workload", "jobs", name, "rate_limit"), said, at_key=True, named=True))
            limits = {(each.celery.soft_time_limit, each.celery.time_limit) if each.celery else () for each in takers}
            if len(limits) > 1 and (job.soft_time_limit is None or job.time_limit is None):
                said = f"expected the same time limits in all services that consume the queue {shown(queue)}"
                problems.append(Problem(("services",), said))
        return problems

    def _unseen(self) -> list[Problem]:
        """Refuse scaling rules that look at queues of which no class of jobs is, where the fleet names none."""
        if self._is_traced:  # rows name queues too
            return []
        queues = sorted({job.queue or self.home_queue for job in self.workload.jobs.values()})
        return [
            found._replace(place=(*(("services", name) if name else ("fleet",)), "autoscale", *found.place))
            for name, fleet in self.fleets.items()
            if fleet.autoscale is not None and fleet.queues is None
            for found in fleet.autoscale.strange_to(queues)
        ]

    def _misclaimed(self, claim: Claim, place: Place) -> list[Problem]:
        problems = []
        if claim.among not in (None, WAITED, *self.workload.jobs) and not self._is_traced:  # rows name classes too
            names = [WAITED, *self.workload.jobs]
            problems.append(Problem((*place, "among"), unknown("jobs", claim.among, names)))
        if claim.at is not None and claim.at > self.run.horizon_ns:
            wanted = f"expected an instant of the run, which ends at {self.run.until}"
            problems.append(Problem((*place, "at"), f"{wanted}, found {claim.at}"))
        if claim.is_input:
            problems += self._misassumed(claim, place)
        return problems

    def _misassumed(self, claim: Claim, place: Place) -> list[Problem]:
        try:
            value = self.value_at(claim.measure)
            _number(claim.measure, value)
        except InputError as error:
            return [Problem((*place, "measure"), str(error))]
        kind = _kind(value)
        return [
            Problem((*place, key), f"expected {kind}, as {claim.measure} is one, found {shown(bound)}")
            for key in ("expect", "at_least", "at_most")
            if (bound := getattr(claim, key)) is not None and _kind(bound) not in ("a number", kind)
        ]


_KINDS = {Duration: "a duration", Size: "a size", Rate: "a rate", Share: "a share"}


def _kind(value: Any) -> str:
    return "a size" if isinstance(value, Mapping) else _KINDS.get(type(value), "a number")


def _number(path: str, value: Any) -> float:
    if isinstance(value, Mapping) and value and all(isinstance(each, Size) for each in value.values()):
        return float(sum(value.values()))
    if isinstance(value, Duration):
        return value.seconds
    if isinstance(value, int | float):
        return float(value)
    msg = f"{path}: expected a place with a number, found {shown(value)}"
    raise InputError(msg)
