"""What is asked: a fleet, a workload, how long, and what is claimed; from YAML or from Python."""

from workersim.scenario.arrivals import Arrival, Burst, Every, Mmpp, Poisson, Profile, Renewal, Trace
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
from workersim.scenario.worker import Celery, WorkerAutoscale
from workersim.scenario.workload import Follower, JobClass, Phase, Retries, Workload

__all__ = [
    "MEASURES",
    "Arrival",
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
    "Hyperexponential",
    "JobClass",
    "Lognormal",
    "Mmpp",
    "Outage",
    "Phase",
    "Poisson",
    "Profile",
    "Quantity",
    "Renewal",
    "Retries",
    "RunSettings",
    "Scenario",
    "Scipy",
    "Stop",
    "Trace",
    "Triangular",
    "Uniform",
    "Weibull",
    "WorkerAutoscale",
    "Workload",
    "amount",
    "load",
    "load_fleet",
    "load_many",
    "read",
    "schema",
]
