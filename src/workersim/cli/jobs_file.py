"""The table of attempts as a file: there whole, or not at all."""

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

__all__ = ["JobsFile"]


class JobsFile:
    """Where ``--jobs-out`` writes, checked before anything is run.

    Raises
    ------
    InputError
        If the name ends in neither ``.csv`` nor ``.parquet``, or the place cannot be written to.
    MissingExtraError
        If it is Parquet and pyarrow is not installed.
    """

    def __init__(self, name: str) -> None:
        # Where a link leads, so that the link stays one.
        self._name, self._path = name, Path(os.path.realpath(name))
        self._kind = Path(name).suffix.lower()
        if self._kind not in (".csv", ".parquet"):
            msg = f"--jobs-out: expected a name that ends in .csv or .parquet, found {shown(name)}"
            raise InputError(msg)
        if self._kind == ".parquet" and importlib.util.find_spec("pyarrow") is None:
            msg = "--jobs-out needs pyarrow for Parquet: pip install 'workersim[parquet]'"
            raise MissingExtraError(msg)
        folder = self._path.parent
        if self._path.is_dir():
            self._refuse("it is a folder")
        if not folder.is_dir():
            self._refuse("its folder does not exist")
        if not os.access(folder, os.W_OK):
            self._refuse("its folder cannot be written to")

    def write(self, attempts: pd.DataFrame) -> None:
        """Write the table under another name, and give it its own when it is complete.

        Raises
        ------
        InputError
            If it cannot be written; then nothing is left behind.
        """
        draft = self._path.with_name(f".workersim-{os.getpid()}.part")
        try:
            with draft.open("wb") as file:
                if self._kind == ".csv":
                    attempts.to_csv(file, index=False, lineterminator="\n")
                else:
                    attempts.to_parquet(file, index=False, engine="pyarrow")
            draft.replace(self._path)
        except OSError as error:
            self._refuse(error.strerror or str(error))
        finally:
            with contextlib.suppress(OSError):
                draft.unlink(missing_ok=True)

    def _refuse(self, why: str) -> None:
        msg = f"--jobs-out {shown(self._name)} cannot be written: {why}"
        raise InputError(msg)
