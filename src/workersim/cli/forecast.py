"""``workersim forecast``: from the present state onwards."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from workersim.cli.progress import progress_bar
from workersim.cli.shell import interruptible

if TYPE_CHECKING:
    from workersim.experiments.forecasting import Forecast

__all__ = ["command"]


@click.command(name="forecast", short_help="Say when the backlog is gone, and when the next is finished.")
@click.argument("state", required=False, metavar="[STATE.yaml]")
@click.option("--broker", metavar="URL", help="Instead of a file, ask a live Celery: redis://localhost:6379/0.")
@click.option("--scenario", metavar="FILE.yaml", help="Fleet and job classes; a state may name it itself.")
@click.option("--queue", "queues", multiple=True, metavar="NAME", help="With --broker: look at this list, too.")
@click.option("--key-prefix", default="", metavar="TEXT", help="With --broker: Celery's global_keyprefix.")
@click.option("--replications", type=click.IntRange(19, 100_000), default=999, show_default=True)
@click.option("--seed", type=click.IntRange(0, 2**63 - 1), default=1, show_default=True)
@click.option("--engine", type=click.Choice(["auto", "simpy", "compiled"]), default="auto", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print an object.")
def command(state: str | None, *, broker: str | None, as_json: bool, **options: Any) -> None:
    """Say when the backlog is gone, and when a document that is sent now is finished, with 90 % intervals.

    A state says what waits, what runs and for how long. What running documents still need is drawn from the services
    of their class that are longer than they have run.
    """
    if (state is None) == (broker is None):
        msg = "expected either a state file or --broker"
        raise click.UsageError(msg, click.get_current_context())
    where = {name: options.pop(name) for name in ("queues", "key_prefix")}
    found = _forecast(state, broker, where, options)
    click.echo(json.dumps(found.to_dict(), indent=2, allow_nan=False) if as_json else found.summary())


def _forecast(state: str | None, broker: str | None, where: dict[str, Any], options: dict[str, Any]) -> Forecast:
    from workersim.experiments.forecasting import forecast  # noqa: PLC0415  # --help need not wait for it

    now: Any = state
    if broker is not None:
        from workersim.experiments.forecasting.live import live_state  # noqa: PLC0415  # as above

        now, options["scenario"] = live_state(broker, options["scenario"], **where)
    with progress_bar("forecast") as progress:
        return interruptible(lambda: forecast(now, **options, progress=progress))
