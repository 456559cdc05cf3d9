"""What a capture found of tasks without an end when it ended: in a list, with a worker, or nowhere any more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from workersim.units import NEVER

if TYPE_CHECKING:
    from workersim.traces.celery_attempts import Follower
    from workersim.traces.repairs import Repairs

__all__ = ["PLACES", "ends_unsaid"]

GONE = "gone"
PLACES = {
    "list": "without an end: still in a list of Redis when the capture ended",
    "unacked": "without an end: held by a worker, unacknowledged, when the capture ended",
    "worker": "without an end: still running when the capture ended, acknowledged before",
    GONE: "",
}
UNSAID = (
    "without an end, but acknowledged and no longer in Redis: it ended in a gap, or with a worker that died before it "
    "said so; if it had started, it counts as lost when the broker went or its worker came back"
)
UNRECEIVED = "without an end, given away by Redis and received by no worker: never started"


def ends_unsaid(
    follower: Follower, left: dict[int, str], gaps: list[tuple[int, int]], repairs: Repairs
) -> dict[int, int]:
    """Return by row when attempts were lost, of those whose end was not said.

    Such a task held a process until the broker went, or until its worker started again, or was heard of last.

    Parameters
    ----------
    follower
        Holds the attempts.
    left
        Where tasks were when the capture ended, by their number.
    gaps
        From when to when the broker was out of reach, ns.
    repairs
        Where is counted how many tasks were where.
    """
    over: dict[int, int] = {}
    going = np.flatnonzero(np.frombuffer(follower.finished, np.int64) == NEVER).tolist() if left else []
    open_rows = [row for row in going if follower.task[row] in left]
    for row in open_rows:
        place = left[follower.task[row]]
        rule = PLACES[place] or (UNRECEIVED if follower.received[row] == NEVER else UNSAID)
        repairs.count(rule, 1, noun="task")
        if place == GONE and follower.started[row] < NEVER:
            over[row] = _last_told(follower, row, gaps)
    return over


def _last_told(follower: Follower, row: int, gaps: list[tuple[int, int]]) -> int:
    host, started = follower.host[row], follower.started[row]
    after: list[Any] = [since for since, _ in gaps if since >= started]
    after += [online for online in follower.online.get(host, ()) if online > started]
    return int(min([*after, max(follower.heard.get(host, started), started)]))
