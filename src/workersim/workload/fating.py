"""What jobs meet beside their phases, drawn job by job: failures and retries, limits, due times, memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from workersim.scenario.distributions import can_be_above_0
from workersim.scenario.workload import Retries
from workersim.units import NEVER, SECOND
from workersim.workload.fates import Fates
from workersim.workload.jobs import constant
from workersim.workload.sampling import Draws, Source
from workersim.workload.streams import Purpose
from workersim.workload.trace_rows import ABSENT

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.random import Generator
    from numpy.typing import NDArray

    from workersim.scenario import JobClass, Scenario
    from workersim.workload.parts import Part
    from workersim.workload.settings import Settings
    from workersim.workload.streams import Streams
    from workersim.workload.trace_rows import TraceRows

    Int64s = NDArray[np.int64]

__all__ = ["has_fates", "limits_of_workers", "own_fates"]

Limits = tuple[int, int]


def has_fates(scenario: Scenario) -> bool:
    """Tell whether anything but waiting and running can happen to the jobs of a scenario, rows of traces aside."""
    jobs = scenario.workload.jobs.values()
    return any(map(_is_fated, jobs)) or any(limits_of_workers(scenario).values())


def _is_fated(job: JobClass) -> bool:
    limits = (job.soft_time_limit, job.time_limit, job.rate_limit)
    held = (job.fails, job.then, job.memory, any(limit is not None for limit in limits))
    return any(held) or can_be_above_0(job.countdown)


def limits_of_workers(scenario: Scenario) -> dict[str, Limits]:
    """Return the time limits (soft, hard) of the workers that consume a queue, by queue; "" stands for any other.

    Services that share a queue agree about them: a scenario in which they do not is refused.
    """
    found: dict[str, Limits] = {}
    for fleet in scenario.fleets.values():
        if fleet.celery is None:
            continue
        soft, hard = fleet.celery.soft_time_limit, fleet.celery.time_limit
        if soft is not None or hard is not None:
            limits = (NEVER if soft is None else int(soft), NEVER if hard is None else int(hard))
            found |= dict.fromkeys(fleet.queues or ("",), limits)
    return found


def own_fates(
    part: Part, settings: Settings, streams: Streams, rows: Mapping[int, TraceRows], limits: Mapping[str, Limits]
) -> Fates:
    """Draw what happens to jobs that arrive by themselves; followers are none yet.

    The numbers of a class belong to its name and to the stream of arrivals, as those of its demands do.

    Parameters
    ----------
    part
        n jobs.
    settings
        Classes and queues by number.
    streams
        Where the random numbers come from.
    rows
        The rows of traces by the place of their stream: what they say goes before what their class says.
    limits
        Time limits of workers, as ``limits_of_workers`` returns them.
    """
    drawing = _Drawing(part, settings, streams, rows)
    fails = drawing.column("fails", _fails, Purpose.FAILS)
    first_retry, retry_delay_ns = drawing.retries(fails)
    soft_ns, hard_ns = drawing.limits(limits)
    n = len(part.arrival_ns)
    return Fates(
        fails=fails,
        fails_after_ns=drawing.column("fails_after_ns", _durations("fails_after", NEVER), Purpose.FAILS_AFTER),
        first_retry=first_retry,
        retry_delay_ns=retry_delay_ns,
        soft_ns=soft_ns,
        hard_ns=hard_ns,
        countdown_ns=drawing.column("countdown_ns", _durations("countdown", 0), Purpose.COUNTDOWN),
        memory_bytes=drawing.column("", _memory, Purpose.FAILS),
        predecessors=constant(0, n),
        first_follower=constant(0, n + 1),
        follower=np.zeros(0, np.int64),
        rate_ns=_rates(settings),
    )


def _rates(settings: Settings) -> Int64s:
    jobs = [settings.jobs.get(name) for name in settings.classes]
    return np.array([0 if job is None or job.rate_limit is None else round(SECOND / job.rate_limit) for job in jobs])


class _Drawing:
    """Columns for the jobs of a part, group by group: the jobs of one class in one stream of arrivals."""

    def __init__(self, part: Part, settings: Settings, streams: Streams, rows: Mapping[int, TraceRows]) -> None:
        self.part, self.settings, self.streams, self.rows = part, settings, streams, rows
        self.groups = self._grouped()

    def _grouped(self) -> list[tuple[int, str, Int64s]]:
        stream, job_class = np.asarray(self.part.stream), np.asarray(self.part.job_class)
        if not len(stream):
            return []
        key = stream.astype(np.int64) * len(self.settings.classes) + job_class
        groups = []
        for each in np.unique(key).tolist():
            index, number = divmod(each, len(self.settings.classes))
            groups.append((index, self.settings.classes[number], np.flatnonzero(key == each)))
        return groups

    def column(self, own: str, draw: _Draw, purpose: Purpose) -> Int64s:
        """Draw a column, and put in what rows of traces say themselves in theirs."""
        out = np.empty(len(self.part.arrival_ns), np.int64)
        for index, name, places in self.groups:
            job = self.settings.jobs.get(name)
            source = _Origin(name, self.settings, lambda i=index, n=name: self.streams.of(purpose, i, name=n))  # type: ignore[misc]  # bound at once
            out[places] = draw(job, len(places), source)
            if own and index in self.rows:
                said = getattr(self.rows[index], own)[self.part.row[places]]
                out[places] = np.where(said == ABSENT, out[places], said)
        return out

    def retries(self, fails: Int64s) -> tuple[Int64s, Int64s]:
        """Draw the delays of the retries that each job needs and is allowed."""
        counts = np.zeros(len(fails), np.int64)
        for _, name, places in self.groups:
            job = self.settings.jobs.get(name)
            counts[places] = np.minimum(fails[places], _retries(job).max)
        first = np.concatenate((np.zeros(1, np.int64), np.cumsum(counts)))
        delays = np.empty(int(first[-1]), np.int64)
        for index, name, places in self.groups:
            retries = _retries(self.settings.jobs.get(name))
            needed = counts[places]
            # which retry of its job each is: 0, 1, ... for every job in turn
            k = np.arange(int(needed.sum())) - np.repeat(np.cumsum(needed) - needed, needed)
            wait_ns = np.array([retries.delay_ns(i) for i in range(int(needed.max(initial=0)))], np.int64)[k]
            if retries.jitters:
                u = self.streams.of(Purpose.RETRIES, index, name=name).random(len(k))
                wait_ns = np.floor(u * (wait_ns // SECOND + 1)).astype(np.int64) * SECOND
            delays[np.repeat(first[places], needed) + k] = wait_ns
        return first, delays

    def limits(self, of_workers: Mapping[str, Limits]) -> tuple[Int64s, Int64s]:
        """Return the soft and the hard time limit of each job: its row's, else its class's, else its worker's."""
        worker = np.array([of_workers.get(name, of_workers.get("", (NEVER, NEVER))) for name in self.settings.queues])
        own = worker[np.asarray(self.part.queue)] if len(self.part.queue) else np.zeros((0, 2), np.int64)
        columns = []
        for side, key in enumerate(("soft_time_limit", "time_limit")):
            said = self.column(f"{'soft' if side == 0 else 'hard'}_ns", _durations(key, ABSENT), Purpose.FAILS)
            columns.append(np.where(said == ABSENT, own[:, side], said))
        return columns[0], columns[1]


class _Origin:
    """Where the numbers of a group come from, and where files that it names are looked up."""

    def __init__(self, name: str, settings: Settings, generator: Callable[[], Generator]) -> None:
        self.name, self.settings, self.generator = name, settings, generator

    def draws(self, value: object, key: str) -> Draws:
        """Return the numbers of a value of the class."""
        return Draws(Source(value, f"workload.jobs.{self.name}.{key}", self.settings.folder), self.generator)


if TYPE_CHECKING:
    _Draw = Callable[[JobClass | None, int, _Origin], Int64s]


def _durations(key: str, default: int) -> _Draw:
    def draw(job: JobClass | None, n: int, origin: _Origin) -> Int64s:
        value = None if job is None else getattr(job, key)
        return constant(default, n) if value is None else origin.draws(value, key).take_ns(n)

    return draw


def _fails(job: JobClass | None, n: int, origin: _Origin) -> Int64s:
    """Draw how many attempts fail before one succeeds: k or more with probability p**k."""
    if job is None or not job.fails:
        return constant(0, n)
    most = job.retries.max + 1
    if job.fails == 1:
        return constant(most, n)
    failing: NDArray[np.float64] = np.floor(np.log1p(-origin.generator().random(n)) / np.log(float(job.fails)))
    drawn: Int64s = np.minimum(failing, most).astype(np.int64)
    return drawn


def _memory(job: JobClass | None, n: int, _: _Origin) -> Int64s:
    return constant(0 if job is None else int(job.memory), n)


def _retries(job: JobClass | None) -> Retries:
    return Retries() if job is None else job.retries
