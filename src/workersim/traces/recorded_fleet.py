"""The fleet that a recording was made on, as its meta line and its events tell it, for a replay on the same one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from workersim.scenario import Fleet
from workersim.traces.recorded_workers import Workers

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from workersim.traces.recording import Recording

__all__ = ["celery_settings", "fleet_events", "recorded_fleet"]

_ORDERS = ("round_robin", "priority", "sorted")
_DURATIONS = ("visibility_timeout", "soft_time_limit", "time_limit")


def recorded_fleet(recording: Recording, from_ns: int = 0) -> tuple[Fleet, list[str]] | None:
    """Return the fleet of a recording, with what it does not say, a sentence each; None if it names none.

    Parameters
    ----------
    recording
        With a meta line: ``replicas``, ``concurrency``, ``cpu_share`` or ``vcpus``, ``queues``,
        ``queue_order_strategy``, ``workers``, and Celery's settings.
    from_ns
        The instant of the recording at which the fleet begins: who is there then is there from the start.

    Raises
    ------
    InputError
        If it says something that no fleet can be.
    """
    meta = recording.meta
    autoscale = _autoscale(meta)
    replicas, concurrency = meta.get("replicas"), autoscale["max"] if autoscale else meta.get("concurrency")
    if replicas is None or concurrency is None:
        return None
    events = fleet_events(recording, from_ns)
    known = events.pop("gone") + events["present"] > 0 or bool(events["changes"])
    order = meta.get("queue_order_strategy")
    said: dict[str, Any] = {
        "replicas": events.pop("present") if known else replicas,
        "concurrency": concurrency,
        "vcpus": meta.get("cpu_share") or meta.get("vcpus"),
        "queues": meta.get("queues"),
        "queue_order": order if order in _ORDERS else None,
        "worker": {"celery": celery_settings(meta)},
        **{key: value for key, value in events.items() if key != "present" and value},
    }
    return Fleet(**{key: value for key, value in said.items() if value is not None}), list(_notes(meta, known=known))


def _notes(meta: Mapping[str, Any], *, known: bool) -> Iterator[str]:
    if not known:
        yield "The recording does not say when its workers were ready: from the start here."
    elif not meta.get("workers"):
        yield (
            "The recording does not say when its workers were ready: here each from its first receipt on, and those "
            "that received nothing from the last receipt of all."
        )


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


def fleet_events(recording: Recording, from_ns: int = 0) -> dict[str, Any]:
    """Return ``changes``, ``stops`` and ``crashes`` of a scenario file, as a recording tells the lives of its workers.

    Instants count from ``from_ns``.  ``present`` is how many workers are ready then, ``gone`` how many are not there
    any more; each that is ready later is a change at that instant.  Replicas are numbered in that order.  Those that
    are present at 0 are numbered in the order of their first receipts: that is how old their BRPOPs were, and of
    replicas that have asked for as long the lowest number is served first.

    A worker stops when it says so (``worker-offline``), up to a second after SIGTERM, as its loop has to wake first.
    """
    workers = Workers(recording, from_ns)
    changes = [{"at": _seconds(at), "replicas": k} for k, at in enumerate(workers.ready_s, 1) if at > 0]
    happened = list(_happened(workers))
    return {
        "present": sum(at == 0 for at in workers.ready_s),
        "gone": workers.gone,
        "changes": changes,
        "stops": [event for kind, event in happened if kind == "stop"],
        "crashes": [event for kind, event in happened if kind == "crash"],
    }


def _happened(workers: Workers) -> Iterator[tuple[str, dict[str, Any]]]:
    for number in range(len(workers)):
        for at, slot in workers.children_killed(number):
            yield "crash", {"at": _seconds(at), "replica": number, "slot": "busy" if slot is None else slot}
        term, kill = workers.stopped_s(number), workers.killed_s(number)
        if term is not None:
            grace = {} if kill is None else {"grace": _seconds(kill - term)}
            yield "stop", {"at": _seconds(term), "replica": number, **grace}
        elif kill is not None:
            yield "crash", {"at": _seconds(kill), "replica": number}


def _seconds(value: float) -> str:
    return f"{value:.4f} s"  # what a meta line tells, and more than a clock does


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e9
