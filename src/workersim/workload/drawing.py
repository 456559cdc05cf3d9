"""The jobs of a stream that is drawn: when they arrive, of which class they are, what they need."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from workersim.units import NEVER
from workersim.workload.arrivals import Stream, instants
from workersim.workload.demands import Demands, DrawnClass, rearranged
from workersim.workload.jobs import constant
from workersim.workload.parts import Part, ends_of_patience
from workersim.workload.sampling import in_blocks
from workersim.workload.settings import Settings, classes_of
from workersim.workload.streams import Purpose

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["drawn_class", "drawn_part"]


def drawn_part(stream: Stream, settings: Settings, *, lots: bool) -> Part:
    """Draw all that a stream of arrivals brings.

    Parameters
    ----------
    stream
        Anything but a trace.
    settings
        Classes and queues by number.
    lots
        Whether each attempt needs a number for a random choice of its slot.

    Raises
    ------
    InputError
        If something cannot be drawn, or there is too much of it.
    """
    arrival_ns = instants(stream)
    n, names = len(arrival_ns), classes_of(stream.arrival, settings.jobs)
    numbers = [settings.classes.index(name) for name in names]
    queues, priorities = settings.queue_of[numbers], settings.priority_of[numbers]
    drawn = [drawn_class(stream, settings, name) for name in names]
    dispatch_u = stream.generator(Purpose.DISPATCH).random(n if lots else 0)
    if len(names) == 1:
        return Part(
            arrival_ns=arrival_ns,
            job_class=constant(numbers[0], n, np.int32),
            queue=constant(queues[0], n, np.int32),
            priority=constant(priorities[0], n),
            expires_ns=_expiries(arrival_ns, drawn[0]),
            demands=drawn[0].demands(n),
            dispatch_u=dispatch_u,
        )
    choice = _chosen(stream, np.array([settings.jobs[name].weight for name in names], float), n)
    places = [np.flatnonzero(choice == k) for k in range(len(names))]
    expires_ns = np.full(n, NEVER) if any(job.job_class.expires is not None for job in drawn) else constant(NEVER, n)
    for place, job in zip(places, drawn, strict=True):
        if job.job_class.expires is not None:
            expires_ns[place] = _expiries(arrival_ns[place], job)
    return Part(
        arrival_ns=arrival_ns,
        job_class=np.array(numbers, np.int32)[choice],
        queue=constant(queues[0], n, np.int32) if (queues == queues[0]).all() else queues[choice],
        priority=constant(priorities[0], n) if (priorities == priorities[0]).all() else priorities[choice],
        expires_ns=expires_ns,
        demands=_interleaved([job.demands(len(place)) for place, job in zip(places, drawn, strict=True)], places),
        dispatch_u=dispatch_u,
    )


def drawn_class(stream: Stream, settings: Settings, name: str) -> DrawnClass:
    """Return a class as this stream draws from it."""
    return DrawnClass(settings.jobs[name], name, settings.folder, stream.streams, stream.index)


def _chosen(stream: Stream, weights: NDArray[np.float64], n: int) -> NDArray[np.int32]:
    """Draw which of the classes each job belongs to."""
    generator, borders = stream.generator(Purpose.CLASS), np.cumsum(weights)[:-1] / weights.sum()
    return in_blocks(n, np.int32, lambda k: np.searchsorted(borders, generator.random(k), side="right"))


def _expiries(arrival_ns: NDArray[np.int64], job: DrawnClass) -> NDArray[np.int64]:
    if job.job_class.expires is None:
        return constant(NEVER, len(arrival_ns))
    return ends_of_patience(arrival_ns, job.patience_ns(len(arrival_ns)))


def _interleaved(parts: list[Demands], places: list[NDArray[np.int64]]) -> Demands:
    """Put the jobs of each list at its places."""
    order = np.empty(sum(map(len, places)), np.int64)
    order[np.concatenate(places)] = np.arange(len(order))
    return rearranged(parts, order)
