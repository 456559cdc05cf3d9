"""The reference of the shell: what each command prints for ``--help``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["make"]


def make(_root: Path, target: Path) -> None:
    """Write the help of all commands, a section each."""
    from workersim.cli import main  # noqa: PLC0415 (click alone, with this module)

    context = click.Context(main, info_name="workersim", max_content_width=88)
    parts = [_block(main, context)]
    for name in main.list_commands(context):
        command = main.get_command(context, name)
        if command is None or command.hidden:
            continue
        parts.append(f"## `{name}`\n\n" + _block(command, click.Context(command, info_name=name, parent=context)))
    (target / "shell.md").write_text("\n".join(parts), encoding="utf-8")


def _block(command: click.Command, context: click.Context) -> str:
    context.max_content_width = 88
    return f"```text\n{command.get_help(context)}\n```\n"
