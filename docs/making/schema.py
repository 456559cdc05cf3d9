"""The reference of the scenario file: a table for each object of ``ws.schema()``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import workersim as ws

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["make", "pages"]

_LIMITS = {
    "minimum": "≥ {}",
    "exclusiveMinimum": "> {}",
    "maximum": "≤ {}",
    "exclusiveMaximum": "< {}",
    "minLength": "{} or more characters",
    "maxLength": "≤ {} characters",
    "minItems": "{} or more",
    "maxItems": "≤ {} of them",
}


def make(_root: Path, target: Path) -> None:
    """Write the tables."""
    (target / "schema.md").write_text("\n".join(pages(ws.schema())), encoding="utf-8")


def pages(schema: dict[str, Any]) -> Iterator[str]:
    """Yield the lines: the scenario first, then what it refers to in the order in which it is met."""
    defined: dict[str, Any] = schema["$defs"]
    order = list(dict.fromkeys(_met(schema, defined, [])))
    yield from _section("Scenario", schema, defined)
    for name in [*order, *(name for name in defined if name not in order)]:
        yield from _section(name, defined[name], defined)


def _met(node: Any, defined: dict[str, Any], seen: list[str]) -> list[str]:
    """Return the names that a schema refers to, those that it meets first in front."""
    if isinstance(node, dict):
        if (ref := _name_of(node)) and ref not in seen:
            seen.append(ref)
            _met(defined[ref], defined, seen)
        for key, value in node.items():
            if key != "$defs":
                _met(value, defined, seen)
    elif isinstance(node, list):
        for value in node:
            _met(value, defined, seen)
    return seen


def _name_of(node: dict[str, Any]) -> str:
    return str(node.get("$ref", "")).rpartition("/")[2]


def _section(name: str, node: dict[str, Any], defined: dict[str, Any]) -> Iterator[str]:
    yield from (f"(schema-{name.lower()})=", f"## {_title(name)}", "", node.get("description", ""), "")
    properties = node.get("properties")
    if not properties:
        yield from ("Written as " + _kind(node) + ".", "")
        return
    yield from ("| key | is | default | meaning |", "|---|---|---|---|")
    needed = node.get("required", [])
    for key, value in properties.items():
        default = "must be there" if key in needed else _default(value)
        about = value.get("description") or defined.get(_name_of(value), {}).get("description", "")
        yield f"| `{key}` | {_kind(value)} | {default} | {_cell(about)} |"
    yield ""


def _title(name: str) -> str:
    return name.strip("_")


def _default(value: dict[str, Any]) -> str:
    if "default" not in value:
        return ""
    default = value["default"]
    if default is None:
        return "none"
    return f"`{_cell(default if isinstance(default, str) else json.dumps(default, ensure_ascii=False))}`"


def _kind(node: Any) -> str:
    """Return in words what a value may be."""
    if not isinstance(node, dict):
        return "anything"
    if name := _name_of(node):
        return f"[{_title(name)}](#schema-{name.lower()})"
    for key in ("anyOf", "oneOf"):
        kinds = [_kind(each) for each in node.get(key, []) if each.get("type") != "null" and set(each) != {"required"}]
        if kinds:
            return " or ".join(dict.fromkeys(kinds))
    if "const" in node:
        return f"`{_cell(node['const'])}`"
    if "enum" in node:
        return ", ".join(f"`{_cell(each)}`" for each in node["enum"])
    limits = ", ".join(text.format(_number(node[key])) for key, text in _LIMITS.items() if key in node)
    return _typed(node) + (f", {limits}" if limits else "")


def _typed(node: dict[str, Any]) -> str:
    kind = node.get("type")
    if isinstance(kind, list):
        return " or ".join(_typed({**node, "type": each}) for each in kind if each != "null")
    if kind == "array":
        parts = node.get("prefixItems")
        return "[" + ", ".join(map(_kind, parts)) + "]" if parts else f"list of {_kind(node.get('items', {}))}"
    if kind == "object":
        values = node.get("additionalProperties")
        if isinstance(values, dict):
            return f"names, each with {_kind(values)}"
        keys = node.get("properties", {})
        return "{" + ", ".join(f"`{key}`: {_kind(value)}" for key, value in keys.items()) + "}" if keys else "object"
    words = {"string": "text", "integer": "whole number", "number": "number", "boolean": "true or false"}
    pattern = f" like `{_cell(node['pattern'])}`" if "pattern" in node else ""
    return words.get(str(kind), "anything") + pattern


def _number(value: float) -> str:
    return f"{value:,.10g}"


def _cell(text: Any) -> str:
    return str(text).replace("|", "\\|").replace("\n", " ")
