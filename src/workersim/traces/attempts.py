"""Several rows of one job: attempts that were retried, messages that came twice, rows that were written twice."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from workersim.errors import InputError
from workersim.traces.facts import Facts, Places
from workersim.units import NEVER
from workersim.workload.demands import picked, rearranged
from workersim.workload.jobs import is_constant

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from workersim.traces.repairs import Repairs

__all__ = ["by_job", "each_counted"]

MOST_JOBS = 100_000_000

TWICE = "the same as an earlier one of its attempt, as of a message that came twice: counted once"
AGAIN = "of a further attempt of a job that has another row: the job arrives once"


def by_job(facts: Facts, attempt: NDArray[np.int64], repairs: Repairs) -> Facts:
    """Return the rows by job, and then by attempt.

    Parameters
    ----------
    facts
        A row an attempt, in the order of the file; jobs are numbered by their first rows.  Its columns are used up.
    attempt
        int64[n], the number that the file gives; -1 where it gives none: the order of starts, then of rows.
    repairs
        Where is counted what was found.
    """
    order = np.lexsort((facts.started_ns, facts.published_ns, attempt, facts.job))
    told = (facts.job, attempt, facts.published_ns, facts.started_ns, facts.finished_ns, facts.outcome)
    twice = np.ones(len(order), np.bool_)
    twice[0] = False
    for column in told:
        said = picked(column, order)
        twice[1:] &= said[1:] == said[:-1]
    repairs.add(TWICE, order[twice] + 1)
    order = order[~twice]
    arrival = np.full(int(facts.job.max()) + 1, NEVER)
    np.minimum.at(arrival, facts.job, facts.arrival_ns)
    found = _in_place(facts, order)
    job = found.job
    again = np.concatenate([[False], job[1:] == job[:-1]])
    repairs.add(AGAIN, order[again] + 1)
    return replace(found, arrival_ns=arrival[job])


def each_counted(facts: Facts, counts: NDArray[np.int64], repairs: Repairs) -> Facts:
    """Return a job for each that a row stands for, evenly from its instant up to that of the next row.

    Raises
    ------
    InputError
        If these are more jobs than can be held, or none.
    """
    counts = np.maximum(counts, 0)
    total = float(counts.sum(dtype=float))
    if not 0 < total <= MOST_JOBS:
        msg = f"column count: expected 1 to {MOST_JOBS:,} jobs in all, found {total:,.0f}"
        raise InputError(msg)
    arrival = facts.arrival_ns
    gaps = np.maximum(np.diff(arrival), 0)
    lasts = np.append(gaps, int(np.median(gaps)) if len(gaps) else 0)
    rows = np.repeat(np.arange(len(facts)), counts)
    nth = np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)
    spread = _each_column(facts, lambda column: picked(column, rows), rows)
    repairs.say("Rows stand for several jobs: these arrive evenly from their row's instant up to the next one's.")
    within = (nth * (lasts / np.maximum(counts, 1))[rows]).astype(np.int64)
    arrived = arrival[rows] + within
    return replace(spread, job=np.arange(len(rows)), arrival_ns=arrived, published_ns=arrived)


def _in_place(facts: Facts, order: NDArray[np.int64]) -> Facts:
    """Return the rows in another order, some of them left out, each column where it was."""
    moved: dict[int, NDArray[Any]] = {}

    def of(column: NDArray[Any]) -> NDArray[Any]:
        if id(column) not in moved:  # two roles may share a column
            if not is_constant(column):
                column[: len(order)] = column[order]
            moved[id(column)] = column[: len(order)]
        return moved[id(column)]

    return _each_column(facts, of, order)


def _each_column(facts: Facts, of: Callable[[NDArray[Any]], NDArray[Any]], order: NDArray[np.int64]) -> Facts:
    held: dict[str, Any] = {each.name: getattr(facts, each.name) for each in fields(facts)}
    columns: dict[str, Any] = {name: of(column) for name, column in held.items() if isinstance(column, np.ndarray)}
    places = facts.places
    columns["places"] = Places(of(places.replica), of(places.slot), places.fleet)
    columns["asked"] = {name: of(column) for name, column in facts.asked.items()}
    return replace(facts, **columns, demands=rearranged([facts.demands], order))
