"""What is asked: a fleet, a workload, how long, and what is claimed; from YAML or from Python."""

from workersim.scenario.arrivals import Arrival, Burst, Every, Mmpp, Poisson, Profile, Renewal, Trace
from workersim.scenario.autoscale import Autoscale, GuideManual, OwnPolicy
from workersim.scenario.claims import MEASURES, Claim, Quantity
from workersim.scenario.distributions import (
    Deterministic,
    Distribution,
    Empirical,
    Erlang,
    Exponential,
    Gamma,
    Hyperexponential,
    Lognormal,
    Scipy,
    Triangular,
    Uniform,
    Weibull,
    amount,
)
from workersim.scenario.fleet import Fleet
from workersim.scenario.happenings import Broker, Change, Crash, Deploy, Failures, Outage, Stop
from workersim.scenario.jsonschema import schema
from workersim.scenario.load import load, load_fleet, load_many, read
from workersim.scenario.models import RunSettings, Scenario
from workersim.scenario.scalers import HireFire, Hpa, Judoscale, Keda, Latency, Railway, Timetable
from workersim.scenario.state import Running, State, Waiting, load_state
from workersim.scenario.worker import Celery, WorkerAutoscale
from workersim.scenario.workload import Follower, JobClass, Phase, Retries, Workload

__all__ = [
    "MEASURES",
    "Arrival",
    "Autoscale",
    "Broker",
    "Burst",
    "Celery",
    "Change",
    "Claim",
    "Crash",
    "Deploy",
    "Deterministic",
    "Distribution",
    "Empirical",
    "Erlang",
    "Every",
    "Exponential",
    "Failures",
    "Fleet",
    "Follower",
    "Gamma",
    "GuideManual",
    "HireFire",
    "Hpa",
    "Hyperexponential",
    "JobClass",
    "Judoscale",
    "Keda",
    "Latency",
    "Lognormal",
    "Mmpp",
    "Outage",
    "OwnPolicy",
    "Phase",
    "Poisson",
    "Profile",
    "Quantity",
    "Railway",
    "Renewal",
    "Retries",
    "RunSettings",
    "Running",
    "Scenario",
    "Scipy",
    "State",
    "Stop",
    "Timetable",
    "Trace",
    "Triangular",
    "Uniform",
    "Waiting",
    "Weibull",
    "WorkerAutoscale",
    "Workload",
    "amount",
    "load",
    "load_fleet",
    "load_many",
    "load_state",
    "read",
    "schema",
]
