"""The four bands in which the guide reads a utilization."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from workersim.plots.canvas import BLUE, GREEN, SMALL, VERMILION, YELLOW

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["BANDS", "NAMES", "Band", "across", "upright"]

_BANDS = "workersim-bands"
NAMES = 12.0
"""Points that the names above a plot take."""


class Band(NamedTuple):
    """From where to where, and what it means."""

    low: float
    high: float
    word: str
    colour: str

    @property
    def bounds(self) -> str:
        """The bounds in percent."""
        if self.low == 0:
            return f"< {self.high:.0%}"
        return f"> {self.low:.0%}" if self.high == 1 else f"{100 * self.low:.0f}\u2013{self.high:.0%}"


BANDS = (
    Band(0.0, 0.5, "oversized", BLUE),
    Band(0.5, 0.8, "good", GREEN),
    Band(0.8, 0.95, "high", YELLOW),
    Band(0.95, 1.0, "at capacity", VERMILION),
)


def across(ax: Axes) -> None:
    """Shade the bands behind a curve of utilization, named to the right of the plot."""
    if _shaded(ax):
        return
    for band in BANDS:
        ax.axhspan(band.low, band.high, color=band.colour, alpha=0.13, linewidth=0, zorder=0, gid=_BANDS)
        one_line = band.high - band.low < 0.2
        ax.text(
            1.01,
            (band.low + band.high) / 2,
            f"{band.word}{' ' if one_line else chr(10)}{band.bounds}",
            transform=ax.get_yaxis_transform(),
            va="center",
            fontsize=SMALL,
        )
        # Without colours the lines tell the bands apart.
        ax.axhline(band.high, color="0.6", linewidth=0.6, zorder=0.5, gid=_BANDS)


def upright(ax: Axes) -> None:
    """Shade the bands along an axis of utilization, named above the plot."""
    if _shaded(ax):
        return
    for band in BANDS:
        ax.axvspan(band.low, band.high, color=band.colour, alpha=0.1, linewidth=0, zorder=0, gid=_BANDS)
        ax.axvline(band.high, color="0.6", linewidth=0.6, zorder=0.5, gid=_BANDS)
        last = band.high == 1  # too narrow for its name, which may go on to the right
        ax.text(
            band.low + 0.005 if last else (band.low + band.high) / 2,
            1.01,
            band.word if last else f"{band.word} {band.bounds}",
            transform=ax.get_xaxis_transform(),
            ha="left" if last else "center",
            fontsize=SMALL,
        )


def _shaded(ax: Axes) -> bool:
    return any(patch.get_gid() == _BANDS for patch in ax.patches)
