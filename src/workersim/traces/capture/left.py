"""Where the tasks are of which no end was heard of when a capture ends: that is all that can still be known of them.

Events are kept by nobody.  A worker that dies takes those with it that it had not sent yet, so a task may have run
without anybody being told; and a list gives a message away before a worker says that it has it, so one of them is lost
when both go at once.  Redis and the workers say which of the two it was.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from workersim.traces.capture.in_redis import MOST, lengths, tasks_in

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

__all__ = ["GONE", "in_words", "places", "running"]

GONE = "gone"
_WORDS = {
    "list": "in a list",
    "unacked": "held by a worker",
    "worker": "running, acknowledged before",
    GONE: "no longer in Redis, and with no worker",
}


def places(channel: Any, queues: Iterable[str], tasks: Collection[str]) -> dict[str, str]:
    """Return for each of the tasks whether Redis has it in a ``list``, or ``unacked``; ``gone`` if it has it no more.

    Nothing is said of tasks that are not found where a list is too long to be looked through.
    """
    watched = list(queues)
    found = {task["uuid"]: task["where"] for task in tasks_in(channel, watched) if task["uuid"] in tasks}
    held = lengths(channel, watched)
    if max(held["unacked"], *held["llen"].values()) >= MOST:
        return found
    return {task: found.get(task, GONE) for task in tasks}


def running(answers: Mapping[str, Any]) -> set[str]:
    """Return the tasks that workers say they run, which those may have acknowledged already.

    Examples
    --------
    >>> running({"active": {"w1@h": [{"id": "a", "args": ["Jane Doe"]}], "w2@h": None}})
    {'a'}
    """
    told = [each for tasks in answers.get("active", {}).values() for each in tasks or ()]
    return {each["id"] for each in told if isinstance(each, dict) and isinstance(each.get("id"), str)}


def in_words(where: Mapping[str, str]) -> str:
    """Return how many tasks are where.

    Examples
    --------
    >>> in_words({"a": "list", "b": "gone", "c": "list"})
    '3 tasks without an end: 2 in a list, 1 no longer in Redis, and with no worker'
    """
    counts = Counter(where.values())
    told = ", ".join(f"{counts[place]:,} {words}" for place, words in _WORDS.items() if counts[place])
    return f"{len(where):,} tasks without an end: {told}"
