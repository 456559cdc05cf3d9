"""A calibration: a scenario to edit, and how far it may be trusted."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workersim.errors import InputError
from workersim.experiments.calibrating.evidence import evidence_of
from workersim.experiments.calibrating.held_out import Asked, HeldOut, held_out_of
from workersim.experiments.calibrating.making import Made, made_of
from workersim.experiments.calibrating.uncertainty import Uncertainty, uncertainty_of
from workersim.scenario.dump import to_yaml
from workersim.traces import Recording, read_trace
from workersim.units import shown

if TYPE_CHECKING:
    import os
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    from workersim.scenario import Scenario
    from workersim.statistics.fits import Fit

__all__ = ["Calibration", "calibrate"]

WIDTH = 80
KINDS = ("inferred", "assumed", "dropped")


@dataclass(frozen=True, eq=False)
class Calibration:
    """A scenario that was made from a recording.

    Attributes
    ----------
    recording
        What it was made from.
    made
        The scenario as a file has it, and its parts.
    asked
        ``service`` and ``vcpus``, as they were given.
    """

    recording: Recording
    made: Made
    asked: dict[str, Any]

    def __repr__(self) -> str:
        return f"<Calibration on {self.recording.path.name!r}>"

    @cached_property
    def scenario(self) -> Scenario:
        """The scenario, to run."""
        return self.made.scenario()

    @property
    def inferred(self) -> list[str]:
        """What was read from the recording, a sentence each."""
        return self.made.notes.inferred

    @property
    def assumed(self) -> list[str]:
        """What the recording does not say."""
        return self.made.notes.assumed

    @property
    def dropped(self) -> list[str]:
        """What it says, and the scenario does not."""
        return self.made.notes.dropped

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes of jobs."""
        return tuple(self.made.services)

    def fits(self, job_class: str | None = None) -> tuple[Fit, ...]:
        """Return the families that were fitted to the services of a class, the best first.

        Parameters
        ----------
        job_class
            Name of a class; default: the first.

        Raises
        ------
        InputError
            If there is no such class.
        """
        return self.made.services[self._named(job_class)].fits

    def services(self, job_class: str | None = None) -> NDArray[np.float64]:
        """Return what jobs of a class needed, in seconds, in order.

        Parameters
        ----------
        job_class
            Name of a class; default: the first.

        Raises
        ------
        InputError
            If there is no such class.
        """
        return self.made.services[self._named(job_class)].values_s

    def _named(self, job_class: str | None) -> str:
        name = self.classes[0] if job_class is None else job_class
        if name not in self.made.services:
            msg = f"job_class: expected one of {', '.join(map(shown, self.classes))}, found {shown(name)}"
            raise InputError(msg)
        return name

    def to_yaml(self) -> str:
        """Return the scenario file: what was inferred, assumed and dropped stands above it, as comments."""
        lines = [f"# Made from {_line(self.recording.path.name)} by workersim calibrate."]
        for kind in KINDS:
            for sentence in getattr(self, kind):
                lines += textwrap.wrap(f"{kind}: {_line(sentence)}", 110, initial_indent="# ", subsequent_indent="#   ")
        return "\n".join(lines) + "\n\n" + to_yaml(self.made.data)

    def uncertainty(
        self,
        measure: str = "wait.mean",
        *,
        refits: int = 16,
        runs: int = 8,
        seed: int = 1,
        progress: Callable[[int, int], None] | None = None,
    ) -> Uncertainty:
        """Return how much of the uncertainty of a figure comes from the fit, and how much from the runs.

        Parameters
        ----------
        measure
            A figure of ``run --json``, such as ``wait.p95``.
        refits, runs
            How many refits of resampled jobs there are, and with how many seeds each is run.
        seed
            Of the resampling.
        progress
            Called as ``progress(done, of)``.
        """
        return uncertainty_of(self.made, Path(), measure, counts=(refits, runs), seed=seed, progress=progress)

    def held_out(
        self,
        share: float = 0.7,
        *,
        windows: int = 5,
        runs: int = 39,
        seed: int = 1,
        progress: Callable[[int, int], None] | None = None,
    ) -> HeldOut:
        """Calibrate on the first part only, and say which share of what followed lies in the foretold intervals.

        Parameters
        ----------
        share
            Of the span, for the calibration.
        windows
            Parts of the rest, of equal length: arrivals, mean wait and mean service are foretold for each.
        runs
            Simulated runs, each of a refit of resampled jobs.
        seed
            Of the runs.
        progress
            Called as ``progress(done, of)``.

        Raises
        ------
        InputError
            If the file has no starts.
        """
        return held_out_of(self.recording, Path(), Asked(share, windows, runs, seed), progress, **self.asked)

    def to_dict(self) -> dict[str, Any]:
        """Return the object that ``workersim calibrate --json`` prints."""
        return {
            "trace": self.recording.path.name,
            "scenario": self.made.data,
            "cpu": {"share": self.made.stretch.share, "vcpus": self.made.stretch.vcpus},
            "fits": {
                name: [{"family": fit.family, "mean": fit.mean, "cv": fit.cv, "aic": fit.aic} for fit in service.fits]
                for name, service in self.made.services.items()
            },
            **{kind: list(getattr(self, kind)) for kind in KINDS},
        }

    def summary(self) -> str:
        """Return what was inferred, assumed and dropped, in 80 columns."""
        lines = [f"{self.recording.path.name}, {len(self.recording):,} jobs"]
        for kind in KINDS:
            sentences = getattr(self, kind) or ["nothing"]
            lines += ["", kind]
            for sentence in sentences:
                lines += textwrap.wrap(sentence, WIDTH, initial_indent="- ", subsequent_indent="  ")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        from html import escape  # noqa: PLC0415 (for this alone)

        return f"<pre>{escape(self.summary())}</pre>"


def _line(text: str) -> str:
    """Return a text of a file as it can stand in a comment."""
    return "".join(each if each.isprintable() else "\ufffd" for each in text)


def calibrate(
    trace: Recording | str | os.PathLike[str],
    *,
    service: str = "empirical",
    vcpus: float | None = None,
) -> Calibration:
    """Make a scenario from a recording: arrivals, job classes, services, CPU, failures, fleet.

    Parameters
    ----------
    trace
        What ``ws.read_trace`` returns, or the path of a file for it.
    service
        ``empirical``: services are drawn from those that were seen.  ``best``: from the family with the lowest AIC.
        Or one of ``exponential``, ``gamma``, ``lognormal``, ``weibull``, ``hyperexponential``.
    vcpus
        Processors a container, if they are known; else they are inferred, where services stretch.

    Returns
    -------
    Calibration
        The scenario, what was inferred, assumed and dropped, and checks of it.

    Raises
    ------
    InputError
        If nothing says what jobs need, or fewer than two jobs did arrive.

    Examples
    --------
    >>> import workersim as ws
    >>> found = ws.calibrate("tests/recordings/burst10_1x4.jsonl.gz")
    >>> found.scenario.workload.arrivals[0].jobs, found.scenario.fleet.concurrency
    (10, 4)
    """
    if vcpus is not None and not 0.001 <= vcpus <= 100_000:
        msg = f"vcpus: expected a number from 0.001 to 100,000, found {shown(vcpus)}"
        raise InputError(msg)
    recording = trace if isinstance(trace, Recording) else read_trace(trace)
    made = made_of(evidence_of(recording), service=service, vcpus=vcpus)
    return Calibration(recording, made, {"service": service, "vcpus": vcpus})
