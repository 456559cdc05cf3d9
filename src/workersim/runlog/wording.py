"""How a broken row is named."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from workersim.errors import LogError
from workersim.runlog.schema import SERVICE
from workersim.units import NEVER

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from workersim.runlog.log import RunLog

__all__ = ["attempt_row", "instant", "place", "refuse", "service_name"]


def refuse(table: str, bad: NDArray[np.bool_], why: Callable[[int], str], *, bare: bool = False) -> None:
    """Raise LogError about the first bad row, if there is one.

    Parameters
    ----------
    table
        Name of the table.
    bad
        One flag a row.
    why
        Given the number of the row, what is wrong with it.
    bare
        Whether ``why`` names the row itself.
    """
    if not bad.any():
        return
    row = int(np.argmax(bad))
    msg = why(row) if bare else f"{table} row {row}: {why(row)}"
    raise LogError(msg)


def attempt_row(log: RunLog, row: int) -> str:
    """Name a row of the attempts table."""
    return f"attempts row {row} (job {log.attempts.job[row]}, attempt {log.attempts.attempt[row]})"


def place(log: RunLog, replica: int) -> str:
    """Name a replica: its number, and its service if there are several."""
    service, number = divmod(int(replica), SERVICE)
    return f"{number} of service {service_name(log, service)}" if len(log.services) > 1 else f"{replica}"


def service_name(log: RunLog, service: int) -> str:
    """Name a service; one that the log does not list has a number."""
    return log.services[service] if 0 <= service < len(log.services) else f"{service}"


def instant(value_ns: int) -> str:
    """Write an instant for a message: nanoseconds, or never."""
    return "never" if value_ns == NEVER else f"{value_ns}"
