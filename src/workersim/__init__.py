"""workersim says what a fleet of background workers will do: waits, queue lengths, utilization, memory, cost.

>>> import workersim as ws
>>> fleet = ws.Fleet(replicas=3, concurrency=4)
>>> workload = ws.Workload(jobs={"document": ws.Job(service="20 min")}, arrivals=[ws.Burst(jobs=10)])
>>> result = ws.run(ws.Scenario(name="ten documents", fleet=fleet, workload=workload))
>>> result.wait.max, round(result.utilization.max, 3)
(0.0, 0.833)
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from workersim import plots, theory
    from workersim.claims import Verdict
    from workersim.errors import InputError, LogError, MissingExtraError, WorkersimError
    from workersim.experiments.calibrating import Calibration, calibrate
    from workersim.experiments.check import check
    from workersim.experiments.compare import compare
    from workersim.experiments.compared import Comparison
    from workersim.experiments.explaining import Explanation, explain
    from workersim.experiments.forecasting import Forecast, forecast
    from workersim.experiments.observed import check_observed
    from workersim.experiments.planning import Plan, plan
    from workersim.experiments.replay import Replay, replay
    from workersim.experiments.result import Result
    from workersim.experiments.run import run
    from workersim.experiments.sensitivities import Sensitivity, sensitivity
    from workersim.experiments.sweep import sweep
    from workersim.experiments.swept import Sweep
    from workersim.experiments.verdicts import Verdicts
    from workersim.explorer import explore
    from workersim.metrics import StepFunction
    from workersim.report.making import report
    from workersim.runlog import RunLog
    from workersim.scenario import (
        Burst,
        Claim,
        Deterministic,
        Empirical,
        Erlang,
        Every,
        Exponential,
        Fleet,
        Gamma,
        Hyperexponential,
        Lognormal,
        Mmpp,
        Phase,
        Poisson,
        Profile,
        Renewal,
        RunSettings,
        Scenario,
        Scipy,
        State,
        Trace,
        Triangular,
        Uniform,
        Weibull,
        Workload,
        load,
        read,
        schema,
    )
    from workersim.scenario import JobClass as Job
    from workersim.traces import Recording, read_trace

__version__ = "0.1.0"

__all__ = [
    "Burst",
    "Calibration",
    "Claim",
    "Comparison",
    "Deterministic",
    "Empirical",
    "Erlang",
    "Every",
    "Explanation",
    "Exponential",
    "Fleet",
    "Forecast",
    "Gamma",
    "Hyperexponential",
    "InputError",
    "Job",
    "LogError",
    "Lognormal",
    "MissingExtraError",
    "Mmpp",
    "Phase",
    "Plan",
    "Poisson",
    "Profile",
    "Recording",
    "Renewal",
    "Replay",
    "Result",
    "RunLog",
    "RunSettings",
    "Scenario",
    "Scipy",
    "Sensitivity",
    "State",
    "StepFunction",
    "Sweep",
    "Trace",
    "Triangular",
    "Uniform",
    "Verdict",
    "Verdicts",
    "Weibull",
    "WorkersimError",
    "Workload",
    "__version__",
    "calibrate",
    "check",
    "check_observed",
    "compare",
    "explain",
    "explore",
    "forecast",
    "load",
    "plan",
    "plots",
    "read",
    "read_trace",
    "replay",
    "report",
    "run",
    "schema",
    "sensitivity",
    "sweep",
    "theory",
]

# What lives elsewhere than in ``scenario``; every name is looked up when it is first used, so that
# ``import workersim`` loads neither pydantic nor pandas nor an engine.
_ROOMS = {
    "Forecast": "experiments.forecasting",
    "forecast": "experiments.forecasting",
    "Calibration": "experiments.calibrating",
    "calibrate": "experiments.calibrating",
    "Comparison": "experiments.compared",
    "Explanation": "experiments.explaining",
    "InputError": "errors",
    "LogError": "errors",
    "MissingExtraError": "errors",
    "Recording": "traces",
    "Replay": "experiments.replay",
    "Plan": "experiments.planning",
    "Result": "experiments.result",
    "RunLog": "runlog",
    "Sensitivity": "experiments.sensitivities",
    "StepFunction": "metrics",
    "Sweep": "experiments.swept",
    "Verdict": "claims",
    "Verdicts": "experiments.verdicts",
    "WorkersimError": "errors",
    "check": "experiments.check",
    "check_observed": "experiments.observed",
    "compare": "experiments.compare",
    "explain": "experiments.explaining",
    "sweep": "experiments.sweep",
    "read_trace": "traces",
    "replay": "experiments.replay",
    "plan": "experiments.planning",
    "explore": "explorer",
    "report": "report",
    "run": "experiments.run",
    "sensitivity": "experiments.sensitivities",
}
_MODULES = ("plots", "theory")
_ELSEWHERE_CALLED = {"Job": "JobClass"}


if not TYPE_CHECKING:  # type checkers see the imports above, and refuse other names

    def __getattr__(name: str) -> object:
        if name not in __all__:
            msg = f"module {__name__!r} has no attribute {name!r}"
            raise AttributeError(msg)
        if name in _MODULES:
            return importlib.import_module(f"{__name__}.{name}")
        room = importlib.import_module(f"{__name__}.{_ROOMS.get(name, 'scenario')}")
        value = globals()[name] = getattr(room, _ELSEWHERE_CALLED.get(name, name))
        return value


def __dir__() -> list[str]:
    return sorted(__all__)
