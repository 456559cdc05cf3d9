"""What is wrong with a scenario, each problem with its place.

A problem is (place, message, at the key): the place is the path of keys and indices from the
model that is being read.  Between models problems travel inside pydantic's ``ValidationError``,
which puts the outer keys in front and gathers what several fields have to say.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, NamedTuple, NoReturn, TypeAlias

from pydantic import ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError

from workersim.units import nearest, shown

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["MOST", "Place", "Problem", "dotted", "fail", "found_in", "unknown"]

Place: TypeAlias = tuple[str | int, ...]

MOST = 100
"""Problems that are told at once."""

_EXPECTED = {  # pydantic's own errors that can still occur: the containers
    "dict_type": "a mapping",
    "tuple_type": "a list",
    "list_type": "a list",
}
_KINDS = {  # our errors inside pydantic's, by (at_key, named)
    (False, False): "at_value",
    (True, False): "at_key",
    (True, True): "at_named_key",
}


class Problem(NamedTuple):
    """One thing that is wrong.

    ``at_key``: the last part of the place is a key that should not be there, or is missing, so
    that the message is about the mapping around it.  ``named``: it is about the key all the same.
    """

    place: Place
    message: str
    at_key: bool = False
    named: bool = False

    def __str__(self) -> str:
        path = dotted(self.place[:-1] if self.at_key and not self.named else self.place)
        return f"{path}: {self.message}" if path else self.message


def fail(problems: Iterable[Problem]) -> NoReturn:
    """Raise a ``ValidationError`` that holds these problems."""
    details = [
        InitErrorDetails(
            type=PydanticCustomError(_KINDS[problem[2:]], "{message}", {"message": problem.message}),
            loc=problem.place,
            input=None,
        )
        for problem in islice(problems, MOST)  # nobody reads more, and a file could have a hundred thousand
    ]
    title = "scenario"
    raise ValidationError.from_exception_data(title, details)


def found_in(error: ValidationError) -> list[Problem]:
    """Return the problems inside a ``ValidationError``, pydantic's own ones in our words."""
    problems = []
    for line in error.errors(include_url=False):
        place, kind = line["loc"], line["type"]
        if kind in _KINDS.values():
            problem = Problem(place, line["ctx"]["message"], kind != "at_value", kind == "at_named_key")
        elif kind == "value_error":
            problem = _of_reader(place, str(line["ctx"]["error"]))
        elif kind == "missing":
            problem = Problem(place, f"missing key {shown(place[-1])}", at_key=True)
        else:
            wanted = _EXPECTED.get(kind, line["msg"])
            problem = Problem(place, f"expected {wanted}, found {shown(line['input'])}")
        problems.append(problem)
    return problems


def unknown(what: str, name: object, valid: Iterable[str]) -> str:
    """Return the message for a name that is not one of the valid ones."""
    names = list(valid)
    return f"unknown {what} {shown(name)}" + (nearest(str(name), names) or f"; expected {_one_of(names)}")


def dotted(place: Place) -> str:
    """Return a place as people write it.

    Examples
    --------
    >>> dotted(("workload", "arrivals", 0, "burst"))
    'workload.arrivals[0].burst'
    """
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{_key(part)}" for part in place)
    return text.removeprefix(".")


def _key(name: str) -> str:
    return name if name.isprintable() and len(name) <= 60 else shown(name)


def _of_reader(place: Place, message: str) -> Problem:
    # pydantic reports a bad key of a mapping at (…, key, "[key]")
    return Problem(place[:-1], message, at_key=True) if place[-1:] == ("[key]",) else Problem(place, message)


def _one_of(names: list[str]) -> str:
    if not names:
        return "none"
    listed = ", ".join(_key(name) for name in names[:20]) + (", ..." if len(names) > 20 else "")
    return listed if len(names) == 1 else f"one of {listed}"
