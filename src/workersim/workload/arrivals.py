"""When jobs arrive: one sequence of instants a kind of stream, bounded by the end of the stream and of the run.

Both ends are included: what falls on ``until``, or on the horizon, still arrives.  What would come later never
arrived.  Gaps are rounded to the nanosecond one by one and added up as integers, so that an interval
of 0.1 s is 0.1 s for ever.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from workersim.errors import InputError
from workersim.scenario import Arrival, Burst, Every, Exponential, Mmpp, Poisson, Profile, Renewal
from workersim.scenario.distributions import amount
from workersim.units import SECOND, Duration
from workersim.workload.families import LARGEST_EXPONENTIAL
from workersim.workload.intensity import STEP_BLOCK, Steps, poisson_by_steps
from workersim.workload.jobs import constant
from workersim.workload.sampling import BLOCK, EXACT_NS, LONGEST_NS, Draws, Source, round_ns, to_ns
from workersim.workload.sequences import Blocks, Even, Gaps, Instants, Limit, Summed
from workersim.workload.streams import Purpose, Streams

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["MAX_JOBS", "Stream", "expected_jobs", "instants"]

MAX_JOBS = 500_000_000


@dataclass(frozen=True)
class Stream:
    """A stream of arrivals, and what it needs to be drawn.

    Attributes
    ----------
    arrival
        As the scenario has it; not a trace.
    index
        Its place among the scenario's streams.
    streams
        Where its random numbers come from.
    horizon_ns
        End of the run.
    folder
        Where files are looked up.
    most
        How many jobs it may bring.
    """

    arrival: Arrival
    index: int
    streams: Streams
    horizon_ns: int
    folder: Path
    most: int = MAX_JOBS

    @property
    def where(self) -> str:
        """Its key, for messages."""
        return f"workload.arrivals[{self.index}].{type(self.arrival).__name__.lower()}"

    @property
    def start_ns(self) -> int:
        """The instant at which it begins."""
        key = "at" if isinstance(self.arrival, Burst) else "from_"
        return int(getattr(self.arrival, key, 0))

    @property
    def end_ns(self) -> int:
        """The last instant at which something of it can arrive."""
        until = getattr(self.arrival, "until", None)
        return self.horizon_ns if until is None else min(self.horizon_ns, int(until))

    @property
    def limit(self) -> Limit:
        """What refuses more jobs than it may bring."""
        return Limit(self.where, self.most)

    def source(self, value: object, key: str) -> Source:
        """Return one of its values with its key."""
        return Source(value, f"{self.where}.{key}", self.folder)

    def generator(self, purpose: Purpose, part: int = 0) -> np.random.Generator:
        """Return the generator of what is drawn for this stream as a whole."""
        return self.streams.of(purpose, self.index, part=part)


def expected_jobs(stream: Stream) -> float:
    """Return how many jobs a stream is expected to bring, without drawing any; it may be infinite."""
    arrival, span_s = stream.arrival, (stream.end_ns - stream.start_ns) / SECOND
    count = 0.0
    if span_s < 0:
        return count
    match arrival:
        case Burst():
            count = float(arrival.jobs)
        case Every() | Renewal():
            mean_s = _mean_s(stream, arrival.interval, "interval")
            count = 1 + (span_s / mean_s if mean_s else math.inf)
        case Poisson():
            count = float(arrival.rate) * span_s
        case Profile():
            count = _profile_steps(arrival, stream.end_ns).expected(stream.start_ns, stream.end_ns)
        case Mmpp():
            means = _holding_means(stream, arrival)
            count = span_s * sum(r * m for r, m in zip(arrival.rates, means, strict=True)) / sum(means)
    return count


def instants(stream: Stream) -> Instants:
    """Return what the instants at which the jobs of a stream arrive are taken from, in order.

    Raises
    ------
    InputError
        If a distribution cannot be drawn from, or more jobs come than there may be.
    """
    arrival = stream.arrival
    if stream.start_ns > stream.end_ns:
        return Even(0, 0, 0)
    likely = expected_jobs(stream)
    stream.limit.check(likely)
    match arrival:
        case Burst():
            return Even(stream.start_ns, 0, arrival.jobs)
        case Every():
            return _renewal(stream, arrival.interval, likely, at_once=True)
        case Poisson():
            return _poisson(stream, arrival, likely)
        case Renewal():
            return _renewal(stream, arrival.interval, likely)
        case Profile() | Mmpp():
            return _by_steps(stream, arrival)
        case _:
            msg = f"{stream.where} is read, not drawn"
            raise TypeError(msg)


def _poisson(stream: Stream, arrival: Poisson, likely: float) -> Instants:
    if arrival.rate <= 0:
        return Even(0, 0, 0)
    generator, mean_ns = stream.generator(Purpose.ARRIVALS), SECOND / arrival.rate
    bound_ns = LARGEST_EXPONENTIAL * mean_ns
    kernel = stream.streams.exponential(generator, (mean_ns, 1.0)) if bound_ns < EXACT_NS else None

    def fill(out: NDArray[np.int64]) -> None:
        if kernel is not None:
            kernel(out)
            return
        gaps = generator.standard_exponential(len(out))
        gaps *= mean_ns
        if bound_ns > LONGEST_NS:
            np.minimum(gaps, float(LONGEST_NS), out=gaps)
        round_ns(gaps, bound_ns, out)

    return _summed(stream, Gaps(fill, bound_ns, likely))


def _renewal(stream: Stream, interval: object, likely: float, *, at_once: bool = False) -> Instants:
    """Return instants at an interval, which may be drawn; the first one after the first interval, or at once."""
    draws = Draws(
        stream.source(interval, "interval"), lambda: stream.generator(Purpose.ARRIVALS), stream.streams.exponential
    )
    fixed_ns = draws.fixed_ns
    if fixed_ns is not None:
        if fixed_ns == 0:
            stream.limit.refuse(math.inf)
        count = (stream.end_ns - stream.start_ns) // fixed_ns
        return Even(stream.start_ns + (0 if at_once else fixed_ns), fixed_ns, count + at_once)
    drawn = _summed(stream, Gaps(draws.fill_gaps_ns, draws.bound_ns, likely))
    if not at_once:
        return drawn
    return Blocks(_begun(stream.start_ns, drawn))


def _begun(first_ns: int, later: Summed) -> Iterator[NDArray[np.int64]]:
    block = np.array([first_ns])
    while len(block):
        yield block
        block = later.take(BLOCK)


def _summed(stream: Stream, gaps: Gaps) -> Summed:
    return Summed(gaps, stream.start_ns, stream.end_ns, stream.limit)


def _profile_steps(profile: Profile, end_ns: int) -> Steps:
    """Return the rates on the clock of the run: ``from`` and ``until`` only cut them."""
    period_ns = end_ns + 1 if profile.period is None else int(profile.period)
    edges = np.array([*(int(time) for time, _ in profile.rates), period_ns], np.int64)
    return Steps(np.minimum(edges, min(period_ns, end_ns + 1)), np.array([float(rate) for _, rate in profile.rates]))


def _mmpp_steps(stream: Stream, mmpp: Mmpp) -> Steps:
    """Draw the states that are visited, and return their rates on the clock of the run."""
    means = _holding_means(stream, mmpp)
    states = len(means)
    start_at = stream.generator(Purpose.STATE).random() * sum(means)
    first = int(np.searchsorted(np.cumsum(means), start_at, side="right")) % states
    turn = [(first + k) % states for k in range(states)]
    draws = [
        _drawing(stream.source(_holding(mmpp, k), "holding"), stream.generator(Purpose.STATE, k + 1)) for k in turn
    ]
    stays = Blocks(_stays(draws))
    likely = (stream.end_ns - stream.start_ns) / SECOND * states / sum(means)
    limit = Limit(stream.where, MAX_JOBS)  # they are held, even where jobs are not
    limit.check(likely)
    gaps = Gaps(lambda out: np.copyto(out, stays.take(len(out))), math.inf, likely)
    ends = Summed(gaps, stream.start_ns, stream.end_ns, limit).take(MAX_JOBS)
    edges = np.concatenate(([0, stream.start_ns], ends, [stream.end_ns + 1]))
    rates = np.array([float(mmpp.rates[k]) for k in turn])
    return Steps(edges, np.concatenate(([0.0], rates[np.arange(len(ends) + 1) % states])))


def _drawing(source: Source, generator: np.random.Generator) -> Callable[[int], NDArray[np.int64]]:
    """Return what draws n holding times; with scipy, which draws in blocks, the rest of the last one is lost."""
    fixed_ns = source.fixed_ns
    if fixed_ns is not None:
        return lambda n: constant(fixed_ns, n)
    draw = source.sampler()
    return lambda n: to_ns(draw(generator, n), source.where, out=np.empty(n, np.int64), cut=True)


def _stays(draws: list[Callable[[int], NDArray[np.int64]]]) -> Iterator[NDArray[np.int64]]:
    while True:
        yield np.stack([draw(STEP_BLOCK // len(draws) + 1) for draw in draws], axis=1).ravel()


def _holding(mmpp: Mmpp, state: int) -> object:
    holding = mmpp.holding[state]
    return Exponential(mean=holding) if isinstance(holding, Duration) else holding


def _holding_means(stream: Stream, mmpp: Mmpp) -> list[float]:
    means = [_mean_s(stream, _holding(mmpp, k), "holding") for k in range(len(mmpp.holding))]
    if not (0 < sum(means) < math.inf):
        msg = f"{stream.where}.holding: the mean times add up to {sum(means):g} s; expected a finite time above 0"
        raise InputError(msg)
    return means


def _mean_s(stream: Stream, value: object, key: str) -> float:
    source = stream.source(value, key)
    fixed = source.fixed
    return source.mean() if fixed is None else amount(fixed)


def _by_steps(stream: Stream, arrival: Profile | Mmpp) -> Blocks:
    steps = _profile_steps(arrival, stream.end_ns) if isinstance(arrival, Profile) else _mmpp_steps(stream, arrival)
    stream.limit.check(steps.expected(stream.start_ns, stream.end_ns))
    return Blocks(poisson_by_steps(steps, stream.generator(Purpose.ARRIVALS), stream.start_ns, stream.end_ns))
