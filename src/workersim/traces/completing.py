"""What rows leave unsaid, and what follows from what they say: starts from waits, ends from services, outcomes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from workersim.runlog import Outcome
from workersim.traces.cells import ABSENT
from workersim.units import NEVER, SECOND
from workersim.workload.jobs import constant

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from workersim.traces.repairs import Repairs

    Column = NDArray[np.int64]

__all__ = ["ASKED", "EARLY_NS", "completed"]

EARLY_NS = SECOND  # how much before its arrival a job may seem to start: two clocks are never quite equal
# What a row may ask for beside its phases, and how its role is called.
ASKED = {
    "countdown_ns": "countdown",
    "fails": "fails",
    "fails_after_ns": "fails_after",
    "soft_ns": "soft_time_limit",
    "hard_ns": "time_limit",
}
UNSTARTED = "without a start: the finish less the service"
EARLY = "with a start up to 1 s before the arrival, as two clocks differ: taken as the arrival"
RUNNING = "not at an end: what stands as the finish is none"
ENDLESS = "at an end without saying when that was: unfinished here"
_LEFT = (
    "service",
    "cpu",
    "io",
    "job_class",
    "queue",
    "priority",
    "expires",
    "worker",
    "replica",
    "slot",
    "id",
    "attempt",
    "count",
    *ASKED.values(),
)


def completed(held: Mapping[str, Column], numbers: Column, repairs: Repairs) -> dict[str, Column]:
    """Return every column that facts are made of.

    Parameters
    ----------
    held
        What rows say, by role; ``arrival`` is always there.
    numbers
        Of the rows.
    repairs
        Where is counted what was filled in.
    """
    arrival = held["arrival"]
    n = len(arrival)
    never, nothing = constant(NEVER, n), constant(ABSENT, n)  # what no row says takes no memory
    published = held.get("published", never)
    ends = held.get("outcome", nothing)
    started, finished = _times(held, ends, numbers, repairs)
    outcome = np.where(ends == ABSENT, np.where(finished < NEVER, int(Outcome.DONE), int(Outcome.UNFINISHED)), ends)
    endless = (outcome != Outcome.UNFINISHED) & (finished == NEVER)
    repairs.add(ENDLESS, numbers[endless & (started < NEVER)])
    return {
        "arrival": arrival,
        **({"published": np.where(published == NEVER, arrival, published)} if "published" in held else {}),
        "received": held.get("received", never),
        "started": started,
        "finished": finished,
        "outcome": np.where(endless, int(Outcome.UNFINISHED), outcome) if endless.any() else outcome,
        **{role: held.get(role, nothing) for role in _LEFT},
    }


def _times(held: Mapping[str, Column], ends: Column, numbers: Column, repairs: Repairs) -> tuple[Column, Column]:
    """Return starts and finishes."""
    arrival = held["arrival"]
    never, nothing = constant(NEVER, len(arrival)), constant(ABSENT, len(arrival))
    wait, service = held.get("wait", nothing), held.get("service", nothing)
    started, finished = held.get("start", never), held.get("finish", never)
    started = np.where((started == NEVER) & (wait >= 0), arrival + wait, started)
    expired = ends == Outcome.EXPIRED
    finished = np.where(expired & (finished == NEVER), started, finished)  # it left when its wait ended
    started = np.where(expired, NEVER, started)
    served = (started < NEVER) & (finished == NEVER) & (service >= 0) & (ends != Outcome.UNFINISHED)
    finished = np.where(served, started + service, finished)
    back = (started == NEVER) & (finished < NEVER) & (service >= 0) & ~expired
    back &= finished - service >= arrival - EARLY_NS
    repairs.add(UNSTARTED, numbers[back])
    started = np.where(back, finished - service, started)
    early = started < arrival
    repairs.add(EARLY, numbers[early])
    started = np.where(early, arrival, started)
    running = (ends == Outcome.UNFINISHED) & (finished < NEVER)
    repairs.add(RUNNING, numbers[running])
    finished = np.where(running, NEVER, finished)
    lost = (started == NEVER) & (finished < NEVER) & ~expired
    repairs.add(
        "with a finish, and nothing that says when the start was: not known to have run", numbers[lost].tolist()
    )
    finished = np.where(lost, NEVER, finished)
    ended = np.where((finished < NEVER) & (started < NEVER), np.maximum(finished, started), finished)
    return started, ended
