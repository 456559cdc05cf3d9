"""The findings as a page in Markdown, and as JSON for whoever wants to go on from there."""

from __future__ import annotations

import json
from dataclasses import asdict
from itertools import groupby
from typing import TYPE_CHECKING

from .comparison import against_usual
from .plot import draw
from .targets import outcomes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from .comparison import Ratio, Row
    from .scaling import Series
    from .targets import Findings

__all__ = ["write"]

PLOT = "cost-per-job.svg"
HOW = """\
Every contender draws its random numbers, runs its jobs until the last is done, and answers with the mean wait, the
exact or estimated 95th percentile of the wait and the time-average queue. Runs are interleaved: one of each
contender in turn, then again. A cost is the median over the rounds with the least and the most in brackets; a ratio
is the median of the ratios within a round. A time counts only if the answers are right: on W1 within 4 standard
errors of Erlang's formulas, elsewhere within 5 of another contender's runs of the same size."""


def write(found: Findings, folder: Path) -> Path:
    """Write page, plot and numbers into a folder and return the page."""
    folder.mkdir(parents=True, exist_ok=True)
    if found.series:
        draw(found.series, folder / PLOT)
    page = folder / "index.md"
    page.write_text("\n".join(lines(found)) + "\n", encoding="utf-8")
    (folder / "results.json").write_text(json.dumps(numbers(found), indent=1) + "\n", encoding="utf-8")
    return page


def lines(found: Findings) -> Iterator[str]:
    """Yield the page."""
    yield from ("# Benchmark", "", "Made by `python -m tests.benchmarks`.", "", HOW, "", "## Machine", "")
    yield from (f"- {fact}" for fact in (*found.machine, f"first seed {found.seed}"))
    yield from ("", "## Targets", "")
    met = {True: "met", False: "**missed**", None: "-"}
    yield from table(
        ("target", "measured", "met"), ((one.target, one.measured, met[one.met]) for one in outcomes(found))
    )
    for case, rows in groupby(found.rows, key=lambda row: row.case):
        yield from ("", f"## {case.key}", "", f"{case.title}.", "")
        heads = ("contender", "jobs a run", "ns a job", "jobs/s", "time / ours", "textbook SimPy / time", "answer")
        yield from table(heads, (cells(found.rows, row) for row in rows))
    if found.series:
        yield from ("", "## Cost of a job against the number of jobs", "", f"![Cost of a job]({PLOT})", "")
        yield from scaling_table(found.series)
    if found.probes:
        yield from ("", "## Memory, cores and the first run", "")
        yield from table(("what", "measured"), ((probe.title, probe.text) for probe in found.probes))


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Yield a table; all columns but the first to the right would hide long remarks, so none are."""
    yield "| " + " | ".join(heads) + " |"
    yield "| " + " | ".join("---" for _ in heads) + " |"
    for row in rows:
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |"


def cells(rows: Sequence[Row], row: Row) -> tuple[str, ...]:
    """Return a contender's row; a wrong answer leaves no time to be read."""
    if row.timed is None or row.verdict is None:
        return (row.contender.title, "-", "-", "-", "-", "-", row.remark)
    size = f"{row.timed.jobs:,}"
    if not row.counts:
        return (row.contender.title, size, "-", "-", "-", "-", f"**wrong**: {row.verdict.says}")
    costs, cost = row.timed.costs_ns, row.timed.cost_ns
    to_ours, to_textbook = against_usual(rows, row)
    return (
        row.contender.title,
        size,
        f"{cost:,.3g} ({min(costs):,.3g} to {max(costs):,.3g})" if cost < 1000 else whole(cost, costs),
        f"{1e9 / cost:,.0f}",
        times(to_ours),
        times(to_textbook),
        row.verdict.says,
    )


def whole(cost: float, costs: Sequence[float]) -> str:
    """Return a large cost in whole nanoseconds."""
    return f"{cost:,.0f} ({min(costs):,.0f} to {max(costs):,.0f})"


def times(found: Ratio | None) -> str:
    """Return a ratio with its spread."""
    return "-" if found is None else f"{found.median:,.3g} ({found.least:,.3g} to {found.most:,.3g})"


def scaling_table(series: Sequence[Series]) -> Iterator[str]:
    """Yield median costs in nanoseconds, a column a size."""
    sizes = sorted({jobs for one in series for jobs in one.costs_ns})
    body = (
        (one.contender.title, *(f"{one.medians_ns[jobs]:,.0f}" if jobs in one.costs_ns else "-" for jobs in sizes))
        for one in series
    )
    yield from table(("ns a job, at", *(f"{jobs:,} jobs" for jobs in sizes)), body)


def numbers(found: Findings) -> dict[str, object]:
    """Return every measurement."""
    return {
        "machine": found.machine,
        "seed": found.seed,
        "targets": [asdict(one) for one in outcomes(found)],
        "rows": [row_numbers(row) for row in found.rows],
        "cost_against_size": {one.contender.key: one.costs_ns for one in found.series},
        "probes": [asdict(probe) for probe in found.probes],
    }


def row_numbers(row: Row) -> dict[str, object]:
    """Return what one contender did on one case."""
    told: dict[str, object] = {"case": row.case.key, "contender": row.contender.key}
    if row.timed is None or row.verdict is None:
        return told | {"remark": row.remark}
    return told | {
        "jobs": row.timed.jobs,
        "seconds": row.timed.seconds,
        "answers": [asdict(answer) for answer in row.timed.answers],
        "right": row.verdict.right,
        "checked": row.verdict.says,
    }
