"""``workersim explain``: where the waiting comes from, and what would shorten it most."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from workersim.cli.progress import progress_bar
from workersim.cli.shell import interruptible, naming

if TYPE_CHECKING:
    from workersim.experiments.explaining import Explanation
    from workersim.scenario import Scenario

__all__ = ["command"]


@click.command(name="explain", short_help="Say where the waiting comes from.")
@click.argument("scenario", metavar="SCENARIO.yaml")
@click.option("--replications", type=click.IntRange(1, 100_000), help="By default 10 at least where chance has a part.")
@click.option("--seed", type=click.IntRange(0, 2**63 - 1), help="Instead of the scenario's.")
@click.option("--json", "as_json", is_flag=True, help="Print an object.")
def command(scenario: str, *, replications: int | None, seed: int | None, as_json: bool) -> None:
    """Say where the waiting comes from, and which one change would shorten it most.

    Crashes, start-up of containers, reservation by Celery's workers, bursts and different lengths are switched
    off one after the other on the same documents. What each takes away is its share; what is left is load.
    """
    from workersim.scenario import load  # noqa: PLC0415  # --help need not wait for pydantic

    found = _explain(load(scenario), replications, seed)
    click.echo(json.dumps(found.to_dict(), indent=2, allow_nan=False) if as_json else found.summary())


def _explain(scenario: Scenario, replications: int | None, seed: int | None) -> Explanation:
    from workersim.experiments.explaining import explain  # noqa: PLC0415  # as above

    with naming(scenario), progress_bar(scenario.name) as progress:
        return interruptible(lambda: explain(scenario, replications=replications, seed=seed, progress=progress))
