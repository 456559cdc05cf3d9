"""What a comparison came out as: differences within pairs, in numbers, in a sentence and as a plot."""

from __future__ import annotations

import textwrap
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from html import escape
from itertools import combinations
from typing import TYPE_CHECKING, Any, NamedTuple

from workersim import workload
from workersim.experiments.figure_words import called, shown, with_half
from workersim.experiments.flat import Estimated, estimate, flat
from workersim.experiments.summary import NOTHING, WIDTH, Table, in_columns, table_html
from workersim.statistics import level_for_all, paired_difference
from workersim.units import format_number, told_apart

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from workersim.scenario import Scenario

__all__ = ["Comparison", "DifferenceOf"]

_SHOWN = (
    *("wait.mean", "wait.p95", "response.mean", "queue_length.mean"),
    *("utilization.mean", "cost.total", "cost.per_job"),
)
_MOST = 18  # characters of a name above its column, so that the table keeps within 80


class DifferenceOf(NamedTuple):
    """By how much a figure of b exceeds that of a; mean and interval are None where there is none."""

    a: str
    b: str
    measure: str
    mean: float | None
    interval: tuple[float, float] | None

    @property
    def is_shown(self) -> bool:
        """Whether the interval leaves no doubt that there is a difference, and on which side."""
        return self.interval is not None and (self.interval[0] > 0 or self.interval[1] < 0)


@dataclass(frozen=True, eq=False)
class Comparison:
    """Several fleets on the same documents.

    Attributes
    ----------
    scenarios
        What was run, all with one seed.
    samples
        Of each scenario the tree of figures of each replication.
    note
        Where the documents are not the same: which difference there is; else empty.
    warnings
        What a reader has to know, a sentence each.
    """

    scenarios: tuple[Scenario, ...]
    samples: tuple[tuple[dict[str, Any], ...], ...]
    note: str
    warnings: tuple[str, ...]

    def __repr__(self) -> str:
        return f"<Comparison of {', '.join(map(repr, self.names))}: {self.replications} replications>"

    def __str__(self) -> str:
        return self.summary()

    @property
    def replications(self) -> int:
        """How many runs of each there are."""
        return len(self.samples[0])

    @cached_property
    def names(self) -> tuple[str, ...]:
        """What the scenarios are called; those with one name are numbered."""
        names = [scenario.name for scenario in self.scenarios]
        counts = Counter(names)
        return tuple(f"{name} ({at})" if counts[name] > 1 else name for at, name in enumerate(names, 1))

    @cached_property
    def _columns(self) -> list[dict[str, list[float | None]]]:
        """Of each scenario, the values over replications of each figure."""
        held = []
        for trees in self.samples:
            columns: dict[str, list[float | None]] = {}
            for tree in trees:
                for name, value in flat(tree):
                    columns.setdefault(name, []).append(value)
            held.append(columns)
        return held

    @cached_property
    def is_random(self) -> bool:
        """Whether another seed could give other figures."""
        return any(map(workload.is_random, self.scenarios))

    @cached_property
    def differences(self) -> tuple[DifferenceOf, ...]:
        """Each pair of scenarios and each figure: mean of b minus a, with an interval.

        The intervals of one figure hold for all pairs together with 95 %; without chance they have no width.
        """
        pairs = list(combinations(range(len(self.names)), 2))
        level = level_for_all(len(pairs))
        return tuple(self._difference(a, b, measure, level) for a, b in pairs for measure in self._columns[a])

    def _difference(self, a: int, b: int, measure: str, level: float) -> DifferenceOf:
        first, second = self._columns[a][measure], self._columns[b].get(measure, [None] * self.replications)
        mean, interval = paired_difference(first, second, level)
        if not self.is_random and mean is not None:
            interval = (mean, mean)
        return DifferenceOf(self.names[a], self.names[b], measure, mean, interval)

    def of(self, measure: str, *, a: int = 0, b: int = 1) -> DifferenceOf:
        """Return the difference in a figure between two scenarios, by their places.

        Parameters
        ----------
        measure
            Path of a figure, such as ``wait.p95``.
        a, b
            Which scenarios, counted from 0.
        """
        names = (self.names[a], self.names[b])
        return next(each for each in self.differences if (each.a, each.b) == names and each.measure == measure)

    def figure(self, at: int, measure: str) -> Estimated:
        """Return a figure of one of the scenarios, with its 95 % interval.

        Parameters
        ----------
        at
            Which scenario, counted from 0.
        measure
            Path of a figure, such as ``wait.p95``.
        """
        values = [float("nan") if value is None else value for value in self._columns[at][measure]]
        return estimate(values, random=self.is_random)

    @cached_property
    def sentences(self) -> tuple[str, ...]:
        """What the comparison says, a sentence a pair."""
        return tuple(self._sentence(a, b) for a, b in combinations(range(len(self.names)), 2))

    def _sentence(self, a: int, b: int) -> str:
        waits = [_said(self.of(measure, a=a, b=b)) for measure in ("wait.mean", "wait.p95")]
        costs = [self.figure(at, "cost.total").mean for at in (a, b)]
        return f"{self.names[b]}: {' and '.join(waits)} than with {self.names[a]}, and it {_cost(*costs)}."

    def to_dict(self) -> dict[str, Any]:
        """Return the object that ``workersim compare --json`` prints."""
        return {
            "scenarios": list(self.names),
            "seed": self.scenarios[0].run.seed,
            "replications": self.replications,
            "same_documents": not self.note,
            "note": self.note,
            "sentences": list(self.sentences),
            "differences": [
                {**each._asdict(), "interval": None if each.interval is None else list(each.interval)}
                for each in self.differences
            ],
            "warnings": list(self.warnings),
        }

    def to_frame(self) -> pd.DataFrame:
        """Return a row a pair and figure: ``a, b, measure, mean, low, high``; seconds, bytes, per second, fractions."""
        import pandas as pd  # noqa: PLC0415 (takes half a second)

        nan = float("nan")
        rows = [
            (each.a, each.b, each.measure, nan if each.mean is None else each.mean, *(each.interval or (nan, nan)))
            for each in self.differences
        ]
        return pd.DataFrame(rows, columns=["a", "b", "measure", "mean", "low", "high"])

    def plot(self, measure: str = "wait.p95", ax: Axes | None = None) -> Axes:
        """Draw the differences in a figure between all pairs, with their intervals.

        Parameters
        ----------
        measure
            Path of a figure, such as ``wait.p95``.
        ax
            Where to draw; default: a new figure.
        """
        from workersim import plots  # noqa: PLC0415 (only for a plot)

        return plots.differences(self, ax, measure=measure)

    def summary(self) -> str:
        """Return the sentences, and a table of 80 columns for each pair."""
        lines: list[str] = []
        for at, sentence in enumerate(self.sentences):
            lines += [*([""] if at else []), *textwrap.wrap(sentence, WIDTH)]
        for a, b in combinations(range(len(self.names)), 2):
            if len(self.names) > 2:
                lines += ["", *textwrap.wrap(f"{self.names[a]} → {self.names[b]}", WIDTH)]
            lines += ["", *in_columns(self._table(a, b))]
        for text in self._notes():
            lines += ["", *textwrap.wrap(text, WIDTH)]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        parts = [f"<p>{escape(text)}</p>" for text in self.sentences]
        for a, b in combinations(range(len(self.names)), 2):
            title = f"{self.names[a]} → {self.names[b]}"
            parts += [f"<strong>{escape(title)}</strong>", table_html(self._table(a, b))]
        parts += [f"<p>{escape(text)}</p>" for text in self._notes()]
        return f"<div>{''.join(parts)}</div>"

    def _notes(self) -> list[str]:
        pairs = len(self.names) * (len(self.names) - 1) // 2
        how = "Chance has no part in these scenarios, so one run of each is the answer."
        if self.is_random:
            joint = ", for all pairs together" if pairs > 1 else ""
            how = (
                f"± is half the 95 % interval over {self.replications} replications, seed {self.scenarios[0].run.seed}"
            )
            how += f"; that of a difference is within pairs{joint}."
        return [how, *([self.note] if self.note else []), *(f"Warning: {text}" for text in self.warnings)]

    def _table(self, a: int, b: int) -> Table:
        rows = []
        for measure in _SHOWN:
            cells = [_cell(measure, self.figure(at, measure)) for at in (a, b)]
            found = self.of(measure, a=a, b=b)
            ends = found.interval or (None, None)
            rows.append([called(measure), *cells, _cell(measure, Estimated(found.mean, *ends))])
        return Table(["", *told_apart([self.names[a], self.names[b]], _MOST), "difference"], rows)


def _cell(measure: str, found: Estimated) -> str:
    if found.mean is None:
        return NOTHING
    text = shown(measure, found.mean)
    if found.low is None or found.high is None or found.low == found.high:
        return text
    return with_half(text, found.mean, (found.high - found.low) / 2)


def _said(found: DifferenceOf) -> str:
    """Return a difference between waits in words."""
    name = f"the {called(found.measure)}"
    if found.mean is None:
        return f"{name} cannot be compared"
    ends = found.interval or (None, None)
    size = _cell(found.measure, Estimated(abs(found.mean), *ends))
    if found.interval is None:
        return f"{name} is {size} {'longer' if found.mean > 0 else 'shorter'} in the one run there is"
    if found.is_shown:
        return f"{name} is {size} {'longer' if found.mean > 0 else 'shorter'}"
    if found.interval[0] == found.interval[1] == 0:
        return f"{name} is no different"
    return f"{name} is not shown to be different ({_cell(found.measure, Estimated(found.mean, *ends))})"


def _cost(a: float | None, b: float | None) -> str:
    if a is None or b is None:
        return "has no known cost beside the other"
    if a == b:
        return "costs the same"
    if not a:
        return f"costs {format_number(b)} instead of nothing"
    return f"costs {format_number(b / a)} × as much"  # noqa: RUF001 (the sign is meant)
