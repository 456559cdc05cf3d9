"""The jobs of a stream that is drawn: when they arrive, of which class they are, what they need."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from workersim.units import NEVER
from workersim.workload.arrivals import Stream, instants
from workersim.workload.demands import Demands, DrawnClass, rearranged
from workersim.workload.jobs import constant
from workersim.workload.parts import Part, ends_of_patience
from workersim.workload.sampling import in_blocks
from workersim.workload.sequences import Ahead
from workersim.workload.settings import Settings, classes_of
from workersim.workload.streams import Purpose

if TYPE_CHECKING:
    from numpy.random import Generator
    from numpy.typing import NDArray

__all__ = ["Drawn", "drawn_class"]


class Drawn:
    """What a stream of arrivals brings, job after job.

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
        Here or when jobs are taken: something cannot be drawn, or there is too much of it.
    """

    def __init__(self, stream: Stream, settings: Settings, *, lots: bool) -> None:
        names = classes_of(stream.arrival, settings.jobs)
        weights = np.array([settings.jobs[name].weight for name in names], float)
        self._arrivals = Ahead(instants(stream))
        self._numbers = np.array([settings.classes.index(name) for name in names], np.int32)
        self._queues = settings.queue_of[self._numbers]
        self._priorities = settings.priority_of[self._numbers]
        self._borders = np.cumsum(weights)[:-1] / weights.sum()
        self._classes = [drawn_class(stream, settings, name) for name in names]
        self._lots = lots
        self._stream = stream

    def peek(self, n: int) -> NDArray[np.int64]:
        """Return when the next n jobs arrive, fewer at the end, without taking them."""
        return self._arrivals.peek(n)

    def take(self, n: int) -> Part:
        """Draw the next n jobs, fewer at the end."""
        arrival_ns = self._arrivals.take(n)
        n = len(arrival_ns)
        dispatch_u = self._dispatch.random(n) if self._lots else np.empty(0)
        drawn = self._of_one_class if len(self._classes) == 1 else self._of_several
        return drawn(arrival_ns, dispatch_u)

    def _of_one_class(self, arrival_ns: NDArray[np.int64], dispatch_u: NDArray[np.float64]) -> Part:
        n = len(arrival_ns)
        return Part(
            arrival_ns=arrival_ns,
            job_class=constant(self._numbers[0], n, np.int32),
            queue=constant(self._queues[0], n, np.int32),
            priority=constant(self._priorities[0], n),
            expires_ns=_expiries(arrival_ns, self._classes[0]),
            demands=self._classes[0].demands(n),
            dispatch_u=dispatch_u,
            stream=constant(self._stream.index, n, np.int32),
            row=constant(-1, n),
        )

    def _of_several(self, arrival_ns: NDArray[np.int64], dispatch_u: NDArray[np.float64]) -> Part:
        n = len(arrival_ns)
        choice = in_blocks(n, np.int32, self._choose)
        places = [np.flatnonzero(choice == k) for k in range(len(self._classes))]
        by_class = list(zip(self._classes, places, strict=True))
        expires_ns = np.full(n, NEVER) if any(job.expires for job in self._classes) else constant(NEVER, n)
        for job, place in by_class:
            if job.expires:
                expires_ns[place] = _expiries(arrival_ns[place], job)
        return Part(
            arrival_ns=arrival_ns,
            job_class=self._numbers[choice],
            queue=_by_class(self._queues, choice),
            priority=_by_class(self._priorities, choice),
            expires_ns=expires_ns,
            demands=_interleaved([job.demands(len(place)) for job, place in by_class], places),
            dispatch_u=dispatch_u,
            stream=constant(self._stream.index, n, np.int32),
            row=constant(-1, n),
        )

    @cached_property
    def _dispatch(self) -> Generator:
        return self._stream.generator(Purpose.DISPATCH)

    @cached_property
    def _choice(self) -> Generator:
        return self._stream.generator(Purpose.CLASS)

    def _choose(self, out: NDArray[np.int32]) -> None:
        """Draw which of the classes each job belongs to."""
        out[:] = np.searchsorted(self._borders, self._choice.random(len(out)), side="right")


def drawn_class(stream: Stream, settings: Settings, name: str) -> DrawnClass:
    """Return a class as this stream draws from it."""
    return DrawnClass(settings.jobs[name], name, settings.folder, stream.streams, stream.index)


def _by_class(values: NDArray[Any], choice: NDArray[np.int32]) -> NDArray[Any]:
    return constant(values[0], len(choice), values.dtype) if (values == values[0]).all() else values[choice]


def _expiries(arrival_ns: NDArray[np.int64], job: DrawnClass) -> NDArray[np.int64]:
    if not job.expires:
        return constant(NEVER, len(arrival_ns))
    return ends_of_patience(arrival_ns, job.patience_ns(len(arrival_ns)))


def _interleaved(parts: list[Demands], places: list[NDArray[np.int64]]) -> Demands:
    """Put the jobs of each list at its places."""
    order = np.empty(sum(map(len, places)), np.int64)
    order[np.concatenate(places)] = np.arange(len(order))
    return rearranged(parts, order)
