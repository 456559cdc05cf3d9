"""Files that are there whole, or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["write_whole"]


def write_whole(target: Path, write: Callable[[Path], object]) -> None:
    """Write to a temporary file beside the target and move it there when it is whole.

    Parameters
    ----------
    target
        What is written; if anything goes wrong it stays as it was.
    write
        Writes the file whose path it is given.

    Raises
    ------
    OSError
        If it cannot be written.
    """
    target = Path(os.path.realpath(target))  # where a link leads, so that the link stays one
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=".workersim-", suffix=".part")
    os.close(handle)
    temporary = Path(name)
    try:
        write(temporary)
        # mkstemp lets nobody but the owner read; a result is a file like any other.
        umask = os.umask(0)
        os.umask(umask)
        temporary.chmod(0o666 & ~umask)
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)
