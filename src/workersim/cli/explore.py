"""``workersim explore``: sliders and fields in a browser, served to this machine only."""

from __future__ import annotations

import click

__all__ = ["command"]


@click.command(name="explore", short_help="Move sliders in a browser and see at once what the fleet does.")
@click.argument("scenario", required=False, metavar="[SCENARIO.yaml]")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Of 127.0.0.1; by default a free one.")
@click.option("--browser", is_flag=True, help="Open it in the browser of this machine.")
def command(scenario: str | None, *, port: int, browser: bool) -> None:
    """Serve a page with sliders for the fleet and its work, and pictures of what comes of it.

    It begins with a scenario, or with ten documents on four processes. Only this machine can reach it. Ctrl-C ends it.
    """
    from workersim.explorer.serving import ensure_dash, serve  # noqa: PLC0415  # --help need not wait for it

    ensure_dash()
    loaded = None
    if scenario is not None:
        from workersim.scenario import load  # noqa: PLC0415  # as above

        loaded = load(scenario)

    def ready(address: str) -> None:
        click.echo(f"workersim explorer at {address} (Ctrl-C ends it)")
        if browser:
            click.launch(address)

    serve(loaded, port=port, ready=ready)
