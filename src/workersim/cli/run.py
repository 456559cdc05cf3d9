"""``workersim run``: scenarios in, figures out."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NoReturn

import click

from workersim.cli.progress import progress_bar
from workersim.cli.shell import interruptible, naming

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from workersim.experiments.result import Result
    from workersim.scenario import Scenario

__all__ = ["command"]


@click.command(name="run", short_help="Run scenarios and print their figures.")
@click.argument("scenarios", nargs=-1, required=True, metavar="SCENARIO.yaml|FOLDER...")
@click.option(
    "--engine",
    type=click.Choice(["auto", "simpy", "compiled"]),
    default="auto",
    show_default=True,
    help="Both give the same log; auto takes the faster one.",
)
@click.option("--seed", type=click.IntRange(0, 2**63 - 1), help="Instead of the scenario's.")
@click.option("--replications", type=click.IntRange(1, 100_000), help="Instead of the scenario's.")
@click.option("--until", metavar="'wait.p95 ± 5%'", help="Run more replications until a figure is known so well.")
@click.option("--max-replications", type=click.IntRange(1, 100_000), help="The most for --until; default 1,000.")
@click.option("--json", "as_json", is_flag=True, help="Print an object, or a list of several.")
@click.option("--jobs-out", metavar="FILE.csv|.parquet", help="Write one row an attempt (replication 0).")
@click.option("--trace-out", metavar="FILE.json", help="Write a trace for ui.perfetto.dev (replication 0).")
@click.option("--events-out", metavar="FILE.jsonl", help="Write Celery's events, for inspect (replication 0).")
def command(scenarios: tuple[str, ...], *, as_json: bool, **settings: Any) -> None:
    """Run scenarios and print their figures: waits, queue length, utilization, memory, cost.

    A folder stands for the *.yaml files in it. --until takes ± or +-, of the mean ('wait.p95 ± 5%') or in a
    unit ('wait.mean ± 30 s'); it is half the width of the 95 % interval over replications.
    """
    most = settings.pop("max_replications")
    if most is not None and settings["until"] is None:
        _misused("--max-replications goes with --until")
    if settings["until"] is not None:
        if settings["replications"] is not None:
            _misused(
                "expected either --replications or --until, found both; --max-replications is the most for --until"
            )
        settings["replications"] = most
    from workersim.scenario import load_many  # noqa: PLC0415  # --help need not wait for pydantic

    files = {option: settings.pop(option) for option in ("jobs_out", "trace_out", "events_out")}
    writers = list(_writers(**files))
    loaded = load_many(scenarios)
    if writers and len(loaded) > 1:
        option = next(option for option, name in files.items() if name is not None)
        msg = f"--{option.replace('_', '-')} holds the attempts of one scenario, found {len(loaded)} of them"
        raise click.UsageError(msg, click.get_current_context())
    objects = []
    for number, scenario in enumerate(loaded):
        result = _run(scenario, settings, keep_log=True if writers else None)
        for write in writers:
            write(result)
        if as_json:
            objects.append(result.to_dict())
        else:
            click.echo("\n" * bool(number) + result.summary())
    if as_json:
        click.echo(json.dumps(objects[0] if len(objects) == 1 else objects, indent=2, allow_nan=False))


def _writers(jobs_out: str | None, trace_out: str | None, events_out: str | None) -> Iterator[Callable[[Result], None]]:
    """Check the files that are asked for, and give what writes each of them."""
    if jobs_out is not None:
        from workersim.experiments.table_file import TableFile  # noqa: PLC0415  # as above

        jobs_file = TableFile(jobs_out, "--jobs-out")
        yield lambda result: jobs_file.write(result.attempts)
    if trace_out is not None:
        from workersim.cli.trace_file import trace_file  # noqa: PLC0415  # as above

        yield trace_file(trace_out)
    if events_out is not None:
        from workersim.cli.trace_file import events_file  # noqa: PLC0415  # as above

        yield events_file(events_out)


def _misused(msg: str) -> NoReturn:
    raise click.UsageError(msg, click.get_current_context())


def _run(scenario: Scenario, settings: dict[str, Any], *, keep_log: bool | None) -> Result:
    from workersim.experiments.run import run  # noqa: PLC0415  # as above

    with naming(scenario), progress_bar(scenario.name) as progress:
        return interruptible(lambda: run(scenario, **settings, keep_log=keep_log, progress=progress))
