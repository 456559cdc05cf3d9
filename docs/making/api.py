"""The reference of the library: every public name, in groups, with its docstring."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

import workersim as ws

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["make", "pages"]

_GROUPS = {
    "What is done": [
        *("run", "check", "compare", "sweep", "plan", "sensitivity", "report", "explore"),
        *("read_trace", "replay", "check_observed"),
    ],
    "What comes out": [
        *("Result", "Verdicts", "Verdict", "Comparison", "Sweep", "Plan", "Sensitivity", "Replay", "Recording"),
        *("RunLog", "StepFunction"),
    ],
    "Scenarios": ["load", "read", "schema", "Scenario", "Fleet", "Workload", "Job", "Phase", "RunSettings", "Claim"],
    "Arrivals": ["Burst", "Every", "Poisson", "Renewal", "Profile", "Mmpp", "Trace"],
    "Distributions": [
        *("Deterministic", "Exponential", "Erlang", "Gamma", "Lognormal", "Weibull", "Hyperexponential"),
        *("Uniform", "Triangular", "Empirical", "Scipy"),
    ],
    "Errors": ["WorkersimError", "InputError", "LogError", "MissingExtraError"],
}


def make(_root: Path, target: Path) -> None:
    """Write the pages: the library, and its two modules."""
    (target / "api.md").write_text("\n".join(pages()), encoding="utf-8")
    for module in (ws.plots, ws.theory):
        name = module.__name__.rpartition(".")[2]
        lines = [line for each in sorted(module.__all__, key=str.lower) for line in _entry(module, each, level=2)]
        (target / f"api-{name}.md").write_text("\n".join(lines), encoding="utf-8")


def pages() -> Iterator[str]:
    """Yield the lines; what is in no group stands at the end, so that nothing public is left out."""
    named = {name for names in _GROUPS.values() for name in names}
    others = [name for name in ws.__all__ if name not in {*named, "__version__", "plots", "theory"}]
    for group, names in [*_GROUPS.items(), ("More", others)]:
        if names:
            yield from (f"## {group}", "")
            for name in names:
                yield from _entry(ws, name)


def _entry(module: Any, name: str, *, level: int = 3) -> Iterator[str]:
    """Yield the directive for a public name, and for a part of a scenario the table of its keys."""
    value = getattr(module, name)
    if inspect.ismodule(value):  # a room that has the name of its function
        value = getattr(value, name)
        module = inspect.getmodule(value)
    path = f"{module.__name__}.{name}"
    yield from (f"{'#' * level} `{name}`", "", "```{eval-rst}")
    if not inspect.isclass(value):
        yield f".. autofunction:: {path}"
    elif hasattr(value, "model_fields"):
        keys = ", ".join(value.model_fields)
        yield from (f".. autoclass:: {path}({'*, ' if keys else ''}{keys})", "   :members:")
    else:
        yield from (f".. autoclass:: {path}", "   :members:", "   :special-members: __len__")
    yield from ("```", "")
    if inspect.isclass(value) and hasattr(value, "model_fields"):
        yield from _keys(value)


def _keys(model: Any) -> Iterator[str]:
    yield from ("| argument | default | meaning |", "|---|---|---|")
    for name, field in model.model_fields.items():
        default = (
            "must be given" if field.is_required() else f"`{_shown(field.get_default(call_default_factory=True))}`"
        )
        yield f"| `{name}` | {default} | {(field.description or '').replace('|', chr(92) + '|')} |"
    yield ""


def _shown(default: Any) -> str:
    """Return a default as somebody would write it."""
    if isinstance(default, str | int | float | bool) or default is None:
        return str(default) if hasattr(default, "seconds") or not isinstance(default, str) else repr(default)
    text = repr(default)
    return text if len(text) < 60 else f"{type(default).__name__}(…)"
