"""The file of a capture: a line an event, on its way to the disk within a quarter of a second."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from workersim.errors import InputError
from workersim.units import shown

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping
    from types import TracebackType
    from typing import Self

__all__ = ["LineFile"]

HELD_S = 0.25  # a process that is killed loses at most this much; what was handed to the system is safe


class LineFile:
    """A new file of JSON lines.

    Raises
    ------
    InputError
        If there is a file of this name, or none can be made.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        try:
            # not readable by others: a capture tells of a company's work
            self._file = open(path, "x", encoding="ascii", newline="\n", opener=_private)  # noqa: SIM115  # closed by close(); Path.open takes no opener
        except FileExistsError:
            msg = f"--out {shown(str(path))} exists already, and a recording is never overwritten; name another file"
            raise InputError(msg) from None
        except OSError as error:
            msg = f"--out {shown(str(path))} cannot be written: {error.strerror or error}"
            raise InputError(msg) from None
        self._flushed = time.monotonic()

    def write(self, line: Mapping[str, Any]) -> None:
        """Add a line."""
        self._file.write(json.dumps(line, separators=(",", ":"), default=str) + "\n")
        self.tick()

    def tick(self) -> None:
        """Hand to the system what has been held long enough."""
        now = time.monotonic()
        if now - self._flushed >= HELD_S:
            self._file.flush()
            self._flushed = now

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._file.close()


def _private(path: str, flags: int) -> int:
    import os  # noqa: PLC0415 (for this alone)

    return os.open(path, flags, 0o600)
