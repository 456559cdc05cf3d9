"""The jobs of a trace: its rows, completed by what the scenario says of their classes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from workersim.units import NEVER
from workersim.workload.demands import Demands, rearranged
from workersim.workload.drawing import drawn_class
from workersim.workload.jobs import constant, is_constant
from workersim.workload.parts import Part, ends_of_patience, in_order
from workersim.workload.settings import NAMELESS, Settings, classes_of
from workersim.workload.streams import Purpose
from workersim.workload.trace_csv import read_trace_csv
from workersim.workload.trace_rows import ABSENT, TraceRows

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from workersim.scenario import JobClass, Trace
    from workersim.workload.arrivals import Stream

__all__ = ["Recorded", "read_rows"]


def read_rows(stream: Stream, trace: Trace, jobs: Mapping[str, JobClass]) -> TraceRows:
    """Read the file of a trace; classes that can be drawn from may stand in for what a row needs.

    Raises
    ------
    InputError
        If there is something wrong with the file.
    """
    drawn = {name for name, job in jobs.items() if job.can_run}
    unnamed = {""} if drawn.intersection(classes_of(trace, jobs)[:1]) else set()
    return read_trace_csv(stream.folder / trace.file, drawn=drawn | unnamed)


class Recorded:
    """The jobs of the rows of a trace that arrive before the end, one after another.

    Parameters
    ----------
    stream
        A trace.
    rows
        What its file holds.
    settings
        Classes and queues by number.
    lots
        Whether each attempt needs a number for a random choice of its slot.
    in_rows
        Keep the order of the file, instead of that of arrival.

    Raises
    ------
    InputError
        If something cannot be drawn for a row that leaves it to its class.
    """

    def __init__(self, stream: Stream, rows: TraceRows, settings: Settings, *, lots: bool, in_rows: bool) -> None:
        part = _until_the_end(stream, rows, settings, lots=lots)
        self._part = part if in_rows else in_order(part)
        self._taken = 0

    def peek(self, n: int) -> NDArray[np.int64]:
        """Return when the next n jobs arrive, fewer at the end, without taking them."""
        return self._part.arrival_ns[self._taken : self._taken + n]

    def take(self, n: int) -> Part:
        """Return the next n jobs, fewer at the end."""
        first, self._taken = self._taken, min(self._taken + n, len(self._part.arrival_ns))
        return self._part.between(first, self._taken)


def _until_the_end(stream: Stream, rows: TraceRows, settings: Settings, *, lots: bool) -> Part:
    kept = np.flatnonzero(rows.arrival_ns <= stream.end_ns)
    if len(kept) < len(rows):
        rows = _rows_at(rows, kept)
    return _completed(stream, rows, settings, kept, lots=lots)


def _completed(stream: Stream, rows: TraceRows, settings: Settings, numbers: NDArray[np.int64], *, lots: bool) -> Part:
    default = (classes_of(stream.arrival, settings.jobs) or (NAMELESS,))[0]
    # a row without a class has number -1: the last entry
    known = [name if name in settings.classes else settings.classes[0] for name in (*rows.classes, default)]
    job_class = _looked_up(np.array([settings.classes.index(name) for name in known], np.int32), rows.job_class)
    queues = np.array([settings.queues.index(name) for name in rows.queues] + [ABSENT], np.int32)
    return Part(
        arrival_ns=rows.arrival_ns,
        job_class=job_class,
        queue=_filled(_looked_up(queues, rows.queue), _looked_up(settings.queue_of, job_class)),
        priority=_filled(rows.priority, _looked_up(settings.priority_of, job_class)),
        expires_ns=_expiries(stream, rows, settings, job_class),
        demands=_demands(stream, rows.demands, settings, job_class),
        dispatch_u=stream.generator(Purpose.DISPATCH).random(len(rows) if lots else 0),
        stream=constant(stream.index, len(rows), np.int32),
        row=numbers,
    )


def _looked_up(table: NDArray[Any], index: NDArray[Any]) -> NDArray[Any]:
    if is_constant(index) and len(index):
        return constant(table[index[0]], len(index), table.dtype)
    found: NDArray[Any] = table[index]
    return found


def _filled(own: NDArray[Any], default: NDArray[Any]) -> NDArray[Any]:
    """Return what rows say themselves, and the default where they say nothing."""
    if is_constant(own):
        return default if len(own) and own[0] == ABSENT else own
    return np.where(own == ABSENT, default, own)


def _expiries(stream: Stream, rows: TraceRows, settings: Settings, job_class: NDArray[Any]) -> NDArray[np.int64]:
    own = rows.patience_ns
    patient = {
        number: name
        for number, name in enumerate(settings.classes)
        if name in settings.jobs and settings.jobs[name].expires is not None
    }
    if is_constant(own) and not patient:
        return constant(NEVER, len(own))
    patience = np.where(own == ABSENT, NEVER, own)
    for number, name in patient.items():
        places = np.flatnonzero((own == ABSENT) & (job_class == number))
        patience[places] = drawn_class(stream, settings, name).patience_ns(len(places))
    return ends_of_patience(rows.arrival_ns, patience)


def _demands(stream: Stream, own: Demands, settings: Settings, job_class: NDArray[Any]) -> Demands:
    """Draw for the rows that have no phases of their own, in their order within each class."""
    open_rows = own.counts == 0
    if not open_rows.any():
        return own
    parts, places = [own], [np.flatnonzero(~open_rows)]
    sources = [places[0]]
    for number in np.unique(job_class[open_rows]).tolist():
        at = np.flatnonzero(open_rows & (job_class == number))
        sources.append(len(own.counts) + sum(len(place) for place in places[1:]) + np.arange(len(at)))
        places.append(at)
        parts.append(drawn_class(stream, settings, settings.classes[number]).demands(len(at)))
    order = np.empty(len(own.counts), np.int64)
    order[np.concatenate(places)] = np.concatenate(sources)
    return rearranged(parts, order)


def _rows_at(rows: TraceRows, places: NDArray[np.int64]) -> TraceRows:
    """Return some of the rows."""
    columns: dict[str, Any] = {key: c[places] for key, c in vars(rows).items() if isinstance(c, np.ndarray)}
    return replace(rows, **columns, demands=rearranged([rows.demands], places))
