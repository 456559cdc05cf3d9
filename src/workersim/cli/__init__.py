"""The shell command ``workersim``; each of its commands is a module, loaded when it is called."""

from __future__ import annotations

import click

from workersim import __version__
from workersim.cli.shell import Shell

__all__ = ["main"]


COMMANDS = (
    "run",
    "check",
    "inspect",
    "replay",
    "capture",
    "calibrate",
    "forecast",
    "compare",
    "sweep",
    "plan",
    "sensitivity",
    "explain",
    "report",
    "explore",
    "theory",
    "schema",
)


@click.group(
    cls=Shell,
    commands_in={name: f"workersim.cli.{name}" for name in COMMANDS},
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80},
)
@click.version_option(__version__, prog_name="workersim")
def main() -> None:
    """Say what a fleet of background workers will do: waits, queues, utilization, cost.

    Start with:  workersim run scenarios/4-overload.yaml
    """
