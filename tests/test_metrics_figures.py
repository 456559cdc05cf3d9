"""The tree of figures of a run: worked out by hand, and against plain loops."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workersim.errors import LogError
from workersim.metrics import figures, over_time, spread
from workersim.runlog import Attempts, Cause, FleetChanges, JobTable, Outcome, Phases, RunLog
from workersim.units import NEVER, SECOND

from .logs import Row, fleet_of, log_of, overload, phases_of, retried, sharing, valid_logs, whole

BESIDE = dict.fromkeys(["timed_out", "retried", "redelivered", "done_twice"], 0)
PARTS = ("visible", "reserved", "running")
NOTHING = dict.fromkeys(["mean", "std", "p50", "p90", "p95", "p99", "max"])


def test_figures_of_scenario_4() -> None:
    tree = figures(overload())
    counts = {"arrived": 10, "finished": 10, "failed": 0, "expired": 0, "lost": 0, "unfinished": 0}
    assert tree["jobs"] == counts | BESIDE
    assert [tree["wait"][part] for part in PARTS] == [960, 0, 0]
    waits = [0] * 4 + [1200] * 4 + [2400] * 2
    assert tree["wait"]["mean"] == 960
    assert tree["wait"]["std"] == pytest.approx(np.std(waits))
    for name, q in (("p50", 50), ("p90", 90), ("p95", 95), ("p99", 99)):
        assert tree["wait"][name] == np.percentile(waits, q)
        assert tree["wait"]["waited"][name] == np.percentile(waits[4:], q)
    assert tree["wait"]["waited"]["mean"] == 1600  # 26.7 minutes, not 20
    assert tree["service"] == dict.fromkeys(["mean", "p50", "p90", "p95", "p99", "max"], 1200) | {"std": 0}
    assert tree["response"]["max"] == 3600
    assert tree["queue_length"] == tree["visible"] == {"mean": 8 / 3, "max": 6}
    assert tree["reserved"] == {"mean": 0, "max": 0}
    assert tree["utilization"] == {"mean": 10 / 12, "max": 1}
    assert tree["cpu"] == {"mean": 0, "max": 0}
    assert tree["memory"] == {"reserved": 4 * 10**9, "mean": 4e9}
    assert tree["cost"] == {"total": 1, "per_job": 0.1}
    assert tree["throughput"] == 10 / 3600


def test_figures_of_several_attempts() -> None:
    tree = figures(retried())
    counts = {"arrived": 6, "finished": 1, "failed": 1, "expired": 1, "lost": 1, "unfinished": 2}
    assert tree["jobs"] == counts | BESIDE | {"timed_out": 1, "retried": 1}
    # Waits of jobs 0 (until its second attempt), 1, 3 and 4; job 2 expired, job 5 never started.
    assert (tree["wait"]["mean"], tree["wait"]["max"]) == ((40 + 0 + 10 + 5) / 4, 40)
    assert tree["wait"]["waited"]["mean"] == (40 + 10 + 5) / 3
    # Services: both of job 0, job 1, job 3.
    assert (tree["service"]["mean"], tree["service"]["p50"]) == ((10 + 10 + 20 + 20) / 4, 15)
    # Responses: jobs 0, 1, 3.
    assert (tree["response"]["mean"], tree["response"]["max"]) == ((50 + 20 + 30) / 3, 50)
    # The queue runs over attempts: 30 of job 0's second, 10 of job 2, 10 of job 3, 5 of job 4, 10 of job 5.
    assert tree["queue_length"]["mean"] == pytest.approx((30 + 10 + 10 + 5 + 10) / 60)
    assert tree["reserved"]["mean"] == pytest.approx((28 + 5) / 60)
    assert tree["visible"]["mean"] == pytest.approx((65 - 33) / 60)
    assert tree["throughput"] == 1 / 60
    assert tree["cost"]["per_job"] == tree["cost"]["total"] == pytest.approx(1 / 60)


def test_a_warm_up_leaves_out_jobs_and_cuts_curves() -> None:
    tree = figures(retried(), warm_up_ns=10 * SECOND)
    assert tree["jobs"]["arrived"] == 6
    assert tree["wait"]["mean"] == (10 + 5) / 2
    assert tree["service"]["mean"] == tree["service"]["max"] == 20
    assert tree["response"]["mean"] == 30
    assert tree["queue_length"]["mean"] == pytest.approx((30 + 5 + 10 + 5 + 10) / 50)
    assert tree["throughput"] == 1 / 50
    assert tree["cost"]["total"] == pytest.approx(1 / 60)
    assert figures(retried(), warm_up_ns=50 * SECOND)["throughput"] == 0  # (50, 60]: done at 50 is before


def test_the_first_done_attempt_decides() -> None:
    done, redelivered = Outcome.DONE, Outcome.REDELIVERED
    rows = [
        Row(0, None, 5, redelivered, job=0, reserved=1),
        Row(0, 10, 30, done, job=0, attempt=1, published=5),
        Row(0, 20, 25, done, job=0, attempt=2, published=20, slot=1),
        Row(0, 0, 9, Outcome.RETRIED, job=1),
        Row(0, 31, 35, Outcome.FAILED, job=1, attempt=1, published=9),
    ]
    tree = figures(log_of(*rows, horizon=40))
    counts = {"arrived": 2, "finished": 1, "failed": 1, "expired": 0, "lost": 0, "unfinished": 0}
    assert tree["jobs"] == counts | BESIDE | {"retried": 1, "redelivered": 1, "done_twice": 1}
    assert tree["wait"]["mean"] == (10 + 31) / 2
    assert tree["response"]["mean"] == (30 + 35) / 2
    assert tree["service"]["mean"] == (20 + 5 + 9 + 4) / 4


@given(valid_logs(unit=SECOND // 10), st.integers(0, 40))
def test_figures_of_durations_are_those_of_a_loop(log: RunLog, tenths: int) -> None:
    warm_up = min(tenths * SECOND // 10, log.horizon_ns)
    waits, services, responses, thrown = [], [], [], 0
    a = log.attempts
    for job in range(len(log.jobs)):
        if log.jobs.arrival_ns[job] < warm_up or a.started_ns[job] == NEVER:
            thrown += 1
            continue
        waits.append((a.started_ns[job] - log.jobs.arrival_ns[job]) / SECOND)
        if a.finished_ns[job] < NEVER:
            services.append((a.finished_ns[job] - a.started_ns[job]) / SECOND)
            responses.append((a.finished_ns[job] - log.jobs.arrival_ns[job]) / SECOND)
    tree = figures(log, warm_up_ns=warm_up)
    for name, values in (("wait", waits), ("service", services), ("response", responses)):
        block = {key: value for key, value in tree[name].items() if key not in ("waited", *PARTS)}
        assert block == (pytest.approx(by_numpy(values), abs=1e-12) if values else NOTHING)
    assert tree["wait"]["visible"] == tree["wait"]["mean"]
    assert sum(tree["jobs"].values()) == 2 * tree["jobs"]["arrived"] == 2 * len(log.jobs)
    json.dumps(tree, allow_nan=False)


def by_numpy(values: list[float]) -> dict[str, float]:
    p50, p90, p95, p99 = np.percentile(values, [50, 90, 95, 99])
    return {
        "mean": np.mean(values),
        "std": np.std(values),
        "p50": p50,
        "p90": p90,
        "p95": p95,
        "p99": p99,
        "max": max(values),
    }


def test_sums_of_waits_beyond_64_bits() -> None:
    waits = np.full(2_000, 10**8 * SECOND, dtype=np.int64)
    waits[::2] += 1
    assert spread(waits)["mean"] == 1e8
    assert spread(np.full(7, 100_000_001, dtype=np.int64))["std"] == 0


def test_figures_of_nothing_are_none() -> None:
    tree = figures(log_of(horizon=60, phases=phases_of()))
    assert tree["jobs"] == dict.fromkeys(["arrived", "finished", "failed", "expired", "lost", "unfinished"], 0) | BESIDE
    assert tree["wait"] == NOTHING | dict.fromkeys(PARTS) | {"waited": NOTHING}
    assert tree["service"] == tree["response"] == NOTHING
    assert tree["utilization"] == tree["queue_length"] == {"mean": 0, "max": 0}
    assert tree["cost"] == {"total": 1 / 60, "per_job": None}
    assert tree["throughput"] == 0
    json.dumps(tree, allow_nan=False)


def test_figures_without_time_or_without_a_fleet() -> None:
    tree = figures(log_of(Row(0, 0, 0), horizon=0))
    assert tree["queue_length"] == {"mean": None, "max": 0}
    assert tree["throughput"] is None
    tree = figures(log_of(Row(0, None, None, Outcome.UNFINISHED), horizon=9, fleet=fleet_of()))
    assert tree["utilization"] == tree["cpu"] == {"mean": None, "max": None}
    assert tree["memory"] == {"reserved": 0, "mean": 0}
    assert tree["cost"] == {"total": 0, "per_job": None}
    json.dumps(tree, allow_nan=False)


def test_a_warm_up_ends_within_the_run() -> None:
    for warm_up in (-1, 3601 * SECOND):
        with pytest.raises(LogError, match="the warm-up must end within the run of"):
            figures(overload(), warm_up_ns=warm_up)
    assert figures(overload(), warm_up_ns=3600 * SECOND)["queue_length"] == {"mean": None, "max": 0}


def test_what_an_observed_log_cannot_tell_is_none() -> None:
    rows = [Row(0, 3, 9, replica=-1, slot=-1), Row(1, None, None, Outcome.UNFINISHED)]
    log = log_of(*rows, horizon=9, fleet=fleet_of(), phases=phases_of(), engine="observed")
    tree = figures(log)
    assert (tree["wait"]["mean"], tree["queue_length"]["mean"]) == (3, (3 + 8) / 9)
    unknown = {"mean": None, "max": None}
    assert tree["utilization"] == tree["cpu"] == unknown
    assert tree["memory"] == {"reserved": None, "mean": None}
    assert tree["cost"] == {"total": None, "per_job": None}
    with pytest.raises(LogError, match="utilization needs the fleet table, which this observed log does not hold"):
        over_time(log, "utilization")

    unreceived = replace(log, attempts=replace(log.attempts, reserved_ns=whole([NEVER, NEVER])))
    tree = figures(unreceived)
    assert tree["visible"] == tree["reserved"] == unknown
    assert tree["queue_length"]["max"] == 2

    unstarted = replace(unreceived, attempts=replace(unreceived.attempts, started_ns=whole([NEVER, NEVER])))
    tree = figures(unstarted)
    assert tree["queue_length"] == unknown
    assert tree["wait"] == NOTHING | dict.fromkeys(PARTS) | {"waited": NOTHING}
    assert tree["jobs"]["finished"] == 1

    given_up = replace(log, attempts=replace(log.attempts, outcome=whole([Outcome.EXPIRED, Outcome.UNFINISHED])))
    assert figures(given_up)["wait"]["mean"] is None  # expired, whenever the recording says it started

    housed = replace(log, fleet=fleet_of((0, 0, Cause.READY, 2)))
    assert figures(housed)["cpu"] == unknown
    assert figures(housed)["utilization"]["mean"] == 6 / 18


def test_figures_are_plain_numbers() -> None:
    for value in flat(figures(sharing())).values():
        assert type(value) in {int, float}


@given(valid_logs(), st.integers(1, 40), st.randoms(use_true_random=False))
def test_the_order_of_rows_is_irrelevant(log: RunLog, warm_up: int, random: Any) -> None:
    """The same jobs under other numbers give the same curves and figures."""
    order = list(range(len(log.jobs)))
    random.shuffle(order)
    renumbered = np.argsort(order)
    jobs = JobTable(
        **{name: column[order] for name, column in log.jobs.columns().items()},
        classes=log.jobs.classes,
        queues=log.jobs.queues,
    )
    attempts = Attempts(**{name: column[order] for name, column in log.attempts.columns().items()})
    attempts = replace(attempts, job=np.arange(len(order)))
    moved = renumbered[log.phases.attempt] if order else log.phases.attempt
    by_attempt = np.argsort(moved, kind="stable")
    columns = log.phases.columns() | {"attempt": moved}
    phases = Phases(**{name: column[by_attempt] for name, column in columns.items()})
    fleet = FleetChanges(**{name: column[::-1] for name, column in log.fleet.columns().items()})
    other = replace(log, jobs=jobs, attempts=attempts, phase_source=phases, fleet=fleet)
    warm_up = min(warm_up, log.horizon_ns)
    assert flat(figures(other, warm_up_ns=warm_up)) == pytest.approx(flat(figures(log, warm_up_ns=warm_up)), rel=1e-12)


def flat(tree: dict[str, Any], path: str = "") -> dict[str, float]:
    found: dict[str, float] = {}
    for name, value in tree.items():
        if isinstance(value, dict):
            found |= flat(value, f"{path}{name}.")
        else:
            found[path + name] = -1.0 if value is None else value
    return found


@given(valid_logs())
def test_where_jobs_wait_is_the_same_as_read_from_its_curves(log: RunLog) -> None:
    tree = figures(log)
    for name in ("queue_length", "visible", "reserved"):
        curve = over_time(log, name)
        mean = None if math.isnan(curve.mean()) else curve.mean()
        assert tree[name] == {"mean": mean, "max": curve.max()}, name
