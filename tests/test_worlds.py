"""Logs with several attempts a job, workers that reserve, fleets that change and several services."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from workersim.engines.system import BUSY, Celery, Change, Happening, Service, System
from workersim.engines.written import Told, told_log
from workersim.errors import LogError
from workersim.metrics import figures, over_time
from workersim.metrics.parts import PARTS
from workersim.runlog import SERVICE, Cause, Outcome, Pause, RunLog, Terms
from workersim.runlog.laws import SPLIT, laws
from workersim.units import NEVER, SECOND
from workersim.workload import Jobs
from workersim.workload.fates import plain_fates

from .builders import J, io, jobs_of
from .logs import (
    CPU,
    IO,
    Row,
    copied,
    draining,
    fleet_of,
    growing,
    handed_back,
    log_of,
    overload,
    phases_of,
    retried,
    stranded,
    two_services,
    whole,
)
from .test_check import A, F, P, changed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from .test_check import Change as Edit

S = SECOND
READY, DOWN = Cause.READY, Cause.DOWN
WORLDS = [stranded, handed_back, copied, growing, two_services]


@pytest.mark.parametrize("build", WORLDS)
def test_logs_that_were_worked_out_by_hand_are_valid(build: Callable[[], RunLog]) -> None:
    log = build()
    log.check()
    for curve, rows in laws(log).values():
        assert curve == rows


@pytest.mark.parametrize(
    ("build", "changes", "said"),
    [
        (stranded, [(A, "published_ns", 2, 9 * S)], None),  # a sweep may come while it runs
        (
            stranded,
            [(A, "outcome", 1, Outcome.FAILED)],
            r"job 1, attempt 1\): published at 100000000000 although the last",
        ),
        (
            stranded,
            [(A, "outcome", 4, Outcome.REDELIVERED)],
            "is redelivered: it was returned, so it must not have started",
        ),
        (stranded, [(A, "replica", 2, 1)], "starts on replica 1, which is not ready"),
        (stranded, [(A, "finished_ns", 1, 11 * S)], "runs until 11000000000 although its replica went at 10000000000"),
        (stranded, [(A, "finished_ns", 3, 99 * S)], r"published at 100000000000 although .* ended at 99000000000"),
        (handed_back, [(A, "published_ns", 2, 22 * S)], "published at 22000000000 although the last one before it"),
        (handed_back, [(F, "slots", 1, 0)], "replica 0 runs 1 attempts at 5000000000, and 0 slots are up"),
        (handed_back, [(A, "replica", 0, 1)], "starts on replica 1, which is not there yet"),
        (copied, [(A, "finished_ns", 3, 119 * S)], "redelivered at 119000000000, and its message is nowhere"),
        (copied, [(A, "published_ns", 1, 151 * S), (A, "reserved_ns", 1, 151 * S)], "is before"),
        (growing, [(A, "published_ns", 4, 99 * S)], "is retried at 100000000000, and no attempt is published then"),
        (growing, [(P, "finished_ns", 1, 39 * S)], "is the last one and ends at 39000000000, unlike its attempt"),
        (growing, [(P, "demand_ns", 1, 20 * S)], "has not ended after its 20000000000 ns"),
        (growing, [(F, "cause", 5, Cause.READY)], None),
        (growing, [(A, "started_ns", 2, 71 * S), (P, "started_ns", 2, 71 * S)], "which is not ready"),
        (two_services, [(A, "replica", 2, SERVICE + 2)], "starts on replica 2 of service mail, which is not there yet"),
        (two_services, [(A, "replica", 2, 2)], "starts on replica 2 of service ocr, which is not there yet"),
        (two_services, [(A, "slot", 3, 1)], "slot 1 of 1"),
        (two_services, [(A, "replica", 3, SERVICE)], "in slot 0 of replica 0 of service mail, in which attempts row 2"),
        (two_services, [(A, "reserved_ns", 1, 5 * S)], None),
        (two_services, [(F, "slots", 1, 2)], None),
        (two_services, [(F, "slots", 0, 2)], r"attempts row 1 \(job 1, attempt 0\) waits from 0 on although"),
        (two_services, [("jobs", "queue", 1, 1)], r"attempts row 1 .* waits from 5000000000 on although"),
    ],
)
def test_a_broken_row_is_named(build: Callable[[], RunLog], changes: list[Edit], said: str | None) -> None:
    log = changed(build(), *changes)
    if said is None:
        log.check()
        return
    with pytest.raises(LogError, match=said):
        log.check()


def test_a_copy_is_published_after_the_one_before_it() -> None:
    rows = [Row(0, 0, 50, job=0), Row(0, None, 50, Outcome.REDELIVERED, job=0, attempt=1, published=30)]
    rows.append(Row(0, None, 50, Outcome.REDELIVERED, job=0, attempt=2, published=20))
    with pytest.raises(LogError, match="published at 20000000000 before the attempt that precedes it"):
        log_of(*rows, horizon=60).check()


def test_patience_in_a_worker_ends_when_somebody_looks() -> None:
    def of(finish: float) -> RunLog:
        return log_of(Row(0, 0, 9), Row(0, None, finish, Outcome.EXPIRED, reserved=1, expires=5), horizon=9)

    of(5.1).check()
    of(9).check()
    with pytest.raises(LogError, match="expired in a worker at 5000000000, when its patience had not ended"):
        of(5).check()
    with pytest.raises(LogError, match="before its patience ends"):
        of(4).check()
    handed = [Row(0, 0, 9, reserved=0), Row(0, 5.003, 9, reserved=1, slot=1, expires=5)]
    log = log_of(*handed, horizon=9)
    log.check()
    with pytest.raises(LogError, match="started at 5003000000 although its patience ended"):
        replace(log, terms=(Terms(ideal=True),)).check()


def test_a_retry_without_patience_is_looked_at_once() -> None:
    def of(finish: float) -> RunLog:
        rows = [
            Row(0, 0, 9, Outcome.RETRIED, job=0, expires=5),
            Row(0, None, finish, Outcome.EXPIRED, job=0, attempt=1, published=9),
        ]
        return log_of(*rows, horizon=20, terms=(Terms(),))

    of(9).check()
    with pytest.raises(LogError, match="expired at 10000000000, its patience ended at 9000000000"):
        of(10).check()


def test_a_retry_without_patience_may_expire_in_a_worker_that_fetches_it_at_once() -> None:
    rows = [
        Row(0, 0, 9, Outcome.RETRIED, job=0, expires=5),
        Row(0, None, 9, Outcome.EXPIRED, job=0, attempt=1, published=9, reserved=9),
    ]
    log_of(*rows, horizon=20, terms=(Terms(ideal=False),)).check()


def test_a_message_on_its_way_to_a_celery_worker_waits_beside_an_idle_slot() -> None:
    """Service `mail` is ideal and idle; the message may be taken by `ocr`, whose workers fetch it."""
    fleet = fleet_of((0, 0, READY, 1), (0, SERVICE, READY, 1))
    terms = (Terms(ideal=False), Terms())
    fetched = log_of(Row(0, 0.004, 9, reserved=0.001), horizon=9, fleet=fleet, services=("ocr", "mail"), terms=terms)
    fetched.check()
    taken = log_of(Row(0, 1, 9, replica=SERVICE), horizon=9, fleet=fleet, services=("ocr", "mail"), terms=terms)
    with pytest.raises(LogError, match=r"attempts row 0 .* waits from 0 on although a slot is idle"):
        taken.check()


def test_a_replica_that_was_up_for_no_time_has_no_row_that_says_so() -> None:
    log = log_of(Row(0, 0, 0, Outcome.LOST), horizon=9, fleet=fleet_of((0, 0, DOWN, 0)), phases=phases_of())
    log.check()
    with pytest.raises(LogError, match="slot 4 of 4"):
        log_of(Row(0, 0, 0, slot=4), horizon=9, phases=phases_of()).check()
    with pytest.raises(LogError, match="not ready"):
        log_of(Row(0, 0, 1, Outcome.LOST), horizon=9, fleet=fleet_of((0, 0, DOWN, 0))).check()


def test_a_start_that_takes_its_replica_down_is_over_at_that_instant() -> None:
    fleet = fleet_of((0, 0, READY, 2), (5, 0, Cause.STARTING, 0), (8, 0, READY, 2))
    rows = [Row(0, 0, 5, Outcome.LOST), Row(5, 5, 5, Outcome.LOST, slot=1), Row(6, 8, 9)]
    phases = phases_of((0, IO, 9, 0, None), (1, IO, 0, 5, None), (2, IO, 1, 8, 9))
    log_of(*rows, horizon=9, fleet=fleet, phases=phases, terms=(Terms(),)).check()
    longer = [rows[0], Row(5, 5, 5.1, Outcome.LOST, slot=1), rows[2]]
    with pytest.raises(LogError, match="starts on replica 0, which is not ready"):
        log_of(*longer, horizon=9, fleet=fleet, phases=phases, terms=(Terms(),)).check()


def test_a_message_in_hand_off_starts_on_a_worker_that_drains() -> None:
    fleet = fleet_of((0, 0, READY, 1), (5, 0, Cause.DRAINING, 1), (9, 0, DOWN, 0))
    log = log_of(Row(0, 5.003, 9, reserved=0), horizon=9, fleet=fleet)
    log.check()
    with pytest.raises(LogError, match="which is not ready"):
        replace(log, terms=(Terms(ideal=True),)).check()


def test_processes_come_and_go_and_keep_their_numbers() -> None:
    fleet = fleet_of((0, 0, READY, 1), (2, 0, READY, 3), (6, 0, READY, 2))
    rows = [Row(0, 0, 4), Row(0, 2, 6, slot=1, reserved=1), Row(0, 2, 9, slot=2, reserved=1)]
    rows.append(Row(7, 7, 9, reserved=7))
    log_of(*rows, horizon=9, fleet=fleet).check()
    rows.append(Row(7, 8, 9, slot=1, reserved=7))
    with pytest.raises(LogError, match="replica 0 runs 3 attempts at 8000000000, and 2 slots are up"):
        log_of(*rows, horizon=9, fleet=fleet).check()


def test_a_worker_holds_no_more_than_its_window() -> None:
    def of(window: int, *, late: bool) -> RunLog:
        rows = [Row(0, 0, 5, reserved=0), Row(0, 5, 9, reserved=1), Row(0, 9, 9, reserved=2)]
        return log_of(*rows, horizon=9, terms=(Terms(ideal=False, late=late, window=window),))

    of(3, late=True).check()
    of(2, late=False).check()
    for window, late in ((2, True), (1, False)):
        with pytest.raises(LogError, match=f"replica 0 holds {window + 1} messages at .*, its window is {window}"):
            of(window, late=late).check()


def test_slots_that_take_nothing_for_a_while_are_not_idle() -> None:
    rows = [Row(0, 0, 2, Outcome.LOST), Row(1, 2.05, 4), Row(5, 7, 8)]
    phases = phases_of((0, IO, 5, 0, None), (1, IO, 1.95, 2.05, 4), (2, IO, 1, 7, 8))
    fleet = fleet_of((0, 0, READY, 1))
    log = log_of(*rows, horizon=8, fleet=fleet, phases=phases, terms=(Terms(),))
    killed, outage = Pause(2 * S, 2_050_000_000, 0, 1), Pause(4 * S, 7 * S, 0, 1 << 40)
    replace(log, pauses=(killed, outage)).check()
    with pytest.raises(LogError, match=r"attempts row 1 .* waits from 2000000000 on"):
        replace(log, pauses=(outage,)).check()
    with pytest.raises(LogError, match=r"attempts row 2 .* waits from 5000000000 on"):
        replace(log, pauses=(killed,)).check()
    with pytest.raises(LogError, match=r"attempts row 2 .* waits from 6000000000 on"):
        replace(log, pauses=(killed, outage._replace(until_ns=6 * S))).check()
    replace(log, terms=()).check()  # nobody knows


def test_what_may_not_be_due_waits_beside_idle_slots() -> None:
    log = log_of(Row(0, 3, 4), horizon=4, terms=(Terms(delayed=(0,)),))
    log.check()
    with pytest.raises(LogError, match="waits from 0 on"):
        replace(log, terms=(Terms(),)).check()


def test_visible_and_reserved_make_the_queue() -> None:
    for build in (stranded, handed_back):
        assert laws(build())[SPLIT][0] == laws(build())[SPLIT][1]
    log = changed(stranded(), (A, "reserved_ns", 3, 101 * S))  # received after it has left
    assert laws(log)[SPLIT] == (laws(log)[SPLIT][1],) * 2
    with pytest.raises(LogError, match=r"finished .* is before started|before reserved"):
        log.check()


# --- what became of the jobs


def test_jobs_are_counted_once_and_attempts_beside_them() -> None:
    sums = ("finished", "failed", "expired", "lost", "unfinished")
    wanted: dict[Any, dict[str, int]] = {
        stranded: {"finished": 4, "redelivered": 1},
        handed_back: {"finished": 2, "redelivered": 1},
        copied: {"finished": 2, "done_twice": 1, "redelivered": 1},
        growing: {"finished": 2, "failed": 1, "lost": 1, "retried": 1},
        retried: {"finished": 1, "failed": 1, "timed_out": 1, "expired": 1, "lost": 1, "unfinished": 2, "retried": 1},
    }
    for build, counts in wanted.items():
        jobs = figures(build())["jobs"]
        assert {name: value for name, value in jobs.items() if value and name != "arrived"} == counts
        assert jobs["arrived"] == sum(jobs[name] for name in sums)


def test_a_deleted_copy_decides_nothing() -> None:
    rows = [
        Row(0, 5, 20, Outcome.FAILED, job=0, reserved=1),
        Row(0, None, 20, Outcome.REDELIVERED, job=0, attempt=1, published=10),
    ]
    log = log_of(*rows, horizon=20)
    log.check()
    tree = figures(log)
    assert tree["jobs"]["failed"] == 1
    assert (tree["wait"]["mean"], tree["response"]["mean"]) == (5, 20)


def test_a_message_that_nobody_found_is_unfinished() -> None:
    """With late acknowledgement it waits for a sweep; with early acknowledgement it is lost."""
    fleet = fleet_of((0, 0, READY, 1), (10, 0, DOWN, 0))
    log = log_of(Row(0, 0, 10, Outcome.LOST), horizon=50, fleet=fleet, terms=(Terms(ideal=False, late=True),))
    log.check()
    assert (figures(log)["jobs"]["lost"], figures(log)["jobs"]["unfinished"]) == (0, 1)
    early = replace(log, terms=(Terms(ideal=False),))
    early.check()
    assert (figures(early)["jobs"]["lost"], figures(early)["jobs"]["unfinished"]) == (1, 0)
    # Its process alone was killed, so the message was acknowledged.
    child = replace(log, fleet=fleet_of((0, 0, READY, 1)))
    child.check()
    assert figures(child)["jobs"]["lost"] == 1


# --- where jobs wait


def state(log: RunLog, job: int, t: int) -> str | None:
    """Return where a job is at an instant."""
    a, found = log.attempts, set()
    for i in np.flatnonzero(a.job == job):
        left = min(a.started_ns[i], a.finished_ns[i])
        if a.started_ns[i] <= t < a.finished_ns[i]:
            found.add("running")
        elif a.reserved_ns[i] <= t < left:
            found.add("reserved")
        elif a.published_ns[i] <= t < left:
            found.add("visible")
    return next((name for name in ("running", "reserved", "visible") if name in found), None)


def overlapping() -> RunLog:
    """Messages of one job side by side: job 0's copy waits while the original runs, job 1's while it is reserved."""
    rows = [
        Row(0, 0, 50, Outcome.LOST, job=0),
        Row(0, 60, 70, job=0, attempt=1, published=10, reserved=20, replica=1),
        Row(0, None, 40, Outcome.REDELIVERED, job=1, reserved=5),
        Row(0, 50, 60, job=1, attempt=1, published=10, reserved=45, replica=1),
    ]
    fleet = fleet_of((0, 0, READY, 1), (0, 1, READY, 1), (50, 0, DOWN, 0))
    return log_of(*rows, horizon=70, fleet=fleet, terms=(Terms(ideal=False, late=True),))


def test_messages_side_by_side_count_once() -> None:
    overlapping().check()
    wait = figures(overlapping())["wait"]
    assert wait["mean"] == (60 + 50) / 2
    assert [wait[name] for name in PARTS] == [(0 + 10) / 2, (10 + 40) / 2, 50 / 2]


@pytest.mark.parametrize("build", [*WORLDS, retried, overload, draining, overlapping])
def test_the_parts_of_a_wait_are_those_of_a_loop(build: Callable[[], RunLog]) -> None:
    log = build()
    spent, count, step = dict.fromkeys(PARTS, 0), 0, S // 20
    for job in range(len(log.jobs)):
        rows = np.flatnonzero(log.attempts.job == job)
        kept = [i for i in rows if log.attempts.outcome[i] != Outcome.REDELIVERED]
        decided = next((i for i in rows if log.attempts.outcome[i] == Outcome.DONE), kept[-1])
        start = int(log.attempts.started_ns[decided])
        if start == NEVER or log.attempts.outcome[decided] == Outcome.EXPIRED:
            continue
        count += 1
        for t in range(int(log.jobs.arrival_ns[job]), start, step):
            where = state(log, job, t)
            if where:
                spent[where] += step
    wait = figures(log)["wait"]
    for name in PARTS:
        assert wait[name] == pytest.approx(spent[name] / count / S), name


def test_the_parts_of_nothing_are_none() -> None:
    tree = figures(log_of(Row(0, None, None, Outcome.UNFINISHED), horizon=9, fleet=fleet_of()))
    assert [tree["wait"][name] for name in PARTS] == [None] * 3
    row = Row(0, 3, 9, replica=-1, slot=-1, reserved=NEVER / SECOND)
    tree = figures(log_of(row, horizon=9, fleet=fleet_of(), phases=phases_of(), engine="observed"))
    assert (tree["wait"]["mean"], tree["wait"]["visible"]) == (3, None)


# --- curves of services


def test_curves_of_one_service() -> None:
    log = two_services()
    assert over_time(log, "utilization", service="ocr").mean() == 1
    assert over_time(log, "utilization", service="mail").mean() == 10 / 60
    assert over_time(log, "running", service="mail", replica=1).integral() == 5
    assert over_time(log, "replicas", service="mail").max() == 2
    assert over_time(log, "replicas").max() == 3
    assert over_time(log, "queue_length", queue="scans").integral() == 10
    with pytest.raises(LogError, match="there is no service 'fax' in this log; there are ocr, mail"):
        over_time(log, "replicas", service="fax")
    with pytest.raises(LogError, match="replica 0 may be one of several services, so say which service: ocr, mail"):
        over_time(log, "utilization", replica=0)
    with pytest.raises(LogError, match="there is no replica 2"):
        over_time(log, "utilization", replica=2, service="mail")
    with pytest.raises(LogError, match="queue_length cannot be told for one service"):
        over_time(log, "queue_length", service="mail")


def test_states_of_a_fleet_over_time() -> None:
    log = growing()
    assert over_time(log, "replicas").to_frame().values.tolist() == [
        [0, 1],
        [20, 2],
        [40, 1],
        [60, 2],
        [70, 1],
        [120, 1],
    ]
    assert over_time(log, "starting").integral() == 10
    assert over_time(log, "draining").integral() == 20
    assert over_time(log, "cost").integral() == 120 + 30 + 30  # starting and draining are paid, down is not


def test_cpu_of_two_services_is_shared_in_each_replica_alone() -> None:
    rows = [Row(0, 0, 20, replica=key, slot=slot) for key in (0, SERVICE) for slot in (0, 1)]
    phases = phases_of(*((i, CPU, 10, 0, 20) for i in range(4)))
    fleet = fleet_of((0, 0, READY, 2), (0, SERVICE, READY, 2), vcpus=1.0)
    log = log_of(*rows, horizon=20, fleet=fleet, phases=phases, services=("a", "b"))
    log.check()
    assert over_time(log, "cpu").mean() == 1
    with pytest.raises(LogError, match=r"phases row 3: .* less than its demand"):
        changed(log, (P, "demand_ns", 3, 12 * S)).check()


# --- prices of use


def test_what_is_used_is_paid() -> None:
    """Two vCPUs for 60 s of 120 s at 6 an hour each, beside a replica at 3 an hour."""
    rows = [Row(0, 0, 60), Row(0, 0, 60, slot=1)]
    phases = phases_of((0, CPU, 60, 0, 60), (1, CPU, 60, 0, 60))
    log = log_of(*rows, horizon=120, phases=phases, fleet=fleet_of((0, 0, READY, 2), vcpus=2.0, price=3.0))
    assert figures(log)["cost"]["total"] == pytest.approx(3 / 30)
    used = replace(log, fleet=replace(log.fleet, vcpu_price=np.array([6.0])))
    used.check()
    assert over_time(used, "cost").to_frame().values.tolist() == [[0, 15], [60, 3], [120, 3]]
    assert figures(used)["cost"] == {"total": pytest.approx(3 / 30 + 12 / 60), "per_job": pytest.approx(0.15)}
    # The minimum counts where it is more.
    for least, total in ((1.0, 0.3), (30.0, 1.0)):
        assert figures(replace(used, least_price=least))["cost"]["total"] == pytest.approx(total)
    observed = replace(used, engine="observed", phase_source=phases_of())
    assert figures(observed)["cost"]["total"] is None


def test_two_prices_of_use_are_added() -> None:
    rows = [Row(0, 0, 10), Row(0, 0, 10, replica=SERVICE)]
    phases = phases_of((0, CPU, 10, 0, 10), (1, CPU, 10, 0, 10))
    fleet = fleet_of((0, 0, READY, 1), (0, SERVICE, READY, 1), price=0.0)
    fleet = replace(fleet, vcpu_price=np.array([1.0, 10.0]))
    log = log_of(*rows, horizon=20, fleet=fleet, phases=phases, services=("a", "b"))
    assert over_time(log, "cost").mean() == 5.5
    assert over_time(log, "cost", service="b").max() == 10


def test_many_different_prices_leave_nothing_over() -> None:
    prices = np.random.default_rng(1).uniform(0, 1, 100)
    rows = [(float(i), i, READY, 1) for i in range(100)] + [(200.0 + i, i, DOWN, 0) for i in range(100)]
    fleet = replace(fleet_of(*rows), price=np.concatenate([prices, np.zeros(100)]))
    curve = over_time(log_of(horizon=400, fleet=fleet, phases=phases_of()), "cost")
    assert curve.at(400) == 0
    assert curve.at(150) == pytest.approx(prices.sum(), rel=1e-14)
    assert curve.at(250) == pytest.approx(prices[51:].sum(), rel=1e-14)


# --- files, differences and frames


@pytest.mark.parametrize("suffix", [".npz", ".parquet"])
@pytest.mark.parametrize("build", [*WORLDS])
def test_a_file_gives_all_of_the_log_back(build: Callable[[], RunLog], suffix: str, tmp_path: Path) -> None:
    log = replace(build(), pauses=(Pause(1, 2, 0, 1 << 40),), least_price=0.5)
    log = replace(log, fleet=replace(log.fleet, vcpu_price=np.linspace(0, 1, len(log.fleet))))
    log.save(tmp_path / f"log{suffix}")
    got = RunLog.load(tmp_path / f"log{suffix}")
    assert log.diff(got) is None
    for name in ("services", "terms", "pauses", "least_price"):
        assert getattr(got, name) == getattr(log, name), name


def test_a_difference_names_the_replica_of_a_service() -> None:
    other = changed(two_services(), (A, "replica", 2, SERVICE + 1))
    said = "replica is 0 of service mail in one log and 1 of service mail in the other"
    assert str(two_services().diff(other)).endswith(said)
    priced = replace(growing(), fleet=replace(growing().fleet, vcpu_price=np.full(7, 0.5)))
    assert growing().diff(priced) == "fleet row 0: vcpu_price is 0.0 in one log and 0.5 in the other"


def test_frames_name_the_service() -> None:
    frames = two_services().to_pandas()
    assert frames.attempts["replica"].tolist() == [0, 0, 0, 1]
    assert frames.attempts["service_name"].tolist() == ["ocr", "ocr", "mail", "mail"]
    assert frames.jobs["service"].tolist() == ["ocr", "ocr", "mail", "mail"]
    assert frames.fleet[["service", "replica"]].values.tolist() == [["ocr", 0], ["mail", 0], ["mail", 1]]
    assert "service_name" not in growing().to_pandas().attempts
    waits = replace(two_services(), attempts=replace(two_services().attempts, replica=whole([0, 0, -1, -1])))
    assert waits.to_pandas().attempts["service_name"].isna().tolist() == [False, False, True, True]
    assert "3 changes of 3 replicas of 2 services" in two_services().summary()


# --- what engines tell


def service(name: str, **settings: Any) -> Service:
    return Service(**{"name": name, "replicas": 1, "concurrency": 1, "vcpus": 1.0, "queues": (0,), **settings})


def test_what_was_told_becomes_a_log() -> None:
    celery = Celery(window=4, late=True)
    prices = {"price": 0.0, "gb_price": 2.0, "vcpu_price": 3.0, "least_price": 0.1}
    services = (service("ocr", celery=celery, queues=(1,), **prices), service("mail", replicas=2, price=5.0))
    crash = Change(7 * S, Happening.CRASH, 1, 0, slot=BUSY)
    outage = Change(9 * S, Happening.OUTAGE, -1, lasts_ns=NEVER)
    system = System(services, ("mails", "scans"), (crash, outage))
    jobs = jobs_of([J(0, [io(4 * S)], queue="scans"), J(NEVER, [io(S)]), J(S, [io(S)], queue="scans")])
    n = NEVER
    told = Told(
        arrival_ns=whole([0, n, S]),
        attempts=np.array(
            [[2, 0, S, n, n, n, -1, -1, -1, Outcome.UNFINISHED], [0, 0, 0, 1, 2, 4 * S + 2, 0, 0, 0, Outcome.DONE]]
        ),
        phases=np.array([[1, 0, 2, 4 * S + 2]]),
        fleet=np.array(
            [
                [0, 1, 1, READY, 1, 0],
                [0, 0, 0, READY, 1, 10**9],
                [5, 0, 0, READY, 1, 10**9],
                [5, 0, 0, DOWN, 0, 0],
                [11, 1, 0, READY, 1, 0],
            ]
        ),
        last_ns=10,
    )
    log = told_log(told, jobs, system, NEVER, seed=1, digest="", engine="simpy")
    assert log.horizon_ns == 10
    assert log.attempts.job.tolist() == [0, 1]  # the job that never arrived is in no table
    assert log.attempts.replica.tolist() == [0, -1]
    assert log.phases.attempt.tolist() == [0]
    assert log.fleet.replica.tolist() == [0, SERVICE + 1, 0]
    assert log.fleet.cause.tolist() == [READY, READY, DOWN]  # the last state of an instant, and none after the end
    assert log.fleet.price.tolist() == [2.0, 5.0, 0.0]
    assert log.fleet.vcpu_price.tolist() == [3.0, 0.0, 0.0]
    assert log.services == ("ocr", "mail")
    # The queues of the jobs are in another order than those of the system.
    known = jobs.table.queues
    assert log.terms == (
        Terms((known.index("scans"),), ideal=False, late=True, window=4),
        Terms(tuple(i for i, name in enumerate(known) if name == "mails")),
    )
    assert log.pauses[0] == Pause(7 * S, 7 * S + 50_000_000, 1, 1)
    assert [(each.from_ns, each.until_ns, each.service) for each in log.pauses[1:]] == [(9 * S, n, 0), (9 * S, n, 1)]
    assert log.least_price == 0.1


def test_terms_tell_no_window_where_messages_may_be_held() -> None:
    jobs = jobs_of([J(0, [io(S)])])
    nothing = Told(
        whole([0]),
        np.array([[0, 0, 0, NEVER, NEVER, NEVER, -1, -1, -1, 7]]),
        whole([]).reshape(0, 4),
        whole([]).reshape(0, 6),
        0,
    )
    system = System((service("one", celery=Celery(window=4)),), ("default",))
    fates = plain_fates(1, 1)

    def terms(**columns: Any) -> Terms:
        columns_of = (jobs.table, jobs.first_phase, jobs.phase_kind, jobs.phase_demand_ns)
        asked = Jobs(*columns_of, fates=replace(fates, **columns)) if columns else jobs
        return told_log(nothing, asked, system, NEVER, seed=1, digest="", engine="simpy").terms[0]

    assert terms() == terms(fails=whole([0])) == Terms((0,), ideal=False, window=4)
    assert terms(countdown_ns=whole([5])) == Terms((0,), ideal=False, delayed=(0,))
    assert terms(retry_delay_ns=whole([5])).window == NEVER
