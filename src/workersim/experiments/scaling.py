"""The same scenario with more or less of something: arrivals, or the time that is drawn somewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workersim.errors import InputError
from workersim.scenario import Trace
from workersim.units import Duration, parse_duration, parse_rate

if TYPE_CHECKING:
    from workersim.scenario import Scenario
    from workersim.scenario.arrivals import Arrival

__all__ = ["more_arrivals", "scaled_time"]

_TIMES = ("mean", "min", "mode", "max", "loc", "scale")


def more_arrivals(scenario: Scenario, factor: float) -> Scenario:
    """Return the scenario with its arrivals multiplied: rates and bursts by the factor, intervals divided by it.

    Raises
    ------
    InputError
        If a stream is a trace, or has intervals from a file: what was recorded has one rate.
    """
    streams = [
        _more(arrival, factor, f"workload.arrivals[{at}]") for at, arrival in enumerate(scenario.workload.arrivals)
    ]
    return scenario.replace("workload.arrivals", streams)


def _more(arrival: Arrival, factor: float, where: str) -> dict[str, Any]:
    if isinstance(arrival, Trace):
        msg = f"{where}: a recorded trace has one rate, which cannot be multiplied"
        raise InputError(msg)
    data = arrival.written()
    body = data[arrival.tag]
    if arrival.tag == "burst":
        body["jobs"] = round(body["jobs"] * factor)
    elif "interval" in body:
        body["interval"] = scaled_time(body["interval"], 1 / factor, where=f"{where}.{arrival.tag}.interval")
    elif arrival.tag == "poisson":
        body["rate"] = _rate(body["rate"], factor)
    elif arrival.tag == "profile":
        body["rates"] = [[at, _rate(rate, factor)] for at, rate in body["rates"]]
    else:
        body["rates"] = [_rate(rate, factor) for rate in body["rates"]]
    return data


def scaled_time(written: Any, factor: float, *, where: str) -> Any:
    """Return a duration or a distribution of one, as a scenario file has it, with all times multiplied.

    Raises
    ------
    InputError
        If its values are in a file.

    Examples
    --------
    >>> scaled_time({"lognormal": {"mean": "20 min", "cv": 0.8}}, 1.5, where="service")
    {'lognormal': {'mean': '30 min', 'cv': 0.8}}
    """
    if not isinstance(written, dict):
        return _time(written, factor)
    ((family, body),) = written.items()
    if "file" in body:
        msg = f"{where}: values from a file cannot be multiplied"
        raise InputError(msg)
    if family == "scipy":
        body = {"scale": 1, **body}
    scaled = {key: _time(value, factor) if key in _TIMES else value for key, value in body.items()}
    if "values" in scaled:
        scaled["values"] = [_time(value, factor) for value in scaled["values"]]
    return {family: scaled}


def _time(written: Any, factor: float) -> Any:
    if isinstance(written, int | float):  # a bare number, which scipy's loc may have below 0
        return written * factor
    return str(Duration(round(int(parse_duration(written)) * factor)))


def _rate(written: Any, factor: float) -> float:
    return float(parse_rate(written)) * factor
