"""What is wrong with the rows of a table: up to ten mistakes together, each with its row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from workersim.errors import InputError
from workersim.units import NEVER, SECOND

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["MOST_PROBLEMS", "Problems", "of_another_clock"]

MOST_PROBLEMS = 10


class Problems:
    """Mistakes in a chunk of rows, by the place of the row in it.

    Parameters
    ----------
    path
        The file.
    where
        Names a row, as ``row 3 (line 4)``.
    """

    def __init__(self, path: Path, where: Callable[[int], str]) -> None:
        self._path, self._where = path, where
        self._found: list[tuple[int, str]] = []

    def __len__(self) -> int:
        return len(self._found)

    def note(self, i: int, column: str, problem: str) -> None:
        """Note a mistake in a row, and in which of its columns unless that is empty."""
        of = f", column {column}" if column else ""
        self._found.append((i, f"{self._path}: {self._where(i)}{of}: {problem}"))

    def note_each(self, bad: NDArray[np.bool_], note: Callable[[int], Any]) -> None:
        """Note the first of the bad rows, but for those of which something is noted already."""
        noted = {i for i, _ in self._found}
        for i in np.flatnonzero(bad)[: 2 * MOST_PROBLEMS].tolist():
            if i not in noted:
                note(i)

    def note_backward(self, started: NDArray[np.int64], finished: NDArray[np.int64], column: str) -> None:
        """Note the rows of which the finish, which stands in a column of that name, is before the start."""
        before = (started < NEVER) & (finished < started)
        for i in np.flatnonzero(before)[:MOST_PROBLEMS].tolist():
            lead = (int(started[i]) - int(finished[i])) / SECOND
            self.note(i, column, f"lies {lead:.6g} s before start; expected it later")

    def raise_any(self) -> None:
        """Refuse the file if something is wrong.

        Raises
        ------
        InputError
            With a line a mistake.
        """
        if not self._found:
            return
        found = [problem for _, problem in sorted(self._found, key=lambda noted: noted[0])]
        more = len(found) - MOST_PROBLEMS
        if more > 0:
            found[MOST_PROBLEMS:] = [f"{self._path}: reading stopped there, with {more} more problems or so"]
        raise InputError(*found)


def of_another_clock(text: str, after_s: float, rows: int) -> str:
    """Say that a cell lies too far from the arrival of its row, and how many rows are like it."""
    side = f"{abs(after_s):.2g} s {'before' if after_s < 0 else 'after'} arrival"
    alike = f" ({rows - 1} more like it)" if rows > 1 else ""
    return f"{text[:40]} lies {side}; expected the clock and the unit of `arrival`{alike}"
