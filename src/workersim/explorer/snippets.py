"""The same as text: a YAML file, a line of Python, a command for the shell."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from workersim.scenario import Scenario

__all__ = ["file_name", "python", "shell"]


def python(shown: Scenario, text: str, *, source: str, changes: Mapping[str, Any]) -> str:
    """Return a line that runs what is shown; of a scenario from a file it names what was changed."""
    if not source:
        return f"import workersim as ws; result = ws.run(ws.read({text!r}))"
    run = shown.run
    said: dict[str, Any] = dict(changes) | {"run.replications": run.replications, "run.until": str(run.until)}
    if run.warm_up or "run.warm_up" in changes:
        said["run.warm_up"] = str(run.warm_up)
    return f"import workersim as ws; result = ws.run(ws.load({source!r}).replace_all({said!r}))"


def shell(text: str) -> str:
    """Return a command that runs the scenario of a YAML text, with the text in it."""
    end = "YAML"
    while end in text.split("\n"):
        end += "_"
    return f"workersim run /dev/stdin <<'{end}'\n{text}{end}\n"


def file_name(shown: Scenario) -> str:
    """Return a name for the file that holds what is shown."""
    words = re.findall(r"[a-z0-9]+", shown.name.lower())
    return "-".join(words)[:60].strip("-") + ".yaml" if words else "scenario.yaml"
