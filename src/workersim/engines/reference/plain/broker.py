"""The named queues in Redis, and what a worker that listens to some of them is handed next."""

from __future__ import annotations

from heapq import heappop, heappush
from typing import TYPE_CHECKING, NamedTuple

from workersim.engines.reference.clock import Order
from workersim.units import NEVER

if TYPE_CHECKING:
    from workersim.engines.reference.clock import Clock

__all__ = ["Broker", "Message"]


class Message(NamedTuple):
    """A document in a queue; messages sort as they are served: by priority, then in order of publication."""

    priority: int
    publication: int
    job: int


class Broker:
    """Redis, as far as a worker can tell: lists of messages that are handed out from the head."""

    def __init__(self, clock: Clock, queues: int) -> None:
        self.clock = clock
        self.lists: list[list[Message]] = [[] for _ in range(queues)]
        self.waiting: set[int] = set()
        self.left: dict[int, int] = {}  # when each document left whose patience ended while it waited
        self.publications = 0

    def publish(self, job: int, queue: int, priority: int, expires_ns: int) -> None:
        """Put a document into its queue, which it leaves again when its patience ends."""
        heappush(self.lists[queue], Message(priority, self.publications, job))
        self.waiting.add(job)
        self.publications += 1
        if expires_ns < NEVER:
            self.clock.at(expires_ns, Order.PATIENCE_ENDS, lambda _: self._leave(job))

    def _leave(self, job: int) -> None:
        if job in self.waiting:
            self.waiting.remove(job)
            self.left[job] = self.clock.now

    def best(self, queues: list[int]) -> dict[int, Message]:
        """Return the heads of the best priority among these queues, by queue: priority comes before queue order."""
        heads = {queue: message for queue in queues if (message := self._head(queue))}
        if len(heads) > 1:
            best = min(message.priority for message in heads.values())
            heads = {queue: message for queue, message in heads.items() if message.priority == best}
        return heads

    def _head(self, queue: int) -> Message | None:
        messages = self.lists[queue]
        while messages and messages[0].job not in self.waiting:
            heappop(messages)
        return messages[0] if messages else None

    def take(self, queue: int) -> int:
        """Hand out the document at the head of a queue."""
        job = heappop(self.lists[queue]).job
        self.waiting.remove(job)
        return job
