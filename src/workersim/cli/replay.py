"""``workersim replay``: recorded jobs on another fleet."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from workersim.cli.inspect import read, reading_options
from workersim.cli.shell import interruptible

if TYPE_CHECKING:
    from workersim.experiments.replay import Replay

__all__ = ["command"]


@click.command(name="replay", short_help="Run recorded jobs on another fleet.")
@click.argument("trace", metavar="TRACE")
@click.option("--fleet", metavar="FILE.yaml", help="A scenario without workload, run and claims.")
@click.option(
    "--engine",
    type=click.Choice(["auto", "simpy", "compiled"]),
    default="auto",
    show_default=True,
    help="Both give the same log; auto takes the faster one.",
)
@click.option("--seed", type=click.IntRange(0, 2**63 - 1), default=1, show_default=True, help="For --scale.")
@click.option("--scale", default="1x", show_default=True, metavar="2x", help="How much of the traffic.")
@click.option("--speed", default="1x", show_default=True, metavar="2x", help="How much faster jobs arrive.")
@click.option("--from", "from_", metavar="TIME", help="Only jobs from then on: a duration such as '2 h'.")
@click.option("--to", metavar="TIME", help="Only jobs before then.")
@click.option("--json", "as_json", is_flag=True, help="Print an object.")
@click.option("--jobs-out", metavar="FILE.csv|.parquet", help="Write one row a simulated attempt.")
@click.option("--plot", metavar="FILE.png|.svg|.pdf", help="Draw waits and queue lengths.")
@reading_options
def command(
    trace: str, *, fleet: str | None, as_json: bool, jobs_out: str | None, plot: str | None, **options: Any
) -> None:
    """Run recorded jobs on a fleet, and say how that differs from what was observed.

    Without --fleet the recorded fleet is taken, if the file tells of one.
    """
    file = None
    if jobs_out is not None:
        from workersim.experiments.table_file import TableFile  # noqa: PLC0415  # --help need not wait for it

        file = TableFile(jobs_out, "--jobs-out")
    reading = {name: options.pop(name) for name in ("format_", "columns", "processes")}
    found = _replayed(read(trace, **reading), fleet, options)
    if file:
        file.write(found.attempts)
    if plot is not None:
        _draw(found, plot)
    click.echo(json.dumps(found.to_dict(), indent=2, allow_nan=False) if as_json else found.summary())


def _replayed(recording: Any, fleet: str | None, options: dict[str, Any]) -> Replay:
    from workersim.experiments.replay import replay  # noqa: PLC0415  # as above

    return interruptible(lambda: replay(recording, fleet, **options))


def _draw(found: Replay, name: str) -> None:
    from workersim.plots.replayed import save_replay  # noqa: PLC0415  # as above

    save_replay(found, name)
