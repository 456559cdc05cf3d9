"""What to deploy: the ``celery worker`` line, the settings, and the platform's files for a fleet."""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, Any

from workersim.units import Duration, format_number, format_size

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workersim.scenario import Fleet, Scenario

__all__ = ["take_away"]

# What a setting of the scenario is called in Celery's configuration.
_CELERY = {
    "prefetch_multiplier": "worker_prefetch_multiplier",
    "max_tasks_per_child": "worker_max_tasks_per_child",
    "soft_time_limit": "task_soft_time_limit",
    "time_limit": "task_time_limit",
    "reject_on_worker_lost": "task_reject_on_worker_lost",
    "disable_prefetch": "worker_disable_prefetch",
}


def take_away(present: Scenario, chosen: Scenario) -> dict[str, str]:
    """Return the texts for a fleet: ``command``, ``settings``, ``railway``, ``limits``, ``compose``, ``difference``.

    ``railway`` is a ``railway.json``; what a replica may use at most is no part of that, so it is in ``limits``.
    """
    fleets, several = chosen.fleets, len(chosen.fleets) > 1
    changes = {name: _difference(present.fleets[name], fleet) for name, fleet in fleets.items()}
    compose = {name or "worker": _compose(fleet) for name, fleet in fleets.items()}
    parts = {
        "command": _command,
        "settings": lambda fleet: "\n".join(_settings(fleet)),
        "railway": _railway,
        "limits": _limits,
    }
    texts = {
        part: "\n".join(f"# {name}\n{say(fleet)}" if several else say(fleet) for name, fleet in fleets.items())
        for part, say in parts.items()
    }
    texts["compose"] = _yaml({"services": compose})
    told = [f"{name}: {text}" if several else text for name, text in changes.items() if text]
    texts["difference"] = "; ".join(told) or "none: this is the present fleet"
    return texts


def _command(fleet: Fleet) -> str:
    listed = [name for name in fleet.queues or () if re.fullmatch(r"[A-Za-z0-9_.:-]+", name)]
    queues = f" --queues={','.join(listed)}" if listed and len(listed) == len(fleet.queues or ()) else ""
    return f"celery --app=YOUR_APP worker --pool=prefork {_processes(fleet)}{queues}"


def _processes(fleet: Fleet) -> str:
    growing = fleet.celery.autoscale if fleet.celery else None
    return f"--autoscale={growing.max},{growing.min}" if growing else f"--concurrency={fleet.concurrency}"


def _settings(fleet: Fleet) -> Iterator[str]:
    """Return lines of Celery's configuration; the ideal worker takes a message only when a process is free."""
    worker = fleet.celery
    if worker is None:
        # The nearest that Celery has to a process that takes its message itself.
        yield "worker_prefetch_multiplier = 1"
        yield "task_acks_late = True"
        return
    for key, setting in _CELERY.items():
        value = getattr(worker, key)
        if value is not None:
            yield f"{setting} = {math.ceil(value.seconds) if isinstance(value, Duration) else value!r}"
    if worker.max_memory_per_child is not None:
        yield f"worker_max_memory_per_child = {int(worker.max_memory_per_child) // 1024}  # KiB"
    yield f"task_acks_late = {worker.acks == 'late'}"
    yield f"broker_transport_options = {{'visibility_timeout': {math.ceil(worker.visibility_timeout.seconds)}}}"


def _memory_bytes(fleet: Fleet) -> int:
    """Return the limit of a container: that of the scenario, else what it needs at rest, 0 if nobody says."""
    return int(fleet.memory_limit or fleet.memory_bytes)


def _railway(fleet: Fleet) -> str:
    """Return a railway.json, which is YAML too; its limits of a replica are set beside it."""
    data = {
        "$schema": "https://railway.com/railway.schema.json",
        "deploy": {"startCommand": _command(fleet), "numReplicas": fleet.replicas},
    }
    return json.dumps(data, indent=2)


def _limits(fleet: Fleet) -> str:
    memory = _memory_bytes(fleet)
    return f"{fleet.cores:g} vCPU" + (f", {format_size(memory)} of memory" if memory else "")


def _compose(fleet: Fleet) -> dict[str, Any]:
    limits: dict[str, Any] = {"cpus": f"{fleet.cores:g}"}
    memory = _memory_bytes(fleet)
    if memory:
        limits["memory"] = f"{math.ceil(memory / 2**20)}M"
    return {
        "image": "YOUR_IMAGE",
        "command": _command(fleet),
        "deploy": {"replicas": fleet.replicas, "resources": {"limits": limits}},
    }


def _yaml(data: dict[str, Any]) -> str:
    import yaml  # noqa: PLC0415 (needed only where something is deployed)

    text: str = yaml.safe_dump(data, sort_keys=False, width=200)
    return text.rstrip()


def _difference(old: Fleet, new: Fleet) -> str:
    """Say in a line what changes in the fleet."""
    pairs = [
        ("replicas", str(old.replicas), str(new.replicas)),
        ("concurrency", str(old.concurrency), str(new.concurrency)),
        ("vCPUs a container", format_number(old.cores), format_number(new.cores)),
        ("memory a container", _size(old), _size(new)),
        ("settings", ", ".join(_settings(old)), ", ".join(_settings(new))),
    ]
    changes = [f"{name} {before} → {after}" for name, before, after in pairs if before != after]
    return "; ".join(changes)


def _size(fleet: Fleet) -> str:
    memory = _memory_bytes(fleet)
    return format_size(memory) if memory else "not given"
