"""Serve the explorer to this machine, and to nobody else."""

from __future__ import annotations

import importlib.util
import sys
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from workersim.errors import InputError, MissingExtraError

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask
    from werkzeug.serving import BaseWSGIServer

    from workersim.scenario import Scenario

__all__ = ["HOST", "explore", "serve", "server_of"]

HOST = "127.0.0.1"
_NAMES = (HOST, "localhost")


def explore(scenario: Scenario | None = None, *, port: int = 0) -> None:
    """Open the explorer: below the cell in a notebook, else until Ctrl-C at an address that is printed.

    Parameters
    ----------
    scenario
        Where the controls begin; default: ten documents of 20 minutes on four processes.
    port
        Of 127.0.0.1; 0 takes a free one.

    Raises
    ------
    MissingExtraError
        If Dash is not installed.
    InputError
        If the port is taken.
    """
    if "ipykernel" not in sys.modules:
        serve(scenario, port=port, ready=lambda address: sys.stderr.write(f"workersim explorer at {address}\n"))
        return
    from workersim.experiments.run import ensure_scenario  # noqa: PLC0415 (with the engines' room)

    ensure_dash()
    if scenario is not None:
        ensure_scenario(scenario)
    app = _app(scenario)
    port = port or _free_port()
    guard(app.server)
    app.run(host=HOST, port=port, jupyter_mode="inline", jupyter_height=1100, debug=False)


def serve(scenario: Scenario | None, *, port: int, ready: Callable[[str], Any]) -> None:
    """Serve until somebody interrupts it.

    Parameters
    ----------
    scenario, port
        As for ``explore``.
    ready
        Called with the address, once it answers.

    Raises
    ------
    MissingExtraError, InputError
        As ``explore``.
    """
    server = server_of(scenario, port=port)
    with server:
        ready(f"http://{HOST}:{server.server_port}/")
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            return


def server_of(scenario: Scenario | None, *, port: int = 0) -> BaseWSGIServer:
    """Return a server that is bound to its port, and answers once it is told to serve."""
    ensure_dash()
    from werkzeug.serving import WSGIRequestHandler, make_server  # noqa: PLC0415 (comes with Dash)

    class Quiet(WSGIRequestHandler):
        """A line for each request helps nobody who moves a slider."""

        def log_request(self, *_: Any) -> None:
            """Say nothing."""

    app = _app(scenario)
    guard(app.server)
    _warm_up(scenario)
    try:
        return make_server(HOST, port, app.server, threaded=True, request_handler=Quiet)
    except (OSError, SystemExit):
        msg = f"port {port} of {HOST} cannot be used: something else listens there, or it is not allowed"
        raise InputError(msg) from None


def guard(server: Flask) -> None:
    """Refuse what a page of somebody else sends, also where its name leads here (DNS rebinding)."""
    from flask import abort, request  # noqa: PLC0415 (comes with Dash)

    @server.before_request
    def refuse_strangers() -> None:
        origin = request.headers.get("Origin")
        hosts = [urlsplit(f"//{request.host}").hostname]
        if origin is not None:
            hosts.append(urlsplit(origin).hostname)
        if any(host not in _NAMES for host in hosts):
            abort(403)


def ensure_dash() -> None:
    """Say how to install what the explorer needs.

    Raises
    ------
    MissingExtraError
        If Dash is not there.
    """
    if importlib.util.find_spec("dash") is None:
        msg = "ws.explore needs Dash: pip install 'workersim[explore]'"
        raise MissingExtraError(msg)


def _app(scenario: Scenario | None) -> Any:
    from workersim.explorer.app import make_app  # noqa: PLC0415 (Dash takes a second)
    from workersim.explorer.controls import example  # noqa: PLC0415 (as above)

    return make_app(example() if scenario is None else scenario)


def _warm_up(scenario: Scenario | None) -> None:
    """Run once, so that compiled code is there when the first slider moves."""
    from workersim.explorer.controls import Controls, example  # noqa: PLC0415 (as above)
    from workersim.explorer.running import quick  # noqa: PLC0415 (as above)

    first = example() if scenario is None else scenario
    quick(Controls(arrivals="steady", cv=0.5, hours=2.0).applied(example()))
    quick(first)


def _free_port() -> int:
    import socket  # noqa: PLC0415 (only a notebook needs it)

    with socket.socket() as found:
        found.bind((HOST, 0))
        return int(found.getsockname()[1])
