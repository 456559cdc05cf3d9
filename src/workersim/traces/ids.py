"""Numbers for names of which a file may have one a row, in a few bytes each however long they are."""

from __future__ import annotations

from array import array
from hashlib import blake2b
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    Words = NDArray[np.uint64]

__all__ = ["Ids"]

FEWEST = 1024
_WORDS = 2


class Ids:
    """Tasks by their ids, numbered in the order in which they are first heard of.

    Kept is a digest of 128 bits an id, and its number in a table of at most eight bytes for each half of that: 24 to 32
    bytes an id, where a dictionary of texts takes 200.  Two ids of a file share a digest once in 10**24 files of ten
    million.

    Examples
    --------
    >>> ids = Ids()
    >>> ids.numbers(["a", "b", "a", "", ""]).tolist(), ids.numbers(["b", "c"]).tolist(), len(ids)
    ([0, 1, 0, 2, 3], [1, 4], 5)
    >>> ids.find("c"), ids.find("d")
    (4, None)
    """

    def __init__(self) -> None:
        self._digests = array(np.dtype(np.uint64).char)
        self._table = np.full(FEWEST, -1, np.int32)
        self._rows = 0

    def __len__(self) -> int:
        return len(self._digests) // _WORDS

    def find(self, text: str) -> int | None:
        """Return the number of an id; None if it was not heard of."""
        number = int(self._found(_digests([text]))[0])
        return None if number < 0 else number

    def numbers(self, texts: Sequence[str]) -> NDArray[np.int32]:
        """Return the number of each id, int32[n]; an empty one is an id of its own each time."""
        seen: dict[str | int, int] = {}
        rows = enumerate(texts, self._rows)
        places = np.fromiter((seen.setdefault(text or row, len(seen)) for row, text in rows), np.int64, len(texts))
        self._rows += len(texts)
        digests = _digests(seen)
        found = self._found(digests)
        new = np.flatnonzero(found < 0)
        found[new] = np.arange(len(self), len(self) + len(new))
        self._add(digests[new])
        return found[places]

    def _add(self, digests: Words) -> None:
        first = len(self)
        self._digests.frombytes(np.ascontiguousarray(digests).view(np.uint8).ravel())  # type: ignore[arg-type]
        if 2 * len(self) <= len(self._table):
            self._enter(digests, first)
            return
        size = len(self._table)
        while size < 2 * len(self):
            size *= 2
        self._table = np.empty(0, np.int32)  # the old one goes first
        self._table = np.full(size, -1, np.int32)
        for start in range(0, len(self), size // 16):
            self._enter(self._all()[start : start + size // 16], start)

    def _all(self) -> Words:
        return np.frombuffer(self._digests, np.uint64).reshape(-1, _WORDS)

    def _enter(self, digests: Words, first: int) -> None:
        """Give each number the first free place from its own on; of several that want one the last gets it."""
        table, numbers = self._table, np.arange(first, first + len(digests), dtype=np.int32)
        at = self._places(digests)
        while len(numbers):
            free = table[at] < 0
            table[at[free]] = numbers[free]
            left = table[at] != numbers
            numbers, at = numbers[left], (at[left] + 1) & (len(table) - 1)

    def _found(self, digests: Words) -> NDArray[np.int32]:
        """Return the number of each digest, or -1."""
        table, known = self._table, self._all()
        found = np.full(len(digests), -1, np.int32)
        rows, at = np.arange(len(digests)), self._places(digests)
        while len(rows):
            number = table[at]
            taken = number >= 0
            rows, at, number = rows[taken], at[taken], number[taken]
            same = (known[number] == digests[rows]).all(axis=1)
            found[rows[same]] = number[same]
            rows, at = rows[~same], (at[~same] + 1) & (len(table) - 1)
        return found

    def _places(self, digests: Words) -> NDArray[np.int64]:
        return (digests[:, 0] & np.uint64(len(self._table) - 1)).astype(np.int64)


def _digests(ids: Iterable[str | int]) -> Words:
    """Return uint64[n, 2]; the number of a row stands for an id that is empty, and becomes one that no text has."""
    words = (
        blake2b(each.encode("utf-8", "surrogatepass"), digest_size=16).digest()
        if isinstance(each, str)
        else blake2b(each.to_bytes(8), digest_size=16, person=b"empty").digest()
        for each in ids
    )
    return np.frombuffer(b"".join(words), np.uint64).reshape(-1, _WORDS)
