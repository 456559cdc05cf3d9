"""What every log must obey: valid logs pass, and each rule is broken once by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from workersim.errors import LogError
from workersim.runlog import Cause, Outcome, RunLog
from workersim.runlog.laws import COUNT, QUEUE, SYSTEM, laws
from workersim.runlog.sharing import check_sharing
from workersim.units import NEVER, SECOND

from .logs import CPU, IO, Row, draining, fleet_of, log_of, overload, phases_of, retried, sharing, valid_logs, whole

if TYPE_CHECKING:
    from collections.abc import Callable

Change = tuple[str, str, int, Any]


def changed(log: RunLog, *changes: Change) -> RunLog:
    for table, column, row, value in changes:
        held = getattr(log, table)
        new = held.columns()[column].copy()
        new[row] = value
        log = replace(log, **{"phase_source" if table == "phases" else table: replace(held, **{column: new})})
    return log


@pytest.mark.parametrize("build", [overload, draining, sharing, retried])
def test_logs_that_were_worked_out_by_hand_are_valid(build: Callable[[], RunLog]) -> None:
    build().check()


@given(valid_logs())
def test_valid_logs_pass_at_every_nanosecond(log: RunLog) -> None:
    log.check()


@given(valid_logs(unit=SECOND // 10))
def test_valid_logs_pass_on_tenths(log: RunLog) -> None:
    log.check()
    for curve, rows in laws(log).values():
        assert curve == rows


@given(valid_logs(unit=3), st.data())
def test_a_start_or_finish_that_is_moved_is_noticed(log: RunLog, data: st.DataObject) -> None:
    ran = np.flatnonzero(log.attempts.started_ns < NEVER)
    assume(len(ran))
    row = int(data.draw(st.sampled_from(ran.tolist())))
    column = data.draw(st.sampled_from(["started_ns", "finished_ns", "published_ns"]))
    shift = data.draw(st.sampled_from([-1, 1, 40]))
    log = replace(log, phase_source=log.phases)
    with pytest.raises(LogError):
        changed(log, ("attempts", column, row, getattr(log.attempts, column)[row] + shift)).check()


J, A, P, F = "jobs", "attempts", "phases", "fleet"
S = SECOND


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ([(J, "arrival_ns", 3, -1)], "jobs row 3: it arrives at -1, outside of the run"),
        ([(J, "arrival_ns", 3, 3601 * S)], "jobs row 3: it arrives at 3601000000000, outside"),
        ([(J, "queue", 2, 1)], "jobs row 2: queue is 1, which is none of 1"),
        ([(J, "job_class", 2, -1)], "jobs row 2: job_class is -1, which is none of 1"),
        ([(J, "arrival_ns", 1, 5), (J, "expires_ns", 1, 4)], "jobs row 1: its patience ends at 4, before it arrives"),
        ([(A, "job", 4, 5)], "attempts row 4: job 5, attempt 0 stands out of order"),
        ([(A, "job", 0, 1)], "attempts row 0: job 1, attempt 0 stands out of order"),
        ([(A, "attempt", 4, 1)], "attempts row 4: job 4, attempt 1 stands out of order"),
        ([(A, "job", 5, 4)], "attempts row 5: job 4, attempt 0 stands out of order"),
        (
            [(A, "job", 9, 8), (A, "attempt", 9, 1)],
            "every job must have an attempt: there are 10 jobs, and attempts of 9",
        ),
        ([(J, "arrival_ns", 3, 1)], r"attempts row 3 \(job 3, attempt 0\): published \(0\) is before arrival \(1\)"),
        ([(A, "published_ns", 4, 9)], r"attempts row 4 \(job 4, attempt 0\): published at 9 although it arrives at 0"),
        ([(A, "reserved_ns", 4, 1201 * S)], r"started \(1200000000000\) is before reserved \(1201000000000\)"),
        ([(A, "reserved_ns", 4, NEVER)], "started at 1200000000000 without being reserved"),
        ([(A, "finished_ns", 4, 9)], r"finished \(9\) is before started"),
        ([(A, "finished_ns", 9, 3601 * S)], r"the horizon \(3600000000000\) is before finished \(3601000000000\)"),
        ([(A, "outcome", 4, 8)], "8 is no outcome"),
        ([(A, "outcome", 4, Outcome.UNFINISHED)], "is unfinished: it has left, or it is unfinished: not both"),
        ([(A, "finished_ns", 4, NEVER)], "is done: it has left, or it is unfinished: not both"),
        ([(A, "outcome", 4, Outcome.EXPIRED)], "is expired: it expired, so it must not have started"),
        ([(A, "started_ns", 4, NEVER)], "is done: it ran, so it must have started"),
        ([(A, "replica", 4, -1)], "it has a replica if, and only if, it started"),
        ([(A, "slot", 4, -1)], "it has a slot if, and only if, it started"),
        ([(J, "expires_ns", 4, 1199 * S)], "started at 1200000000000 although its patience ended at 1199000000000"),
        ([(A, "replica", 4, 1)], "starts on replica 1, which is not there yet"),
        ([(A, "slot", 4, 4)], "slot 4 of 4"),
        ([(A, "slot", 5, 0)], r"attempts row 5 .* in slot 0 of replica 0, in which attempts row 4 .* runs until 2400"),
        ([(F, "slots", 0, -1)], "fleet row 0: slots is -1"),
        ([(F, "vcpus", 0, np.nan)], "fleet row 0: vcpus is nan"),
        ([(F, "price", 0, np.inf)], "fleet row 0: price is inf"),
        ([(F, "cause", 0, 4)], "fleet row 0: 4 is no cause"),
        ([(F, "cause", 0, Cause.DOWN)], "fleet row 0: 4 slots are up although it starts or is down"),
        ([(F, "cause", 0, Cause.DRAINING)], "starts on replica 0, which is not ready"),
        ([(F, "instant_ns", 0, 3601 * S)], "fleet row 0: its instant 3601000000000 lies outside of the run"),
        ([(F, "slots", 0, 5)], r"attempts row 4 \(job 4, attempt 0\) waits from 0 on although a slot is idle"),
        ([(P, "attempt", 4, 10)], "phases row 4: its attempt, kind or demand is none that there is"),
        (
            [(P, "attempt", 4, 3)],
            r"phases row 4: of .*job 3, attempt 0\) starts at 1200000000000, expected 1200000000000|",
        ),
        ([(P, "attempt", 4, 5), (P, "attempt", 5, 4)], "phases row .* "),
        ([(P, "kind", 4, 2)], "phases row 4: its attempt, kind or demand"),
        ([(P, "demand_ns", 4, 7)], r"phases row 4: of .*\) lasts 1200000000000 ns, its demand is 7 ns"),
        ([(P, "started_ns", 4, 7)], r"phases row 4: of .*\) starts at 7, expected 1200000000000"),
        ([(P, "finished_ns", 4, 7)], r"phases row 4: of .*\) ends at 7, before it starts"),
        ([(P, "finished_ns", 4, NEVER)], r"is the last one and ends at never, unlike its attempt"),
        ([(P, "kind", 4, CPU), (P, "demand_ns", 4, 1199 * S)], r"got 1e\+09 ns of CPU more than its demand"),
    ],
)
def test_a_broken_row_is_named(changes: list[Change], said: str) -> None:
    with pytest.raises(LogError, match=said):
        changed(overload(), *changes).check()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ([(A, "finished_ns", 3, 14 * S)], "expired at 14000000000, before its patience ends"),
        ([(A, "outcome", 1, Outcome.RETRIED)], "is retried at 50000000000, and no attempt is published then"),
        ([(A, "published_ns", 1, 9 * S)], "is retried at 10000000000, and no attempt is published then"),
        ([(A, "replica", 3, 0)], "it has a replica if, and only if, it started"),
        ([(P, "demand_ns", 4, 10 * S)], "has not ended after its 10000000000 ns"),
        ([(P, "finished_ns", 2, 21 * S)], "is the last one and ends at 21000000000, unlike its attempt"),
    ],
)
def test_rows_of_several_attempts(changes: list[Change], said: str | None) -> None:
    log = changed(retried(), *changes)
    if said is None:
        log.check()
        return
    with pytest.raises(LogError, match=said):
        log.check()


def test_an_attempt_without_a_phase_has_no_length() -> None:
    log = log_of(Row(0, 0, 0), Row(1, 1, 3), horizon=3, phases=phases_of((1, IO, 2, 1, 3)))
    log.check()
    with pytest.raises(LogError, match=r"attempts row 1 .* started without a phase"):
        replace(log, phase_source=phases_of()).check()


def test_phases_leave_no_gap_and_no_overlap() -> None:
    def of(start: float) -> RunLog:
        phases = phases_of((0, CPU, 1, 0, 1), (0, IO, 4 - start, start, 4))
        return log_of(Row(0, 0, 4), horizon=4, phases=phases)

    of(1).check()
    for start in (0.5, 2):
        with pytest.raises(LogError, match=r"phases row 1: .* expected 1000000000"):
            of(start).check()


def test_attempts_of_no_length_share_an_instant_of_a_slot() -> None:
    fleet = fleet_of((0, 0, Cause.READY, 1))
    log = log_of(Row(0, 0, 5), Row(5, 5, 9), Row(5, 5, 5), Row(5, 9, 9), horizon=9, fleet=fleet)
    log.check()


def test_slots_beyond_a_short_word_are_told_apart() -> None:
    fleet = fleet_of((0, 0, Cause.READY, 70_000))
    log_of(Row(0, 0, 5, slot=0), Row(0, 0, 5, slot=65_536), horizon=5, fleet=fleet).check()
    with pytest.raises(LogError, match="in slot 65536 of replica 0, in which attempts row 0"):
        log_of(Row(0, 0, 5, slot=65_536), Row(0, 0, 5, slot=65_536), horizon=5, fleet=fleet).check()


def test_a_slot_that_never_finishes_takes_nothing_more() -> None:
    rows = [Row(0, 0, None, Outcome.UNFINISHED), Row(5, 5, None, Outcome.UNFINISHED, slot=0)]
    with pytest.raises(LogError, match="runs until never"):
        log_of(*rows, horizon=9).check()


def test_the_fleet_stands_in_order() -> None:
    fleet = fleet_of((0, 1, Cause.READY, 4), (0, 0, Cause.READY, 4))
    with pytest.raises(LogError, match="fleet row 0: it stands out of order"):
        log_of(Row(0, 0, 1), horizon=9, fleet=fleet).check()


def test_a_slot_is_up_until_its_attempt_leaves() -> None:
    fleet = fleet_of((0, 0, Cause.READY, 4), (5, 0, Cause.DOWN, 0))
    log_of(Row(0, 0, 5, Outcome.LOST), horizon=9, fleet=fleet).check()
    with pytest.raises(LogError, match="runs until 6000000000 although its replica went at 5000000000"):
        log_of(Row(0, 0, 6), horizon=9, fleet=fleet).check()
    with pytest.raises(LogError, match="runs until never although"):
        log_of(Row(0, 0, None, Outcome.UNFINISHED), horizon=9, fleet=fleet).check()
    with pytest.raises(LogError, match="which is not ready"):
        log_of(Row(0, 7, 8), horizon=9, fleet=fleet).check()


def test_a_log_without_a_fleet_cannot_start_anything() -> None:
    log_of(Row(0, None, None, Outcome.UNFINISHED), horizon=9, fleet=fleet_of()).check()
    with pytest.raises(LogError, match="which is not there yet"):
        log_of(Row(0, 0, 9), horizon=9, fleet=fleet_of()).check()


# --- idle slots


def test_nothing_waits_while_a_slot_idles() -> None:
    fleet = fleet_of((0, 0, Cause.READY, 1))
    log_of(Row(0, 0, 10), Row(3, 10, 20), Row(1000, 1000, 1010), horizon=2000, fleet=fleet).check()
    late = log_of(Row(0, 0, 10), Row(3, 1000, 1010), Row(1000, 1010, 1020), horizon=2000, fleet=fleet)
    with pytest.raises(LogError, match=r"attempts row 1 \(job 1, attempt 0\) waits from 10000000000 on"):
        late.check()


def test_a_draining_replica_is_no_idle_slot() -> None:
    fleet = fleet_of((0, 0, Cause.READY, 1), (0, 1, Cause.READY, 1), (5, 1, Cause.DRAINING, 1), (9, 1, Cause.DOWN, 0))
    rows = [Row(0, 0, 20), Row(6, 20, 30)]
    log_of(*rows, horizon=30, fleet=fleet).check()
    with pytest.raises(LogError, match=r"attempts row 1 .* waits from 2000000000 on"):
        log_of(rows[0], Row(2, 20, 30), horizon=30, fleet=fleet).check()
    # What runs on the draining replica does not hide that the other one is idle from 8 s on.
    fleet = fleet_of((0, 0, Cause.READY, 1), (0, 1, Cause.READY, 1), (5, 1, Cause.DRAINING, 1), (20, 1, Cause.DOWN, 0))
    rows = [Row(0, 0, 8), Row(0, 0, 20, replica=1), Row(6, 8, 30)]
    log_of(*rows, horizon=30, fleet=fleet).check()
    with pytest.raises(LogError, match=r"attempts row 2 .* waits from 8000000000 on"):
        log_of(*rows[:2], Row(6, 20, 30), horizon=30, fleet=fleet).check()


def test_nothing_waits_beside_an_idle_slot_at_the_horizon_itself() -> None:
    with pytest.raises(LogError, match=r"attempts row 0 .* waits from 9000000000 on"):
        log_of(Row(9, None, None, Outcome.UNFINISHED), horizon=9).check()


def test_a_queue_that_is_not_served_waits() -> None:
    rows = [Row(0, None, None, Outcome.UNFINISHED, queue=1), Row(0, 0, 9)]
    log = log_of(*rows, horizon=9, queues=("default", "other"))
    log.check(served=frozenset({0}))
    with pytest.raises(LogError, match=r"attempts row 0 .* waits from 0 on"):
        log.check()


# --- processor sharing


def test_cpu_above_the_vcpus_is_noticed() -> None:
    phases = phases_of(*((i, CPU, 60, 0, 60) for i in range(4)))
    rows = [Row(0, 0, 60, slot=i) for i in range(4)]
    log = log_of(*rows, horizon=60, fleet=fleet_of((0, 0, Cause.READY, 4), vcpus=2.0), phases=phases)
    with pytest.raises(
        LogError, match=r"phases row 0: of .* got 3e\+10 ns of CPU less than its demand of 60000000000 ns"
    ):
        log.check()


def test_a_cpu_phase_that_runs_on_too_long_is_noticed() -> None:
    phases = phases_of((0, CPU, 3, 0, None))
    with pytest.raises(LogError, match=r"got 1e\+09 ns of CPU more than its demand of 3000000000 ns"):
        log_of(Row(0, 0, None, Outcome.UNFINISHED), horizon=4, phases=phases).check()
    with pytest.raises(LogError, match="has not ended after its"):
        log_of(Row(0, 0, None, Outcome.UNFINISHED), horizon=4, phases=phases_of((0, IO, 3, 0, None))).check()


def test_shares_change_whenever_a_phase_begins_or_ends() -> None:
    # On one vCPU: alone for 1 s, two at half speed for 4 s, then alone again.
    phases = phases_of((0, CPU, 4, 0, 6), (1, CPU, 2, 1, 5), (1, IO, 1, 5, 6))
    rows = [Row(0, 0, 6), Row(1, 1, 6, slot=1)]
    log = log_of(*rows, horizon=6, fleet=fleet_of((0, 0, Cause.READY, 2), vcpus=1.0), phases=phases)
    log.check()
    for row in (0, 1):
        for shift in (-4, 4):
            wrong = changed(log, ("phases", "demand_ns", row, log.phases.demand_ns[row] + shift))
            with pytest.raises(LogError, match=f"phases row {row}: .* 4 ns of CPU {'more' if shift < 0 else 'less'}"):
                check_sharing(wrong)


def test_rounding_may_take_a_nanosecond_from_a_phase() -> None:
    # Three phases of 1 ns on two vCPUs end at 1.5, which is written as 2; alone, 1 ns later is 2.5, and that is 2 too.
    phases = [(0, CPU, 1, 0, 2), (0, CPU, 1, 2, 2), (1, CPU, 1, 0, 2), (2, CPU, 1, 0, 2)]
    nano = 1 / SECOND
    rows = [Row(0, 0, 2 * nano, slot=i) for i in range(3)]
    fleet = fleet_of((0, 0, Cause.READY, 3), vcpus=2.0)
    table = phases_of(*((i, kind, demand * nano, at * nano, end * nano) for i, kind, demand, at, end in phases))
    log = log_of(*rows, horizon=2 * nano, fleet=fleet, phases=table)
    log.check()
    with pytest.raises(LogError, match="lasts 0 ns, its demand is 2 ns"):
        changed(log, ("phases", "demand_ns", 1, 2)).check()
    alone = log_of(Row(0, 0, 2 * nano), horizon=2 * nano, phases=phases_of((0, CPU, 3 * nano, 0, 2 * nano)))
    with pytest.raises(LogError, match="got 1 ns of CPU less than its demand of 3 ns"):
        alone.check()


def test_work_of_centuries_is_counted_to_the_nanosecond() -> None:
    # Replicas far apart in number and instants near the end of a long run do not fit into one word together.
    start, n = 90 * 365 * 86_400, 3
    rows = [Row(0, start, start + 100, replica=r, slot=s) for r in (0, 9) for s in range(2)]
    fleet = fleet_of(*((0, r, Cause.READY, 2) for r in range(10)), vcpus=1.0)
    phases = phases_of(*((i, CPU, 50, start, start + 100) for i in range(4)))
    log = log_of(*rows, horizon=start + 100, fleet=fleet, phases=phases)
    check_sharing(log)
    for row in range(n):
        with pytest.raises(LogError, match=f"phases row {row}"):
            check_sharing(changed(log, ("phases", "demand_ns", row, 50 * SECOND + 9)))


# --- laws, and observed logs


def test_both_sides_of_the_laws_of_scenario_4() -> None:
    sides = laws(overload())
    assert sides[QUEUE] == (9600 * S, 9600 * S)
    assert sides[SYSTEM] == (21_600 * S, 21_600 * S)
    assert sides[COUNT] == (10, 10)
    assert all(curve == rows for curve, rows in sides.values())


def test_laws_hold_beyond_64_bits() -> None:
    wait, n = 10**8, 400  # 400 waits of three years are 4e19 ns
    rows = [Row(0, wait, wait, slot=i % 4) for i in range(n)]
    assert laws(log_of(*rows, horizon=wait))[QUEUE] == (n * wait * S, n * wait * S)


def test_an_observed_log_is_held_only_to_what_it_can_know() -> None:
    rows = [Row(0, 3, 9, replica=-1, slot=-1), Row(1, 4, 9, published=2, replica=-1, slot=-1)]
    log = log_of(*rows, horizon=9, fleet=fleet_of(), phases=phases_of(), engine="observed")
    log.check()
    with pytest.raises(LogError, match="is before started"):
        changed(log, ("attempts", "finished_ns", 0, 1)).check()
    placed = replace(log, attempts=replace(log.attempts, replica=whole([0, 0]), slot=whole([0, 0])))
    with pytest.raises(LogError, match="in which attempts row 0"):
        placed.check()
