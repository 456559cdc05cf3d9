"""``workersim theory``: what queueing theory says of Poisson arrivals before equal slots."""

from __future__ import annotations

import json
import textwrap
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from workersim.theory import Queue

__all__ = ["command"]

_WIDTH = 80
_QUANTILES = {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99}


@click.command(name="theory", short_help="Print what queueing theory says, without a simulation.")
@click.option("--slots", type=int, required=True, help="Worker processes: replicas x concurrency.")
@click.option("--rate", required=True, metavar="RATE", help="Arrivals, such as 10/hour.")
@click.option("--service", required=True, metavar="DURATION", help="Mean service, such as '20 min'.")
@click.option(
    "--service-cv",
    type=click.FloatRange(0, 100),
    default=1.0,
    show_default=True,
    help="Deviation of the service divided by its mean: 1 exponential, 0 always the same.",
)
@click.option("--json", "as_json", is_flag=True, help="Print an object.")
def command(*, slots: int, rate: str, service: str, service_cv: float, as_json: bool) -> None:
    """Print what queueing theory says of a steady state: Poisson arrivals, one line before equal slots.

    Exact for exponential and for constant services and for one slot (quantiles but for the last); for
    other services an approximation, which is named.
    """
    queue = _solve(slots, rate, service, service_cv)
    figures = _figures(queue, service_cv)
    click.echo(json.dumps(figures, indent=2, allow_nan=False) if as_json else _table(queue, figures))


def _solve(slots: int, rate: str, service: str, cv: float) -> Queue:
    from workersim import theory  # noqa: PLC0415  # --help need not wait for scipy

    if cv == 1:
        return theory.mmc(slots=slots, rate=rate, service=service)
    if cv == 0:
        return theory.mdc(slots=slots, rate=rate, service=service)
    return theory.mgc(slots=slots, rate=rate, service=service, cv=cv)


def _figures(queue: Queue, cv: float) -> dict[str, Any]:
    """Return the figures in a tree with the names of ``run --json``."""
    quantile = getattr(queue, "wait_quantile_s", None)
    quantiles = {name: None if quantile is None else quantile(p) for name, p in _QUANTILES.items()}
    return {
        "model": queue.title,
        "exact": not queue.approximate,
        "method": queue.method,
        "slots": queue.slots,
        "rate": queue.rate_per_s,
        "service": {"mean": queue.service_s, "cv": cv},
        "offered_load": queue.offered_load,
        "utilization": {"mean": queue.utilization},
        "probability_of_waiting": queue.probability_of_waiting,
        "wait": {"mean": queue.wait_mean_s, **quantiles, "waited": {"mean": queue.waited_mean_s}},
        "response": {"mean": queue.response_mean_s},
        "queue_length": {"mean": queue.queue_length},
    }


def _table(queue: Queue, figures: dict[str, Any]) -> str:
    from workersim.units import format_duration, format_number, format_rate, format_share  # noqa: PLC0415  # as above

    wait = figures["wait"]
    rows = [
        ("slots", f"{queue.slots:,}"),
        ("arrivals", format_rate(queue.rate_per_s)),
        ("service", f"{format_duration(queue.service_s)}, cv {format_number(figures['service']['cv'])}"),
        ("offered load", f"{format_number(queue.offered_load)} erlangs"),
        ("utilization", format_share(queue.utilization)),
        ("probability of waiting", _or_nothing(queue.probability_of_waiting, format_share)),
        ("mean wait", format_duration(queue.wait_mean_s)),
        ("  of those that wait", _or_nothing(queue.waited_mean_s, format_duration)),
        *((f"  {name}", _or_nothing(wait[name], format_duration)) for name in _QUANTILES),
        ("mean response", format_duration(queue.response_mean_s)),
        ("mean queue length", format_number(queue.queue_length)),
    ]
    kind = "approximation" if queue.approximate else "exact"
    lines = [f"{queue.title} in its steady state ({kind})", *(f"{label:<24}{text}" for label, text in rows)]
    notes = [f"By {queue.method}."]
    if wait["p50"] is None:
        notes.append("Quantiles of the wait depend on more than the mean and the cv of the service.")
    return "\n".join([*lines, *(line for note in notes for line in textwrap.wrap(note, _WIDTH))])


def _or_nothing(value: float | None, show: Any) -> str:
    return "—" if value is None else str(show(value))
