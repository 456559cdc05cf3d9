"""The table of attempts as a file: there whole, or not at all."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING

from workersim.cli.output_file import OutputFile
from workersim.errors import MissingExtraError

if TYPE_CHECKING:
    from pathlib import Path

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
        self._file = OutputFile("--jobs-out", name, (".csv", ".parquet"))
        if self._file.kind == ".parquet" and importlib.util.find_spec("pyarrow") is None:
            msg = "--jobs-out needs pyarrow for Parquet: pip install 'workersim[parquet]'"
            raise MissingExtraError(msg)

    def write(self, attempts: pd.DataFrame) -> None:
        """Write the table.

        Raises
        ------
        InputError
            If it cannot be written; then nothing is left behind.
        """

        def content(draft: Path) -> None:
            with draft.open("wb") as file:
                if self._file.kind == ".csv":
                    attempts.to_csv(file, index=False, lineterminator="\n")
                else:
                    attempts.to_parquet(file, index=False, engine="pyarrow")

        self._file.write(content)
