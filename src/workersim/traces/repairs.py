"""What was repaired, by which rule, and how often."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Repairs", "counted"]

_SHOWN = 5


def counted(number: int, noun: str) -> str:
    """Return a number of things in words.

    Examples
    --------
    >>> counted(1, "row"), counted(1200, "job")
    ('1 row', '1,200 jobs')
    """
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


class Repairs:
    """Counts, for each rule, how often it was applied, and keeps the numbers of the first rows.

    Attributes
    ----------
    left_out
        Jobs that the file holds, and of which too little is known.

    Examples
    --------
    >>> repairs = Repairs()
    >>> repairs.add("left out, as they have no start", [3, 7])
    >>> repairs.sentences()
    ['2 rows left out, as they have no start (rows 3, 7).']
    """

    def __init__(self) -> None:
        self._counts: dict[tuple[str, str], int] = {}
        self._rows: dict[tuple[str, str], list[int]] = {}
        self._said: list[str] = []
        self.left_out = 0

    def add(self, rule: str, rows: Sequence[int] | NDArray[np.int64], *, noun: str = "row") -> None:
        """Count rows to which a rule was applied."""
        if len(rows):
            held = self._rows.setdefault((rule, noun), [])
            self._counts[rule, noun] = self._counts.get((rule, noun), 0) + len(rows)
            held += map(int, rows[: _SHOWN - len(held)])

    def count(self, rule: str, number: int, *, noun: str = "row") -> None:
        """Count without rows."""
        if number:
            self._counts[rule, noun] = self._counts.get((rule, noun), 0) + number

    def times(self, rule: str, noun: str = "row") -> int:
        """Return how often a rule was applied so far."""
        return self._counts.get((rule, noun), 0)

    def say(self, sentence: str) -> None:
        """Add a sentence that counts nothing, once."""
        if sentence not in self._said:
            self._said.append(sentence)

    def sentences(self) -> list[str]:
        """Return all that is to be said, a sentence each."""
        return [*self._said, *(self._sentence(*key) for key in self._counts)]

    def _sentence(self, rule: str, noun: str) -> str:
        number, rows = self._counts[rule, noun], self._rows.get((rule, noun), [])
        where = ""
        if rows:
            more = ", …" if number > len(rows) else ""
            where = f" ({'row' if number == 1 else 'rows'} {', '.join(map(str, rows))}{more})"
        return f"{counted(number, noun)} {rule}{where}."
