"""From the facts of a file to jobs that a fleet can be given, and to the log of what was observed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from workersim.errors import LogError
from workersim.runlog import Attempts, FleetChanges, JobTable, Outcome, Phases, RunLog
from workersim.runlog.ordering import blocks
from workersim.traces.cells import ABSENT
from workersim.traces.fates import fates_at, fates_of
from workersim.units import NEVER, SECOND
from workersim.workload import Jobs
from workersim.workload.demands import picked, rearranged
from workersim.workload.growing import moved
from workersim.workload.jobs import constant, is_constant
from workersim.workload.parts import ends_of_patience

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from workersim.traces.facts import Facts
    from workersim.traces.repairs import Repairs

__all__ = ["Assembled", "assembled"]

UNNAMED_CLASS, UNNAMED_QUEUE = "job", "default"


class Assembled(NamedTuple):
    """What a file was made into.

    Attributes
    ----------
    jobs
        Those of which it is known what they need; None if there are none.
    rows
        int64[k], which jobs of the file they are.
    log
        Of all jobs; None if not a single start was observed.
    arrival_ns
        int64[n], of all jobs.
    zero_ns
        Where 0 lies on the clock of the file.
    due_ns
        int64, before when each attempt of the log was not to start; None if nothing says so.
    """

    jobs: Jobs | None
    rows: NDArray[np.int64]
    log: RunLog | None
    arrival_ns: NDArray[np.int64]
    zero_ns: int
    due_ns: NDArray[np.int64] | None


def assembled(facts: Facts, repairs: Repairs) -> Assembled:
    """Return jobs and log; the earliest arrival is 0 where instants count from 1970.

    A job's arrival, class, queue, priority and patience are those of its first row, its demand is that of the row
    that decided it.  The columns of the facts become those of the log, so that no file stands in memory twice.
    """
    zero_ns = int(facts.arrival_ns.min()) if facts.is_absolute else 0
    facts = _from_zero(facts, zero_ns)
    first = _first_rows(facts)
    arrival = _of(facts.arrival_ns, first)
    _say_of_order(arrival, repairs)
    table = _job_table(facts, first, arrival)
    jobs, rows = _jobs(facts, first, table, repairs)
    if jobs is not None:
        fates = fates_of(facts, facts.job if first is None else first, len(table.classes))
        kept = fates if fates is None or len(jobs) == len(table) else fates_at(fates, rows)
        jobs = Jobs(jobs.table, jobs.first_phase, jobs.phase_kind, jobs.phase_demand_ns, None, kept)
    log = _log(facts, table, zero_ns, repairs) if facts.is_observed else None
    return Assembled(jobs, rows, log, arrival, zero_ns, facts.due_ns)


def _from_zero(facts: Facts, zero_ns: int) -> Facts:
    names = ("arrival_ns", "published_ns", "received_ns", "started_ns", "finished_ns")
    # One column may say several things, and must be moved once.
    held = {id(column): column for column in (facts.due_ns, *(getattr(facts, name) for name in names))}
    by_zero = {key: None if column is None else moved(column, zero_ns) for key, column in held.items()}
    columns: dict[str, Any] = {name: by_zero[id(getattr(facts, name))] for name in (*names, "due_ns")}
    return replace(facts, **columns)


def _first_rows(facts: Facts) -> NDArray[np.int64] | None:
    """Return the first row of each job; None if each has one row."""
    if facts.has_one_row_a_job:
        return None
    return np.flatnonzero(np.concatenate([[True], facts.job[1:] != facts.job[:-1]]))


def _of(column: NDArray[Any], rows: NDArray[np.int64] | None) -> NDArray[Any]:
    """Return some rows of a column; None: all of them, as they are."""
    return column if rows is None else picked(column, rows)


def _say_of_order(arrival: NDArray[np.int64], repairs: Repairs) -> None:
    repairs.count(
        "arriving before one of an earlier row: the rows keep their order",
        int(np.count_nonzero(arrival[1:] < arrival[:-1])),
        noun="job",
    )


def _job_table(facts: Facts, first: NDArray[np.int64] | None, arrival: NDArray[np.int64]) -> JobTable:
    job_class, classes = _named(_of(facts.job_class, first), facts.classes, UNNAMED_CLASS)
    queue, queues = _named(_of(facts.queue, first), facts.queues, UNNAMED_QUEUE)
    return JobTable(
        arrival_ns=arrival,
        job_class=job_class,
        queue=queue,
        priority=_or_else(_of(facts.priority, first), 0),
        expires_ns=_expiries(arrival, _or_else(_of(facts.patience_ns, first), NEVER)),
        classes=classes,
        queues=queues,
    )


def _named(
    numbers: NDArray[np.int64], names: tuple[str, ...], unnamed: str
) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    if len(numbers) and numbers.min() >= 0:
        return numbers, names
    known = (*names, unnamed) if unnamed not in names else names
    return _or_else(numbers, known.index(unnamed)), known


def _or_else(column: NDArray[np.int64], value: int) -> NDArray[np.int64]:
    """Return a column with a value where it says nothing."""
    if is_constant(column):
        return constant(value, len(column), column.dtype) if column[0] < 0 else column
    column[column < 0] = value
    return column


def _expiries(arrival: NDArray[np.int64], patience: NDArray[np.int64]) -> NDArray[np.int64]:
    never = is_constant(patience) and patience[0] == NEVER
    return patience if never else ends_of_patience(arrival, patience)


def _jobs(
    facts: Facts, first: NDArray[np.int64] | None, table: JobTable, repairs: Repairs
) -> tuple[Jobs | None, NDArray[np.int64]]:
    """Return the jobs that can be replayed, and which they are."""
    if first is None and facts.demands.counts.min() > 0:
        demands = facts.demands
        return Jobs(table, demands.offsets, demands.kind, demands.demand_ns), facts.job
    deciding = facts.job if first is None else _deciding(facts, first)
    counts = facts.demands.counts[deciding]
    known = np.flatnonzero(counts > 0)
    left = len(table) - len(known)
    repairs.count("left out of a replay, as nothing says what is needed", left, noun="job")
    if not len(known):
        return None, known
    demands = rearranged([facts.demands], deciding[known])
    columns: dict[str, Any] = {name: picked(column, known) for name, column in table.columns().items()}
    kept = replace(table, **columns) if left else table
    return Jobs(kept, demands.offsets, demands.kind, demands.demand_ns), known


def _deciding(facts: Facts, first: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return for each job its first done row with a demand, else its last row with one, else its last row."""
    rows = np.arange(len(facts))
    decided = np.empty(len(first), np.int64)
    decided[facts.job] = rows
    told = facts.demands.counts > 0
    decided[facts.job[told]] = rows[told]
    done = rows[told & (facts.outcome == Outcome.DONE)][::-1]
    decided[facts.job[done]] = done
    return decided


def _log(facts: Facts, table: JobTable, zero_ns: int, repairs: Repairs) -> RunLog:
    published, reserved, started, finished = _in_sequence(facts, table, repairs)
    attempts = Attempts(
        job=facts.job,
        attempt=_attempts(facts),
        published_ns=published,
        reserved_ns=reserved,
        started_ns=started,
        finished_ns=finished,
        replica=_where_it_ran(started, facts.places.replica),
        slot=_where_it_ran(started, facts.places.slot),
        outcome=facts.outcome,
    )
    horizon = _horizon(facts, attempts, table, zero_ns)
    nothing = np.empty(0, np.int64)
    log = RunLog(
        jobs=table,
        attempts=attempts,
        phase_source=Phases(nothing, nothing, nothing, nothing, nothing),
        fleet=_fleet(facts, zero_ns, horizon),
        horizon_ns=horizon,
        seed=-1,
        digest="",
        engine="observed",
    )
    for sentence in _broken(log):
        repairs.say(sentence)
    return log


def _attempts(facts: Facts) -> NDArray[np.int64]:
    first = _first_rows(facts)
    return constant(0, len(facts)) if first is None else np.arange(len(facts)) - first[facts.job]


def _in_sequence(facts: Facts, table: JobTable, repairs: Repairs) -> list[NDArray[np.int64]]:
    """Return when attempts were published, received, started and finished, none of it before the former."""
    told = (facts.published_ns, facts.received_ns, facts.started_ns, facts.finished_ns)
    columns = published, reserved, started, finished = [_writable(column) for column in told]
    crossed, apart = 0, 0
    for rows in blocks(len(facts)):
        sent, start, finish = published[rows], started[rows], finished[rows]
        np.maximum(sent, table.arrival_ns[facts.job[rows]], out=sent)
        if not is_constant(reserved):
            # Two processes report a receipt and what surrounds it, and their words may cross.
            got = reserved[rows]
            between = np.minimum(np.maximum(got, sent), np.maximum(np.minimum(start, finish), sent))
            between[got == NEVER] = NEVER
            crossed += int(np.count_nonzero(between != got))
            apart = max(apart, int(np.abs(between - got).max()))
            got[:] = between
        ran = start < NEVER
        # A start that precedes the publication of its own attempt by a little comes of two clocks.
        np.maximum(start, sent, out=start, where=ran)
        if not is_constant(finished):
            np.maximum(finish, np.where(ran, start, sent), out=finish, where=finish < NEVER)
    repairs.count(
        f"received before it was published or after it left, by {apart / SECOND:.3g} s at most: moved between",
        crossed,
        noun="attempt",
    )
    return columns


def _writable(instants: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return a column whose rows can be moved; one that says nothing takes no memory."""
    return np.array(instants) if is_constant(instants) and instants[0] < NEVER else instants


def _where_it_ran(started: NDArray[np.int64], places: NDArray[np.int64]) -> NDArray[np.int64]:
    if is_constant(places) and places[0] == ABSENT:
        return places
    unstarted = started == NEVER
    if unstarted.any():
        places = np.array(places) if is_constant(places) else places
        places[unstarted] = ABSENT
    return places


def _horizon(facts: Facts, attempts: Attempts, table: JobTable, zero_ns: int) -> int:
    told = 0 if facts.end_ns is None else facts.end_ns - zero_ns
    columns = (attempts.published_ns, attempts.reserved_ns, attempts.started_ns, attempts.finished_ns)
    last = (int(np.max(column, initial=0, where=column < NEVER)) for column in columns)
    return max(int(table.arrival_ns.max()), told, *last)


def _fleet(facts: Facts, zero_ns: int, horizon_ns: int) -> FleetChanges:
    fleet = facts.places.fleet
    if fleet is None:
        nothing = np.empty(0, np.int64)
        return FleetChanges(nothing, nothing, nothing, nothing, np.empty(0), nothing, np.empty(0))
    instants = np.clip(fleet.instant_ns - zero_ns, 0, horizon_ns)
    # Of what happened to a replica before 0 the last counts.
    order = np.lexsort((np.arange(len(instants)), fleet.replica, instants))
    last = np.ones(len(order), np.bool_)
    same = (instants[order][1:] == instants[order][:-1]) & (fleet.replica[order][1:] == fleet.replica[order][:-1])
    last[:-1] = ~same
    columns: dict[str, Any] = {name: column[order[last]] for name, column in fleet.columns().items()}
    return FleetChanges(**columns | {"instant_ns": instants[order[last]]})


def _broken(log: RunLog) -> Iterator[str]:
    """Say which law of every log the observed one breaks, if it does."""
    try:
        log.check()
    except LogError as error:
        yield f"What was observed contradicts itself, so figures may be off: {error}."
