"""``workersim sweep``: a scenario with every combination of some of its values."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import click

from workersim.cli.progress import progress_bar
from workersim.cli.shell import interruptible, naming

if TYPE_CHECKING:
    from workersim.experiments.swept import Sweep
    from workersim.scenario import Scenario

__all__ = ["command"]


@click.command(name="sweep", short_help="Run a scenario with every combination of some values.")
@click.argument("scenario", metavar="SCENARIO.yaml")
@click.option(
    "--vary",
    multiple=True,
    required=True,
    metavar="KEY=VALUES",
    help="What to vary: 1:10 (both ends), 1:10:3, 1:64:x2 (log), 2,4,6, '5:30:5 min'; several times for combinations.",
)
@click.option(
    "--replications",
    type=click.IntRange(1, 100_000),
    help="Of each point; default: what the scenario says, 10 at least where chance has a part.",
)
@click.option("--seed", type=click.IntRange(0, 2**63 - 1), help="Instead of the scenario's.")
@click.option(
    "--out", metavar="FILE.csv|.parquet", help="Write a row a point; the same command goes on after it was killed."
)
@click.option("--cluster", metavar="ADDRESS", help="Of a Dask scheduler, such as tcp://10.0.0.1:8786.")
@click.option("--processes", is_flag=True, help="Use processes instead of threads.")
def command(scenario: str, **settings: Any) -> None:
    """Run a scenario with every combination of some of its values, all on the same documents.

    Prints the main figures of each point with their 95 % intervals; --out has all of them. The table does
    not depend on where it is worked out: threads, processes or a cluster.
    """
    from workersim.experiments.grid import read_vary  # noqa: PLC0415  # --help need not wait for pydantic
    from workersim.scenario import load  # noqa: PLC0415  # as above

    if settings["cluster"] and settings["processes"]:
        msg = "expected either --cluster or --processes, found both"
        raise click.UsageError(msg, click.get_current_context())
    vary, loaded = read_vary(settings["vary"]), load(scenario)
    if settings["seed"] is not None:
        loaded = loaded.replace("run.seed", settings["seed"])
    click.echo(_sweep(loaded, vary, settings).summary())


def _sweep(scenario: Scenario, vary: dict[str, Any], settings: dict[str, Any]) -> Sweep:
    from workersim.experiments.executing import cluster, processes  # noqa: PLC0415  # as above
    from workersim.experiments.sweep import sweep  # noqa: PLC0415  # as above

    with ExitStack() as stack:
        executor = processes if settings["processes"] else None
        if settings["cluster"]:
            executor = stack.enter_context(cluster(settings["cluster"]))
        stack.enter_context(naming(scenario))
        progress = stack.enter_context(progress_bar(scenario.name))
        return interruptible(
            lambda: sweep(
                scenario,
                vary,
                replications=settings["replications"],
                executor=executor,
                out=settings["out"],
                progress=progress,
            )
        )
