"""The explorer as a Dash app: each move of a control goes through one function and comes back as a picture."""

from __future__ import annotations

import base64
import binascii
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dash import ClientsideFunction, Dash, Input, Output, State, ctx, html, no_update
from dash.exceptions import PreventUpdate

from workersim.errors import InputError, WorkersimError
from workersim.experiments.answer import answer, between
from workersim.explorer import figures, snippets
from workersim.explorer.controls import Controls
from workersim.explorer.layout import CONTROLS, page
from workersim.explorer.running import quick
from workersim.scenario import read
from workersim.units import format_duration, format_number, format_share, format_size

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from workersim.experiments.result import Result
    from workersim.scenario import Scenario

__all__ = ["make_app", "told"]

_ASSETS = Path(__file__).with_name("assets")
_PICTURES = ("waits", "curve", "queue")
# Fields that are there only while a choice makes them mean something.
_SHOWN = {"jobs": ("arrivals", "burst"), "rate": ("arrivals", "steady"), "hours": ("arrivals", "steady")}
_SHOWN |= {"prefetch": ("worker", "celery"), "acks": ("worker", "celery"), "most": ("policy", "guide")}


def make_app(scenario: Scenario) -> Dash:
    """Return the explorer of a scenario, not yet served.

    Parameters
    ----------
    scenario
        What the controls show at first; files that it names are looked for in its folder.
    """
    app = Dash(
        __name__,
        assets_folder=str(_ASSETS),
        title="workersim explorer",
        update_title="",
        serve_locally=True,
        add_log_handler=False,
    )
    app.index_string = app.index_string.replace("<html>", '<html lang="en">')
    text = scenario.to_yaml()
    app.layout = page(Controls.of(scenario), name=scenario.name, text=text)

    def opened(base: str) -> Scenario:
        """Return the scenario that is open; the first one still knows which file it came from."""
        return scenario if base == text else read(base, source="the file", folder=scenario.folder)

    _answer(app, opened)
    _files(app, opened)
    _film(app)
    return app


def told(base: Scenario, controls: Controls) -> dict[str, Any]:
    """Return everything that the page shows of a scenario with moved controls.

    Raises
    ------
    InputError
        If the values do not go together.
    """
    shown = quick(controls.applied(base))
    result, text = shown.result, shown.scenario.to_yaml()
    return {
        "sentence": answer(result),
        "note": shown.note,
        "figures": _figures(result),
        "waits": figures.waits(result),
        "curve": figures.curve(result),
        "queue": figures.queue(result),
        "film": figures.animation(result),
        "python": snippets.python(shown.scenario, text, source=base.source, changes=controls.changes(base)),
        "shell": snippets.shell(text),
        "shown": {"text": text, "name": snippets.file_name(shown.scenario)},
    }


def _answer(app: Dash, opened: Callable[[str], Scenario]) -> None:
    outputs = {name: Output(name, "children") for name in ("sentence", "note", "figures", "python", "shell", "problem")}
    outputs |= {name: Output(name, "figure") for name in _PICTURES}
    outputs |= {name: Output(name, "data") for name in ("film", "shown")}
    outputs |= {f"{name}-field": Output(f"{name}-field", "hidden") for name in _SHOWN}
    inputs = {name: Input(name, "value") for name in CONTROLS}

    @app.callback(output=outputs, inputs={"values": inputs, "base": Input("base", "data")})
    def update(values: Mapping[str, Any], base: str) -> dict[str, Any]:
        reply: dict[str, Any] = dict.fromkeys(outputs, no_update)
        try:
            scenario = opened(base)
            controls = Controls.read(values, Controls.of(scenario))
            reply |= told(scenario, controls)
        except WorkersimError as error:
            return reply | {"problem": str(error)}
        reply |= {f"{name}-field": getattr(controls, choice) != shown for name, (choice, shown) in _SHOWN.items()}
        return reply | {"problem": ""}


def _files(app: Dash, opened: Callable[[str], Scenario]) -> None:
    outputs = {
        "base": Output("base", "data"),
        "opened": Output("opened", "children"),
        "name": Output("name", "children"),
    }
    outputs |= {f"{name}-value": Output(name, "value") for name in CONTROLS}

    @app.callback(
        output=outputs,
        inputs={"contents": Input("upload", "contents")},
        state={"file": State("upload", "filename")},
        prevent_initial_call=True,
    )
    def load(contents: str | None, file: str | None) -> dict[str, Any]:
        if not contents:
            raise PreventUpdate
        reply: dict[str, Any] = dict.fromkeys(outputs, no_update)
        try:
            text = _uploaded(contents)
            scenario = opened(text)
            controls = Controls.of(scenario)
        except WorkersimError as error:
            return reply | {"opened": f"{file} was not opened. {error}"}
        reply |= {f"{name}-value": getattr(controls, name) for name in CONTROLS}
        return reply | {"base": text, "opened": f"{file} is open.", "name": scenario.name}

    @app.callback(
        Output("download", "data"), Input("save", "n_clicks"), State("shown", "data"), prevent_initial_call=True
    )
    def save(_: int | None, shown: Mapping[str, str] | None) -> dict[str, Any]:
        if not shown or not ctx.triggered:
            raise PreventUpdate
        return {"content": shown["text"], "filename": shown["name"], "type": "application/yaml"}


def _uploaded(contents: str) -> str:
    try:
        return base64.b64decode(contents.partition(",")[2], validate=True).decode("utf-8-sig")
    except (binascii.Error, UnicodeDecodeError):
        msg = "expected a text file in UTF-8"
        raise InputError(msg) from None


def _film(app: Dash) -> None:
    """Let the browser itself move through the run: no frame goes over the network."""

    def there(name: str) -> ClientsideFunction:
        return ClientsideFunction("workersim", name)

    app.clientside_callback(
        there("play"),
        Output("tick", "disabled"),
        Output("play", "children"),
        Input("play", "n_clicks"),
        State("tick", "disabled"),
        prevent_initial_call=True,
    )
    app.clientside_callback(
        there("tick"),
        Output("clock", "value"),
        Input("tick", "n_intervals"),
        State("clock", "value"),
        prevent_initial_call=True,
    )
    app.clientside_callback(
        there("draw"),
        Output("time", "children"),
        Output("count", "children"),
        Input("clock", "value"),
        Input("film", "data"),
    )


def _figures(result: Result) -> list[html.Div]:
    metrics = result.metrics
    wait, cost, used = metrics["wait"], metrics["cost"], metrics["utilization"]["mean"]
    rows = [
        ("mean-wait", "Mean wait", _shown(wait, "mean", format_duration)),
        ("p95-wait", "95 of 100 wait at most", _shown(wait, "p95", format_duration)),
        ("longest-queue", "Longest queue", _shown(metrics["queue_length"], "max", format_number)),
        ("utilization", "Utilization", ("—" if used is None else format_share(used), "")),
        ("cost", "Cost in all", _shown(cost, "total", format_number)),
        ("cost-per-job", "Cost of a job", _shown(cost, "per_job", format_number)),
    ]
    if result.scenario.fleet.memory_bytes:
        rows.append(("memory", "Memory", (format_size(metrics["memory"]["reserved"] or 0), "")))
    return [
        html.Div([html.Dt(label), html.Dd(text, id=key), html.Dd(sure, className="quiet")])
        for key, label, (text, sure) in rows
    ]


def _shown(block: Mapping[str, Any], name: str, show: Callable[[float], str]) -> tuple[str, str]:
    value, interval = block[name], block.get("interval", {}).get(name)
    if value is None:
        return "—", ""
    return show(value), between(interval, show) if interval and interval[0] < interval[1] else ""
