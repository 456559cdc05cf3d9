"""Rules of thumb for sizing a fleet, those of the guide and square-root staffing: what each would buy here."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

from workersim.units import format_number, format_rate

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from workersim.experiments.planning.bracket import Demand
    from workersim.scenario import Fleet

__all__ = ["RULES", "Purchase", "purchases"]

RULES = ("table", "autoscale", "advice", "bands", "decision tree", "formula", "square root")

GUIDE_CONCURRENCY = 4


class Band(NamedTuple):
    """A row of the guide's table: documents an hour, and the fleets that it names for them."""

    name: str
    low: float
    high: float
    fleets: tuple[tuple[int, int], ...]  # replicas, concurrency: the least and the most


TRAFFIC = (
    Band("low traffic, 1-10 an hour", 0, 10, ((1, 2), (1, 4))),
    Band("medium traffic, 10-50 an hour", 10, 50, ((2, 4), (3, 4))),
    Band("high traffic, 50-200 an hour", 50, 200, ((5, 4), (10, 4))),
)
ADVICE = (
    Band("advice for now: keep as is", 0, 10, ((1, 4),)),
    Band("advice from 10 an hour on", 10, math.inf, ((2, 4), (3, 4))),
    Band("advice for production", 0, math.inf, ((3, 4), (5, 4))),
)
AUTOSCALE = {
    "min_replicas": 2,
    "max_replicas": 10,
    "scale_up_when": "queue_length > 5",
    "scale_down_when": "queue_length < 2 AND utilization < 30%",
    "every": "30 s",
}
# The utilization up to which the guide calls a fleet good, and below which it calls it oversized.
GOOD, OVERSIZED = 0.8, 0.5


class Purchase(NamedTuple):
    """What a rule says, and the fleet that follows from it; without one, why none does."""

    rule: str
    says: str
    replicas: int | None
    concurrency: int | None
    autoscale: Mapping[str, Any] | None = None

    @property
    def keys(self) -> dict[str, Any]:
        """The fleet by its paths in a scenario."""
        paths = ("fleet.replicas", "fleet.concurrency", "fleet.autoscale")
        return {path: value for path, value in zip(paths, self[2:], strict=True) if value is not None}


def purchases(asked: Demand, fleet: Fleet) -> list[Purchase]:
    """Return what each rule would buy for a demand, the present fleet being what it is."""
    burst = Purchase("autoscale", "burst traffic, 2-10 replicas by queue length", 2, GUIDE_CONCURRENCY, AUTOSCALE)
    found = [*_by_rate(asked, "table", TRAFFIC), burst, *_by_rate(asked, "advice", ADVICE)]
    found += [*_bands(asked, fleet), _tree(asked, fleet), *_formula(asked, fleet), *_square_root(asked, fleet)]
    return found


def _by_rate(asked: Demand, rule: str, bands: tuple[Band, ...]) -> Iterator[Purchase]:
    """Read a table by the rate; at a border both rows apply, and beyond the last none does."""
    hourly = asked.rate_per_s * 3600
    matching = [band for band in bands if band.low <= hourly <= band.high]
    if not matching:
        yield Purchase(rule, f"has no row for {format_rate(asked.rate_per_s)}", None, None)
    for band in matching:
        for end, (replicas, concurrency) in zip(("least", "most"), band.fleets, strict=False):
            which = f", the {end} it names" if len(band.fleets) > 1 else ""
            yield Purchase(rule, f"{band.name}{which}", replicas, concurrency)


def _bands(asked: Demand, fleet: Fleet) -> Iterator[Purchase]:
    """Buy as many containers of the present kind as keep the utilization within the guide's good band."""
    load = asked.on(fleet).load  # where jobs share vCPUs, slots are busy for longer than the jobs need
    for share, word in ((GOOD, "the fewest replicas"), (OVERSIZED, "the most replicas")):
        wanted = load / (share * fleet.concurrency)
        replicas = math.ceil(wanted - 1e-9) if share == GOOD else math.floor(wanted + 1e-9)
        says = f"{word} whose slots are {OVERSIZED:.0%} to {GOOD:.0%} busy"
        yield Purchase("bands", says, max(1, replicas), fleet.concurrency)


def _tree(asked: Demand, fleet: Fleet) -> Purchase:
    """Follow the decision tree; it does not say how much capacity is needed, so the good band does."""
    needed = math.ceil(asked.load / GOOD - 1e-9)
    if needed > GUIDE_CONCURRENCY:
        replicas = math.ceil(needed / GUIDE_CONCURRENCY)
        return Purchase(
            "decision tree", "more than a container's worth: add replicas of 4", replicas, GUIDE_CONCURRENCY
        )
    fits = fleet.fits()
    room = max(1, needed if fits is None else min(needed, fits))
    says = "not more than a container's worth: raise the concurrency if memory allows"
    return Purchase("decision tree", says, 1, max(fleet.concurrency, room))


def _formula(asked: Demand, fleet: Fleet) -> Iterator[Purchase]:
    """Apply cores x (1 + I/O / CPU), which is about one container, with two ways to count these."""
    if not asked.cpu_s:
        yield Purchase("formula", "has no answer: these jobs use no CPU", None, None)
        return
    ratio = (asked.service_s - asked.cpu_s) / asked.cpu_s
    concurrency = max(1, math.floor(fleet.cores * (1 + ratio) + 1e-9))
    says = f"{format_number(fleet.cores)} cores × (1 + {format_number(ratio, 2)})"  # noqa: RUF001  # the sign is meant
    yield Purchase("formula", f"{says}, replicas as they are", max(1, fleet.replicas), concurrency)
    replicas = max(1, math.ceil(asked.load / (GOOD * concurrency) - 1e-9))
    yield Purchase("formula", f"{says}, replicas for 80% busy", replicas, concurrency)


def _square_root(asked: Demand, fleet: Fleet) -> Iterator[Purchase]:
    """Buy the load and a safety of some times its square root (Halfin and Whitt 1981)."""
    for safety in (1, 2):
        slots = asked.load + safety * math.sqrt(asked.load)
        replicas = max(1, math.ceil(slots / fleet.concurrency - 1e-9))
        says = f"load + {safety if safety > 1 else ''}√load = {format_number(slots)} slots"
        yield Purchase("square root", says, replicas, fleet.concurrency)
