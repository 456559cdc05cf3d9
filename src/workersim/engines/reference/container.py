"""A container while it is up: processes that share its vCPUs and its memory, whoever hands them their messages."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from workersim.engines.reference.clock import Order, place_key
from workersim.engines.reference.cpu import Cpu
from workersim.engines.reference.run import Run
from workersim.runlog import Outcome
from workersim.units import NEVER

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import simpy

    from workersim.engines.reference.ledger import Attempt
    from workersim.engines.reference.replica import Replica

__all__ = ["FORK", "Container", "Process", "State"]

FORK = 50_000_000  # from the end of a process until another is forked: 38 to 90 ms, measured
RECYCLE = 100_000_000 + FORK  # from the last document of a worn process: it waits 0.1 s before it exits (billiard)


class State(Enum):
    """What a process is at; one that starts counts as dead."""

    IDLE = 0
    HANDED = 1
    RUNNING = 2
    DEAD = 3


class Process:
    """A process slot, which runs one document at a time.

    Attributes
    ----------
    mark
        The most memory that it has held, which it does not give back before it ends (getrusage ``ru_maxrss``).
    worked
        Documents that it has worked off.
    """

    __slots__ = ("container", "mark", "run", "slot", "state", "worked")

    def __init__(self, container: Container, slot: int, mark: int) -> None:
        self.container, self.slot, self.mark = container, slot, mark
        self.state, self.worked = State.IDLE, 0
        self.run: Run | None = None


class Container:
    """What the workers of all kinds have in common; each kind says what happens at starts and ends."""

    def __init__(self, replica: Replica, slots: int) -> None:
        fleet = replica.fleet
        self.replica, self.service, self.world = replica, fleet.service, fleet.world
        self.clock, self.ledger = fleet.world.clock, fleet.world.ledger
        self.broker, self.documents = fleet.world.broker, fleet.world.documents
        self.place = replica.place
        self.cpu = Cpu(self.clock, self.service.vcpus)
        self.wheel = list(self.service.queues)
        self.processes = {slot: Process(self, slot, self.service.process_bytes) for slot in range(slots)}
        self.running = 0
        self.up, self.draining = True, False
        self.plans: dict[simpy.Event, None] = {}  # what is due in here as long as it is up

    def plan(self, instant: int, order: int, callback: Callable[[], None], *, look: bool = False) -> simpy.Event:
        """Have something happen in here, unless the container goes before."""

        def happen(event: simpy.Event) -> None:
            del self.plans[event]
            callback()

        event = (self.clock.look_at if look else self.clock.at)(instant, order, happen)
        self.plans[event] = None
        return event

    def cancel(self, event: simpy.Event) -> None:
        """Have something not happen that was planned."""
        del self.plans[event]
        self.clock.cancel(event)

    def choose(self, heads: Mapping[int, Attempt]) -> Attempt:
        """Take the message of the first queue that has one; served in turn, a queue goes to the end.

        The wheel is each worker's own and turns on every message (kombu utils/scheduling.py, ``round_robin_cycle``).
        """
        queue = next(queue for queue in self.wheel if queue in heads)
        if self.service.in_turn:
            self.wheel.remove(queue)
            self.wheel.append(queue)
        return heads[queue]

    def start(self, process: Process, attempt: Attempt) -> None:
        """Start an attempt in a process."""
        process.state = State.RUNNING
        self.running += 1
        self.ledger.start(attempt, *self.place, process.slot)
        self.started(attempt)
        needs = self.service.process_bytes + self.documents.memory[attempt.job]
        rises = needs > process.mark
        process.mark = max(process.mark, needs)
        if self.service.limit_bytes < NEVER and self.memory > self.service.limit_bytes:
            self.ledger.close(attempt, Outcome.LOST)
            process.state = State.DEAD
            self.replica.run_out_of_memory()
            return
        process.run = Run(self, process, attempt)
        if rises:
            self.replica.note()

    def leave(self, process: Process, outcome: Outcome, *, killed: bool = False) -> None:
        """Close the row of the attempt in a process, which gets idle or is replaced."""
        attempt = self._take_from(process, outcome)
        self.ended(attempt)
        self.broker.delete_copies(attempt)
        if killed:
            self.replace_killed(process)
        elif self.worn_out(process):
            self.replace(process, RECYCLE)
        else:
            process.state = State.IDLE
            self.freed(process)
        self.changed()

    def _take_from(self, process: Process, outcome: Outcome) -> Attempt:
        if process.run is None:
            msg = f"process {process.slot} runs nothing"
            raise RuntimeError(msg)
        attempt, process.run = process.run.attempt, None
        self.running -= 1
        process.worked += 1
        self.ledger.close(attempt, outcome)
        return attempt

    def changed(self) -> None:
        """See to what follows when processes change."""
        if self.draining:
            self.go_if_nothing_runs()
        self.replica.note()
        self.world.call()

    def replace(self, process: Process, takes_ns: int) -> None:
        """Have a new process stand in for one that is gone."""
        process.state, process.mark, process.worked = State.DEAD, 0, 0
        key = place_key(*self.place, process.slot)
        takes_ns += self.service.celery.process_start_ns if self.service.celery else 0
        self.plan(self.clock.now + takes_ns, Order.READY + key, lambda: self.process_ready(process))

    def process_ready(self, process: Process) -> None:
        """Have a new process take messages."""
        process.state, process.mark = State.IDLE, self.service.process_bytes
        self.freed(process)
        self.replica.note()
        self.world.call()

    def kill_process(self, slot: int) -> None:
        """Kill one process, or with a slot below 0 the lowest one that runs something, and replace it."""
        process = self._struck(slot)
        if process is None or process.state in {State.HANDED, State.DEAD}:
            return
        if process.run is None:
            self.took_away(process)
        else:
            process.run.cut()
            self.lost(self._take_from(process, Outcome.LOST))
        self.replace(process, FORK)
        self.changed()

    def _struck(self, slot: int) -> Process | None:
        if slot >= 0:
            return self.processes.get(slot)
        return next((process for _, process in sorted(self.processes.items()) if process.run is not None), None)

    def kill(self) -> None:
        """End everything in here at once: what runs is lost."""
        self.up = False
        for process in self.processes.values():
            if process.state is State.IDLE:
                self.took_away(process)
            if process.run is not None:
                process.run.stop()
                self.ledger.close(process.run.attempt, Outcome.LOST)
        self.close()

    def close(self) -> None:
        """Plan nothing more."""
        self.up = False
        self.cpu.close()
        for event in list(self.plans):
            self.cancel(event)

    @property
    def memory(self) -> int:
        """Bytes that are held by the container and its living processes."""
        return self.service.parent_bytes + sum(
            process.mark for process in self.processes.values() if process.state is not State.DEAD
        )

    @property
    def slots(self) -> int:
        """Slots that are up: all, or if it drains those that work."""
        return self.working if self.draining else len(self.processes)

    @property
    def working(self) -> int:
        """Processes that have a document."""
        return self.running

    def drain(self) -> None:
        """Take nothing more (SIGTERM)."""
        self.stop_taking()
        self.draining = True

    # What the kinds of workers do in their own ways.

    def started(self, attempt: Attempt) -> None:
        """See to the message of an attempt that starts."""

    def ended(self, attempt: Attempt) -> None:
        """See to the message of an attempt that has been worked off."""

    def lost(self, attempt: Attempt) -> None:
        """See to the message of an attempt whose process was killed."""
        self.broker.delete_copies(attempt)

    def freed(self, process: Process) -> None:
        """Have a process take messages from now on."""

    def took_away(self, process: Process) -> None:
        """Have an idle process take none any more."""

    def worn_out(self, process: Process) -> bool:  # noqa: ARG002 (an ideal one never is)
        """Tell whether a process has done all that one process may do."""
        return False

    def replace_killed(self, process: Process) -> None:
        """Have a process replaced that a hard time limit killed."""
        process.state, process.mark = State.IDLE, self.service.process_bytes
        self.freed(process)

    def stop_taking(self) -> None:
        """Take no more messages."""

    def go_if_nothing_runs(self) -> None:
        """Go if the last document is done."""
        if self.running == 0:
            self.replica.gone()
