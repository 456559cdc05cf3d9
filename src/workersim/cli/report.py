"""``workersim report``: scenarios in, a page to send out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from workersim.cli.progress import progress_bar
from workersim.cli.shell import interruptible, naming

if TYPE_CHECKING:
    from workersim.report.gathering import Settings, Told
    from workersim.scenario import Scenario

__all__ = ["command"]


@click.command(name="report", short_help="Write a page about scenarios that can be sent to somebody.")
@click.argument("scenarios", nargs=-1, required=True, metavar="SCENARIO.yaml|FOLDER...")
@click.option("--out", required=True, metavar="FILE.html", help="An older report of that name is replaced.")
@click.option(
    "--engine",
    type=click.Choice(["auto", "simpy", "compiled"]),
    default="auto",
    show_default=True,
    help="Both give the same log; auto takes the faster one.",
)
@click.option("--seed", type=click.IntRange(0, 2**63 - 1), help="Instead of the scenario's.")
@click.option("--replications", type=click.IntRange(1, 100_000), help="Instead of the scenario's.")
@click.option("--note", default="", metavar="TEXT", help="A line below the title, such as who made it and when.")
def command(scenarios: tuple[str, ...], *, out: str, note: str, **settings: Any) -> None:
    """Write one page about scenarios: the answer first, then waits, queue, slots, cost, claims, comparison.

    The page is a single file that needs no network.  A folder stands for the *.yaml files in it.
    """
    from workersim.experiments.output_file import OutputFile  # noqa: PLC0415  # --help need not wait for pydantic
    from workersim.report.gathering import Settings  # noqa: PLC0415  # as above
    from workersim.report.making import Report, ensure_replaceable  # noqa: PLC0415  # as above
    from workersim.scenario import load_many  # noqa: PLC0415  # as above

    file = OutputFile("--out", out, (".html", ".htm"))
    ensure_replaceable(file.path)
    loaded, asked = load_many(scenarios), Settings(**settings)
    told = [_gather(scenario, asked) for scenario in loaded]
    from workersim.report.page import page  # noqa: PLC0415  # matplotlib; mistakes are told before it is loaded

    written = Report(page(told, asked, note=note))
    file.write(lambda draft: draft.write_bytes(written.html.encode()))
    click.echo(f"{out}: {len(loaded)} scenario{'s' * (len(loaded) != 1)}, {len(written.html.encode()) / 1000:,.0f} kB")


def _gather(scenario: Scenario, settings: Settings) -> Told:
    from workersim.report.gathering import gather  # noqa: PLC0415  # as above

    with naming(scenario), progress_bar(scenario.name) as progress:
        return interruptible(lambda: gather(scenario, settings, progress=progress))
