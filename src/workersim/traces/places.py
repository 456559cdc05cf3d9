"""Where observed attempts ran: processes of workers, and the fleet that they make."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from workersim.errors import InputError
from workersim.traces.facts import Facts, Places
from workersim.traces.seats import inferred_fleet, ready_fleet, seated
from workersim.units import shown

if TYPE_CHECKING:
    from workersim.traces.repairs import Repairs

__all__ = ["placed"]

_WORKERS = ("celery-events", "flower", "django-celery-results", "airflow")


def placed(facts: Facts, kind: str, processes: int | None, repairs: Repairs) -> Facts:
    """Return the facts with a slot for each attempt whose worker is known, and with a fleet where one can be told.

    Parameters
    ----------
    facts
        As read.
    kind
        The format.
    processes
        Of each worker, as the caller says.
    repairs
        Where is said what was inferred.

    Raises
    ------
    InputError
        If ``processes`` is no number of processes.
    """
    if processes is not None and (not isinstance(processes, int) or not 1 <= processes <= 10_000):
        msg = f"processes: expected a whole number from 1 to 10000, found {shown(processes)}"
        raise InputError(msg)
    places = facts.places
    known = bool((places.replica >= 0).any())
    if not known or not facts.is_observed:
        return facts
    fleet, slot, finished = places.fleet, places.slot, facts.finished_ns
    first_ns = int(facts.arrival_ns.min()) if facts.is_absolute else 0
    if processes is not None:
        replicas = np.unique(places.replica[places.replica >= 0]).tolist()
        fleet = ready_fleet(dict.fromkeys(replicas, processes), first_ns)
    if slot.max(initial=-1) < 0 and (kind in _WORKERS or processes is not None):
        capacity = (
            {} if fleet is None else dict(zip(fleet.replica.tolist(), _most(fleet.replica, fleet.slots), strict=True))
        )
        slot, finished = seated(places.replica, facts.started_ns, facts.finished_ns, capacity, repairs)
    if fleet is None and kind in _WORKERS:
        fleet = inferred_fleet(places.replica, slot, first_ns)
        repairs.say(
            "The file does not say how many processes a worker has: taken is the most that ever ran at once in it, so "
            "utilization is at most as high as this says."
        )
    return replace(facts, places=Places(places.replica, slot, fleet), finished_ns=finished)


def _most(replica: np.ndarray, slots: np.ndarray) -> list[int]:
    """Return for each row the most slots that its replica ever has."""
    return [int(slots[replica == number].max()) for number in replica.tolist()]
