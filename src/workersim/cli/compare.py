"""``workersim compare``: by how much fleets differ on the same documents."""

from __future__ import annotations

import json

import click

from workersim.cli.progress import progress_bar
from workersim.cli.shell import interruptible

__all__ = ["command"]


@click.command(name="compare", short_help="Compare fleets on the same documents.")
@click.argument("scenarios", nargs=-1, required=True, metavar="A.yaml B.yaml...")
@click.option(
    "--replications",
    type=click.IntRange(1, 100_000),
    help="Of each; default: what the scenarios say, 10 at least where chance has a part.",
)
@click.option("--seed", type=click.IntRange(0, 2**63 - 1), help="Of all; default: that of the first.")
@click.option("--json", "as_json", is_flag=True, help="Print an object with every difference.")
def command(scenarios: tuple[str, ...], *, replications: int | None, seed: int | None, as_json: bool) -> None:
    """Run several fleets on the same documents, and say by how much they differ.

    Differences are B - A within pairs of runs on the same draws, with 95 % intervals; of more than two
    fleets, those of all pairs hold together. A folder stands for the *.yaml files in it.
    """
    from workersim.experiments.compare import compare  # noqa: PLC0415  # --help need not wait for pydantic
    from workersim.scenario import load_many  # noqa: PLC0415  # as above

    loaded = load_many(scenarios)
    if len(loaded) < 2:
        msg = f"expected two scenarios or more, found {len(loaded)}"
        raise click.UsageError(msg, click.get_current_context())
    with progress_bar("compare") as progress:
        found = interruptible(lambda: compare(loaded, seed=seed, replications=replications, progress=progress))
    if as_json:
        click.echo(json.dumps(found.to_dict(), indent=2, allow_nan=False))
    else:
        click.echo(found.summary())
