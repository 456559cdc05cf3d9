"""What a plan answers: which choice to buy, its neighbours, and how sure that is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from workersim.errors import InputError

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from workersim.experiments.planning.choices import Choice, Refused
    from workersim.experiments.planning.judged import Rules
    from workersim.experiments.planning.risk import Holds
    from workersim.experiments.planning.targets import Target
    from workersim.experiments.planning.trials import Decision
    from workersim.scenario import Scenario

__all__ = ["Asked", "Means", "Plan", "Row", "Tried", "Vary"]

Vary: TypeAlias = dict[str, list[Any]]
"""The varied keys by their paths, each with its values."""

Means: TypeAlias = list[tuple[float, tuple[float, float] | None]]
"""For each target the mean of its figure, and the 95 % interval of that."""


@dataclass(frozen=True, eq=False)
class Row:
    """A choice in the answer.

    Attributes
    ----------
    role
        ``recommended``, ``smaller``, ``larger``, ``closest`` or ``present``.
    choice
        The varied keys, the scenario with them, and the price of an hour.
    decision
        Whether it meets the targets, and which it misses.
    metrics
        The tree of ``run --json``, over ``replications``.
    found
        For each target its mean and its 95 % interval; the figure that was compared with the bound.
    holds
        On how many days every target was met.
    breaks_at
        By how much arrivals can be multiplied until a target is missed; None where that is not known.
    """

    role: str
    choice: Choice
    decision: Decision
    metrics: dict[str, Any]
    replications: int
    found: Means
    holds: Holds
    breaks_at: float | None

    def to_dict(self, plan: Plan) -> dict[str, Any]:
        """Return the row as plain data."""
        targets = [
            {"says": target.says, "mean": _plain(mean), "interval": None if interval is None else list(interval)}
            for target, (mean, interval) in zip(plan.asked.targets, self.found, strict=True)
        ]
        rate = plan.rate_per_s * self.breaks_at if self.breaks_at and plan.rate_per_s else None
        return {
            **{path: _written(value) for path, value in self.choice.keys.items()},
            "role": self.role,
            "cost": self.choice.price,
            "meets": self.decision.meets,
            "misses": [target.says for target in self.decision.missed],
            "open": self.decision.open,
            "targets": targets,
            "holds": {
                "probability": self.holds.share,
                "interval": list(self.holds.interval),
                "of": self.holds.of,
                "what": plan.what_repeats,
            },
            "breaks_at": {"factor": _plain(self.breaks_at), "rate": _plain(rate)},
            "replications": self.replications,
            "metrics": self.metrics,
        }


@dataclass(frozen=True)
class Asked:
    """What was asked: the targets, what is varied, and how sure the answer has to be.

    Attributes
    ----------
    targets
        All have to be met.
    vary
        The keys and their values.
    given
        Whether somebody said what to vary.
    confidence
        Probability that the choice is right, or within the indifference zone.
    indifference
        Half the width of that zone, as a share of each bound.
    """

    targets: tuple[Target, ...]
    vary: Vary
    given: bool
    confidence: float
    indifference: float


@dataclass(frozen=True)
class Tried:
    """A choice that was run: its price, whether it meets the targets, and the mean of each target's figure."""

    keys: dict[str, Any]
    price: float
    meets: bool
    replications: int
    found: Means


@dataclass(frozen=True, eq=False)
class Plan:
    """The cheapest choice that meets all targets.

    Attributes
    ----------
    scenario
        The one that was asked about.
    asked
        Targets, varied keys, confidence.
    rows
        The recommended choice, a smaller and a larger one, and the present fleet; without a feasible choice the
        closest ones.
    binding
        What keeps it from being cheaper (or, without a feasible choice, from being met): a target, or a limit.
    why
        The same as a sentence.
    tried
        Every choice that was run.
    refused
        Combinations that are no valid scenario, such as more processes than the memory holds.
    valid
        How many combinations are valid ones.
    runs
        How many runs it took.
    rate_per_s
        Mean rate of arrivals; 0 where there is none, as with a burst.
    what_repeats
        What ``holds`` counts: ``day`` or ``run``.
    """

    scenario: Scenario
    asked: Asked
    rows: tuple[Row, ...]
    binding: str | None
    why: str
    tried: tuple[Tried, ...]
    refused: tuple[Refused, ...]
    valid: int
    runs: int
    rate_per_s: float
    what_repeats: str

    def __repr__(self) -> str:
        found = self.recommended
        return f"<Plan for {self.scenario.name!r}: {found.choice.says if found else 'nothing meets the targets'}>"

    def __str__(self) -> str:
        return self.summary()

    def row(self, role: str) -> Row | None:
        """Return the row of a role, None if there is none.

        Parameters
        ----------
        role
            ``recommended``, ``smaller``, ``larger``, ``closest`` or ``present``.
        """
        return next((row for row in self.rows if row.role == role), None)

    @property
    def recommended(self) -> Row | None:
        """The cheapest choice that meets all targets; None if none does."""
        return self.row("recommended")

    @property
    def present(self) -> Row:
        """The fleet of the scenario as it is."""
        row = self.row("present")
        if row is None:
            msg = "this plan has no row for the present fleet"
            raise InputError(msg)
        return row

    @property
    def feasible(self) -> bool:
        """Whether any choice meets all targets."""
        return self.recommended is not None

    @property
    def alternatives(self) -> list[Row]:
        """The smaller and the larger choice, or the closest ones."""
        return [row for row in self.rows if row.role not in ("recommended", "present")]

    def to_dict(self) -> dict[str, Any]:
        """Return the object that ``workersim plan --json`` prints."""
        found = self.recommended
        return {
            "scenario": self.scenario.name,
            "targets": [target.says for target in self.asked.targets],
            "vary": {path: [_written(value) for value in values] for path, values in self.asked.vary.items()},
            "minimised": "cost",
            "confidence": self.asked.confidence,
            "indifference": self.asked.indifference,
            "feasible": self.feasible,
            "binding": self.binding,
            "why": self.why,
            "recommended": None if found is None else found.to_dict(self),
            "alternatives": [row.to_dict(self) for row in self.alternatives],
            "present": self.present.to_dict(self),
            "take_away": None if found is None else self.take_away(),
            "refused": len(self.refused),
            "runs": self.runs,
        }

    def to_frame(self) -> pd.DataFrame:
        """Return every choice that was run, a row each: the varied keys, the cost of an hour, and the figures."""
        import pandas as pd  # noqa: PLC0415 (pandas takes half a second)

        rows = []
        for tried in self.tried:
            row = {**tried.keys, "cost": tried.price, "meets": tried.meets, "replications": tried.replications}
            for target, (mean, interval) in zip(self.asked.targets, tried.found, strict=True):
                low, high = interval or (None, None)
                row |= {target.measure: mean, f"{target.measure}.low": low, f"{target.measure}.high": high}
            rows.append(row)
        return pd.DataFrame(rows)

    def take_away(self, row: Row | None = None) -> dict[str, str]:
        """Return what to type and what to deploy for the recommended fleet, or another row.

        Parameters
        ----------
        row
            One of ``rows``; default: the recommended one.

        Returns
        -------
        dict
            ``command`` (the ``celery worker`` line), ``settings``, ``railway`` (a ``railway.json``), ``limits`` (of a
            replica), ``compose`` and ``difference`` (to the present fleet), each a text; empty if there is no such row.
        """
        from workersim.experiments.planning.takeaway import take_away  # noqa: PLC0415 (needed only by who reads it)

        chosen = row or self.recommended
        return {} if chosen is None else take_away(self.scenario, chosen.choice.scenario)

    def rules(self, *names: str) -> Rules:
        """Run what rules of thumb would buy, and return what each achieves and costs against this plan.

        They are the guide's table by traffic, its advice, its bands of utilization, its decision tree and its formula
        cores x (1 + I/O / CPU), and square-root staffing.

        Parameters
        ----------
        names
            Of the rules: ``table``, ``autoscale``, ``advice``, ``bands``, ``decision tree``, ``formula``, ``square
            root``; by default all of them.

        Raises
        ------
        InputError
            If there is no such rule.
        """
        from workersim.experiments.planning.judged import judge_rules  # noqa: PLC0415 (needed only by who asks)

        return judge_rules(self, names)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the cost of an hour against the figure of the first target: what was tried, and its Pareto front."""
        from workersim.plots.front import cost_front  # noqa: PLC0415 (loads matplotlib)

        target, found = self.asked.targets[0], self.recommended
        best = next((at for at, each in enumerate(self.tried) if found and each.keys == found.choice.keys), None)
        points = [(each.price, *_ends(each.found[0]), each.meets) for each in self.tried]
        return cost_front(points, ax, measure=target.measure, bound=target.bound, best=best)

    def summary(self) -> str:
        """Return the answer as a table of 80 columns."""
        from workersim.experiments.planning.words import summary  # noqa: PLC0415 (as above)

        return summary(self)

    def _repr_html_(self) -> str:
        from workersim.experiments.planning.words import summary_html  # noqa: PLC0415 (as above)

        return summary_html(self)


def _ends(found: tuple[float, tuple[float, float] | None]) -> tuple[float, float, float]:
    """Return a mean and the ends of its interval; without one they are the mean."""
    mean, interval = found
    return (mean, *(interval or (mean, mean)))


def _plain(value: float | None) -> float | None:
    """Return a number that JSON has: what is infinite is null."""
    return None if value is None or value in (float("inf"), float("-inf")) else value


def _written(value: Any) -> Any:
    return value if isinstance(value, int | float | str) else str(value)
