"""Claims: a sentence, what it speaks of, and the value that it gives."""

from typing import Annotated, Any, ClassVar, TypeAlias

from pydantic import Field, ValidationInfo, field_validator

from workersim.scenario.base import Model
from workersim.scenario.fields import Name, Seconds, Text, Written
from workersim.scenario.problems import Problem, unknown
from workersim.units import (
    Duration,
    Rate,
    Share,
    Size,
    parse_duration,
    parse_number,
    parse_quantity,
    parse_rate,
    parse_share,
    parse_size,
    shown,
)

__all__ = ["MEASURES", "WAITED", "Claim", "Quantity"]

Quantity: TypeAlias = Duration | Size | Rate | Share | float

WAITED = "waited"
"""What claims call the jobs that waited at all."""

_FIGURES = ("mean", "std", "p50", "p90", "p95", "p99", "max")
_PARTS = ("visible", "reserved", "running")
_COUNTS = (
    *("arrived", "finished", "failed", "expired", "lost", "unfinished"),
    *("timed_out", "retried", "redelivered", "done_twice"),
)
_CURVES = {
    **dict.fromkeys(("queue_length", "visible", "reserved", "replicas"), "number"),
    **dict.fromkeys(("utilization", "cpu"), "share"),
}
_AT_AN_INSTANT = {
    **_CURVES,
    **dict.fromkeys(("busy", "running", "starting", "draining", "cost"), "number"),
    "memory": "size",
}

MEASURES: dict[str, str] = {
    **{f"jobs.{count}": "number" for count in _COUNTS},
    **{f"{time}.{figure}": "duration" for time in ("wait", "service", "response") for figure in _FIGURES},
    "wait.every": "duration",
    **{f"wait.{part}": "duration" for part in _PARTS},
    **{f"{curve}.{figure}": kind for curve, kind in _CURVES.items() for figure in ("mean", "max")},
    **_AT_AN_INSTANT,
    "memory.reserved": "size",
    "cost.total": "number",
    "cost.per_job": "number",
    "throughput": "rate",
}
"""What can be measured in a run, and the kind of its values; a bare curve needs an instant."""

_INPUTS = ("fleet", "services", "broker", "workload", "run")
_READERS = {
    "number": parse_number,
    "duration": parse_duration,
    "share": parse_share,
    "size": parse_size,
    "rate": parse_rate,
}


def _measure(value: Any) -> str:
    text = value.strip() if isinstance(value, str) else ""
    if text not in MEASURES and not text.startswith(tuple(f"{part}." for part in _INPUTS)):
        msg = unknown("measure", value, MEASURES)
        raise ValueError(msg)
    return text


_A_QUANTITY = {"type": ["string", "number"]}
_Quantity: TypeAlias = Annotated[Quantity, Written(lambda value: value, _A_QUANTITY)]
_Measure: TypeAlias = Annotated[
    str,
    Written(
        _measure,
        {
            "anyOf": [
                {"enum": list(MEASURES)},
                {"type": "string", "pattern": r"^\s*(" + "|".join(_INPUTS) + r")\."},
            ]
        },
    ),
]


class Claim(Model):
    """A quoted sentence with a measure, a value and a tolerance.

    Examples
    --------
    >>> Claim(says="nobody waits", measure="wait.max", at_most="0 s").at_most
    Duration('0 s')
    """

    place: ClassVar = "claim"

    says: Text = Field(description="The sentence.")
    measure: _Measure = Field(description="What it speaks of: a figure, a curve at an instant, or an input.")
    among: Name | None = Field(default=None, description="Over which jobs: `waited`, or a job class.")
    at: Seconds | None = Field(default=None, description="The instant at which a curve is read.")
    expect: _Quantity | None = Field(default=None, description="The value that is expected.")
    within: _Quantity | None = Field(
        default=None, description="How far from it is still right: a share of it such as 10%, or an amount."
    )
    at_least: _Quantity | None = Field(default=None, description="The lowest value that is still right.")
    at_most: _Quantity | None = Field(default=None, description="The highest value that is still right.")

    @property
    def is_input(self) -> bool:
        """Whether it speaks of what the scenario assumes, rather than of what comes out."""
        return self.measure not in MEASURES

    @field_validator("expect", "at_least", "at_most")
    @classmethod
    def _of_its_kind(cls, value: Any, info: ValidationInfo) -> Any:
        if value is None or "measure" not in info.data:  # what is wrong with the measure is said already
            return None
        return _read(value, info.data["measure"])

    @field_validator("within")
    @classmethod
    def _share_or_amount(cls, value: Any, info: ValidationInfo) -> Any:
        if value is None or "measure" not in info.data:
            return None
        if isinstance(value, Share) or (isinstance(value, str) and value.strip().endswith("%")):
            return parse_share(value)
        amount = _read(value, info.data["measure"])
        return float(amount) if isinstance(amount, Share) else amount  # a Share is always relative here

    def problems(self) -> list[Problem]:
        """Refuse none or several bounds, and places or instants that the measure does not have."""
        bounds = [key for key in ("expect", "at_least", "at_most") if getattr(self, key) is not None]
        problems = []
        if len(bounds) != 1:
            found = " and ".join(bounds) or "none"
            problems.append(Problem((), f"expected exactly one of expect, at_least and at_most, found {found}"))
        if self.within is not None and self.expect is None:
            problems.append(Problem(("within",), "expected `expect` beside within, found none", at_key=True))
        return problems + self._misplaced()

    def _misplaced(self) -> list[Problem]:
        curve = self.measure in _AT_AN_INSTANT
        part = self.measure.partition(".")[0]
        problems = []
        if curve and self.at is None:
            wanted = f"expected an instant `at` for the curve {self.measure}"
            means = f", or {self.measure}.mean or {self.measure}.max" if self.measure in _CURVES else ""
            problems.append(Problem(("measure",), f"{wanted}{means}, found none"))
        if not curve and self.at is not None:
            problems.append(Problem(("at",), f"expected no instant, as {self.measure} is no curve, found {self.at}"))
        if self.among == WAITED and part != "wait":
            problems.append(Problem(("among",), f"expected {WAITED!r} with a wait only, found {self.measure}"))
        elif self.among is not None and part not in ("wait", "service", "response", "jobs"):
            wanted = "expected jobs of a class with a wait, a service, a response or a count of jobs"
            problems.append(Problem(("among",), f"{wanted} only, found {self.measure}"))
        return problems


def _read(value: Any, measure: str) -> Quantity:
    read: Any = _READERS[MEASURES[measure]] if measure in MEASURES else parse_quantity
    quantity: Quantity = read(value)
    if quantity < 0:
        msg = f"expected a value from 0 on, found {shown(value)}"
        raise ValueError(msg)
    return quantity
