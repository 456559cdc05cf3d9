"""What Flower answers to ``GET /api/tasks``: an object of tasks by their ids.

It holds the last state of each task, so of a task that was retried the last attempt alone.  Where the sender
reports nothing (``task_send_sent_event`` is off, as by default) ``sent`` is null: the arrival is the receipt.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from workersim.runlog import Outcome
from workersim.traces.table import Layout
from workersim.units import shown

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from workersim.traces.chunks import Chunk
    from workersim.traces.repairs import Repairs
    from workersim.traces.table import Columns

__all__ = ["KNOWN_BY", "aligned", "layout"]

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
EXTRA = (*COLUMNS, "retries", "runtime", "worker")
OF_WORKERS = COLUMNS[2:]
SKEW_S = 1.0
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


def aligned(found: Layout, chunks: Iterable[Chunk], repairs: Repairs) -> Layout:
    """Return the layout of a dump with the clocks of its workers put right.

    A task cannot be received before it is sent.  Where a worker says so by more than a second, its clock is behind
    that of the sender, and is put forward until its fastest receipt takes no time.  A clock that is ahead cannot be
    told from a queue.

    Parameters
    ----------
    found
        The layout of the columns.
    chunks
        All of the file.
    repairs
        Where is said which clocks are off.
    """
    least: dict[str, float] = {}
    for chunk in chunks:
        columns = (chunk.columns.get(name, ()) for name in ("worker", "sent", "received"))
        for worker, sent, received in zip(*columns, strict=False):
            lag = _lag(sent, received)
            if lag < least.get(worker, 0.0):
                least[worker] = lag
    shifts = {worker: -lag for worker, lag in least.items() if lag < -SKEW_S}
    for worker, shift in shifts.items():
        repairs.say(f"The clock of {shown(worker)} is {shift:,.6g} s behind that of the sender: put forward by that.")
    return replace(found, rules=(partial(_states, shifts=shifts),))


def _lag(sent: str, received: str) -> float:
    try:
        return float(received) - float(sent)
    except ValueError:
        return 0.0


def _forward(held: dict[str, list[str]], shifts: Mapping[str, float]) -> None:
    """Put what workers report forward by how much their clocks are behind."""
    for i, worker in enumerate(held["worker"]):
        shift = shifts.get(worker)
        for name in () if shift is None else OF_WORKERS:
            try:
                held[name][i] = f"{float(held[name][i]) + shift:.6f}"  # type: ignore[operator]  # it is none here
            except ValueError:
                continue


def _states(
    texts: Columns, numbers: Sequence[int], repairs: Repairs, shifts: Mapping[str, float] | None = None
) -> list[bool]:
    """Bring the end of each task into one column, and find an arrival for each."""
    blank = [""] * len(numbers)
    held = {name: list(texts.get(name) or blank) for name in EXTRA}
    _forward(held, shifts or {})
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
