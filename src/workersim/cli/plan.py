"""``workersim plan``: the cheapest fleet that meets targets."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from workersim.cli.progress import progress_bar
from workersim.cli.shell import interruptible, naming

if TYPE_CHECKING:
    from workersim.experiments.planning import Plan
    from workersim.scenario import Scenario

__all__ = ["command"]

_MISSED = 1


@click.command(name="plan", short_help="Find the cheapest fleet that meets targets.")
@click.argument("scenario", metavar="SCENARIO.yaml")
@click.option(
    "--target", "targets", multiple=True, required=True, metavar="SENTENCE", help="Such as 'wait.p95 <= 5 min'."
)
@click.option(
    "--vary",
    multiple=True,
    metavar="KEY=VALUES",
    help="Such as fleet.replicas=1:60 or fleet.concurrency=2,4,6; by default the replicas.",
)
@click.option("--minimise", default="cost", show_default=True, metavar="cost", help="What is to be low.")
@click.option("--gate", is_flag=True, help="Exit with 1 if the present fleet misses a target.")
@click.option("--rules", is_flag=True, help="Say what rules of thumb would buy, too.")
@click.option("--json", "as_json", is_flag=True, help="Print an object.")
@click.pass_context
def command(context: click.Context, /, scenario: str, *, gate: bool, rules: bool, as_json: bool, **asked: Any) -> None:
    """Find the cheapest fleet that meets every target, how safe it is, and what to deploy.

    The answer has the recommended choice, one smaller, one larger and the present fleet: what an hour costs, the
    figures with their 95 % intervals, on how many days the targets hold, and the load at which they break.
    """
    from workersim.scenario import load  # noqa: PLC0415  # --help need not wait for pydantic

    loaded = load(scenario)
    found = _plan(loaded, asked)
    judged = interruptible(found.rules) if rules else None
    if as_json:
        said = found.to_dict() | ({"rules": judged.to_dict()} if judged else {})
        click.echo(json.dumps(said, indent=2, allow_nan=False))
    else:
        click.echo(found.summary() + (f"\n\nRules of thumb:\n{judged.summary()}" if judged else ""))
    if gate and not found.present.decision.meets:
        context.exit(_MISSED)


def _plan(scenario: Scenario, asked: dict[str, Any]) -> Plan:
    from workersim.experiments.grid import read_vary  # noqa: PLC0415  # as above
    from workersim.experiments.planning import plan  # noqa: PLC0415  # as above
    from workersim.experiments.planning.targets import parse_targets  # noqa: PLC0415  # as above

    vary = read_vary(asked["vary"]) if asked["vary"] else None
    parse_targets(asked["targets"])  # before the file is blamed for it
    with naming(scenario), progress_bar(scenario.name) as progress:
        return interruptible(
            lambda: plan(scenario, target=asked["targets"], vary=vary, minimise=asked["minimise"], progress=progress)
        )
