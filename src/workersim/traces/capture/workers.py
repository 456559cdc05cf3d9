"""What workers say of themselves when they are asked: processes, prefetch, queues, and the settings that matter."""

from __future__ import annotations

import queue
import threading
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Asker", "ask", "fleet_of"]

STUCK_S = 15.0
PATIENCE_S, LONGEST_S = 1.0, 4.0  # workers that have not answered by then are not counted; longer where none has

# Of Celery's configuration only these are looked at: it holds passwords, too.
_SETTINGS = {
    "task_acks_late": "acks_late",
    "worker_disable_prefetch": "disable_prefetch",
    "worker_max_tasks_per_child": "max_tasks_per_child",
    "task_time_limit": "time_limit",
    "task_soft_time_limit": "soft_time_limit",
}


def ask(
    app: Any, *methods: str, patience_s: float = PATIENCE_S, workers: int | None = None
) -> dict[str, dict[str, Any]]:
    """Return what workers answer to ``celery inspect``, by method and then by worker, at once if so many have."""
    with app.connection_for_write() as connection:
        inspect = app.control.inspect(timeout=patience_s, connection=connection, limit=workers)
        return {method: getattr(inspect, method)() or {} for method in methods}


def fleet_of(answers: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return the keys of a meta line that the answers give; empty if nobody answered.

    Examples
    --------
    >>> fleet_of({"stats": {"w1@h": {"pool": {"max-concurrency": 3}, "prefetch_count": 12}},
    ...           "conf": {"w1@h": {"task_acks_late": True}}, "active_queues": {"w1@h": [{"name": "celery"}]}})
    {'replicas': 1, 'concurrency': 3, 'mult': 4, 'queues': ['celery'], 'acks_late': True, 'workers': [{'name': 'w1@h', \
'concurrency': 3, 'prefetch_count': 12}]}
    """
    workers = [_worker(name, told) for name, told in sorted(answers.get("stats", {}).items())]
    if not workers:
        return {}
    most = max(workers, key=lambda each: each["concurrency"])
    configured: Any = next(iter(answers.get("conf", {}).values()), {})
    meta = {
        "replicas": len(workers),
        "concurrency": most["concurrency"],
        "mult": _multiplier(most, configured),
        "queues": _queues(answers.get("active_queues", {})),
    }
    meta |= {ours: configured[key] for key, ours in _SETTINGS.items() if configured.get(key) is not None}
    return meta | _transport(configured) | _scaling(answers["stats"]) | {"workers": workers}


def _worker(name: str, told: Any) -> dict[str, Any]:
    pool = told.get("pool") or {}
    concurrency = pool.get("max-concurrency")
    processes = concurrency if isinstance(concurrency, int) and concurrency > 0 else 1
    return {"name": name, "concurrency": processes, "prefetch_count": told.get("prefetch_count")}


def _multiplier(worker: Mapping[str, Any], configured: Mapping[str, Any]) -> int:
    """Return the prefetch multiplier that is in force, which an option of the worker may have set."""
    count, processes = worker["prefetch_count"], worker["concurrency"]
    if isinstance(count, int) and count % processes == 0:  # else messages with a countdown raise it just now
        return int(count // processes)
    told = configured.get("worker_prefetch_multiplier", 4)
    return told if isinstance(told, int) else 4


def _queues(answers: Mapping[str, Any]) -> list[str]:
    names = [each.get("name") for queues in answers.values() for each in queues or ()]
    return list(dict.fromkeys(name for name in names if isinstance(name, str)))


def _transport(configured: Mapping[str, Any]) -> dict[str, Any]:
    options = configured.get("broker_transport_options")
    options = options if isinstance(options, dict) else {}
    return {key: options[key] for key in ("visibility_timeout", "queue_order_strategy") if key in options}


def _scaling(stats: Mapping[str, Any]) -> dict[str, Any]:
    """Return the range of ``--autoscale``, as a recording says it."""
    scaler: Any = next((told["autoscaler"] for told in stats.values() if told.get("autoscaler")), None)
    if not isinstance(scaler, dict) or "max" not in scaler:
        return {}
    return {"spec": {"workers": [{"args": [f"--autoscale={scaler['max']},{scaler.get('min', 0)}"]}]}}


class Asker:
    """Asks workers, and tells them to send events if that is wanted, beside the listening, which must not wait."""

    def __init__(self, app: Any, *methods: str, enables: bool = False, workers: int | None = None) -> None:
        self._methods, self._enables, self._workers = methods, enables, workers
        self._patience_s = PATIENCE_S if workers is None else LONGEST_S
        self._app, self._answers = app, queue.SimpleQueue[dict[str, Any]]()
        self._thread: threading.Thread | None = None
        self._since = 0.0

    def start(self) -> bool:
        """Ask once more, and return whether: not while the last question is open, unless a broker that went has it."""
        now = time.monotonic()
        if self._thread is not None and self._thread.is_alive() and now - self._since < STUCK_S:
            return False
        self._since = now
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        return True

    def _run(self) -> None:
        try:
            if self._enables:  # each time, for workers that have come since
                with self._app.connection_for_write() as connection:
                    self._app.control.enable_events(connection=connection)
            told = ask(self._app, *self._methods, patience_s=self._patience_s, workers=self._workers)
            if not any(told.values()):
                self._patience_s = min(2 * self._patience_s, LONGEST_S)
            self._answers.put(told)
        except Exception:  # noqa: BLE001  # the broker is gone, or says what nobody expects; the listener finds out
            self._answers.put({})

    def answers(self) -> dict[str, Any] | None:
        """Return what was answered since the last time; None if nothing was."""
        try:
            return self._answers.get_nowait()
        except queue.Empty:
            return None
