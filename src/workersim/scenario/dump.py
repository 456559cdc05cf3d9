"""A scenario's plain data as the text of a scenario file."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import yaml

from workersim.errors import InputError
from workersim.scenario.base import called
from workersim.scenario.problems import dotted

if TYPE_CHECKING:
    from workersim.scenario.problems import Place

__all__ = ["to_yaml"]

_LONGEST = 90  # characters of a mapping or list that stays in one line


class _Dumper(yaml.SafeDumper):
    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002, FBT001, FBT002  # PyYAML's signature
        """Indent lists inside mappings too."""
        super().increase_indent(flow, indentless=False)


def to_yaml(data: dict[str, Any]) -> str:
    """Return readable YAML: short mappings and lists in one line, the rest in blocks.

    Raises
    ------
    InputError
        If there is a Python function in it.
    """
    text: str = yaml.serialize(_node(data, ()), Dumper=_Dumper, allow_unicode=True, width=110)
    return text


def _node(value: Any, place: Place) -> yaml.Node:
    if isinstance(value, dict):
        pairs = [(_scalar(key), _node(each, (*place, key))) for key, each in value.items()]
        return yaml.MappingNode("tag:yaml.org,2002:map", pairs, flow_style=_in_one_line(value, place))
    if isinstance(value, list):
        nodes = [_node(each, (*place, index)) for index, each in enumerate(value)]
        return yaml.SequenceNode("tag:yaml.org,2002:seq", nodes, flow_style=_in_one_line(value, place))
    if callable(value):
        msg = f"{dotted(place)}: expected what a file can say, found the Python function {called(value)}"
        raise InputError(msg)
    return _scalar(value)


def _scalar(value: Any) -> yaml.Node:
    return yaml.SafeDumper(io.StringIO()).represent_data(value)


def _in_one_line(value: Any, place: Place) -> bool:
    match place:
        case () | ("fleet",) | ("workload",) | ("workload", "jobs" | "arrivals") | ("claims", *_):
            return False
        case ("workload", "arrivals", int()):
            return False
        case _:
            return _length(value) <= _LONGEST


def _length(value: Any) -> int:
    if isinstance(value, dict):
        return sum(len(key) + 4 + _length(each) for key, each in value.items())
    if isinstance(value, list):
        return sum(2 + _length(each) for each in value)
    return len(str(value))
