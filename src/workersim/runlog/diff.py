"""The first thing in which two logs differ, in one sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from workersim.runlog.schema import Cause, Kind, Outcome
from workersim.runlog.wording import attempt_row, instant, place

if TYPE_CHECKING:
    from enum import IntEnum

    from workersim.runlog.log import RunLog
    from workersim.runlog.schema import Table

__all__ = ["diff"]

_NAMED: dict[str, type[IntEnum]] = {"outcome": Outcome, "kind": Kind, "cause": Cause}


def diff(one: RunLog, other: RunLog) -> str | None:
    """Return None if both logs tell the same run, else the first row and column that differ.

    Parameters
    ----------
    one, other
        Their jobs, attempts, phases, fleet and horizon are compared, value by value and without a
        tolerance; seed, digest and engine are not.
    """
    for table in ("jobs", "attempts", "phases", "fleet"):
        found = _tables(one, other, table)
        if found:
            return found
    if one.horizon_ns != other.horizon_ns:
        return f"the horizon is {one.horizon_ns} in one log and {other.horizon_ns} in the other"
    return None


def _tables(one: RunLog, other: RunLog, name: str) -> str | None:
    mine: Table = getattr(one, name)
    theirs: Table = getattr(other, name)
    if name == "jobs":
        for what in ("classes", "queues"):
            names = getattr(mine, what), getattr(theirs, what)
            if names[0] != names[1]:
                return f"the {what} of the jobs are {names[0]} in one log and {names[1]} in the other"
    found = _first_difference(mine, theirs)
    if found is not None:
        row, column = found
        values = [_value(log, column, getattr(log, name).columns()[column][row]) for log in (one, other)]
        return f"{_row(one, name, row)}: {column} is {values[0]} in one log and {values[1]} in the other"
    if len(mine) != len(theirs):
        return f"{name} has {len(mine)} rows in one log and {len(theirs)} in the other"
    return None


def _first_difference(mine: Table, theirs: Table) -> tuple[int, str] | None:
    shared = min(len(mine), len(theirs))
    found = []
    for order, (column, values) in enumerate(mine.columns().items()):
        differ = values[:shared] != theirs.columns()[column][:shared]
        if differ.any():
            found.append((int(np.argmax(differ)), order, column))
    if not found:
        return None
    row, _, column = min(found)
    return row, column


def _row(log: RunLog, table: str, row: int) -> str:
    if table == "attempts":
        return attempt_row(log, row)
    if table == "phases":
        return f"phases row {row} of {attempt_row(log, int(log.phases.attempt[row]))}"
    return f"{table} row {row}"


def _value(log: RunLog, column: str, value: Any) -> str:
    if column in _NAMED:
        return _NAMED[column](int(value)).name.lower()
    if column == "replica":
        return place(log, value)
    return instant(int(value)) if column.endswith("_ns") else repr(value.item())
