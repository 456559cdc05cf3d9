"""A Celery worker: it reserves messages ahead of its processes, and acknowledges them early or late."""

from __future__ import annotations

from collections import deque
from functools import partial
from typing import TYPE_CHECKING

from workersim.engines.reference.autoscale import Autoscale
from workersim.engines.reference.clock import Order, message_key, place_key
from workersim.engines.reference.container import Container, Process, State
from workersim.engines.reference.sweeps import Sweeps
from workersim.runlog import Outcome
from workersim.units import NEVER

if TYPE_CHECKING:
    from collections.abc import Callable

    import simpy

    from workersim.engines.reference.ledger import Attempt
    from workersim.engines.reference.replica import Replica

__all__ = ["CeleryWorker"]

HARD_LIMIT_TAKES = 170_000_000  # from a hard limit until another process is forked: SIGTERM, 0.1 s, SIGKILL; measured
HAND_BACK_TAKES = 1_650_000_000  # from the end of the last document until a drained worker goes: 1.5 to 1.8 s, measured


class CeleryWorker(Container):
    """One worker with its processes.

    Attributes
    ----------
    unacked
        What it has popped and not acknowledged, in the order of the pops.
    fetching
        The message that is on its way to it.
    held
        Messages that wait for their due time, or for the rate limit of their class, and the event that ends it.
    line
        Messages that wait for a process.
    handed
        How many are on their way into a process.
    asked
        Since when it has been asking for a message; None: it does not.
    forks_until
        Until when it forks processes.  That is done in its loop, so till then it asks for nothing, receives nothing and
        hands nothing over.
    """

    def __init__(self, replica: Replica) -> None:
        settings = replica.fleet.service.celery
        if settings is None:
            msg = f"{replica.fleet.service.name} has no Celery workers"
            raise TypeError(msg)
        super().__init__(replica, settings.processes or replica.fleet.service.concurrency)
        self.settings = settings
        self.unacked: dict[Attempt, None] = {}
        self.fetching: Attempt | None = None
        self.held: dict[Attempt, simpy.Event] = {}
        self.not_due = 0
        self.line: deque[Attempt] = deque()
        self.handed = 0
        self.asked: int | None = None
        self.forks_until = 0
        self.next_start = [0] * len(self.documents.rates)  # by class
        self.going = False
        self.autoscale = Autoscale(self) if settings.processes else None
        self.sweeps = Sweeps(self)

    @property
    def reserved(self) -> int:
        """Messages that it has ready for a process, and those that run (celery worker/state.py)."""
        return len(self.line) + self.handed + self.running

    def may_fetch(self) -> bool:
        """Tell whether it asks Redis for a message.

        It does while it holds fewer unacknowledged ones than its window; each message held until it is due widens the
        window by one (kombu transport/virtual/base.py, ``QoS.can_consume``; celery worker/strategy.py).  One BRPOP is
        under way at a time, one message each (kombu redis.py, ``MultiChannelPoller``).
        """
        if self.draining or self.fetching is not None or not self.broker.up or self.forks:
            return False
        settings = self.settings
        if settings.window < NEVER and len(self.unacked) >= settings.window + self.not_due:
            return False
        return not settings.disable_prefetch or self._has_room()

    @property
    def forks(self) -> bool:
        """Whether it does nothing else just now (measured: 40 to 100 ms a process)."""
        return self.clock.now < self.forks_until

    def _has_room(self) -> bool:
        """``worker_disable_prefetch``: only while some process is not spoken for (celery worker/consumer/tasks.py)."""
        return self.reserved < self.service.concurrency

    def ask(self) -> None:
        """Notice whether it asks, and since when."""
        if not self.may_fetch():
            self.asked = None
        elif self.asked is None:
            self.asked = self.clock.now

    def begun(self) -> int:
        """Return when its present BRPOP began: it is renewed when the poll has timed out (kombu, ``brpop_timeout``).

        Redis serves the client whose BRPOP is the oldest (measured).
        """
        if self.asked is None:
            msg = "it does not ask"
            raise RuntimeError(msg)
        period = max(1, self.settings.poll_ns + self.settings.fetch_ns)
        return self.asked + (self.clock.now - self.asked) // period * period

    def fetch(self) -> None:
        """Pop the message that it is served, which lands after the way from Redis."""
        attempt = self.choose(self.broker.best(self.service.queues))
        self.broker.pop(attempt)
        attempt.fetched = self.clock.now
        self.unacked[attempt] = None
        self.broker.remember(attempt, self)
        self.fetching, self.asked = attempt, None
        self._plan_return(attempt, self.clock.now + self.settings.fetch_ns, partial(self._land, attempt))

    def _plan_return(self, attempt: Attempt, instant: int, then: Callable[[], None]) -> simpy.Event:
        return self.plan(instant, Order.RETURN + message_key(attempt.job, attempt.number), then)

    def _land(self, attempt: Attempt) -> None:
        """Receive a message: drop it if it has expired, hold it until it is due, or have it join the line.

        celery worker/request.py, ``maybe_expire``; worker/strategy.py and consumer.py, ``apply_eta_task``.
        """
        if self.forks:
            self._plan_return(attempt, self.forks_until, partial(self._land, attempt))
            return
        now = self.clock.now
        self.fetching, attempt.reserved = None, now
        self.world.call()
        if self.draining:
            return
        if self.autoscale:
            self.autoscale.last_receipt = now
        if now > attempt.expires:
            self._expire(attempt)
        elif attempt.eta > now:
            self.not_due += 1
            self.held[attempt] = self._plan_return(attempt, attempt.eta, partial(self._fall_due, attempt))
        else:
            self._pass_rate_limit(attempt)

    def _expire(self, attempt: Attempt) -> None:
        self.ledger.close(attempt, Outcome.EXPIRED)
        self.acknowledge(attempt)

    def _fall_due(self, attempt: Attempt) -> None:
        del self.held[attempt]
        self.not_due -= 1
        self._pass_rate_limit(attempt)

    def _pass_rate_limit(self, attempt: Attempt) -> None:
        """Hold a message until its class may start again in this worker: a token bucket that holds one.

        celery worker/consumer/consumer.py, ``bucket_for_task``.
        """
        job_class = self.documents.classes[attempt.job]
        release = max(self.clock.now, self.next_start[job_class])
        self.next_start[job_class] = release + self.documents.rates[job_class]
        if release > self.clock.now:
            self.held[attempt] = self._plan_return(attempt, release, partial(self._release, attempt))
        else:
            self._join(attempt)

    def _release(self, attempt: Attempt) -> None:
        del self.held[attempt]
        self._join(attempt)

    def _join(self, attempt: Attempt) -> None:
        """Queue for a process (celery worker/worker.py, ``_process_task_sem``)."""
        self.line.append(attempt)
        if self.autoscale:
            self.autoscale.grow()
        self.world.call()

    def assign(self) -> None:
        """Hand messages to idle processes, first come, first served; those that have expired are dropped.

        Only a process that is not busy is written to (celery concurrency/asynpool.py, ``SCHED_STRATEGY_FAIR``).
        """
        while self.line and not self.forks and (process := self._idle_process()):
            attempt = self.line.popleft()
            if self.clock.now > attempt.expires:
                self._expire(attempt)
                continue
            process.state = State.HANDED
            self.handed += 1
            then = partial(self._begin, process, attempt)
            self._plan_return(attempt, self.clock.now + self.settings.hand_off_ns, then)

    def _idle_process(self) -> Process | None:
        idle = [slot for slot, process in self.processes.items() if process.state is State.IDLE]
        return self.processes[min(idle)] if idle else None

    def _begin(self, process: Process, attempt: Attempt) -> None:
        if self.forks:
            self._plan_return(attempt, self.forks_until, partial(self._begin, process, attempt))
            return
        self.handed -= 1
        self.start(process, attempt)
        self.world.call()

    def started(self, attempt: Attempt) -> None:
        """Early: acknowledge when a process accepts the message (celery worker/request.py, ``on_accepted``)."""
        if not self.settings.late:
            self.acknowledge(attempt)

    def ended(self, attempt: Attempt) -> None:
        """Late: acknowledge whatever the outcome (celery worker/request.py, ``on_success``, ``on_timeout``)."""
        if self.settings.late:
            self.acknowledge(attempt)

    def lost(self, attempt: Attempt) -> None:
        """Requeue the message of a killed process if it is unacknowledged and the worker is told to; else it is gone.

        celery worker/request.py, ``on_failure`` with ``WorkerLostError`` and ``reject_on_worker_lost``.
        """
        if self.settings.late:
            self.acknowledge(attempt)
            if self.settings.reject_on_worker_lost:
                self.documents.send_again(attempt.job)
                return
        self.broker.delete_copies(attempt)

    def acknowledge(self, attempt: Attempt) -> None:
        """Count a message no more."""
        del self.unacked[attempt]
        self.broker.acknowledge(attempt)

    def worn_out(self, process: Process) -> bool:
        """Tell whether a process has worked off ``max_tasks_per_child``, or held more than ``max_memory_per_child``.

        Both are looked at after a task (billiard pool.py, ``Worker.workloop``).
        """
        tasks = self.settings.max_tasks_per_child or NEVER
        memory = self.settings.max_memory_per_child or NEVER
        return process.worked >= tasks or process.mark > memory

    def replace_killed(self, process: Process) -> None:
        """Replace a process that a hard time limit killed (billiard pool.py, ``on_hard_timeout``; measured)."""
        self.replace(process, HARD_LIMIT_TAKES)

    @property
    def working(self) -> int:
        """Processes that have a document, or are about to get one."""
        return self.running + self.handed

    def stop_taking(self) -> None:
        """Stop consuming: what is held or waits does not move any more (celery docs/userguide/workers.rst)."""
        self.asked = None
        for event in self.held.values():
            self.cancel(event)
        self.held.clear()
        self.sweeps.stop()
        if self.autoscale:
            self.autoscale.stop()

    def go_if_nothing_runs(self) -> None:
        """Go some time after the last document has ended (measured: 1.5 to 1.8 s)."""
        if self.working == 0 and not self.going:
            self.going = True
            self.plan(self.clock.now + HAND_BACK_TAKES, Order.READY + place_key(*self.place), self._go)

    def _go(self) -> None:
        """Hand back what it holds, to the heads of the lists: the last popped is served first (measured).

        kombu redis.py, ``Channel.close`` and ``_do_restore_message``.
        """
        for attempt in self.unacked:
            if attempt in self.broker.register:
                self.broker.acknowledge(attempt)
                self.documents.put_back(attempt)
            self.ledger.close(attempt, Outcome.REDELIVERED)
        self.replica.gone()
