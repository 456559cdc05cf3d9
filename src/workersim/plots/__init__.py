"""Pictures of runs and of theory: one function a question, an axes in and the same axes out.

What is drawn over time is drawn in seconds, whatever unit the axis shows, so that several plots can
share an axes and anything can be added to one.  matplotlib is loaded with the first plot.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from workersim.units import nearest

if TYPE_CHECKING:
    from workersim.plots.beginning import warm_up
    from workersim.plots.curves import busy_slots, over_time, queue_length, utilization
    from workersim.plots.distribution import waits
    from workersim.plots.estimates import differences, sweep
    from workersim.plots.fitted import service_fits
    from workersim.plots.front import cost_front
    from workersim.plots.gantt import slots
    from workersim.plots.judged import verdicts
    from workersim.plots.parts import waterfall
    from workersim.plots.replayed import replayed_queues, replayed_waits
    from workersim.plots.replicas import fleet
    from workersim.plots.saturation import utilization_curve
    from workersim.plots.tornado import tornado

__all__ = [
    "busy_slots",
    "cost_front",
    "differences",
    "fleet",
    "over_time",
    "queue_length",
    "replayed_queues",
    "replayed_waits",
    "service_fits",
    "slots",
    "sweep",
    "tornado",
    "utilization",
    "utilization_curve",
    "verdicts",
    "waits",
    "warm_up",
    "waterfall",
]

_MODULES = {
    "cost_front": "front",
    "differences": "estimates",
    "fleet": "replicas",
    "replayed_queues": "replayed",
    "replayed_waits": "replayed",
    "service_fits": "fitted",
    "slots": "gantt",
    "sweep": "estimates",
    "tornado": "tornado",
    "utilization_curve": "saturation",
    "verdicts": "judged",
    "waits": "distribution",
    "warm_up": "beginning",
    "waterfall": "parts",
}


def __getattr__(name: str) -> object:
    if name not in __all__:
        msg = f"module {__name__!r} has no plot {name!r}{nearest(name, __all__)}"
        raise AttributeError(msg)
    module = importlib.import_module(f"{__name__}.{_MODULES.get(name, 'curves')}")
    plot = globals()[name] = getattr(module, name)
    return plot


def __dir__() -> list[str]:
    return sorted(__all__)
