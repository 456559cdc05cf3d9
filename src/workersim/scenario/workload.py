"""The workload: classes of jobs, and the streams in which they arrive."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, TypeAlias

from pydantic import BeforeValidator, ConfigDict, Field, PlainValidator, ValidationError, create_model

from workersim.scenario.arrivals import Arrival, Arrivals, Trace
from workersim.scenario.base import Model
from workersim.scenario.claims import WAITED
from workersim.scenario.distributions import Ratio, Time, one_key
from workersim.scenario.fields import (
    Above0,
    Bytes,
    Name,
    PerSecond,
    Probability,
    Seconds,
    Switch,
    choice,
    few,
    number,
    whole,
)
from workersim.scenario.problems import Place, Problem, fail, found_in, unknown
from workersim.units import NEVER, Duration, Size, shown

__all__ = ["Follower", "JobClass", "Phase", "Retries", "Workload", "arriving", "following"]


class Phase(Model):
    """A part of a job: CPU, shared with the container's other jobs, or I/O, which only takes time.

    Examples
    --------
    >>> Phase(kind="cpu", demand="30 s").written()
    {'cpu': '30 s'}
    """

    place: ClassVar = "phase"

    kind: Annotated[Literal["cpu", "io"], choice("kind of phase", "cpu", "io"), Field(description="Of what.")]
    demand: Time = Field(description="How much of it.")

    def children(self) -> dict[str, Any]:
        """Return the demand under the kind."""
        return {self.kind: self.demand}

    def written(self) -> dict[str, Any]:
        """Return ``{kind: demand}``."""
        return {self.kind: super().written()["demand"]}


def _read_phase(value: Any) -> Phase:
    if isinstance(value, Phase):
        return value
    if not isinstance(value, Mapping) or len(value) != 1:
        fail([Problem((), f"expected one phase such as {{cpu: 30 s}}, found {shown(value)}")])
    ((kind, demand),) = value.items()
    if kind not in ("cpu", "io"):
        fail([Problem((str(kind),), unknown("kind of phase", kind, ["cpu", "io"]), at_key=True)])
    try:
        phase: Phase = Phase.__pydantic_validator__.validate_python({"kind": kind, "demand": demand})
    except ValidationError as error:
        fail(Problem((kind, *each.place[1:]), *each[1:]) for each in found_in(error))
    return phase


_PhaseForm = create_model(
    "Phase",
    __config__=ConfigDict(extra="forbid", json_schema_extra=one_key),
    __doc__="A part of a job: CPU, shared with the container's other jobs, or I/O, which only takes time.",
    cpu=(Time, Field(default=None, description="Processor time that it needs.")),
    io=(Time, Field(default=None, description="Time that passes, whoever else is there.")),
)
_Phases: TypeAlias = Annotated[
    tuple[Annotated[Phase, PlainValidator(_read_phase, json_schema_input_type=_PhaseForm)], ...], BeforeValidator(few)
]


class Retries(Model):
    """What follows a failure: the k-th retry (from 0) comes after min(cap, delay x backoff^k).

    The defaults are Celery's own.
    """

    place: ClassVar = "retries"

    max: Annotated[int, whole(0, 1000)] = Field(default=3, description="Retries before it has failed for good.")
    delay: Seconds = Field(default=Duration("180 s"), description="From a failure to the first retry.")
    backoff: Annotated[float, number(1, 1000)] = Field(default=1.0, description="Factor from one delay to the next.")
    cap: Seconds = Field(default=Duration("600 s"), description="The longest delay.")
    jitter: Switch | None = Field(
        default=None, description="Whole seconds from 0 to the delay, by chance; by default if there is a backoff."
    )

    @property
    def jitters(self) -> bool:
        """Whether delays are drawn, the default resolved."""
        return self.backoff > 1 if self.jitter is None else self.jitter

    def delay_ns(self, k: int) -> int:
        """Return the delay of the k-th retry, from 0, before jitter."""
        grown = float(self.delay) * self.backoff ** min(k, 1000) if self.backoff > 1 else float(self.delay)
        return min(int(self.cap), int(self.delay) if self.backoff == 1 else round(min(grown, float(NEVER))))


class Follower(Model):
    """Jobs that are published when another is done; with a ``join``, one more when all of them are."""

    place: ClassVar = "then"

    job: Name = Field(description="Their class.")
    count: Annotated[int, whole(1, 1000)] = Field(default=1, description="How many.")
    join: Name | None = Field(default=None, description="Class of the job that arrives when all of them are done.")


def _read_followers(value: Any) -> tuple[Follower, ...]:
    listed = value if isinstance(value, list | tuple) else [value]
    followers, problems = [], []
    for index, each in enumerate(few(listed)):
        try:
            body = {"job": each} if isinstance(each, str) else each
            followers.append(Follower.__pydantic_validator__.validate_python(body))
        except ValidationError as error:
            inside = (index,) if isinstance(value, list | tuple) else ()
            problems += [Problem((*inside, *found.place), *found[1:]) for found in found_in(error)]
    if problems:
        fail(problems)
    return tuple(followers)


_OneFollower: TypeAlias = Name | Follower
Followers: TypeAlias = Annotated[
    tuple[Follower, ...],
    PlainValidator(_read_followers, json_schema_input_type=_OneFollower | list[_OneFollower]),
]
_SLOWEST = 1 / (10 * 31557600)


class JobClass(Model):
    """Jobs of one kind: what they need, and how they queue.

    Either ``service`` with ``wait_ratio``, or ``phases``; a class with neither only says how the
    rows of a trace queue.

    Examples
    --------
    >>> JobClass(service="20 min", wait_ratio=0.75).service
    Duration('20 min')
    """

    place: ClassVar = "job"
    weight: Annotated[float, number(0, 1e9, above=True)] = Field(
        default=1.0, description="How often it is drawn, relative to the other classes of a stream."
    )
    queue: Name | None = Field(default=None, description="Its queue; by default `default`, or the fleet's first.")
    priority: Annotated[int, whole(0, 2**31)] = Field(default=0, description="Lower numbers are served first.")
    expires: Time | None = Field(default=None, description="It leaves when it has waited this long.")
    service: Time | None = Field(default=None, description="CPU and I/O time together, on a processor of its own.")
    wait_ratio: Ratio | None = Field(default=None, description="I/O time divided by CPU time; by default all is CPU.")
    phases: _Phases | None = Field(default=None, description="What it does, one phase after the other.")
    memory: Bytes = Field(default=Size(0), description="What it takes beside its process at rest, while it runs.")
    soft_time_limit: Above0 | None = Field(default=None, description="It is interrupted when it has run this long.")
    time_limit: Above0 | None = Field(
        default=None, description="It is killed with its process when it has run this long."
    )
    rate_limit: PerSecond | None = Field(default=None, description="How many of them a worker starts, at most.")
    countdown: Time = Field(default=Duration(0), description="From its publication until it may start.")
    fails: Probability = Field(default=0.0, description="Probability that an attempt fails.")
    fails_after: Time | None = Field(
        default=None, description="Service that a failing attempt gets through; by default all of it."
    )
    retries: Retries = Field(default=Retries(), description="What follows a failure.")
    then: Followers = Field(default=(), description="Jobs that it publishes when it is done.")

    @property
    def can_run(self) -> bool:
        """Whether it says what its jobs need."""
        return self.service is not None or self.phases is not None

    def problems(self) -> list[Problem]:
        """Refuse two ways to say what a job needs, or half of one."""
        problems = []
        if self.phases is not None and self.service is not None:
            problems.append(Problem(("phases",), "expected either service or phases, found both", at_key=True))
        if self.wait_ratio is not None and self.service is None:
            problems.append(Problem(("wait_ratio",), "expected service beside wait_ratio, found none", at_key=True))
        if self.phases == ():
            problems.append(Problem(("phases",), "expected at least one phase, found an empty list"))
        if self.rate_limit is not None and self.rate_limit < _SLOWEST:
            problems.append(Problem(("rate_limit",), f"expected at least 1 in 10 years, found {self.rate_limit}"))
        return problems


def following(jobs: Mapping[str, JobClass]) -> frozenset[str]:
    """Return the classes that other jobs publish."""
    named = (follower for job in jobs.values() for follower in job.then)
    return frozenset(name for each in named for name in (each.job, each.join) if name is not None)


def arriving(jobs: Mapping[str, JobClass]) -> tuple[str, ...]:
    """Return the classes that a stream draws from if it names none: those that can run and follow no other."""
    followers = following(jobs)
    return tuple(name for name, job in jobs.items() if job.can_run and name not in followers)


class Workload(Model):
    """Classes of jobs, and the streams in which they arrive."""

    place: ClassVar = "workload"

    jobs: Annotated[Mapping[Name, JobClass], BeforeValidator(few)] = Field(
        default={}, description="The classes by their names."
    )
    arrivals: Annotated[tuple[Arrivals, ...], BeforeValidator(few)] = Field(
        default=(), description="The streams; an empty list is an idle fleet."
    )

    def classes_of(self, arrival: Arrival) -> tuple[str, ...]:
        """Return the names of the classes that the jobs of a stream are drawn from, by weight.

        Parameters
        ----------
        arrival
            One of the streams.
        """
        if arrival.classes is not None:
            return arrival.classes
        return arriving(self.jobs)

    @property
    def following(self) -> frozenset[str]:
        """Classes that other jobs publish; a stream draws from them only if it names them."""
        return following(self.jobs)

    def problems(self) -> list[Problem]:
        """Refuse classes that are not there, or do not say what their jobs need."""
        problems = []
        if WAITED in self.jobs:
            problems.append(Problem(("jobs", WAITED), f"expected another name: claims call other jobs {WAITED!r}"))
        for name, job in self.jobs.items():
            problems += self._strange_followers(job, ("jobs", name, "then"))
        if circles := [] if problems else self._circles():
            return circles  # a class that follows itself arrives nowhere, which is no mistake of its own
        for index, arrival in enumerate(self.arrivals):
            problems += self._problems_of(arrival, ("arrivals", index))
        return problems

    def _strange_followers(self, job: JobClass, place: Place) -> list[Problem]:
        problems = []
        for index, follower in enumerate(job.then):
            for key, name in (("job", follower.job), ("join", follower.join)):
                if name is not None and name not in self.jobs:
                    problems.append(Problem((*place, index, key), unknown("job class", name, self.jobs)))
                elif name is not None and not self.jobs[name].can_run:
                    wanted = f"expected a class with service or phases, found {shown(name)} without"
                    problems.append(Problem((*place, index, key), wanted))
        return problems

    def _circles(self) -> list[Problem]:
        """Refuse jobs that follow themselves, in one step or in several: they would never end."""
        left = {name: {n for each in job.then for n in (each.job, each.join) if n} for name, job in self.jobs.items()}
        while ended := [name for name, next_ones in left.items() if not next_ones & left.keys()]:
            for name in ended:
                del left[name]
        if not left:
            return []
        name = next(iter(left))
        return [
            Problem(("jobs", name, "then"), f"expected followers that end, found that {shown(name)} follows itself")
        ]

    def _problems_of(self, arrival: Arrival, place: Place) -> list[Problem]:
        names = arrival.classes or ()
        problems = [
            Problem((*place, "jobs", at), unknown("job class", name, self.jobs))
            for at, name in enumerate(names)
            if name not in self.jobs
        ]
        if isinstance(arrival, Trace):
            return problems
        if not self.classes_of(arrival):
            wanted = "expected a class with service or phases in workload.jobs to draw from"
            problems.append(Problem((*place, arrival.tag), f"{wanted}, found none"))
        problems += [
            Problem((*place, "jobs", at), f"expected a class with service or phases, found {shown(name)} without")
            for at, name in enumerate(names)
            if name in self.jobs and not self.jobs[name].can_run
        ]
        return problems
