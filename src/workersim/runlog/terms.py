"""What a log's tables cannot tell of its workers, and what follows from rows only together with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from workersim.units import NEVER

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["EVERY", "Pause", "Terms", "of_service"]

EVERY = 1 << 40
"""Slots of a pause in which nobody takes a message."""


class Terms(NamedTuple):
    """How the workers of one service take messages.

    Attributes
    ----------
    queues
        Indices of the queues that they consume; None: all.
    ideal
        Whether slots take straight from the queues.
    late
        Whether messages are acknowledged when their attempt ends.
    window
        Messages that a worker may hold unacknowledged; ``NEVER``: no limit, or one that moves with due times.
    delayed
        Indices of job classes whose messages may be published before they are due.
    """

    queues: tuple[int, ...] | None = None
    ideal: bool = True
    late: bool = False
    window: int = NEVER
    delayed: tuple[int, ...] = ()


class Pause(NamedTuple):
    """A stretch of time in which so many slots of a service take nothing, although its fleet rows count them as up."""

    from_ns: int
    until_ns: int
    service: int
    slots: int


def of_service(terms: Sequence[Terms], service: int) -> Terms | None:
    """Return the terms of a service, None where the log does not hold them."""
    return terms[service] if service < len(terms) else None
