"""The workers of a recording: when they were ready, stopped and died, and their numbers as replicas of a fleet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from workersim.runlog import Outcome
from workersim.units import NEVER, SECOND

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from workersim.traces.recording import Recording

__all__ = ["Workers"]

_TOLD_NS = SECOND // 10  # within which a worker tells of a process that was killed
_LONG_NS = SECOND  # messages that waited for so long waited for the first worker to be ready
_MOST = 1000  # workers of which nothing is known but their number


class Workers:
    """What became of recorded workers, by their numbers as replicas; in seconds from the first arrival, or a later 0.

    They are numbered as they became ready.  Those that were there before 0 are numbered as they first received
    something from then on: so old were their BRPOPs.  Those that took nothing more by then, as they were told to stop
    or were killed, are left out.

    Parameters
    ----------
    recording
        Of a Celery.
    zero_ns
        Where 0 lies in the recording.

    Attributes
    ----------
    ready_s
        When each was ready, 0 if before that.
    logged
        The number of each in the observed log.
    gone
        How many are left out.
    """

    def __init__(self, recording: Recording, zero_ns: int = 0) -> None:
        self._log = recording.log
        told = recording.meta.get("workers")
        self._zero_ns = zero_ns
        self._moved_s = _moved_s(recording) - zero_ns / SECOND
        found = [each for each in told if isinstance(each, dict)] if isinstance(told, list) else _inferred(recording)
        # The log numbers workers by their names.
        by_name = sorted(found, key=lambda each: str(each.get("name")))
        ready = [max(0.0, self._instant(each.get("ready")) or 0.0) for each in by_name]
        there = [k for k, each in enumerate(by_name) if not self._went(each)]
        self.gone = len(by_name) - len(there)
        self.logged = sorted(there, key=lambda k: (ready[k], self._first_receipt_ns(k)))
        self.ready_s = [ready[k] for k in self.logged]
        self._told: list[Mapping[str, Any]] = [by_name[k] for k in self.logged]

    def __len__(self) -> int:
        return len(self.ready_s)

    def _went(self, told: Mapping[str, Any]) -> bool:
        """Tell whether a worker took nothing more from 0 on, where that is not the first arrival."""
        ends = [self._instant(told.get(name)) for name in ("sigterm", "offline", "sigkill")]
        return self._zero_ns > 0 and any(at is not None and at < 0 for at in ends)

    def stopped_s(self, number: int) -> float | None:
        """Return when a worker heeded SIGTERM; None if it did not get it, or was killed before."""
        term, kill = self._at(number, "sigterm"), self.killed_s(number)
        if term is None:
            return None
        heeded = max(term, self._at(number, "offline") or term)
        return heeded if kill is None or heeded <= kill else None

    def killed_s(self, number: int) -> float | None:
        """Return when a worker got SIGKILL; None if it did not."""
        return self._at(number, "sigkill")

    def children_killed(self, number: int) -> Iterator[tuple[float, int | None]]:
        """Yield when a process of a worker was killed, and which: where a job was lost then; None if none was."""
        killed = self._told[number].get("child_killed")
        for child in killed if isinstance(killed, list) else ():
            at = self._instant(child.get("t")) if isinstance(child, dict) else None
            if at is not None and at >= 0:
                yield at, self._slot(number, round(at * SECOND))

    def _at(self, number: int, name: str) -> float | None:
        at = self._instant(self._told[number].get(name))
        return at if at is not None and at >= 0 else None

    def _instant(self, value: Any) -> float | None:
        known = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e9
        return value + self._moved_s if known else None

    def _first_receipt_ns(self, logged: int) -> int:
        if self._log is None:
            return NEVER
        received = self._log.attempts.reserved_ns
        own = (self._log.attempts.replica == logged) & (received >= self._zero_ns)
        return int(np.min(received[own], initial=NEVER))

    def _slot(self, number: int, at_ns: int) -> int | None:
        if self._log is None:
            return None
        attempts = self._log.attempts
        lost = (attempts.outcome == Outcome.LOST) & (attempts.replica == self.logged[number])
        lost &= np.abs(attempts.finished_ns - self._zero_ns - at_ns) <= _TOLD_NS
        return int(attempts.slot[np.argmax(lost)]) if lost.any() else None


def _moved_s(recording: Recording) -> float:
    """Return where the zero of the meta line, the first publication, lies; the first arrival is told of after it."""
    epoch: Any = recording.meta.get("epoch")
    if not isinstance(epoch, int | float) or not 0 < epoch < 4.6e9 or recording.epoch_ns is None:
        return 0.0
    return epoch - recording.epoch_ns / SECOND


def _inferred(recording: Recording) -> list[dict[str, Any]]:
    """Return when workers must have become ready that let messages wait; none if nothing waited so long.

    Each was by its first receipt; one that received nothing can have been when nothing was left.
    """
    log, replicas = recording.log, recording.meta.get("replicas")
    if log is None or not isinstance(replicas, int) or not 1 <= replicas <= _MOST:
        return []
    ran = log.attempts.replica >= 0
    received, where = log.attempts.reserved_ns[ran], log.attempts.replica[ran]
    if not len(received) or int(received.min()) < _LONG_NS:
        return []
    last = int(received.max())
    first = [int(np.min(received[where == number], initial=last)) for number in range(replicas)]
    return [{"name": f"{number:04d}", "ready": at_ns / SECOND} for number, at_ns in enumerate(first)]
