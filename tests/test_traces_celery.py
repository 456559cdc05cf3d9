"""Celery's events: attempts are followed through them, whatever is missing, late, twice or by another clock."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

import workersim as ws
from workersim.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

T = 1_795_600_000.0


def event(kind: str, at: float, task: str = "a", host: str = "w1@h", **more: Any) -> dict[str, Any]:
    body: dict[str, Any] = {"type": kind, "timestamp": T + at, "local_received": T + at + 0.001, "hostname": host}
    return body | {"uuid": task, "clock": 1} | more


def sent(at: float, task: str = "a", **more: Any) -> dict[str, Any]:
    return event("task-sent", at, task, "gen@h", name="docs.extract", queue="celery", retries=0) | more


def received(at: float, task: str = "a", host: str = "w1@h", **more: Any) -> dict[str, Any]:
    return event("task-received", at, task, host, name="docs.extract", retries=0) | more


def started(at: float, task: str = "a", host: str = "w1@h") -> dict[str, Any]:
    return event("task-started", at, task, host)


def succeeded(at: float, task: str = "a", host: str = "w1@h", **more: Any) -> dict[str, Any]:
    return event("task-succeeded", at, task, host, **more)


def read(tmp_path: Path, *events: dict[str, Any]) -> ws.Recording:
    path = tmp_path / "events.jsonl"
    path.write_text("".join(json.dumps(each) + "\n" for each in events))
    found = ws.read_trace(path)
    found.observed.check()
    return found


def rows(recording: ws.Recording) -> list[list[Any]]:
    """Return job, attempt, published, reserved, start, finish and outcome of each attempt; None for what is not."""
    frame = recording.attempts[["job", "attempt", "published", "reserved", "start", "finish", "outcome"]]
    return [[None if each != each else each for each in row] for row in frame.round(6).values.tolist()]  # noqa: PLR0124


def said(recording: ws.Recording, words: str) -> bool:
    return any(words in warning for warning in recording.warnings)


def test_a_plain_task(tmp_path: Path) -> None:
    found = read(tmp_path, sent(0), received(1), started(3), succeeded(10, runtime=7.0))
    assert (found.format, found.arrival_from, found.rows) == ("celery-events", "sent", 4)
    assert rows(found) == [[0, 0, 0.0, 1.0, 3.0, 10.0, "done"]]
    assert found.observed.jobs.classes == ("docs.extract",)
    assert found.observed.jobs.queues == ("celery",)
    assert found.over_time("reserved").at(2.0) == 1.0
    assert found.over_time("visible").at(0.5) == 1.0


def test_an_unfinished_task_stays_unfinished(tmp_path: Path) -> None:
    found = read(tmp_path, sent(0), received(1), started(3), sent(20, "b"))
    assert rows(found) == [[0, 0, 0.0, 1.0, 3.0, None, "unfinished"], [1, 0, 20.0, None, None, None, "unfinished"]]
    assert found.jobs is None
    assert said(found, "2 jobs left out of a replay, as nothing says what is needed")


def test_a_retry_is_received_before_the_failed_attempt_says_so(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        sent(0),
        received(0.1),
        started(0.2),
        sent(1.1, host="w1@h", retries=1, eta="2026-11-25T09:46:45+00:00"),
        received(1.2, retries=1),
        event("task-retried", 1.3, exception="ValueError()"),
        started(5.2),
        succeeded(6.2),
    )
    assert rows(found) == [[0, 0, 0.0, 0.1, 0.2, 1.3, "retried"], [0, 1, 1.1, 1.2, 5.2, 6.2, "done"]]
    assert found.jobs is not None
    assert found.jobs.fates is not None
    fates = found.jobs.fates
    assert (fates.fails.tolist(), fates.fails_after_ns.tolist()) == ([1], [1_100_000_000])
    assert fates.retry_delay_ns.tolist() == [3_700_000_000]  # from its end until it was due
    assert found.metrics is not None
    assert found.metrics["wait"]["mean"] == pytest.approx(5.2)  # until the attempt that decided it


def test_a_hard_time_limit_tells_its_failure_twice(tmp_path: Path) -> None:
    limit = event("task-failed", 5, exception="TimeLimitExceeded(4.0)")
    found = read(tmp_path, sent(0), received(0.5), started(1), limit, limit | {"timestamp": T + 5.1})
    assert rows(found) == [[0, 0, 0.0, 0.5, 1.0, 5.0, "timed_out"]]
    assert said(found, "1 event telling what was told before")


@pytest.mark.parametrize(
    ("exception", "outcome"),
    [("WorkerLostError('x')", "lost"), ("SoftTimeLimitExceeded()", "timed_out"), ("ValueError()", "failed")],
)
def test_how_a_failed_task_ended(tmp_path: Path, exception: str, outcome: str) -> None:
    found = read(tmp_path, sent(0), received(0.5), started(1), event("task-failed", 5, exception=exception))
    assert rows(found)[0][-1] == outcome


def test_a_message_that_returns_unstarted_ends_its_row(tmp_path: Path) -> None:
    found = read(
        tmp_path, sent(0), received(1), received(9, host="w2@h"), started(9.5, host="w2@h"), succeeded(12, host="w2@h")
    )
    assert rows(found) == [[0, 0, 0.0, 1.0, None, 9.0, "redelivered"], [0, 1, 9.0, 9.0, 9.5, 12.0, "done"]]
    assert said(found, "1 message returned to the queue unstarted")
    assert found.observed.attempts.replica.tolist() == [-1, 1]


def test_a_task_that_ran_when_it_came_again_was_lost_when_its_worker_was_last_heard_of(tmp_path: Path) -> None:
    beat = {"type": "worker-heartbeat", "timestamp": T + 4.0, "hostname": "w1@h", "local_received": T + 4.0}
    again = [received(70, host="w2@h"), started(71, host="w2@h"), succeeded(80, host="w2@h")]
    found = read(tmp_path, sent(0), received(1), started(2), beat, *again)
    assert rows(found) == [[0, 0, 0.0, 1.0, 2.0, 4.0, "lost"], [0, 1, 70.0, 70.0, 71.0, 80.0, "done"]]


def test_a_duplicate_that_runs_beside_its_original_is_one_job(tmp_path: Path) -> None:
    twice = [received(5, host="w2@h"), started(6, host="w2@h"), succeeded(9, host="w2@h")]
    found = read(tmp_path, sent(0), received(1), started(2), succeeded(4), *twice)
    assert [row[-1] for row in rows(found)] == ["done", "done"]
    assert found.metrics is not None
    assert found.metrics["jobs"]["finished"] == 1
    assert found.metrics["wait"]["mean"] == 2.0


def test_an_expired_task_leaves_unstarted(tmp_path: Path) -> None:
    body = [
        sent(0),
        received(1),
        event("task-revoked", 8, expired=True),
        sent(9, "b"),
        received(9, "b"),
        started(9, "b"),
    ]
    found = read(tmp_path, *body)
    assert rows(found)[0] == [0, 0, 0.0, 1.0, None, 8.0, "expired"]


@pytest.mark.parametrize(
    ("events", "row", "rule"),
    [
        ([received(1), started(3), succeeded(10)], [0, 0, 0.0, 0.0, 2.0, 9.0, "done"], "without task-sent"),
        ([sent(0), started(3), succeeded(10)], [0, 0, 0.0, 3.0, 3.0, 10.0, "done"], "without task-received"),
        (
            [sent(0), received(1), succeeded(10, runtime=6.0)],
            [0, 0, 0.0, 1.0, 4.0, 10.0, "done"],
            "without task-started: the start is the end less the runtime",
        ),
        (
            [sent(0), received(1), succeeded(10)],
            [0, 0, 0.0, 1.0, 1.0, 10.0, "done"],
            "with neither task-started nor a runtime: the start is the receipt",
        ),
        (
            [sent(0), received(1), started(3), succeeded(10, runtime=2.0)],
            [0, 0, 0.0, 1.0, 3.0, 5.0, "done"],
            "told late by a worker that shut down or forked: ended at start + runtime",
        ),
    ],
)
def test_what_is_missing_is_repaired_by_a_rule(
    tmp_path: Path, events: list[dict[str, Any]], row: list[Any], rule: str
) -> None:
    found = read(tmp_path, *events)
    assert rows(found) == [row]
    assert said(found, f"1 task {rule}")


def test_without_sent_the_arrival_is_the_receipt(tmp_path: Path) -> None:
    assert read(tmp_path, received(1), started(3), succeeded(10)).arrival_from == "received"


def test_a_receipt_that_precedes_the_sending_by_some_milliseconds(tmp_path: Path) -> None:
    found = read(tmp_path, received(0.998), sent(1.0), started(1.2), succeeded(2))
    assert rows(found) == [[0, 0, 0.0, 0.0, 0.2, 1.0, "done"]]
    assert said(found, "1 attempt received before it was published or after it left, by 0.002 s at most")


def test_lines_out_of_order_are_put_into_order(tmp_path: Path) -> None:
    found = read(tmp_path, succeeded(10), started(3), sent(0), received(1))
    assert rows(found) == [[0, 0, 0.0, 1.0, 3.0, 10.0, "done"]]
    assert said(found, "from before an event of an earlier line: put into order")


@pytest.mark.parametrize("off", [3600.0, -3600.0, 7.5, -0.4])
def test_a_worker_whose_clock_is_off_is_set_by_when_its_events_were_received(tmp_path: Path, off: float) -> None:
    def late(body: dict[str, Any]) -> dict[str, Any]:
        return body | {"timestamp": body["timestamp"] - off}

    plain = [sent(0), received(1), started(3), succeeded(10)]
    skewed = [late(each) for each in (received(2, "b", "w2@h"), started(4, "b", "w2@h"), succeeded(9, "b", "w2@h"))]
    found = read(tmp_path, *plain, sent(0.5, "b"), *skewed)
    assert said(found, "The clock of 'w2@h' is ")
    assert [[round(each, 1) for each in row[2:6]] for row in rows(found)] == [[0, 1, 3, 10], [0.5, 2, 4, 9]]


def test_a_sender_whose_clock_is_off(tmp_path: Path) -> None:
    found = read(tmp_path, sent(0) | {"timestamp": T - 1800}, received(1), started(3), succeeded(10))
    assert found.metrics is not None
    assert found.metrics["wait"]["mean"] == pytest.approx(3.0, abs=0.01)


def test_a_worker_that_falls_silent_is_taken_as_dead(tmp_path: Path) -> None:
    beats = [
        {"type": "worker-heartbeat", "timestamp": T + at, "hostname": host, "local_received": T + at}
        for at in range(0, 60, 2)
        for host in ("w1@h", "w2@h")
        if host == "w2@h" or at < 10
    ]
    found = read(tmp_path, sent(0), received(1), started(3), *beats)
    assert rows(found) == [[0, 0, 0.0, 1.0, 3.0, 8.0, "lost"]]
    assert said(found, "Worker 'w1@h' fell silent before the others")


def test_processes_are_numbered_and_ends_that_are_told_late_give_way(tmp_path: Path) -> None:
    meta = {"meta": {"replicas": 1, "concurrency": 1}}
    body = [
        meta, sent(0), received(0), started(0), sent(0, "b"), received(0, "b"),
        started(4.999, "b"), succeeded(5.004), succeeded(9, "b"),
    ]  # fmt: skip
    found = read(tmp_path, *body)
    assert [row[4:6] for row in rows(found)] == [[0.0, 4.999], [4.999, 9.0]]
    assert found.observed.attempts.slot.tolist() == [0, 0]
    assert found.over_time("utilization").max() == 1.0
    assert said(found, "1 attempt told to end after the next start in the same process")


def test_the_meta_line_tells_phases_and_priorities(tmp_path: Path) -> None:
    job = {"uuid": "a", "phases": [["cpu", 0.4], ["io", 0.6], ["fail", 1]], "priority": 3}
    meta = {"meta": {"replicas": 2, "concurrency": 3, "cpu_share": 0.98, "jobs": [job]}}
    found = read(tmp_path, meta, sent(0), received(1), started(3), succeeded(4.5))
    assert found.jobs is not None
    assert found.jobs.phases(0) == [(0, 400_000_000), (1, 600_000_000)]
    assert found.observed.jobs.priority.tolist() == [3]
    assert found.observed.fleet.vcpus.tolist() == [0.98]


def test_names_that_are_none_and_other_lines_are_counted(tmp_path: Path) -> None:
    odd: list[dict[str, Any]] = [
        {"type": "task-sent", "timestamp": T},
        {"type": "nonsense"},
        event("worker-blinked", 1),
        {"sample": {"t": 1}},
    ]
    found = read(tmp_path, sent(0), received(1), started(2), succeeded(3), *odd)
    assert said(found, "2 rows left out: no event, or one without a time or a task (rows 5, 6)")
    assert said(found, "1 row of a kind that says nothing of jobs")


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("nonsense", r"row 2 \(line 2\): .*; expected an event as JSON"),
        ("[1]", r"row 2 \(line 2\): expected an event, found a list"),
        ('{"type": "task-sent", "timestamp": Infinity}', r"row 2 \(line 2\): "),
        ('{"a":' * 50_000, r"row 2 \(line 2\): it is nested too deeply"),
        ('{"a": ' + "9" * 10_000 + "}", r"row 2 \(line 2\): "),
    ],
)
def test_lines_that_are_no_events_are_refused_by_row(tmp_path: Path, line: str, says: str) -> None:
    path = tmp_path / "events.jsonl"
    path.write_text(json.dumps(sent(0)) + "\n" + line + "\n")
    with pytest.raises(InputError, match=says):
        ws.read_trace(path)


def test_a_file_without_tasks_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_text(json.dumps({"meta": {}}) + "\n")
    with pytest.raises(InputError, match="expected events of tasks"):
        ws.read_trace(path)


def seen(at: float, task: str) -> dict[str, Any]:
    return event("task-seen", at, task, "redis", name="docs.extract", queue="celery", retries=0)


def test_what_a_capture_finds_in_redis_arrived_then_unless_it_was_heard_of(tmp_path: Path) -> None:
    found = read(tmp_path, seen(1, "a"), started(3), succeeded(5), sent(0.5, "b"), seen(1, "b"), received(2, "b"))
    assert rows(found) == [
        [0, 0, 0.0, 1.5, None, None, "unfinished"],
        [1, 0, 0.5, 2.5, 2.5, 4.5, "done"],
    ]
    assert said(found, "1 task in Redis before anything was heard of them: arrived when they were first seen")


def test_a_gap_of_a_capture_is_said(tmp_path: Path) -> None:
    gap = {"gap": {"from": T + 1, "to": T + 3.5}}
    found = read(tmp_path, sent(0), received(1), started(3), gap, {"gap": {"from": "x"}}, succeeded(10))
    assert said(found, "The broker was out of reach for 2.5 s from 2026-11-25T")


def left(task: str, where: Any) -> dict[str, Any]:
    return {"type": "task-left", "uuid": task, "in": where, "timestamp": T + 50}


def test_what_a_capture_found_of_tasks_without_an_end_is_said(tmp_path: Path) -> None:
    gap = {"gap": {"from": T + 4, "to": T + 6}}
    later = [sent(7, "b"), sent(7, "c"), received(8, "c"), received(9, "d"), started(9, "d")]
    ends = [left("a", "gone"), left("b", "list"), left("c", "unacked"), left("d", "worker"), left("e", "gone")]
    found = read(tmp_path, sent(0), received(1), started(3), gap, sent(6.5, "e"), *later, *ends)
    assert [row[-2:] for row in rows(found)] == [[4.0, "lost"]] + 4 * [[None, "unfinished"]]
    assert said(found, "1 task without an end, but acknowledged and no longer in Redis")
    assert said(found, "1 task without an end: still in a list of Redis")
    assert said(found, "1 task without an end: held by a worker, unacknowledged")
    assert said(found, "1 task without an end: still running when the capture ended, acknowledged before")
    assert said(found, "1 task without an end, given away by Redis and received by no worker")
    assert (found.metrics or {})["jobs"]["unfinished"] == 4


@pytest.mark.parametrize(
    ("more", "over"),
    [
        ([], 20.0),
        ([event("worker-online", 12)], 12.0),
        ([event("worker-online", 2), {"gap": {"from": T + 14, "to": T + 16}}], 14.0),
        ([{"gap": {"from": T + 2, "to": T + 2.5}}], 20.0),
    ],
)
def test_a_task_that_is_gone_held_its_process_until_that_could_be_told(
    tmp_path: Path, more: list[dict[str, Any]], over: float
) -> None:
    last = [sent(15, "b"), received(16, "b"), started(17, "b"), succeeded(20, "b")]
    found = read(tmp_path, sent(0), received(1), started(3), *more, *last, sent(30, "c"), left("a", "gone"))
    assert rows(found)[0][-2:] == [over, "lost"]


def test_what_was_left_of_tasks_that_ended_or_are_not_known_says_nothing(tmp_path: Path) -> None:
    done = [sent(0), received(1), started(3), succeeded(10)]
    odd = [left("a", "gone"), left("z", "gone"), left("a", ["gone"]), left("a", "moon")]
    found = read(tmp_path, *done, *odd)
    assert rows(found) == [[0, 0, 0.0, 1.0, 3.0, 10.0, "done"]]
    assert not said(found, "without an end")
    assert said(found, "3 rows left out: no event, or one without a time or a task (rows 6, 7, 8)")


def test_each_worker_has_the_processes_that_it_says(tmp_path: Path) -> None:
    workers = [{"name": "w1@h", "concurrency": 3}, {"name": "w2@h", "concurrency": "many"}]
    meta = {"meta": {"concurrency": 2, "workers": workers}}
    found = read(tmp_path, meta, sent(0), received(1), started(3), received(4, "b", "w2@h"), succeeded(10))
    assert found.observed.fleet.slots.tolist() == [3, 2]
