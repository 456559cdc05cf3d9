"""The pictures of a report: drawn by the plots room, each with a text for who cannot see it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from workersim import plots
from workersim.plots.replicated import band
from workersim.report.svg import drawing, inline
from workersim.runlog.places import slots_of
from workersim.units import format_duration, format_number, format_share, format_size

if TYPE_CHECKING:
    from collections.abc import Callable

    from markupsafe import Markup
    from matplotlib.axes import Axes

    from workersim.report.gathering import Told

__all__ = ["Picture", "Pictures"]

_WIDTH_IN = 7.0
_MOST_BYTES = 2_500_000  # of all pictures of a page: a page of less than 3 MB can be sent in a mail
_MOST_BARS = 400  # attempts in a picture of slots; more are too thin to be told apart
_MOST_ROWS = 48
_FULL = (
    "This picture was left out so that the page stays small enough to be sent. A report on this scenario alone has it."
)


class Picture(NamedTuple):
    """A figure with its caption, or why there is none."""

    svg: Markup | None
    caption: str


class Pictures:
    """Draws for one page, for as long as there is room on it."""

    def __init__(self) -> None:
        self._drawn = 0
        self._bytes = 0

    def waits(self, told: Told) -> Picture:
        """Draw the distribution of waits."""
        wait = told.result.metrics["wait"]
        alt = "Histogram of waits: no job started."
        if wait["mean"] is not None:
            spread = ", ".join(f"{name} {format_duration(wait[key])}" for name, key in _QUANTILES)
            alt = f"Histogram of waits: {spread}."
        return self._draw(
            told, lambda ax: plots.waits(told.result, ax), alt, "How many jobs waited how long" + _of(told)
        )

    def queue(self, told: Told) -> Picture:
        """Draw the queue length over time, with a band over replications."""
        figures = told.result.metrics["queue_length"]
        alt = f"Queue length over time: {_mean_max(figures, format_number)} jobs."
        return self._over_time(told, "queue_length", plots.queue_length, alt)

    def utilization(self, told: Told) -> Picture:
        """Draw the utilization over time, before the bands in which it reads, with a band over replications."""
        alt = f"Utilization of slots over time: {_mean_max(told.result.metrics['utilization'], format_share)}."
        return self._over_time(told, "utilization", plots.utilization, alt)

    def memory(self, told: Told) -> Picture | None:
        """Draw the memory over time, if it changes."""
        if told.result.kept is None or len(told.result.over_time("memory")) == 1:
            return None
        most = told.result.metrics["memory"]["reserved"]
        alt = f"Memory over time, at most {format_size(most or 0)}."
        caption = "Memory that the processes hold" + _of(told)
        return self._draw(told, lambda ax: plots.over_time(told.result, "memory", ax), alt, caption)

    def slots(self, told: Told) -> Picture | None:
        """Draw what each slot did; None if there are too many jobs or slots for that."""
        log = told.result.kept
        if log is None or len(log.attempts) > _MOST_BARS:
            return None
        slots = sum(slots_of(log).values())
        if slots > _MOST_ROWS:
            return None
        height = min(10.0, max(2.6, 1.6 + 0.26 * slots))
        alt = f"What each of {slots} slots did: {len(log.attempts)} attempts as bars over time."
        caption = "What each slot did: a row a slot, a bar a job" + _of(told)
        return self._draw(told, lambda ax: plots.slots(told.result, ax, max_rows=_MOST_ROWS), alt, caption, height)

    def _over_time(self, told: Told, name: str, plot: Callable[..., Axes], alt: str) -> Picture:
        def draw(ax: Axes) -> None:
            if told.bands is not None:
                band(ax, told.bands.cuts_s, told.bands.means[name])
            plot(told.result, ax, text="replication 0" if told.bands else None)

        title = "Queue length" if name == "queue_length" else "Busy share of the slots that are up"
        caption = f"{title} over time{_of(told)}"
        if told.bands is not None:
            count = len(told.bands.means[name])
            caption = f"{title} over time: replication 0 in single steps, all {count} as mean and band"
        return self._draw(told, draw, alt, caption)

    def _draw(
        self, told: Told, draw: Callable[[Axes], object], alt: str, caption: str, height_in: float = 3.4
    ) -> Picture:
        if told.result.kept is None:
            return Picture(None, "This run was only measured, so there is no log to draw this from.")
        if self._bytes > _MOST_BYTES:
            return Picture(None, _FULL)
        from matplotlib.figure import Figure  # noqa: PLC0415 (a report of a measured run does without)

        with drawing():
            figure = Figure(figsize=(_WIDTH_IN, height_in), layout="constrained")
            draw(figure.add_subplot())
            svg = inline(figure, key=f"p{self._drawn}", alt=alt)
        if self._bytes + len(svg) > _MOST_BYTES:
            return Picture(None, _FULL)
        self._drawn, self._bytes = self._drawn + 1, self._bytes + len(svg.encode())
        return Picture(svg, caption + ".")


_QUANTILES = (("mean", "mean"), ("half at most", "p50"), ("95 of 100 at most", "p95"), ("longest", "max"))


def _of(told: Told) -> str:
    return " (replication 0)" if told.result.replications > 1 else ""


def _mean_max(figures: dict[str, float | None], show: Callable[[float], str]) -> str:
    mean, most = (figures["mean"], figures["max"])
    return "nothing to show" if mean is None or most is None else f"mean {show(mean)}, highest {show(most)}"
