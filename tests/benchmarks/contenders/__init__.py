"""The contenders: each a module with one function ``run(case, jobs, seed) -> Answer``.

A module that cannot be imported here (a peer that is not installed, no C compiler) costs a remark in its rows.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .shape import Run

__all__ = ["CONTENDERS", "OURS", "REFERENCE", "TEXTBOOK", "Absent", "C", "Contender", "load"]


class Absent(Exception):  # noqa: N818 (nothing is wrong)
    """A contender cannot run here; the text says why."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Contender:
    """Who takes part.

    ``unable`` says of each case that it cannot express why not; ``package`` is the distribution whose version is
    told; ``largest`` is the size up to which its cost is drawn against size.
    """

    key: str
    title: str
    module: str
    package: str | None = None
    unable: Mapping[str, str] = field(default_factory=dict)
    largest: int = 10_000_000


OURS, REFERENCE, TEXTBOOK, C = "ours", "reference", "simpy", "c"

OURS_ALONE = dict.fromkeys(("W4", "W4-steady"), "its features are workersim's")
CONTENDERS = {
    contender.key: contender
    for contender in (
        Contender(
            key=TEXTBOOK,
            title="SimPy, textbook style",
            module="simpy_textbook",
            package="simpy",
            unable=OURS_ALONE,
        ),
        Contender(
            key="simpy-tuned",
            title="SimPy, lean callbacks",
            module="simpy_tuned",
            package="simpy",
            unable=OURS_ALONE,
        ),
        Contender(
            key="ciw",
            title="Ciw",
            module="ciw_network",
            package="ciw",
            unable={
                "W2": "a slot that is held through several phases is not in its idiom",
                "W3": "as W2",
                **OURS_ALONE,
            },
        ),
        Contender(
            key="cimba",
            title="Cimba (Python package)",
            module="cimba_model",
            package="cimba",
            unable=OURS_ALONE,
        ),
        Contender(
            key=C,
            title="C program, cc -O3",
            module="c_program",
            unable={"W3": "written for a few replicas: it looks at all of them", **OURS_ALONE},
            largest=100_000_000,
        ),
        Contender(key=REFERENCE, title="workersim, reference engine", module="reference", package="workersim"),
        Contender(key=OURS, title="workersim", module="ours", package="workersim", largest=100_000_000),
    )
}


@cache
def load(contender: Contender) -> Run:
    """Return the contender's function.

    Raises
    ------
    Absent
        If something that it needs is not there.
    """
    try:
        module = import_module(f"{__name__}.{contender.module}")
    except ImportError as error:
        told = "not installed" if isinstance(error, ModuleNotFoundError) else "not available"
        msg = f"{told}: {error}"
        raise Absent(msg) from error
    run: Run = module.run
    return run
