"""Everybody on one case: sized, run in turn, checked, and made into rows."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .checks import against_theory, against_yardstick
from .contenders import OURS, TEXTBOOK, Absent
from .timing import Failure, Timed, calibrated, interleaved

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .checks import Verdict
    from .contenders import Contender
    from .contenders.shape import Case

__all__ = ["Ratio", "Row", "compare", "ratio"]


@dataclass(frozen=True)
class Ratio:
    """How many times as long one takes as another: the median over the rounds, the least and the most."""

    median: float
    least: float
    most: float


@dataclass(frozen=True, kw_only=True)
class Row:
    """A contender on a case: its times, or why there are none."""

    case: Case
    contender: Contender
    timed: Timed | None = None
    verdict: Verdict | None = None
    remark: str = ""

    @property
    def counts(self) -> bool:
        """Whether it was timed and right."""
        return self.timed is not None and self.verdict is not None and self.verdict.right


def compare(
    case: Case,
    contenders: Sequence[Contender],
    *,
    seconds: float,
    repeats: int,
    seed: int,
    tell: Callable[[str], None],
) -> list[Row]:
    """Return a row for each contender, in their order."""
    ready, remarks = size(case, contenders, seconds=seconds, seed=seed, tell=tell)
    for one, reason in interleaved(ready, repeats=repeats, tell=tell):
        remarks[one.contender.key] = reason
    finished = [one for one in ready if one.contender.key not in remarks]
    rows = {}
    for one in finished:
        tell(f"{case.key}: checking {one.contender.title}")
        verdict = against_yardstick(one, finished) if case.shares else against_theory(one)
        rows[one.contender.key] = Row(case=case, contender=one.contender, timed=one, verdict=verdict)
    return [
        rows.get(contender.key) or Row(case=case, contender=contender, remark=remarks[contender.key])
        for contender in contenders
    ]


def size(
    case: Case, contenders: Sequence[Contender], *, seconds: float, seed: int, tell: Callable[[str], None]
) -> tuple[list[Timed], dict[str, str]]:
    """Return those who can run, sized, and of the others why they cannot."""
    ready, remarks = [], {}
    for contender in contenders:
        if case.key in contender.unable:
            remarks[contender.key] = contender.unable[case.key]
            continue
        tell(f"{case.key}: sizing {contender.title}")
        try:
            ready.append(calibrated(contender, case, seconds=seconds, seed=seed))
        except (Absent, Failure) as error:
            remarks[contender.key] = str(error)
    return ready, remarks


def ratio(rows: Sequence[Row], slower: tuple[str, str], faster: tuple[str, str]) -> Ratio | None:
    """Return the ratio of costs a job of two (case, contender); None unless both count."""
    found = {(row.case.key, row.contender.key): row.timed for row in rows if row.counts}
    over, under = found.get(slower), found.get(faster)
    if over is None or under is None:
        return None
    rounds = [a / b for a, b in zip(over.costs_ns, under.costs_ns, strict=True)]
    return Ratio(statistics.median(rounds), min(rounds), max(rounds))


def against_usual(rows: Sequence[Row], row: Row) -> tuple[Ratio | None, Ratio | None]:
    """Return a row's cost relative to ours, and textbook SimPy's relative to the row."""
    key = row.case.key
    own = (key, row.contender.key)
    return ratio(rows, own, (key, OURS)), ratio(rows, (key, TEXTBOOK), own)
