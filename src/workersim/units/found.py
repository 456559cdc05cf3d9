"""How messages show what was found, and which name was probably meant."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from numbers import Real
from typing import Any

__all__ = ["closest", "nearest", "shown"]

_LONGEST = 60  # characters of a found value in a message
_NUMBER_LIKE = re.compile(r"[+-]?[0-9.]+(?:[eE][+-]?[0-9]+)?")


def closest(name: str, valid: Iterable[str]) -> str | None:
    """Return the valid name that was probably meant, if there is one.

    Examples
    --------
    >>> closest("Gb", ["kB", "MB", "GB"])
    'GB'
    """
    names = {each.casefold(): each for each in valid}
    close = get_close_matches(name[:_LONGEST].casefold(), names, 1, 0.65)
    return names[close[0]] if close else None


def nearest(name: str, valid: Iterable[str]) -> str:
    """Return ``"; did you mean 'x'?"`` for the valid name closest to this one, or nothing.

    Examples
    --------
    >>> nearest("replicsa", ["replicas", "concurrency"])
    "; did you mean 'replicas'?"
    """
    close = closest(name, valid)
    return f"; did you mean {shown(close)}?" if close is not None else ""


def shown(value: Any) -> str:
    """Return what was found, for a message: printable, in one line, at most 60 characters.

    Examples
    --------
    >>> shown("-1"), shown("ten"), shown(None), shown({"a": 1})
    ('-1', "'ten'", 'nothing', 'a mapping')
    """
    if value is None:
        return "nothing"
    if isinstance(value, Mapping):
        return "a mapping" if value else "an empty mapping"
    if isinstance(value, list | tuple):
        return "a list" if value else "an empty list"
    if isinstance(value, int) and value.bit_length() > 150:  # Python refuses to print very long ones
        return f"a whole number of {value.bit_length()} bits"
    if isinstance(value, str):
        text = value if len(value) <= 40 and _NUMBER_LIKE.fullmatch(value) else repr(value[:_LONGEST])
    else:
        text = str(value) if isinstance(value, Real) else f"a {type(value).__name__}"
    return text if len(text) <= _LONGEST else text[:57] + "..."
