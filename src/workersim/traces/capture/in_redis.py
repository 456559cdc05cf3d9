"""What Redis holds: how long its lists are, how much is unacknowledged, and which tasks wait there.

Celery keeps each queue as a list, one for each priority step, and what workers have taken and not acknowledged in a
hash [1]_.  Of a message its headers are read, never its body.

.. [1] kombu 5.7, ``kombu/transport/redis.py``: ``Channel._q_for_pri``, ``QoS.append``.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["MOST", "lengths", "tasks_in"]

_AT_ONCE = 200
MOST = 100_000  # messages that are looked at; a longer list is counted, and its tasks are known when they are received


def lengths(channel: Any, queues: Iterable[str]) -> dict[str, Any]:
    """Return the lengths of the lists, and how many messages are unacknowledged.

    Parameters
    ----------
    channel
        Of kombu's Redis transport.
    queues
        Names.

    Returns
    -------
    dict
        ``llen``: by name, priority steps as ``name:3``, empty ones of these left out; ``unacked``.
    """
    lists = list(_lists(channel, queues))
    with channel.conn_or_acquire() as client:
        pipe = client.pipeline(transaction=False)
        for _, key, _ in lists:
            pipe.llen(key)
        pipe.hlen(channel.unacked_key)
        *found, unacked = pipe.execute()
    named = {(f"{queue}:{step}" if step else queue): n for (queue, _, step), n in zip(lists, found, strict=True)}
    return {"llen": {name: n for name, n in named.items() if n or name in set(queues)}, "unacked": unacked}


def _lists(channel: Any, queues: Iterable[str]) -> Iterator[tuple[str, str, int]]:
    """Yield each list: its queue, its key, its priority step."""
    for queue in queues:
        for step in channel.priority_steps:
            yield queue, f"{queue}{channel.sep}{step}" if step else queue, step


def tasks_in(channel: Any, queues: Iterable[str]) -> Iterator[dict[str, Any]]:
    """Yield what the headers say of each task that waits in a list, the next one first, and of what is unacknowledged.

    Yields
    ------
    dict
        ``uuid``, ``name``, ``queue``, ``retries``, ``eta``, ``expires``, ``priority``, and ``where``: ``list`` or
        ``unacked``.
    """
    with channel.conn_or_acquire() as client:
        for queue, key, _ in list(_lists(channel, queues)):
            for message in _in_list(client, key):
                yield from _task(message, queue, "list")
        for message, queue in _unacknowledged(client, channel.unacked_key):
            yield from _task(message, queue, "unacked")


def _in_list(client: Any, key: str) -> Iterator[Any]:
    # Consumers take from the right end; what is taken meanwhile moves the rest nearer to it, and none is skipped.
    for last in range(-1, -MOST, -_AT_ONCE):
        some = client.lrange(key, last - _AT_ONCE + 1, last)
        yield from map(_parsed, reversed(some))
        if len(some) < _AT_ONCE:
            return


def _unacknowledged(client: Any, key: str) -> Iterator[tuple[Any, str]]:
    cursor, seen = 0, 0
    while True:
        cursor, some = client.hscan(key, cursor, count=_AT_ONCE)
        for value in some.values():
            held = _parsed(value)
            if isinstance(held, list) and len(held) == 3:
                yield held[0], str(held[2])
        seen += len(some)
        if cursor == 0 or seen >= MOST:
            return


def _parsed(text: Any) -> Any:
    try:
        return json.loads(text)
    except (ValueError, TypeError, RecursionError):
        return None  # somebody else's


def _task(message: Any, queue: str, where: str) -> Iterator[dict[str, Any]]:
    headers = message.get("headers") if isinstance(message, dict) else None
    if not isinstance(headers, dict) or not isinstance(headers.get("id"), str):
        return
    properties = message.get("properties")
    priority = properties.get("priority") if isinstance(properties, dict) else None
    yield {
        "uuid": headers["id"],
        "name": headers.get("task"),
        "queue": queue,
        "retries": headers.get("retries") or 0,
        "eta": headers.get("eta"),
        "expires": headers.get("expires"),
        "priority": priority if isinstance(priority, int) else 0,
        "where": where,
    }
