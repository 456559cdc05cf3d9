"""Celery workers: every row worked out by hand, in milliseconds.

A message lands 1 ms after it was popped, and starts 3 ms after a process was found for it, unless a test says
otherwise.  A BRPOP is renewed after 1001 ms.
"""

from __future__ import annotations

from typing import Any

import pytest

from workersim.units import NEVER

from .worlds import ENGINES, D, celery, change, crash, docs, ideal, kill, outage, run, stop

pytestmark = pytest.mark.parametrize("engine", ENGINES)


# Reservation.


def test_early_running_documents_do_not_fill_the_window(engine: str) -> None:
    """A window of 2: at 5 two run and one has landed, at 6 another; the last is popped when the third starts."""
    ran = run(engine, docs(5), celery(1, 2, window=2))
    assert ran.rows == [
        (0, 1, 4, 1004, "0.0", "done"),
        (0, 2, 5, 1005, "0.1", "done"),
        (0, 5, 1007, 2007, "0.0", "done"),
        (0, 6, 1008, 2008, "0.1", "done"),
        (0, 1008, 2010, 3010, "0.0", "done"),
    ]


@pytest.mark.parametrize(
    "settings",
    [
        {"window": 2, "late": True},
        {"window": 8, "disable_prefetch": True},
        {"window": 8, "late": True, "disable_prefetch": True},
    ],
)
def test_late_running_ones_do_and_without_prefetch_too(engine: str, settings: dict[str, Any]) -> None:
    """Nothing is popped between 1 and 1004, when the first document ends; the second one ends at 1005."""
    ran = run(engine, docs(5), celery(1, 2, **settings))
    assert ran.rows == [
        (0, 1, 4, 1004, "0.0", "done"),
        (0, 2, 5, 1005, "0.1", "done"),
        (0, 1005, 1008, 2008, "0.0", "done"),
        (0, 1006, 1009, 2009, "0.1", "done"),
        (0, 2009, 2012, 3012, "0.0", "done"),
    ]


@pytest.mark.parametrize("late", [False, True])
def test_without_a_window_everything_is_taken(engine: str, late: bool) -> None:  # noqa: FBT001 (a case)
    ran = run(engine, docs(4, ms=100), celery(1, 1, window=NEVER, late=late))
    assert [row[1] for row in ran.rows] == [1, 2, 3, 4]
    assert ran.starts == [4, 107, 210, 313]


def test_idle_workers_are_served_in_turn(engine: str) -> None:
    ran = run(engine, docs(10), celery(3, 4))
    assert [place[0] for place in ran.places] == list("0120120120")
    assert ran.starts == [4, 4, 4, 5, 5, 5, 6, 6, 6, 7]


def test_the_oldest_brpop_is_served_and_it_is_renewed_after_a_poll(engine: str) -> None:
    """Both ask since 0, so the first goes to replica 0, which asks anew at 11; then 1, asking anew at 501; 0; 1.

    At 2300 replica 0, asking since 1001, renewed its BRPOP at 2002, and replica 1 asks since 1401: 1 is served.
    """
    ran = run(engine, [D(at, 50) for at in (10, 500, 1000, 1400, 2300)], celery(2, 1))
    assert ran.places == ["0.0", "1.0", "0.0", "1.0", "1.0"]


def test_a_full_worker_with_room_in_its_window_takes_its_turn(engine: str) -> None:
    """At 500 replica 0 is busy and has asked since 2; replica 1, idle, since 102."""
    ran = run(engine, [D(0, 5000), D(100, 10), D(500, 10)], celery(2, 1))
    assert ran.rows[2] == (500, 501, 5007, 5017, "0.0", "done")


@pytest.mark.parametrize(("schedule", "place"), [([], "1.0"), ([outage(100, 100)], "0.0")])
def test_all_ask_anew_when_the_broker_is_back(engine: str, schedule: list[Any], place: str) -> None:
    ran = run(engine, [D(10, 50), D(300, 50)], celery(2, 1), schedule=schedule)
    assert ran.places == ["0.0", place]


def test_messages_on_their_way_land_while_the_broker_is_down(engine: str) -> None:
    ran = run(engine, docs(2, ms=100), celery(1, 1), schedule=[outage(0.5, 10)])
    assert ran.rows == [(0, 1, 4, 104, "0.0", "done"), (0, 11.5, 107, 207, "0.0", "done")]


def test_each_worker_turns_a_wheel_of_its_own(engine: str) -> None:
    jobs = [D(0, 100, queue) for queue in "aaabbb"]
    one: dict[str, Any] = {"window": 1, "late": True, "queues": (0, 1)}
    alone = run(engine, jobs, celery(1, 1, **one), queues=("a", "b"))
    assert order(alone.starts) == [0, 3, 1, 4, 2, 5]
    two = run(engine, jobs, celery(2, 1, **one), queues=("a", "b"))
    assert order(two.starts) == [0, 1, 3, 4, 2, 5]  # a a b b a, and there is no other a
    strict = run(engine, jobs, celery(1, 1, in_turn=False, **one), queues=("a", "b"))
    assert order(strict.starts) == [0, 1, 2, 3, 4, 5]


def order(starts: list[Any]) -> list[int]:
    """Return documents in the order in which they start, those of one instant by number."""
    return sorted(range(len(starts)), key=starts.__getitem__)


def test_priorities_are_steps_and_come_before_the_order_of_queues(engine: str) -> None:
    """Steps 3, 0, 9, 0 and 9: 4 and 2 are floored, 12 counts as 9."""
    asked = [("a", 4), ("b", 2), ("a", 12), ("b", 0), ("a", 9)]
    jobs = [D(0, 100, queue, priority) for queue, priority in asked]
    ran = run(engine, jobs, celery(1, 1, window=1, late=True, queues=(0, 1), in_turn=False), queues=("a", "b"))
    assert order(ran.starts) == [1, 3, 0, 2, 4]


def test_priorities_do_nothing_to_what_is_reserved(engine: str) -> None:
    """With a window of 4 all five are taken in the order in which they arrived."""
    jobs = [D(0, 100, priority=9), *(D(at, 100, priority=9 - at) for at in (3, 6, 9))]
    assert order(run(engine, jobs, celery(1, 1)).starts) == [0, 1, 2, 3]


# Due times, limits, patience.


def test_messages_held_until_they_are_due_widen_the_window(engine: str) -> None:
    """Two are held beside a window of 1; when they are due, they pass what is still in the list."""
    jobs = [*docs(2, countdown=500), *docs(3)]
    ran = run(engine, jobs, celery(1, 1, window=1))
    assert ran.rows == [
        (0, 1, 2012, 3012, "0.0", "done"),
        (0, 2, 3015, 4015, "0.0", "done"),
        (0, 3, 6, 1006, "0.0", "done"),
        (0, 7, 1009, 2009, "0.0", "done"),
        (0, 3016, 4018, 5018, "0.0", "done"),
    ]


def test_a_retry_is_fetched_at_once_and_held(engine: str) -> None:
    ran = run(engine, docs(1, ms=100, fails=1, retries=(200,)), celery(1, 1, window=1))
    assert ran.rows == [(0, 1, 4, 104, "0.0", "retried"), (104, 105, 307, 407, "0.0", "done")]


def test_a_rate_limit_spaces_the_starts_of_a_class_in_each_worker(engine: str) -> None:
    """Class 1 may start every 500 ms in a worker; what waits for that holds its place in the window."""
    jobs = [*docs(3, ms=100, job_class=1), D(10, 100)]
    ran = run(engine, jobs, celery(1, 2, window=2), rates=(0, 500))
    assert ran.rows == [
        (0, 1, 4, 104, "0.0", "done"),
        (0, 2, 504, 604, "0.0", "done"),
        (0, 5, 1004, 1104, "0.0", "done"),
        (10, 505, 508, 608, "0.1", "done"),
    ]
    two = run(engine, docs(2, ms=100, job_class=1), celery(2, 1), rates=(0, 500))
    assert two.starts == [4, 4]


def test_patience_is_looked_at_on_receipt(engine: str) -> None:
    """Late with a window of 1: the second is popped at 1004; the third was too, but has time until 1006."""
    ran = run(engine, [D(), D(expires=500), D(expires=1006)], celery(1, 1, window=1, late=True))
    assert ran.rows == [
        (0, 1, 4, 1004, "0.0", "done"),
        (0, 1005, None, 1005, "", "expired"),
        (0, 1006, 1009, 2009, "0.0", "done"),
    ]


def test_patience_is_looked_at_again_when_a_process_is_free(engine: str) -> None:
    """An expired message keeps its place in the window until then, and costs no hand-off."""
    ran = run(engine, [D(), D(expires=500), D(expires=1004), D(0)], celery(1, 1, window=2))
    assert ran.rows == [
        (0, 1, 4, 1004, "0.0", "done"),
        (0, 2, None, 1004, "", "expired"),
        (0, 5, 1007, 2007, "0.0", "done"),
        (0, 1005, 2010, 3010, "0.0", "done"),
    ]


def test_a_soft_limit_keeps_the_process_and_a_hard_one_does_not(engine: str) -> None:
    """A hard one: 170 ms to kill it and fork, and 100 to start."""
    soft = run(engine, [D(soft=300), D(0)], celery(1, 1, process_start=100))
    assert soft.brief == [(4, 304, "0.0", "timed_out"), (307, 1307, "0.0", "done")]
    hard = run(engine, [D(hard=300), D(0)], celery(1, 1, process_start=100))
    assert hard.brief == [(4, 304, "0.0", "timed_out"), (577, 1577, "0.0", "done")]


@pytest.mark.parametrize("limit", ["soft", "hard"])
def test_a_limit_acknowledges_a_late_message(engine: str, limit: str) -> None:
    service = celery(1, 1, window=1, late=True, visibility_timeout=10, sweep_first=2000, sweep_every=2000)
    job = D(soft=300) if limit == "soft" else D(hard=300)
    ran = run(engine, [job], service, until=5000)
    assert ran.brief == [(4, 304, "0.0", "timed_out")]


# Processes.


def test_a_process_is_replaced_after_so_many_documents(engine: str) -> None:
    """Whatever their outcome: one fails, one is cut by a soft limit.  Replacing takes 100 + 50 + 100."""
    jobs = [D(0, 100, fails=1), D(0, 500, soft=100), D(0, 100)]
    ran = run(engine, jobs, celery(1, 1, max_tasks_per_child=2, process_start=100))
    assert ran.brief == [(4, 104, "0.0", "failed"), (107, 207, "0.0", "timed_out"), (460, 560, "0.0", "done")]


def test_a_process_is_replaced_when_it_has_held_too_much_memory(engine: str) -> None:
    """Looked at after each document: the first takes it to 40, which is allowed, the second to 60."""
    jobs = [D(0, 100, memory=30), D(0, 100, memory=50), D(0, 100, memory=30)]
    service = celery(1, 1, max_memory_per_child=40, process_bytes=10, process_start=100)
    ran = run(engine, jobs, service)
    assert ran.starts == [4, 107, 460]
    assert ran.memory == [(0, 0, 10), (4, 0, 40), (107, 0, 60), (207, 0, 0), (457, 0, 10), (460, 0, 40)]


def test_the_lowest_idle_process_is_taken(engine: str) -> None:
    ran = run(engine, [D(0, 100), D(0, 900), D(0, 200), D(300, 50)], celery(1, 3))
    assert ran.places == ["0.0", "0.1", "0.2", "0.0"]


@pytest.mark.parametrize("settings", [{"late": False}, {"late": True}, {"late": False, "reject_on_worker_lost": True}])
def test_the_document_of_a_killed_process_is_lost(engine: str, settings: dict[str, Any]) -> None:
    """The next one starts when the process has been replaced: 500 + 50 + 100, and 3 for the hand-off."""
    ran = run(engine, docs(2), celery(1, 1, process_start=100, **settings), schedule=[kill(500, 0, 0)])
    assert ran.brief == [(4, 500, "0.0", "lost"), (653, 1653, "0.0", "done")]


def test_or_goes_to_the_tail_if_it_is_rejected(engine: str) -> None:
    service = celery(1, 1, window=1, late=True, reject_on_worker_lost=True, process_start=100)
    ran = run(engine, docs(2), service, schedule=[kill(500, 0, 0)])
    assert ran.rows == [
        (0, 1, 4, 500, "0.0", "lost"),
        (500, 1654, 1657, 2657, "0.0", "done"),
        (0, 501, 653, 1653, "0.0", "done"),
    ]


def test_a_rejected_message_is_none_of_the_copies_that_a_sweep_made(engine: str) -> None:
    """Killed at 1500, it goes to the tail; the copy made at 1000 stays in the list and is served first."""
    service = celery(1, 1, window=1, late=True, reject_on_worker_lost=True, visibility_timeout=500, sweep_first=1000)
    ran = run(engine, [D(0, 3000)], service, schedule=[kill(1500, 0, 0)])
    assert ran.rows == [
        (0, 1, 4, 1500, "0.0", "lost"),
        (1000, 1501, 1553, 4553, "0.0", "done"),
        (1500, 4554, 4557, 7557, "0.0", "done"),
    ]


def test_a_kill_in_a_hand_off_has_no_effect_and_an_idle_process_is_only_replaced(engine: str) -> None:
    ran = run(engine, docs(2, ms=100), celery(1, 2), schedule=[kill(3, 0, 0), kill(3, 0, 7)])
    assert ran.brief == [(4, 104, "0.0", "done"), (5, 105, "0.1", "done")]
    idle = run(engine, [D(20, 100)], celery(1, 2), schedule=[kill(10, 0, 0)])
    assert idle.brief == [(24, 124, "0.1", "done")]


def test_worker_autoscale_grows_with_what_is_reserved(engine: str) -> None:
    """One process at first: the second document adds one at 2.  Forking it takes until 52, its start until 152.

    Till 52 the worker does nothing else: the first document is handed over then, the third one received at 53, which
    adds another process until 103 and 203.  At the ticks of 500 and 1000 three are reserved.  At 1500 only the last one
    runs, in process 2: 1 and 0 go.  What lands at 1601 has process 0 added again.
    """
    service = celery(1, 3, processes=1, keepalive=500, process_start=100)
    ran = run(engine, [D(), D(), D(0, 3000), D(1600, 100)], service)
    assert ran.brief == [
        (52, 1052, "0.0", "done"),
        (155, 1155, "0.1", "done"),
        (206, 3206, "0.2", "done"),
        (1754, 1854, "0.0", "done"),
    ]
    growing = [(0, 0, "ready", 1), (2, 0, "ready", 2), (53, 0, "ready", 3)]
    assert ran.fleet == [*growing, (1500, 0, "ready", 1), (1601, 0, "ready", 2), (2500, 0, "ready", 1)]


def test_worker_autoscale_shrinks_when_growth_and_receipt_are_both_longer_ago_than_keepalive(engine: str) -> None:
    """At 1000 the last receipt is just 500 ago, which is not longer."""
    ran = run(engine, [D(498, 10), D(499, 10)], celery(1, 2, processes=1, keepalive=500), until=1600)
    assert ran.starts == [550, 553]
    assert ran.fleet == [(0, 0, "ready", 1), (500, 0, "ready", 2), (1500, 0, "ready", 1)]


def test_worker_autoscale_stops_the_highest_idle_process(engine: str) -> None:
    """The third document adds process 2 at 3; what is received at 901 keeps it over the tick of 1000, not 1500."""
    service = celery(1, 3, processes=2, keepalive=500)
    ran = run(engine, [*docs(3, ms=100), D(900, 10), *docs(2, at=1600, ms=10)], service)
    assert ran.fleet == [(0, 0, "ready", 2), (3, 0, "ready", 3), (1500, 0, "ready", 2)]
    assert ran.places[4:] == ["0.0", "0.1"]


def test_the_window_of_an_autoscaled_worker_is_that_of_all_its_processes(engine: str) -> None:
    ran = run(engine, docs(4, ms=400), celery(1, 3, window=8, disable_prefetch=True, processes=1), until=200)
    assert [row[1] for row in ran.rows] == [1, 2, 53, None]


def test_a_worker_that_forks_receives_and_hands_over_nothing_till_it_is_done(engine: str) -> None:
    """Two that are due at 100 have two processes forked, one after the other, until 150 and 200.

    What is on its way from Redis then is received at 200, and one that arrives just then is fetched at once.
    """
    jobs = [D(0, 500), D(0, 500, countdown=100), D(0, 500, countdown=100), D(99, 500), D(200, 500)]
    ran = run(engine, jobs, celery(1, 3, processes=1))
    assert [row[:3] for row in ran.rows] == [(0, 1, 4), (0, 2, 203), (0, 3, 203), (99, 200, 507), (200, 201, 706)]
    assert ran.fleet == [(0, 0, "ready", 1), (100, 0, "ready", 3)]


def test_a_worker_that_is_stopped_while_it_forks_hands_over_what_it_had(engine: str) -> None:
    """It drains from 10 on, and goes 1.65 s after the end of what had been on the way to a process."""
    ran = run(engine, [D(0, 100), D(0, 100)], celery(1, 2, processes=1), schedule=[stop(10, 0)])
    assert ran.brief[0] == (52, 152, "0.0", "done")
    assert ran.fleet[-1] == (152 + 1650, 0, "down", 0)


# Killed workers and sweeps.


def test_a_killed_worker_strands_what_it_has_not_acknowledged(engine: str) -> None:
    """Early: the two that run are lost, the others stay where nobody finds them, and the run ends."""
    ran = run(engine, docs(4), celery(1, 2), schedule=[crash(500, 0)])
    assert ran.rows == [
        (0, 1, 4, 500, "0.0", "lost"),
        (0, 2, 5, 500, "0.1", "lost"),
        (0, 3, None, None, "", "unfinished"),
        (0, 4, None, None, "", "unfinished"),
    ]
    assert ran.last == 500


def test_what_was_in_flight_and_in_a_hand_off_is_stranded_too(engine: str) -> None:
    ran = run(engine, docs(3), celery(1, 1), schedule=[crash(2.5, 0)])
    assert ran.rows == [
        (0, 1, None, None, "", "unfinished"),
        (0, 2, None, None, "", "unfinished"),
        (0, None, None, None, "", "unfinished"),
    ]


@pytest.mark.parametrize(("timeout", "swept"), [(300, 1000), (999, 1000), (1000, 1500)])
def test_a_sweep_returns_what_was_popped_longer_ago_than_the_timeout(engine: str, timeout: float, swept: float) -> None:
    """Late: document 0 was popped at 0 by replica 0; replica 1 sweeps at 1000 and 1500, and nothing else is due."""
    service = celery(2, 1, late=True, visibility_timeout=timeout, sweep_first=1000, sweep_every=500)
    ran = run(engine, docs(2, ms=200), service, schedule=[crash(100, 0)])
    assert ran.rows == [
        (0, 1, 4, 100, "0.0", "lost"),
        (swept, swept + 1, swept + 4, swept + 204, "1.0", "done"),
        (0, 1, 4, 204, "1.0", "done"),
    ]
    assert ran.last == swept + 204


def test_what_a_sweep_returns_is_served_first_and_the_oldest_before_the_others(engine: str) -> None:
    """Early with a window of 3: at 100 document 0 runs and is lost, 1, 2 and 3 were popped at 1, 2 and 4.

    The worker is back at 200 and takes 4, 5, 6 and 7; it sweeps at 1200, when 8 is in the list and 4 is 1000 old.
    """
    service = celery(1, 1, window=3, visibility_timeout=1100, sweep_first=1000)
    ran = run(engine, docs(9), service, schedule=[crash(100, 0, down_for=100)])
    started = {number: start for number, start in zip(ran.numbers, ran.starts, strict=True) if start is not None}
    order = [(4, 0), (5, 0), (6, 0), (7, 0), (1, 1), (2, 1), (3, 1), (8, 0)]
    assert [started[number] for number in order] == [204, 1207, 2210, 3213, 4216, 5219, 6222, 7225]
    assert ran.rows[1] == (0, 2, None, 1200, "", "redelivered")
    assert ran.rows[2] == (1200, 1208, 4216, 5216, "0.0", "done")


def test_a_document_that_runs_longer_than_the_timeout_is_done_twice(engine: str) -> None:
    """Its copy is popped at the sweep, and runs on when the original is done; its follower arrives once."""
    service = celery(2, 1, window=1, late=True, visibility_timeout=500, sweep_first=1000)
    ran = run(engine, [D(0, 3000, then=(1,)), D(None, 100)], service)
    assert ran.rows == [
        (0, 1, 4, 3004, "0.0", "done"),
        (1000, 1001, 1004, 4004, "1.0", "done"),
        (3004, 3005, 3008, 3108, "0.0", "done"),
    ]


def test_a_document_that_is_done_twice_counts_once_for_its_follower(engine: str) -> None:
    """Document 0 is done at 3004, and its copy in replica 2 at 4004; document 2 waits for 1 too, done at 9004."""
    service = celery(3, 1, window=1, late=True, visibility_timeout=500, sweep_first=1000)
    ran = run(engine, [D(0, 3000, then=(2,)), D(0, 9000, then=(2,)), D(None, 100)], service)
    assert [row[3] for row in ran.rows[:3]] == [3004, 4004, 9004]
    assert ran.rows[-1][0] == 9004


def test_an_end_deletes_the_copies_that_are_still_in_lists(engine: str) -> None:
    """Both run when they are swept at 1000; the copy of 0 goes when 0 ends, that of 1 is popped then and runs on."""
    service = celery(2, 1, window=1, late=True, visibility_timeout=500, sweep_first=1000)
    ran = run(engine, [D(0, 3000), D(0, 5000)], service)
    assert ran.rows == [
        (0, 1, 4, 3004, "0.0", "done"),
        (1000, None, None, 3004, "", "redelivered"),
        (0, 1, 4, 5004, "1.0", "done"),
        (1000, 3005, 3008, 8008, "0.0", "done"),
    ]


def test_a_reserved_message_that_is_swept_stays_where_it_is_if_its_worker_lives(engine: str) -> None:
    """Early: 1 waits in replica 0 behind 0 when it is swept, and is done by replica 1; the original is done later."""
    service = celery(2, 1, window=1, visibility_timeout=500, sweep_first=1000)
    ran = run(engine, [D(0, 3000), D(0, 100), D(3, 100)], service)
    assert ran.rows == [
        (0, 1, 4, 3004, "0.0", "done"),
        (0, 1, 4, 104, "1.0", "done"),
        (3, 5, 3007, 3107, "0.0", "done"),
        (1000, 1001, 1004, 1104, "1.0", "done"),
    ]


def test_a_sweep_returns_what_is_held_until_it_is_due(engine: str) -> None:
    """The copy keeps its due time, and the other worker, whose turn it is, holds it as well."""
    service = celery(2, 1, window=1, late=True, visibility_timeout=500, sweep_first=1000)
    ran = run(engine, [D(0, 100, countdown=3000)], service)
    assert ran.rows == [(0, 1, 3003, 3103, "0.0", "done"), (1000, 1001, 3003, 3103, "1.0", "done")]


def test_a_retry_is_another_delivery(engine: str) -> None:
    """The original fails at 1204 with a copy in the list, which goes; the retry is none of its copies."""
    service = celery(1, 1, window=1, late=True, visibility_timeout=500, sweep_first=1000)
    ran = run(engine, [D(0, 1200, fails=1, retries=(100,))], service)
    assert ran.rows == [
        (0, 1, 4, 1204, "0.0", "retried"),
        (1000, None, None, 1204, "", "redelivered"),
        (1204, 1205, 1307, 2507, "0.0", "done"),
    ]


def test_a_worker_sweeps_only_while_it_is_ready(engine: str) -> None:
    service = celery(1, 1, late=True, visibility_timeout=500, sweep_first=1000, sweep_every=1000)
    ran = run(engine, [D(0, 3000)], service, schedule=[stop(900, 0)])
    assert ran.rows == [(0, 1, 4, 3004, "0.0", "done")]


# SIGTERM.


def test_a_drained_worker_hands_back_what_it_holds_in_reverse(engine: str) -> None:
    """At 500 document 0 runs, 1, 2 and 3 are reserved.  0 ends at 1004; 1650 later the worker hands back and goes.

    Replica 1 has 4 in work and 5 reserved by then; it finds 3, 2 and 1 at the head, in this order.
    """
    ran = run(engine, docs(6), celery(1, 1, window=3), schedule=[stop(500, 0), change(2000, 1)])
    again = {row[0]: row for row in zip(ran.numbers, ran.rows, strict=True)}
    assert [again[job, 0][1] for job in (1, 2, 3)] == [
        (0, received, None, 2654, "", "redelivered") for received in (2, 3, 5)
    ]
    assert [again[number][1][2] for number in [(4, 0), (5, 0), (3, 1), (2, 1), (1, 1)]] == [
        2004,
        3007,
        4010,
        5013,
        6016,
    ]
    assert again[1, 1][1] == (2654, 3008, 6016, 7016, "1.0", "done")
    assert ran.fleet == [
        (0, 0, "ready", 1),
        (500, 0, "draining", 1),
        (1004, 0, "draining", 0),
        (2000, 1, "ready", 1),
        (2654, 0, "down", 0),
    ]


@pytest.mark.parametrize(
    ("grace", "finish", "outcome", "down"), [(1000, 1004, "done", 1500), (300, 800, "lost", 800), (0, 500, "lost", 500)]
)
def test_a_kill_before_that_strands_it(engine: str, grace: float, finish: float, outcome: str, down: float) -> None:
    ran = run(engine, docs(3), celery(1, 1), schedule=[stop(500, 0, grace)])
    assert ran.rows == [
        (0, 1, 4, finish, "0.0", outcome),
        (0, 2, None, None, "", "unfinished"),
        (0, 3, None, None, "", "unfinished"),
    ]
    assert ran.fleet[-1] == (down, 0, "down", 0)


def test_a_hand_off_is_still_finished_and_a_message_in_flight_lands(engine: str) -> None:
    """At 2.5 document 0 is handed on, 1 waits, 2 is in flight, and 3 is in the list; the line is frozen."""
    ran = run(engine, docs(4, ms=100), celery(1, 1), schedule=[stop(2.5, 0)])
    assert ran.rows == [
        (0, 1, 4, 104, "0.0", "done"),
        (0, 2, None, 1754, "", "redelivered"),
        (1754, None, None, None, "", "unfinished"),
        (0, 3, None, 1754, "", "redelivered"),
        (1754, None, None, None, "", "unfinished"),
        (0, None, None, None, "", "unfinished"),
    ]
    assert ran.fleet == [
        (0, 0, "ready", 1),
        (2.5, 0, "draining", 1),
        (104, 0, "draining", 0),
        (1754, 0, "down", 0),
    ]


def test_a_message_in_flight_for_long_is_handed_back_too(engine: str) -> None:
    ran = run(engine, docs(1), celery(1, 1, fetch=5000), schedule=[stop(10, 0)])
    assert ran.rows == [(0, None, None, 1660, "", "redelivered"), (1660, None, None, None, "", "unfinished")]


def test_what_is_held_does_not_move_in_a_worker_that_drains(engine: str) -> None:
    """Document 0 is due at 3000, 2 may start at 501; both are handed back at 100 + 1650, to be held anew."""
    jobs = [D(0, 100, countdown=3000), *docs(2, ms=10, job_class=1)]
    ran = run(engine, jobs, celery(1, 1), rates=(0, 500), schedule=[stop(100, 0), change(200, 1)])
    assert ran.rows == [
        (0, 1, None, 1750, "", "redelivered"),
        (1750, 1752, 3003, 3103, "1.0", "done"),
        (0, 2, 5, 15, "0.0", "done"),
        (0, 3, None, 1750, "", "redelivered"),
        (1750, 1751, 1754, 1764, "1.0", "done"),
    ]


def test_an_idle_worker_goes_1650_ms_after_sigterm(engine: str) -> None:
    ran = run(engine, [], celery(1, 2), schedule=[stop(100, 0)])
    assert ran.fleet == [(0, 0, "ready", 2), (100, 0, "draining", 0), (1750, 0, "down", 0)]


def test_a_message_that_was_swept_is_not_handed_back(engine: str) -> None:
    """Replica 1 sweeps at 1000 what replica 0, draining, has reserved; replica 0 closes its row when it goes."""
    service = celery(2, 1, window=1, visibility_timeout=500, sweep_first=1000)
    jobs = [D(0, 3000), D(0, 100), D(3, 100)]
    ran = run(engine, jobs, service, schedule=[stop(10, 0)])
    assert ran.rows == [
        (0, 1, 4, 3004, "0.0", "done"),
        (0, 1, 4, 104, "1.0", "done"),
        (3, 5, None, 4654, "", "redelivered"),
        (1000, 1001, 1004, 1104, "1.0", "done"),
    ]


def test_scaling_down_without_grace_strands_messages(engine: str) -> None:
    ran = run(engine, docs(4), celery(2, 1, drain=0), schedule=[change(500, 1)])
    assert [row[-1] for row in ran.rows] == ["done", "lost", "done", "unfinished"]


# Memory, and services beside each other.


@pytest.mark.parametrize("late", [False, True])
def test_a_document_that_outgrows_the_container_is_lost_early_and_stranded_late(
    engine: str,
    late: bool,  # noqa: FBT001 (a case)
) -> None:
    """Late: its message is swept at 1304, and ends the container again, for good, since it has one restart."""
    service = celery(
        1, 1, window=1, late=late, limit_bytes=100, restarts=1, startups=[300], visibility_timeout=500, sweep_first=1000
    )
    ran = run(engine, [D(memory=200)], service)
    again = [(1304, 1305, 1308, 1308, "0.0", "lost")] if late else []
    assert ran.rows == [(0, 1, 4, 4, "0.0", "lost"), *again]
    assert ran.fleet[:3] == [(0, 0, "ready", 1), (4, 0, "starting", 0), (304, 0, "ready", 1)]
    assert ran.fleet[3:] == ([(1308, 0, "down", 0)] if late else [])


def test_ideal_services_come_before_celery_workers(engine: str) -> None:
    ran = run(engine, docs(3, ms=100), celery(1, 1, window=1, late=True), ideal(1))
    assert ran.rows == [
        (0, 0, 0, 100, "1:0.0", "done"),
        (0, 1, 4, 104, "0:0.0", "done"),
        (0, 100, 100, 200, "1:0.0", "done"),
    ]


def test_messages_leave_a_list_at_the_end_of_patience_if_an_ideal_service_listens_to_it(engine: str) -> None:
    """Nobody but Celery listens to b, where the message stays until it is looked at."""
    jobs = [D(0, 1000, "a"), D(0, 1000, "b"), D(0, 100, "a", expires=300), D(0, 100, "b", expires=300)]
    services = ideal(1, queues=(0,)), celery(1, 1, window=1, late=True, queues=(1,))
    ran = run(engine, jobs, *services, queues=("a", "b"))
    assert ran.rows[2:] == [(0, None, None, 300, "", "expired"), (0, 1005, None, 1005, "", "expired")]


def test_a_sweep_looks_at_the_messages_of_every_service(engine: str) -> None:
    """Service 1 sweeps with its own timeout; the message goes back to the list that service 0 listens to."""
    first = celery(1, 1, window=1, late=True, queues=(0,), visibility_timeout=9000)
    second = celery(1, 1, queues=(1,), visibility_timeout=500, sweep_first=1000)
    schedule = [crash(100, 0, down_for=50, service=0)]
    ran = run(engine, docs(1, ms=200, queue="a"), first, second, queues=("a", "b"), schedule=schedule)
    assert ran.rows == [(0, 1, 4, 100, "0:0.0", "lost"), (1000, 1001, 1004, 1204, "0:0.0", "done")]


def test_a_sweep_that_returns_something_happened_even_if_nobody_takes_it(engine: str) -> None:
    first = celery(1, 1, window=1, late=True, queues=(0,))
    second = celery(1, 1, queues=(1,), visibility_timeout=500, sweep_first=1000)
    ran = run(engine, docs(1, queue="a"), first, second, queues=("a", "b"), schedule=[crash(100, 0)])
    assert ran.rows == [(0, 1, 4, 100, "0:0.0", "lost"), (1000, None, None, None, "", "unfinished")]
    assert ran.last == 1000
