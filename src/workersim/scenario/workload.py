"""The workload: classes of jobs, and the streams in which they arrive."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, TypeAlias

from pydantic import BeforeValidator, ConfigDict, Field, PlainValidator, ValidationError, create_model

from workersim.scenario.arrivals import Arrival, Arrivals, Trace
from workersim.scenario.base import Model
from workersim.scenario.claims import WAITED
from workersim.scenario.distributions import Ratio, Time, one_key
from workersim.scenario.fields import Name, choice, few, number, whole
from workersim.scenario.problems import Place, Problem, fail, found_in, unknown
from workersim.units import shown

__all__ = ["JobClass", "Phase", "Workload"]

_TO_THE_END = "in this version a job that has started runs to its end"
_AT_ONCE = "in this version a job starts as soon as a slot takes it from its queue"
_ONCE = "in this version every job that runs succeeds"


class Phase(Model):
    """A part of a job: CPU, shared with the container's other jobs, or I/O, which only takes time.

    Examples
    --------
    >>> Phase(kind="cpu", demand="30 s").written()
    {'cpu': '30 s'}
    """

    place: ClassVar = "phase"

    kind: Annotated[Literal["cpu", "io"], choice("kind of phase", "cpu", "io")]
    demand: Time

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
    cpu=(Time, None),
    io=(Time, None),
)
_Phases: TypeAlias = Annotated[
    tuple[Annotated[Phase, PlainValidator(_read_phase, json_schema_input_type=_PhaseForm)], ...], BeforeValidator(few)
]


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
    not_yet: ClassVar = {
        "memory": "in this version jobs add nothing to process_memory",
        "soft_time_limit": _TO_THE_END,
        "time_limit": _TO_THE_END,
        "rate_limit": _AT_ONCE,
        "countdown": _AT_ONCE,
        "fails": _ONCE,
        "retries": _ONCE,
        "then": "in this version no job starts another",
    }

    weight: Annotated[float, number(0, 1e9, above=True)] = Field(
        default=1.0, description="How often it is drawn, relative to the other classes of a stream."
    )
    queue: Name | None = Field(default=None, description="Its queue; by default `default`, or the fleet's first.")
    priority: Annotated[int, whole(0, 2**31)] = Field(default=0, description="Lower numbers are served first.")
    expires: Time | None = Field(default=None, description="It leaves when it has waited this long.")
    service: Time | None = Field(default=None, description="CPU and I/O time together, on a processor of its own.")
    wait_ratio: Ratio | None = Field(default=None, description="I/O time divided by CPU time; by default all is CPU.")
    phases: _Phases | None = Field(default=None, description="What it does, one phase after the other.")

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
        return problems


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
        """Return the names of the classes that the jobs of a stream are drawn from, by weight."""
        if arrival.classes is not None:
            return arrival.classes
        return tuple(name for name, job in self.jobs.items() if job.can_run)

    def problems(self) -> list[Problem]:
        """Refuse classes that are not there, or do not say what their jobs need."""
        problems = []
        if WAITED in self.jobs:
            problems.append(Problem(("jobs", WAITED), f"expected another name: claims call other jobs {WAITED!r}"))
        for index, arrival in enumerate(self.arrivals):
            problems += self._problems_of(arrival, ("arrivals", index))
        return problems

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
