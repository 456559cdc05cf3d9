"""An axes to draw on, colours and styles, and text that stands as it was written."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.text import Text

__all__ = [
    "BLACK",
    "BLUE",
    "GREEN",
    "ORANGE",
    "PURPLE",
    "SKY",
    "SMALL",
    "STYLES",
    "VERMILION",
    "YELLOW",
    "as_written",
    "axes",
    "head",
    "label",
    "note",
    "plain",
]

# Okabe and Ito (2008): told apart by people who are colour-blind.
BLACK, ORANGE, SKY, GREEN = "#000000", "#E69F00", "#56B4E9", "#009E73"
YELLOW, BLUE, VERMILION, PURPLE = "#F0E442", "#0072B2", "#D55E00", "#CC79A7"

# In print without colours the dashes tell curves apart.
STYLES: tuple[tuple[str, Any], ...] = (
    (BLUE, "-"),
    (VERMILION, (0, (5, 1.5))),
    (GREEN, (0, (6, 1.5, 1.5, 1.5))),
    (BLACK, (0, (1.5, 1.2))),
    (PURPLE, (0, (6, 1.5, 1.5, 1.5, 1.5, 1.5))),
    (ORANGE, (0, (10, 2))),
)

SMALL = 8.0
_LEGEND_LINE = 14.0  # points
_CHARACTER_IN = 0.066  # one of the legend's size, on average
_KEY = 7  # a key and the gap before it, in characters


def axes(ax: Axes | None, *, height_in: float = 4.0) -> Axes:
    """Return the axes to draw on; a new figure only if there is none yet."""
    if ax is not None:
        return ax
    # pyplot, so that a notebook shows the figure; nothing else here touches its state.
    from matplotlib import pyplot as plt  # noqa: PLC0415 (chooses a backend, which a given axes has already)

    return plt.subplots(figsize=(7.0, height_in), layout="constrained")[1]


def plain(text: str, most: int = 60) -> str:
    """Return a text of a file in one line, without what cannot be printed, and not too long."""
    line = "".join(each if each.isprintable() else "\ufffd" for each in " ".join(text[: 4 * most].split()))
    return line if len(line) <= most else line[: most - 1].rstrip() + "…"


def label(text: str) -> str:
    """Return a text as an artist's label, which a legend shows as it stands.

    A legend would read what stands between dollars as a formula, and leave out what begins with
    an underscore.
    """
    return (" " if text.startswith("_") else "") + text.replace("$", r"\$")


def head(ax: Axes, title: str, *, above: float = 0.0) -> None:
    """Set the title, and between it and the plot a legend, where it cannot cover the data.

    Parameters
    ----------
    ax
        What to head.
    title
        Text, as it is to stand.
    above
        Points that are taken above the plot already.
    """
    from matplotlib.transforms import ScaledTranslation  # noqa: PLC0415 (this room loads without matplotlib)

    handles, labels = ax.get_legend_handles_labels()
    lines = 0
    if handles:
        most = max(12, int(_width_in(ax) / _CHARACTER_IN))
        texts = [plain(each.replace(r"\$", "$"), most - _KEY) for each in labels]
        columns = _columns(texts, most)
        lines = math.ceil(len(texts) / columns)
        lifted = ScaledTranslation(0, above / 72, ax.get_figure(root=True).dpi_scale_trans)  # type: ignore[union-attr]  # axes have a figure
        legend = ax.legend(
            handles,
            labels,
            loc="lower left",
            bbox_to_anchor=(0, 1),
            bbox_transform=ax.transAxes + lifted,
            ncols=columns,
            frameon=False,
            fontsize=SMALL + 0.5,
            alignment="left",
            borderpad=0.2,
            borderaxespad=0.1,
            columnspacing=1.2,
        )
        for key in legend.get_lines():
            key.set_linewidth(max(key.get_linewidth(), 1.2))  # that of a dense curve is too thin to be seen alone
        for artist, text in zip(legend.get_texts(), texts, strict=True):
            as_written(artist).set_text(text)
    as_written(ax.set_title(title, loc="left", fontsize=11, pad=6 + above + _LEGEND_LINE * lines))


def note(ax: Axes, text: str) -> None:
    """Say in the middle of an empty plot why it is empty."""
    as_written(ax.text(0.5, 0.5, text, transform=ax.transAxes, ha="center", va="center", color="0.35"))


def as_written(text: Text) -> Text:
    """Make a text stand as it is: no formulas, no TeX."""
    text.set_parse_math(False)
    text.set_usetex(False)
    return text


def _width_in(ax: Axes) -> float:
    return float(ax.get_window_extent().width) / ax.get_figure(root=True).dpi  # type: ignore[union-attr]  # as above


def _columns(texts: list[str], most: int) -> int:
    """Return in how many columns the texts fit; matplotlib fills one after the other."""

    def width(columns: int) -> int:
        each, more = divmod(len(texts), columns)
        sizes = [each + 1] * more + [each] * (columns - more)
        starts = [sum(sizes[:at]) for at in range(columns)]
        return sum(max(map(len, texts[at : at + size])) + _KEY for at, size in zip(starts, sizes, strict=True))

    return next((columns for columns in range(len(texts), 1, -1) if width(columns) <= most), 1)
