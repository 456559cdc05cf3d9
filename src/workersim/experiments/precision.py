"""How well a figure is to be known: ``wait.p95 ± 5%``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from workersim.errors import InputError
from workersim.experiments.figure_words import called, kind_of, shown
from workersim.experiments.flat import flat, hint
from workersim.statistics import next_count, precision_of
from workersim.units import format_share, parse_duration, parse_number, parse_rate, parse_share, parse_size
from workersim.units import shown as found_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

__all__ = ["MOST", "Precision", "read_precision"]

MOST = 1000  # replications, unless somebody says otherwise
_FORM = re.compile(r"\s*([A-Za-z_][A-Za-z_0-9.]*)\s*(?:±|\+-|\+/-)\s*(.*\S)\s*")
_READERS: dict[str, Callable[[Any], Any]] = {
    "duration": parse_duration,
    "size": parse_size,
    "share": parse_number,
    "rate": parse_rate,
    "number": parse_number,
}


class Precision(NamedTuple):
    """Half the width that the 95 % interval of a figure may have.

    Attributes
    ----------
    measure
        Path of the figure.
    half
        In its plain unit, or as a share of its mean.
    relative
        Which of the two.
    """

    measure: str
    half: float
    relative: bool

    def values(self, trees: Sequence[Mapping[str, Any]]) -> list[float]:
        """Return the figure in each replication that has it.

        Raises
        ------
        InputError
            If there is no such figure.
        """
        columns = [dict(flat(tree)) for tree in trees]
        if self.measure not in columns[0]:
            msg = f"until: {hint(self.measure, list(columns[0]))}"
            raise InputError(msg)
        return [value for column in columns if (value := column[self.measure]) is not None]

    def reached(self, trees: Sequence[Mapping[str, Any]]) -> bool:
        """Tell whether the figure is known as well as asked for."""
        return self._precision(trees) <= self.half

    def next_count(self, trees: Sequence[Mapping[str, Any]]) -> int:
        """Return after how many replications to look again."""
        return next_count(len(trees), self._precision(trees), self.half)

    def how_far(self, trees: Sequence[Mapping[str, Any]]) -> str:
        """Say that the cap ended it, and how far it had come."""
        got = self._precision(trees)
        wanted, name = self._written(self.half), called(self.measure)
        if got == float("inf"):
            return f"The {name} has no interval after {len(trees):,} replications, the most allowed; asked: ± {wanted}."
        needed = len(trees) * (got / self.half) ** 2
        return (
            f"The {name} is known to ± {self._written(got)} after {len(trees):,} replications, the most allowed, "
            f"and not to ± {wanted}; that would take about {float(f'{needed:.2g}'):,.0f}."
        )

    def _precision(self, trees: Sequence[Mapping[str, Any]]) -> float:
        return precision_of(self.values(trees), relative=self.relative)

    def _written(self, half: float) -> str:
        return format_share(half, 2) if self.relative else shown(self.measure, half)


def read_precision(text: str) -> Precision:
    """Return what a text such as ``wait.p95 ± 5%`` or ``wait.mean +- 30 s`` asks for.

    Raises
    ------
    InputError
        If it has another form.

    Examples
    --------
    >>> read_precision("wait.p95 ± 5%")
    Precision(measure='wait.p95', half=0.05, relative=True)
    >>> read_precision("wait.mean +- 30 s")
    Precision(measure='wait.mean', half=30.0, relative=False)
    """
    match = _FORM.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        msg = f"until: expected a figure and its precision, such as 'wait.p95 ± 5%', found {found_text(text)}"
        raise InputError(msg)
    measure, how = match.groups()
    relative = how.endswith("%")
    try:
        half = _plain(parse_share(how) if relative else _READERS[kind_of(measure)](how))
    except ValueError as error:
        msg = f"until: {error}"
        raise InputError(msg) from None
    if not half > 0:
        msg = f"until: expected more than nothing after ±, found {found_text(how)}"
        raise InputError(msg)
    return Precision(measure, half, relative)


def _plain(value: Any) -> float:
    return float(getattr(value, "seconds", value))
