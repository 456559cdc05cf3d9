"""Arguments of the formulas, as people write them, turned into checked floats."""

from __future__ import annotations

import math
from collections.abc import Sequence
from numbers import Integral, Real
from typing import TypeAlias

from workersim.errors import InputError
from workersim.units import Duration, parse_duration, parse_rate, shown

__all__ = [
    "Amount",
    "Amounts",
    "amounts",
    "below_one",
    "check_stable",
    "count",
    "cpus",
    "number",
    "per_second",
    "seconds",
]

Amount: TypeAlias = str | float
"""A number, or a text with a unit such as ``'20 min'`` or ``'10/hour'``."""

Amounts: TypeAlias = Amount | Sequence[Amount]

MOST_SLOTS = 10_000_000  # the largest fleet that a scenario may describe


def number(name: str, value: object, *, above_zero: bool = False) -> float:
    """Return ``value`` as a finite float, >= 0 or > 0."""
    expected = f"{name} must be a finite number {'> 0' if above_zero else '>= 0'}"
    if isinstance(value, bool) or not isinstance(value, Real):
        msg = f"{expected}, got {shown(value)}"
        raise InputError(msg)
    try:
        found = float(value)
    except OverflowError:
        found = math.inf
    if not math.isfinite(found) or found < 0 or (above_zero and found == 0):
        msg = f"{expected}, got {shown(value)}"
        raise InputError(msg)
    return found


def below_one(name: str, value: object) -> float:
    """Return ``value`` as a share: >= 0 and below 1."""
    share = number(name, value)
    if share >= 1:
        msg = f"{name} must be a share >= 0 and < 1, got {shown(value)}"
        raise InputError(msg)
    return share


def count(name: str, value: object, *, most: int = MOST_SLOTS) -> int:
    """Return ``value`` as a whole number from 1 to ``most``."""
    if isinstance(value, bool) or not isinstance(value, Integral) or not 1 <= int(value) <= most:
        msg = f"{name} must be a whole number from 1 to {most:,}, got {shown(value)}"
        raise InputError(msg)
    return int(value)


def cpus(name: str, value: object) -> float:
    """Return a number of vCPUs, which may be a fraction, > 0 and <= 10,000,000."""
    found = number(name, value, above_zero=True)
    if found > MOST_SLOTS:
        msg = f"{name} must be <= {MOST_SLOTS:,}, got {shown(value)}"
        raise InputError(msg)
    return found


def seconds(name: str, value: object, *, above_zero: bool = False) -> float:
    """Return a duration in seconds; bare numbers are seconds already and stay unrounded."""
    if isinstance(value, str):
        try:
            value = parse_duration(value)
        except ValueError as error:
            msg = f"{name}: {error}"
            raise InputError(msg) from None
    if isinstance(value, Duration):
        value = value.seconds  # as an int it would pass for that many seconds
    return number(name, value, above_zero=above_zero)


def per_second(name: str, value: object) -> float:
    """Return a rate per second, >= 0."""
    if isinstance(value, str):
        try:
            value = float(parse_rate(value))
        except ValueError as error:
            msg = f"{name}: {error}"
            raise InputError(msg) from None
    return number(name, value)


def amounts(name: str, value: object, n: int) -> list[object]:
    """Return one value a class: a sequence of ``n``, or one value for all."""
    if isinstance(value, str) or not isinstance(value, Sequence):
        return [value] * n
    if len(value) != n:
        msg = f"{name} must have one value for each of the {n} rates, got {len(value)}"
        raise InputError(msg)
    return list(value)


def check_stable(slots: float, load: float, *, of: str = "slots") -> None:
    """Refuse a load that the slots cannot work off."""
    if load < slots:
        return
    needed = f"at least {math.floor(load) + 1:,} {of} are needed" if math.isfinite(load) else "no fleet is enough"
    msg = (
        f"rate x service must stay below {of}: the offered load is {load:.6g} on {slots:.6g} {of}, "
        f"so the queue would grow without end; {needed}"
    )
    raise InputError(msg)
