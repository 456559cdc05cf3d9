"""What comes first when several things fall on one instant: a run worked out by hand for each pair of kinds.

The engines could misread a rule alike, so every row is written out here.  Times are nanoseconds; where CPU is
shared, v is what each running phase has received, and a phase ends when v reaches its mark.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from workersim.runlog import Outcome
from workersim.scenario import Fleet

from .builders import ENGINES, J, cpu, io, rows, run_jobs

if TYPE_CHECKING:
    from workersim.engines import Engine

pytestmark = pytest.mark.parametrize("engine", ENGINES)


def one_slot(**settings: object) -> Fleet:
    return Fleet(**({"replicas": 1, "concurrency": 1} | settings))


def test_io_ends_come_before_cpu_ends(engine: Engine) -> None:
    """An I/O phase and a CPU phase end at 5, and the CPU end leaves another one due within half a nanosecond.

    1: job 0 begins, mark 2.  2: job 1 begins at v = 1, mark 5, and shares.  3: job 3 begins at v = 1.5, mark 2.5; of
    three, job 0 needs 0.5 x 3 = 1.5 more, so it ends at the exact instant 4.5, which is rounded to 3 + 2 = 5.
    5: first the I/O of job 2 ends and its CPU phase begins: job 0 ends there (v = 2), mark of job 2 is 4.  Of three,
    job 3 needs 0.5 x 3 = 1.5 from 4.5 on, so it ends at 6.  (With the CPU end first, job 3 of two would end at 5.)
    6: of two, job 2 needs 1.5 x 2 = 3 more, so it ends at 9; job 1, alone, at 10.
    """
    jobs = [J(1, [cpu(2)]), J(2, [cpu(4)]), J(3, [io(2), cpu(2)]), J(3, [cpu(1)])]
    log = run_jobs(jobs, Fleet(replicas=1, concurrency=4, vcpus=1), engine)
    assert rows(log) == [(1, 5, 0, 0), (2, 10, 0, 1), (3, 9, 0, 2), (3, 6, 0, 3)]


def test_cpu_ends_come_before_arrivals(engine: Engine) -> None:
    """A slot is free again for the job that arrives at the instant at which its last one ends."""
    log = run_jobs([J(0, [cpu(10)]), J(10, [cpu(5)])], one_slot(), engine)
    assert rows(log) == [(0, 10, 0, 0), (10, 15, 0, 0)]


def test_arrivals_come_before_dispatch(engine: Engine) -> None:
    """A slot that frees at 10 goes to the urgent job that arrives at 10, not to the one that has waited since 1."""
    fleet = one_slot(queues=["critical", "default"], queue_order="priority")
    jobs = [J(0, [io(10)], "critical"), J(1, [io(5)]), J(10, [io(10)], "critical")]
    assert rows(run_jobs(jobs, fleet, engine)) == [(0, 10, 0, 0), (20, 25, 0, 0), (10, 20, 0, 0)]


def test_arrivals_of_one_instant_queue_in_the_order_of_their_rows(engine: Engine) -> None:
    jobs = [J(3, [io(4)]), J(3, [io(2)]), J(1, [io(1)])]
    assert rows(run_jobs(jobs, one_slot(), engine)) == [(3, 7, 0, 0), (7, 9, 0, 0), (1, 2, 0, 0)]


def test_dispatch_comes_before_the_end_of_patience(engine: Engine) -> None:
    """Patience ends at the very instant at which a slot frees: the first in line starts, the second leaves."""
    jobs = [J(0, [io(10)]), J(1, [io(5)], expires=10), J(2, [io(5)], expires=10)]
    log = run_jobs(jobs, one_slot(), engine)
    assert rows(log) == [(0, 10, 0, 0), (10, 15, 0, 0), (None, 10, -1, -1)]
    assert log.attempts.outcome.tolist() == [Outcome.DONE, Outcome.DONE, Outcome.EXPIRED]


def test_patience_of_no_length_is_enough_for_an_idle_slot(engine: Engine) -> None:
    log = run_jobs([J(4, [io(3)], expires=4), J(4, [io(3)], expires=4)], one_slot(), engine)
    assert rows(log) == [(4, 7, 0, 0), (None, 4, -1, -1)]


def test_the_end_of_patience_comes_before_the_end_of_the_run(engine: Engine) -> None:
    jobs = [J(0, [io(50)]), J(1, [io(5)], expires=20), J(1, [io(5)], expires=21)]
    log = run_jobs(jobs, one_slot(), engine, horizon=20)
    assert log.attempts.outcome.tolist() == [Outcome.UNFINISHED, Outcome.EXPIRED, Outcome.UNFINISHED]
    assert rows(log) == [(0, None, 0, 0), (None, 20, -1, -1), (None, None, -1, -1)]


def test_everything_at_the_horizon_still_happens(engine: Engine) -> None:
    """At the horizon four phases end, a job arrives, and it and a waiting one start; what they begin is cut."""
    jobs = [*[J(0, [cpu(5), io(5)])] * 4, J(2, [io(3)]), J(10, [cpu(1)])]
    log = run_jobs(jobs, Fleet(replicas=1, concurrency=4), engine, horizon=10)
    done = [(0, 10, 0, slot) for slot in range(4)]
    assert rows(log) == [*done, (10, None, 0, 0), (10, None, 0, 1)]
    assert log.horizon_ns == 10


def test_a_drained_run_ends_after_the_last_thing_that_happens_to_a_job(engine: Engine) -> None:
    log = run_jobs([J(0, [io(10)]), J(1, [io(5)], expires=6)], one_slot(), engine)
    assert log.horizon_ns == 10
    stranded = run_jobs([J(3, [io(10)], "nobody's")], one_slot(queues=["default", "nobody's"]), engine)
    assert stranded.horizon_ns == 13


def test_slots_that_become_idle_at_one_instant_join_the_line_by_slot_and_then_replica(engine: Engine) -> None:
    """Ten documents on three idle replicas of four spread 4/3/3; freed together, the slots join in the same order."""
    log = run_jobs([J(0, [io(10)])] * 10 + [J(10, [io(1)])] * 3, Fleet(replicas=3, concurrency=4), engine)
    places = [(job % 3, job // 3) for job in range(12)]
    # At 10 the line begins with the two that have been idle since 0.
    expected = [(0, 10, r, s) for r, s in places[:10]] + [(10, 11, r, s) for r, s in [*places[10:], (0, 0)]]
    assert rows(log) == expected


def test_a_phase_of_no_length_leads_back_to_dispatch_at_the_same_instant(engine: Engine) -> None:
    """Jobs of no length pass through one slot at 5, one dispatch after the other, before the job that takes time."""
    jobs = [J(0, [io(5)]), J(1, [io(0), cpu(0)]), J(2, [cpu(0)]), J(3, [io(7)])]
    assert rows(run_jobs(jobs, one_slot(), engine)) == [(0, 5, 0, 0), (5, 5, 0, 0), (5, 5, 0, 0), (5, 12, 0, 0)]


def test_phases_that_end_together_leave_the_cpu_together(engine: Engine) -> None:
    """Two phases end at 4, each followed by CPU: what is received starts from 0 again for both."""
    jobs = [J(0, [cpu(2), cpu(3)]), J(0, [cpu(2), cpu(3)])]
    log = run_jobs(jobs, Fleet(replicas=1, concurrency=2, vcpus=1), engine)
    assert rows(log) == [(0, 10, 0, 0), (0, 10, 0, 1)]
    assert log.phases.finished_ns.tolist() == [4, 10, 4, 10]


def test_a_planned_end_is_kept_exactly_when_another_phase_begins_at_it(engine: Engine) -> None:
    """On 0.7 cores job 0 needs 8 / 0.7 = 11.428571, so its end is planned for 11, 0.428571 early.

    At 11 the I/O of job 1 ends, and its CPU phase begins at the exact instant 11.428571: it needs 8 / 0.7 more, to
    22.857143, so it ends at 23 (and not at 11 + 11 = 22).
    """
    log = run_jobs([J(0, [cpu(8)]), J(0, [io(11), cpu(8)])], Fleet(replicas=1, concurrency=2, vcpus=0.7), engine)
    assert rows(log) == [(0, 11, 0, 0), (0, 23, 0, 1)]


def test_what_is_received_never_passes_the_first_mark(engine: Engine) -> None:
    """Over 24 years a float64 is off by tens of nanoseconds; who is first must not pass that on to the second.

    At ``begins``, one before the planned end of job 0, v + work comes out 16 above the first mark.  v is the mark:
    job 0 ends, and job 1, whose mark lies 64 higher in float64, needs 64 x 2 / 0.3 = 426.667 more beside job 2, so
    427.  Job 2 has received 64 of its 1000 then, and needs 936 / 0.3 = 3120 more, from 0.333 before that end on.
    """
    demand, begins = 115_052_698_561_934_180, 767_017_990_412_894_591
    jobs = [J(0, [cpu(demand)]), J(0, [cpu(demand + 60)]), J(begins, [cpu(1000)])]
    log = run_jobs(jobs, Fleet(replicas=1, concurrency=3, vcpus=0.3), engine)
    ends = [begins, begins + 427, begins + 427 + 3120]
    assert [finished for _, finished, _, _ in rows(log)] == ends
