"""A plan in words: plain text of 80 columns, and the same as HTML."""

from __future__ import annotations

import math
import textwrap
from html import escape
from typing import TYPE_CHECKING

from workersim.experiments.summary import NOTHING, WIDTH, Table, in_columns, labelled
from workersim.units import format_number, format_rate, format_share

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workersim.experiments.planning.answer import Plan, Row
    from workersim.experiments.planning.targets import Target

__all__ = ["cost_text", "figure_text", "summary", "summary_html"]

_AS_VARIED = "as varied"
_MOST_COLUMNS = 2  # targets that have a column each; the others are in the JSON


def summary(plan: Plan) -> str:
    """Return the answer, a table of the choices, and what to do with it."""
    lines = textwrap.wrap(plan.scenario.name, WIDTH)
    lines += labelled(_question(plan))
    lines += ["", *textwrap.wrap(_verdict(plan), WIDTH), ""]
    lines += _narrow(plan)
    lines += ["", *_notes(plan)]
    for title, text in _to_do(plan):
        lines += ["", f"{title}:", *(f"  {line}" for line in text.splitlines())]
    return "\n".join(lines)


def summary_html(plan: Plan) -> str:
    """Return the same as HTML, with everything in it escaped."""
    table = _table(plan)
    head = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in table.headings)
    rows = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in table.rows)
    pairs = "".join(f'<tr><th scope="row">{escape(k)}</th><td>{escape(v)}</td></tr>' for k, v in _question(plan))
    parts = [f"<strong>{escape(plan.scenario.name)}</strong><table>{pairs}</table>", f"<p>{escape(_verdict(plan))}</p>"]
    parts.append(f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>")
    parts += [f"<p>{escape(' '.join(_notes(plan)))}</p>"]
    parts += [f"<p>{escape(title)}</p><pre>{escape(text)}</pre>" for title, text in _to_do(plan)]
    return f"<div>{''.join(parts)}</div>"


def _question(plan: Plan) -> list[tuple[str, str]]:
    asked = plan.asked
    varied = "; ".join(f"{path} {_values(values)}" for path, values in asked.vary.items())
    why = "" if asked.given else " (as nothing was said about what to vary)"
    random = any(row.replications > 1 for row in plan.rows)
    sure = f"{format_share(asked.confidence)} right, or within {format_share(asked.indifference)} of the bounds"
    return [
        ("target", " and ".join(target.says for target in asked.targets)),
        ("varied", varied + why),
        *_refused(plan),
        ("sure", f"{sure}; {plan.runs:,} runs to decide" if random else "exact: chance has no part in this workload"),
    ]


def _refused(plan: Plan) -> list[tuple[str, str]]:
    if not plan.refused:
        return []
    count = len(plan.refused)
    of = count + plan.valid
    return [("refused", f"{count:,} of {of:,} combinations, such as: {plan.refused[0].why}")]


def _values(values: Sequence[object]) -> str:
    whole = [value for value in values if isinstance(value, int)]
    if len(whole) == len(values) > 2 and whole == list(range(whole[0], whole[-1] + 1)):
        return f"{whole[0]} to {whole[-1]}"
    return ", ".join(map(str, values[:12])) + (", …" if len(values) > 12 else "")


def _verdict(plan: Plan) -> str:
    found = plan.recommended
    if found is None:
        return plan.why
    change = plan.take_away()["difference"]
    return (
        f"Recommended: {found.choice.says}, for {cost_text(found.choice.price)} an hour. {plan.why} Changes: {change}."
    )


def _table(plan: Plan, *, merged: bool = False) -> Table:
    targets = plan.asked.targets[:_MOST_COLUMNS]
    keys = [path.rpartition(".")[2] for path in plan.asked.vary]
    keys = [_AS_VARIED] if merged else keys
    headings = ["", *keys, "cost/h", *(target.measure for target in targets), "busy", f"{plan.what_repeats}s met"]
    return Table([*headings, "breaks at"], [_cells(plan, row, merged=merged) for row in plan.rows])


def _cells(plan: Plan, row: Row, *, merged: bool) -> list[str]:
    busy = row.metrics["utilization"]["mean"]
    targets = plan.asked.targets[:_MOST_COLUMNS]
    keys = [_value(value) for value in row.choice.keys.values()]
    return [
        row.role + ("" if row.decision.meets else " ✗"),
        *([", ".join(keys)] if merged else keys),
        cost_text(row.choice.price),
        *(figure_text(target, *found) for target, found in zip(targets, row.found, strict=False)),
        NOTHING if busy is None else format_share(busy, 2),
        format_share(row.holds.share, 3),
        _breaks(plan, row),
    ]


def figure_text(target: Target, mean: float, interval: tuple[float, float] | None) -> str:
    """Return the mean of a target's figure and half the width of its interval, in one unit."""
    text = target.shown(mean)
    if interval is None or math.isinf(mean) or interval[1] <= interval[0]:
        return text
    half = (interval[1] - interval[0]) / 2
    if not mean:
        return text
    number, space, unit = text.partition(" ")
    scale = float(number.replace(",", "").rstrip("%").partition("/")[0]) / mean
    return f"{number} ± {format_number(half * scale, 2)}{space}{unit}"


def _value(value: object) -> str:
    return format_number(value, 6) if isinstance(value, int | float) and not isinstance(value, str) else str(value)


def cost_text(price: float) -> str:
    """Return a price."""
    return format_number(price, 4)


def _breaks(plan: Plan, row: Row) -> str:
    if row.breaks_at is None:
        return NOTHING
    if math.isinf(row.breaks_at):
        return "beyond 16 ×"  # noqa: RUF001  # the sign is meant
    if plan.rate_per_s:
        hourly = row.breaks_at * plan.rate_per_s * 3600
        return f"{format_number(hourly, 2)}/hour" if hourly < 10_000 else format_rate(hourly / 3600, 2)
    return f"{format_number(row.breaks_at, 2)} ×"  # noqa: RUF001  # as above


def _narrow(plan: Plan) -> list[str]:
    """Return the table as lines; a wide one has the keys in one column, or goes without what matters least."""
    lines = in_columns(_table(plan))
    if max(map(len, lines)) <= WIDTH:
        return lines
    table = _table(plan, merged=True)
    for heading in ("busy", "breaks at"):
        lines = in_columns(table)
        if max(map(len, lines)) <= WIDTH:
            return lines
        table = table.without(heading)
    return in_columns(table)


def _notes(plan: Plan) -> list[str]:
    row = plan.rows[0]
    repeated = f"independent {plan.what_repeats}s" if row.holds.of > 1 else plan.what_repeats
    closely = "2%" if plan.scenario.is_steady else "5%"
    text = (
        f"{plan.what_repeats}s met: share of {row.holds.of} {repeated} in which every target holds. breaks at: "
        f"arrivals {'at this rate' if plan.rate_per_s else 'times this'} (± {closely}) miss a target. "
        "✗: misses a target."
    )
    if any(row.decision.open for row in plan.rows):
        text += " Some choices lie so close to a bound that only their mean could decide."
    return textwrap.wrap(text, WIDTH)


def _to_do(plan: Plan) -> list[tuple[str, str]]:
    take = plan.take_away()
    if not take:
        return []
    return [
        ("Worker", take["command"]),
        ("Settings", take["settings"]),
        (f"railway.json, with limits of {take['limits']} a replica", take["railway"]),
        ("docker compose", take["compose"]),
    ]
