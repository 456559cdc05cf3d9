"""Yesterday's jobs on another fleet, and how far what is simulated is from what was observed."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from workersim.errors import InputError
from workersim.experiments.agreement import Agreement, agreement, differences
from workersim.experiments.flat import flat
from workersim.experiments.load import Load
from workersim.experiments.measuring import sample_of
from workersim.experiments.result import Result
from workersim.experiments.run import pick, simulate
from workersim.metrics import figures
from workersim.runlog import Outcome
from workersim.scenario import Fleet, RunSettings, Scenario, Trace, Workload, load_fleet
from workersim.traces import Recording, read_trace
from workersim.traces.fates import limited
from workersim.traces.recorded_fleet import recorded_fleet
from workersim.traces.scaling import between, scaled, sped_up, taken
from workersim.traces.window import window_of
from workersim.units import NEVER, parse_duration, shown
from workersim.workload import Jobs, Purpose, Streams
from workersim.workload.fating import limits_of_workers

if TYPE_CHECKING:
    from typing import Literal

    import pandas as pd
    from matplotlib.axes import Axes

    from workersim.runlog import RunLog

__all__ = ["Replay", "replay"]


class Traffic(NamedTuple):
    """Which of the recorded jobs are replayed, and how many times as many and as fast."""

    scale: float | str = 1.0
    speed: float | str = 1.0
    from_: Any = None
    to: Any = None


@dataclass(frozen=True, eq=False)
class Replay:
    """What another fleet would have done with recorded jobs, beside what was observed.

    Attributes
    ----------
    recording
        What was replayed.
    result
        The simulated run; each block of its figures is an attribute here too: ``replay.wait.p95``.
    observed_log
        What was observed of the same jobs; None if the file has no starts.
    observed
        Its figures, as a tree; None as well.
    difference
        By figure: simulated ÷ observed - 1, and of the waits the Kolmogorov-Smirnov distance and the correlation
        job by job; None where one of the two is missing.
    agreement
        How the waits agree job by job, and hour by hour; None if they are not the same jobs.
    warnings
        What a reader has to know, a sentence each.
    """

    recording: Recording
    result: Result
    observed_log: RunLog | None
    observed: dict[str, Any] | None
    difference: dict[str, float | None] | None
    agreement: Agreement | None
    warnings: tuple[str, ...]

    def __repr__(self) -> str:
        return f"<Replay of {self.recording.path.name!r} on {self.result.scenario.name!r}>"

    def __str__(self) -> str:
        return self.summary()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self.result, name)

    @property
    def log(self) -> RunLog:
        """The simulated log."""
        return self.result.log

    @property
    def attempts(self) -> pd.DataFrame:
        """One row a simulated attempt, with the columns of ``--jobs-out``."""
        return self.result.attempts

    def to_dict(self) -> dict[str, Any]:
        """Return the object that ``workersim replay --json`` prints."""
        tree = self.result.to_dict() | {"trace": self.recording.path.name, "warnings": list(self.warnings)}
        if self.observed is not None:
            tree |= {"observed": self.observed, "difference": self.difference}
            tree["worst_hour"] = None if self.agreement is None else self.agreement.worst_hour
        return tree

    def to_frame(self) -> pd.DataFrame:
        """Return a row a figure, named by its path, such as ``wait.p95``.

        Returns
        -------
        DataFrame
            Columns ``simulated``, ``observed`` and ``difference`` (simulated ÷ observed - 1): seconds, bytes, per
            second and fractions.  The latter two are missing where the file does not say when jobs started.
        """
        import pandas as pd  # noqa: PLC0415 (takes half a second)

        told = dict(flat(self.observed or {}))
        changes = self.difference or {}
        rows = {name: (value, told.get(name), changes.get(name)) for name, value in flat(self.result.metrics)}
        columns = ["simulated", "observed", "difference"]
        frame = pd.DataFrame.from_dict(rows, orient="index", columns=columns, dtype=float)
        return frame.rename_axis("figure")

    def plot(self, what: str = "waits", ax: Axes | None = None) -> Axes:
        """Draw what was simulated beside what was observed.

        Parameters
        ----------
        what
            ``waits`` (their distributions) or ``queue_length`` (over time).
        ax
            Where to draw; default: a new figure.

        Raises
        ------
        InputError
            If there is no such plot.
        """
        from workersim import plots  # noqa: PLC0415 (only for a plot)

        drawn = {"waits": plots.replayed_waits, "queue_length": plots.replayed_queues}
        if what not in drawn:
            msg = f"plot: expected waits or queue_length, found {shown(what)}"
            raise InputError(msg)
        return drawn[what](self, ax)

    def summary(self) -> str:
        """Return simulated, observed and difference as a table of 80 columns."""
        from workersim.experiments.replay_summary import summary  # noqa: PLC0415 (needed only by who reads it)

        return summary(self)

    def _repr_html_(self) -> str:
        from workersim.experiments.replay_summary import summary_html  # noqa: PLC0415 (as above)

        return summary_html(self)


def replay(
    trace: Recording | str | os.PathLike[str],
    fleet: Fleet | Scenario | str | os.PathLike[str] | None = None,
    *,
    engine: Literal["auto", "simpy", "compiled"] = "auto",
    seed: int = 1,
    **traffic: Any,
) -> Replay:
    """Run recorded jobs on a fleet, and compare with what was observed.

    Parameters
    ----------
    trace
        What ``ws.read_trace`` returns, or the path of a file for it.
    fleet
        A ``ws.Fleet``; a scenario, of which the fleet is taken; or the path of a fleet file.  None: the fleet that
        the recording itself tells of, with the settings of its workers and what happened to them.
    engine, seed
        As in ``ws.run``; the seed is for ``scale`` and for what the fleet leaves to chance.
    **traffic
        ``scale``: how much of the traffic, ``0.5`` or ``"2x"``; thinned out below 1, superposed above.  ``speed``: how
        many times as fast jobs arrive; what they need stays.  ``from_``, ``to``: only jobs that arrive in between,
        as durations from the start of the recording, such as ``"2 h"``.

    Returns
    -------
    Replay
        The simulated run, the observed figures, and the difference.

    Raises
    ------
    InputError
        If nothing says what the jobs need, no job is left, or the file names no fleet and none is given.
    """
    wanted = Traffic(**traffic)
    recording = trace if isinstance(trace, Recording) else read_trace(trace)
    start_ns, end_ns = _window(wanted)
    named, notes = _fleet(recording, fleet, start_ns)
    if recording.jobs is None:
        msg = f"{recording.path}: nothing says what jobs need; name a column of services: columns={{'service': …}}"
        raise InputError(msg)
    rows = between(recording.jobs, start_ns, end_ns)
    if not len(rows):
        asked = f"{wanted.from_ or '0 s'} and {wanted.to or 'the end'}"
        msg = f"{recording.path}: expected jobs that arrive between {asked}, found none"
        raise InputError(msg)
    recorded = _shifted(taken(recording.jobs, rows) if len(rows) < len(recording.jobs) else recording.jobs, start_ns)
    jobs = _changed(recorded, wanted, notes, seed)
    observed = None if recording.log is None else window_of(recording.log, recording.job_rows[rows], start_ns)
    # What was stranded when the recording ended is not waited for on the same fleet either.
    until = _end_of(observed) if fleet is None and jobs is recorded else "drained"
    settings = RunSettings(until=until, seed=seed)
    result = _simulated(recording, named, _on(named, jobs, seed), settings, engine)
    return _compared(recording, result, observed, notes, is_same=jobs is recorded)


def _compared(
    recording: Recording, result: Result, observed: RunLog | None, notes: list[str], *, is_same: bool
) -> Replay:
    tree = None if observed is None else figures(observed)
    alike = agreement(observed, result.log) if observed is not None and is_same else None
    difference = None if tree is None else differences(result.metrics, tree, alike)
    warnings = (*recording.warnings, *notes, *result.warnings)
    return Replay(recording, result, observed, tree, difference, alike, warnings)


def _fleet(recording: Recording, fleet: Any, from_ns: int) -> tuple[Scenario, list[str]]:
    """Return a scenario with the fleet, and what has to be said of it."""
    if isinstance(fleet, Scenario):
        return fleet, []
    if isinstance(fleet, Fleet):
        return _bare(fleet, "fleet"), []
    if isinstance(fleet, str | os.PathLike):
        return load_fleet(fleet), []
    if fleet is not None:
        msg = f"fleet: expected a Fleet, a Scenario or the path of a fleet file, found {shown(fleet)}"
        raise InputError(msg)
    told = recorded_fleet(recording, from_ns)
    if told is None:
        msg = f"{recording.path}: it does not say what fleet it was recorded on; expected a fleet file (--fleet FILE)"
        raise InputError(msg)
    return _bare(told[0], "the recorded fleet"), told[1]


def _bare(fleet: Fleet, name: str) -> Scenario:
    return Scenario(name=name, fleet=fleet, workload=Workload(arrivals=()), run=RunSettings(until="1 s"))


def _window(wanted: Traffic) -> tuple[int, int]:
    bounds = []
    for name, value, default in (("from", wanted.from_, 0), ("to", wanted.to, NEVER)):
        try:
            bounds.append(default if value is None else int(parse_duration(value)))
        except ValueError as error:
            msg = f"{name}: {error}"
            raise InputError(msg) from None
    return bounds[0], bounds[1]


def _changed(jobs: Jobs, wanted: Traffic, notes: list[str], seed: int) -> Jobs:
    """Return the jobs in the amount and at the pace that is wanted, and note how that was done."""
    jobs, how = scaled(jobs, _factor("scale", wanted.scale), seed=seed)
    pace = _factor("speed", wanted.speed)
    if how:
        notes.append(how)
    if pace != 1:
        notes.append(f"Jobs arrive {pace:g} times as fast as recorded; what they need is as recorded.")
        jobs = sped_up(jobs, pace)
    return jobs


def _factor(name: str, value: float | str) -> float:
    try:
        return float(value.strip().removesuffix("x")) if isinstance(value, str) else value
    except ValueError:
        msg = f"{name}: expected a number such as 2x, found {shown(value)}"
        raise InputError(msg) from None


def _shifted(jobs: Jobs, start_ns: int) -> Jobs:
    if not start_ns:
        return jobs
    table = jobs.table
    expires = np.where(table.expires_ns < NEVER, table.expires_ns - start_ns, NEVER)
    moved = replace(table, arrival_ns=table.arrival_ns - start_ns, expires_ns=expires)
    return Jobs(moved, jobs.first_phase, jobs.phase_kind, jobs.phase_demand_ns, None, jobs.fates)


def _on(named: Scenario, jobs: Jobs, seed: int) -> Jobs:
    """Return the jobs as these fleets take them: in their home queue where the file names none, within their limits."""
    table, fleets = jobs.table, list(named.fleets.values())
    if table.queues == ("default",) and named.home_queue != "default":
        table = replace(table, queues=(named.home_queue,))
    listed = dict.fromkeys(queue for fleet in fleets for queue in fleet.queues or ())
    table = replace(table, queues=(*table.queues, *(queue for queue in listed if queue not in table.queues)))
    drawn = any(fleet.dispatch == "random" for fleet in fleets)
    lots = Streams(seed, 0).of(Purpose.DISPATCH, 0).random(len(jobs)) if drawn else None
    moved = Jobs(table, jobs.first_phase, jobs.phase_kind, jobs.phase_demand_ns, lots, jobs.fates)
    return Jobs(
        table, jobs.first_phase, jobs.phase_kind, jobs.phase_demand_ns, lots, limited(moved, limits_of_workers(named))
    )


def _end_of(observed: RunLog | None) -> str:
    """Return when a recording ended, if it ended with jobs in hand; else until drained."""
    if observed is None or not (observed.attempts.outcome == Outcome.UNFINISHED).any():
        return "drained"
    return f"{observed.horizon_ns} ns"


def _simulated(recording: Recording, named: Scenario, jobs: Jobs, settings: RunSettings, engine: Any) -> Result:
    path = Path(os.path.relpath(recording.path, named.folder)) if named.source else recording.path
    scenario = named.model_copy(
        update={
            "workload": Workload(arrivals=(Trace(str(path)),)),
            "run": settings,
            "claims": (),
        }
    )
    used = pick(engine, len(jobs))
    log = simulate(scenario, jobs, used)
    sample = sample_of(figures(log), Load(scenario).add(jobs), log.horizon_ns)
    return Result(scenario, used, sample.figures, log, (sample.figures,), sample.warnings)
