"""What is public says what it takes and returns; every key of a scenario says what it means."""

from __future__ import annotations

import inspect
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest

import workersim as ws

from .site_assets import fetched

if TYPE_CHECKING:
    from collections.abc import Iterator

DOCS = Path(__file__).parents[1] / "docs"
sys.path.insert(0, str(DOCS))

from making import api, schema, shell  # noqa: E402 (found by the path above)

# What a model has for its own room, and pydantic for itself.
INTERNAL = {"problems", "children", "written", "model_post_init"}


def public() -> Iterator[tuple[str, Any]]:
    """Yield the public names with what they stand for, those of the two modules too."""
    for name in ws.__all__:
        value = getattr(ws, name)
        if name in ("plots", "theory"):
            yield from ((f"{name}.{each}", getattr(value, each)) for each in value.__all__)
        elif isinstance(value, ModuleType):  # a room that has the name of its function
            yield name, getattr(value, name)
        elif name != "__version__":
            yield name, value


def functions() -> Iterator[tuple[str, Any]]:
    for name, value in public():
        if inspect.isclass(value):
            for called, held in vars(value).items():
                method = held.__func__ if isinstance(held, classmethod | staticmethod) else held
                if inspect.isfunction(method) and not called.startswith("_") and called not in INTERNAL:
                    yield f"{name}.{called}", method
        else:
            yield name, value


FUNCTIONS = dict(functions())


def section(text: str, name: str) -> str:
    found = re.search(rf"^{name}\n-+\n(.*?)(?=^\w[\w ]*\n-{{3,}}|\Z)", text, re.MULTILINE | re.DOTALL)
    return found[1] if found else ""


@pytest.mark.parametrize("name", [name for name, _ in public()])
def test_each_name_has_a_docstring(name: str) -> None:
    assert inspect.getdoc(dict(public())[name])


@pytest.mark.parametrize("name", FUNCTIONS)
def test_each_parameter_is_told(name: str) -> None:
    function = FUNCTIONS[name]
    heads = [line for line in section(inspect.getdoc(function) or "", "Parameters").splitlines() if line[:1].strip()]
    told = set(re.findall(r"\w+", " ".join(heads)))
    taken = set(inspect.signature(function).parameters) - {"self", "cls", "ax"}
    assert taken <= told


@pytest.mark.parametrize("name", FUNCTIONS)
def test_what_is_returned_and_raised_is_told(name: str) -> None:
    function = FUNCTIONS[name]
    text = inspect.getdoc(function) or ""
    if "." not in name.removeprefix("plots.").removeprefix("theory."):
        returned = inspect.signature(function).return_annotation
        assert returned in ("None", None) or section(text, "Returns")
    if re.search(r"^ *raise \w+Error", inspect.getsource(function), re.MULTILINE):
        assert section(text, "Raises")


def test_the_reference_has_every_public_name() -> None:
    page = "\n".join(api.pages())
    assert [
        name for name in ws.__all__ if name not in ("__version__", "plots", "theory") if f"`{name}`" not in page
    ] == []


def test_every_key_of_a_scenario_says_what_it_means() -> None:
    rows = [line for line in schema.pages(ws.schema()) if line.startswith("| `")]
    assert len(rows) > 150
    assert [row for row in rows if row.rstrip(" |").count(" | ") < 2 or row.endswith("|  |")] == []


def test_every_section_of_the_schema_can_be_linked_to() -> None:
    page = "\n".join(schema.pages(ws.schema()))
    assert set(re.findall(r"\]\(#(schema-\w+)\)", page)) <= set(re.findall(r"^\((schema-\w+)\)=$", page, re.MULTILINE))


def test_the_help_of_every_command_is_there(tmp_path: Path) -> None:
    from workersim.cli import main  # noqa: PLC0415 (needed only here)

    shell.make(DOCS.parent, tmp_path)
    page = (tmp_path / "shell.md").read_text(encoding="utf-8")
    for name in main.commands or main.list_commands(None):  # type: ignore[arg-type]  # it looks at no context
        assert f"## `{name}`\n\n```text\nUsage: workersim {name}" in page


def test_what_a_page_would_fetch_is_found(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text(
        '<link rel="stylesheet" href="a.css"><script src="https://cdn.example/x.js"></script>'
        '<a href="https://example.org">a link</a><img src="//example.org/p.png"><style>@import "https://f.example/y"</style>'
    )
    (tmp_path / "a.css").write_text(
        "@font-face { src: url('https://fonts.example/z.woff2') } b { background: url(c.png) }"
    )
    assert [address for _, address in fetched(tmp_path)] == [
        *("https://cdn.example/x.js", "//example.org/p.png", "https://f.example/y"),
        "https://fonts.example/z.woff2",
    ]
