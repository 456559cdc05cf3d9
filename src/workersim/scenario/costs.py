"""What a fleet costs: a price of each replica, or prices of what is used."""

from typing import Annotated, Any, ClassVar, TypeAlias

from pydantic import Field, PlainValidator

from workersim.scenario.base import Model
from workersim.scenario.fields import Written, number
from workersim.scenario.problems import unknown

__all__ = ["MONTH_H", "PRESETS", "Cost", "Usage"]

MONTH_H = 720.0
"""Hours of the month that a minimum is for: 30 days."""

_price = number(0, 1e9)


class Usage(Model):
    """Prices of what a fleet uses, as platforms charge them that bill by the minute.

    Examples
    --------
    >>> usage = Usage(vcpu_minute=0.000463, gb_minute=0.000231, minimum=20)
    >>> round(usage.gb_minute * 60 * 24 * 30, 2)
    9.98
    """

    place: ClassVar = "cost"

    vcpu_minute: Annotated[float, _price] = Field(default=0.0, description="Price of a vCPU in use for a minute.")
    gb_minute: Annotated[float, _price] = Field(default=0.0, description="Price of a GB of memory for a minute.")
    minimum: Annotated[float, _price] = Field(default=0.0, description="What 30 days cost at least, in all.")


PRESETS = {"railway": Usage(vcpu_minute=0.000463, gb_minute=0.000231, minimum=20.0)}
"""Prices by name, in US dollars: those of Railway's Pro plan as published in 2026-08, without egress and volumes."""


def _read(value: Any) -> float | Usage:
    if isinstance(value, str) and value.strip() in PRESETS:
        return PRESETS[value.strip()]
    if isinstance(value, str) and value.strip()[:1].isalpha():
        msg = unknown("price list", value, PRESETS)
        raise ValueError(msg)
    if isinstance(value, dict | Usage):
        usage: Usage = Usage.__pydantic_validator__.validate_python(value)
        return usage
    price: float = _price.read(value)
    return price


_Named: TypeAlias = Annotated[str, Written(_read, {"enum": list(PRESETS)})]
_PerReplica: TypeAlias = Annotated[float, _price]

Cost: TypeAlias = Annotated[float | Usage, PlainValidator(_read, json_schema_input_type=_PerReplica | Usage | _Named)]
