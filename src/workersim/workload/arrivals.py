"""When jobs arrive: one function a kind of stream, each bounded by the end of the stream and of the run.

Both ends are included: what falls on ``until``, or on the horizon, still arrives.  What would come later never
arrived.  Gaps are rounded to the nanosecond one by one and added up as integers, so that an interval
of 0.1 s is 0.1 s for ever.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

import numpy as np

from workersim.errors import InputError
from workersim.scenario import Arrival, Burst, Every, Exponential, Mmpp, Poisson, Profile, Renewal
from workersim.scenario.distributions import amount
from workersim.units import SECOND, Duration
from workersim.workload.intensity import Steps, poisson_by_steps
from workersim.workload.jobs import constant
from workersim.workload.sampling import BLOCK, LONGEST_NS, Source, to_ns
from workersim.workload.streams import Purpose, Streams

if TYPE_CHECKING:
    from collections.abc import Callable
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
    """

    arrival: Arrival
    index: int
    streams: Streams
    horizon_ns: int
    folder: Path

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


def instants(stream: Stream) -> NDArray[np.int64]:
    """Return when the jobs of a stream arrive.

    Returns
    -------
    int64[n]
        Instants in ns, in order; a burst is a view of one value.

    Raises
    ------
    InputError
        If a distribution cannot be drawn from, or more jobs come than a run can hold.
    """
    arrival = stream.arrival
    if stream.start_ns > stream.end_ns:
        return np.empty(0, np.int64)
    match arrival:
        case Burst():
            return constant(stream.start_ns, arrival.jobs)
        case Every():
            return _every(stream, arrival)
        case Poisson():
            return _poisson(stream, arrival)
        case Renewal():
            return _renewal(stream, arrival.interval)
        case Profile() | Mmpp():
            return _by_steps(stream, arrival)
        case _:
            msg = f"{stream.where} is read, not drawn"
            raise TypeError(msg)


def _every(stream: Stream, arrival: Every) -> NDArray[np.int64]:
    interval_ns = stream.source(arrival.interval, "interval").fixed_ns
    if interval_ns is None:
        rest = _renewal(stream, arrival.interval)
        return np.concatenate((np.array([stream.start_ns]), rest))
    if interval_ns == 0:
        return _too_many(stream, math.inf)
    instants_ns = np.arange((stream.end_ns - stream.start_ns) // interval_ns + 1, dtype=np.int64)
    instants_ns *= interval_ns
    instants_ns += stream.start_ns
    return instants_ns


def _poisson(stream: Stream, arrival: Poisson) -> NDArray[np.int64]:
    if arrival.rate <= 0:
        return np.empty(0, np.int64)
    generator, mean_ns, block = stream.generator(Purpose.ARRIVALS), SECOND / arrival.rate, np.empty(BLOCK)

    def gaps() -> NDArray[np.int64]:
        generator.standard_exponential(out=block)
        np.multiply(block, mean_ns, out=block)
        np.minimum(np.rint(block, out=block), float(LONGEST_NS), out=block)
        return block.astype(np.int64)

    return _accumulated(stream, gaps, likely=expected_jobs(stream))


def _renewal(stream: Stream, interval: object) -> NDArray[np.int64]:
    draw = _drawing(stream.source(interval, "interval"), stream.generator(Purpose.ARRIVALS))
    return _accumulated(stream, lambda: draw(BLOCK), likely=expected_jobs(stream))


def _drawing(source: Source, generator: np.random.Generator) -> Callable[[int], NDArray[np.int64]]:
    """Return what draws the next n intervals."""
    fixed_ns = source.fixed_ns
    if fixed_ns is not None:
        return lambda n: constant(fixed_ns, n)
    draw = source.sampler()
    return lambda n: to_ns(draw(generator, n), source.where, cut=True)


def _accumulated(stream: Stream, gaps: Callable[[], NDArray[np.int64]], *, likely: float) -> NDArray[np.int64]:
    """Add up blocks of gaps until the end is passed."""
    if likely > MAX_JOBS:
        return _too_many(stream, likely)
    room = int(likely + 6 * math.sqrt(likely)) if likely > 0 else 0  # also if nobody knows: nan
    instants_ns = np.empty(room + 2 * BLOCK, np.int64)
    now_ns, count = stream.start_ns, 0
    while count <= MAX_JOBS:
        block = gaps()
        if count + len(block) > len(instants_ns):
            instants_ns.resize(count + count // 2 + 2 * len(block), refcheck=False)
        block = np.cumsum(block, out=instants_ns[count : count + len(block)])
        block += now_ns
        # a sum can only wrap around after it has passed the end, which is looked for from the front
        if block.max() > stream.end_ns:
            return instants_ns[: count + int(np.argmax(block > stream.end_ns))]
        now_ns, count = int(block[-1]), count + len(block)
    return _too_many(stream, math.inf)


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

    def stays() -> NDArray[np.int64]:
        return np.stack([draw(BLOCK // states + 1) for draw in draws], axis=1).ravel()

    likely = (stream.end_ns - stream.start_ns) / SECOND * states / sum(means)
    ends = _accumulated(stream, stays, likely=likely)
    edges = np.concatenate(([0, stream.start_ns], ends, [stream.end_ns + 1]))
    rates = np.array([float(mmpp.rates[k]) for k in turn])
    return Steps(edges, np.concatenate(([0.0], rates[np.arange(len(ends) + 1) % states])))


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


def _by_steps(stream: Stream, arrival: Profile | Mmpp) -> NDArray[np.int64]:
    steps = _profile_steps(arrival, stream.end_ns) if isinstance(arrival, Profile) else _mmpp_steps(stream, arrival)
    expected = steps.expected(stream.start_ns, stream.end_ns)
    if expected > MAX_JOBS:
        return _too_many(stream, expected)
    return poisson_by_steps(steps, stream.generator(Purpose.ARRIVALS), stream.start_ns, stream.end_ns)


def _too_many(stream: Stream, expected: float) -> NoReturn:
    number = f"about {expected:.3g}" if math.isfinite(expected) else "endlessly many"
    msg = f"{stream.where} would bring {number} jobs; a run holds at most {MAX_JOBS:,}"
    raise InputError(msg)
