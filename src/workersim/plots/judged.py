"""Claims and what became of them: each measured value as a share of what was expected."""

from __future__ import annotations

import math
import textwrap
from typing import TYPE_CHECKING, Any

from workersim.plots.canvas import BLACK, BLUE, GREEN, ORANGE, VERMILION, as_written, axes, head, label, note, plain
from workersim.units import format_number

if TYPE_CHECKING:
    from collections.abc import Iterable

    from matplotlib.axes import Axes

__all__ = ["verdicts"]

# Told apart by their shapes too.
_MARKS = {
    "supported": (GREEN, "o"),
    "refuted": (VERMILION, "X"),
    "inconclusive": (ORANGE, "D"),
    "assumed": (BLUE, "s"),
}
_FURTHEST = 3.0  # times what was expected; what lies beyond is drawn there, and says how far it is
_MOST = 40
_LINE = 46  # characters


def verdicts(judged: Iterable[Any], ax: Axes | None = None) -> Axes:
    """Draw how far each claim is from what was measured.

    Parameters
    ----------
    judged
        What ``ws.check`` returns, or any verdicts; up to 40 of them are drawn.
    ax
        Where to draw; default: a new figure.

    Returns
    -------
    Axes
        x measured ÷ expected with its 95 % interval, one row a claim, the first on top.  Where nothing was expected
        or measured, a row has no mark, and its verdict in words.

    Examples
    --------
    >>> import workersim as ws
    >>> from matplotlib.figure import Figure
    >>> overload = ws.load("scenarios/4-overload.yaml")
    >>> ax = ws.plots.verdicts(ws.check(overload), Figure().add_subplot())
    >>> ax.get_xlabel()
    'measured ÷ expected'
    """
    rows = list(judged)[:_MOST]
    ax = axes(ax, height_in=max(2.5, 1.2 + 0.35 * len(rows)))
    ax.axvline(1, color=BLACK, linewidth=1)
    told: set[str] = set()
    for at, row in enumerate(rows):
        _row(ax, at, row, named=row.verdict not in told)
        if _share(row.measured, row.expected) is not None:
            told.add(row.verdict)
    ax.set_yticks(range(len(rows)), [_in_two_lines(row.says) for row in rows])
    for text in ax.get_yticklabels():
        as_written(text)
    ax.set_ylim(max(len(rows), 1) - 0.4, -0.6)  # the first on top
    beyond = any((_share(row.measured, row.expected) or 0) > _FURTHEST for row in rows)
    ax.set_xlim(0, _FURTHEST * (1.3 if beyond else 1.12))  # room for how far it is
    ax.set_xlabel("measured ÷ expected")
    if not rows:
        note(ax, "no claims")
    head(ax, "Claims")
    return ax


def _in_two_lines(says: str) -> str:
    text = plain(says, 2 * _LINE)
    return "\n".join(textwrap.wrap(text, _LINE if len(text) > _LINE else 2 * _LINE, max_lines=2, placeholder="…"))


def _row(ax: Axes, at: int, row: Any, *, named: bool) -> None:
    """Draw a claim."""
    share = _share(row.measured, row.expected)
    if share is None:
        as_written(ax.text(1.04, at, f"{row.verdict}: nothing to compare", va="center", fontsize=8, color="0.35"))
        return
    colour, mark = _MARKS[row.verdict]
    ends = [_share(end, row.expected) for end in row.interval or ()]
    known = [min(end, _FURTHEST) for end in ends if end is not None]
    if len(known) == 2:
        ax.plot(known, [at, at], color=colour, linewidth=1.5)
    drawn = min(share, _FURTHEST)
    key = label(row.verdict) if named else None
    ax.plot([drawn], [at], mark, color=colour, markersize=7, linestyle="none", label=key)
    if share > _FURTHEST:
        far = f"{format_number(share)} ×"  # noqa: RUF001 (the sign is meant)
        as_written(ax.annotate(far, (drawn, at), (6, 0), textcoords="offset points", va="center"))


def _share(value: float | None, of: float) -> float | None:
    """Return a value as a share of what was expected; None where there is no such share."""
    if value is None or not of or not math.isfinite(value):
        return None
    share = value / of
    return share if share >= 0 else None
