"""``workersim sensitivity``: which input moves a figure most."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from workersim.cli.progress import progress_bar
from workersim.cli.shell import interruptible, naming

if TYPE_CHECKING:
    from workersim.experiments.sensitivities import Sensitivity
    from workersim.scenario import Scenario

__all__ = ["command"]


@click.command(name="sensitivity", short_help="Say which input moves a figure most.")
@click.argument("scenario", metavar="SCENARIO.yaml")
@click.option("--measure", default="wait.p95", show_default=True, help="A figure of run --json.")
@click.option(
    "--method",
    type=click.Choice(["one", "morris", "sobol"]),
    default="one",
    show_default=True,
    help="One input at a time, or all at once (needs SALib).",
)
@click.option("--span", default="20%", show_default=True, metavar="SHARE", help="How far inputs are turned.")
@click.option("--replications", type=click.IntRange(1, 100_000), help="Of each variant; by default 20, or 4.")
@click.option("--samples", type=click.IntRange(2, 2**14), help="For Morris (20) and Sobol (64, a power of 2).")
@click.option("--json", "as_json", is_flag=True, help="Print an object.")
def command(scenario: str, *, as_json: bool, **asked: Any) -> None:
    """Say which input moves a figure most: service mean and cv, wait ratio, rate, burstiness, start-up, prefetch.

    Each is turned down and up by a share of what the scenario says, on the same documents.
    """
    from workersim.scenario import load  # noqa: PLC0415  # --help need not wait for pydantic

    asked["span"] = _share(asked["span"])
    loaded, often = load(scenario), asked.pop("replications")
    found = _study(loaded if often is None else loaded.replace("run.replications", often), asked)
    click.echo(json.dumps(found.to_dict(), indent=2, allow_nan=False) if as_json else found.summary())


def _share(written: str) -> float:
    from workersim.errors import InputError  # noqa: PLC0415  # as above
    from workersim.units import parse_share  # noqa: PLC0415  # as above

    try:
        return float(parse_share(written))
    except ValueError as error:
        msg = f"--span: {error}"
        raise InputError(msg) from None


def _study(scenario: Scenario, asked: dict[str, Any]) -> Sensitivity:
    from workersim.experiments.sensitivities import sensitivity  # noqa: PLC0415  # as above

    with naming(scenario), progress_bar(scenario.name) as progress:
        return interruptible(lambda: sensitivity(scenario, **asked, progress=progress))
