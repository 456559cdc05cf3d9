"""What jobs meet beside their phases, drawn job by job: failures and retries, limits, due times, memory."""

from __future__ import annotations

from functools import cached_property, partial
from typing import TYPE_CHECKING

import numpy as np

from workersim.scenario.distributions import can_be_above_0
from workersim.scenario.workload import Retries
from workersim.units import NEVER, SECOND
from workersim.workload.fates import Fates
from workersim.workload.jobs import constant, is_constant
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
    _Groups = list[tuple[int, str, Int64s]]

__all__ = ["Fating", "has_fates", "limits_of_workers"]

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


class Fating:
    """Draws what happens to jobs that arrive by themselves, part after part; followers are none yet.

    The numbers of a class belong to its name and to the stream of arrivals, as those of its demands do, however many
    jobs are in a part.

    Parameters
    ----------
    settings
        Classes and queues by number.
    streams
        Where the random numbers come from.
    rows
        The rows of traces by the place of their stream: what they say goes before what their class says.
    limits
        Time limits of workers, as ``limits_of_workers`` returns them.
    """

    def __init__(
        self, settings: Settings, streams: Streams, rows: Mapping[int, TraceRows], limits: Mapping[str, Limits]
    ) -> None:
        self.settings, self.streams, self.rows, self.of_workers = settings, streams, rows, limits
        self.origins: dict[tuple[Purpose, int, str], _Origin] = {}

    def fates(self, part: Part) -> Fates:
        """Return the columns of the next jobs."""
        n, groups = len(part.arrival_ns), self._grouped(part)
        fails = self._column(part, groups, "fails", _fails, Purpose.FAILS)
        first_retry, retry_delay_ns = self._retries(groups, fails)
        soft_ns, hard_ns = self._limits(part, groups)
        after, countdown = _durations("fails_after", NEVER), _durations("countdown", 0)
        return Fates(
            fails=fails,
            fails_after_ns=self._column(part, groups, "fails_after_ns", after, Purpose.FAILS_AFTER),
            first_retry=first_retry,
            retry_delay_ns=retry_delay_ns,
            soft_ns=soft_ns,
            hard_ns=hard_ns,
            countdown_ns=self._column(part, groups, "countdown_ns", countdown, Purpose.COUNTDOWN),
            memory_bytes=self._column(part, groups, "", _memory, Purpose.FAILS),
            predecessors=constant(0, n),
            first_follower=constant(0, n + 1),
            follower=np.zeros(0, np.int64),
            rate_ns=_rates(self.settings),
        )

    def _grouped(self, part: Part) -> _Groups:
        """Return the places of the jobs of each class in each stream of arrivals."""
        stream, job_class = np.asarray(part.stream), np.asarray(part.job_class)
        if not len(stream):
            return []
        key = stream.astype(np.int64) * len(self.settings.classes) + job_class
        groups = []
        for each in np.flatnonzero(np.bincount(key)).tolist():  # without sorting them (10 ns a job)
            index, number = divmod(each, len(self.settings.classes))
            groups.append((index, self.settings.classes[number], np.flatnonzero(key == each)))
        return groups

    def _origin(self, purpose: Purpose, index: int, name: str) -> _Origin:
        """Return where the numbers of a group come from, at the place that they have got to."""
        if (purpose, index, name) not in self.origins:
            generator = partial(self.streams.of, purpose, index, name=name)
            self.origins[purpose, index, name] = _Origin(name, self.settings, generator)
        return self.origins[purpose, index, name]

    def _column(self, part: Part, groups: _Groups, own: str, draw: _Draw, purpose: Purpose) -> Int64s:
        """Draw a column, and put in what rows of traces say themselves in theirs."""
        drawn = [
            draw(self.settings.jobs.get(name), len(places), self._origin(purpose, index, name))
            for index, name, places in groups
        ]
        values = {int(column[0]) for column in drawn}
        if len(values) == 1 and all(map(is_constant, drawn)) and not self.rows:
            return constant(values.pop(), len(part.arrival_ns))
        out = np.empty(len(part.arrival_ns), np.int64)
        for (index, _, places), column in zip(groups, drawn, strict=True):
            out[places] = column
            if own and index in self.rows:
                said = getattr(self.rows[index], own)[part.row[places]]
                out[places] = np.where(said == ABSENT, out[places], said)
        return out

    def _retries(self, groups: _Groups, fails: Int64s) -> tuple[Int64s, Int64s]:
        """Draw the delays of the retries that each job needs and is allowed."""
        counts = np.zeros(len(fails), np.int64)
        for _, name, places in groups:
            job = self.settings.jobs.get(name)
            counts[places] = np.minimum(fails[places], _allowed(job).max)
        first = np.concatenate((np.zeros(1, np.int64), np.cumsum(counts)))
        delays = np.empty(int(first[-1]), np.int64)
        for index, name, places in groups:
            retries = _allowed(self.settings.jobs.get(name))
            needed = counts[places]
            # which retry of its job each is: 0, 1, ... for every job in turn
            k = np.arange(int(needed.sum())) - np.repeat(np.cumsum(needed) - needed, needed)
            wait_ns = np.array([retries.delay_ns(i) for i in range(int(needed.max(initial=0)))], np.int64)[k]
            if retries.jitters:
                u = self._origin(Purpose.RETRIES, index, name).generator.random(len(k))
                wait_ns = np.floor(u * (wait_ns // SECOND + 1)).astype(np.int64) * SECOND
            delays[np.repeat(first[places], needed) + k] = wait_ns
        return first, delays

    def _limits(self, part: Part, groups: _Groups) -> tuple[Int64s, Int64s]:
        """Return the soft and the hard time limit of each job: its row's, else its class's, else its worker's."""
        columns = []
        for side, key in enumerate(("soft_time_limit", "time_limit")):
            own = f"{'soft' if side == 0 else 'hard'}_ns"
            said = self._column(part, groups, own, _durations(key, ABSENT), Purpose.FAILS)
            columns.append(self._or_of_worker(part, said, side))
        return columns[0], columns[1]

    def _or_of_worker(self, part: Part, said: Int64s, side: int) -> Int64s:
        """Return a column of limits, where nothing is said that of the worker of the queue."""
        never = (NEVER, NEVER)
        worker = [self.of_workers.get(name, self.of_workers.get("", never))[side] for name in self.settings.queues]
        if len(said) and is_constant(said) and (said[0] != ABSENT or len(set(worker)) == 1):
            return constant(worker[0], len(said)) if said[0] == ABSENT else said
        return np.where(said == ABSENT, np.array(worker, np.int64)[np.asarray(part.queue)], said)


def _rates(settings: Settings) -> Int64s:
    jobs = [settings.jobs.get(name) for name in settings.classes]
    return np.array([0 if job is None or job.rate_limit is None else round(SECOND / job.rate_limit) for job in jobs])


class _Origin:
    """Where the numbers of a group come from, one after another, and where files that it names are looked up."""

    def __init__(self, name: str, settings: Settings, generator: Callable[[], Generator]) -> None:
        self.name, self.settings = name, settings
        self._make_generator = generator
        self._draws: dict[str, Draws] = {}

    @cached_property
    def generator(self) -> Generator:
        """Makes random numbers, from the start of the stream on."""
        return self._make_generator()

    def draws(self, value: object, key: str) -> Draws:
        """Return the numbers of a value of the class."""
        if key not in self._draws:
            source = Source(value, f"workload.jobs.{self.name}.{key}", self.settings.folder)
            self._draws[key] = Draws(source, lambda: self.generator)
        return self._draws[key]


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
    failing: NDArray[np.float64] = np.floor(np.log1p(-origin.generator.random(n)) / np.log(float(job.fails)))
    drawn: Int64s = np.minimum(failing, most).astype(np.int64)
    return drawn


def _memory(job: JobClass | None, n: int, _: _Origin) -> Int64s:
    return constant(0 if job is None else int(job.memory), n)


def _allowed(job: JobClass | None) -> Retries:
    return Retries() if job is None else job.retries
