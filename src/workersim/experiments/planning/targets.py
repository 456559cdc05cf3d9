"""What a plan has to meet: sentences such as ``wait.p95 <= 5 min``."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

from workersim import claims
from workersim.errors import InputError
from workersim.scenario import MEASURES, Claim
from workersim.units import nearest, shown

if TYPE_CHECKING:
    from collections.abc import Iterable

    from workersim.claims import Observed, Sentence

__all__ = ["Target", "figure_of", "parse_targets"]

_SENTENCE = re.compile(r"\s*([A-Za-z_0-9.]+)\s*(<=|>=|≤|≥)\s*(.+?)\s*")
_EXAMPLE = "a sentence such as 'wait.p95 <= 5 min'"
_MOST = 20
# What falls (or, for the second list, grows) when there is more of a fleet.
_FALLING = ("wait", "response", "queue_length", "visible", "reserved", "utilization", "cpu", "jobs.unfinished")
_FALLING_TOO = ("jobs.expired", "jobs.lost", "service")
_GROWING = ("throughput", "jobs.finished", "cost", "memory")


@dataclass(frozen=True)
class Target:
    """A bound on a figure.

    Attributes
    ----------
    says
        The sentence, as it is shown.
    sentence
        The same in plain numbers.
    """

    says: str
    sentence: Sentence

    @property
    def measure(self) -> str:
        """The figure."""
        return self.sentence.measure

    @property
    def bound(self) -> float:
        """What it is compared with: seconds, bytes, per second, fractions."""
        return self.sentence.expected

    @property
    def sign(self) -> int:
        """1 for ``<=``, -1 for ``>=``; values and bounds times this are to be low."""
        return 1 if self.sentence.low == -math.inf else -1

    @property
    def helped_by_more(self) -> bool:
        """Whether it can only be met better by a larger fleet (else only by a smaller one)."""
        falls = self.measure.startswith((*_FALLING, *_FALLING_TOO))
        return falls == (self.sign == 1)

    @property
    def ordered(self) -> bool:
        """Whether its figure moves one way if every job waits longer; a deviation need not."""
        return not self.measure.endswith(".std") and not self.measure.startswith("service")

    def allows(self, value: float) -> bool:
        """Return whether a value meets it; one that is infinite stands for jobs that nobody serves."""
        return math.isfinite(value) and self.sentence.allows(value)

    def shown(self, value: float) -> str:
        """Return a value of this figure, rounded for people."""
        return "never" if math.isinf(value) else self.sentence.shown(value)

    def value(self, seen: Observed, *, arrived: float) -> float:
        """Return what a run says of the figure; jobs that have not started count with the time that they waited.

        A figure of jobs of which none started is infinite, and that of a run without jobs is 0.
        """
        if self.sentence.head in ("wait", "response"):
            if seen.stuck and seen.value is None:
                return math.inf
            if seen.floor is not None:
                return seen.floor
        if seen.value is None:
            return 0.0 if not arrived else math.inf * self.sign
        return seen.value


def parse_targets(target: str | Iterable[str]) -> tuple[Target, ...]:
    """Return the targets that sentences stand for.

    Raises
    ------
    InputError
        With a line for each sentence that cannot be understood, or if there is none.

    Examples
    --------
    >>> [t.bound for t in parse_targets(["wait.p95 <= 5 min", "utilization.mean >= 50%"])]
    [300.0, 0.5]
    """
    texts = [target] if isinstance(target, str) else list(target)
    if not 1 <= len(texts) <= _MOST:
        msg = f"target: expected 1 to {_MOST} sentences such as 'wait.p95 <= 5 min', found {len(texts)}"
        raise InputError(msg)
    found: list[Target] = []
    problems: list[str] = []
    for text in texts:
        try:
            found.append(_parse(text))
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError(*problems)
    return tuple(dict.fromkeys(found))


def figure_of(measure: object) -> Target:
    """Return a figure as a target without a bound, for whoever only wants its values.

    Raises
    ------
    InputError
        If there is no such figure.
    """
    name = measure.strip() if isinstance(measure, str) else ""
    if not _is_figure(name):
        msg = f"measure: expected a figure of a run such as wait.p95, found {shown(measure)}{_hint(name)}"
        raise InputError(msg)
    return Target(name, claims.sentence(name, name, kind=MEASURES[name], bound=("at_most", 0.0)))


def _is_figure(measure: str) -> bool:
    return measure in MEASURES and f"{measure}.mean" not in MEASURES and measure not in ("busy", "wait.every")


def _hint(measure: str) -> str:
    return nearest(measure, [name for name in MEASURES if "." in name and name != "wait.every"])


def _parse(text: object) -> Target:
    read = _SENTENCE.fullmatch(text) if isinstance(text, str) and len(text) < 200 else None
    if read is None:
        _refuse(text, f"expected {_EXAMPLE}")
    measure, sign, written = read.groups()
    if not _is_figure(measure):
        _refuse(text, f"expected a figure of a run, found {shown(measure)}{_hint(measure) or f', in {_EXAMPLE}'}")
    how = "at_most" if sign in ("<=", "≤") else "at_least"
    try:
        claim = Claim(says=text, measure=measure, **{how: written})
    except InputError as error:
        _refuse(text, error.problems[0].partition(": ")[2])
    value = getattr(claim, how)
    seconds = value.seconds if hasattr(value, "seconds") else float(value)
    says = f"{measure} {'<=' if how == 'at_most' else '>='} {written}"
    bound = claims.sentence(says, measure, kind=MEASURES[measure], bound=(how, seconds))  # type: ignore[arg-type]  # the two keys above
    return Target(says, bound)


def _refuse(text: object, why: str) -> NoReturn:
    msg = f"target {shown(text)}: {why}"
    raise InputError(msg) from None
