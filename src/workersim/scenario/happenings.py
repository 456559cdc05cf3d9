"""What happens to a fleet while it runs: changes, stops, deploys, crashes, and outages of the broker."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, TypeAlias

from pydantic import BeforeValidator, Field, PlainValidator, TypeAdapter, ValidationError

from workersim.scenario.base import Model
from workersim.scenario.fields import Above0, Seconds, Written, few, whole
from workersim.scenario.problems import Problem, fail, found_in
from workersim.units import Duration, shown

__all__ = ["Broker", "Change", "Crash", "Crashes", "Deploy", "Failures", "Outage", "Stop"]

BUSY = "busy"
Number: TypeAlias = Annotated[int, whole(0, 100_000)]


class Change(Model):
    """From then on so many replicas are wanted."""

    place: ClassVar = "changes"

    at: Seconds = Field(description="When.")
    replicas: Number = Field(description="Replicas that are wanted from then on.")


class Stop(Model):
    """A replica gets SIGTERM, and SIGKILL after the grace."""

    place: ClassVar = "stops"

    at: Seconds = Field(description="When.")
    replica: Number = Field(description="Which, from 0.")
    grace: Seconds | None = Field(default=None, description="Until it is killed; by default as long as it needs.")


class Deploy(Model):
    """A new set of replicas takes over from the old one."""

    place: ClassVar = "deploys"

    at: Seconds = Field(description="When the new replicas start.")
    overlap: Seconds = Field(default=Duration(0), description="How long the old ones stay once the new ones are ready.")
    drain: Seconds = Field(default=Duration(0), description="From SIGTERM to SIGKILL for the old ones.")


def _read_numbers(value: Any) -> int | tuple[int, ...]:
    numbers = value if isinstance(value, list | tuple) else [value]
    read = tuple(_A_NUMBER.validate_python(each) for each in few(numbers))
    if not read:
        msg = f"expected the number of a replica, or several, found {shown(value)}"
        raise ValueError(msg)
    return read if isinstance(value, list | tuple) else read[0]


_A_NUMBER: TypeAdapter[int] = TypeAdapter(Number)
_NUMBER_SCHEMA = {"type": "integer", "minimum": 0}


def _read_slot(value: Any) -> int | str:
    if value == BUSY:
        return BUSY
    try:
        return _A_NUMBER.validate_python(value)
    except ValidationError:
        msg = f"expected the number of a process, or {BUSY}, found {shown(value)}"
        raise ValueError(msg) from None


class Crash(Model):
    """A replica, or one of its processes, dies."""

    place: ClassVar = "crashes"

    at: Seconds = Field(description="When.")
    replica: Annotated[
        int | tuple[int, ...],
        Written(_read_numbers, {"anyOf": [_NUMBER_SCHEMA, {"type": "array", "items": _NUMBER_SCHEMA}]}),
    ] = Field(description="Which, from 0; several if they share a host.")
    slot: Annotated[int | str, Written(_read_slot, {"anyOf": [_NUMBER_SCHEMA, {"const": BUSY}]})] | None = Field(
        default=None, description="One process, by its number or the lowest busy one; by default the whole replica."
    )
    down_for: Above0 | None = Field(
        default=None, description="From the crash until the replica is ready again; by default it never is."
    )

    @property
    def replicas(self) -> tuple[int, ...]:
        """Who is hit."""
        return self.replica if isinstance(self.replica, tuple) else (self.replica,)

    def problems(self) -> list[Problem]:
        """Refuse a repair of what is replaced at once."""
        if self.slot is None or self.down_for is None:
            return []
        return [
            Problem(("down_for",), "expected a crash of a whole replica: a process is replaced at once", at_key=True)
        ]


class Failures(Model):
    """Crashes by chance: exponential times between failures, and to repair, for each replica."""

    place: ClassVar = "crashes"

    mtbf: Above0 = Field(description="Mean time from being ready to the next crash.")
    mttr: Above0 = Field(description="Mean time from the crash to being ready again.")


def _read_crashes(value: Any) -> Any:
    if isinstance(value, Failures):
        return value
    if isinstance(value, Mapping):
        return Failures.__pydantic_validator__.validate_python(value)
    if not isinstance(few(value), list | tuple):
        like = "[{at: 10 min, replica: 1}], or {mtbf: 24 h, mttr: 5 min}"
        msg = f"expected a list such as {like}, found {shown(value)}"
        raise ValueError(msg)  # noqa: TRY004  # pydantic gathers ValueErrors only
    crashes, problems = [], []
    for index, each in enumerate(value):
        try:
            crashes.append(Crash.__pydantic_validator__.validate_python(each))
        except ValidationError as error:
            problems += [Problem((index, *found.place), *found[1:]) for found in found_in(error)]
    if problems:
        fail(problems)
    return tuple(crashes)


Crashes: TypeAlias = Annotated[
    tuple[Crash, ...] | Failures,
    PlainValidator(_read_crashes, json_schema_input_type=list[Crash] | Failures),
]


class Outage(Model):
    """Nobody can take messages for a while; what is published waits."""

    place: ClassVar = "outages"

    at: Seconds = Field(description="When.")
    lasts: Above0 = Field(description="For how long.")


class Broker(Model):
    """The Redis that all services share."""

    place: ClassVar = "broker"

    outages: Annotated[tuple[Outage, ...], BeforeValidator(few)] = Field(default=(), description="When it is away.")
