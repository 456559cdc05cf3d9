"""What rules of thumb would buy, what that achieves, and what it costs against the plan's own choice."""

from __future__ import annotations

import math
import textwrap
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

from workersim import workload
from workersim.errors import InputError
from workersim.experiments.planning.bracket import demand
from workersim.experiments.planning.choices import Choice, price_of
from workersim.experiments.planning.planner import SHOWN, means_of, tests_for
from workersim.experiments.planning.rules import RULES, purchases
from workersim.experiments.planning.trials import Trials, observe
from workersim.experiments.planning.words import cost_text, figure_text
from workersim.experiments.run import run
from workersim.experiments.summary import NOTHING, WIDTH, Table, in_columns
from workersim.units import format_number, format_share, nearest, shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from matplotlib.axes import Axes

    from workersim.experiments.planning.answer import Means, Plan
    from workersim.experiments.planning.rules import Purchase
    from workersim.scenario import Scenario

__all__ = ["Judged", "Rules", "judge_rules"]


@dataclass(frozen=True, eq=False)
class Judged:
    """A rule and what came of it.

    Attributes
    ----------
    purchase
        The rule and the fleet that it would buy.
    why_not
        Why nothing can be said of it; else empty.
    price
        Of an hour; None with ``why_not``, as the next ones are.
    meets
        Whether it meets the targets.
    found
        The mean of each target's figure and its interval.
    busy
        Mean utilization of the slots.
    against
        Price divided by that of the recommended choice; None without one.
    """

    purchase: Purchase
    why_not: str = ""
    price: float | None = None
    meets: bool | None = None
    found: Means | None = None
    busy: float | None = None
    against: float | None = None

    @property
    def verdict(self) -> str:
        """What is to be thought of it, in a word or two."""
        if self.meets is None:
            return "no answer"
        if not self.meets:
            return "too small"
        if self.against is None or self.against <= 1 + 1e-9:
            return "right"
        return f"{format_number(self.against, 2)} × cost"  # noqa: RUF001  # the sign is meant


@dataclass(frozen=True, eq=False)
class Rules:
    """Rules of thumb against a plan.

    Attributes
    ----------
    plan
        The plan, whose recommended choice they are measured by.
    rows
        A rule each; a rule that names a range has a row for each end.
    load
        Offered load in erlangs, which some rules start from.
    """

    plan: Plan
    rows: tuple[Judged, ...]
    load: float

    def __repr__(self) -> str:
        return f"<Rules for {self.plan.scenario.name!r}: {len(self.rows)} rows>"

    def __str__(self) -> str:
        return self.summary()

    def to_dict(self) -> list[dict[str, Any]]:
        """Return the rows as plain data."""
        return [_plain(self.plan, row) for row in self.rows]

    def to_frame(self) -> pd.DataFrame:
        """Return the rows as a table."""
        import pandas as pd  # noqa: PLC0415 (pandas takes half a second)

        rows = self.to_dict()
        targets = self.plan.asked.targets
        for row in rows:
            figures = row.pop("targets")
            for at, target in enumerate(targets):
                row[target.measure] = figures[at]["mean"] if figures else None
        return pd.DataFrame(rows)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw what each rule pays and gets, beside the recommended choice."""
        from workersim.plots.front import cost_front  # noqa: PLC0415 (loads matplotlib)

        target, found = self.plan.asked.targets[0], self.plan.recommended
        points: list[tuple[Any, ...]] = [
            (row.price, *_ends(row.found), row.meets) for row in self.rows if row.found is not None
        ]
        if found is not None:
            points.append((found.choice.price, *_ends(found.found), True))
        best = len(points) - 1 if found is not None else None
        return cost_front(points, ax, measure=target.measure, bound=target.bound, best=best)

    def summary(self) -> str:
        """Return the rules as a table of 80 columns, with what each says below."""
        lines = in_columns(self._table())
        lines += ["", *(line for at, row in enumerate(self.rows, start=1) for line in _said(at, row))]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        table = self._table()
        head = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in [*table.headings, "says"])
        rows = "".join(
            f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in [*cells, row.why_not or row.purchase.says])}</tr>"
            for cells, row in zip(table.rows, self.rows, strict=True)
        )
        return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"

    def _table(self) -> Table:
        target = self.plan.asked.targets[0]
        headings = ["rule", "replicas", "slots", "cost/h", target.measure, "busy", "verdict"]
        rows = []
        for at, row in enumerate(self.rows, start=1):
            purchase = row.purchase
            rows.append(
                [
                    f"{at} {purchase.rule}",
                    NOTHING if purchase.replicas is None else f"{purchase.replicas}",
                    NOTHING if purchase.concurrency is None else f"{purchase.concurrency}",
                    NOTHING if row.price is None else cost_text(row.price),
                    NOTHING if row.found is None else figure_text(target, *row.found[0]),
                    NOTHING if row.busy is None else format_share(row.busy, 2),
                    row.verdict,
                ]
            )
        return Table(headings, rows)


def judge_rules(plan: Plan, names: Sequence[str] = ()) -> Rules:
    """Run what each rule would buy on the documents of a plan."""
    for name in names:
        if name not in RULES:
            msg = f"rules: expected some of {', '.join(RULES)}, found {shown(name)}{nearest(name, RULES)}"
            raise InputError(msg)
    scenario = plan.scenario
    needs = demand(scenario)
    bought = [each for each in purchases(needs, scenario.fleet) if not names or each.rule in names]
    random = workload.is_random(scenario)
    trials = Trials(plan.asked.targets, tests_for(plan.asked, len(bought)), random)
    known: dict[str, Judged] = {}
    rows = []
    for purchase in bought:
        fleet = repr(purchase.keys)
        judged = known.get(fleet) or _judge(plan, trials, purchase)
        known[fleet] = judged
        rows.append(Judged(purchase, *(getattr(judged, name) for name in list(judged.__dataclass_fields__)[1:])))
    return Rules(plan, tuple(rows), needs.load)


def _judge(plan: Plan, trials: Trials, purchase: Purchase) -> Judged:
    if not purchase.keys:
        return Judged(purchase, why_not=purchase.says)
    try:
        scenario = _bought(plan.scenario, purchase.keys)
    except InputError as error:
        return Judged(purchase, why_not=error.problems[0])
    choice = Choice(purchase.keys, scenario, price_of(scenario))
    decision = trials.decide(choice)
    count = SHOWN if trials.random else 1
    metrics = run(scenario, replications=count, keep_log=False).metrics
    price = choice.price
    best = plan.recommended
    against = None if best is None or not best.choice.price else price / best.choice.price
    values = means_of(observe(scenario, range(count), plan.asked.targets))
    return Judged(purchase, "", price, decision.meets, values, metrics["utilization"]["mean"], against)


def _bought(scenario: Scenario, keys: dict[str, Any]) -> Scenario:
    """Return the scenario with the fleet of a rule, in containers as large as they are now."""
    cores = {"fleet.vcpus": scenario.fleet.cores} if scenario.fleet.vcpus is None else {}
    return scenario.replace_all(cores | keys)


def _plain(plan: Plan, row: Judged) -> dict[str, Any]:
    figures = None
    if row.found is not None:
        figures = [
            {"says": target.says, "mean": None if math.isinf(mean) else mean, "interval": interval and list(interval)}
            for target, (mean, interval) in zip(plan.asked.targets, row.found, strict=True)
        ]
    purchase = row.purchase
    return {
        "rule": purchase.rule,
        "says": purchase.says,
        "fleet.replicas": purchase.replicas,
        "fleet.concurrency": purchase.concurrency,
        "autoscale": purchase.autoscale is not None,
        "cost": row.price,
        "against_recommended": row.against,
        "meets": row.meets,
        "targets": figures,
        "utilization": row.busy,
        "verdict": row.verdict,
        "why_not": row.why_not or None,
    }


def _ends(values: Means) -> tuple[float, float, float]:
    mean, interval = values[0]
    return (mean, *(interval or (mean, mean)))


def _said(at: int, row: Judged) -> list[str]:
    text = (
        f"{row.purchase.says}; not run: {row.why_not}"
        if row.why_not not in ("", row.purchase.says)
        else row.purchase.says
    )
    label = f"{at} {row.purchase.rule}: "
    return textwrap.wrap(label + text, WIDTH, subsequent_indent="  ")
