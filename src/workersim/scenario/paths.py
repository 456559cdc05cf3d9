"""Dotted paths into a scenario, such as ``workload.arrivals[0].poisson.rate``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NoReturn

from workersim.errors import InputError
from workersim.scenario.base import Model
from workersim.scenario.problems import Place, Problem, unknown
from workersim.units import shown

__all__ = ["find"]

_MOST_NAMED = 6  # services in a message
_PART = re.compile(r"\.?([^.\[\]]+)|\[([0-9]{1,9})\]")


def find(root: Model, path: str) -> tuple[Place, Any]:
    """Return where a path leads: its keys and indices, and the value that is there.

    Raises
    ------
    InputError
        If there is no such place, with the nearest key.
    """
    parts = _parts(path)
    place: Place = ()
    node: Any = root
    key: str | int
    while parts:
        node = node.children() if isinstance(node, Model) else node
        if isinstance(node, Mapping):
            key, taken = _key(node, parts, place)
            node = node[key]
        else:
            key, taken = _index(node, parts[0], place), 1
            node = node[key]
        place, parts = (*place, key), parts[taken:]
    return place, node


def _parts(path: str) -> list[str | int]:
    matches = list(_PART.finditer(path))
    if not matches or "".join(match[0] for match in matches) != path:
        _refuse(Problem((), f"expected a path such as fleet.replicas, found {shown(path)}"))
    return [match[1] or int(match[2]) for match in matches]


def _key(node: Mapping[str, Any], parts: list[str | int], place: Place) -> tuple[str, int]:
    """Return the key that the next parts name, and how many they are: a name may have dots in it."""
    for taken in range(len(parts), 0, -1):
        name = ".".join(map(str, parts[:taken]))
        if name in node:
            return name, taken
    if not place and parts[0] == "fleet" and "services" in node:
        rest = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in parts[1:])
        each = " or ".join(f"services.{name}{rest}" for name in list(node["services"])[:_MOST_NAMED])
        return _refuse(Problem((), f"expected {each}, as there are several services, found {shown(f'fleet{rest}')}"))
    return _refuse(Problem((*place, str(parts[0])), unknown("key", parts[0], node), at_key=True))


def _index(node: Any, part: str | int, place: Place) -> int:
    if not isinstance(node, tuple):
        return _refuse(Problem(place, f"expected a path that ends here, found {shown(part)} beyond it"))
    if not isinstance(part, int) or part >= len(node):
        return _refuse(Problem(place, f"expected an index from 0 to {len(node) - 1}, found {shown(part)}"))
    return part


def _refuse(problem: Problem) -> NoReturn:
    raise InputError(str(problem))
