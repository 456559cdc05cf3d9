"""How figures are called and written for people."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from workersim.scenario import MEASURES
from workersim.units import format_duration, format_number, format_rate, format_share, format_size

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["called", "kind_of", "shown", "with_half"]

_SHOW: dict[str, Callable[[float], str]] = {
    "duration": format_duration,
    "size": format_size,
    "share": format_share,
    "rate": format_rate,
    "number": format_number,
}
_NUMBER = re.compile("-?[0-9][0-9,.]*")
_HEADS = {"wait": "duration", "service": "duration", "response": "duration", "memory": "size"}
_HEADS |= {"utilization": "share", "cpu": "share"}
_NAMES = {"cost.total": "cost", "cost.per_job": "cost a job", "memory.reserved": "memory"}


def kind_of(measure: str) -> str:
    """Return what a figure is: a duration, a size, a share, a rate or a number."""
    return MEASURES.get(measure) or _HEADS.get(measure.partition(".")[0], "number")


def shown(measure: str, value: float | None) -> str:
    """Return a figure rounded for people; ``—`` is one of nothing."""
    return "—" if value is None else _SHOW[kind_of(measure)](value)


def called(measure: str) -> str:
    """Return what people call a figure.

    Examples
    --------
    >>> called("wait.p95"), called("queue_length.mean"), called("cost.per_job")
    ('p95 wait', 'mean queue length', 'cost a job')
    """
    if measure in _NAMES:
        return _NAMES[measure]
    head, *middle, figure = measure.replace("_", " ").split(".") if "." in measure else (measure.replace("_", " "), "")
    words = f"{figure} {head}" if figure else head
    if head == "jobs":
        return f"jobs {figure}"
    return f"{words} of those that wait" if middle == ["waited"] else words


def with_half(text: str, value: float, half: float) -> str:
    """Return a written figure and half the width of its interval in one unit.

    Parameters
    ----------
    text
        The figure as written.
    value, half
        The figure, and half the width, in the plain unit of figures.

    Examples
    --------
    >>> with_half("4.1 min", 246.0, 36.0), with_half("83.3%", 0.833, 0.01)
    ('4.1 ± 0.6 min', '83.3 ± 1%')
    >>> with_half("20 min", 1200.0, 0.0)  # no chance had a part in it
    '20 min'
    """
    found = _NUMBER.match(text)
    if found is None or not half:
        return text
    number, unit = found[0], text[found.end() :]
    written = float(number.replace(",", ""))
    scale = written / value if written and value else 100.0 if unit == "%" else 1.0
    return f"{number} ± {format_number(half * scale, 2)}{unit}"
