"""Redis: the lists of messages, what has been popped and not acknowledged, and what a worker is served next."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, NamedTuple

from workersim.engines.reference.clock import Order
from workersim.runlog import Outcome
from workersim.units import NEVER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from workersim.engines.reference.celery import CeleryWorker
    from workersim.engines.reference.clock import NoticingClock
    from workersim.engines.reference.ledger import Attempt, Ledger
    from workersim.engines.system import System

__all__ = ["Broker", "level_of"]


def level_of(priority: int, *, stepped: bool) -> int:
    """Return the list within a queue: Redis has steps 0, 3, 6, 9 (kombu redis.py, ``priority_steps``)."""
    return min(priority, 9) // 3 * 3 if stepped else priority


class Lot(NamedTuple):
    """What makes two messages copies of one another."""

    job: int
    delivery: int


class Broker:
    """All lists by queue and level; the left end of each is its head, which is served first."""

    def __init__(self, clock: NoticingClock, ledger: Ledger, system: System, call: Callable[[], None]) -> None:
        self.clock, self.ledger, self.call = clock, ledger, call
        self.lists: list[dict[int, deque[Attempt]]] = [{} for _ in system.queues]
        self.by_celery = celery_queues(system)
        self.register: dict[Attempt, CeleryWorker] = {}  # hash ``unacked``: who popped what
        self.popped: dict[Lot, Attempt] = {}  # who of a delivery is in the register: at most one
        self.copies: dict[Lot, dict[Attempt, None]] = {}  # visible messages, where there are Celery workers
        self.down_until = 0
        self.stepped = system.stepped

    def enter(self, attempt: Attempt, *, head: bool = False) -> None:
        """Put a message into its list: at its tail, or at its head, where it is served first."""
        messages = self.lists[attempt.queue].setdefault(attempt.level, deque())
        (messages.appendleft if head else messages.append)(attempt)
        attempt.visible = True
        if self.stepped:
            self.copies.setdefault(Lot(attempt.job, attempt.delivery), {})[attempt] = None
        self.call()

    def pop(self, attempt: Attempt) -> None:
        """Take a message out of its list, wherever it stands."""
        messages = self.lists[attempt.queue][attempt.level]
        if messages[0] is attempt:
            messages.popleft()
        else:
            messages.remove(attempt)
        attempt.visible = False
        self.clock.cancel(attempt.leaving)
        if not messages:
            del self.lists[attempt.queue][attempt.level]
        lot = Lot(attempt.job, attempt.delivery)
        copies = self.copies.get(lot)
        if copies is not None:
            del copies[attempt]
            if not copies:
                del self.copies[lot]

    def best(self, queues: Iterable[int]) -> dict[int, Attempt]:
        """Return the heads of the best level over all these queues, by queue.

        One BRPOP lists the keys of each step, and within it of each queue: priority comes before the order of queues
        (kombu redis.py, ``_brpop_start``).
        """
        heads = [(min(lists), queue) for queue in queues if (lists := self.lists[queue])]
        best = min(heads)[0] if heads else 0
        return {queue: self.lists[queue][level][0] for level, queue in heads if level == best}

    def acknowledge(self, attempt: Attempt) -> None:
        """Forget a message for good, also where a copy of it has been popped since: both have one tag.

        kombu redis.py, ``QoS.ack``: the hash has one entry a delivery tag.
        """
        popped = self.popped.pop(Lot(attempt.job, attempt.delivery), None)
        if popped is not None:
            del self.register[popped]

    def remember(self, attempt: Attempt, worker: CeleryWorker) -> None:
        """Keep a message that a worker has popped until it is acknowledged (kombu redis.py, ``QoS.append``)."""
        self.popped[Lot(attempt.job, attempt.delivery)] = attempt
        self.register[attempt] = worker

    def forget(self, attempt: Attempt) -> CeleryWorker:
        """Take a message that a sweep returns out of the register, and return who held it."""
        del self.popped[Lot(attempt.job, attempt.delivery)]
        return self.register.pop(attempt)

    def delete_copies(self, attempt: Attempt) -> None:
        """Delete the copies of a delivery that are in lists once one of them has been worked off.

        Both have one delivery tag; copies that were popped before run on.
        """
        for copy in list(self.copies.get(Lot(attempt.job, attempt.delivery), ())):
            self.pop(copy)
            self.ledger.close(copy, Outcome.REDELIVERED)

    def leave_when_patience_ends(self, attempt: Attempt) -> None:
        """Have a message of an ideal queue leave, wherever it waits, unless somebody takes it until then."""
        if attempt.expires < NEVER:
            attempt.leaving = self.clock.at(attempt.expires, Order.PATIENCE_ENDS, lambda _: self._leave(attempt))

    def _leave(self, attempt: Attempt) -> None:
        if attempt.visible:
            self.pop(attempt)
        self.clock.cancel(attempt.due)
        self.ledger.close(attempt, Outcome.EXPIRED)

    def stop(self, lasts_ns: int) -> None:
        """Answer nobody for a while; messages still enter their lists."""
        until = self.clock.now + lasts_ns if lasts_ns < NEVER else NEVER
        self.down_until = max(self.down_until, until)
        if until < NEVER:
            self.clock.at(until, Order.OUTAGE_END, lambda _: self.call())
        self.call()

    @property
    def up(self) -> bool:
        """Whether anybody is answered."""
        return self.clock.now >= self.down_until

    def visible(self, queues: Iterable[int]) -> Iterator[Attempt]:
        """Go through the messages in the lists of some queues."""
        for queue in queues:
            for messages in self.lists[queue].values():
                yield from messages


def celery_queues(system: System) -> list[bool]:
    """Tell of each queue whether Celery's rules hold in it: due times and patience are looked at by its workers.

    In a queue that an ideal service consumes too, messages come when they are due and leave when patience ends.
    """
    ideal = {queue for service in system.services if service.celery is None for queue in service.queues}
    return [system.stepped and queue not in ideal for queue in range(len(system.queues))]
