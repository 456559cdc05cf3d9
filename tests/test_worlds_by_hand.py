"""Changing fleets of ideal workers, and what jobs meet on them: every row worked out by hand, in milliseconds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .worlds import (
    ENGINES,
    D,
    change,
    cpu,
    crash,
    deploy,
    docs,
    ideal,
    io,
    kill,
    outage,
    run,
    stop,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from workersim.policies import Observation

pytestmark = pytest.mark.parametrize("engine", ENGINES)

READY_AT_0 = [(0, 0, "ready", 1), (0, 1, "ready", 1)]


# Crashes, stops and outages.


def test_a_crash_loses_what_runs_and_the_replica_returns(engine: str) -> None:
    ran = run(engine, docs(3), ideal(2), schedule=[crash(500, 0, down_for=300)])
    assert ran.brief == [(0, 500, "0.0", "lost"), (0, 1000, "1.0", "done"), (800, 1800, "0.0", "done")]
    assert ran.fleet == [*READY_AT_0, (500, 0, "down", 0), (800, 0, "ready", 1)]
    assert ran.phases == [(0, 0, 0, None), (1, 0, 0, 1000), (2, 0, 800, 1800)]


def test_a_replica_that_crashes_for_good_keeps_its_number(engine: str) -> None:
    """Wanted are two from 600 on; one is left, so one starts, under the lowest free number: 2."""
    ran = run(engine, docs(3), ideal(2), schedule=[crash(500, 0), change(600, 2)])
    assert ran.brief == [(0, 500, "0.0", "lost"), (0, 1000, "1.0", "done"), (600, 1600, "2.0", "done")]
    assert ran.fleet == [*READY_AT_0, (500, 0, "down", 0), (600, 2, "ready", 1)]


def test_a_crash_of_what_is_not_up_has_no_effect(engine: str) -> None:
    """Replica 1 starts until 300, replica 7 was never there, and replica 0 is down when it is hit again."""
    schedule = [change(0, 2), crash(100, 1), crash(100, 7), crash(200, 0, down_for=600), crash(300, 0)]
    ran = run(engine, docs(1, at=900), ideal(1, startups=[300]), schedule=schedule)
    assert ran.fleet == [
        (0, 0, "ready", 1),
        (0, 1, "starting", 0),
        (200, 0, "down", 0),
        (300, 1, "ready", 1),
        (800, 0, "ready", 1),
    ]
    assert ran.brief == [(900, 1900, "1.0", "done")]


def test_a_draining_replica_that_crashes_is_just_gone(engine: str) -> None:
    """Its number is free for the next one, although the crash said when it would be back."""
    schedule = [stop(200, 1), crash(300, 1, down_for=100), change(500, 2)]
    ran = run(engine, docs(2), ideal(2), schedule=schedule)
    assert ran.brief == [(0, 1000, "0.0", "done"), (0, 300, "1.0", "lost")]
    assert ran.fleet == [*READY_AT_0, (200, 1, "draining", 1), (300, 1, "down", 0), (500, 1, "ready", 1)]


@pytest.mark.parametrize(
    ("grace", "finish", "outcome", "down"), [(None, 1000, "done", 1000), (300, 700, "lost", 700), (0, 400, "lost", 400)]
)
def test_a_stopped_replica_finishes_what_runs_within_its_grace(
    engine: str, grace: float | None, finish: float, outcome: str, down: float
) -> None:
    ran = run(engine, docs(3), ideal(2), schedule=[stop(400, 1, grace)])
    assert ran.brief == [(0, 1000, "0.0", "done"), (0, finish, "1.0", outcome), (1000, 2000, "0.0", "done")]
    draining = [(400, 1, "draining", 1)] if down > 400 else []
    assert ran.fleet == [*READY_AT_0, *draining, (down, 1, "down", 0)]


def test_the_earlier_of_two_graces_counts(engine: str) -> None:
    ran = run(engine, docs(1, ms=5000), ideal(), schedule=[stop(400, 0, 900), stop(500, 0, 300), stop(600, 0)])
    assert ran.brief == [(0, 800, "0.0", "lost")]
    assert ran.fleet == [(0, 0, "ready", 1), (400, 0, "draining", 1), (800, 0, "down", 0)]


def test_a_stop_of_one_that_starts_or_is_to_return_frees_its_number(engine: str) -> None:
    """Replica 1 was to be ready at 600, replica 0 to return at 900; both are stopped, and 0 is given away anew."""
    schedule = [change(0, 2), crash(100, 0, down_for=800), stop(200, 1), stop(200, 0), stop(200, 5), change(300, 1)]
    ran = run(engine, docs(1), ideal(1, startups=[600]), schedule=schedule)
    assert ran.brief == [(0, 100, "0.0", "lost")]
    assert ran.fleet == [
        (0, 0, "ready", 1),
        (0, 1, "starting", 0),
        (100, 0, "down", 0),
        (200, 1, "down", 0),
        (300, 0, "starting", 0),
        (900, 0, "ready", 1),
    ]


def test_a_draining_replica_shows_the_slots_that_still_work(engine: str) -> None:
    ran = run(engine, [D(0, 300), D(0, 600), D(0, 900)], ideal(1, 4), schedule=[stop(100, 0)])
    assert ran.fleet == [
        (0, 0, "ready", 4),
        (100, 0, "draining", 3),
        (300, 0, "draining", 2),
        (600, 0, "draining", 1),
        (900, 0, "down", 0),
    ]


def test_nobody_takes_a_message_while_the_broker_is_down(engine: str) -> None:
    """What runs goes on; arrivals enter their list all the same.  The second outage lies within the first."""
    ran = run(engine, docs(3, ms=200), ideal(), schedule=[outage(100, 400), outage(200, 100)])
    assert ran.brief == [(0, 200, "0.0", "done"), (500, 700, "0.0", "done"), (700, 900, "0.0", "done")]


def test_a_killed_process_loses_its_job_and_is_replaced_after_50_ms(engine: str) -> None:
    ran = run(engine, docs(4, ms=400), ideal(1, 2), schedule=[kill(100, 0, 1)])
    assert ran.brief == [
        (0, 400, "0.0", "done"),
        (0, 100, "0.1", "lost"),
        (150, 550, "0.1", "done"),
        (400, 800, "0.0", "done"),
    ]
    assert ran.fleet == [(0, 0, "ready", 2)]


def test_an_idle_process_that_is_killed_leaves_the_line(engine: str) -> None:
    """Slot 0 would be next; it is dead from 100 to 150, and joins behind slot 1.  A dead one is not hit again."""
    schedule = [kill(100, 0, 0), kill(120, 0, 0)]
    ran = run(engine, [D(120, 500), D(140, 500)], ideal(1, 2), schedule=schedule)
    assert ran.brief == [(120, 620, "0.1", "done"), (150, 650, "0.0", "done")]


def test_a_crash_may_hit_the_lowest_process_that_works(engine: str) -> None:
    """At 50 nobody works; at 300 slot 1 does, since slot 0 is done."""
    schedule = [kill(50, 0, -2), kill(300, 0, -2)]
    ran = run(engine, [D(100, 100), D(100, 500)], ideal(1, 2), schedule=schedule)
    assert ran.brief == [(100, 200, "0.0", "done"), (100, 300, "0.1", "lost")]


# Changes and deploys.


def test_starts_take_the_startups_in_turn(engine: str) -> None:
    ran = run(engine, docs(1), ideal(1, startups=[300, 500]), schedule=[change(100, 4)])
    starting = [(100, number, "starting", 0) for number in (1, 2, 3)]
    ready = [(400, 1, "ready", 1), (400, 3, "ready", 1), (600, 2, "ready", 1)]
    assert ran.fleet == [(0, 0, "ready", 1), *starting, *ready]


@pytest.mark.parametrize(("drain", "finish", "outcome"), [(None, 1000, "done"), (300, 800, "lost"), (0, 500, "lost")])
def test_scaling_down_takes_the_highest_numbers_first(
    engine: str, drain: float | None, finish: float, outcome: str
) -> None:
    ran = run(engine, docs(4), ideal(3, drain=drain), schedule=[change(500, 1)])
    assert ran.brief == [
        (0, 1000, "0.0", "done"),
        (0, finish, "1.0", outcome),
        (0, finish, "2.0", outcome),
        (1000, 2000, "0.0", "done"),
    ]


def test_scaling_down_ends_starts_and_returns_too(engine: str) -> None:
    """At 200 replica 2 starts, replica 1 is down and to return at 1100, replica 0 is ready: only that one stays."""
    schedule = [crash(100, 1, down_for=1000), change(150, 3), change(200, 1), change(300, 2)]
    ran = run(engine, docs(1, ms=2000), ideal(2, startups=[400]), schedule=schedule)
    assert ran.fleet == [
        *READY_AT_0,
        (100, 1, "down", 0),
        (150, 2, "starting", 0),
        (200, 2, "down", 0),
        (300, 1, "starting", 0),
        (700, 1, "ready", 1),
    ]


def test_a_crashed_replica_that_returns_is_wanted_meanwhile(engine: str) -> None:
    ran = run(engine, docs(1, ms=900), ideal(2), schedule=[crash(100, 1, down_for=300), change(200, 2)])
    assert ran.fleet == [*READY_AT_0, (100, 1, "down", 0), (400, 1, "ready", 1)]


def test_a_deploy_stops_the_old_ones_when_all_new_ones_are_ready(engine: str) -> None:
    """New ones get the lowest free numbers, 2 and 3, ready at 500 and 600; overlap until 800, drain until 1000."""
    ran = run(engine, docs(4, ms=1500), ideal(2, startups=[400, 500]), schedule=[deploy(100, overlap=200, drain=200)])
    assert ran.brief == [
        (0, 1000, "0.0", "lost"),
        (0, 1000, "1.0", "lost"),
        (500, 2000, "2.0", "done"),
        (600, 2100, "3.0", "done"),
    ]
    assert ran.fleet == [
        *READY_AT_0,
        (100, 2, "starting", 0),
        (100, 3, "starting", 0),
        (500, 2, "ready", 1),
        (600, 3, "ready", 1),
        (800, 0, "draining", 1),
        (800, 1, "draining", 1),
        (1000, 0, "down", 0),
        (1000, 1, "down", 0),
    ]


def test_a_deploy_without_overlap_kills_the_old_ones_at_the_instant_at_which_the_new_ones_are_ready(
    engine: str,
) -> None:
    ran = run(engine, docs(2, ms=1500), ideal(1, startups=[400]), schedule=[deploy(100)])
    assert ran.brief == [(0, 500, "0.0", "lost"), (500, 2000, "1.0", "done")]
    assert ran.fleet == [(0, 0, "ready", 1), (100, 1, "starting", 0), (500, 0, "down", 0), (500, 1, "ready", 1)]


def test_only_the_new_ones_of_a_deploy_are_wanted(engine: str) -> None:
    """At 200 two are wanted and two start; a change to 2 changes nothing, one to 1 takes the highest new one back.

    With that the other new one is all that the deploy waits for: ready at 500, it ends the old ones.
    """
    schedule = [deploy(100, drain=None), change(200, 2), change(300, 1)]
    ran = run(engine, docs(1, ms=2000), ideal(2, startups=[400]), schedule=schedule)
    assert ran.fleet == [
        *READY_AT_0,
        (100, 2, "starting", 0),
        (100, 3, "starting", 0),
        (300, 3, "down", 0),
        (500, 0, "draining", 1),
        (500, 1, "down", 0),
        (500, 2, "ready", 1),
        (2000, 0, "down", 0),
    ]


def test_a_deploy_ends_old_ones_that_start_or_are_to_return(engine: str) -> None:
    """Old are replica 0, down and to return at 5000, and replica 1, which starts until 900."""
    schedule = [change(0, 2), crash(50, 0, down_for=4950), deploy(100)]
    ran = run(engine, docs(1, at=600, ms=100), ideal(1, startups=[900, 400, 400]), schedule=schedule)
    assert ran.brief == [(600, 700, "2.0", "done")]
    assert ran.fleet == [
        (0, 0, "ready", 1),
        (0, 1, "starting", 0),
        (50, 0, "down", 0),
        (100, 2, "starting", 0),
        (100, 3, "starting", 0),
        (500, 1, "down", 0),
        (500, 2, "ready", 1),
        (500, 3, "ready", 1),
    ]


def test_a_deploy_of_nothing_does_nothing(engine: str) -> None:
    ran = run(engine, docs(1, at=300), ideal(0), schedule=[deploy(100), change(200, 1)])
    assert ran.fleet == [(200, 0, "ready", 1)]


# What jobs meet.


def test_a_job_that_fails_is_tried_again_after_each_delay(engine: str) -> None:
    """Two retries are allowed, three attempts fail.  A retry is published at once, and enters its list when due."""
    ran = run(engine, docs(1, ms=100, fails=3, retries=(200, 400)), ideal())
    assert ran.rows == [
        (0, 0, 0, 100, "0.0", "retried"),
        (100, 300, 300, 400, "0.0", "retried"),
        (400, 800, 800, 900, "0.0", "failed"),
    ]
    assert ran.phases == [(0, 0, 0, 100), (0, 1, 300, 400), (0, 2, 800, 900)]


def test_a_retry_that_succeeds_ends_the_job(engine: str) -> None:
    ran = run(engine, docs(1, ms=100, fails=1, retries=(0, 0)), ideal())
    assert ran.rows == [(0, 0, 0, 100, "0.0", "retried"), (100, 100, 100, 200, "0.0", "done")]


@pytest.mark.parametrize(
    ("after", "finish", "phases"),
    [
        (0, 0, []),
        (50, 50, [(0, None)]),
        (100, 100, [(0, 100)]),
        (250, 250, [(0, 100), (100, None)]),
        (300, 300, [(0, 100), (100, 300)]),
        (999, 400, [(0, 100), (100, 300), (300, 400)]),
        (None, 400, [(0, 100), (100, 300), (300, 400)]),
    ],
)
def test_a_failing_attempt_gets_through_some_of_its_demand(
    engine: str, after: float | None, finish: float, phases: list[tuple[float, float | None]]
) -> None:
    job = D(0, (cpu(100), io(200), cpu(100)), fails=1, fails_after=after)
    ran = run(engine, [job], ideal())
    assert ran.brief == [(0, finish, "0.0", "failed")]
    assert ran.phases == [(0, 0, *times) for times in phases]


def test_fails_after_counts_demand_and_not_wall_time(engine: str) -> None:
    """Two share one vCPU: 50 of demand take 100.  Then the other has 50 left, alone."""
    jobs = [D(0, (cpu(100),), fails=1, fails_after=50), D(0, (cpu(100),))]
    ran = run(engine, jobs, ideal(1, 2, vcpus=1.0))
    assert ran.brief == [(0, 100, "0.0", "failed"), (0, 150, "0.1", "done")]


def test_a_job_with_a_countdown_enters_its_list_when_it_is_due(engine: str) -> None:
    """Job 0 is due at 300, behind job 1, which arrived at 250."""
    ran = run(engine, [D(0, 100, countdown=300), D(250, 100), D(0, 400)], ideal())
    assert ran.rows == [
        (0, 500, 500, 600, "0.0", "done"),
        (250, 400, 400, 500, "0.0", "done"),
        (0, 0, 0, 400, "0.0", "done"),
    ]


def test_patience_ends_wherever_a_job_waits(engine: str) -> None:
    """Job 1 waits in the list, job 2 is not due before 900; the retry of job 3 is due at its end of patience."""
    jobs = [D(0, 800), D(0, 100, expires=500), D(0, 100, expires=600, countdown=900)]
    retry = D(0, 100, expires=300, fails=1, retries=(200,))
    ran = run(engine, [*jobs, retry], ideal(1, 2))
    assert ran.rows == [
        (0, 0, 0, 800, "0.0", "done"),
        (0, 0, 0, 100, "0.1", "done"),
        (0, None, None, 600, "", "expired"),
        (0, 100, 100, 200, "0.1", "retried"),
        (200, None, None, 300, "", "expired"),
    ]


def test_a_retry_that_is_published_after_patience_has_ended_leaves_at_once(engine: str) -> None:
    ran = run(engine, docs(1, ms=500, expires=300, fails=1, retries=(0,)), ideal())
    assert ran.rows == [(0, 0, 0, 500, "0.0", "retried"), (500, None, None, 500, "", "expired")]


def test_a_retry_at_the_end_of_patience_may_still_start(engine: str) -> None:
    ran = run(engine, docs(1, ms=300, expires=300, fails=1, retries=(0,)), ideal())
    assert ran.rows == [(0, 0, 0, 300, "0.0", "retried"), (300, 300, 300, 600, "0.0", "done")]


@pytest.mark.parametrize("limit", ["soft", "hard"])
def test_a_time_limit_cuts_an_attempt_and_is_not_retried(engine: str, limit: str) -> None:
    jobs = docs(2, ms=1000, retries=(0,), **{limit: 400})
    ran = run(engine, jobs, ideal())
    assert ran.brief == [(0, 400, "0.0", "timed_out"), (400, 800, "0.0", "timed_out")]
    assert ran.phases == [(0, 0, 0, None), (1, 0, 400, None)]


def test_an_attempt_that_ends_at_its_limit_is_done_or_failed(engine: str) -> None:
    ran = run(
        engine, [D(0, 400, hard=400), D(400, 400, soft=400, fails=1), D(800, (cpu(300), io(0)), hard=300)], ideal()
    )
    assert [row[-1] for row in ran.rows] == ["done", "failed", "done"]


def test_a_limit_takes_a_phase_out_of_the_sharing(engine: str) -> None:
    """Both have received 150 at 300; then job 1 has the vCPU for the 250 that it still needs."""
    jobs = [D(0, (cpu(400),), hard=300), D(0, (cpu(400),))]
    ran = run(engine, jobs, ideal(1, 2, vcpus=1.0))
    assert ran.brief == [(0, 300, "0.0", "timed_out"), (0, 550, "0.1", "done")]


def test_a_follower_arrives_when_all_are_done_that_it_waits_for(engine: str) -> None:
    """Jobs 2 and 3 wait for job 0, job 4 for both; its patience of 100 counts from its arrival at 500."""
    jobs = [
        D(0, 300, then=(2, 3)),
        D(0, 900),
        D(None, 100, then=(4,)),
        D(None, 200, then=(4,)),
        D(None, 50, expires=100),
    ]
    ran = run(engine, jobs, ideal(1, 3))
    assert ran.rows == [
        (0, 0, 0, 300, "0.0", "done"),
        (0, 0, 0, 900, "0.1", "done"),
        (300, 300, 300, 400, "0.2", "done"),
        (300, 300, 300, 500, "0.0", "done"),
        (500, 500, 500, 550, "0.2", "done"),
    ]
    assert ran.log.jobs.expires_ns.tolist()[4] == 600_000_000


def test_a_follower_of_a_job_that_is_never_done_never_arrives(engine: str) -> None:
    """Job 3 follows a failed job and a done one; the log has three jobs."""
    ran = run(engine, [D(0, 100, fails=1, then=(2, 3)), D(0, 100, then=(3,)), D(None), D(None)], ideal(1, 2))
    assert ran.brief == [(0, 100, "0.0", "failed"), (0, 100, "0.1", "done")]
    assert len(ran.log.jobs) == 2


def test_a_follower_waits_for_its_countdown(engine: str) -> None:
    ran = run(engine, [D(0, 100, then=(1,)), D(None, 100, countdown=50)], ideal())
    assert ran.rows == [(0, 0, 0, 100, "0.0", "done"), (100, 150, 150, 250, "0.0", "done")]


def test_the_lot_of_a_later_attempt_is_another_one(engine: str) -> None:
    """0.5 picks slot 2 of 4; 0.5 + 0.618... - 1 = 0.118 picks slot 0; 0.736 picks slot 2."""
    ran = run(engine, docs(1, ms=10, lot=0.5, fails=2, retries=(0, 0)), ideal(1, 4, dispatch="random"))
    assert [place for *_, place, _ in ran.rows] == ["0.2", "0.0", "0.2"]


def test_a_restarted_replica_begins_with_a_new_wheel(engine: str) -> None:
    """The wheel is turned to b when it crashes; the new one begins with a again."""
    jobs = [D(0, 100, "a"), D(300, 100, "b"), D(300, 100, "a")]
    service = ideal(1, queues=(0, 1))
    ran = run(engine, jobs, service, queues=("a", "b"), schedule=[crash(150, 0, down_for=100)])
    assert ran.starts == [0, 400, 300]
    ran = run(engine, jobs, service, queues=("a", "b"))
    assert ran.starts == [0, 300, 400]


# Memory.


def test_processes_keep_their_most_memory_and_the_fleet_table_says_so(engine: str) -> None:
    """A container of 100 with two processes of 10 each; marks rise to 60 and 30, and do not fall."""
    jobs = [D(0, 100, memory=50), D(0, 100, memory=20), D(200, 100, memory=40), D(200, 100, memory=20)]
    ran = run(engine, jobs, ideal(1, 2, process_bytes=10, parent_bytes=100))
    assert ran.memory == [(0, 0, 190)]
    assert run(engine, [D(5, 100, memory=50), *jobs[1:]], ideal(1, 2, process_bytes=10, parent_bytes=100)).memory == [
        (0, 0, 140),
        (5, 0, 190),
        (200, 0, 210),
    ]


def test_a_replica_that_outgrows_its_memory_crashes_with_all_that_runs_and_starts_again(engine: str) -> None:
    """Two processes of 10 in 100 bytes: the second job needs 10 + 75 beside the first's 10 + 10, which is too much."""
    jobs = [D(0, 500, memory=10), D(100, 500, memory=75), D(200, 500)]
    ran = run(engine, jobs, ideal(1, 2, process_bytes=10, limit_bytes=100, startups=[300]))
    assert ran.brief == [(0, 100, "0.0", "lost"), (100, 100, "0.1", "lost"), (400, 900, "0.0", "done")]
    assert ran.phases == [(0, 0, 0, None), (2, 0, 400, 900)]
    assert ran.fleet == [(0, 0, "ready", 2), (100, 0, "starting", 0), (400, 0, "ready", 2)]
    assert ran.memory == [(0, 0, 30), (100, 0, 20), (400, 0, 20)]


def test_a_replica_comes_back_only_so_often(engine: str) -> None:
    jobs = [D(at, 500, memory=200) for at in (0, 100, 200)]
    ran = run(engine, jobs, ideal(1, limit_bytes=100, restarts=1, startups=[50]))
    assert ran.brief == [(0, 0, "0.0", "lost"), (100, 100, "0.0", "lost"), (None, None, "", "unfinished")]
    assert ran.fleet == [(0, 0, "starting", 0), (50, 0, "ready", 1), (100, 0, "down", 0)]


def test_a_draining_replica_has_no_starts_so_memory_cannot_end_it(engine: str) -> None:
    ran = run(engine, docs(2, ms=500, memory=10), ideal(1, 1, limit_bytes=100), schedule=[stop(100, 0)])
    assert ran.brief == [(0, 500, "0.0", "done"), (None, None, "", "unfinished")]


def test_a_hard_limit_gives_back_the_memory_of_its_process(engine: str) -> None:
    ran = run(engine, [D(0, 500, memory=50, hard=100)], ideal(1, 1, process_bytes=10))
    assert ran.memory == [(0, 0, 60), (100, 0, 10)]


# Policies.


class Asks:
    """A policy that writes down what it is told and follows a list."""

    def __init__(self, *wants: int) -> None:
        self.wants = list(wants)
        self.seen: list[Observation] = []

    def __call__(self, observation: Observation) -> int:
        self.seen.append(observation)
        return self.wants.pop(0) if len(self.wants) > 1 else self.wants[0]


def asks(*wants: int) -> tuple[list[Asks], Callable[[], Asks]]:
    made: list[Asks] = []

    def make() -> Asks:
        made.append(Asks(*wants))
        return made[-1]

    return made, make


def test_a_policy_is_asked_at_every_tick_and_made_afresh_for_each_run(engine: str) -> None:
    made, make = asks(1, 3, 2, 2)
    service = ideal(1, every=100, policy=make, startups=[150])
    for _ in range(2):
        ran = run(engine, docs(1, ms=420), service)
        assert ran.fleet == [
            (0, 0, "ready", 1),
            (200, 1, "starting", 0),
            (200, 2, "starting", 0),
            (300, 2, "down", 0),
            (350, 1, "ready", 1),
        ]
        assert ran.last == 420
    assert [[seen.now_s for seen in policy.seen] for policy in made] == [[0.1, 0.2, 0.3, 0.4]] * 2


def test_what_a_policy_sees(engine: str) -> None:
    """At 300: two run, one of them on the CPU, two wait in different lists, one is not due, one replica drains."""
    made, make = asks(2)
    jobs = [
        D(0, (cpu(1000),)),
        D(0, 1000),
        D(100, 100, priority=2),
        D(150, 100, "other"),
        D(0, 100, countdown=800),
        D(300, 100),
    ]
    service = ideal(2, vcpus=2.0, queues=(0, 1), every=300, policy=make, startups=[5000])
    ran = run(engine, jobs, service, queues=("default", "other"), schedule=[stop(200, 1), change(250, 2)], until=300)
    assert ran.starts[:2] == [0, 0]
    (seen,) = made[0].seen
    assert (seen.now_s, seen.queue_length, seen.backlog) == (0.3, 2, 3)
    assert seen.lists == {("default", 2): 1, ("other", 0): 1}
    assert seen.oldest_s == {"default": 0.2, "other": 0.15}
    assert (seen.running, seen.slots_up, seen.cpu, seen.utilization) == (2, 2, 0.5, 1.0)
    assert (seen.wanted, seen.starting, seen.ready, seen.draining) == (2, 1, 1, 1)


def test_a_policy_sees_what_ended_at_its_instant_and_not_what_arrives(engine: str) -> None:
    """A tick comes after phase ends, crashes and changes, before arrivals and dispatch."""
    made, make = asks(1)
    jobs = [D(0, 100), D(50, 500), D(100, 500)]
    run(engine, jobs, ideal(1, every=100, policy=make), until=100)
    (seen,) = made[0].seen
    assert (seen.running, seen.queue_length, seen.backlog) == (0, 1, 1)


def test_ticks_of_one_instant_follow_the_order_of_services(engine: str) -> None:
    order: list[str] = []

    def policy(name: str) -> Callable[[], Callable[[Observation], int]]:
        def want(_: Observation) -> int:
            order.append(name)
            return 1

        return lambda: want

    first, second = (ideal(1, every=100, policy=policy(name)) for name in ("first", "second"))
    run(engine, docs(1), first, second, until=250)
    assert order == ["first", "second"] * 2


# Several services.


def test_the_first_listed_ideal_service_that_can_takes_each_message(engine: str) -> None:
    """Both consume b, only the second one a."""
    jobs = [D(0, 500, "a"), D(0, 500, "b"), D(0, 500, "b"), D(0, 500, "b")]
    first, second = ideal(1, queues=(1,)), ideal(1, 2, queues=(0, 1))
    ran = run(engine, jobs, first, second, queues=("a", "b"))
    assert ran.brief == [
        (0, 500, "1:0.0", "done"),
        (0, 500, "0:0.0", "done"),
        (0, 500, "1:0.1", "done"),
        (500, 1000, "0:0.0", "done"),
    ]


def test_services_have_replicas_of_their_own(engine: str) -> None:
    schedule = [crash(100, 0, service=1), change(200, 2, service=0)]
    ran = run(engine, docs(2, ms=500), ideal(1), ideal(1), schedule=schedule)
    assert ran.brief == [(0, 500, "0:0.0", "done"), (0, 100, "1:0.0", "lost")]
    assert ran.fleet == [
        (0, "0:0", "ready", 1),
        (0, "1:0", "ready", 1),
        (100, "1:0", "down", 0),
        (200, "0:1", "ready", 1),
    ]


# When a drained run ends.


def test_neither_ticks_nor_drawn_crashes_keep_a_run_going(engine: str) -> None:
    _, make = asks(2)
    schedule = [crash(at, 1, down_for=100, drawn=True) for at in (300, 5000)]
    ran = run(engine, docs(1, ms=500), ideal(2, every=70, policy=make), schedule=schedule)
    assert ran.last == 500
    assert ran.fleet[2:] == [(300, 1, "down", 0), (400, 1, "ready", 1)]


def test_a_planned_row_of_the_schedule_keeps_a_run_going(engine: str) -> None:
    assert run(engine, docs(1, ms=500), ideal(), schedule=[change(900, 1)]).last == 900


def test_a_drawn_crash_that_ends_an_attempt_happened(engine: str) -> None:
    ran = run(engine, docs(1, ms=500), ideal(), schedule=[crash(300, 0, drawn=True)])
    assert ran.brief == [(0, 300, "0.0", "lost")]
    assert ran.last == 300


def test_a_policy_may_still_start_a_replica_for_a_job_that_waits(engine: str) -> None:
    """Nothing is due after 0 but ticks; the fifth one wants a replica."""
    _, make = asks(0, 0, 0, 0, 1)
    ran = run(engine, docs(1, ms=500), ideal(0, every=100, policy=make, startups=[50]))
    assert ran.brief == [(550, 1050, "0.0", "done")]
    assert ran.last == 1050


def test_a_policy_that_never_helps_is_not_asked_for_ever(engine: str) -> None:
    made, make = asks(0)
    ran = run(engine, docs(1, at=95, ms=500), ideal(0, every=10, policy=make))
    assert ran.brief == [(None, None, "", "unfinished")]
    assert ran.last == 95
    assert len(made[0].seen) == 9 + 10_000


def test_ticks_on_the_last_instant_still_happen(engine: str) -> None:
    """At 500 the job ends; the tick there starts a replica, and the run lasts until that is ready."""
    _, make = asks(2)
    ran = run(engine, docs(1, ms=500), ideal(1, every=500, policy=make, startups=[40]))
    assert ran.fleet == [(0, 0, "ready", 1), (500, 1, "starting", 0), (540, 1, "ready", 1)]
    assert ran.last == 540


def test_ticks_on_the_last_instant_happen_where_nothing_is_dispatched_too(engine: str) -> None:
    """The last thing is a change at 500 that changes nothing."""
    _, make = asks(2)
    service = ideal(1, every=500, policy=make, startups=[40])
    assert run(engine, [], service, schedule=[change(500, 1)]).last == 540


def test_everything_that_is_not_over_at_the_horizon_is_unfinished(engine: str) -> None:
    jobs = [D(0, 500), D(0, 500), D(0, 100, countdown=400), D(301, 100)]
    ran = run(engine, jobs, ideal(1), until=300)
    assert ran.rows == [
        (0, 0, 0, None, "0.0", "unfinished"),
        (0, None, None, None, "", "unfinished"),
        (0, None, None, None, "", "unfinished"),
    ]
