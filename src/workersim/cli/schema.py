"""``workersim schema``: what editors need to help with scenario files."""

from __future__ import annotations

import json

import click

__all__ = ["command"]


@click.command(name="schema", short_help="Print the JSON Schema of a scenario file.")
def command() -> None:
    """Print the JSON Schema of a scenario file, for editors that complete and check YAML."""
    from workersim.scenario import schema  # noqa: PLC0415  # --help need not wait for pydantic

    click.echo(json.dumps(schema(), indent=2, allow_nan=False))
