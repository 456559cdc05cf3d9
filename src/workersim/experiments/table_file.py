"""A table as a file: there whole, or not at all."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING

from workersim.errors import MissingExtraError
from workersim.experiments.output_file import OutputFile

if TYPE_CHECKING:
    from pathlib import Path

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
        self._file = OutputFile(option, name, (".csv", ".parquet"))
        if self._file.kind == ".parquet" and importlib.util.find_spec("pyarrow") is None:
            msg = f"{option} needs pyarrow for Parquet: pip install 'workersim[parquet]'"
            raise MissingExtraError(msg)

    @property
    def path(self) -> Path:
        """Where it is written."""
        return self._file.path

    def write(self, table: pd.DataFrame) -> None:
        """Write the table under another name, and give it its own when it is complete.

        Raises
        ------
        InputError
            If it cannot be written; then nothing is left behind.
        """

        def content(draft: Path) -> None:
            with draft.open("wb") as file:
                if self._file.kind == ".csv":
                    table.to_csv(file, index=False, lineterminator="\n")
                else:
                    table.to_parquet(file, index=False, engine="pyarrow")

        self._file.write(content)
