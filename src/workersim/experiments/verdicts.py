"""What a check came out as: verdicts, as a table, in words and as a plot."""

from __future__ import annotations

import collections
import textwrap
from html import escape
from typing import TYPE_CHECKING

from workersim.claims import Verdict
from workersim.experiments.summary import NOTHING, WIDTH
from workersim.scenario import MEASURES
from workersim.units import format_duration, format_number, format_rate, format_share, format_size

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["Verdicts", "counted", "in_words", "verdict_table"]

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


class Verdicts(list[Verdict]):
    """The verdicts on some claims, in their order: a list that shows itself.

    Examples
    --------
    >>> import workersim as ws
    >>> found = ws.check(ws.load("scenarios/4-overload.yaml"))
    >>> sum(found.counts().values()) == len(found), found.to_frame().columns.tolist()[:4]
    (True, ['scenario', 'says', 'measure', 'expected'])
    """

    def counts(self) -> dict[str, int]:
        """Return how many claims there are of each verdict, those that there are."""
        return dict(sorted(collections.Counter(verdict.verdict for verdict in self).items()))

    def to_frame(self) -> pd.DataFrame:
        """Return a row a claim.

        Returns
        -------
        DataFrame
            Columns ``scenario``, ``says``, ``measure``, ``expected``, ``measured``, ``low`` and ``high`` (the ends of
            the 95 % interval), ``verdict`` and ``why``; numbers in seconds, bytes, per second or fractions.
        """
        import pandas as pd  # noqa: PLC0415 (takes half a second)

        columns = ["scenario", "says", "measure", "expected", "measured", "low", "high", "verdict", "why"]
        rows = []
        for verdict in self:
            low, high = verdict.interval or (None, None)
            rows.append({**vars(verdict), "low": low, "high": high})
        return pd.DataFrame(rows, columns=columns)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw how far each claim is from what was measured."""
        from workersim import plots  # noqa: PLC0415 (only for a plot)

        return plots.verdicts(self, ax)

    def summary(self) -> str:
        """Return the verdicts as a table of 80 columns, a reason under each, and how many there are of each kind."""
        parts = [verdict_table(held, title=name) for name, held in self._by_scenario()]
        return "\n\n".join([*parts, counted(self)]) if self else "It makes no claims."

    def __str__(self) -> str:
        return self.summary()

    def _repr_html_(self) -> str:
        head = "".join(f'<th scope="col">{each}</th>' for each in ("claim", "expected", "measured", "verdict", "why"))
        parts = []
        for name, held in self._by_scenario():
            rows = "".join(map(_html_row, held))
            table = f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
            parts.append(f"<strong>{escape(name)}</strong>{table}")
        return f"<div>{''.join(parts)}<p>{escape(counted(self))}</p></div>"

    def _by_scenario(self) -> list[tuple[str, list[Verdict]]]:
        held: dict[str, list[Verdict]] = {}
        for verdict in self:
            held.setdefault(verdict.scenario, []).append(verdict)
        return list(held.items())


def counted(verdicts: Iterable[Verdict]) -> str:
    """Return how many verdicts there are, and of which kind."""
    held = Verdicts(verdicts)
    claims = f"{len(held)} claim{'' if len(held) == 1 else 's'}"
    said = ", ".join(f"{count} {verdict}" for verdict, count in held.counts().items())
    return f"{claims}: {said}" if said else claims


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


def _html_row(verdict: Verdict) -> str:
    expected, measured = (in_words(verdict.measure, value) for value in (verdict.expected, verdict.measured))
    cells = "".join(f"<td>{escape(text)}</td>" for text in (expected, measured, verdict.verdict, verdict.why))
    return f'<tr><th scope="row">{escape(verdict.says)}</th>{cells}</tr>'


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
