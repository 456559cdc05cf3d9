"""What Flower answers to ``GET /api/tasks``: an object of tasks by their ids.

It holds the last state of each task, so of a task that was retried the last attempt alone.  Where the sender
reports nothing (``task_send_sent_event`` is off, as by default) ``sent`` is null: the arrival is the receipt.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from workersim.runlog import Outcome
from workersim.traces.table import Layout

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from workersim.traces.repairs import Repairs
    from workersim.traces.table import Columns

__all__ = ["KNOWN_BY", "layout"]

KNOWN_BY = {"uuid", "state", "received", "started", "succeeded"}
STATES = {
    "SUCCESS": (Outcome.DONE, "succeeded"),
    "FAILURE": (Outcome.FAILED, "failed"),
    "RETRY": (Outcome.RETRIED, "retried"),
    "REVOKED": (Outcome.EXPIRED, "revoked"),
    "REJECTED": (Outcome.LOST, "rejected"),
    "STARTED": (Outcome.UNFINISHED, ""),
    "RECEIVED": (Outcome.UNFINISHED, ""),
    "PENDING": (Outcome.UNFINISHED, ""),
}
COLUMNS = ("state", "sent", "received", "started", "succeeded", "failed", "retried", "revoked", "rejected")
EXTRA = (*COLUMNS, "retries", "runtime")
UNSENT = "without `sent`: the arrival is the receipt, so the time in Redis before it is in no wait"
UNKNOWN = "left out: neither sent nor received"
RETRIED = "of a retried task: Flower keeps the last attempt alone"
SHIFTED = "received before it was sent, as the clocks of sender and worker differ: received when sent"


def layout(columns: Collection[str]) -> Layout:
    """Return the layout of a table with these columns."""
    roles = {
        "arrival": "sent",
        "received": "received",
        "start": "started",
        "finish": "succeeded",
        "service": "runtime",
        "outcome": "state",
        "job_class": "name",
        "worker": "worker",
        "id": "uuid",
        "queue": "routing_key",
    }
    known = {role: column for role, column in roles.items() if column in columns}
    states = {word.lower(): outcome for word, (outcome, _) in STATES.items()}
    return Layout(
        "flower",
        known | {"arrival": "sent" if "sent" in columns else "received"},
        states,
        rules=(_states,),
        extra=EXTRA,
    )


def _states(texts: Columns, numbers: Sequence[int], repairs: Repairs) -> list[bool]:
    """Bring the end of each task into one column, and find an arrival for each."""
    blank = [""] * len(numbers)
    held = {name: list(texts.get(name) or blank) for name in EXTRA}
    for i, state in enumerate(held["state"]):
        column = STATES.get(state.upper(), (Outcome.UNFINISHED, ""))[1]
        held["succeeded"][i] = held[column][i] if column else ""
    unsent = [
        number for number, sent, got in zip(numbers, held["sent"], held["received"], strict=True) if got and not sent
    ]
    repairs.add(UNSENT, unsent)
    arrival = [sent or got for sent, got in zip(held["sent"], held["received"], strict=True)]
    repairs.add(UNKNOWN, [number for number, instant in zip(numbers, arrival, strict=True) if not instant])
    retried = [number for number, count in zip(numbers, held["retries"], strict=True) if count not in {"", "0"}]
    repairs.add(RETRIED, retried)
    repairs.add(SHIFTED, [number for i, number in enumerate(numbers) if _crossed(held, i)])
    texts |= {name: column for name, column in held.items() if name in texts} | {"sent": arrival}
    return [bool(instant) for instant in arrival]


def _crossed(held: dict[str, list[str]], i: int) -> bool:
    """Tell whether a receipt precedes the sending; if so it is made equal, so that the arrival stays."""
    try:
        crossed = float(held["received"][i]) < float(held["sent"][i])
    except ValueError:
        return False
    if crossed:
        held["received"][i] = held["sent"][i]
    return crossed
