"""Streams of arrivals; several superpose."""

import itertools
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, TypeAlias

from pydantic import BeforeValidator, ConfigDict, Field, PlainValidator, ValidationError, create_model
from pydantic.json_schema import SkipJsonSchema

from workersim.scenario.base import Tagged, read_model
from workersim.scenario.distributions import Interval, Time, can_be_above_0
from workersim.scenario.fields import DURATION, Above0, Names, PerSecond, Seconds, Text, Written, few, read_names, whole
from workersim.scenario.problems import Problem, fail, found_in, unknown
from workersim.units import Duration, Rate, parse_duration, parse_rate, shown

__all__ = ["ARRIVALS", "Arrival", "Arrivals", "Burst", "Every", "Mmpp", "Poisson", "Profile", "Renewal", "Trace"]

_CLASSES = "The classes that the jobs are drawn from, by weight; by default all that have a service or phases."


def _beside(classes: tuple[str, ...] | None) -> dict[str, Any]:
    return {} if classes is None else {"jobs": list(classes)}


def _never_0(place: tuple[str | int, ...], interval: Any) -> list[Problem]:
    return [] if can_be_above_0(interval) else [Problem(place, "expected a time above 0 s, found one that is always 0")]


def _read_rates(value: Any) -> tuple[tuple[Duration, Rate], ...]:
    if not isinstance(few(value), list | tuple) or not value:
        msg = f"expected a list of pairs such as [[0 h, 2/hour], [8 h, 10/hour]], found {shown(value)}"
        raise ValueError(msg)
    rates, problems = [], []
    for index, pair in enumerate(value):
        if not isinstance(pair, list | tuple) or len(pair) != 2:
            problems.append(Problem((index,), f"expected a pair such as [8 h, 10/hour], found {shown(pair)}"))
            continue
        read: list[Any] = []
        for part, (reader, each) in enumerate(zip((parse_duration, parse_rate), pair, strict=True)):
            try:
                read.append(reader(each))
            except ValueError as error:
                problems.append(Problem((index, part), str(error)))
        rates.append((read[0], read[-1]) if read else None)
    if problems:
        fail(problems)
    return tuple(rate for rate in rates if rate)


class _Stream(Tagged):
    """What streams that go on have in common: from when, until when, of which classes."""

    from_: Seconds = Field(default=Duration(0), alias="from", description="When the stream begins.")
    until: Seconds | None = Field(default=None, description="When the stream ends; by default with the run.")
    classes: Names | None = Field(default=None, alias="jobs", description=_CLASSES)

    @property
    def endless(self) -> bool:
        """Whether it goes on for as long as the run does."""
        return self.until is None

    def problems(self) -> list[Problem]:
        """Refuse an end before the beginning."""
        if self.until is None or self.from_ < self.until:
            return []
        return [Problem(("until",), f"expected an instant after from, which is {self.from_}, found {self.until}")]


class Burst(Tagged):
    """So many jobs at one instant."""

    tag: ClassVar[str] = "burst"
    unwritten: ClassVar = frozenset({"classes"})
    endless: ClassVar[bool] = False

    jobs: Annotated[int, whole(0, 1_000_000_000)] = Field(description="How many jobs.")
    at: Seconds = Field(default=Duration(0), description="When they arrive.")
    classes: SkipJsonSchema[Names | None] = None

    def written(self) -> dict[str, Any]:
        """Return the mapping with its tag, and the classes beside it."""
        return super().written() | _beside(self.classes)

    def children(self) -> dict[str, Any]:
        """Return the values under the tag, and the classes beside it."""
        return super().children() | {"jobs": self.classes}


class Every(_Stream):
    """A job at every interval, fixed or drawn: at ``from``, ``from`` + interval, and so on."""

    tag: ClassVar[str] = "every"

    interval: Time = Field(description="Time between two jobs.")

    def problems(self) -> list[Problem]:
        """Refuse jobs without end at one instant."""
        return super().problems() + _never_0(("interval",), self.interval)


class Poisson(_Stream):
    """Jobs at random, independent of each other, at a constant rate."""

    tag: ClassVar[str] = "poisson"

    rate: PerSecond = Field(description="Jobs per time in the mean.")


class Renewal(_Stream):
    """Jobs whose intervals are drawn from a distribution; the first comes one interval after ``from``."""

    tag: ClassVar[str] = "renewal"

    interval: Interval = Field(description="Time between two jobs.")

    def problems(self) -> list[Problem]:
        """Refuse jobs without end at one instant."""
        return super().problems() + _never_0(("interval",), self.interval)


class Profile(_Stream):
    """Jobs at random, at a rate that changes at given times, once or in every period."""

    tag: ClassVar[str] = "profile"

    rates: Annotated[
        tuple[tuple[Duration, Rate], ...],
        Written(
            _read_rates,
            {
                "type": "array",
                "minItems": 1,
                "items": {"type": "array", "minItems": 2, "maxItems": 2, "prefixItems": [DURATION, {}]},
            },
        ),
    ] = Field(description="Pairs of a time, the first 0, and the rate from then on.")
    period: Above0 | None = Field(default=None, description="After this the rates begin anew; by default never.")

    def problems(self) -> list[Problem]:
        """Refuse times that do not start at 0, do not increase, or lie beyond the period."""
        problems = super().problems()
        times = [at for at, _ in self.rates]
        if times[0] > 0:
            problems.append(Problem(("rates", 0), f"expected the first rate at 0 s, found {times[0]}"))
        for index, (before, at) in enumerate(itertools.pairwise(times), start=1):
            if at <= before:
                problems.append(Problem(("rates", index), f"expected a time after {before}, found {at}"))
            if self.period is not None and at >= self.period:
                wanted = f"expected a time before the period's end, {self.period}"
                problems.append(Problem(("rates", index), f"{wanted}, found {at}"))
        return problems


class Mmpp(_Stream):
    """Bursty jobs: a Poisson stream that goes through states, each with its rate and its holding time."""

    tag: ClassVar[str] = "mmpp"

    rates: Annotated[tuple[PerSecond, ...], BeforeValidator(few)] = Field(description="The rate in each state.")
    holding: Annotated[tuple[Time, ...], BeforeValidator(few)] = Field(description="How long each state lasts.")

    def problems(self) -> list[Problem]:
        """Refuse states without a rate or a holding time, and ones that take no time."""
        problems = super().problems()
        states = len(self.rates)
        if not states:
            problems.append(Problem(("rates",), "expected a rate for each state, found an empty list"))
        if len(self.holding) != states:
            wanted = f"expected {states} holding times, one for each rate"
            problems.append(Problem(("holding",), f"{wanted}, found {len(self.holding)}"))
        for index, each in enumerate(self.holding):
            problems += _never_0(("holding", index), each)
        return problems


class Trace(Tagged):
    """Jobs as recorded in a file."""

    tag: ClassVar[str] = "trace"
    unwritten: ClassVar = frozenset({"classes"})
    endless: ClassVar[bool] = False

    file: Text = Field(description="The file, relative to the scenario file.")
    classes: SkipJsonSchema[Names | None] = None

    def __init__(self, /, file: str, **more: Any) -> None:
        super().__init__(**{"file": file, **more})

    __init__.__pydantic_base_init__ = True  # type: ignore[attr-defined]  # as in Model

    def written(self) -> dict[str, Any]:
        """Return the file under the tag, and the classes beside it."""
        return {self.tag: self.file} | _beside(self.classes)

    def children(self) -> dict[str, Any]:
        """Return the file under the tag, and the classes beside it."""
        return {self.tag: self.file, "jobs": self.classes}


Arrival: TypeAlias = Burst | Every | Poisson | Renewal | Profile | Mmpp | Trace

_KINDS: tuple[type[Arrival], ...] = (Burst, Every, Poisson, Renewal, Profile, Mmpp, Trace)
ARRIVALS: dict[str, type[Arrival]] = {kind.tag: kind for kind in _KINDS}


def _read_arrival(value: Any) -> Any:
    """Return the stream that ``{tag: body}`` or ``{tag: body, jobs: [...]}`` stands for."""
    if isinstance(value, _KINDS):
        return value
    tags = [key for key in value if key != "jobs"] if isinstance(value, Mapping) else []
    if len(tags) != 1:
        found = f"a mapping with {len(tags)} others than jobs" if len(tags) > 1 else shown(value)
        fail([Problem((), f"expected one stream such as {{poisson: {{rate: 10/hour}}}}, found {found}")])
    tag = tags[0]
    if tag not in ARRIVALS:
        fail([Problem((str(tag),), unknown("kind of arrivals", tag, ARRIVALS), at_key=True)])
    made, problems = _read_body(tag, value[tag])
    classes, more = _read_beside(value, inside=made is not None and made.classes is not None)
    if made is None or more:
        fail(problems + more)
    return made if classes is None else made.model_copy(update={"classes": classes})


def _read_body(tag: str, body: Any) -> tuple[Any, list[Problem]]:
    try:
        return read_model(ARRIVALS[tag], {"file": body} if tag == Trace.tag else body, under=tag), []
    except ValidationError as error:
        problems = found_in(error)
        # a trace is its file: there is no key of that name in what people write
        return None, [Problem((tag,), each.message) for each in problems] if tag == Trace.tag else problems


def _read_beside(value: Mapping[str, Any], *, inside: bool) -> tuple[tuple[str, ...] | None, list[Problem]]:
    if "jobs" not in value:
        return None, []
    if inside:
        return None, [Problem(("jobs",), "expected jobs here or in the stream, found both", at_key=True)]
    try:
        return read_names(value["jobs"]), []
    except ValidationError as error:
        return None, [Problem(("jobs", *each.place), each.message) for each in found_in(error)]
    except ValueError as error:
        return None, [Problem(("jobs",), str(error))]


def _one_stream(schema: dict[str, Any]) -> None:
    schema["oneOf"] = [{"required": [tag]} for tag in ARRIVALS]
    for each in schema["properties"].values():
        each.pop("default", None)


_Form = create_model(
    "Arrivals",
    __config__=ConfigDict(extra="forbid", json_schema_extra=_one_stream),
    __doc__="One stream of arrivals, and beside it the classes of its jobs.",
    jobs=(Names, Field(default=None, description=_CLASSES)),
    **{tag: (kind, None) for tag, kind in ARRIVALS.items() if kind is not Trace},  # type: ignore[call-overload]  # fields by name
    trace=(Text, Field(default=None, description="A file with recorded jobs; its path is relative to the scenario.")),
)

Arrivals: TypeAlias = Annotated[Arrival, PlainValidator(_read_arrival, json_schema_input_type=_Form)]
