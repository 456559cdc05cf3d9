"""Arrays that one run after the other uses: memory that is touched for the first time costs most of a long run.

On virtual machines it costs up to 7 ns a byte, and a job of a whole world has some 200 bytes.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Loan"]

SMALL = 1 << 20  # bytes; the allocator uses those again by itself
MOST = 1 << 28  # bytes that a thread keeps


class _Kept(threading.local):
    """What the last run of a thread has given back, by name."""

    def __init__(self) -> None:
        self.buffers: dict[str, NDArray[np.uint8]] = {}


_KEPT = _Kept()


class Loan:
    """The arrays of one run; given back when nothing of the run looks at them any more."""

    def __init__(self) -> None:
        self._held: dict[str, NDArray[np.uint8]] = {}

    def zeros(self, name: str, n: int, dtype: np.dtype[Any]) -> NDArray[Any]:
        """Return n zeros of a kind; nobody else has them until they are given back."""
        size = n * dtype.itemsize
        if size < SMALL:
            return np.zeros(n, dtype)
        buffer = _KEPT.buffers.pop(name, None)
        if buffer is None or len(buffer) < size:
            buffer = np.zeros(size + size // 8, np.uint8)  # the next run has a few jobs more
        else:
            buffer[:size] = 0
        self._held[name] = buffer
        return buffer[:size].view(dtype)

    def give_back(self) -> None:
        """Let the next run of this thread have the arrays, unless they are too large to be kept."""
        _KEPT.buffers.update(self._held)
        if sum(len(buffer) for buffer in _KEPT.buffers.values()) > MOST:
            _KEPT.buffers.clear()
        self._held.clear()
