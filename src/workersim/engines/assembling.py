"""From a scenario to what engines run jobs on: names become numbers, and chance has its say once."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from workersim import workload
from workersim.engines.system import BUSY, WHOLE, Celery, Change, Happening, Service, System
from workersim.policies import make_policy
from workersim.scenario import Failures
from workersim.units import NEVER
from workersim.workload.schedule import Breakdowns, last_ns, startups_ns

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from workersim.scenario import Fleet, Scenario
    from workersim.workload import Jobs, Streams

__all__ = ["Crashes", "scripted_system", "system_of"]

MOST_NUMBERS = 1000  # replicas of an autoscaled fleet without a maximum that are given crashes by chance


def system_of(scenario: Scenario, jobs: Jobs, streams: Streams) -> System:
    """Return the services of a scenario, and the schedule of all that happens to them.

    Parameters
    ----------
    scenario
        What is asked.
    jobs
        Its jobs: they say which queues there are, and how long crashes by chance have to be drawn.
    streams
        Where the random numbers of this replication come from.

    Raises
    ------
    InputError
        If something drawn makes no sense, or there is too much of it.
    """
    drawn = Crashes(scenario, streams).until(last_ns(jobs, workload.horizon_ns(scenario)))
    return scripted_system(scenario, jobs.table.queues, streams, drawn)


def scripted_system(
    scenario: Scenario, queues: tuple[str, ...], streams: Streams, drawn: Iterable[Change] = ()
) -> System:
    """Return the same of a scenario that has these queues; of crashes by chance only those that are given."""
    fleets = list(scenario.fleets.items())
    services = [_service(name, fleet, queues, scenario, index, streams) for index, (name, fleet) in enumerate(fleets)]
    rows = (_scripted(fleet, index) for index, (_, fleet) in enumerate(fleets))
    outages = (
        Change(int(outage.at), Happening.OUTAGE, -1, lasts_ns=int(outage.lasts)) for outage in scenario.broker.outages
    )
    # stable: rows of one instant and kind stay in the order of the scenario
    schedule = sorted(chain(*rows, drawn, outages), key=lambda row: (row.at_ns, row.kind))
    return System(tuple(services), queues, tuple(schedule))


class Crashes:
    """The crashes by chance of every replica number that can occur, drawn as far as they are needed."""

    def __init__(self, scenario: Scenario, streams: Streams) -> None:
        fleets = enumerate(scenario.fleets.values())
        self._services = [Breakdowns(fleet, index, _numbers(fleet), streams) for index, fleet in fleets]

    def until(self, until_ns: int) -> list[Change]:
        """Return those up to an instant that have not been returned yet, service by service."""
        return [
            Change(broken.at_ns, Happening.CRASH, index, broken.replica, WHOLE, lasts_ns=broken.down_ns, drawn=True)
            for index, service in enumerate(self._services)
            for broken in service.until(until_ns)
        ]


def _numbers(fleet: Fleet) -> int:
    """Return how many numbers replicas of a fleet can have."""
    most = max([fleet.replicas, *(change.replicas for change in fleet.changes)])
    if fleet.autoscale is not None:
        most = max(most, min(fleet.autoscale.most, MOST_NUMBERS))
    return most * (2 if fleet.deploys else 1)  # in a deploy old and new replicas stand side by side


def _service(
    name: str, fleet: Fleet, queues: tuple[str, ...], scenario: Scenario, index: int, streams: Streams
) -> Service:
    consumed = fleet.queues or queues
    listed = sorted(consumed) if fleet.queue_order == "sorted" else consumed
    return Service(
        name=name,
        replicas=fleet.replicas,
        concurrency=fleet.concurrency,
        vcpus=fleet.cores,
        queues=tuple(queues.index(each) for each in listed if each in queues),
        in_turn=fleet.queue_order == "round_robin",
        dispatch=fleet.dispatch,
        celery=None if fleet.celery is None else _celery(fleet),
        startups_ns=startups_ns(scenario, index, streams),
        drain_ns=NEVER if fleet.drain is None else int(fleet.drain),
        process_bytes=fleet.process_bytes,
        parent_bytes=int(fleet.parent_memory),
        limit_bytes=NEVER if fleet.memory_limit is None else int(fleet.memory_limit),
        restarts=fleet.restarts,
        price=fleet.replica_price,
        gb_price=fleet.gb_price,
        vcpu_price=fleet.vcpu_price,
        least_price=fleet.least_price,
        every_ns=NEVER if fleet.autoscale is None else fleet.autoscale.every_ns,
        policy=None if fleet.autoscale is None else make_policy(fleet.autoscale),
    )


def _celery(fleet: Fleet) -> Celery | None:
    worker = fleet.celery
    if worker is None:
        return None
    window = worker.window(fleet.concurrency)
    return Celery(
        window=NEVER if window is None else window,
        late=worker.acks == "late",
        disable_prefetch=worker.disable_prefetch,
        reject_on_worker_lost=worker.reject_on_worker_lost,
        visibility_timeout_ns=int(worker.visibility_timeout),
        fetch_ns=int(worker.fetch),
        poll_ns=int(worker.poll),
        hand_off_ns=int(worker.hand_off),
        sweep_first_ns=worker.sweep_first_ns,
        sweep_every_ns=worker.sweep_every_ns,
        process_start_ns=int(worker.process_start),
        max_tasks_per_child=worker.max_tasks_per_child or 0,
        max_memory_per_child=int(worker.max_memory_per_child or 0),
        processes=worker.autoscale.min if worker.autoscale else 0,
        keepalive_ns=int(worker.autoscale.keepalive) if worker.autoscale else NEVER,
    )


def _scripted(fleet: Fleet, service: int) -> Iterator[Change]:
    """Return what the scenario says will happen to a service."""
    if not isinstance(fleet.crashes, Failures):
        for crash in fleet.crashes:
            slot = WHOLE if crash.slot is None else BUSY if isinstance(crash.slot, str) else crash.slot
            down_ns = NEVER if crash.down_for is None else int(crash.down_for)
            for replica in crash.replicas:
                yield Change(int(crash.at), Happening.CRASH, service, replica, slot, lasts_ns=down_ns)
    for stop in fleet.stops:
        grace_ns = NEVER if stop.grace is None else int(stop.grace)
        yield Change(int(stop.at), Happening.STOP, service, stop.replica, lasts_ns=grace_ns)
    for change in fleet.changes:
        yield Change(int(change.at), Happening.CHANGE, service, replicas=change.replicas)
    for deploy in fleet.deploys:
        yield Change(
            int(deploy.at), Happening.DEPLOY, service, lasts_ns=int(deploy.overlap), drain_ns=int(deploy.drain)
        )
