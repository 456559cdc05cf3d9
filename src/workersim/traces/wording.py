"""What a recording holds, in words: plain text of 80 columns, and the same as HTML."""

from __future__ import annotations

import textwrap
from html import escape
from typing import TYPE_CHECKING, Any

from workersim.traces.features import described
from workersim.units import format_duration, format_number, format_rate, format_share

if TYPE_CHECKING:
    from workersim.traces.recording import Recording

__all__ = ["summary", "summary_html"]

_WIDTH = 80
_LABEL = 13
_NOTHING = "—"
_FIGURES = ("mean", "p50", "p90", "p95", "p99", "max")
_BAR = 30


def summary(recording: Recording) -> str:
    """Return what the file holds, what was repaired and what it cannot tell."""
    held = described(recording)
    lines = [line for label, text in _facts(held) for line in _labelled(label, text)]
    lines += ["", *_spreads(held), "", *_hours(held)]
    for title, sentences in (("noted", recording.warnings), ("cannot tell", held["unknown"])):
        if sentences:
            lines.append("")
            for number, text in enumerate(sentences):
                lines += _labelled("" if number else title, text)
    return "\n".join(lines)


def summary_html(recording: Recording) -> str:
    """Return the same as HTML, with everything in it escaped."""
    held = described(recording)
    rows = [*_facts(held), *(("noted", text) for text in recording.warnings)]
    rows += [("cannot tell", text) for text in held["unknown"]]
    cells = "".join(f'<tr><th scope="row">{escape(label)}</th><td>{escape(text)}</td></tr>' for label, text in rows)
    return f"<div><table>{cells}</table><pre>{escape(chr(10).join(_spreads(held)))}</pre></div>"


def _facts(held: dict[str, Any]) -> list[tuple[str, str]]:
    facts = [
        ("file", f"{held['file']}: {held['format']}, {held['rows']:,} rows"),
        ("jobs", f"{held['jobs']:,}, of which {held['started']:,} started and {held['finished']:,} finished"),
        ("arrival", f"from {held['arrival_from']}"),
        ("span", format_duration(held["span"]) + (f" from {held['from']}" if held["from"] else "")),
    ]
    if held["rate"] is not None:
        facts.append(("rate", format_rate(held["rate"])))
    if held["offered_load"] is not None:
        facts.append(("offered load", f"{format_number(held['offered_load'])} erlangs"))
    if held["utilization"] is not None and held["utilization"]["mean"] is not None:
        facts.append(("utilization", f"{format_share(held['utilization']['mean'])} of the processes that were up"))
    if held["queue_length"] is not None and held["queue_length"]["mean"] is not None:
        mean, most = held["queue_length"]["mean"], held["queue_length"]["max"]
        facts.append(("queue length", f"{format_number(mean)} on average, {format_number(most)} at most"))
    if held["dispersion"]:
        told = ", ".join(
            f"{format_number(each)} in {format_duration(float(w))}" for w, each in held["dispersion"].items()
        )
        facts.append(("burstiness", f"index of dispersion {told} (Poisson: 1)"))
    return facts


def _spreads(held: dict[str, Any]) -> list[str]:
    rows = [["", *_FIGURES[:4], "max", "cv"]]
    for label in ("gap", "wait", "service"):
        block = held[label]
        if block is None or block["mean"] is None:
            continue
        cells = [format_duration(block[figure]) for figure in (*_FIGURES[:4], "max")]
        cv = block["std"] / block["mean"] if block["mean"] else None
        rows.append([label, *cells, _NOTHING if cv is None else format_number(cv)])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join([row[0].ljust(_LABEL - 2), *(c.rjust(w) for c, w in zip(row[1:], widths[1:], strict=True))]).rstrip()
        for row in rows
    ]


def _hours(held: dict[str, Any]) -> list[str]:
    rates, most = held["by_hour"], max(held["by_hour"])
    zone = "UTC" if held["from"] else "of the recording's own days"
    lines = [f"Arrivals an hour, by hour of the day ({zone})"]
    for hour, rate in enumerate(rates):
        if rate:
            bar = "█" * max(1, round(_BAR * rate / most))
            lines.append(f"  {hour:02d}:00  {format_number(rate):>9}  {bar}")
    return lines


def _labelled(label: str, text: str) -> list[str]:
    return textwrap.wrap(
        text, _WIDTH, initial_indent=label.ljust(_LABEL), subsequent_indent=" " * _LABEL, break_long_words=True
    )
