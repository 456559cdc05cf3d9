"""The fleet that a recording was made on, as its meta line tells it, for a replay on the same one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workersim.scenario import Fleet

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["celery_settings", "fleet_events", "recorded_fleet"]

_ORDERS = ("round_robin", "priority", "sorted")


def recorded_fleet(meta: Mapping[str, Any]) -> tuple[Fleet, list[str]] | None:
    """Return the fleet of a meta line with what a replay on it leaves out, a sentence each; None if it names none.

    Parameters
    ----------
    meta
        As ``Recording.meta``: ``replicas``, ``concurrency``, ``cpu_share`` or ``vcpus``, ``queues``,
        ``queue_order_strategy``.

    Raises
    ------
    InputError
        If it says something that no fleet can be.
    """
    replicas, concurrency = meta.get("replicas"), meta.get("concurrency")
    if replicas is None or concurrency is None:
        return None
    said: dict[str, Any] = {
        "replicas": replicas,
        "concurrency": concurrency,
        "vcpus": meta.get("cpu_share") or meta.get("vcpus"),
    }
    said["queues"] = meta.get("queues")
    order = meta.get("queue_order_strategy")
    said["queue_order"] = order if order in _ORDERS else None
    fleet = Fleet(**{key: value for key, value in said.items() if value is not None})
    return fleet, list(_left_out(meta))


def _left_out(meta: Mapping[str, Any]) -> Iterator[str]:
    settings, events = celery_settings(meta), fleet_events(meta)
    central = settings["disable_prefetch"] or (settings["acks"] == "late" and settings["prefetch_multiplier"] == 1)
    if meta.get("replicas") != 1 and not central:
        yield (
            "The recorded workers reserved messages ahead; here every process takes straight from the queue, which "
            "is what late acknowledgement with multiplier 1 comes to, so waits come out shorter."
        )
    late = [key for key in ("stops", "crashes", "changes") if events[key]]
    if late:
        yield f"The recorded workers came and went ({', '.join(late)}); here all are there from the start to the end."


def celery_settings(meta: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``worker: {celery: …}`` of a scenario file, as a meta line tells it; what it does not say is left out.

    Examples
    --------
    >>> celery_settings({"mult": 1, "acks_late": True, "visibility_timeout": 15})
    {'prefetch_multiplier': 1, 'acks': 'late', 'disable_prefetch': False, 'visibility_timeout': '15 s'}
    """
    acks_late = meta.get("acks_late", meta.get("late", False))
    settings: dict[str, Any] = {
        "prefetch_multiplier": meta.get("mult", 4),
        "acks": "late" if acks_late else "early",
        "disable_prefetch": bool(meta.get("disable_prefetch", False)),
    }
    durations = {
        "visibility_timeout": "visibility_timeout",
        "soft_time_limit": "soft_time_limit",
        "time_limit": "time_limit",
    }
    for key, told in durations.items():
        if _is_number(meta.get(told)):
            settings[key] = f"{meta[told]:g} s"
    if isinstance(meta.get("max_tasks_per_child"), int):
        settings["max_tasks_per_child"] = meta["max_tasks_per_child"]
    if _is_number(meta.get("init_sleep_s")) and meta["init_sleep_s"] > 0:
        settings["process_start"] = f"{meta['init_sleep_s']:g} s"
    if meta.get("reject_on_worker_lost") is True:
        settings["reject_on_worker_lost"] = True
    return settings


def fleet_events(meta: Mapping[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Return ``changes``, ``stops`` and ``crashes`` of a scenario file, as a meta line tells the lives of its workers.

    A replica that is ready after the first publication appears as a change at that instant.
    """
    told = meta.get("workers")
    workers = [each for each in told if isinstance(each, dict)] if isinstance(told, list) else []
    events: dict[str, list[dict[str, Any]]] = {"changes": [], "stops": [], "crashes": []}
    later = sorted(each["ready"] for each in workers if _is_number(each.get("ready")) and each["ready"] > 0)
    present = len(workers) - len(later)
    events["changes"] = [{"at": f"{at:.9g} s", "replicas": present + k} for k, at in enumerate(later, 1)]
    for number, each in enumerate(workers):
        term: Any = each.get("sigterm")
        kill: Any = each.get("sigkill")
        if _is_number(term) and term >= 0:
            grace = {"grace": f"{kill - term:.9g} s"} if _is_number(kill) and kill >= term else {}
            events["stops"].append({"at": f"{term:.9g} s", "replica": number, **grace})
        elif _is_number(kill) and kill >= 0:
            events["crashes"].append({"at": f"{kill:.9g} s", "replica": number})
    return events


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e9
