"""The documents: when they arrive, what they ask for, and what follows when an attempt at one of them ends."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from workersim.engines.endless import MOST_DELIVERIES, never_drains
from workersim.engines.reference.broker import level_of
from workersim.engines.reference.clock import Order, message_key
from workersim.engines.reference.ledger import Attempt
from workersim.runlog import Kind, Outcome
from workersim.units import NEVER
from workersim.workload import plain_fates

if TYPE_CHECKING:
    from collections.abc import Generator

    import simpy

    from workersim.engines.reference.engine import World
    from workersim.workload import Jobs

__all__ = ["Documents"]


class Documents:
    """What each document asks for, and its way into the lists."""

    def __init__(self, world: World, jobs: Jobs, *, drains: bool) -> None:
        self.clock, self.ledger, self.broker, self.jobs = world.clock, world.ledger, world.broker, jobs
        self.drains, stepped = drains, world.system.stepped
        table, fates = jobs.table, jobs.fates or plain_fates(len(jobs), len(jobs.table.classes))
        self.queues, self.classes = table.queue.tolist(), table.job_class.tolist()
        self.levels = [level_of(priority, stepped=stepped) for priority in table.priority.tolist()]
        self.expires, self.countdowns = table.expires_ns.tolist(), fates.countdown_ns.tolist()
        self.lots = jobs.dispatch_u.tolist()
        self.first_phase, self.demands = jobs.first_phase.tolist(), jobs.phase_demand_ns.tolist()
        self.needs_cpu = (jobs.phase_kind == Kind.CPU).tolist()
        self.fails, self.fails_after = fates.fails.tolist(), fates.fails_after_ns.tolist()
        self.first_retry, self.retry_delays = fates.first_retry.tolist(), fates.retry_delay_ns.tolist()
        self.soft, self.hard = fates.soft_ns.tolist(), fates.hard_ns.tolist()
        self.memory, self.rates = fates.memory_bytes.tolist(), fates.rate_ns.tolist()
        self.predecessors = fates.predecessors.tolist()
        self.first_follower, self.followers = fates.first_follower.tolist(), fates.follower.tolist()
        self.rows = [0] * len(jobs)  # attempts of each so far
        self.failures = [0] * len(jobs)
        self.done = [False] * len(jobs)

    def arrivals(self) -> Generator[simpy.Event, None, None]:
        """Have each document arrive at its instant, unless it waits for others to be done."""
        instants = self.jobs.table.arrival_ns.tolist()
        for job in np.argsort(self.jobs.table.arrival_ns, kind="stable").tolist():
            if instants[job] < NEVER:
                yield self.clock.at(instants[job], Order.ARRIVAL + job)
                self.arrive(job)

    def arrive(self, job: int) -> None:
        """Publish a document for the first time."""
        now = self.clock.now
        self.ledger.arrivals[job] = now
        attempt = self.attempt(job)
        attempt.eta = now + self.countdowns[job]
        self.publish(attempt)

    def attempt(self, job: int) -> Attempt:
        """Return the next attempt at a document, which is not published yet."""
        attempt = Attempt(job, self.rows[job], self.queues[job], self.levels[job])
        attempt.expires = self.expires[job]
        if self.drains and self.rows[job] - self.failures[job] >= MOST_DELIVERIES:
            raise never_drains(job)
        self.rows[job] += 1
        return attempt

    def publish(self, attempt: Attempt, *, head: bool = False) -> None:
        """Open the row of an attempt, and put its message into its list as soon as the list holds such."""
        now = self.clock.now
        self.ledger.publish(attempt)
        if self.broker.by_celery[attempt.queue]:
            self.broker.enter(attempt, head=head)
        elif attempt.expires < now:
            self.ledger.close(attempt, Outcome.EXPIRED)
        else:
            self.broker.leave_when_patience_ends(attempt)
            if attempt.eta > now:
                key = message_key(attempt.job, attempt.number)
                attempt.due = self.clock.at(attempt.eta, Order.RETURN + key, lambda _: self.broker.enter(attempt))
            else:
                self.broker.enter(attempt, head=head)

    def put_back(self, attempt: Attempt) -> None:
        """Put the message of an attempt back to the head of its list; it is the same delivery.

        Consumers pop from the right end and ``_do_restore_message`` pushes there (kombu redis.py).
        """
        copy = self.attempt(attempt.job)
        copy.delivery, copy.eta = attempt.delivery, attempt.eta
        self.publish(copy, head=True)

    def send_again(self, job: int, delay_ns: int = 0) -> None:
        """Send a message of a new delivery to the tail of the list: a retry, or one that was rejected.

        celery app/task.py ``Task.retry``; kombu redis.py ``QoS.reject`` with requeue (LPUSH, served last: measured).
        """
        attempt = self.attempt(job)
        attempt.eta = self.clock.now + delay_ns
        key = message_key(job, attempt.number)
        self.clock.at(self.clock.now, Order.RETURN + key, lambda _: self.publish(attempt))

    def ended(self, attempt: Attempt, *, failures: int | None) -> Outcome:
        """Say how an attempt ends that got through its phases, and see to what follows.

        Parameters
        ----------
        attempt
            Which one.
        failures
            If it fails: how often the document had failed when it started.  The count travels with the message, so an
            attempt and a copy of it that both fail use up one retry.
        """
        job = attempt.job
        if failures is None:
            self._release_followers(job)
            return Outcome.DONE
        self.failures[job] = max(self.failures[job], failures + 1)
        retry = self.first_retry[job] + failures
        if retry >= self.first_retry[job + 1]:
            return Outcome.FAILED
        self.send_again(job, self.retry_delays[retry])
        return Outcome.RETRIED

    def _release_followers(self, job: int) -> None:
        """Have those arrive now that waited for this document alone, when it is done for the first time."""
        if self.done[job]:
            return
        self.done[job] = True
        for follower in self.followers[self.first_follower[job] : self.first_follower[job + 1]]:
            self.predecessors[follower] -= 1
            if self.predecessors[follower] == 0:
                if self.expires[follower] < NEVER:
                    self.expires[follower] += self.clock.now  # it was the length of its patience
                self.clock.at(self.clock.now, Order.ARRIVAL + follower, partial(self._follow, follower))

    def _follow(self, job: int, _: simpy.Event) -> None:
        self.arrive(job)
