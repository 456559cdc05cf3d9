"""``workersim check``: a verdict on every claim."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from workersim.cli.progress import progress_bar
from workersim.cli.shell import interruptible, naming

if TYPE_CHECKING:
    from workersim.claims import Verdict
    from workersim.scenario import Scenario

__all__ = ["command"]

_REFUTED = 1


@click.command(name="check", short_help="Give a verdict on every claim in scenarios.")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option("--json", "as_json", is_flag=True, help="Print a list of verdicts.")
@click.option(
    "--budget",
    type=click.IntRange(1, 100_000),
    default=160,
    show_default=True,
    help="The most replications that an open claim may take where chance has a part.",
)
@click.option("--strict", is_flag=True, help="Exit with 1 if a claim is refuted.")
@click.pass_context
def command(context: click.Context, paths: tuple[str, ...], *, budget: int, as_json: bool, strict: bool) -> None:
    """Give a verdict on every claim in scenario files, and in those of folders and their folders.

    A claim is supported, refuted, inconclusive, or assumed (it is an input of the model). Verdicts are
    findings, not errors: the exit code is 0 whatever they are. Where chance has a part, a scenario is run
    10 times and then more, until every claim is decided or the budget ends.
    """
    from workersim.scenario import load_many  # noqa: PLC0415  # --help need not wait for pydantic

    verdicts: list[Verdict] = []
    for scenario in load_many(paths, recursive=True):
        found = _check(scenario, budget)
        if not as_json:
            click.echo(_table(scenario, found) + "\n")
        verdicts += found
    if as_json:
        click.echo(json.dumps([verdict.to_dict() for verdict in verdicts], indent=2, allow_nan=False))
    else:
        from workersim.experiments.verdicts import counted  # noqa: PLC0415  # as above

        click.echo(counted(verdicts))
    if strict and any(verdict.verdict == "refuted" for verdict in verdicts):
        context.exit(_REFUTED)


def _check(scenario: Scenario, budget: int) -> list[Verdict]:
    from workersim.experiments.check import check  # noqa: PLC0415  # as above

    with naming(scenario), progress_bar(scenario.name) as progress:
        return interruptible(lambda: check(scenario, budget=budget, progress=progress))


def _table(scenario: Scenario, verdicts: list[Verdict]) -> str:
    from workersim.experiments.verdicts import verdict_table  # noqa: PLC0415  # as above

    return verdict_table(verdicts, title=scenario.name)
