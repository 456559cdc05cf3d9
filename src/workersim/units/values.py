"""The kinds of values, and how each is read; a bare number is seconds, bytes, per second, a fraction."""

from __future__ import annotations

from typing import Any, Final, NoReturn, Self

from workersim.units.reading import (
    A_DURATION,
    A_SIZE,
    PIECE,
    SECOND,
    SIZE_UNITS,
    TIME_UNITS,
    WRITTEN_SIZES,
    WRITTEN_TIMES,
    Quantity,
    bare,
    duration_ns,
    parse_number,
    rate_per_s,
    refuse,
    share_of,
    size_bytes,
    written,
    written_rate,
    written_share,
)

__all__ = [
    "Duration",
    "Rate",
    "Share",
    "Size",
    "parse_duration",
    "parse_quantity",
    "parse_rate",
    "parse_share",
    "parse_size",
]

A_QUANTITY: Final = "a number, or one with a unit such as 20 min, 4.4 GB, 10/hour or 80%"


class Duration(Quantity, int):
    """A length of time in whole nanoseconds, >= 0.

    Parameters
    ----------
    value
        Nanoseconds as an int, or text such as ``"20 min"``.

    Raises
    ------
    ValueError
        If it is negative, or no duration.

    Examples
    --------
    >>> Duration("1h30m")
    Duration('90 min')
    >>> Duration("250 ms").seconds
    0.25
    """

    __slots__ = ()

    def __new__(cls, value: int | str = 0) -> Self:  # noqa: D102  # the class says what it takes
        ns = duration_ns(value) if isinstance(value, str) else int(value)
        if ns < 0:
            refuse(ns, A_DURATION)
        return super().__new__(cls, ns)

    @property
    def seconds(self) -> float:
        """The same in seconds."""
        return int(self) / SECOND

    def __str__(self) -> str:
        return written(int(self), WRITTEN_TIMES, "0 s")

    def __repr__(self) -> str:
        return f"Duration('{self}')"


class Size(Quantity, int):
    """An amount of memory in whole bytes, >= 0.

    Examples
    --------
    >>> Size("4.4 GB") == 4_400_000_000
    True
    >>> Size(512 * 2**20)
    Size('512 MiB')
    """

    __slots__ = ()

    def __new__(cls, value: int | str = 0) -> Self:  # noqa: D102  # the class says what it takes
        size = size_bytes(value) if isinstance(value, str) else int(value)
        if size < 0:
            refuse(size, A_SIZE)
        return super().__new__(cls, size)

    def __str__(self) -> str:
        return written(int(self), WRITTEN_SIZES, "0 B")

    def __repr__(self) -> str:
        return f"Size('{self}')"


class Rate(Quantity, float):
    """How often something happens, per second, finite and >= 0.

    Examples
    --------
    >>> Rate("10/hour")
    Rate('10/hour')
    >>> float(Rate("1/5 s"))
    0.2
    """

    __slots__ = ()

    def __new__(cls, value: float | str = 0.0) -> Self:  # noqa: D102  # the class says what it takes
        return super().__new__(cls, value if isinstance(value, Rate) else rate_per_s(value))

    def __str__(self) -> str:
        return written_rate(float(self))

    def __repr__(self) -> str:
        return f"Rate('{self}')"


class Share(Quantity, float):
    """A part of a whole, finite and >= 0; 1 is all of it.

    Examples
    --------
    >>> Share("80%")
    Share('80%')
    >>> float(Share(0.25))
    0.25
    """

    __slots__ = ()

    def __new__(cls, value: float | str = 0.0) -> Self:  # noqa: D102  # the class says what it takes
        return super().__new__(cls, value if isinstance(value, Share) else share_of(value))

    def __str__(self) -> str:
        return written_share(float(self))

    def __repr__(self) -> str:
        return f"Share('{self}')"


def parse_duration(value: Any) -> Duration:
    """Read a duration; a bare number is seconds.

    Parameters
    ----------
    value
        Text (``"20 min"``, ``"1h30m"``, ``"90"``), a number of seconds, or a ``Duration``.

    Returns
    -------
    Duration
        Rounded half to even to the nanosecond; at most 100 years.

    Raises
    ------
    ValueError
        In one line: what was expected and what was found, with the nearest unit.

    Examples
    --------
    >>> parse_duration("1.5h") == parse_duration(5400) == 5400 * 10**9
    True
    >>> parse_duration("20 parsecs")
    Traceback (most recent call last):
        ...
    ValueError: unknown unit 'parsecs'; expected a duration such as 20 min, 90 s or 1h30m, found '20 parsecs'
    """
    return value if isinstance(value, Duration) else Duration(duration_ns(value))


def parse_rate(value: Any) -> Rate:
    """Read a rate; a bare number is per second.

    Raises
    ------
    ValueError
        As ``parse_duration``; also above one a nanosecond.

    Examples
    --------
    >>> parse_rate("1/5 min") == parse_rate("12/hour")
    True
    """
    return value if isinstance(value, Rate) else Rate(value)


def parse_size(value: Any) -> Size:
    """Read a size; a bare number is bytes.

    Raises
    ------
    ValueError
        As ``parse_duration``; also above 10**18 bytes.

    Examples
    --------
    >>> int(parse_size("512Mi")), int(parse_size("1.1 GB"))
    (536870912, 1100000000)
    """
    return value if isinstance(value, Size) else Size(size_bytes(value))


def parse_share(value: Any) -> Share:
    """Read a share; a bare number is a fraction.

    Raises
    ------
    ValueError
        As ``parse_duration``; also above 1000%, so that 80 is not taken for 80%.

    Examples
    --------
    >>> parse_share("80%") == parse_share("0.8") == 0.8
    True
    """
    return value if isinstance(value, Share) else Share(value)


def parse_quantity(value: Any) -> Duration | Size | Rate | Share | float:
    """Read a value of any kind: its unit says which; without one it is a number.

    Raises
    ------
    ValueError
        If it is none of these.

    Examples
    --------
    >>> parse_quantity("1.1 GB"), parse_quantity("20 min"), parse_quantity("80%"), parse_quantity(3)
    (Size('1.1 GB'), Duration('20 min'), Share('80%'), 3.0)
    """
    if isinstance(value, Duration | Size | Rate | Share):
        return value
    if bare(value, A_QUANTITY) is not None:
        return parse_number(value)
    units = [unit for _, unit in PIECE.findall(value)]
    if value.strip().endswith("%"):
        read: Any = parse_share
    elif "/" in value:
        read = parse_rate
    elif units and units[0] in SIZE_UNITS:
        read = parse_size
    else:
        read = parse_duration if units and units[0] in TIME_UNITS else _refuse_quantity
    quantity: Duration | Size | Rate | Share = read(value)
    return quantity


def _refuse_quantity(value: Any) -> NoReturn:
    refuse(value, A_QUANTITY)
