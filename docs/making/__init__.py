"""What the pages include and nobody writes: tables, help texts and pictures, all from code that runs."""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["make_all"]


def make_all(docs: Path) -> None:
    """Make all parts into ``docs/generated``; those that are newer than all code are kept.

    Parameters
    ----------
    docs
        The folder of the pages, in the project's folder.
    """
    from making import api, pictures, schema, shell, validation  # noqa: PLC0415 (matplotlib and the tests' tables)

    target, root = docs / "generated", docs.parent
    newest = max(path.stat().st_mtime for folder in ("src", "tests", "docs/making") for path in _code(root / folder))
    mark = target / "parts" / "made"
    if not mark.exists() or mark.stat().st_mtime < newest:
        shutil.rmtree(target, ignore_errors=True)
        (target / "parts").mkdir(parents=True)
        for make in (api.make, schema.make, shell.make, pictures.make, validation.make):
            sys.stderr.write(f"making: {make.__module__.rpartition('.')[2]}\n")
            make(root, target / "parts")
        mark.touch()
    notebooks = target / "notebooks"
    notebooks.mkdir(exist_ok=True)
    for notebook in sorted((root / "notebooks").glob("*.ipynb")):
        shutil.copy(notebook, notebooks)


def _code(folder: Path) -> list[Path]:
    return list(folder.rglob("*.py"))
