"""A table as a file: there whole, or not at all."""

from __future__ import annotations

import contextlib
import importlib.util
import os
from pathlib import Path
from typing import TYPE_CHECKING

from workersim.errors import InputError, MissingExtraError
from workersim.units import shown

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["TableFile"]


class TableFile:
    """Where a table is written, checked before anything is run.

    Parameters
    ----------
    name
        A path that ends in ``.csv`` or ``.parquet``.
    option
        What messages call it: ``--jobs-out``.

    Raises
    ------
    InputError
        If the name ends in neither ``.csv`` nor ``.parquet``, or the place cannot be written to.
    MissingExtraError
        If it is Parquet and pyarrow is not installed.
    """

    def __init__(self, name: str, option: str) -> None:
        # Where a link leads, so that the link stays one.
        self._name, self._option, self.path = name, option, Path(os.path.realpath(name))
        self._kind = Path(name).suffix.lower()
        if self._kind not in (".csv", ".parquet"):
            msg = f"{option}: expected a name that ends in .csv or .parquet, found {shown(name)}"
            raise InputError(msg)
        if self._kind == ".parquet" and importlib.util.find_spec("pyarrow") is None:
            msg = f"{option} needs pyarrow for Parquet: pip install 'workersim[parquet]'"
            raise MissingExtraError(msg)
        folder = self.path.parent
        if self.path.is_dir():
            self._refuse("it is a folder")
        if not folder.is_dir():
            self._refuse("its folder does not exist")
        if not os.access(folder, os.W_OK):
            self._refuse("its folder cannot be written to")

    def write(self, table: pd.DataFrame) -> None:
        """Write the table under another name, and give it its own when it is complete.

        Raises
        ------
        InputError
            If it cannot be written; then nothing is left behind.
        """
        draft = self.path.with_name(f".workersim-{os.getpid()}.part")
        try:
            with draft.open("wb") as file:
                if self._kind == ".csv":
                    table.to_csv(file, index=False, lineterminator="\n")
                else:
                    table.to_parquet(file, index=False, engine="pyarrow")
            draft.replace(self.path)
        except OSError as error:
            self._refuse(error.strerror or str(error))
        finally:
            with contextlib.suppress(OSError):
                draft.unlink(missing_ok=True)

    def _refuse(self, why: str) -> None:
        msg = f"{self._option} {shown(self._name)} cannot be written: {why}"
        raise InputError(msg)
