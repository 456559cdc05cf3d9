"""Job classes and queues by number: what the columns of the jobs refer to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from workersim.scenario import Arrival, JobClass, Scenario, Trace
from workersim.scenario.workload import arriving
from workersim.workload.trace_rows import ABSENT, TraceRows

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["NAMELESS", "Settings", "classes_of", "settings_of"]

NAMELESS = "job"  # class of the rows of a trace that name none, in a scenario without classes


@dataclass(frozen=True, eq=False)
class Settings:
    """What jobs take from their class, unless a row of a trace says otherwise.

    Attributes
    ----------
    classes, queues
        Names.  Classes: the scenario's, then those that only traces name.  Queues: the fleet's, then those of
        the classes that can arrive, then those that only traces name.
    queue_of
        int32[classes], index of a class's queue.
    priority_of
        int64[classes].
    jobs
        The scenario's classes by name.
    folder
        Where files are looked up.
    """

    classes: tuple[str, ...]
    queues: tuple[str, ...]
    queue_of: NDArray[np.int32]
    priority_of: NDArray[np.int64]
    jobs: Mapping[str, JobClass]
    folder: Path


def classes_of(arrival: Arrival, jobs: Mapping[str, JobClass]) -> tuple[str, ...]:
    """Return the classes that a stream draws from; for a trace those that rows without a class belong to first."""
    if arrival.classes is not None:
        return arrival.classes
    return tuple(jobs) if isinstance(arrival, Trace) else arriving(jobs)


def settings_of(scenario: Scenario, traces: Mapping[int, TraceRows]) -> Settings:
    """Give numbers to the classes and queues of a scenario and of its traces.

    Parameters
    ----------
    scenario
        What is asked.
    traces
        The rows of its traces, by their place among the streams of arrivals.
    """
    jobs, home = scenario.workload.jobs, scenario.home_queue
    classes = dict.fromkeys(jobs)
    queues = {name: None for fleet in scenario.fleets.values() for name in fleet.queues or ()}
    for index, arrival in enumerate(scenario.workload.arrivals):
        rows = traces.get(index)
        named = classes_of(arrival, jobs) if rows is None else _classes_in(rows, classes_of(arrival, jobs))
        classes |= dict.fromkeys(named)
        queues |= dict.fromkeys(_queue(jobs.get(name), home) for name in named)
    if scenario.workload.arrivals:
        queues |= dict.fromkeys(_queue(jobs[name], home) for name in jobs if name in scenario.workload.following)
    for rows in traces.values():
        queues |= dict.fromkeys(rows.queues)
    numbers = {name: number for number, name in enumerate(queues or {home: None})}
    held = [jobs.get(name) for name in classes]
    return Settings(
        classes=tuple(classes),
        queues=tuple(numbers),
        queue_of=np.array([numbers.get(_queue(job, home), 0) for job in held], np.int32),
        priority_of=np.array([0 if job is None else job.priority for job in held], np.int64),
        jobs=jobs,
        folder=scenario.folder,
    )


def _classes_in(rows: TraceRows, default: tuple[str, ...]) -> list[str]:
    unnamed = [(default or (NAMELESS,))[0]] if (rows.job_class == ABSENT).any() else []
    return [*unnamed, *rows.classes]


def _queue(job: JobClass | None, home: str) -> str:
    return home if job is None or job.queue is None else job.queue
