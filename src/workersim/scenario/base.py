"""What all parts of a scenario have in common: frozen, checked when made, written back as read."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from itertools import islice
from typing import Any, ClassVar, Self, TypeVar

from pydantic import BaseModel, ConfigDict, ModelWrapValidatorHandler, ValidationError, ValidationInfo, model_validator

from workersim.errors import InputError
from workersim.scenario.problems import Problem, fail, found_in, unknown
from workersim.units import closest, shown
from workersim.units.reading import Quantity

__all__ = ["Model", "Tagged", "called", "read_model", "read_scenario", "read_tagged", "written"]

_MOST_STRANGERS = 20  # unknown keys that are told of one mapping
_IN_PYTHON = "in Python"  # the context in which fields may be called by their Python names


class Model(BaseModel):
    """Base of everything in a scenario; one that exists is valid.

    Raises
    ------
    InputError
        When it is made with something wrong, with all the problems.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    place: ClassVar[str] = ""
    """Where it stands in a scenario, for messages about one that is made alone."""
    unwritten: ClassVar[frozenset[str]] = frozenset()
    """Fields that a file says elsewhere than in this mapping."""

    def __init__(self, /, **given: Any) -> None:
        try:
            self.__pydantic_validator__.validate_python(given, self_instance=self, context=_IN_PYTHON)
        except ValidationError as error:
            raise _refusal(error, self.place or getattr(self, "tag", "")) from None

    # pydantic then knows that it may make nested ones without calling this
    __init__.__pydantic_base_init__ = True  # type: ignore[attr-defined]  # a mark that pydantic looks for

    @model_validator(mode="wrap")
    @classmethod
    def _gather(cls, value: Any, handler: ModelWrapValidatorHandler[Self], info: ValidationInfo) -> Self:
        """Report unknown keys, bad values and broken rules between fields together."""
        if isinstance(value, cls):
            return value
        keys = cls._keys(in_python=info.context == _IN_PYTHON)
        if not isinstance(value, Mapping):
            fail([Problem((), f"expected a mapping with {', '.join(cls._keys())}, found {shown(value)}")])
        known = value if cls.model_config.get("extra") == "allow" else keys
        strange = list(islice((key for key in value if key not in known), _MOST_STRANGERS))
        problems = [cls._stranger(str(key)) for key in strange]
        # a misspelt key is not a missing one as well
        meant = {closest(str(key), keys) for key in strange}
        try:
            made = handler({key: each for key, each in value.items() if key in known})
        except ValidationError as error:
            problems += [each for each in found_in(error) if not (each.at_key and each.place[-1] in meant)]
            fail(problems)
        problems += made.problems()
        if problems:
            fail(problems)
        return made

    @classmethod
    def _stranger(cls, key: str) -> Problem:
        return Problem((key,), unknown("key", key, cls._keys()), at_key=True)

    @classmethod
    @cache
    def _keys(cls, *, in_python: bool = False) -> tuple[str, ...]:
        keys = [field.alias or name for name, field in cls.model_fields.items() if name not in cls.unwritten]
        return (*keys, *(cls.model_fields if in_python else ()))

    def problems(self) -> list[Problem]:
        """Return what is wrong between fields that are each right."""
        return []

    def children(self) -> dict[str, Any]:
        """Return the values by the keys of a scenario file, defaults included."""
        fields = type(self).model_fields
        return {fields[key].alias or key: getattr(self, key) for key in fields if key not in self.unwritten}

    def written(self) -> dict[str, Any]:
        """Return what a scenario file says: plain data, without what is as by default."""
        data = {}
        for name, field in type(self).model_fields.items():
            value = getattr(self, name)
            if name in self.unwritten or value is field.default:
                continue
            if field.is_required() or value != field.default:
                data[field.alias or name] = written(value)
        return data

    def __eq__(self, other: object) -> bool:
        # by what is written: 3 ns and the number 3 are equal as integers
        return isinstance(other, Model) and type(self) is type(other) and self.written() == other.written()

    def __hash__(self) -> int:
        return hash(json.dumps(self.written(), sort_keys=True, default=called))


class Tagged(Model):
    """Something that a file writes as ``{tag: {...}}``."""

    tag: ClassVar[str]

    def children(self) -> dict[str, Any]:
        """Return the values under the tag."""
        return {self.tag: super().children()}

    def written(self) -> dict[str, Any]:
        """Return the mapping with its tag."""
        return {self.tag: super().written()}


Made = TypeVar("Made", bound=Model)


def read_model(kind: type[Made], value: Any, *, under: str) -> Made:
    """Return a model read from plain data; its problems are told as lying under that key."""
    try:
        made: Made = kind.__pydantic_validator__.validate_python(value)
    except ValidationError as error:
        fail(Problem((under, *found.place), *found[1:]) for found in found_in(error))
    return made


def read_scenario(kind: type[Made], value: Any) -> Made:
    """Return a model read from plain data.

    Raises
    ------
    InputError
        With all that is wrong, each with its path.
    """
    try:
        made: Made = kind.__pydantic_validator__.validate_python(value)
    except ValidationError as error:
        raise _refusal(error, kind.place) from None
    return made


def read_tagged(value: Any, kinds: Mapping[str, type[Made]], *, what: str, like: str) -> Made:
    """Return the model that a mapping with one key stands for.

    Parameters
    ----------
    value
        ``{tag: body}``, or a model of these kinds.
    kinds
        The models by their tags.
    what, like
        Words for messages: "distribution", and an example of one.
    """
    if isinstance(value, Tagged) and type(value) is kinds.get(value.tag):
        made: Made = value
        return made
    if not isinstance(value, Mapping) or len(value) != 1:
        fail([Problem((), f"expected a {what} such as {like}, found {_counted(value)}")])
    ((tag, body),) = value.items()
    if tag not in kinds:
        fail([Problem((str(tag),), unknown(what, tag, kinds), at_key=True)])
    return read_model(kinds[tag], body, under=tag)


def called(value: Any) -> str:
    """Return the name of a Python function or class that stands in a scenario."""
    kind = value if hasattr(value, "__qualname__") else type(value)
    return f"{kind.__module__}.{kind.__qualname__}"


def _refusal(error: ValidationError, place: str) -> InputError:
    prefix = (place,) if place else ()
    return InputError(*(str(Problem((*prefix, *found.place), *found[1:])) for found in found_in(error)))


def _counted(value: Any) -> str:
    return f"a mapping with {len(value)} keys" if isinstance(value, Mapping) and value else shown(value)


def written(value: Any) -> Any:
    """Return a value of a scenario as plain data: text, numbers, lists and mappings."""
    if isinstance(value, Model):
        return value.written()
    if isinstance(value, Quantity):
        return str(value)
    if isinstance(value, Mapping):
        return {key: written(each) for key, each in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [written(each) for each in value]
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)  # people write 4, not 4.0
    return value
