"""``workersim capture``: write down what a live Celery does."""

from __future__ import annotations

import signal
import threading
from typing import TYPE_CHECKING, Any

import click

from workersim.errors import InputError

if TYPE_CHECKING:
    from workersim.traces.capture import Captured, Wanted

__all__ = ["command"]


@click.command(name="capture", short_help="Write down what a live Celery does.")
@click.option("--broker", required=True, metavar="URL", help="Such as redis://localhost:6379/0.")
@click.option("--out", required=True, metavar="FILE.jsonl", help="A new file; none is overwritten.")
@click.option("--queue", "queues", multiple=True, metavar="NAME", help="Watch this list too; once for each.")
@click.option("--every", default="1 s", show_default=True, metavar="TIME", help="Between two looks at the lists.")
@click.option("--for", "lasts", metavar="TIME", help="End after this long; by default with Ctrl-C.")
@click.option("--with-arguments", is_flag=True, help="Keep arguments, results and exceptions, too.")
@click.option("--enable-events", is_flag=True, help="Tell workers that were started without -E to send events.")
@click.option("--key-prefix", default="", metavar="TEXT", help="Celery's global_keyprefix.")
def command(broker: str, out: str, **options: Any) -> None:
    """Write down events, list lengths and settings of a live Celery, for inspect, replay and calibrate.

    It reads, and changes nothing in Redis. It goes on when the broker is restarted, and says how long that took.
    Arguments and results of tasks are not kept. Needs workersim[celery].
    """
    wanted = _wanted(**options)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    from workersim.traces.capture import capture  # noqa: PLC0415  # --help need not wait for it

    told = capture(broker, out, wanted, stop=stop, say=lambda sentence: click.echo(sentence, err=True))
    click.echo(_summary(told, out))


def _wanted(*, queues: tuple[str, ...], every: str, lasts: str | None, **more: Any) -> Wanted:
    from workersim.traces.capture import Wanted  # noqa: PLC0415  # as above

    every_s = _seconds("--every", every)
    if every_s < 0.01:
        msg = f"--every: expected 10 ms or more, found {every}"
        raise InputError(msg)
    return Wanted(
        queues=("celery", *queues),
        every_s=every_s,
        lasts_s=None if lasts is None else _seconds("--for", lasts),
        **more,
    )


def _seconds(option: str, text: str) -> float:
    from workersim.units import SECOND, parse_duration  # noqa: PLC0415  # as above

    try:
        return int(parse_duration(text)) / SECOND
    except ValueError as error:
        msg = f"{option}: {error}"
        raise InputError(msg) from None


def _summary(told: Captured, out: str) -> str:
    gaps = "" if not told.gaps_s else f", with {len(told.gaps_s)} gaps of {sum(told.gaps_s):,.1f} s in all"
    return f"{told.events:,} events of {told.tasks:,} tasks and {told.workers:,} workers in {out}{gaps}"
