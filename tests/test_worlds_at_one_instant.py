"""What comes first when several things fall on one instant, on fleets that change and with messages that come back.

A run worked out by hand for each adjacent pair of kinds in docs/order.md that can be told apart; milliseconds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .worlds import ENGINES, MS, D, celery, change, cpu, crash, deploy, docs, ideal, io, run, stop

if TYPE_CHECKING:
    from collections.abc import Callable

    from workersim.policies import Observation

pytestmark = pytest.mark.parametrize("engine", ENGINES)

NS = 1 / MS


def watcher(*wants: int) -> tuple[list[Observation], Callable[[], Callable[[Observation], int]]]:
    """Return what will have been seen, and what makes a policy that wants one number after the other."""
    seen: list[Observation] = []
    left = list(wants)

    def want(observation: Observation) -> int:
        seen.append(observation)
        return left.pop(0) if len(left) > 1 else left[0]

    return seen, lambda: want


def test_io_ends_come_before_cpu_ends(engine: str) -> None:
    """As in test_order_at_one_instant.py, in nanoseconds: the CPU end leaves another one due half of one later."""
    jobs = [
        D(1 * NS, (cpu(2 * NS),)),
        D(2 * NS, (cpu(4 * NS),)),
        D(3 * NS, (io(2 * NS), cpu(2 * NS))),
        D(3 * NS, (cpu(1 * NS),)),
    ]
    ran = run(engine, jobs, ideal(1, 4, vcpus=1.0))
    assert ran.log.attempts.finished_ns.tolist() == [5, 10, 9, 6]


def test_cpu_ends_come_before_time_limits(engine: str) -> None:
    """Two share a vCPU and end at 400, the limit of one of them."""
    ran = run(engine, [D(0, (cpu(200),), hard=400), D(0, (cpu(200),))], ideal(1, 2, vcpus=1.0))
    assert ran.brief == [(0, 400, "0.0", "done"), (0, 400, "0.1", "done")]


def test_a_phase_of_no_length_ends_before_the_time_limit_of_its_instant(engine: str) -> None:
    ran = run(engine, [D(0, (io(400), cpu(0), io(0)), hard=400), D(400, 0, soft=0)], ideal())
    assert ran.brief == [(0, 400, "0.0", "done"), (400, 400, "0.0", "done")]


def test_time_limits_come_before_crashes(engine: str) -> None:
    ran = run(engine, [D(hard=300)], ideal(), schedule=[crash(300, 0)])
    assert ran.brief == [(0, 300, "0.0", "timed_out")]


def test_phase_ends_come_before_crashes(engine: str) -> None:
    ran = run(engine, [D(0, 300), D(0, (cpu(300),))], ideal(1, 2), schedule=[crash(300, 0)])
    assert ran.brief == [(0, 300, "0.0", "done"), (0, 300, "0.1", "done")]


def test_crashes_come_before_changes(engine: str) -> None:
    """Replica 1 is lost for good, so that one more is needed; it would not be if the change came first."""
    ran = run(engine, docs(1), ideal(2), schedule=[change(500, 2), crash(500, 1)])
    assert ran.fleet[2:] == [(500, 1, "down", 0), (500, 2, "ready", 1)]


def test_crashes_come_before_stops_and_stops_before_changes(engine: str) -> None:
    """The crash leaves nothing to stop but a return, which the stop ends; the change then gives the number away."""
    schedule = [change(500, 1), stop(500, 0), crash(500, 0, down_for=100)]
    ran = run(engine, docs(1), ideal(1, startups=[50]), schedule=schedule)
    assert ran.brief == [(0, 500, "0.0", "lost")]
    assert ran.fleet[1:] == [(500, 0, "starting", 0), (550, 0, "ready", 1)]


def test_changes_come_before_deploys(engine: str) -> None:
    """Two are wanted, so two new ones start; the old ones are replicas 0 and 1."""
    ran = run(engine, docs(1, ms=100), ideal(1, startups=[50]), schedule=[deploy(500), change(500, 2)])
    assert [row[:3] for row in ran.fleet if row[0] == 550] == [
        (550, 0, "down"),
        (550, 1, "down"),
        (550, 2, "ready"),
        (550, 3, "ready"),
    ]


def test_the_schedule_comes_before_the_ends_of_overlaps(engine: str) -> None:
    """The change at 500 finds replica 0 still there and starts number 2."""
    ran = run(engine, [], ideal(1), schedule=[deploy(0, overlap=500), change(500, 2)])
    assert ran.fleet[2:] == [(500, 0, "down", 0), (500, 2, "ready", 1)]


def test_the_schedule_comes_before_the_ends_of_graces(engine: str) -> None:
    """The change at 500 finds replica 1 still there and starts number 2."""
    ran = run(engine, docs(2), ideal(2), schedule=[stop(300, 1, 200), change(500, 2)])
    assert ran.fleet[3:] == [(500, 1, "down", 0), (500, 2, "ready", 1)]


def test_kills_come_before_a_drained_worker_goes(engine: str) -> None:
    """An idle worker with a message in flight would hand it back at 100 + 1650, when its grace is over: it does not."""
    ran = run(engine, docs(1), celery(1, 1, fetch=5000), schedule=[stop(100, 0, 1650)])
    assert ran.rows == [(0, None, None, None, "", "unfinished")]


def test_crashes_come_before_replicas_are_ready(engine: str) -> None:
    ran = run(engine, docs(1, at=200), ideal(0, startups=[200]), schedule=[change(0, 1), crash(200, 0)])
    assert ran.brief == [(200, 1200, "0.0", "done")]


def test_workers_that_go_at_one_instant_hand_back_in_the_order_of_their_numbers(engine: str) -> None:
    """Each holds a document that is not due; the one that replica 1 pushes last is served first."""
    jobs = docs(2, ms=10, countdown=5000)
    ran = run(engine, jobs, celery(2, 1), schedule=[stop(100, 1), stop(100, 0), change(1000, 1)])
    assert [row[1] for row in ran.rows] == [1, 1752, 1, 1751]


def test_replicas_are_ready_before_a_tick(engine: str) -> None:
    seen, make = watcher(2)
    run(engine, docs(3), ideal(1, every=300, policy=make, startups=[200]), schedule=[change(100, 2)], until=300)
    assert (seen[0].ready, seen[0].starting, seen[0].slots_up, seen[0].running) == (2, 0, 2, 1)


def test_policies_come_before_sweeps(engine: str) -> None:
    """At 1000 replica 1 is taken back and killed; the sweep of replica 0 then finds nobody who holds document 3."""
    _, make = watcher(1)
    service = celery(
        2, 1, window=1, every=1000, policy=make, drain=0, visibility_timeout=500, sweep_first=1000, sweep_every=9000
    )
    ran = run(engine, [D(0, 100), D(0, 3000), D(100, 3000), D(200, 10)], service, until=1500)
    assert ran.rows[1:3] == [(0, 1, 4, 1000, "1.0", "lost"), (100, 101, 107, None, "0.0", "unfinished")]
    assert ran.rows[3] == (200, 201, None, 1000, "", "redelivered")


def test_ticks_come_before_messages_that_return(engine: str) -> None:
    """At 300 a retry falls due and another one is published; the tick sees neither, but knows of the first."""
    seen, make = watcher(1)
    jobs = [D(0, 100, fails=1, retries=(200,)), D(100, 200, fails=1, retries=(0,)), D(200, 500)]
    run(engine, jobs, ideal(1, every=300, policy=make), until=300)
    assert (seen[0].queue_length, seen[0].running, seen[0].backlog) == (1, 0, 2)


def test_keepalive_ticks_come_before_landings(engine: str) -> None:
    """At 1000 nothing was received since 2, so a process goes; a message that lands there would have kept it."""
    jobs = [D(0, 10), D(0, 10), D(999, 10)]
    ran = run(engine, jobs, celery(1, 2, processes=1, keepalive=500), until=1100)
    assert ran.fleet == [(0, 0, "ready", 1), (2, 0, "ready", 2), (1000, 0, "ready", 1)]


def test_messages_return_in_the_order_of_documents_and_attempts(engine: str) -> None:
    """Both fall due at 400; document 1 was published first."""
    ran = run(engine, [D(100, 50, countdown=300), D(0, 50, countdown=400)], ideal())
    assert ran.starts == [400, 450]


def test_messages_pass_a_rate_limit_in_the_order_of_documents(engine: str) -> None:
    """Both fall due at 500; document 1 was published first, and 0 passes the limit of their class first."""
    jobs = [D(100, 10, countdown=400, job_class=1), D(0, 10, countdown=500, job_class=1)]
    ran = run(engine, jobs, celery(1, 2), rates=(0, 200))
    assert ran.starts == [503, 703]


def test_messages_that_return_come_before_arrivals(engine: str) -> None:
    ran = run(engine, [D(100, 50), D(0, 50, countdown=100)], ideal())
    assert ran.starts == [150, 100]


def test_followers_arrive_among_the_others_in_the_order_of_rows(engine: str) -> None:
    """At 100 document 0 is done; 1 follows it, 2 arrives by itself, 3 follows too."""
    ran = run(engine, [D(0, 100, then=(1, 3)), D(None, 50), D(100, 50), D(None, 50)], ideal())
    assert ran.starts == [0, 100, 150, 200]


def test_arrivals_come_before_dispatch(engine: str) -> None:
    """A worker whose window opens at 1004 pops the urgent document that arrives there, not the one that waits."""
    jobs = [D(0, 1000), D(1, 100), D(1004, 100, "urgent")]
    service = celery(1, 1, window=1, late=True, queues=(0, 1), in_turn=False)
    ran = run(engine, jobs, service, queues=("urgent", "default"))
    assert ran.starts == [4, 1112, 1008]


def test_dispatch_comes_before_the_end_of_patience(engine: str) -> None:
    ran = run(engine, [D(0, 300), D(0, 100, expires=300), D(0, 100, expires=300)], ideal())
    assert ran.brief == [(0, 300, "0.0", "done"), (300, 400, "0.0", "done"), (None, 300, "", "expired")]


def test_slots_that_get_idle_in_different_ways_join_together(engine: str) -> None:
    """At 300 replica 1 gets ready, slot 0.1 is free; they join by slot and replica: 1.0, 0.1, 1.1."""
    jobs = [D(0, 900), D(0, 300), D(300, 50), D(300, 50), D(300, 50)]
    ran = run(engine, jobs, ideal(1, 2, startups=[200]), schedule=[change(100, 2)])
    assert ran.places[2:] == ["1.0", "0.1", "1.1"]


def test_what_costs_no_time_leads_back_within_the_instant(engine: str) -> None:
    """With no fetch, no hand-off and no length, three documents pass through one process at 7."""
    service = celery(1, 1, window=1, late=True, fetch=0, hand_off=0)
    ran = run(engine, docs(3, at=7, ms=0), service)
    assert ran.rows == [(7, 7, 7, 7, "0.0", "done")] * 3


def test_the_end_of_patience_comes_before_the_end_of_the_run(engine: str) -> None:
    ran = run(engine, [D(0, 500), D(0, 100, expires=200), D(200, 10)], ideal(), until=200)
    assert [row[-1] for row in ran.rows] == ["unfinished", "expired", "unfinished"]


def test_everything_at_the_horizon_still_happens(engine: str) -> None:
    """At 300 a phase ends, a replica gets ready, and two documents start."""
    ran = run(engine, [D(0, 300), *docs(2, at=300)], ideal(1, startups=[200]), schedule=[change(100, 2)], until=300)
    assert ran.brief == [(0, 300, "0.0", "done"), (300, None, "0.0", "unfinished"), (300, None, "1.0", "unfinished")]
    assert ran.fleet[-1] == (300, 1, "ready", 1)
