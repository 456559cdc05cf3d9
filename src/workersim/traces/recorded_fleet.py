"""The fleet that a recording was made on, as its meta line tells it, for a replay on the same one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from workersim.scenario import Fleet

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["celery_settings", "fleet_events", "recorded_fleet"]

_ORDERS = ("round_robin", "priority", "sorted")
_DURATIONS = ("visibility_timeout", "soft_time_limit", "time_limit")


def recorded_fleet(meta: Mapping[str, Any]) -> tuple[Fleet, list[str]] | None:
    """Return the fleet of a meta line, with what it does not say, a sentence each; None if it names none.

    Parameters
    ----------
    meta
        As ``Recording.meta``: ``replicas``, ``concurrency``, ``cpu_share`` or ``vcpus``, ``queues``,
        ``queue_order_strategy``, ``workers``, and Celery's settings.

    Raises
    ------
    InputError
        If it says something that no fleet can be.
    """
    autoscale = _autoscale(meta)
    replicas, concurrency = meta.get("replicas"), autoscale["max"] if autoscale else meta.get("concurrency")
    if replicas is None or concurrency is None:
        return None
    events = fleet_events(meta)
    order = meta.get("queue_order_strategy")
    said: dict[str, Any] = {
        "replicas": events.pop("present") if meta.get("workers") else replicas,
        "concurrency": concurrency,
        "vcpus": meta.get("cpu_share") or meta.get("vcpus"),
        "queues": meta.get("queues"),
        "queue_order": order if order in _ORDERS else None,
        "worker": {"celery": celery_settings(meta)},
        **{key: value for key, value in events.items() if key != "present" and value},
    }
    notes = (
        [] if meta.get("workers") else ["The recording does not say when its workers were ready: from the start here."]
    )
    return Fleet(**{key: value for key, value in said.items() if value is not None}), notes


def celery_settings(meta: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``worker: {celery: …}`` of a scenario file, as a meta line tells it; what it does not say is left out.

    Examples
    --------
    >>> celery_settings({"mult": 1, "acks_late": True, "visibility_timeout": 15})
    {'prefetch_multiplier': 1, 'acks': 'late', 'disable_prefetch': False, 'visibility_timeout': '15 s'}
    """
    settings: dict[str, Any] = {
        "prefetch_multiplier": meta.get("mult", 4),
        "acks": "late" if meta.get("acks_late", meta.get("late", False)) else "early",
        "disable_prefetch": bool(meta.get("disable_prefetch", False)),
    }
    for key in _DURATIONS:
        if _is_number(meta.get(key)):
            settings[key] = f"{meta[key]:g} s"
    if isinstance(meta.get("max_tasks_per_child"), int):
        settings["max_tasks_per_child"] = meta["max_tasks_per_child"]
    if _is_number(meta.get("init_sleep_s")) and meta["init_sleep_s"] > 0:
        settings["process_start"] = f"{meta['init_sleep_s']:g} s"
    spec = meta.get("spec")
    asked = spec.get("settings") if isinstance(spec, dict) else None
    if isinstance(asked, dict) and asked.get("task_reject_on_worker_lost") is True:
        settings["reject_on_worker_lost"] = True
    autoscale = _autoscale(meta)
    return settings | ({"autoscale": autoscale} if autoscale else {})


def _autoscale(meta: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the range of ``--autoscale`` that the workers were started with."""
    spec = meta.get("spec")
    workers = spec.get("workers") if isinstance(spec, dict) else None
    first = workers[0] if isinstance(workers, list) and workers and isinstance(workers[0], dict) else {}
    arguments = first.get("args")
    for argument in arguments if isinstance(arguments, list) else ():
        found = re.fullmatch(r"--autoscale=([0-9]{1,4}),([0-9]{1,4})", str(argument), re.ASCII)
        if found:
            keepalive = (first.get("env") or {}).get("AUTOSCALE_KEEPALIVE", "30")
            return {"min": int(found[2]), "max": int(found[1]), "keepalive": f"{keepalive} s"}
    return None


def fleet_events(meta: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``changes``, ``stops`` and ``crashes`` of a scenario file, as a meta line tells the lives of its workers.

    ``present`` is how many workers are ready at 0; each that is ready later is a change at that instant.  Replicas are
    numbered in that order.
    """
    told = meta.get("workers")
    workers = [each for each in told if isinstance(each, dict)] if isinstance(told, list) else []
    ready = [max(0.0, each["ready"]) if _is_number(each.get("ready")) else 0.0 for each in workers]
    order = sorted(range(len(workers)), key=lambda i: ready[i])
    present = sum(at == 0 for at in ready)
    changes = [{"at": _seconds(ready[i]), "replicas": k} for k, i in enumerate(order, 1) if ready[i] > 0]
    stops: list[dict[str, Any]] = []
    crashes: list[dict[str, Any]] = []
    for number, i in enumerate(order):
        each = workers[i]
        term: Any = each.get("sigterm")
        kill: Any = each.get("sigkill")
        if _is_number(term) and term >= 0:
            grace = {"grace": _seconds(kill - term)} if _is_number(kill) and kill >= term else {}
            stops.append({"at": _seconds(term), "replica": number, **grace})
        elif _is_number(kill) and kill >= 0:
            crashes.append({"at": _seconds(kill), "replica": number})
        killed = each.get("child_killed")
        children = [child for child in (killed if isinstance(killed, list) else ()) if isinstance(child, dict)]
        deaths = [child["t"] for child in children if _is_number(child.get("t")) and child["t"] >= 0]
        crashes += [{"at": _seconds(at), "replica": number, "slot": "busy"} for at in deaths]
    return {"present": present, "changes": changes, "stops": stops, "crashes": crashes}


def _seconds(value: float) -> str:
    return f"{value:.9f} s"


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e9
