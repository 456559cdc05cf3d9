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
from workersim.scenario.jsonschema import schema
from workersim.scenario.load import load, load_many, read
from workersim.scenario.models import RunSettings, Scenario
from workersim.scenario.workload import JobClass, Phase, Workload

__all__ = [
    "MEASURES",
    "Arrival",
    "Burst",
    "Claim",
    "Deterministic",
    "Distribution",
    "Empirical",
    "Erlang",
    "Every",
    "Exponential",
    "Fleet",
    "Gamma",
    "Hyperexponential",
    "JobClass",
    "Lognormal",
    "Mmpp",
    "Phase",
    "Poisson",
    "Profile",
    "Quantity",
    "Renewal",
    "RunSettings",
    "Scenario",
    "Scipy",
    "Trace",
    "Triangular",
    "Uniform",
    "Weibull",
    "Workload",
    "amount",
    "load",
    "load_many",
    "read",
    "schema",
]
