"""A capture of real Celery workers and a real Redis, which the tests start, restart and kill."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
import redis
from click.testing import CliRunner

import workersim as ws
from tests import live_celery
from tests.live_celery import Broker, Producer, capturing, until, worker
from workersim.cli import main
from workersim.errors import InputError
from workersim.traces.capture import Wanted, capture, in_redis
from workersim.traces.capture.broker import broker_app, broker_errors, reach
from workersim.traces.capture.kept import without_arguments
from workersim.traces.capture.workers import fleet_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

live = pytest.mark.live
LISTS = ["docs", "docs\x06\x163", "docs\x06\x166", "docs\x06\x169"]  # of celery_docs, a list a priority step
HOSTILE = 'docs.<b>"\u2028\n\x1b[31m'  # of celery_docs


@pytest.fixture
def redis_server(tmp_path: Path) -> Iterator[Broker]:
    with live_celery.broker(tmp_path) as running:
        yield running


@pytest.fixture
def docs(redis_server: Broker) -> Iterator[Producer]:
    with live_celery.producer(redis_server.url) as made:
        yield made


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def types(path: Path) -> Counter[str]:
    return Counter(str(each.get("type")) for each in lines(path))


def told(path: Path, key: str) -> Any:
    meta: dict[str, Any] = {}
    for each in lines(path):
        meta |= each.get("meta", {})
    return meta.get(key)


@live
def test_500_tasks_through_a_restart_of_the_broker(redis_server: Broker, docs: Producer, tmp_path: Path) -> None:
    out = tmp_path / "events.jsonl"
    sent = {docs.send(priority=i % 10) for i in range(30)}  # before anybody listens
    with capturing(redis_server, out, "--every", "50ms") as process:
        until(lambda: any("sample" in each for each in lines(out)))
        with worker(redis_server, "w1", "-E"):
            until(lambda: types(out)["task-succeeded"] >= 20)
            # long enough that some wait and some run when the broker goes
            sent |= {docs.send(priority=i % 10, kwargs={"seconds": 0.01}) for i in range(220)}
            until(lambda: types(out)["task-succeeded"] >= 60)
            redis_server.stop()
            time.sleep(0.5)
            redis_server.start()
            sent |= {docs.send() for _ in range(250)}
            until(lambda: len(done(out)) > 490 and is_empty(redis_server), 40)
            until(lambda: told(out, "concurrency"))
            process.send_signal(signal.SIGTERM)
            assert process.wait(10) == 0
    found = lines(out)
    known = {each["uuid"] for each in found if each.get("type") in ("task-seen", "task-sent", "task-received")}
    assert known == sent
    left = left_of(out)
    assert done(out) | left.keys() == sent
    assert len(done(out)) + len(left) == 500
    assert held(redis_server) - done(out) == {task for task, where in left.items() if where != "gone"}
    # Gone is what Redis has no more.  Either a worker ran it, and died before it said so or said so to nobody; or Redis
    # popped it for a worker that it no longer reached, which then neither received nor ran it.
    gone = {task for task, where in left.items() if where == "gone"}
    assert gone & heard(out, "task-received") == gone & ran(redis_server)
    assert len(gone) <= 4  # as many as a worker of two processes holds
    assert "Jane" not in out.read_text()
    assert sum("gap" in each for each in found) == 1
    assert any("docs:3" in each["sample"]["llen"] for each in found if "sample" in each)
    assert max(each["sample"]["unacked"] for each in found if "sample" in each) >= 2
    recording = ws.read_trace(out)
    assert len(recording) == 500
    assert recording.metrics is not None
    assert recording.metrics["jobs"]["finished"] == 500 - len(left)
    assert recording.metrics["jobs"]["lost"] == len(gone & heard(out, "task-started"))
    assert recording.metrics["jobs"]["unfinished"] == len(left) - len(gone & heard(out, "task-started"))
    told_of = [warning for warning in recording.warnings if "without an end" in warning]
    assert sum(int(warning.split()[0]) for warning in told_of) == len(left)
    assert any("out of reach" in warning for warning in recording.warnings)
    assert (told(out, "concurrency"), told(out, "mult"), told(out, "acks_late")) == (2, 2, True)
    assert recording.observed.fleet.slots.max() == 2
    assert "back after" in (tmp_path / "capture.log").read_text()


def is_empty(running: Broker) -> bool:
    return not any(running.client.llen(name) for name in LISTS) and not running.client.hlen("unacked")


def held(running: Broker) -> set[str]:
    """Return the tasks that Redis has in a list, or keeps for a worker that has not acknowledged them."""
    waiting = [json.loads(each) for name in LISTS for each in running.client.lrange(name, 0, -1)]
    taken = [json.loads(each)[0] for each in running.client.hvals("unacked")]
    return {each["headers"]["id"] for each in waiting + taken}


def ran(running: Broker) -> set[str]:
    return set((running.folder / "ran").read_text().split())


def heard(out: Path, kind: str) -> set[str]:
    return {each["uuid"] for each in lines(out) if each.get("type") == kind}


def done(out: Path) -> set[str]:
    return heard(out, "task-succeeded")


def left_of(out: Path) -> dict[str, str]:
    return {each["uuid"]: each["in"] for each in lines(out) if each.get("type") == "task-left"}


@live
def test_each_task_without_an_end_is_somewhere(redis_server: Broker, docs: Producer, tmp_path: Path) -> None:
    out = tmp_path / "events.jsonl"
    with capturing(redis_server, out) as process, worker(redis_server, "w1", "-E"):
        until(lambda: types(out)["worker-heartbeat"])
        early, late = docs.send("docs.early", kwargs={"seconds": 60}), docs.send(kwargs={"seconds": 60})
        until(lambda: heard(out, "task-started") == {early, late})
        waiting = [docs.send() for _ in range(9)]
        until(lambda: types(out)["task-sent"] == 11 and redis_server.client.hlen("unacked") == 4)
        redis_server.client.lpop("docs")  # as a worker would that goes before it can say so
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 0
        in_redis = held(redis_server)
    left = left_of(out)
    assert left.keys() == {early, late, *waiting}
    assert (left[early], left[late], left[waiting[-1]]) == ("worker", "unacked", "gone")
    assert {task for task, where in left.items() if where in ("list", "unacked")} == in_redis
    assert Counter(left.values()) == {"worker": 1, "gone": 1, "unacked": 4, "list": 5}
    assert (
        "11 tasks without an end: 5 in a list, 4 held by a worker, 1 running" in (tmp_path / "capture.log").read_text()
    )
    told_of = [each for each in ws.read_trace(out).warnings if "without an end" in each]
    assert [int(each.split()[0]) for each in told_of] == [1, 4, 5, 1]


@live
def test_a_kill_loses_at_most_a_second(redis_server: Broker, docs: Producer, tmp_path: Path) -> None:
    out = tmp_path / "events.jsonl"
    with capturing(redis_server, out) as process:
        until(out.exists)
        until(lambda: types(out)["None"] >= 2)  # it has looked at the lists: it listens
        end = time.monotonic() + 3
        when = {}
        while time.monotonic() < end:
            when[docs.send()] = time.time()
            time.sleep(0.005)
        process.kill()
        killed = time.time()
        process.wait(5)
    text = out.read_text()
    whole = text[: text.rfind("\n") + 1]
    held = {json.loads(line).get("uuid") for line in whole.splitlines()}
    lost = [at for task, at in when.items() if task not in held]
    assert all(killed - at < 1.0 for at in lost)
    assert len(held & set(when)) > 100


@live
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_cleanly(redis_server: Broker, docs: Producer, tmp_path: Path, number: int) -> None:
    out = tmp_path / "events.jsonl"
    with capturing(redis_server, out) as process:
        until(lambda: any("sample" in each for each in lines(out)))
        docs.send()
        until(lambda: types(out)["task-sent"] == 1)
        process.send_signal(number)
        assert process.wait(5) == 0
    assert lines(out)[-1]["meta"]["end"] > 0
    assert "1 events of 1 tasks and 0 workers" in (tmp_path / "capture.log").read_text()


@live
def test_it_ends_while_the_broker_is_away(redis_server: Broker, tmp_path: Path) -> None:
    out = tmp_path / "events.jsonl"
    with capturing(redis_server, out) as process:
        until(lambda: any("sample" in each for each in lines(out)))
        redis_server.stop()
        until(lambda: "out of reach" in (tmp_path / "capture.log").read_text())
        process.send_signal(signal.SIGINT)
        assert process.wait(5) == 0
    redis_server.start()
    assert "gap" in lines(out)[-1]


@live
def test_hostile_names_failures_and_countdowns(redis_server: Broker, docs: Producer, tmp_path: Path) -> None:
    out = tmp_path / "events.jsonl"
    docs.send(countdown=1000, priority=5)
    with capturing(redis_server, out, "--enable-events") as process, worker(redis_server, "w1"):
        until(lambda: told(out, "concurrency") and types(out)["worker-heartbeat"])
        docs.send(HOSTILE)
        docs.send("docs.fail")
        docs.send(task_id="<script>\n\x00\u2028")
        until(lambda: types(out)["task-failed"] and types(out)["task-succeeded"] == 2)
        process.send_signal(signal.SIGINT)
        assert process.wait(5) == 0
    text = out.read_text()
    assert "Jane" not in text
    found = lines(out)
    assert any(each.get("name") == HOSTILE for each in found)
    assert [each["exception"] for each in found if each.get("type") == "task-failed"] == ["ValueError()"]
    seen = next(each for each in found if each.get("type") == "task-seen")
    assert (seen["name"], seen["queue"], seen["priority"], bool(seen["eta"])) == ("docs.extract", "docs", 5, True)
    recording = ws.read_trace(out)
    recording.observed.check()
    recording.summary()


@live
def test_arguments_are_kept_when_asked_for(redis_server: Broker, docs: Producer, tmp_path: Path) -> None:
    out = tmp_path / "events.jsonl"
    stop = threading.Event()
    wanted = Wanted(with_arguments=True, lasts_s=20.0)
    said: list[str] = []
    thread = threading.Thread(
        target=capture, args=(redis_server.url, out, wanted), kwargs={"stop": stop, "say": said.append}
    )
    thread.start()
    until(lambda: any("sample" in each for each in lines(out)))
    docs.send()
    until(lambda: "Jane Doe" in out.read_text())
    stop.set()
    thread.join(5)
    assert not thread.is_alive()


@live
def test_it_ends_by_itself(redis_server: Broker, tmp_path: Path) -> None:
    out = tmp_path / "events.jsonl"
    told = capture(redis_server.url, out, Wanted(lasts_s=0.2), stop=threading.Event(), say=lambda _: None)
    assert (told.events, told.gaps_s) == (0, [])
    with pytest.raises(InputError, match="exists already"):
        capture(redis_server.url, out, Wanted(lasts_s=0.2), stop=threading.Event(), say=lambda _: None)
    assert out.stat().st_mode & 0o077 == 0


@live
def test_what_the_broker_said_before_it_went_is_read(
    redis_server: Broker, docs: Producer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A look at the lists finds out that it is gone while an event of it has not been read yet."""
    out = tmp_path / "events.jsonl"
    published: list[str] = []
    look = in_redis.lengths

    def fails_once(channel: Any, queues: Iterable[str]) -> dict[str, Any]:
        if published:
            return look(channel, queues)
        published.append(docs.send())
        time.sleep(0.2)
        raise redis.ConnectionError

    monkeypatch.setattr("workersim.traces.capture.session.lengths", fails_once)
    told = capture(redis_server.url, out, Wanted(("docs",), lasts_s=1.0), stop=threading.Event(), say=lambda _: None)
    assert len(told.gaps_s) == 1
    assert heard(out, "task-sent") == set(published)
    assert left_of(out) == {published[0]: "list"}


def refused(*arguments: str) -> str:
    result = CliRunner().invoke(main, ["capture", *arguments])
    assert result.exit_code == 2
    return result.output


def test_what_cannot_be_is_refused(tmp_path: Path) -> None:
    out = str(tmp_path / "events.jsonl")
    port = live_celery.free_port()
    nobody = refused("--broker", f"redis://user:secret@127.0.0.1:{port}/0", "--out", out)
    assert "cannot be reached" in nobody
    assert "secret" not in nobody
    assert not os.path.exists(out)  # noqa: PTH110
    assert "expected an address such as redis://" in refused("--broker", "amqp://user:secret@h", "--out", out)
    assert "secret" not in refused("--broker", "user:secret@h", "--out", out)
    assert "expected 10 ms or more" in refused("--broker", "redis://h", "--out", out, "--every", "1 ms")
    assert "--for" in refused("--broker", "redis://h", "--out", out, "--for", "soon")


def test_the_broker_is_tried_again_without_a_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers wait 2 s: who waits as long as they do hears nothing of what they send first when they are back."""
    slept: list[float] = []
    monkeypatch.setattr("kombu.utils.functional.sleep", slept.append)
    app = broker_app(f"redis://127.0.0.1:{live_celery.free_port()}/0")
    with app.connection_for_read() as connection, pytest.raises(broker_errors()):
        reach(connection)
    assert slept == []


def test_without_celery_the_error_names_the_command(tmp_path: Path) -> None:
    script = (
        "import sys; sys.modules['celery'] = None\n"
        "from workersim.cli import main\n"
        f"main(['capture', '--broker', 'redis://h', '--out', {str(tmp_path / 'x')!r}])"
    )
    got = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)  # noqa: S603
    assert got.returncode == 2
    assert got.stderr == "Error: capture needs Celery and its Redis client: pip install 'workersim[celery]'\n"


def test_what_an_application_adds_to_its_events_is_not_kept() -> None:
    event = {"type": "task-progress", "uuid": "a", "patient": "Jane", "args": "x", "loadavg": [1, "Jane"], "eta": {}}
    assert without_arguments(event) == {"type": "task-progress", "uuid": "a", "loadavg": [1], "eta": None}
    assert without_arguments({"exception": "no such patient: Jane Doe"}) == {}
    assert without_arguments({"exception": "TimeLimitExceeded(4,)"}) == {"exception": "TimeLimitExceeded()"}


def test_the_fleet_is_told_from_what_workers_answer() -> None:
    stats = {
        "a@h": {"pool": {"max-concurrency": 4}, "prefetch_count": 5},
        "b@h": {"pool": {"max-concurrency": 2}, "prefetch_count": 8, "autoscaler": {"max": 6, "min": 2}},
    }
    conf = {"a@h": {"worker_prefetch_multiplier": 1, "broker_transport_options": {"visibility_timeout": 15}}}
    meta = fleet_of(
        {"stats": stats, "conf": conf, "active_queues": {"a@h": [{"name": "q"}, {"name": "q"}], "b@h": None}}
    )
    assert (meta["replicas"], meta["concurrency"], meta["mult"], meta["queues"]) == (2, 4, 1, ["q"])
    assert meta["visibility_timeout"] == 15
    assert meta["spec"]["workers"][0]["args"] == ["--autoscale=6,2"]
    assert [each["concurrency"] for each in meta["workers"]] == [4, 2]
    assert fleet_of({"stats": {}}) == {}
