"""From the facts of a file to jobs that a fleet can be given, and to the log of what was observed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from workersim.errors import LogError
from workersim.runlog import Attempts, FleetChanges, JobTable, Outcome, Phases, RunLog
from workersim.traces.cells import ABSENT
from workersim.traces.fates import fates_at, fates_of
from workersim.units import NEVER, SECOND
from workersim.workload import Jobs
from workersim.workload.demands import rearranged
from workersim.workload.jobs import is_constant
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
    that decided it.
    """
    zero_ns = int(facts.arrival_ns.min()) if facts.is_absolute else 0
    first = np.flatnonzero(np.concatenate([[True], facts.job[1:] != facts.job[:-1]]))
    arrival = facts.arrival_ns[first] - zero_ns
    _say_of_order(arrival, repairs)
    table = _job_table(facts, first, arrival)
    jobs, rows = _jobs(facts, first, table, repairs)
    if jobs is not None:
        fates = fates_of(facts, first, len(table.classes))
        kept = fates if fates is None or len(jobs) == len(table) else fates_at(fates, rows)
        jobs = Jobs(jobs.table, jobs.first_phase, jobs.phase_kind, jobs.phase_demand_ns, None, kept)
    log = _log(facts, table, zero_ns, repairs) if facts.is_observed else None
    due = None if facts.due_ns is None else _moved(facts.due_ns, zero_ns)
    return Assembled(jobs, rows, log, arrival, zero_ns, due)


def _say_of_order(arrival: NDArray[np.int64], repairs: Repairs) -> None:
    repairs.count(
        "arriving before one of an earlier row: the rows keep their order",
        int((np.diff(arrival) < 0).sum()),
        noun="job",
    )


def _job_table(facts: Facts, first: NDArray[np.int64], arrival: NDArray[np.int64]) -> JobTable:
    job_class, classes = _named(facts.job_class[first], facts.classes, UNNAMED_CLASS)
    queue, queues = _named(facts.queue[first], facts.queues, UNNAMED_QUEUE)
    patience = facts.patience_ns[first]
    return JobTable(
        arrival_ns=arrival,
        job_class=job_class,
        queue=queue,
        priority=np.maximum(facts.priority[first], 0),
        expires_ns=ends_of_patience(arrival, np.where(patience == ABSENT, NEVER, patience)),
        classes=classes,
        queues=queues,
    )


def _named(
    numbers: NDArray[np.int64], names: tuple[str, ...], unnamed: str
) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    if len(numbers) and numbers.min() >= 0:
        return numbers, names
    known = (*names, unnamed) if unnamed not in names else names
    return np.where(numbers < 0, known.index(unnamed), numbers), known


def _jobs(
    facts: Facts, first: NDArray[np.int64], table: JobTable, repairs: Repairs
) -> tuple[Jobs | None, NDArray[np.int64]]:
    """Return the jobs that can be replayed, and which they are."""
    deciding = _deciding(facts, first)
    known = np.flatnonzero(facts.demands.counts[deciding] > 0)
    left = len(first) - len(known)
    repairs.count("left out of a replay, as nothing says what is needed", left, noun="job")
    if not len(known):
        return None, known
    demands = rearranged([facts.demands], deciding[known])
    columns: dict[str, Any] = {name: column[known] for name, column in table.columns().items()}
    kept = replace(table, **columns) if left else table
    return Jobs(kept, demands.offsets, demands.kind, demands.demand_ns), known


def _deciding(facts: Facts, first: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return for each job its first done row with a demand, else its last row with one, else its last row."""
    number = np.concatenate([np.ones(1, np.int64), facts.job[1:] != facts.job[:-1]]).cumsum() - 1
    rows = np.arange(len(facts))
    decided = np.empty(len(first), np.int64)
    decided[number] = rows
    told = facts.demands.counts > 0
    decided[number[told]] = rows[told]
    done = rows[told & (facts.outcome == Outcome.DONE)][::-1]
    decided[number[done]] = done
    return decided


def _log(facts: Facts, table: JobTable, zero_ns: int, repairs: Repairs) -> RunLog:
    job = np.concatenate([np.zeros(1, np.int64), (facts.job[1:] != facts.job[:-1]).cumsum()])
    starts = np.flatnonzero(np.concatenate([[True], job[1:] != job[:-1]]))
    arrival = table.arrival_ns[job]
    published = np.maximum(_moved(facts.published_ns, zero_ns), arrival)
    started, finished = (_moved(column, zero_ns) for column in (facts.started_ns, facts.finished_ns))
    reserved = _between(_moved(facts.received_ns, zero_ns), published, np.minimum(started, finished), repairs)
    # A start that precedes the publication of its own attempt by a little comes of two clocks.
    started = np.where(started < NEVER, np.maximum(started, published), NEVER)
    ran = started < NEVER
    attempts = Attempts(
        job=job,
        attempt=np.arange(len(job)) - starts[job],
        published_ns=published,
        reserved_ns=reserved,
        started_ns=started,
        finished_ns=np.where(finished < NEVER, np.maximum(finished, np.where(ran, started, published)), NEVER),
        replica=_where(ran, facts.places.replica),
        slot=_where(ran, facts.places.slot),
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


def _where(ran: NDArray[np.bool_], places: NDArray[np.int64]) -> NDArray[np.int64]:
    return places if is_constant(places) and places[0] == ABSENT else np.where(ran, places, ABSENT)


def _moved(instants: NDArray[np.int64], zero_ns: int) -> NDArray[np.int64]:
    if not zero_ns or (is_constant(instants) and instants[0] == NEVER):
        return instants
    return np.where(instants < NEVER, instants - zero_ns, NEVER)


def _between(
    reserved: NDArray[np.int64], published: NDArray[np.int64], left: NDArray[np.int64], repairs: Repairs
) -> NDArray[np.int64]:
    """Return receipts within what surrounds them: two processes report them, and their words may cross."""
    known = reserved < NEVER
    if not known.any():
        return reserved
    moved = np.where(known, np.minimum(np.maximum(reserved, published), np.maximum(left, published)), NEVER)
    apart = int(np.abs(moved - reserved)[known].max(initial=0))
    repairs.count(
        f"received before it was published or after it left, by {apart / SECOND:.3g} s at most: moved between",
        int((moved != reserved).sum()),
        noun="attempt",
    )
    return moved


def _horizon(facts: Facts, attempts: Attempts, table: JobTable, zero_ns: int) -> int:
    told = 0 if facts.end_ns is None else facts.end_ns - zero_ns
    columns = (attempts.published_ns, attempts.reserved_ns, attempts.started_ns, attempts.finished_ns)
    return max(
        int(table.arrival_ns.max()), told, *(int(np.max(column[column < NEVER], initial=0)) for column in columns)
    )


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
