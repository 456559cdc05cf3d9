"""``workersim inspect``: what a recorded file holds."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from workersim.cli.progress import progress_bar
from workersim.cli.shell import interruptible
from workersim.errors import InputError

if TYPE_CHECKING:
    from workersim.traces import Recording

__all__ = ["columns_of", "command", "reading_options"]


def reading_options(command: Any) -> Any:
    """Give a command the options that say how a file is to be read."""
    options = [
        click.option("--format", "format_", metavar="FORMAT", help="Instead of what the file looks like."),
        click.option(
            "--column",
            "columns",
            multiple=True,
            metavar="ROLE=COLUMN",
            help="Which column says what, such as arrival=t_s; once for each.",
        ),
        click.option("--processes", type=click.IntRange(1, 10_000), help="Of each worker, if the file does not say."),
    ]
    for option in reversed(options):
        command = option(command)
    return command


@click.command(name="inspect", short_help="Say what a recorded file holds.")
@click.argument("trace", metavar="FILE")
@click.option("--json", "as_json", is_flag=True, help="Print an object.")
@reading_options
def command(trace: str, *, as_json: bool, **reading: Any) -> None:
    """Say what a recorded file holds: jobs, rates, waits, services, what was repaired, and what it cannot tell.

    CSV, Parquet, SWF, Celery events (JSON lines), Flower's /api/tasks, exports of django-celery-results and of
    Airflow's task_instance; as they are, or compressed by gzip or zstd.
    """
    recording = read(trace, **reading)
    if as_json:
        click.echo(json.dumps(recording.to_dict(), indent=2, allow_nan=False))
    else:
        click.echo(recording.summary())


def read(trace: str, *, format_: str | None, columns: tuple[str, ...], processes: int | None) -> Recording:
    """Read a file as the options say."""
    from workersim.traces import read_trace  # noqa: PLC0415  # --help need not wait for it

    roles = columns_of(columns)
    with progress_bar(trace) as progress:
        return interruptible(lambda: read_trace(trace, format_, roles or None, processes=processes, progress=progress))


def columns_of(written: tuple[str, ...]) -> dict[str, str]:
    """Return roles and columns from texts such as ``arrival=t_s``."""
    roles = {}
    for each in written:
        role, equals, column = each.partition("=")
        if not equals or not column:
            msg = f"--column: expected a role and its column, such as arrival=t_s, found {each!r}"
            raise InputError(msg)
        roles[role.strip()] = column.strip()
    return roles
