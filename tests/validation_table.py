"""Each recording beside its replay, as Markdown tables: ``python -m tests.validation_table``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from .recorded import CHANGING, MISSES, RECORDINGS, TOSS_UPS, band, compared, missed, p95, replayed, told_who

if TYPE_CHECKING:
    from collections.abc import Iterator

REPLAYED = ("recording", "mean wait, s", "95th percentile, s", "median document off by", "outcomes", "verdict")
NOT_SHOWN = (
    "recording",
    "mean wait, s",
    "nine of ten runs",
    "95th percentile, s",
    "nine of ten runs",
    "told who got which",
    "median document off by",
)
DREW = (*TOSS_UPS, "poisson200_2x4_early4", "priority_2x2_early4")


def lines() -> Iterator[str]:
    """Yield both tables line by line: observed, then simulated; durations in seconds."""
    yield from _table(REPLAYED, map(_replayed, sorted(each.name.partition(".")[0] for each in RECORDINGS.glob("*.gz"))))
    yield ""
    yield from _table(NOT_SHOWN, map(_not_shown, DREW))


def _replayed(name: str) -> list[str]:
    found = compared(name)
    pairs = [
        f"{found.observed_s.mean():.3f} → {found.waits_s.mean():.3f}",
        f"{p95(name, found.observed_s):.3f} → {p95(name, found.waits_s):.3f}",
    ]
    told = {
        key: count
        for key, count in replayed(name).observed["jobs"].items()
        if count and key not in ("arrived", "timed_out")
    }
    outcomes = ", ".join(f"{count} {key.replace('_', ' ')}" for key, count in told.items())
    return [
        name,
        *pairs,
        f"{1000 * found.median_late_s:.1f} ms",
        f"{outcomes}: {'the same' if found.same else 'others'}",
        _verdict(name),
    ]


def _verdict(name: str) -> str:
    if name in TOSS_UPS:
        return "a toss-up, below"
    far = missed(name)
    if far:
        return f"misses the {' and the '.join(far)}: {MISSES[name][1]}"
    return "within 3 %" if name in CHANGING else "within 1 %"


def _not_shown(name: str) -> list[str]:
    drawn, who = band(name), told_who(name)
    return [
        name,
        f"{who.observed_s.mean():.3f}",
        "{:.3f} to {:.3f}".format(*drawn.mean_s),
        f"{p95(name, who.observed_s):.3f}",
        "{:.3f} to {:.3f}".format(*drawn.p95_s),
        f"{who.waits_s.mean():.3f}",
        f"{1000 * who.median_late_s:.1f} ms",
    ]


def _table(headings: tuple[str, ...], rows: Iterator[list[str]]) -> Iterator[str]:
    yield _line(headings)
    yield _line(["---"] * len(headings))
    yield from map(_line, rows)


def _line(cells: list[str] | tuple[str, ...]) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    for each in lines():
        sys.stdout.write(each + "\n")
        sys.stdout.flush()
