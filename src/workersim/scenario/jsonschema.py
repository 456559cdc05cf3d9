"""The JSON Schema of a scenario file, out of the models themselves."""

from __future__ import annotations

from typing import Any

from pydantic.json_schema import GenerateJsonSchema

from workersim.scenario.base import written
from workersim.scenario.fields import VALUES
from workersim.scenario.models import Scenario

__all__ = ["schema"]


def schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of a scenario file, for editors.

    Returns
    -------
    dict
        Plain data, as ``json.dumps`` takes it.

    Examples
    --------
    >>> schema()["title"]
    'Scenario'
    """
    described: dict[str, Any] = _shorter(Scenario.model_json_schema(schema_generator=_Generator))
    described["$defs"] |= VALUES
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **described}


class _Generator(GenerateJsonSchema):
    def encode_default(self, dft: Any) -> Any:
        """Describe defaults as people write them."""
        return written(dft)


def _shorter(node: Any) -> Any:
    """Keep the first paragraph of docstrings, and refer to the kinds of values instead of repeating them."""
    if isinstance(node, list):
        return [_shorter(each) for each in node]
    if not isinstance(node, dict):
        return node
    for name, value in VALUES.items():
        if node.get("pattern") == value["pattern"]:
            around = {key: node[key] for key in ("title", "description", "default") if key in node}
            return around | {"$ref": f"#/$defs/{name}"}
    described = {key: _shorter(each) for key, each in node.items()}
    if isinstance(text := described.get("description"), str):
        described["description"] = " ".join(text.split("\n\n")[0].split())
    return described
