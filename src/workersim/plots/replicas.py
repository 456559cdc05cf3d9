"""Replicas: how many there are in which state over time, and what they are called."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from workersim import metrics
from workersim.errors import InputError
from workersim.plots.canvas import BLUE, ORANGE, YELLOW, axes, head, label, plain
from workersim.plots.curves import called, finish, line_of
from workersim.plots.steps import drawn, stack
from workersim.plots.subject import subject
from workersim.runlog import SERVICE, RunLog
from workersim.units import shown

if TYPE_CHECKING:
    from collections.abc import Iterable

    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from workersim.plots.subject import Run

__all__ = ["chosen", "fleet", "name_of"]

_LAYERS: dict[str, dict[str, Any]] = {
    "replicas": {"facecolor": BLUE, "alpha": 0.25, "linewidth": 0, "label": "ready"},
    "draining": {"facecolor": ORANGE, "edgecolor": "white", "hatch": "////", "linewidth": 0, "label": "draining"},
    "starting": {"facecolor": YELLOW, "edgecolor": "0.4", "hatch": "....", "linewidth": 0, "label": "starting"},
}


def fleet(run: Run, ax: Axes | None = None, *, service: str | None = None, text: str | None = None) -> Axes:
    """Draw how many replicas are ready over time, and above them those that drain and those that start.

    Parameters
    ----------
    run, ax, text
        As in ``queue_length``.
    service
        Only the replicas of this service.  Of several services each has a line of its own, of those that are ready.

    Returns
    -------
    Axes
        x in seconds, shown in a suitable unit; y in replicas.

    Raises
    ------
    LogError
        If there is no such service, or an observed log does not hold its fleet.

    Examples
    --------
    >>> import workersim as ws
    >>> from matplotlib.figure import Figure
    >>> ten = ws.Workload(jobs={"document": ws.Job(service="20 min")}, arrivals=[ws.Burst(jobs=10)])
    >>> steady = ws.run(ws.Scenario(name="steady", fleet=ws.Fleet(replicas=3, concurrency=4), workload=ten))
    >>> ws.plots.fleet(steady, Figure().add_subplot()).lines[0].get_xydata().tolist()
    [[0.0, 3.0], [1200.0, 3.0]]
    """
    about = subject(run)
    names = about.log.services if service is None and len(about.log.services) > 1 else (service,)
    curves = [metrics.over_time(about.log, "replicas", service=name) for name in names]
    ax = axes(ax)
    if len(names) == 1 and not drawn(ax):
        _stacked(ax, about.log, service)
    for name, curve in zip(names, curves, strict=True):
        line_of(ax, about, curve, "replicas", text=called(about, name, text if len(names) == 1 else None), fill=False)
    finish(ax, about, "replicas")
    head(ax, "Replicas" if service is None else f"Replicas: {plain(service)}")
    return ax


def _stacked(ax: Axes, log: RunLog, service: str | None) -> None:
    """Fill what is below the line by the states of the replicas; those that never occur are left out."""
    curves = {name: metrics.over_time(log, name, service=service) for name in _LAYERS}
    shown_ones = [name for name, curve in curves.items() if name == "replicas" or curve.max() > 0]
    if len(shown_ones) == 1:
        return
    total, totals = None, []
    for name in shown_ones:
        total = curves[name] if total is None else total.plus(curves[name])
        totals.append(total)
    stack(ax, totals, [_LAYERS[name] for name in shown_ones])


def chosen(log: RunLog, replicas: Iterable[Any] | str | None, known: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the keys of replicas that are asked for.

    Parameters
    ----------
    log
        Whose replicas they are.
    replicas
        Numbers; of several services pairs of name and number, or the name of a service for all of its replicas.
    known
        Those that there are, in order.

    Raises
    ------
    InputError
        If there is no such replica or service.
    """
    if replicas is None:
        return known
    if isinstance(replicas, str):
        own: NDArray[np.int64] = known[known // SERVICE == _service(log, replicas)]
        return own
    wanted, there = {_key(log, each) for each in replicas}, set(known.tolist())
    for key in wanted - there:
        service, number = divmod(key, SERVICE)
        own = known[known // SERVICE == service] % SERVICE
        msg = f"replicas: there is no replica {shown(number)} in this run"
        msg += f", they are {own[0]} to {own[-1]}" if len(own) else ", there are none"
        raise InputError(msg)
    return np.array(sorted(wanted), dtype=np.int64)


def _key(log: RunLog, replica: Any) -> int:
    if isinstance(replica, tuple) and len(replica) == 2:
        return _service(log, replica[0]) * SERVICE + int(replica[1])
    if len(log.services) > 1:
        pair = f"({log.services[0]!r}, 0)"
        msg = f"replicas: expected pairs such as {pair}, as there are several services, found {shown(replica)}"
        raise InputError(msg)
    return int(replica)


def _service(log: RunLog, name: Any) -> int:
    if name not in log.services:
        msg = f"replicas: there is no service {shown(name)} in this run; there are {', '.join(log.services)}"
        raise InputError(msg)
    return log.services.index(name)


def name_of(log: RunLog, replica: int) -> str:
    """Return what a plot calls a replica."""
    service, number = divmod(replica, SERVICE)
    return f"{label(plain(log.services[service], 24))} {number}" if len(log.services) > 1 else f"replica {number}"
