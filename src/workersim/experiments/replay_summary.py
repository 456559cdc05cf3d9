"""A replay in words and numbers: simulated, observed, and the difference."""

from __future__ import annotations

import textwrap
from html import escape
from typing import TYPE_CHECKING, Any

from workersim.experiments.summary import NOTHING, WIDTH, Table, in_columns, labelled, settings, table_html
from workersim.units import format_duration, format_number, format_rate, format_share

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from workersim.experiments.replay import Replay

__all__ = ["summary", "summary_html"]

_ROWS: tuple[tuple[str, str, str, Callable[[float], str]], ...] = (
    ("wait, mean", "wait", "mean", format_duration),
    ("wait, p50", "wait", "p50", format_duration),
    ("wait, p95", "wait", "p95", format_duration),
    ("wait, p99", "wait", "p99", format_duration),
    ("wait, max", "wait", "max", format_duration),
    ("service, mean", "service", "mean", format_duration),
    ("response, mean", "response", "mean", format_duration),
    ("queue length, mean", "queue_length", "mean", format_number),
    ("queue length, max", "queue_length", "max", format_number),
    ("utilization, mean", "utilization", "mean", format_share),
)


def summary(replay: Replay) -> str:
    """Return what was simulated beside what was observed, in 80 columns; ``—`` is a figure of nothing."""
    lines = [*textwrap.wrap(_title(replay), WIDTH), *labelled(_head(replay)), "", *in_columns(_table(replay))]
    facts = list(_facts(replay))
    if facts:
        lines += ["", *labelled(facts)]
    for warning in replay.warnings:
        lines += ["", *textwrap.wrap(f"Note: {warning}", WIDTH)]
    return "\n".join(lines)


def summary_html(replay: Replay) -> str:
    """Return the same as HTML, with everything in it escaped."""
    pairs = [*_head(replay), *_facts(replay)]
    rows = "".join(f'<tr><th scope="row">{escape(label)}</th><td>{escape(text)}</td></tr>' for label, text in pairs)
    notes = "".join(f"<p>Note: {escape(warning)}</p>" for warning in replay.warnings)
    return (
        f"<div><strong>{escape(_title(replay))}</strong>{table_html(_table(replay))}<table>{rows}</table>{notes}</div>"
    )


def _title(replay: Replay) -> str:
    return f"{replay.recording.path.name} on {replay.result.scenario.name}"


def _head(replay: Replay) -> list[tuple[str, str]]:
    counts = replay.result.metrics["jobs"]
    told = f"{counts['arrived']:,} arrived, {counts['finished']:,} finished"
    told += "".join(f", {counts[end]:,} {end}" for end in ("failed", "expired", "lost", "unfinished") if counts[end])
    return [*settings(replay.result), ("jobs", told)]


def _table(replay: Replay) -> Table:
    rows = []
    for label, block, figure, show in _ROWS:
        cells = [_cell(replay.result.metrics, block, figure, show)]
        if replay.observed is not None:
            change = (replay.difference or {}).get(f"{block}.{figure}")
            cells += [_cell(replay.observed, block, figure, show), NOTHING if change is None else _signed(change)]
        rows.append([label, *cells])
    return Table(["", "simulated"] if replay.observed is None else ["", "simulated", "observed", "difference"], rows)


def _cell(tree: dict[str, Any], block: str, figure: str, show: Callable[[float], str]) -> str:
    value = tree[block][figure]
    return NOTHING if value is None else show(value)


def _signed(change: float) -> str:
    return f"{change:+.1%}" if abs(change) < 10 else f"{change + 1:,.3g} times"


def _facts(replay: Replay) -> Iterator[tuple[str, str]]:
    yield "throughput", format_rate(replay.result.metrics["throughput"] or 0)
    agreed = replay.agreement
    if agreed is None:
        return
    correlation = NOTHING if agreed.correlation is None else format_number(agreed.correlation)
    apart = f"waits of {agreed.jobs:,} jobs differ by {format_duration(agreed.mean_error_s)} on average"
    distance = f"Kolmogorov-Smirnov distance {format_number(agreed.ks)}"
    yield "job by job", f"{apart}; correlation {correlation}, {distance}"
    worst = agreed.worst_hour
    waited, simulated = format_duration(worst["observed"]), format_duration(worst["simulated"])
    yield (
        "worst hour",
        f"from {format_duration(worst['from'])}: {worst['jobs']:,} jobs, {waited}, simulated {simulated}",
    )
