"""What is on the page: controls to the left, the answer and its pictures to the right."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dash import dcc, html

if TYPE_CHECKING:
    from workersim.explorer.controls import Controls

__all__ = ["CONTROLS", "page"]


@dataclass(frozen=True)
class _Slider:
    """A slider with a field: what it is called, and between which bounds it moves."""

    label: str
    low: float
    high: float
    step: float
    unit: str = ""


_SLIDERS = {
    "replicas": _Slider("Replicas (containers)", 1, 20, 1),
    "concurrency": _Slider("Slots (processes) of each", 1, 16, 1),
    "vcpus": _Slider("vCPUs of each", 0.5, 16, 0.5),
    "jobs": _Slider("Jobs in the burst", 1, 200, 1),
    "rate": _Slider("Jobs an hour", 0.5, 120, 0.5),
    "hours": _Slider("Run for so many hours", 1, 168, 1),
    "service": _Slider("Service of a job", 0.5, 60, 0.5, "min"),
    "cv": _Slider("Variability of the service (cv)", 0, 3, 0.1),
    "ratio": _Slider("I/O time ÷ CPU time", 0, 4, 0.05),
    "startup": _Slider("Start-up of a replica", 0, 600, 5, "s"),
    "prefetch": _Slider("Prefetch of each process (0: no limit)", 0, 16, 1),
    "most": _Slider("Replicas at most", 1, 40, 1),
}
_CHOICES = {
    "arrivals": ("Arrivals", {"burst": "all at once", "steady": "steady", "given": "as in the scenario"}),
    "worker": ("Worker", {"ideal": "ideal", "celery": "Celery"}),
    "acks": ("Acknowledgement", {"early": "early", "late": "late"}),
    "policy": ("Fleet", {"fixed": "fixed", "guide": "scales by the guide's rule", "given": "as in the scenario"}),
}
_GROUPS = (
    ("Fleet", ("replicas", "concurrency", "vcpus", "startup")),
    ("Work", ("arrivals", "jobs", "rate", "hours", "service", "cv", "ratio")),
    ("Celery", ("worker", "prefetch", "acks")),
    ("Scaling", ("policy", "most")),
)
CONTROLS = tuple(name for _, names in _GROUPS for name in names)
_LEGEND = (("visible", "visible in the queue"), ("reserved", "reserved by a worker"), ("running", "running"))


def page(controls: Controls, *, name: str, text: str) -> html.Div:
    """Return the page.

    Parameters
    ----------
    controls
        What they show at first.
    name, text
        Of the scenario that is open, and its YAML.
    """
    return html.Div(
        className="explorer",
        children=[
            dcc.Store(id="base", data=text),
            dcc.Store(id="film"),
            dcc.Store(id="shown"),
            dcc.Download(id="download"),
            dcc.Interval(id="tick", interval=60, disabled=True),
            html.Header([html.H1("workersim explorer"), html.P(name, id="name")]),
            html.Main(className="sides", children=[_left(controls), _right()]),
        ],
    )


def _left(controls: Controls) -> html.Div:
    groups = [
        html.Fieldset([html.Legend(title), *(_field(name, getattr(controls, name)) for name in names)])
        for title, names in _GROUPS
    ]
    return html.Div(className="controls", children=[*groups, _files()])


def _field(name: str, value: Any) -> html.Div:
    if name in _CHOICES:
        label, options = _CHOICES[name]
        field: Any = dcc.RadioItems(
            id=name,
            value=value,
            options=options,
        )
        return html.Div([html.Div(label, className="label"), field], id=f"{name}-field", className="field")
    slider = _SLIDERS[name]
    label = f"{slider.label} ({slider.unit})" if slider.unit else slider.label
    field = dcc.Slider(
        id=name,
        min=min(slider.low, value),
        max=max(slider.high, value),
        step=slider.step,
        value=value,
        marks=None,
        updatemode="drag",
        tooltip={"placement": "bottom", "always_visible": False},
    )
    return html.Div([html.Div(label, className="label"), field], id=f"{name}-field", className="field")


def _files() -> html.Fieldset:
    return html.Fieldset(
        [
            html.Legend("File"),
            dcc.Upload(
                html.Button("Open a YAML file", id="open"), id="upload", accept=".yaml,.yml", max_size=10_000_000
            ),
            html.Button("Save as YAML", id="save"),
            html.P("", id="opened", role="status"),
            _snippet("python", "The same in Python"),
            _snippet("shell", "The same in a shell"),
        ]
    )


def _snippet(name: str, title: str) -> html.Details:
    copy = dcc.Clipboard(target_id=name, title=f"Copy: {title}", className="copy")
    return html.Details([html.Summary(title), copy, html.Pre(id=name, tabIndex="0")])


def _right() -> html.Div:
    return html.Div(
        className="answers",
        children=[
            html.Section(
                className="answer",
                children=[
                    html.H2("The answer"),
                    html.P(id="sentence", role="status"),
                    html.P(id="note", className="quiet"),
                    html.P(id="problem", role="alert", className="problem"),
                ],
            ),
            html.Dl(id="figures", className="figures"),
            html.Div(
                className="pictures",
                children=[_graph("waits"), _graph("curve"), _graph("queue"), _film()],
            ),
        ],
    )


def _graph(name: str) -> dcc.Graph:
    config: Any = {"displayModeBar": False, "displaylogo": False}
    return dcc.Graph(id=name, config=config, responsive=True, style={"height": "20rem"})


def _film() -> html.Section:
    legend = [html.Span([html.I(className=f"key {kind}"), text]) for kind, text in _LEGEND]
    return html.Section(
        className="film",
        children=[
            html.H2("Slots and queue of one run"),
            html.Div([html.Button("Play", id="play"), html.Span("0 s", id="time")], className="buttons"),
            dcc.Slider(
                id="clock", min=0, max=1000, step=1, value=0, marks=None, updatemode="drag", allow_direct_input=False
            ),
            html.P(legend, className="legend"),
            html.Div(id="stage"),
            html.P(id="count", role="status", className="quiet"),
        ],
    )
