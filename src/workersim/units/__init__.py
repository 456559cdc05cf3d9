"""Values as people write them: ``20 min``, ``10/hour``, ``4.4 GB``, ``80%``.

Each kind of value is a number with a way of writing it: ``Duration`` is whole nanoseconds,
``Size`` whole bytes, ``Rate`` and ``Share`` are floats.  ``str`` gives back the shortest text that
is read as exactly the same value; the ``format_`` functions round, for people.
"""

from workersim.units.found import closest, nearest, shown
from workersim.units.people import (
    format_duration,
    format_number,
    format_rate,
    format_share,
    format_size,
    told_apart,
)
from workersim.units.reading import NEVER, SECOND, parse_number, seconds_to_ns
from workersim.units.values import (
    Duration,
    Rate,
    Share,
    Size,
    parse_duration,
    parse_quantity,
    parse_rate,
    parse_share,
    parse_size,
)

__all__ = [
    "NEVER",
    "SECOND",
    "Duration",
    "Rate",
    "Share",
    "Size",
    "closest",
    "format_duration",
    "format_number",
    "format_rate",
    "format_share",
    "format_size",
    "nearest",
    "parse_duration",
    "parse_number",
    "parse_quantity",
    "parse_rate",
    "parse_share",
    "parse_size",
    "seconds_to_ns",
    "shown",
    "told_apart",
]
