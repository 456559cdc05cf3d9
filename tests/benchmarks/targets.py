"""What the compiled engine is meant to reach, and whether this run of the benchmark saw it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .comparison import Row, ratio
from .contenders import OURS, REFERENCE, TEXTBOOK, C

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .probes import Probe
    from .scaling import Series

__all__ = ["Findings", "Outcome", "outcomes"]

# (case, contender) that takes longer, (case, contender) that it is measured by, and the bound of the ratio
AT_LEAST = (
    (("W1-4", TEXTBOOK), ("W1-4", OURS), 500),
    (("W1-12", TEXTBOOK), ("W1-12", OURS), 500),
    (("W1-4", "cimba"), ("W1-4", OURS), 8),
    (("W1-12", "cimba"), ("W1-12", OURS), 8),
    (("W1-4", "ciw"), ("W1-4", OURS), 600),
    (("W1-12", "ciw"), ("W1-12", OURS), 600),
    (("W2", TEXTBOOK), ("W2", OURS), 180),
    (("W2", "cimba"), ("W2", OURS), 6),
)
AT_MOST = (
    (("W1-4", OURS), ("W1-4", C), 1.3),
    (("W1-12", OURS), ("W1-12", C), 1.3),
    (("W3", OURS), ("W2", OURS), 3.0),
    (("W4", OURS), ("W2", OURS), 1.6),
    (("W4-steady", OURS), ("W2", OURS), 1.6),
)
STEEPNESS = 1.25
REFERENCE_JOBS_PER_S = 90_000
# key of a probe, bound, whether the bound is the least, and how the bound is said
PROBED = (
    ("memory ours W1-4 100000000", 500e6, False, "at most 500 MB"),
    ("memory ours W4 10000000", 500e6, False, "at most 500 MB"),
    ("two cores W1-4", 1.8, True, "at least 1.8 x"),
    ("first W1-4 warm", 1.0, False, "at most 1 s"),
    ("first W2 warm", 1.0, False, "at most 1 s"),
    ("first W1-4 cold", 12.0, False, "at most 12 s"),
    ("first W2 cold", 12.0, False, "at most 12 s"),
    ("first W4 warm", 1.0, False, "at most 1 s"),
    ("first W4 cold", 12.0, False, "at most 12 s"),
)


@dataclass
class Findings:
    """All that one run of the benchmark found."""

    machine: list[str]
    seed: int
    rows: list[Row] = field(default_factory=list)
    series: list[Series] = field(default_factory=list)
    probes: list[Probe] = field(default_factory=list)


@dataclass(frozen=True)
class Outcome:
    """A target, what was measured, and whether that is enough; None: not measured in this run."""

    target: str
    measured: str
    met: bool | None


def outcomes(found: Findings) -> Iterator[Outcome]:
    """Yield every target with what was measured."""
    for slower, faster, bound in AT_LEAST:
        yield of_ratio(found.rows, slower, faster, at_least=bound)
    for slower, faster, most in AT_MOST:
        yield of_ratio(found.rows, slower, faster, at_most=most)
    yield of_scaling(found.series)
    yield of_reference(found.rows)
    probes = {probe.key: probe for probe in found.probes}
    for key, limit, least, said in PROBED:
        probe = probes.get(key)
        if probe is None:
            yield Outcome(f"{key}: {said}", "not measured", None)
        else:
            met = probe.value >= limit if least else probe.value <= limit
            yield Outcome(f"{probe.title}: {said}", probe.text, met)


def of_ratio(
    rows: Sequence[Row],
    slower: tuple[str, str],
    faster: tuple[str, str],
    *,
    at_least: float = 0.0,
    at_most: float = float("inf"),
) -> Outcome:
    """Return the outcome of a ratio of costs a job."""
    bound = f"at least {at_least:g} x" if at_least else f"at most {at_most:g} x"
    beside = faster[1] if slower[0] == faster[0] else f"{faster[1]} on {faster[0]}"
    target = f"{slower[0]}: {slower[1]} / {beside}, {bound}"
    found = ratio(rows, slower, faster)
    if found is None:
        return Outcome(target, "not measured", None)
    measured = f"{found.median:,.3g} x ({found.least:,.3g} to {found.most:,.3g})"
    return Outcome(target, measured, at_least <= found.median <= at_most)


def of_scaling(series: Sequence[Series]) -> Outcome:
    """Return whether the cost of a job is flat."""
    target = f"W1-4: cost of a job from the smallest to the largest run, at most {STEEPNESS:g} x"
    ours = next((one for one in series if one.contender.key == OURS), None)
    if ours is None or ours.steepness is None:
        return Outcome(target, "not measured", None)
    measured = f"{ours.steepness:.2f} x from {min(ours.costs_ns):.0e} to {max(ours.costs_ns):.0e} jobs"
    return Outcome(target, measured, ours.steepness <= STEEPNESS)


def of_reference(rows: Sequence[Row]) -> Outcome:
    """Return whether the reference engine is fast enough."""
    target = f"W1-4: the reference engine, at least {REFERENCE_JOBS_PER_S:,} jobs/s"
    for row in rows:
        if row.counts and row.timed and (row.case.key, row.contender.key) == ("W1-4", REFERENCE):
            speed = 1e9 / row.timed.cost_ns
            return Outcome(target, f"{speed:,.0f} jobs/s", speed >= REFERENCE_JOBS_PER_S)
    return Outcome(target, "not measured", None)
