"""Verdicts as a table of plain text."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from workersim.experiments.summary import NOTHING, WIDTH
from workersim.scenario import MEASURES
from workersim.units import format_duration, format_number, format_rate, format_share, format_size

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from workersim.claims import Verdict

__all__ = ["in_words", "verdict_table"]

_VERDICT, _VALUE = 12, 12
_SENTENCE = WIDTH - _VERDICT - 2 * _VALUE - 3 * 2
_SHOW: dict[str, Callable[[float], str]] = {
    "duration": format_duration,
    "size": format_size,
    "share": format_share,
    "rate": format_rate,
    "number": format_number,
}
_PLAIN_UNITS = {"duration": " s", "size": " B", "rate": "/s"}
# Inputs by what their names say, as verdicts hold plain numbers.
_INPUTS = {
    "size": ("memory",),
    "rate": ("rate",),
    "duration": ("service", "startup", "expires", "until", "warm_up", "interval", "period", "demand", "cpu", "io"),
}


def verdict_table(verdicts: Iterable[Verdict], *, title: str = "") -> str:
    """Return verdicts as a table of 80 columns; under each its reason.

    Parameters
    ----------
    verdicts
        In the order in which they are shown.
    title
        Stands above them; by default the name of the scenario of the first.
    """
    held = list(verdicts)
    lines = textwrap.wrap(title or (held[0].scenario if held else ""), WIDTH)
    lines.append(_row("verdict", "claim", "expected", "measured") if held else "It makes no claims.")
    for verdict in held:
        lines += _lines(verdict)
    return "\n".join(lines)


def in_words(measure: str, value: float | None) -> str:
    """Return a value of a measure for people, in at most 12 characters."""
    return NOTHING if value is None else _fitted(value, _kind(measure))


def _lines(verdict: Verdict) -> Iterator[str]:
    expected, measured = (in_words(verdict.measure, value) for value in (verdict.expected, verdict.measured))
    first, *further = textwrap.wrap(verdict.says, _SENTENCE)
    yield _row(verdict.verdict, first, expected, measured)
    for line in further:
        yield _row("", line, "", "")
    indent = " " * (_VERDICT + 2)
    yield from textwrap.wrap(verdict.why, WIDTH, initial_indent=indent + "→ ", subsequent_indent=indent + "  ")


def _row(verdict: str, sentence: str, expected: str, measured: str) -> str:
    cells = [verdict.ljust(_VERDICT), sentence.ljust(_SENTENCE), expected.rjust(_VALUE), measured.rjust(_VALUE)]
    return "  ".join(cells).rstrip()


def _fitted(value: float, kind: str) -> str:
    text = _SHOW[kind](value)
    return text if len(text) <= _VALUE else f"{value:.3g}{_PLAIN_UNITS.get(kind, '')}"


def _kind(measure: str) -> str:
    if measure in MEASURES:
        return MEASURES[measure]
    parts = measure.replace("_", ".").split(".")
    return next((kind for kind, names in _INPUTS.items() if any(name in parts for name in names)), "number")
