"""A file that a command writes: its place is checked before anything is run, and it is there whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from workersim.errors import InputError
from workersim.units import shown

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["OutputFile"]


class OutputFile:
    """Where an option writes.

    Parameters
    ----------
    option
        What messages call it, such as ``--out``.
    name
        The path, as it was given.
    kinds
        Endings that the name may have.

    Raises
    ------
    InputError
        If the name ends in something else, or the place cannot be written to.
    """

    def __init__(self, option: str, name: str, kinds: tuple[str, ...]) -> None:
        # Where a link leads, so that the link stays one.
        self._option, self._name, self.path = option, name, Path(os.path.realpath(name))
        self.kind = Path(name).suffix.lower()
        if self.kind not in kinds:
            msg = f"{option}: expected a name that ends in {' or '.join(kinds)}, found {shown(name)}"
            raise InputError(msg)
        folder = self.path.parent
        if self.path.is_dir():
            self.refuse("it is a folder")
        if not folder.is_dir():
            self.refuse("its folder does not exist")
        if not os.access(folder, os.W_OK):
            self.refuse("its folder cannot be written to")

    def write(self, content: Callable[[Path], object]) -> None:
        """Write the file under another name, and give it its own when it is complete.

        Raises
        ------
        InputError
            If it cannot be written; then nothing is left behind.
        """
        from workersim.runlog.whole import write_whole  # noqa: PLC0415  # --help need not wait for numpy

        try:
            write_whole(self.path, content)
        except OSError as error:
            self.refuse(error.strerror or str(error))

    def refuse(self, why: str) -> NoReturn:
        """Say why it cannot be written.

        Raises
        ------
        InputError
            Always.
        """
        msg = f"{self._option} {shown(self._name)} cannot be written: {why}"
        raise InputError(msg)
