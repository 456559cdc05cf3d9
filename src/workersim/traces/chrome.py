"""A run log as a Chrome trace, which https://ui.perfetto.dev and chrome://tracing open.

The format is a JSON object with a list of events [1]_: replicas are its processes, slots its threads,
attempts and their phases complete events, what is counted over time its counters, and changes of the
fleet instant events.  Instants are microseconds with three decimals, which is every nanosecond.

.. [1] "Trace Event Format", https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from workersim.metrics import over_time
from workersim.metrics.curves import missing
from workersim.runlog import Cause, Kind, Outcome
from workersim.runlog.places import replica_name, slots_of
from workersim.units import NEVER, SECOND

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from os import PathLike

    from workersim.metrics import StepFunction
    from workersim.runlog import RunLog
    from workersim.runlog.schema import Ints

__all__ = ["chrome_events", "write_chrome"]

_FLEET = 1  # the process of what belongs to no replica
_FIRST = 2  # the process of the first replica; 0 is the idle task of an operating system
_ROWS = 10_000  # attempts and changes that are held as text at a time
_COUNTERS = {
    "queue length": {"jobs": "queue_length"},
    "waiting jobs": {"visible": "visible", "reserved": "reserved"},
    "slots": {"busy": "busy", "up": "slots"},
    "vCPUs": {"in use": "cpu", "up": "vcpus"},
    "memory": {"bytes": "memory"},
}
_PHASES = {Kind.CPU: "CPU", Kind.IO: "I/O"}


def write_chrome(log: RunLog, path: str | PathLike[str], *, name: str = "") -> None:
    """Write a log as a Chrome trace, event by event.

    Parameters
    ----------
    log
        Any log; what an observed one cannot tell is left out.
    path
        The file, which is replaced.
    name
        What the run is called in it.

    Raises
    ------
    OSError
        If the file cannot be written.
    """
    told = {"scenario": name, "engine": log.engine, "seed": log.seed, "digest": log.digest}
    with open(path, "w", encoding="utf-8", newline="\n") as file:  # noqa: PTH123  # a path of any kind
        file.write(f'{{"displayTimeUnit":"ms","otherData":{json.dumps(told)},"traceEvents":[\n')
        comma = ""
        for event in chrome_events(log):
            file.write(comma + event)
            comma = ",\n"
        file.write("\n]}\n")


def chrome_events(log: RunLog) -> Iterator[str]:
    """Give the events of a log, each as the text of a JSON object.

    Parameters
    ----------
    log
        Any log.
    """
    yield from _names(log)
    yield from _fleet_changes(log)
    for title, parts in _COUNTERS.items():
        known = {part: over_time(log, curve) for part, curve in parts.items() if not missing(log, curve)}
        if known:
            yield from _counter(title, known)
    yield from _attempts(log)


def _us(instant_ns: int) -> str:
    return f"{instant_ns // 1000}.{instant_ns % 1000:03d}"


def _names(log: RunLog) -> Iterator[str]:
    yield _meta("process_name", _FLEET, 0, name="fleet and queues")
    yield _meta("process_sort_index", _FLEET, 0, sort_index=-1)
    for replica, (process, slots) in _processes(log).items():
        yield _meta("process_name", process, 0, name=replica_name(log, replica))
        yield _meta("process_sort_index", process, 0, sort_index=process)
        for slot in range(slots):
            yield _meta("thread_name", process, slot + 1, name=f"slot {slot}")
            yield _meta("thread_sort_index", process, slot + 1, sort_index=slot)


def _processes(log: RunLog) -> dict[int, tuple[int, int]]:
    """Return the number of the process of each replica, and its slots."""
    return {replica: (_FIRST + at, slots) for at, (replica, slots) in enumerate(slots_of(log).items())}


def _meta(what: str, process: int, thread: int, **args: Any) -> str:
    event = {"name": what, "ph": "M", "pid": process, "tid": thread, "args": args}
    return json.dumps(event, separators=(",", ":"))


def _fleet_changes(log: RunLog) -> Iterator[str]:
    fleet, processes = log.fleet, _processes(log)
    for row in range(len(fleet)):
        args = {
            "slots": int(fleet.slots[row]),
            "vcpus": float(fleet.vcpus[row]),
            "memory_bytes": int(fleet.memory_bytes[row]),
            "price_per_h": float(fleet.price[row]),
        }
        cause, process = Cause(int(fleet.cause[row])).name.lower(), processes[int(fleet.replica[row])][0]
        yield (
            f'{{"name":"{cause}","cat":"fleet","ph":"i","s":"p","ts":{_us(int(fleet.instant_ns[row]))},'
            f'"pid":{process},"tid":0,"args":{json.dumps(args)}}}'
        )


def _counter(title: str, parts: dict[str, StepFunction]) -> Iterator[str]:
    """Give an event wherever one of the parts changes; they are drawn on top of one another."""
    instants = np.unique(np.concatenate([part.times_ns for part in parts.values()]))
    begin = f'{{"name":"{title}","ph":"C","pid":{_FLEET},"tid":0,"ts":'
    for first in range(0, len(instants), _ROWS):
        chunk = instants[first : first + _ROWS]
        columns = [_values_at(part, chunk).tolist() for part in parts.values()]
        for instant, *values in zip(chunk.tolist(), *columns, strict=True):
            args = ",".join(f'"{name}":{value}' for name, value in zip(parts, values, strict=True))
            yield f'{begin}{_us(instant)},"args":{{{args}}}}}'


def _values_at(curve: StepFunction, instants_ns: Ints) -> Any:
    rows = np.searchsorted(curve.times_ns, instants_ns, side="right") - 1
    return curve.amounts[np.maximum(rows, 0)]  # of a share the upper term: vCPUs, not a fraction of them


class _Texts(NamedTuple):
    """Names as JSON writes them and numbers of processes, made once for all jobs."""

    classes: list[str]
    queues: list[str]
    outcomes: list[str]
    processes: dict[int, tuple[int, int]]

    @classmethod
    def of(cls, log: RunLog) -> _Texts:
        return cls(
            [json.dumps(name)[1:-1] for name in log.jobs.classes],
            [json.dumps(name) for name in log.jobs.queues],
            [json.dumps(outcome.name.lower()) for outcome in Outcome],
            _processes(log),
        )


def _attempts(log: RunLog) -> Iterator[str]:
    texts = _Texts.of(log)
    phases, count = log.phases, len(log.attempts)
    for first in range(0, count, _ROWS):
        rows = np.arange(first, min(first + _ROWS, count))
        yield from _complete(log, rows, texts)
        begin, end = np.searchsorted(phases.attempt, [rows[0], rows[-1] + 1]).tolist()
        yield from _of_phases(log, np.arange(begin, end), texts)


def _complete(log: RunLog, rows: Ints, texts: _Texts) -> Iterator[str]:
    """Give an event for each attempt: complete if it started, an instant if it left without."""
    table, jobs = log.attempts, log.jobs
    job = table.job[rows]
    columns: Iterable[tuple[int, ...]] = zip(
        *(column.tolist() for column in (job, table.attempt[rows], jobs.job_class[job], jobs.queue[job])),
        *(column[rows].tolist() for column in (table.outcome, table.replica, table.slot)),
        *(column.tolist() for column in (jobs.arrival_ns[job], table.started_ns[rows], table.finished_ns[rows])),
        strict=True,
    )
    for number, attempt, kind, queue, outcome, replica, slot, arrived, started, finished in columns:
        args = (
            f'"job":{number},"attempt":{attempt},"queue":{texts.queues[queue]},"outcome":{texts.outcomes[outcome]},'
            f'"arrival_s":{arrived / SECOND}'
        )
        name = f'"name":"{texts.classes[kind]} {number}","cat":"job"'
        if started <= log.horizon_ns:
            lasts = min(finished, log.horizon_ns) - started
            yield (
                f'{{{name},"ph":"X","ts":{_us(started)},"dur":{_us(lasts)},"pid":{texts.processes[replica][0]},'
                f'"tid":{slot + 1},"args":{{{args},"wait_s":{(started - arrived) / SECOND}}}}}'
            )
        elif finished < NEVER:
            yield f'{{{name},"ph":"i","s":"p","ts":{_us(finished)},"pid":{_FLEET},"tid":0,"args":{{{args}}}}}'


def _of_phases(log: RunLog, rows: Ints, texts: _Texts) -> Iterator[str]:
    """Give an event for each phase that lasted, inside of that of its attempt."""
    phases, attempts = log.phases, log.attempts
    owner = phases.attempt[rows]
    begin = phases.started_ns[rows]
    # A phase that was cut ends with its attempt, and one that still runs with the run.
    end = np.minimum(np.minimum(phases.finished_ns[rows], attempts.finished_ns[owner]), log.horizon_ns)
    shown = end > begin
    columns = (phases.kind[rows], begin, end, attempts.replica[owner], attempts.slot[owner], phases.demand_ns[rows])
    for kind, starts, ends, replica, slot, demand in zip(*(each[shown].tolist() for each in columns), strict=True):
        yield (
            f'{{"name":"{_PHASES[Kind(kind)]}","cat":"phase","ph":"X","ts":{_us(starts)},"dur":{_us(ends - starts)},'
            f'"pid":{texts.processes[replica][0]},"tid":{slot + 1},"args":{{"demand_s":{demand / SECOND}}}}}'
        )
