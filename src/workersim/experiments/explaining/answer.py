"""Where the waiting comes from, and what would shorten it: numbers, a sentence, tables and a picture."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

from workersim.experiments.figure_words import with_half
from workersim.experiments.summary import NOTHING, WIDTH, Table, in_columns, table_html
from workersim.statistics import mean_interval
from workersim.statistics.intervals import mean_of
from workersim.units import SECOND, format_duration, format_number, format_share

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pandas as pd
    from matplotlib.axes import Axes

    from workersim.scenario import Scenario

__all__ = ["Explanation", "Part", "Tried"]

Interval = tuple[float, float]


def _means(sums_ns: Sequence[int], documents: Sequence[int]) -> list[float]:
    """Return the mean of each replication in seconds."""
    return [total / count / SECOND if count else 0.0 for total, count in zip(sums_ns, documents, strict=True)]


@dataclass(frozen=True)
class Part:
    """What a cause adds to the waiting.

    Attributes
    ----------
    cause, words, how
        Its name, what it is, and how it was switched off.
    added_ns
        Of each replication: by how much all documents together wait less without it.  With those of the other parts
        these add up to what they wait, to the nanosecond.  Negative: without it they wait longer.
    documents
        How many there are in each replication.
    """

    cause: str
    words: str
    how: str
    added_ns: tuple[int, ...]
    documents: tuple[int, ...]

    @property
    def wait(self) -> float:
        """Its part of the mean wait, in seconds."""
        return mean_of(_means(self.added_ns, self.documents))

    @property
    def interval(self) -> Interval | None:
        """Its 95 % interval; None for one replication."""
        return mean_interval(_means(self.added_ns, self.documents))


@dataclass(frozen=True, kw_only=True)
class Tried:
    """A change, on the same documents.

    Attributes
    ----------
    words, keys
        What is done, and the values by their paths in the scenario.
    saved_ns
        Of each replication: by how much all documents together wait less with it.
    documents
        How many there are in each replication.
    cost
        What the run costs more with it.
    """

    words: str
    keys: dict[str, Any]
    saved_ns: tuple[int, ...]
    documents: tuple[int, ...]
    cost: float

    @property
    def saved(self) -> float:
        """By how much the mean wait is shorter, in seconds."""
        return mean_of(_means(self.saved_ns, self.documents))

    @property
    def interval(self) -> Interval | None:
        """Its 95 % interval; None for one replication."""
        return mean_interval(_means(self.saved_ns, self.documents))

    @property
    def shortens(self) -> bool:
        """Whether it does so beyond chance."""
        return self.saved > 0 and (self.interval is None or self.interval[0] > 0)


@dataclass(frozen=True, eq=False)
class Explanation:
    """Where the waiting comes from.

    Attributes
    ----------
    scenario
        What was asked about.
    parts
        The causes in the order in which they were switched off, and the load last.
    changes
        What was tried, the change that shortens the wait most first.
    waited_ns, documents
        Of each replication: how long all documents together wait, and how many there are.
    """

    scenario: Scenario
    parts: tuple[Part, ...]
    changes: tuple[Tried, ...]
    waited_ns: tuple[int, ...]
    documents: tuple[int, ...]

    @property
    def wait(self) -> float:
        """The mean wait in seconds."""
        return mean_of(_means(self.waited_ns, self.documents))

    @property
    def interval(self) -> Interval | None:
        """Its 95 % interval; None for one replication."""
        return mean_interval(_means(self.waited_ns, self.documents))

    @property
    def best(self) -> Tried | None:
        """The change that shortens the wait most; None if none does so beyond chance."""
        return next((change for change in self.changes if change.shortens), None)

    @property
    def replications(self) -> int:
        """How often it was run."""
        return len(self.documents)

    def share(self, part: Part) -> float | None:
        """Return which share of the waiting a part is; None if nothing waits.

        Parameters
        ----------
        part
            A part of the mean wait, as ``parts`` has them.
        """
        return part.wait / self.wait if self.wait else None

    def share_interval(self, part: Part) -> Interval | None:
        """Return the 95 % interval of a share: of a ratio of two means, by its residuals.

        Parameters
        ----------
        part
            A part of the mean wait, as ``parts`` has them.
        """
        share = self.share(part)
        if share is None:
            return None
        added, waited = _means(part.added_ns, part.documents), _means(self.waited_ns, self.documents)
        around = mean_interval([one - share * whole for one, whole in zip(added, waited, strict=True)])
        return None if around is None else (share + around[0] / self.wait, share + around[1] / self.wait)

    def __repr__(self) -> str:
        return f"<Explanation of {self.scenario.name!r}: mean wait {format_duration(self.wait)}>"

    def to_dict(self) -> dict[str, Any]:
        """Return the object that ``workersim explain --json`` prints."""
        best = self.best
        return {
            "scenario": self.scenario.name,
            "seed": self.scenario.run.seed,
            "replications": self.replications,
            "wait": {"mean": self.wait, "interval": _listed(self.interval)},
            "causes": [
                {
                    "cause": part.cause,
                    "wait": part.wait,
                    "interval": _listed(part.interval),
                    "share": self.share(part),
                    "share_interval": _listed(self.share_interval(part)),
                    "how": part.how,
                }
                for part in self.parts
            ],
            "changes": [
                {
                    "change": each.words,
                    "keys": each.keys,
                    "wait": self.wait - each.saved,
                    "saved": each.saved,
                    "interval": _listed(each.interval),
                    "cost": each.cost,
                }
                for each in self.changes
            ],
            "best": None if best is None else best.words,
        }

    def to_frame(self) -> pd.DataFrame:
        """Return the causes as a table: cause, wait and share with the ends of their intervals, in seconds."""
        import pandas as pd  # noqa: PLC0415 (pandas takes half a second)

        rows = []
        for cause in self.to_dict()["causes"]:
            row = {key: cause[key] for key in ("cause", "wait", "share")}
            for key, name in (("interval", "wait"), ("share_interval", "share")):
                row[f"{name}.low"], row[f"{name}.high"] = cause[key] or (None, None)
            rows.append(row)
        return pd.DataFrame(rows)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw what each cause adds, one after the other, up to the mean wait."""
        from workersim import plots  # noqa: PLC0415 (only for a plot)

        steps = [(part.cause, part.wait, part.interval) for part in reversed(self.parts)]
        return plots.waterfall(steps, ax, title="Where the mean wait comes from")

    def sentence(self) -> str:
        """Return where the waiting comes from, and what would shorten it most."""
        if not self.wait:
            return "No document waits, so there is nothing to explain."
        lead = max(self.parts, key=lambda part: part.wait)
        said = f"A document waits {format_duration(self.wait)} on average; "
        said += f"{format_share(lead.wait / self.wait, 2)} of that comes of {lead.words}. "
        best = self.best
        if best is None:
            return said + "None of the changes that were tried shortens it beyond chance."
        price = "costs the same" if abs(best.cost) < 1e-9 else f"costs {format_number(abs(best.cost))} "
        price += "" if price.endswith("same") else "more" if best.cost > 0 else "less"
        return said + f"{_capital(best.words)}: {format_duration(best.saved)} less, which {price}."

    def summary(self) -> str:
        """Return the sentence and two tables of 80 columns."""
        lines = [*textwrap.wrap(self.scenario.name, WIDTH), *textwrap.wrap(self.sentence(), WIDTH)]
        for table in self._tables():
            lines += ["", *in_columns(table)]
        lines += ["", *textwrap.wrap(self._method(), WIDTH)]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        tables = "".join(table_html(table) for table in self._tables())
        said = f"<p>{escape(self.sentence())}</p>"
        return f"<div><strong>{escape(self.scenario.name)}</strong>{said}{tables}<p>{escape(self._method())}</p></div>"

    def _tables(self) -> Iterator[Table]:
        rows = [[part.cause, _timed(part.wait, part.interval), self._shared(part)] for part in self.parts]
        yield Table(["cause", "mean wait", "share"], [*rows, ["all", _timed(self.wait, self.interval), _whole(self)]])
        tried = [[each.words, _timed(each.saved, each.interval), _signed(each.cost)] for each in self.changes]
        yield Table(["change", "shortens it by", "cost"], tried)

    def _shared(self, part: Part) -> str:
        share, interval = self.share(part), self.share_interval(part)
        if share is None:
            return NOTHING
        text = format_share(share)
        return text if interval is None else with_half(text, share, (interval[1] - interval[0]) / 2)

    def _method(self) -> str:
        runs = f"{self.replications:,} replication{'s' * (self.replications != 1)}"
        sure = ", ± 95 %" if self.replications > 1 else ""
        return (
            "Each cause is switched off on the same documents, on top of those above it; what is left is load. "
            f"A negative part means that waits get longer without it. Mean of {runs}{sure}."
        )


def _timed(value: float, interval: Interval | None) -> str:
    text = format_duration(value)
    return text if interval is None else with_half(text, value, (interval[1] - interval[0]) / 2)


def _whole(explanation: Explanation) -> str:
    return "100%" if explanation.wait else NOTHING


def _signed(cost: float) -> str:
    text = format_number(cost, 2)
    return f"+{text}" if cost > 0 else text


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _listed(interval: Interval | None) -> list[float] | None:
    return None if interval is None else list(interval)
