"""Services against the families that were fitted to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from workersim.plots.canvas import BLACK, STYLES, axes, head, label, note
from workersim.plots.saving import save
from workersim.statistics.fits import quantile

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["save_fits", "service_fits"]

MOST = 400  # quantiles that are drawn
SHOWN = 3


def service_fits(calibration: Any, job_class: str | None = None, ax: Axes | None = None) -> Axes:
    """Draw the quantiles of observed services against those of the three families that fit best.

    A family that fits lies on the diagonal.  Above it, what was observed is longer than the family says.

    Parameters
    ----------
    calibration
        What ``ws.calibrate`` returns.
    job_class
        Which; by default the first.
    ax
        Where to draw; default: a new figure.

    Returns
    -------
    Axes
        Both in seconds, by logarithm.
    """
    ax = axes(ax)
    values = calibration.services(job_class)
    found = calibration.fits(job_class)[:SHOWN]
    values = values[values > 0]
    head_text = f"Services of {job_class or calibration.classes[0]}"
    if not found:
        note(ax, "too few services, or all the same")
        head(ax, head_text)
        return ax
    shares = (np.arange(min(len(values), MOST)) + 0.5) / min(len(values), MOST)
    observed = np.quantile(values, shares)
    ends = float(values[0]), float(values[-1])
    ax.plot(ends, ends, color=BLACK, linewidth=0.8)
    for (colour, dashes), fit in zip(STYLES, found, strict=False):
        expected = quantile(fit.family, fit.mean, fit.cv, shares)
        named = label(f"{fit.family}, AIC {fit.aic - found[0].aic:+,.0f}")
        ax.plot(expected, observed, color=colour, linestyle=dashes, label=named)
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.set_xlabel("service as fitted, s")
    ax.set_ylabel("service as observed, s")
    head(ax, head_text)
    return ax


def save_fits(calibration: Any, name: str) -> None:
    """Write the pictures of the first six classes into one file.

    Raises
    ------
    InputError
        If it has no name of a picture, or cannot be written.
    """
    classes = calibration.classes[:6]

    def draw(figure: Figure) -> None:
        for each, ax in zip(classes, figure.subplots(len(classes), squeeze=False)[:, 0], strict=True):
            service_fits(calibration, each, ax)

    save(name, (7.0, 4.0 * len(classes)), draw)
