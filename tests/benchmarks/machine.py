"""The machine in general terms: what bears on speed, and nothing that names it."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import shutil
import subprocess
from typing import TYPE_CHECKING

from .contenders import CONTENDERS

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["described"]

BESIDE = ("numpy", "numba")
IDLE = 0.3  # load average up to which a machine is left to the benchmark


def described() -> list[str]:
    """Return the facts, a line each."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    load = os.getloadavg()[0]
    return [
        f"{os.cpu_count()} cores ({platform.machine()}), {memory:.0f} GiB of memory, {platform.system()}",
        f"{platform.python_implementation()} {platform.python_version()}",
        ", ".join(versions()),
        compiler(),
        f"load before the first run: {load:.1f}" + ("" if load <= IDLE else " (the machine was not idle)"),
    ]


def versions() -> Iterator[str]:
    """Yield the packages that take part, those that are missing too."""
    packages = [contender.package for contender in CONTENDERS.values() if contender.package]
    for package in dict.fromkeys((*packages, *BESIDE)):
        try:
            yield f"{package} {importlib.metadata.version(package)}"
        except importlib.metadata.PackageNotFoundError:
            yield f"{package} (not installed)"


def compiler() -> str:
    """Return the C compiler's first line."""
    if shutil.which("cc") is None:
        return "no C compiler"
    told = subprocess.run(["cc", "--version"], capture_output=True, text=True, check=False)  # noqa: S607 (whichever cc)
    return told.stdout.partition("\n")[0]
