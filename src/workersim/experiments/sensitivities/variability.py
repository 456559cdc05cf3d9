"""The same scenario with services or arrivals that vary more or less around the same mean."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

from workersim.scenario import Deterministic, Every, Exponential, Mmpp, Poisson, Profile, Renewal
from workersim.scenario.base import written
from workersim.units import SECOND, Duration

if TYPE_CHECKING:
    from workersim.scenario import Scenario
    from workersim.scenario.arrivals import Arrival

__all__ = ["burstier", "more_varied"]

LEAST_CV, MOST_CV = 0.001, 100.0  # of a scenario; below, it is as good as constant


def more_varied(scenario: Scenario, value: float, *, constant: bool) -> Scenario:
    """Return the scenario with the services of its jobs varying more or less.

    Parameters
    ----------
    scenario
        Its services in phases, uniform, triangular, empirical or by scipy stay as they are.
    value
        Factor of the cv of services that vary; with ``constant`` the cv itself, of those that do not.
    constant
        Which of the two are meant.
    """
    values = {}
    for name, job in scenario.workload.jobs.items():
        if job.service is not None:
            other = _varied(job.service, value, constant=constant)
            if other is not None:
                values[f"workload.jobs.{name}.service"] = other
    return scenario.replace_all(values) if values else scenario


def _varied(service: Any, value: float, *, constant: bool) -> Any:
    """Return a time with another cv, as a scenario file has it; None if it stays as it is."""
    fixed = isinstance(service, Duration | Deterministic)
    if fixed != constant:
        return None
    if fixed:
        mean = service.mean if isinstance(service, Deterministic) else service
        return {"lognormal": {"mean": str(mean), "cv": value}} if value >= LEAST_CV and mean else None
    if isinstance(service, Exponential):  # an exponential is the gamma whose cv is 1
        return {"gamma": {"mean": str(service.mean), "cv": value}}
    cv = getattr(service, "cv", None)
    if cv is None:
        return None
    ((family, body),) = written(service).items()
    # Erlang has few cvs; all of them are those of gammas. The cv of a hyperexponential is 1 at least.
    family, cv = ("gamma", cv * value) if family == "erlang" else (family, cv * value)
    least = 1.0 if family == "hyperexponential" else LEAST_CV
    return {family: body | {"cv": min(MOST_CV, max(least, cv))}}


def burstier(scenario: Scenario, value: float, *, constant: bool) -> Scenario:
    """Return the scenario with arrivals that come in larger or smaller bursts, as many in the mean.

    Parameters
    ----------
    scenario
        Its bursts and traces stay as they are.
    value
        Factor of the cv of intervals that vary, and of how far the rates of profiles and MMPPs lie from their mean;
        with ``constant`` the cv itself, of intervals that do not vary.
    constant
        Which of the two are meant.
    """
    streams = [_burstier(arrival, value, constant=constant) for arrival in scenario.workload.arrivals]
    if all(stream is None for stream in streams):
        return scenario
    kept = [
        arrival.written() if stream is None else stream
        for arrival, stream in zip(scenario.workload.arrivals, streams, strict=True)
    ]
    return scenario.replace("workload.arrivals", kept)


def _burstier(arrival: Arrival, value: float, *, constant: bool) -> dict[str, Any] | None:
    data = arrival.written()
    body = data.pop(arrival.tag)
    if isinstance(arrival, Poisson) and not constant and arrival.rate > 0:
        del body["rate"]
        interval = {"gamma": {"mean": str(Duration(max(1, round(SECOND / arrival.rate)))), "cv": value}}
        return data | {Renewal.tag: {"interval": interval, **body}}
    if isinstance(arrival, Renewal | Every):
        interval = _varied(arrival.interval, value, constant=constant)
        return None if interval is None else data | {arrival.tag: body | {"interval": interval}}
    if constant or not isinstance(arrival, Profile | Mmpp):
        return None
    return data | {arrival.tag: body | {"rates": _spread(arrival, value)}}


def _spread(arrival: Profile | Mmpp, factor: float) -> list[Any]:
    """Return the rates, farther from or nearer to their mean over time; none falls below 0."""
    if isinstance(arrival, Mmpp):
        rates = [float(rate) for rate in arrival.rates]
        lengths = [length for length in map(_length, arrival.holding) if length is not None]
        mean = _mean(rates, lengths if len(lengths) == len(rates) else None)
        return [max(0.0, mean + (rate - mean) * factor) for rate in rates]
    rates = [float(rate) for _, rate in arrival.rates]
    spans: list[float] | None = None
    if arrival.period is not None:
        edges = [*(int(at) for at, _ in arrival.rates), int(arrival.period)]
        spans = [float(end - begin) for begin, end in pairwise(edges)]
    mean = _mean(rates, spans)
    times = [str(at) for at, _ in arrival.rates]
    return [[at, max(0.0, mean + (rate - mean) * factor)] for at, rate in zip(times, rates, strict=True)]


def _length(holding: Any) -> float | None:
    """Return how long a state lasts in the mean, None if its distribution does not say so."""
    mean = holding if isinstance(holding, Duration) else getattr(holding, "mean", None)
    return None if mean is None else float(mean)


def _mean(rates: list[float], lengths: list[float] | None) -> float:
    """Return the mean of rates that hold for so long; of ones that nobody knows the length of, their plain mean."""
    weights = lengths or [1.0] * len(rates)
    return sum(rate * weight for rate, weight in zip(rates, weights, strict=True)) / sum(weights)
