"""Which column of a table says what: names, and sums of columns such as ``86400 * day + start_s``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from workersim.errors import InputError
from workersim.traces.cells import scaled_ns
from workersim.units import nearest, shown

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

__all__ = ["ROLES", "Source", "check_roles", "source_of"]

INSTANTS = ("arrival", "published", "received", "start", "finish", "ended")
DURATIONS = ("service", "wait", "cpu", "io", "expires", "countdown", "fails_after", "soft_time_limit", "time_limit")
NAMES = ("job_class", "queue", "worker")
OTHERS = ("phases", "priority", "replica", "slot", "id", "attempt", "outcome", "count", "fails")
ROLES = (*INSTANTS, *DURATIONS, *NAMES, *OTHERS)

_TERM = re.compile(r"\s*(?:([0-9]{1,12}(?:\.[0-9]{1,9})?)\s*\*\s*)?(.*?)\s*", re.DOTALL)


class Source(NamedTuple):
    """Where a role stands: one column, or several that are multiplied by numbers and added up."""

    columns: tuple[str, ...]
    factors: tuple[Decimal, ...] = ()

    @property
    def name(self) -> str:
        """The column that is named in messages: the last one, which is the finest."""
        return self.columns[-1]

    def texts(self, columns: Mapping[str, Sequence[str]]) -> Sequence[str]:
        """Return the cells; a sum is empty where one of its parts is no number.

        Parameters
        ----------
        columns
            The cells of each column, cleaned.
        """
        if not self.factors:
            return columns[self.columns[0]]
        rows = zip(*(columns[name] for name in self.columns), strict=True)
        return [_sum(row, self.factors) for row in rows]


def _sum(row: tuple[str, ...], factors: tuple[Decimal, ...]) -> str:
    try:
        ns = sum((scaled_ns(text, 9) * factor for text, factor in zip(row, factors, strict=True)), Decimal(0))
    except ValueError:
        return next((text for text in row if not text), "?".join(row))
    return str(ns.scaleb(-9))


def source_of(written: str, columns: Collection[str]) -> Source:
    """Return where a role stands among the columns of a file.

    Raises
    ------
    ValueError
        Saying which column is not there.
    """
    if written in columns:
        return Source((written,))
    names, factors = [], []
    for term in written.split(" + "):
        found = _TERM.fullmatch(term)
        name = found[2] if found else term
        if name not in columns:
            msg = f"expected a column, found no {shown(name)}{nearest(name, columns)}"
            raise ValueError(msg)
        names.append(name)
        factors.append(Decimal((found and found[1]) or 1))
    return Source(tuple(names), tuple(factors))


def check_roles(columns: Mapping[str, str] | None) -> dict[str, str]:
    """Return a mapping of roles to columns as it was given, if it is one.

    Raises
    ------
    InputError
        If it names a role that there is not.
    """
    given = {} if columns is None else columns
    if not isinstance(given, Mapping):
        msg = f"columns: expected a mapping such as {{'arrival': 't_s'}}, found {shown(given)}"
        raise InputError(msg)
    for role, written in given.items():
        if role not in ROLES:
            msg = f"columns: expected one of {', '.join(ROLES)}, found {shown(role)}{nearest(str(role), ROLES)}"
            raise InputError(msg)
        if not isinstance(written, str):
            msg = f"columns.{role}: expected the name of a column, found {shown(written)}"
            raise InputError(msg)
    return dict(given)
