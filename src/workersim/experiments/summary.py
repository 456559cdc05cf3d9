"""A result in words and numbers: plain text of 80 columns, and the same as HTML."""

from __future__ import annotations

import textwrap
from html import escape
from typing import TYPE_CHECKING, Any, NamedTuple

from workersim.experiments.describing import count, services
from workersim.experiments.figure_words import with_half
from workersim.units import format_duration, format_number, format_rate, format_share, format_size

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from workersim.experiments.result import Result

__all__ = ["NOTHING", "WIDTH", "Table", "in_columns", "labelled", "settings", "summary", "summary_html", "table_html"]

WIDTH = 80
NOTHING = "—"
_SPREAD = ("mean", "p50", "p90", "p95", "p99", "max")
_ENDS = ("finished", "failed", "expired", "lost", "unfinished")
_AGAIN = {
    "retried": ("attempt", "retried"),
    "redelivered": ("message", "redelivered"),
    "done_twice": ("job", "done more than once"),
    "timed_out": ("job", "timed out"),
}
_PARTS = {
    "visible": "visible in the queue",
    "reserved": "reserved by a worker",
    "running": "in attempts that did not decide",
}
_TOO_WIDE = ("p99", "p90", "mean utilization", "cost a job")  # what a table goes without if it is wider than a page


class Table(NamedTuple):
    """Rows of cells; the first of each says what the row is about."""

    headings: list[str]
    rows: list[list[str]]

    def without(self, heading: str) -> Table:
        """Return the table without a column."""
        at = self.headings.index(heading)
        headings, *rows = [row[:at] + row[at + 1 :] for row in (self.headings, *self.rows)]
        return Table(headings, rows)


def summary(result: Result) -> str:
    """Return the figures of a result as a table of plain text.

    Parameters
    ----------
    result
        Of one replication, or of several: then half the width of its 95 % interval stands beside each mean.

    Returns
    -------
    str
        Lines of at most 80 columns; ``—`` is a figure of nothing.
    """
    lines = textwrap.wrap(result.scenario.name, WIDTH)
    lines += labelled(settings(result))
    for table in _tables(result.metrics):
        lines += ["", *in_columns(table)]
    lines += ["", *labelled(_facts(result))]
    for warning in result.warnings:
        lines += ["", *textwrap.wrap(f"Warning: {warning}", WIDTH)]
    return "\n".join(lines)


def summary_html(result: Result) -> str:
    """Return the figures of a result as HTML, with everything in it escaped."""
    parts = [f"<strong>{escape(result.scenario.name)}</strong>", _pairs_html(settings(result))]
    parts += [table_html(table) for table in _tables(result.metrics)]
    parts.append(_pairs_html(_facts(result)))
    parts += [f"<p>Warning: {escape(warning)}</p>" for warning in result.warnings]
    return f"<div>{''.join(parts)}</div>"


def in_columns(table: Table) -> list[str]:
    """Return a table as lines, the first column to the left and numbers to the right."""
    widths = [max(map(len, column)) for column in zip(table.headings, *table.rows, strict=True)]
    if sum(widths) + 2 * (len(widths) - 1) > WIDTH:
        spare = next((heading for heading in _TOO_WIDE if heading in table.headings), None)
        if spare is not None:
            return in_columns(table.without(spare))
    return [
        "  ".join([row[0].ljust(widths[0]), *(c.rjust(w) for c, w in zip(row[1:], widths[1:], strict=True))]).rstrip()
        for row in (table.headings, *table.rows)
    ]


def labelled(pairs: list[tuple[str, str]]) -> list[str]:
    """Return labels and what they stand for as lines, wrapped beside the labels."""
    indent = max(len(label) for label, _ in pairs) + 2
    return [
        line
        for label, text in pairs
        for line in textwrap.wrap(text, WIDTH, initial_indent=label.ljust(indent), subsequent_indent=" " * indent)
    ]


def settings(result: Result) -> list[tuple[str, str]]:
    """Return the fleet of a result and how it was run, each with its label."""
    run = result.scenario.run
    until = "drained" if run.until == "drained" else str(run.until)
    warm_up = f", without the first {run.warm_up}" if run.warm_up else ""
    repeated = count(result.replications, "replication")
    ran = f"until {until}{warm_up}, seed {result.seed}, {repeated}, engine {result.engine}"
    return [*services(result.scenario), ("run", ran)]


def _tables(metrics: Mapping[str, Any]) -> Iterator[Table]:
    blocks = [
        ("wait", metrics["wait"]),
        ("  that waited", metrics["wait"]["waited"]),
        ("service", metrics["service"]),
        ("response", metrics["response"]),
    ]
    rows = [[label, *_cells(block, _SPREAD, format_duration)] for label, block in blocks]
    mean = "mean ± 95 %" if "interval" in metrics["wait"] else "mean"
    yield Table(["", mean, *_SPREAD[1:]], rows)
    curves = [("queue length", "queue_length", format_number)]
    if metrics["reserved"]["max"]:
        curves += [("  visible", "visible", format_number), ("  reserved", "reserved", format_number)]
    curves += [("utilization", "utilization", format_share), ("CPU", "cpu", format_share)]
    rows = [[label, *_cells(metrics[name], ("mean", "max"), show)] for label, name, show in curves]
    yield Table(["", mean, "max"], rows)


def _cells(block: Mapping[str, Any], figures: tuple[str, ...], show: Callable[[float], str]) -> list[str]:
    cells = [_shown(block[figure], show) for figure in figures]
    interval = block.get("interval", {}).get("mean")
    if interval is not None:
        cells[0] = with_half(cells[0], block["mean"], (interval[1] - interval[0]) / 2)
    return cells


def _facts(result: Result) -> list[tuple[str, str]]:
    metrics = result.metrics
    cost = metrics["cost"]
    reserved = _shown(metrics["memory"]["reserved"], format_size, " reserved")
    fleets = result.scenario.fleets.values()
    return [
        *_of_waits(metrics["wait"]),
        ("jobs", _jobs(metrics["jobs"])),
        *_of_attempts(metrics["jobs"]),
        ("throughput", _shown(metrics["throughput"], format_rate)),
        ("offered load", _shown(metrics["offered_load"], format_number, " erlangs")),
        ("memory", reserved if any(fleet.process_memory or fleet.parent_memory for fleet in fleets) else "not given"),
        ("cost", f"{_shown(cost['total'], format_number)} in all, {_shown(cost['per_job'], format_number)} a job"),
    ]


def _jobs(jobs: Mapping[str, Any]) -> str:
    ends = [name for name in _ENDS if jobs[name] or name == "finished"]
    # Means over replications are shown with the digits that they need to add up.
    return ", ".join(f"{round(jobs[name], 2):,.10g} {name}" for name in ["arrived", *ends])


def _of_attempts(jobs: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return how often something came back, if anything did."""
    told = [
        f"{round(jobs[name], 2):,.10g} {noun}{'s' * (jobs[name] != 1)} {verb}"
        for name, (noun, verb) in _AGAIN.items()
        if jobs[name]
    ]
    return [("again", ", ".join(told))] if told else []


def _of_waits(wait: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return what the mean wait was spent in, if that is not just the queue."""
    if not wait["reserved"] and not wait["running"]:
        return []
    told = [f"{format_duration(wait[name])} {words}" for name, words in _PARTS.items() if wait[name]]
    return [("mean wait", ", ".join(told))]


def _shown(value: float | None, show: Callable[[float], str], of: str = "") -> str:
    return NOTHING if value is None else show(value) + of


def _pairs_html(pairs: list[tuple[str, str]]) -> str:
    rows = (f'<tr><th scope="row">{escape(label)}</th><td>{escape(text)}</td></tr>' for label, text in pairs)
    return f"<table>{''.join(rows)}</table>"


def table_html(table: Table) -> str:
    """Return a table as HTML, with everything in it escaped."""
    head = "".join(f'<th scope="col">{escape(heading)}</th>' if heading else "<td></td>" for heading in table.headings)
    rows = (
        f'<tr><th scope="row">{escape(label.strip())}</th>{"".join(f"<td>{escape(cell)}</td>" for cell in cells)}</tr>'
        for label, *cells in table.rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
