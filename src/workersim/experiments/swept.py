"""What a sweep came out as: a row a point, as a table, in words and as a plot."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from functools import cached_property
from html import escape
from typing import TYPE_CHECKING, Any

from workersim.errors import InputError
from workersim.experiments.figure_words import called, shown, with_half
from workersim.experiments.flat import hint
from workersim.experiments.summary import NOTHING, WIDTH, Table, in_columns, table_html
from workersim.units.reading import Quantity

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from workersim.scenario import Scenario

__all__ = ["Sweep"]

_SHOWN = ("wait.mean", "wait.p95", "utilization.mean", "cost.per_job")
_MOST_ROWS = 60


@dataclass(frozen=True, eq=False)
class Sweep:
    """The figures of a scenario at every combination of what was varied.

    Attributes
    ----------
    scenario
        What stayed as it is.
    vary
        Paths of what was varied.
    rows
        A point each, in the order of the combinations, the last path varied first: ``values`` by path as
        they were written; ``scenario`` (None if there can be none); ``figures``, of each path mean, low and high;
        ``replications``; ``warnings``.
    """

    scenario: Scenario
    vary: tuple[str, ...]
    rows: tuple[dict[str, Any], ...]

    def __repr__(self) -> str:
        return f"<Sweep of {self.scenario.name!r}: {len(self.rows)} points of {', '.join(self.vary)}>"

    def __str__(self) -> str:
        return self.summary()

    def __len__(self) -> int:
        return len(self.rows)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Paths of all figures."""
        return tuple(dict.fromkeys(name for row in self.rows for name in row["figures"]))

    def to_frame(self) -> pd.DataFrame:
        """Return a row a point: what was varied, each figure with the ends of its interval, and the warnings.

        Numbers are seconds, bytes, per second and fractions.  A figure of nothing is missing; without chance the ends
        of an interval are the figure itself.
        """
        import pandas as pd  # noqa: PLC0415 (takes half a second)

        columns: dict[str, Any] = {path: [_plain(row, path) for row in self.rows] for path in self.vary}
        for name in self.names:
            ends = [row["figures"].get(name, (None, None, None)) for row in self.rows]
            for suffix, column in zip(("", ".low", ".high"), zip(*ends, strict=True), strict=True):
                columns[name + suffix] = pd.array(column, dtype="Float64").to_numpy(dtype=float, na_value=float("nan"))
        columns["replications"] = [row["replications"] for row in self.rows]
        columns["warnings"] = [" ".join(row["warnings"]) or None for row in self.rows]
        return pd.DataFrame(columns)

    def ensure_figure(self, measure: str) -> None:
        """Refuse a figure that is not there.

        Parameters
        ----------
        measure
            Path of a figure, such as ``wait.p95``.

        Raises
        ------
        InputError
            With the nearest one that is.
        """
        if measure not in self.names:
            raise InputError(hint(measure, self.names))

    def plot(self, measure: str = "wait.p95", ax: Axes | None = None) -> Axes:
        """Draw a figure against what was varied first, a line for each combination of the rest, with its intervals.

        Parameters
        ----------
        measure
            Path of a figure, such as ``wait.p95``.
        ax
            Where to draw; default: a new figure.
        """
        from workersim import plots  # noqa: PLC0415 (only for a plot)

        return plots.sweep(self, ax, measure=measure)

    def summary(self) -> str:
        """Return the main figures of each point as a table of 80 columns; ± is half the 95 % interval."""
        lines = textwrap.wrap(self.scenario.name, WIDTH)
        lines += in_columns(self._table())
        if len(self.rows) > _MOST_ROWS:
            lines.append(f"… and {len(self.rows) - _MOST_ROWS:,} more points")
        for text in self._notes():
            lines += ["", *textwrap.wrap(f"Warning: {text}", WIDTH)]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        notes = "".join(f"<p>Warning: {escape(text)}</p>" for text in self._notes())
        return f"<div><strong>{escape(self.scenario.name)}</strong>{table_html(self._table())}{notes}</div>"

    def _table(self) -> Table:
        keys = _short(self.vary)
        rows = [
            [*(_written(row, path) for path in self.vary), *(_cell(row, name) for name in _SHOWN)]
            for row in self.rows[:_MOST_ROWS]
        ]
        return Table([*keys, *map(called, _SHOWN)], rows)

    def _notes(self) -> list[str]:
        """Return the warnings, each kind with how many points have it."""
        told: dict[str, list[str]] = {}
        for row in self.rows:
            for text in row["warnings"]:
                told.setdefault(text.partition(":")[0], []).append(text)
        of = f"of {len(self.rows):,} points"
        return [f"{len(texts):,} {of}: {texts[0]}" for texts in told.values()]


def _cell(row: dict[str, Any], name: str) -> str:
    mean, low, high = row["figures"].get(name, (None, None, None))
    if mean is None:
        return NOTHING
    text = shown(name, mean)
    return text if low is None or low == high else with_half(text, mean, (high - low) / 2)


def _short(paths: tuple[str, ...]) -> list[str]:
    """Return the last parts of paths, as many as tell them apart."""
    parts = [path.split(".") for path in paths]
    for count in range(1, max(map(len, parts)) + 1):
        names = [".".join(each[-count:]) for each in parts]
        if len(set(names)) == len(names):
            return names
    return list(paths)


def _plain(row: dict[str, Any], path: str) -> Any:
    """Return what was varied as a number where it is one, else as text."""
    scenario = row["scenario"]
    value = row["values"][path] if scenario is None else scenario.value_at(path)
    if isinstance(value, Quantity) and scenario is not None:
        return scenario.quantity_at(path)
    return value if isinstance(value, int | float) or value is None else str(row["values"][path])


def _written(row: dict[str, Any], path: str) -> str:
    return str(row["values"][path])
