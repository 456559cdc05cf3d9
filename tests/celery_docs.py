"""The Celery application that the tests of a capture start as real prefork workers."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

from celery import Celery

app = Celery("docs", broker=os.environ.get("DOCS_BROKER", "redis://127.0.0.1"))
app.conf.update(
    task_send_sent_event=True,
    worker_prefetch_multiplier=2,
    task_acks_late=True,
    task_queue_max_priority=10,
    task_default_queue="docs",
    task_ignore_result=True,
    broker_connection_retry_on_startup=True,
    broker_transport_options={
        "visibility_timeout": 4,
        "unacked_restore_interval": 1,
        "unacked_restore_throttle": 1,
        "unacked_mutex_expire": 2,  # where a broker goes in the middle of a sweep, none sweeps for so long: 300 s
        "socket_timeout": 5,
    },
)


@app.task(name="docs.extract", bind=True)
def extract(self: Any, text: str, seconds: float = 0.002) -> str:
    time.sleep(seconds)
    with Path("ran").open("a") as ran:  # in the folder of its worker: what was run, whoever was told
        ran.write(f"{self.request.id}\n")
    return f"found in {text}"


@app.task(name="docs.early", acks_late=False)
def early(text: str, seconds: float = 0.002) -> str:
    time.sleep(seconds)
    return text


@app.task(name='docs.<b>"\u2028\n\x1b[31m')
def hostile(text: str) -> str:
    return text


@app.task(name="docs.fail")
def fail(text: str) -> str:
    msg = f"cannot read {text}"
    raise ValueError(msg)
