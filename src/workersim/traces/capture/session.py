"""Listening to a broker until somebody says stop, through its restarts."""

from __future__ import annotations

import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from workersim.errors import InputError
from workersim.traces.capture import left
from workersim.traces.capture.broker import broker_app, broker_errors, reach
from workersim.traces.capture.in_redis import lengths, tasks_in
from workersim.traces.capture.kept import without_arguments
from workersim.traces.capture.line_file import LineFile
from workersim.traces.capture.workers import Asker, fleet_of
from workersim.units import shown

if TYPE_CHECKING:
    import os
    import threading
    from collections.abc import Callable

__all__ = ["Captured", "Wanted", "capture"]

# Between two attempts to reach the broker, at first and for good.  Workers try every 2 s, and send at once what they
# could not send: who listens later than they come does not hear it.
SOONEST_S, LATEST_S, SOON_FOR_S = 0.02, 0.2, 60.0
DRAIN_S = 0.1
REST_S = 1.0  # within which is read what the broker said before it went
ACCOUNT_S = 5.0  # within which workers say what they run, and tasks that Redis has no more end
LATE = 10_000  # tasks that ended last: a task-sent of theirs that comes now is late
REPEAT_S = 60.0  # what has not changed is written again after this long
ASK_S, SOON_S = 60.0, 1.0
DEAF_S = 10.0  # workers send a heartbeat every 2 s
ENDS = ("task-succeeded", "task-failed", "task-revoked", "task-rejected")


@dataclass(frozen=True)
class Wanted:
    """What is asked of a capture.

    Attributes
    ----------
    queues
        Lists that are watched beside those that workers and events name.
    every_s
        Seconds between two looks at the lists.
    lasts_s
        Seconds after which it ends; None: when it is told to.
    with_arguments
        Whether arguments, results and exceptions are kept.
    enable_events
        Whether workers are told to send events.
    key_prefix
        Celery's ``global_keyprefix``.
    """

    queues: tuple[str, ...] = ("celery",)
    every_s: float = 1.0
    lasts_s: float | None = None
    with_arguments: bool = False
    enable_events: bool = False
    key_prefix: str = ""


@dataclass
class Captured:
    """What came of a capture: how many events of how many tasks, and the gaps, in seconds."""

    events: int = 0
    tasks: int = 0
    workers: int = 0
    gaps_s: list[float] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def capture(
    broker: str,
    out: str | os.PathLike[str],
    wanted: Wanted,
    *,
    stop: threading.Event,
    say: Callable[[str], None],
) -> Captured:
    """Write down what a live Celery does, until told to stop.

    Parameters
    ----------
    broker
        Its address, such as ``redis://localhost:6379/0``.
    out
        A new file.
    wanted
        How.
    stop
        Set to end it.
    say
        Called with a sentence when something happens that a person should know.

    Returns
    -------
    Captured
        What was written.

    Raises
    ------
    InputError
        If the broker cannot be reached at the beginning, or the file exists.
    MissingExtraError
        If Celery is not installed.
    """
    app = broker_app(broker, wanted.key_prefix)
    errors: tuple[type[Exception], ...] = broker_errors()
    try:
        with app.connection_for_read() as connection:
            reach(connection)
            address = connection.as_uri().replace("://:**@", "://")  # without the password, or the stars of none
    except (*errors, ValueError) as error:  # type: ignore[misc]  # mypy cannot see into it
        msg = f"--broker: cannot be reached: {_said(error)}"
        raise InputError(msg) from None
    with LineFile(out) as lines:
        listener = _Listener(app, wanted, lines, say)
        listener.begin(address)
        while not stop.is_set() and not listener.is_over():
            try:
                with app.connection_for_read() as connection:
                    reach(connection)
                    listener.listen(connection, stop)
            except errors as error:
                listener.lost(_said(error), stop)
        return listener.end()


def _asker(app: Any, wanted: Wanted) -> Asker:
    return Asker(app, "stats", "conf", "active_queues", enables=wanted.enable_events)


def _said(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0][:200]


class _Listener:
    """Writes lines, and keeps in mind what the next ones depend on."""

    def __init__(self, app: Any, wanted: Wanted, lines: LineFile, say: Callable[[str], None]) -> None:
        self._app, self._wanted, self._lines, self._say = app, wanted, lines, say
        self._asker, self._asked, self._patience = _asker(app, wanted), -ASK_S, ASK_S
        self._up: set[str] = set()
        self._strangers: set[str] = set()
        self._began = time.monotonic()
        self._queues = dict.fromkeys(wanted.queues)
        self._sampled, self._written = -REPEAT_S, -REPEAT_S
        self._last: dict[str, Any] = {}
        self._known: set[str] = set()  # tasks that were heard of and have not ended
        self._awaited: frozenset[str] | None = None  # once it is told to stop: of which it waits for the end
        self._ended: dict[str, None] = {}  # the last ones that did
        self._online: dict[str, float] = {}
        self._fleet: dict[str, Any] = {}
        self._heard: set[str] = set()
        self._types: Counter[str] = Counter()
        self._first: float | None = None
        self._gap: float | None = None  # when the broker was last heard of, while it is away
        self.told = Captured()

    def begin(self, address: str) -> None:
        """Write who listens to what, since when."""
        began = datetime.now(UTC).isoformat(timespec="milliseconds")
        self._meta(captured_by=f"workersim {version('workersim')}", broker=address, began=began)
        self._say(f"Listening to {address}.")

    def is_over(self) -> bool:
        """Tell whether it has lasted as long as it was to."""
        return self._wanted.lasts_s is not None and time.monotonic() - self._began >= self._wanted.lasts_s

    def listen(self, connection: Any, stop: threading.Event) -> None:
        """Take events and look at the lists, until told to stop or the broker goes away."""
        from kombu.messaging import Consumer  # noqa: PLC0415 (an extra)

        channel = connection.default_channel
        receiver = self._app.events.Receiver(channel, handlers={"*": self._event})
        # not through the receiver's own loop, which would wait for the broker without end
        with receiver.get_consumers(partial(Consumer, channel), channel)[0]:
            self._drain(connection)  # subscribes; whatever Redis holds from now on is heard of, or looked at below
            receiver.wakeup_workers(channel)  # they send a heartbeat, by which they are known
            self._back()
            self._asked, self._patience, self._strangers = -ASK_S, SOON_S, set()
            for task in tasks_in(channel, list(self._queues)):
                self._seen(task)
            try:
                while not stop.is_set() and not self.is_over():
                    self._drain(connection)
                    self._look(channel)
                    self._lines.tick()
                self._account(connection, channel)
            except broker_errors():
                self._drain_rest(connection)
                raise

    def _drain(self, connection: Any) -> None:
        try:
            connection.drain_events(timeout=DRAIN_S)
        except TimeoutError:
            return

    def _drain_rest(self, connection: Any) -> None:
        """Read what the broker said before it went: the look at the lists may have found that out first."""
        end = time.monotonic() + REST_S
        with suppress(*broker_errors()):
            while time.monotonic() < end:
                connection.drain_events(timeout=0)

    # -- what is heard ---------------------------------------------------------------------------------

    def _event(self, event: dict[str, Any]) -> None:
        kind = str(event.get("type"))
        host = str(event.get("hostname"))
        uuid = event.get("uuid")
        if self._awaited is not None and uuid not in self._awaited:
            return
        self._types[kind] += 1
        if kind.startswith("worker-"):
            self._worker(kind, host, event)
        elif isinstance(uuid, str):
            self._task(kind, uuid, event)
        self.told.events += 1
        self._lines.write(event if self._wanted.with_arguments else without_arguments(event))

    def _worker(self, kind: str, host: str, event: dict[str, Any]) -> None:
        self._heard.add(host)
        if kind == "worker-online":
            self._online[host] = float(event.get("timestamp") or time.time())
        if kind == "worker-offline":
            self._up.discard(host)
        else:
            self._up.add(host)

    def _task(self, kind: str, uuid: str, event: dict[str, Any]) -> None:
        if self._first is None:
            self._first = float(event.get("timestamp") or time.time())
        if kind in ENDS:
            self._known.discard(uuid)
            self._ended[uuid] = None
            if len(self._ended) > LATE:
                del self._ended[next(iter(self._ended))]
        elif uuid not in self._known and not (kind == "task-sent" and uuid in self._ended):
            self._known.add(uuid)
            self.told.tasks += event.get("retries") in (0, None)
        if isinstance(event.get("queue"), str):
            self._queues[event["queue"]] = None

    # -- what is looked at -----------------------------------------------------------------------------

    def _seen(self, task: dict[str, Any]) -> None:
        """Write down a task that was in Redis before it was listened to: it was sent then, or earlier."""
        if task["uuid"] in self._known:
            return
        now = time.time()
        self._known.add(task["uuid"])
        self._first = now if self._first is None else self._first
        self.told.tasks += 1
        seen = {key: value for key, value in task.items() if key != "where"}
        self._lines.write({"type": "task-seen", "in": task["where"], "hostname": "redis", "timestamp": now, **seen})

    def _look(self, channel: Any) -> None:
        now = time.monotonic()
        if now - self._sampled >= self._wanted.every_s:
            self._sampled = now
            found = lengths(channel, list(self._queues))
            if found != self._last or now - self._written >= REPEAT_S:
                self._last, self._written = found, now
                self._lines.write({"sample": {"t": time.time(), **found}})
        self._ask(now)
        answers = self._asker.answers()
        if answers:
            self._answered(answers)
        if now - self._began > DEAF_S:
            self._listens_to_nobody()

    def _ask(self, now: float) -> None:
        """Ask now and then, and soon where somebody is heard of who has not answered yet."""
        strangers = self._up - {each["name"] for each in self._fleet.get("workers", ())}
        if strangers != self._strangers:
            self._strangers, self._patience = strangers, SOON_S
        if now - self._asked >= self._patience and self._asker.start():
            self._asked, self._patience = now, min(2 * self._patience, ASK_S)

    def _answered(self, answers: dict[str, Any]) -> None:
        fleet = fleet_of(answers)
        self._queues |= dict.fromkeys(fleet.get("queues", ()))
        if fleet and fleet != self._fleet:
            self._fleet = fleet
            self._tell_fleet()

    def _tell_fleet(self) -> None:
        if not self._fleet:
            return
        zero = {} if self._first is None else {"epoch": self._first}
        workers = [each | self._ready(each["name"]) for each in self._fleet["workers"]]
        self._meta(**self._fleet | {"workers": workers} | zero)

    def _ready(self, name: str) -> dict[str, float]:
        if self._first is None or name not in self._online:
            return {}
        return {"ready": round(self._online[name] - self._first, 6)}

    def _listens_to_nobody(self) -> None:
        silent = [each["name"] for each in self._fleet.get("workers", ()) if each["name"] not in self._heard]
        if silent and not self.told.warnings:
            self._warn(
                f"No events from {', '.join(map(shown, silent[:3]))}: start workers with -E, or capture with "
                "--enable-events."
            )

    # -- the broker goes, and comes back ---------------------------------------------------------------

    def lost(self, why: str, stop: threading.Event) -> None:
        """Note that the broker is away, and wait before the next attempt."""
        if self._gap is None:
            self._gap = time.time()
            self._say(f"The broker is out of reach ({why}); trying again.")
        self._lines.tick()
        stop.wait(SOONEST_S if time.time() - self._gap < SOON_FOR_S else LATEST_S)

    def _back(self) -> None:
        if self._gap is None:
            return
        since, now = self._gap, time.time()
        self._gap = None
        self._lines.write({"gap": {"from": since, "to": now}})
        self.told.gaps_s.append(now - since)
        self._say(f"The broker is back after {now - since:,.1f} s; what was said meanwhile may be missing.")

    # -- the end ---------------------------------------------------------------------------------------

    def _account(self, connection: Any, channel: Any) -> None:
        """Write where each task is whose end was not heard of."""
        if not self._known:
            return
        self._awaited = frozenset(self._known)
        where = left.places(channel, self._queues, self._awaited)
        gone = {task for task, place in where.items() if place == left.GONE}
        if gone:
            running = self._running(connection, gone)
            where |= left.places(channel, self._queues, gone)
            where |= {task: "worker" for task in running if where.get(task) == left.GONE}
        where = {task: place for task, place in where.items() if task in self._known}
        for task, place in where.items():
            self._lines.write({"type": "task-left", "uuid": task, "in": place, "timestamp": time.time()})
        if where:
            self._say(f"{left.in_words(where)}.")

    def _running(self, connection: Any, gone: set[str]) -> set[str]:
        """Return which of the tasks workers still run, and hear meanwhile which of them end."""
        asker, answers = Asker(self._app, "active", workers=len(self._up)), None
        asked = bool(self._up) and asker.start()
        end = time.monotonic() + (ACCOUNT_S if asked else SOON_S)
        while gone & self._known and answers is None and time.monotonic() < end:
            self._drain(connection)
            answers = asker.answers()
        return gone & left.running(answers or {})

    def end(self) -> Captured:
        """Write what is known at the end."""
        if self._gap is not None:
            self._lines.write({"gap": {"from": self._gap, "to": time.time()}})
            self.told.gaps_s.append(time.time() - self._gap)
        if self._types["task-received"] and not self._types["task-sent"]:
            self._warn("No task-sent events: set task_send_sent_event = True, so that the wait in Redis is known.")
        self._tell_fleet()
        if self._first is not None:
            self._meta(epoch=self._first, end=round(time.time() - self._first, 6))
        self.told.workers = len(self._heard)
        return self.told

    def _warn(self, sentence: str) -> None:
        self.told.warnings.append(sentence)
        self._say(sentence)

    def _meta(self, **told: Any) -> None:
        self._lines.write({"meta": told})
