"""What is drawn of jobs beside their phases, who follows whom, and what chance does to fleets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from workersim.engines import system_of
from workersim.engines.system import BUSY, WHOLE, Happening
from workersim.errors import InputError
from workersim.scenario import Scenario
from workersim.units import NEVER, SECOND
from workersim.workload import Jobs, Streams, chunks, has_fates, is_random, realise

if TYPE_CHECKING:
    from pathlib import Path

    from workersim.workload import Fates


def asked(jobs: Any, arrivals: Any = None, until: Any = "drained", **fleet: Any) -> Scenario:
    return Scenario(
        fleet={"replicas": 1, "concurrency": 2} | fleet,
        workload={"jobs": jobs, "arrivals": arrivals or [{"burst": {"jobs": 4}}]},
        run={"until": until},
    )


def fates_of(scenario: Scenario, **which: Any) -> Fates:
    fates = realise(scenario, **which).fates
    assert fates is not None
    return fates


def delays_of(fates: Fates, job: int) -> list[float]:
    held = fates.retry_delay_ns[fates.first_retry[job] : fates.first_retry[job + 1]]
    return (held / SECOND).tolist()  # type: ignore[no-any-return]  # numpy says Any


def test_jobs_that_nothing_happens_to_have_no_fates() -> None:
    plain = asked({"a": {"service": "1 s", "expires": "5 s", "retries": {"max": 2}}})
    assert realise(plain).fates is None
    assert not has_fates(plain)


@pytest.mark.parametrize(
    "more",
    [
        {"fails": 0.5},
        {"memory": "1 GB"},
        {"soft_time_limit": 5},
        {"time_limit": 5},
        {"countdown": "3 s"},
        {"then": "b"},
    ],
)
def test_each_of_these_is_a_fate(more: dict[str, Any]) -> None:
    scenario = asked({"a": {"service": "1 s"} | more, "b": {"service": "1 s"}})
    assert has_fates(scenario)
    assert realise(scenario).fates is not None
    if "then" not in more:
        assert all(jobs.fates is not None for jobs in chunks(scenario))


def test_attempts_fail_with_their_probability_each() -> None:
    scenario = asked({"a": {"service": "1 s", "fails": 0.3, "retries": {"max": 9}}}, [{"burst": {"jobs": 200_000}}])
    fails = fates_of(scenario).fails
    for k in range(1, 5):
        share = 0.3**k
        assert abs((fails >= k).mean() - share) < 4 * (share * (1 - share) / len(fails)) ** 0.5


@pytest.mark.parametrize(("fails", "most"), [(1.0, 4), (0.999, 4)])
def test_more_failures_than_attempts_are_not_drawn(fails: float, most: int) -> None:
    drawn = fates_of(asked({"a": {"service": "1 s", "fails": fails, "retries": {"max": 3}}})).fails
    assert drawn.max() == most


def test_delays_grow_up_to_their_cap() -> None:
    retries = {"max": 6, "delay": "2 s", "backoff": 2, "cap": "20 s", "jitter": False}
    fates = fates_of(asked({"a": {"service": "1 s", "fails": 1, "retries": retries}}))
    assert delays_of(fates, 0) == delays_of(fates, 3) == [2, 4, 8, 16, 20, 20]


def test_without_a_backoff_every_delay_is_the_same() -> None:
    fates = fates_of(asked({"a": {"service": "1 s", "fails": 1}}))
    assert delays_of(fates, 2) == [180, 180, 180]


def test_jitter_is_whole_seconds_from_0_to_the_delay_both_included() -> None:
    retries = {"max": 1, "delay": "3 s", "backoff": 2}
    scenario = asked({"a": {"service": "1 s", "fails": 1, "retries": retries}}, [{"burst": {"jobs": 40_000}}])
    delays = fates_of(scenario).retry_delay_ns
    found, counts = np.unique(delays, return_counts=True)
    assert (found / SECOND).tolist() == [0, 1, 2, 3]
    assert np.abs(counts - 10_000).max() < 4 * 87  # four deviations of a binomial count


def test_a_class_keeps_its_numbers_when_others_come() -> None:
    one = {"a": {"service": "1 s", "fails": 0.4}}
    arrivals = [{"burst": {"jobs": 50, "at": 0}, "jobs": ["a"]}]
    alone = fates_of(asked(one, arrivals))
    more = [*arrivals, {"burst": {"jobs": 30, "at": 0}, "jobs": ["b"]}]
    beside = fates_of(asked(one | {"b": {"service": "1 s", "fails": 0.4}}, more))
    assert alone.fails.tolist() == beside.fails[:50].tolist()
    assert beside.fails[:30].tolist() != beside.fails[50:].tolist()


def test_rows_of_a_trace_go_before_their_class(tmp_path: Path) -> None:
    header = "arrival,service,countdown,fails,fails_after,soft_time_limit,time_limit\n"
    (tmp_path / "t.csv").write_text(header + "0,9,1.5,2,0.5,3,4\n1,9,,,,,\n")
    jobs = {"a": {"fails": 1, "retries": {"max": 1, "delay": "7 s"}, "soft_time_limit": 8, "countdown": 2}}
    worker = {"celery": {"time_limit": "20 s", "soft_time_limit": "15 s"}}
    scenario = asked(jobs, [{"trace": str(tmp_path / "t.csv")}], worker=worker)
    fates = fates_of(scenario)
    assert fates.countdown_ns.tolist() == [1_500_000_000, 2 * SECOND]
    assert fates.fails.tolist() == [2, 2]
    assert [delays_of(fates, job) for job in (0, 1)] == [[7], [7]]
    assert fates.fails_after_ns.tolist() == [500_000_000, NEVER]
    assert fates.soft_ns.tolist() == [3 * SECOND, 8 * SECOND]
    assert fates.hard_ns.tolist() == [4 * SECOND, 20 * SECOND]


def test_a_trace_that_says_nothing_of_the_kind_has_no_fates(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("arrival,service,fails\n0,9,\n1,9,\n")
    assert realise(asked({}, [{"trace": str(tmp_path / "t.csv")}])).fates is None


def followers_of(jobs: Jobs) -> dict[int, list[int]]:
    fates = jobs.fates
    assert fates is not None
    first, follower = fates.first_follower.tolist(), fates.follower.tolist()
    return {row: follower[first[row] : first[row + 1]] for row in range(len(jobs)) if first[row] < first[row + 1]}


def test_followers_stand_below_in_the_order_of_their_parents() -> None:
    then = [{"job": "page", "count": 2, "join": "merge"}, "mail"]
    classes = {
        "doc": {"service": "1 s", "then": then},
        "page": {"service": "1 s", "queue": "pages", "expires": "9 s", "priority": 3},
        "merge": {"service": "1 s", "then": "mail"},
        "mail": {"service": "1 s"},
    }
    jobs = realise(asked(classes, [{"burst": {"jobs": 2}}]))
    named = [jobs.table.classes[number] for number in jobs.table.job_class]
    generation = ["page", "page", "merge", "mail"]
    assert named == ["doc", "doc", *generation, *generation, "mail", "mail"]
    assert followers_of(jobs) == {
        0: [2, 3, 5],
        1: [6, 7, 9],
        2: [4],
        3: [4],
        6: [8],
        7: [8],
        4: [10],
        8: [11],
    }
    fates = jobs.fates
    assert fates is not None
    assert fates.predecessors.tolist() == [0, 0, 1, 1, 2, 1, 1, 1, 2, 1, 1, 1]
    assert (jobs.table.arrival_ns[2:] == NEVER).all()
    assert jobs.table.expires_ns[2] == 9 * SECOND
    assert jobs.table.queues[jobs.table.queue[2]] == "pages"
    assert jobs.table.priority[2] == 3


def test_followers_of_one_class_draw_anew_in_each_generation() -> None:
    drawn = {"exponential": {"mean": "10 s"}}
    classes = {
        "doc": {"service": drawn, "then": ["page", "merge"]},
        "merge": {"service": drawn, "then": "page"},
        "page": {"service": drawn},
    }
    jobs = realise(asked(classes, [{"burst": {"jobs": 3}}]))
    pages = jobs.demand_ns[jobs.table.job_class == jobs.table.classes.index("page")]
    assert len(set(pages.tolist())) == 6


def test_a_flood_of_followers_is_refused_before_it_is_drawn() -> None:
    classes: dict[str, Any] = {
        f"c{k}": {"service": "1 s", "then": {"job": f"c{k + 1}", "count": 1000}} for k in range(4)
    }
    classes["c4"] = {"service": "1 s"}
    with pytest.raises(InputError, match="more jobs than memory holds"):
        realise(asked(classes))


def test_followers_arrive_only_after_others() -> None:
    scenario = asked({"a": {"service": "1 s", "then": "b"}, "b": {"service": "1 s"}})
    assert realise(scenario).table.job_class.tolist() == [0] * 4 + [1] * 4


def test_the_schedule_is_in_order_of_instant_and_kind() -> None:
    scenario = asked(
        {"a": {"service": "1 s"}},
        deploys=[{"at": 5, "overlap": 3, "drain": 2}],
        changes=[{"at": 5, "replicas": 3}, {"at": 1, "replicas": 2}],
        stops=[{"at": 5, "replica": 1, "grace": 4}, {"at": 5, "replica": 0}],
        crashes=[{"at": 5, "replica": [2, 1], "down_for": 9}, {"at": 5, "replica": 0, "slot": "busy"}],
    )
    rows = system_of(scenario, realise(scenario), Streams(1, 0)).schedule
    assert [(row.at_ns // SECOND, row.kind, row.replica, row.slot) for row in rows] == [
        (1, Happening.CHANGE, -1, WHOLE),
        (5, Happening.CRASH, 2, WHOLE),
        (5, Happening.CRASH, 1, WHOLE),
        (5, Happening.CRASH, 0, BUSY),
        (5, Happening.STOP, 1, WHOLE),
        (5, Happening.STOP, 0, WHOLE),
        (5, Happening.CHANGE, -1, WHOLE),
        (5, Happening.DEPLOY, -1, WHOLE),
    ]
    assert [row.lasts_ns for row in rows[4:6]] == [4 * SECOND, NEVER]
    assert (rows[-1].lasts_ns, rows[-1].drain_ns) == (3 * SECOND, 2 * SECOND)


def test_crashes_by_chance_have_their_mean_times() -> None:
    scenario = asked({"a": {"service": "1 s"}}, until="20000 h", crashes={"mtbf": "10 h", "mttr": "2 h"})
    assert is_random(scenario)
    rows = system_of(scenario, realise(scenario), Streams(1, 0)).schedule
    assert all(row.drawn for row in rows)
    up = np.diff([0, *(row.at_ns for row in rows)]) - [0, *(row.lasts_ns for row in rows[:-1])]
    hours = 3600 * SECOND
    assert abs(up.mean() / hours - 10) < 4 * 10 / len(rows) ** 0.5
    assert abs(np.mean([row.lasts_ns for row in rows]) / hours - 2) < 4 * 2 / len(rows) ** 0.5


def test_replications_have_crashes_and_starts_of_their_own() -> None:
    scenario = asked(
        {"a": {"service": "1 s"}},
        until="100 h",
        startup={"exponential": {"mean": "90 s"}},
        crashes={"mtbf": "1 h", "mttr": "1 min"},
    )
    jobs = realise(scenario)
    first, second = (system_of(scenario, jobs, Streams(1, replication)) for replication in (0, 1))
    assert first.schedule != second.schedule
    assert (first.services[0].startups_ns[:3] != second.services[0].startups_ns[:3]).all()
    again = system_of(scenario, jobs, Streams(1, 0))
    assert again.schedule == first.schedule


def test_too_many_crashes_by_chance_are_refused() -> None:
    scenario = asked({"a": {"service": "1 s"}}, until="10000 h", crashes={"mtbf": "1 s", "mttr": "1 s"})
    with pytest.raises(InputError, match="expected at most 1,000,000 crashes"):
        system_of(scenario, realise(scenario), Streams(1, 0))
