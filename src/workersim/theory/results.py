"""What a formula returns: a few named figures that can show themselves.

Names end in their unit (``_s`` seconds, ``_per_s`` per second); shares lie between 0 and 1.
"""

from __future__ import annotations

import html
import textwrap
from dataclasses import dataclass
from typing import ClassVar

from workersim.units import format_duration, format_number, format_rate, format_share

__all__ = ["Queue", "Result", "in_words"]

WIDTH = 80
SHARES = ("utilization", "probability", "share")
DIGITS = 4
SMALLEST, LARGEST = 1e-9, 1e12


@dataclass(frozen=True, kw_only=True)
class Result:
    """Figures of a system in its steady state.

    Parameters
    ----------
    approximate
        False where the figures are exact for the stated model.
    method
        The formula and its source.
    """

    approximate: bool
    method: str

    shown: ClassVar[tuple[str, ...]] = ()

    @property
    def title(self) -> str:
        """Name of the model."""
        return "Queue"

    def as_dict(self) -> dict[str, object]:
        """Return the figures by name, numbers in the units of their names."""
        return {name: getattr(self, name) for name in (*self.shown, "approximate", "method")}

    def summary(self) -> str:
        """Return the figures as a few lines of at most 80 columns."""
        lines = [f"{self.title} ({'approximation' if self.approximate else 'exact'})"]
        lines += [f"  {label:<32} {value}" for label, value in self._rows()]
        lines += textwrap.wrap(self.method, WIDTH, initial_indent="  by ", subsequent_indent="     ")
        return "\n".join(lines)

    def _rows(self) -> list[tuple[str, str]]:
        return [(_label(name), in_words(name, getattr(self, name))) for name in self.shown]

    def _repr_html_(self) -> str:
        kind = "approximation" if self.approximate else "exact"
        rows = "".join(
            f"<tr><th style='text-align:left'>{html.escape(label)}</th><td>{html.escape(value)}</td></tr>"
            for label, value in self._rows()
        )
        caption = f"<caption>{html.escape(self.title)} ({kind}), by {html.escape(self.method)}</caption>"
        return f"<table>{caption}<tbody>{rows}</tbody></table>"


@dataclass(frozen=True, kw_only=True)
class Queue(Result):
    """One line of jobs before equal slots, first come, first served.

    Parameters
    ----------
    slots
        Worker processes.
    rate_per_s, service_s
        Arrivals a second; mean service in seconds.
    wait_mean_s
        Mean wait of all jobs in seconds, those that do not wait included.
    probability_of_waiting
        Share of jobs that wait at all; None where the method does not give it.
    """

    slots: int
    rate_per_s: float
    service_s: float
    wait_mean_s: float
    probability_of_waiting: float | None

    shown: ClassVar[tuple[str, ...]] = (
        "slots",
        "rate_per_s",
        "service_s",
        "offered_load",
        "utilization",
        "probability_of_waiting",
        "wait_mean_s",
        "waited_mean_s",
        "response_mean_s",
        "queue_length",
    )

    @property
    def offered_load(self) -> float:
        """Mean number of busy slots, in erlangs."""
        return self.rate_per_s * self.service_s

    @property
    def utilization(self) -> float:
        """Share of slot time that is busy."""
        return self.offered_load / self.slots

    @property
    def queue_length(self) -> float:
        """Mean number of jobs waiting (Little's law)."""
        return self.rate_per_s * self.wait_mean_s

    @property
    def response_mean_s(self) -> float:
        """Mean time from arrival to finish, in seconds."""
        return self.wait_mean_s + self.service_s

    @property
    def waited_mean_s(self) -> float | None:
        """Mean wait in seconds of the jobs that wait at all; None if no job does."""
        return self.wait_mean_s / self.probability_of_waiting if self.probability_of_waiting else None


def in_words(name: str, value: object) -> str:
    """Return a figure as people say it, by the unit in its name."""
    if value is None:
        return "not known"
    if not isinstance(value, float):
        return str(value)
    ordinary = value == 0 or SMALLEST <= value <= LARGEST  # else it has no room in a line
    if name.endswith("_per_s"):
        return format_rate(value, DIGITS) if ordinary else f"{value:.3g}/s"
    if name.endswith("_s"):
        return format_duration(value, DIGITS) if ordinary else f"{value:.3g} s"
    if name.startswith(SHARES) or name.endswith(SHARES):
        return format_share(value, DIGITS) if ordinary else f"{value:.3g}"
    return format_number(value, DIGITS) if ordinary else f"{value:.3g}"


def _label(name: str) -> str:
    return name.removesuffix("_per_s").removesuffix("_s").replace("_", " ")
