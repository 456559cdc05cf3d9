"""A figure, written into a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from workersim.errors import InputError
from workersim.units import shown

if TYPE_CHECKING:
    from collections.abc import Callable

    from matplotlib.figure import Figure

__all__ = ["save"]

_KINDS = (".png", ".svg", ".pdf")


def save(name: str, size: tuple[float, float], draw: Callable[[Figure], None]) -> None:
    """Draw on a new figure of so many inches, and write it into a file.

    Raises
    ------
    InputError
        If the name does not end in ``.png``, ``.svg`` or ``.pdf``, or it cannot be written.
    """
    from matplotlib.figure import Figure  # noqa: PLC0415 (this room loads without it)

    if Path(name).suffix.lower() not in _KINDS:
        msg = f"--plot: expected a name that ends in {', '.join(_KINDS)}, found {shown(name)}"
        raise InputError(msg)
    figure = Figure(figsize=size, layout="constrained")
    draw(figure)
    try:
        figure.savefig(name)
    except OSError as error:
        msg = f"--plot {shown(name)} cannot be written: {error.strerror or error}"
        raise InputError(msg) from None
