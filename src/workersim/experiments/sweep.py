"""Every combination of some keys, each with its figures and their intervals."""

from __future__ import annotations

import hashlib
import json
import math
from contextlib import ExitStack
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from workersim import workload
from workersim.errors import InputError
from workersim.experiments.documents import documents_of, engine_for, files_in, replicate, replications_of
from workersim.experiments.executing import Pool
from workersim.experiments.flat import estimate, row_of, short_runs
from workersim.experiments.grid import points
from workersim.experiments.journal import Journal
from workersim.experiments.run import ensure_scenario
from workersim.experiments.swept import Sweep
from workersim.experiments.table_file import TableFile

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from workersim import engines
    from workersim.experiments.grid import Point
    from workersim.scenario import Scenario

__all__ = ["sweep"]

TASK_JOBS = 500_000  # about a second of work, so that handing it out costs nothing beside it
RUN_JOBS = 2_000  # jobs that take as long as what a run costs beside its jobs
BLOCK_JOBS = 4_000_000  # some seconds of work: what is lost at most, beside points that take longer, when it is killed
MOST_TOGETHER = 32  # points that take documents from one drawing; more would save less than 1/32


def sweep(
    scenario: Scenario,
    vary: Mapping[str, Any],
    *,
    replications: int | None = None,
    executor: Any = None,
    out: str | os.PathLike[str] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Sweep:
    """Run a scenario with every combination of some of its values.

    Parameters
    ----------
    scenario
        What stays as it is.
    vary
        Values by the path of their key: ``{"fleet.replicas": range(1, 11), "fleet.concurrency": [2, 4]}``, or texts
        such as ``"1:10"``, ``"1:10:3"``, ``"1:64:x2"``, ``"5 min,20 min"``.
    replications
        Of each point, all on the same documents.  None: as the scenario says, but 10 at least.  Points at which
        chance has no part run once.
    executor
        Who does the work; the table does not depend on it.  None: a thread a processor.  Else an executor of
        ``concurrent.futures``, a function that returns one, or a Dask ``Client``.
    out
        ``FILE.csv`` or ``FILE.parquet`` for the table.  Points that are finished are kept in ``FILE….journal`` until
        all are: the same sweep that was killed goes on from there.
    progress
        Called as ``progress(done, of)`` after some more runs.

    Returns
    -------
    Sweep
        A row a point.

    Raises
    ------
    InputError
        If a path or a value makes no sense, or the journal is that of another sweep.

    Examples
    --------
    >>> import workersim as ws
    >>> overload = ws.Scenario(
    ...     fleet=ws.Fleet(replicas=1, concurrency=4),
    ...     workload=ws.Workload(jobs={"document": ws.Job(service="20 min")}, arrivals=[ws.Burst(jobs=10)]),
    ... )
    >>> ws.sweep(overload, {"fleet.replicas": "1:3"}).to_frame()["wait.max"].tolist()
    [2400.0, 1200.0, 0.0]
    """
    ensure_scenario(scenario)
    if replications is not None and replications < 1:
        msg = f"replications: expected 1 or more, found {replications}"
        raise InputError(msg)
    file = None if out is None else TableFile(str(out), "--out")
    grid = points(scenario, vary)
    with ExitStack() as stack:
        journal = None
        if file is not None:
            beside = file.path.with_name(file.path.name + ".journal")
            journal = stack.enter_context(Journal(beside, _digest(scenario, grid, replications)))
        rows = _Rows(grid, replications, journal, progress)
        for task, measured in Pool(executor).map(_measure, rows.tasks()):
            rows.take(task, measured)
        found = Sweep(scenario, tuple(vary), tuple(rows.in_order()))
        if file is not None and journal is not None:
            file.write(found.to_frame())
            journal.remove()
    return found


class _Task(NamedTuple):
    """Some replications of points that have their documents in common."""

    points: tuple[int, ...]
    scenarios: tuple[Scenario, ...]
    replications: range
    engine: engines.Engine


class _Measured(NamedTuple):
    """What a task found about one point: a row of figures a replication, and the warnings of the first."""

    names: tuple[str, ...]
    figures: NDArray[np.float64]
    warnings: tuple[str, ...]


def _measure(task: _Task) -> list[_Measured]:
    """Do a task, wherever that is."""
    held: list[list[NDArray[np.float64]]] = [[] for _ in task.scenarios]
    names: list[tuple[str, ...]] = [()] * len(held)
    warnings: list[tuple[str, ...]] = [()] * len(held)
    for replication in task.replications:
        for at, sample in enumerate(replicate(task.scenarios, replication, task.engine)):
            names[at], row = row_of(sample.figures)
            held[at].append(row)
            if replication == 0:
                warnings[at] = sample.warnings
    return [_Measured(*each) for each in zip(names, map(np.array, held), warnings, strict=True)]


class _Rows:
    """The rows of the table, as they become complete."""

    def __init__(
        self,
        grid: Sequence[Point],
        replications: int | None,
        journal: Journal | None,
        progress: Callable[[int, int], None] | None,
    ) -> None:
        self._grid, self._journal, self._progress = grid, journal, progress
        self._rows: dict[int, dict[str, Any]] = {} if journal is None else journal.rows
        scenarios = {at: point.scenario for at, point in enumerate(grid) if point.scenario is not None}
        self._together = _together(scenarios)
        counts = [(group, replications_of(scenarios[group[0]], replications)) for group in self._together]
        self._count = {at: count for group, count in counts for at in group}
        self._engine = engine_for(list(scenarios.values()), max(self._count.values()))
        self._open: dict[int, dict[int, _Measured]] = {}
        self._all = sum(self._count.values())
        self._done = sum(count for at, count in self._count.items() if at in self._rows)

    def tasks(self) -> Iterator[_Task]:
        """Yield what is left to do, block by block, so that points are finished one after the other."""
        for group in self._together:
            left = [at for at in group if at not in self._rows]
            scenarios = [scenario for at in left if (scenario := self._grid[at].scenario) is not None]
            if left:
                each = RUN_JOBS + workload.expected_jobs(scenarios[0])
                width = int(BLOCK_JOBS / (each * self._count[left[0]]))
                width = max(1, min(width, int(TASK_JOBS / each), MOST_TOGETHER))
                step = max(1, int(TASK_JOBS / (each * width)))
                for begin in range(0, len(left), width):
                    some = slice(begin, begin + width)
                    yield from self._split(tuple(left[some]), tuple(scenarios[some]), step)

    def _split(self, held: tuple[int, ...], scenarios: tuple[Scenario, ...], step: int) -> Iterator[_Task]:
        """Cut the replications of a block into tasks."""
        count = self._count[held[0]]
        for first in range(0, count, step):
            yield _Task(held, scenarios, range(first, min(first + step, count)), self._engine)

    def take(self, task: _Task, measured: list[_Measured]) -> None:
        """Keep what a task found; a point of which all replications are known becomes a row."""
        for at, told in zip(task.points, measured, strict=True):
            parts = self._open.setdefault(at, {})
            parts[task.replications.start] = told
            if sum(len(part.figures) for part in parts.values()) == self._count[at]:
                self._close(at)
        self._done += len(task.points) * len(task.replications)
        if self._progress:
            self._progress(self._done, self._all)

    def _close(self, at: int) -> None:
        parts = [part for _, part in sorted(self._open.pop(at).items())]  # in the order of replications, however done
        scenario = self._grid[at].scenario
        if scenario is None:  # never: it has been run
            return
        table, first = np.concatenate([part.figures for part in parts]), parts[0]
        random = workload.is_random(scenario)
        columns = dict(zip(first.names, table.T.tolist(), strict=True))
        warnings = [*first.warnings, *short_runs(scenario, _waits(columns))]
        row = {
            "figures": {name: list(estimate(values, random=random)) for name, values in columns.items()},
            "replications": len(table),
            "warnings": warnings,
        }
        self._rows[at] = row
        if self._journal is not None:
            self._journal.add(at, row)

    def in_order(self) -> Iterator[dict[str, Any]]:
        """Yield the row of each point of the grid; one that cannot be has no figures, and says why."""
        for at, point in enumerate(self._grid):
            nothing = {"figures": {}, "replications": 0, "warnings": [point.why_not]}
            found = self._rows.get(at, nothing)
            yield {"values": point.values, "scenario": point.scenario, **found}


def _waits(columns: Mapping[str, list[float]]) -> list[dict[str, float | None]]:
    pairs = zip(columns["wait.mean"], columns["wait.std"], strict=True)
    return [{"mean": None if math.isnan(mean) else mean, "std": std} for mean, std in pairs]


def _together(scenarios: Mapping[int, Scenario]) -> list[list[int]]:
    """Return the numbers of the points by the documents that they have in common."""
    groups: dict[str, list[int]] = {}
    for at, scenario in scenarios.items():
        groups.setdefault(documents_of(scenario), []).append(at)
    return list(groups.values())


def _digest(scenario: Scenario, grid: Sequence[Point], replications: int | None) -> str:
    """Return what tells this sweep apart from any other: all that its table depends on."""
    said = {
        "version": version("workersim"),
        "scenario": scenario.digest,
        "replications": replications,
        "points": [{path: str(value) for path, value in point.values.items()} for point in grid],
        "files": {str(path): _digest_of(path) for point in grid for path in _files(point)},
    }
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def _files(point: Point) -> Iterator[Path]:
    """Yield the files that a point takes documents or durations from."""
    if point.scenario is not None:
        for name in files_in(point.scenario.written()):
            yield point.scenario.folder / name


def _digest_of(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""  # whoever reads it will say so
