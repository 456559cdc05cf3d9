"""What a study of sensitivity came out as: inputs in the order of what they move."""

from __future__ import annotations

import math
import textwrap
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

from workersim.experiments.planning.words import figure_text
from workersim.experiments.summary import NOTHING, WIDTH, Table, in_columns, labelled
from workersim.units import format_number, format_share

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from workersim.experiments.planning.targets import Target
    from workersim.scenario import Scenario

__all__ = ["Effect", "Sensitivity"]

_METHODS = {
    "one": "one at a time, on the same documents",
    "morris": "elementary effects (Morris 1991), all inputs moving",
    "sobol": "variance-based (Sobol 2001, Saltelli 2010), all inputs moving",
}
_HEADINGS = {
    "morris": ["input", "from", "to", "mean effect ± 95 %", "spread"],
    "sobol": ["input", "from", "to", "share with others ± 95 %", "alone"],
}


@dataclass(frozen=True, kw_only=True)
class Effect:
    """What an input does to the figure.

    Attributes
    ----------
    name, unit
        The input, and what its values are.
    low, high
        Between which values it was varied.
    size
        What the inputs are ordered by.  One at a time: the larger of the two moves.  Morris: mean absolute elementary
        effect, for the whole way from low to high.  Sobol: total-order index.
    at_low, at_high
        One at a time: the mean of the figure there; infinite where nothing is served.
    low_interval, high_interval
        One at a time: 95 % intervals of the differences to the scenario as it is.
    half
        Else: half the width of the 95 % interval of ``size``.
    second
        Morris: standard deviation of the effects, large where an input acts together with others; Sobol: first-order
        index.
    """

    name: str
    low: float
    high: float
    unit: str
    size: float
    at_low: float = math.nan
    at_high: float = math.nan
    low_interval: tuple[float, float] | None = None
    high_interval: tuple[float, float] | None = None
    half: float = math.nan
    second: float = math.nan


@dataclass(frozen=True, eq=False)
class Sensitivity:
    """Which input moves a figure most.

    Attributes
    ----------
    scenario
        What was asked about.
    figure
        The figure.
    method
        ``one``, ``morris`` or ``sobol``.
    base
        Its mean with all inputs as they are.
    effects
        The inputs, the most important first.
    without
        Why other inputs are not among them, a sentence each.
    replications, variants
        How often each variant was run, and how many there were.
    """

    scenario: Scenario
    figure: Target
    method: str
    base: float
    effects: tuple[Effect, ...]
    without: tuple[str, ...]
    replications: int
    variants: int

    def __repr__(self) -> str:
        return f"<Sensitivity of {self.figure.measure} in {self.scenario.name!r}: most to {self.effects[0].name}>"

    def __str__(self) -> str:
        return self.summary()

    def to_dict(self) -> dict[str, Any]:
        """Return the object that ``workersim sensitivity --json`` prints."""
        return {
            "scenario": self.scenario.name,
            "measure": self.figure.measure,
            "method": self.method,
            "base": _known(self.base),
            "replications": self.replications,
            "variants": self.variants,
            "effects": [self._plain(effect) for effect in self.effects],
            "without": list(self.without),
        }

    def _plain(self, effect: Effect) -> dict[str, Any]:
        said = {"input": effect.name, "low": effect.low, "high": effect.high, "unit": effect.unit}
        if self.method == "one":
            intervals = {"low": effect.low_interval, "high": effect.high_interval}
            return said | {
                "at_low": _known(effect.at_low),
                "at_high": _known(effect.at_high),
                "difference_interval": {end: pair and list(pair) for end, pair in intervals.items()},
            }
        names = {"morris": ("mu_star", "sigma"), "sobol": ("total", "first")}[self.method]
        return said | {names[0]: effect.size, f"{names[0]}_half": effect.half, names[1]: effect.second}

    def to_frame(self) -> pd.DataFrame:
        """Return the inputs as a table, the most important first."""
        import pandas as pd  # noqa: PLC0415 (pandas takes half a second)

        rows = []
        for effect in self.effects:
            row = self._plain(effect)
            for end, pair in row.pop("difference_interval", {}).items():
                row[f"difference_{end}.low"], row[f"difference_{end}.high"] = pair or (None, None)
            rows.append(row)
        return pd.DataFrame(rows)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw a tornado: the inputs, the most important on top, and what each does to the figure."""
        from workersim import plots  # noqa: PLC0415 (only for a plot)

        if self.method == "one":
            bars = [
                (effect.name, effect.at_low, effect.at_high, effect.low_interval, effect.high_interval)
                for effect in self.effects
            ]
            return plots.tornado(bars, ax, base=self.base, measure=self.figure.measure)
        shares = [(effect.name, effect.size, effect.half) for effect in self.effects]
        title = {"morris": "mean effect on", "sobol": "share of the variance of"}[self.method]
        return plots.tornado(shares, ax, measure=f"{title} {self.figure.measure}")

    def summary(self) -> str:
        """Return the inputs as a table of 80 columns."""
        lines = [*textwrap.wrap(self.scenario.name, WIDTH), *labelled(self._asked()), "", *in_columns(self._table())]
        if self.without:
            text = f"Not varied: {'; '.join(self.without)}."
            lines += ["", *textwrap.wrap(text, WIDTH)]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        table = self._table()
        head = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in table.headings)
        rows = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in table.rows)
        asked = "".join(f'<tr><th scope="row">{escape(k)}</th><td>{escape(v)}</td></tr>' for k, v in self._asked())
        body = f"<table>{asked}</table><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
        return f"<div><strong>{escape(self.scenario.name)}</strong>{body}</div>"

    def _asked(self) -> list[tuple[str, str]]:
        runs = f"{self.variants:,} variants, {self.replications} run{'s' * (self.replications != 1)} each"
        return [
            ("figure", f"{self.figure.measure}, {self._shown(self.base)} as it is"),
            ("method", f"{_METHODS[self.method]}; {runs}"),
        ]

    def _table(self) -> Table:
        if self.method != "one":
            rows = [[*_range(effect), self._sized(effect), self._second(effect)] for effect in self.effects]
            return Table(_HEADINGS[self.method], rows)
        rows = [
            [
                *_range(effect),
                self._moved(effect.at_low, effect.low_interval),
                self._moved(effect.at_high, effect.high_interval),
            ]
            for effect in self.effects
        ]
        return Table(["input", "from", "to", "moves it by", "and by"], rows)

    def _moved(self, value: float, interval: tuple[float, float] | None) -> str:
        """Return the difference to the scenario as it is, with half the width of its interval."""
        move = value - self.base
        if not math.isfinite(move):
            return NOTHING
        return ("+" if move > 0 else "") + figure_text(self.figure, move, interval)

    def _sized(self, effect: Effect) -> str:
        if self.method == "sobol":
            return f"{format_share(effect.size, 2)} ± {format_share(effect.half, 2)}"
        return figure_text(self.figure, effect.size, (effect.size - effect.half, effect.size + effect.half))

    def _second(self, effect: Effect) -> str:
        return format_share(effect.second, 2) if self.method == "sobol" else self._shown(effect.second)

    def _shown(self, value: float) -> str:
        return self.figure.shown(value) if math.isfinite(value) else "never"


def _range(effect: Effect) -> list[str]:
    ends = [f"{format_number(value, 3)} {effect.unit}" for value in (effect.low, effect.high)]
    return [effect.name, *ends]


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None
