"""A check on what was not seen: calibrate on the first part, simulate the rest, and count what lies in the interval."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from workersim import workload
from workersim.errors import InputError
from workersim.experiments.calibrating.evidence import evidence_of
from workersim.experiments.calibrating.making import made_of
from workersim.experiments.calibrating.uncertainty import resampled
from workersim.experiments.run import measure_each, pick
from workersim.runlog.deciding import deciding_rows
from workersim.scenario import read
from workersim.scenario.dump import to_yaml
from workersim.units import NEVER, SECOND

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    from workersim.runlog import RunLog
    from workersim.traces import Recording

    Floats = NDArray[np.float64]

__all__ = ["Asked", "Foretold", "HeldOut", "held_out_of"]

LEVEL = 0.95
FIGURES = ("arrivals", "mean wait", "mean service")


class Foretold(NamedTuple):
    """One figure of one part of the rest: what was foretold of it, and what it was (seconds, or jobs)."""

    figure: str
    begin_s: float
    end_s: float
    low: float
    high: float
    observed: float

    @property
    def is_inside(self) -> bool:
        """Whether the interval holds what was observed."""
        return self.low <= self.observed <= self.high


class HeldOut(NamedTuple):
    """What a calibration on the first part said of the rest.

    Attributes
    ----------
    share
        Of the span that was calibrated on.
    parts
        Each figure of each part of the rest.
    coverage
        Share of them that lie in their 95 % interval.
    """

    share: float
    parts: tuple[Foretold, ...]
    coverage: float


class Asked(NamedTuple):
    """How a check is made: on which share of the span, of how many parts of the rest, with how many runs."""

    share: float
    windows: int
    runs: int
    seed: int


def held_out_of(
    recording: Recording,
    folder: Path,
    asked: Asked,
    progress: Callable[[int, int], None] | None = None,
    **how: Any,
) -> HeldOut:
    """Calibrate on the first part, simulate the rest, and compare.

    Each run is of a scenario that is fitted to resampled jobs, so that intervals hold the uncertainty of the fit, too.

    Raises
    ------
    InputError
        If the file has no starts, or one of the parts has no jobs.
    """
    share, windows, runs, seed = asked
    if recording.log is None or not 0.05 <= share <= 0.95:
        msg = f"{recording.path}: a check needs observed starts, and a share from 5 % to 95 %"
        raise InputError(msg)
    first, last = int(recording.arrival_ns.min()), int(recording.arrival_ns.max())
    cut = first + round(share * (last - first))
    made = made_of(evidence_of(recording, cut), **how)
    chance = np.random.default_rng(np.random.SeedSequence([seed, 0x4E1D]))
    begin, end = cut - made.arriving.begins_ns, last - made.arriving.begins_ns
    edges = np.linspace(begin, end, windows + 1).round().astype(np.int64)
    seen = _measured(recording.log, edges + made.arriving.begins_ns)
    told = np.empty((runs, *seen.shape))
    for row in range(runs):
        data = resampled(made, chance)
        data["run"] = {"until": f"{end / SECOND:.9f} s", "seed": seed, "replications": 1}
        # The days before are simulated too, so that the rest begins as busy as the fleet then is.
        scenario = read(to_yaml(data), folder=folder)
        engine = pick("auto", round(workload.expected_jobs(scenario)) * runs)
        (told[row],) = measure_each(scenario, engine, [row], lambda _, log: _measured(log, edges))
        if progress:
            progress(row + 1, runs)
    return _compared(share, (edges - begin) / SECOND, seen, told)


def _measured(log: RunLog, edges_ns: NDArray[np.int64]) -> Floats:
    """Return for each part the jobs that arrived in it, their mean wait and their mean service; nan of nothing."""
    rows = deciding_rows(log.attempts, len(log.jobs))
    arrival = np.asarray(log.jobs.arrival_ns)
    started, finished = np.asarray(log.attempts.started_ns)[rows], np.asarray(log.attempts.finished_ns)[rows]
    found = np.full((len(edges_ns) - 1, len(FIGURES)), np.nan)
    for part, (low, high) in enumerate(zip(edges_ns[:-1].tolist(), edges_ns[1:].tolist(), strict=True)):
        mine = (arrival >= low) & (arrival < high)
        ran = mine & (started < NEVER)
        ended = ran & (finished < NEVER)
        found[part, 0] = mine.sum()
        if ran.any():
            found[part, 1] = float((started[ran] - arrival[ran]).mean()) / SECOND
        if ended.any():
            found[part, 2] = float((finished[ended] - started[ended]).mean()) / SECOND
    return found


def _interval(drawn: Floats) -> tuple[float, float]:
    """Return the k-th lowest and the k-th highest of n draws, which one more lies between with 1 - 2 k / (n + 1)."""
    held = np.sort(drawn)
    k = max(1, int((len(held) + 1) * (1 - LEVEL) / 2))
    return float(held[k - 1]), float(held[-k])


def _compared(share: float, edges_s: Floats, seen: Floats, told: Floats) -> HeldOut:
    parts = []
    for part, column in np.ndindex(*seen.shape):
        drawn = told[:, part, column]
        drawn = drawn[np.isfinite(drawn)]
        observed: Any = seen[part, column]
        if np.isfinite(observed) and len(drawn):
            low, high = _interval(drawn)
            parts.append(
                Foretold(FIGURES[column], float(edges_s[part]), float(edges_s[part + 1]), low, high, float(observed))
            )
    inside = sum(each.is_inside for each in parts)
    return HeldOut(share, tuple(parts), inside / len(parts) if parts else float("nan"))
