"""Values as people write them: what is read, what is refused with which words, and what is written back."""

from __future__ import annotations

import copy
import pickle
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workersim.units import (
    NEVER,
    SECOND,
    Duration,
    Rate,
    Share,
    Size,
    closest,
    format_duration,
    format_number,
    format_rate,
    format_share,
    format_size,
    nearest,
    parse_duration,
    parse_number,
    parse_quantity,
    parse_rate,
    parse_share,
    parse_size,
    seconds_to_ns,
    shown,
    told_apart,
)

if TYPE_CHECKING:
    from collections.abc import Callable

MINUTE, HOUR = 60 * SECOND, 3600 * SECOND


@pytest.mark.parametrize(
    ("written", "ns"),
    [
        ("20 min", 20 * MINUTE),
        ("90s", 90 * SECOND),
        ("1.5h", 90 * MINUTE),
        ("1h30m", 90 * MINUTE),
        (" 1 h  30 min ", 90 * MINUTE),
        ("1d12h", 36 * HOUR),
        ("2 weeks", 14 * 24 * HOUR),
        ("250 ms", SECOND // 4),
        ("3 \u00b5s", 3000),
        ("3 \u03bcs", 3000),
        ("7ns", 7),
        ("20", 20 * SECOND),
        ("0.1", SECOND // 10),
        (".5", SECOND // 2),
        ("1e-3", 10**6),
        ("-0", 0),
        (20, 20 * SECOND),
        (0.1, SECOND // 10),
        (np.float64(0.3), 3 * SECOND // 10),
        (np.int32(4), 4 * SECOND),
        (Decimal("0.7"), 7 * SECOND // 10),
        (Fraction(1, 4), SECOND // 4),
        ("0.5 ns", 0),  # half to even
        ("1.5 ns", 2),
        ("2.5 ns", 2),
        ("1e-9999 s", 0),
        ("36525 d", 36525 * 24 * HOUR),
        (Duration("3 s"), 3 * SECOND),
    ],
)
def test_durations_are_read_to_the_nanosecond(written: Any, ns: int) -> None:
    duration = parse_duration(written)
    assert duration == ns
    assert type(duration) is Duration


BAD: list[Any] = [
    "", "soon", "-3 s", "-1h30m", "nan", ".nan", "inf", ".inf", "1e999", "1e99999999", "10:30", "1_000",
    "0x10", "1,5 s", "30m1h", "1h1h", "20 min x", "1//14 s", "\uff11 s", "20 min\x00", "9" * 5000,
    "9" * 5000 + " s", "36526 d", "5 GB 3 MB", "80%", None, True, np.True_, [1], {}, float("nan"), float("inf"), -1,
    10**5000, 1e300, Decimal("NaN"), Decimal("1e99999"), 3j,
]  # fmt: skip


@pytest.mark.parametrize("value", BAD, ids=range(len(BAD)))
@pytest.mark.parametrize(
    ("parse", "wanted"),
    [
        (parse_duration, "a duration such as 20 min"),
        (parse_rate, "a rate such as 10/hour"),
        (parse_size, "a size such as"),
    ],
)
def test_bad_values_are_refused_in_one_printable_line(parse: Callable[[Any], Any], wanted: str, value: Any) -> None:
    with pytest.raises(ValueError, match=wanted) as refusal:
        parse(value)
    message = str(refusal.value)
    assert "expected" in message
    assert "found" in message
    assert message.isprintable()
    assert len(message) < 250


@pytest.mark.parametrize(
    ("parse", "value", "message"),
    [
        (
            parse_duration,
            "20 parsecs",
            "unknown unit 'parsecs'; expected a duration such as 20 min, 90 s or 1h30m, found '20 parsecs'",
        ),
        (
            parse_duration,
            "20 minuts",
            (
                "unknown unit 'minuts'; did you mean 'minutes'? "
                "expected a duration such as 20 min, 90 s or 1h30m, found '20 minuts'"
            ),
        ),
        (parse_duration, -3, "expected a duration such as 20 min, 90 s or 1h30m, from 0 to 100 years, found -3"),
        (
            parse_size,
            "3 gb",
            "unknown unit 'gb'; did you mean 'GB'? expected a size such as 4.4 GB or 512Mi, found '3 gb'",
        ),
        (parse_rate, "1/0 s", "expected a rate such as 10/hour, 1/5 min or 0.5/s, from 0 to 1e9/s, found '1/0 s'"),
        (parse_share, "80", "expected a share such as 80% or 0.8, found 80"),
        (parse_number, "3 s", "expected a number, found '3 s'"),
        (parse_size, Duration("3 s"), "expected a size such as 4.4 GB or 512Mi, found 3 s"),
        (
            parse_quantity,
            "3 apples",
            "expected a number, or one with a unit such as 20 min, 4.4 GB, 10/hour or 80%, found '3 apples'",
        ),
    ],
)
def test_a_refusal_says_what_was_expected_and_the_nearest_unit(
    parse: Callable[[Any], Any], value: Any, message: str
) -> None:
    with pytest.raises(ValueError, match="expected") as refusal:
        parse(value)
    assert str(refusal.value) == message


@pytest.mark.parametrize(
    ("written", "per_s"),
    [
        ("10/hour", 10 / 3600),
        ("10 / h", 10 / 3600),
        ("1/5 min", 1 / 300),
        ("0.5/s", 0.5),
        ("3", 3.0),
        (3, 3.0),
        (0, 0.0),
        ("1/1h", 1 / 3600),
    ],
)
def test_rates(written: Any, per_s: float) -> None:
    assert parse_rate(written) == per_s


@pytest.mark.parametrize(
    ("written", "size"),
    [
        ("4.4 GB", 4_400_000_000),
        ("512Mi", 2**29),
        ("1 GiB", 2**30),
        ("500 MB", 500_000_000),
        ("64k", 64_000),
        (12, 12),
        ("0.5 B", 0),
    ],
)
def test_sizes(written: Any, size: int) -> None:
    assert parse_size(written) == size


@pytest.mark.parametrize(("written", "share"), [("80%", 0.8), ("0.8", 0.8), (0.25, 0.25), ("33.3 %", 0.333), (1, 1.0)])
def test_shares(written: Any, share: float) -> None:
    assert parse_share(written) == share


@pytest.mark.parametrize("value", ["80", 80, "-1%", "%", "1001%", True, "x%", None])
def test_bad_shares(value: Any) -> None:
    with pytest.raises(ValueError, match="expected a share"):
        parse_share(value)


@pytest.mark.parametrize(
    ("value", "kind"), [("1.1 GB", Size), ("20 min", Duration), ("80%", Share), ("3/h", Rate), ("3", float), (2, float)]
)
def test_a_quantity_is_of_the_kind_of_its_unit(value: Any, kind: type) -> None:
    quantity = parse_quantity(value)
    assert type(quantity) is kind
    assert parse_quantity(quantity) == quantity


@pytest.mark.parametrize("value", ["1e-05", "-2.5", 7, np.float32(0.5)])
def test_numbers(value: Any) -> None:
    assert parse_number(value) == float(value)


@pytest.mark.parametrize(
    ("seconds", "ns"),
    [
        ("1123456789.123457", 1_123_456_789_123_457_000),  # rint(s * 1e9) would be off by some nanoseconds
        (1700000000.123456, 1_700_000_000_123_456_000),
        ("0.0000000005", 0),
        ("0.0000000015", 2),
        ("-3", -3 * SECOND),
        (np.int64(2), 2 * SECOND),
    ],
)
def test_seconds_become_nanoseconds_exactly(seconds: Any, ns: int) -> None:
    assert seconds_to_ns(seconds) == ns


@pytest.mark.parametrize("value", ["", "3 s", "nan", "1e12", None, True])
def test_seconds_that_are_none(value: Any) -> None:
    with pytest.raises(ValueError, match="expected a number of seconds"):
        seconds_to_ns(value)


@given(st.integers(0, 36525 * 24 * HOUR))
def test_durations_are_written_as_they_are_read(ns: int) -> None:
    duration = Duration(ns)
    assert parse_duration(str(duration)) == duration
    assert eval(repr(duration)) == duration  # noqa: S307  # of our own making


@given(st.integers(0, 10**18))
def test_sizes_are_written_as_they_are_read(size: int) -> None:
    assert parse_size(str(Size(size))) == size


@given(st.floats(0, 1e9))
def test_rates_are_written_as_they_are_read(per_s: float) -> None:
    assert parse_rate(str(Rate(per_s))) == per_s


@given(st.floats(0, 10))
def test_shares_are_written_as_they_are_read(share: float) -> None:
    assert parse_share(str(Share(share))) == share


@given(st.decimals(0, 10**9, places=12))
def test_seconds_agree_with_fractions(seconds: Decimal) -> None:
    assert seconds_to_ns(str(seconds)) == round(Fraction(seconds) * SECOND)


@given(st.text() | st.from_regex(r"[0-9.eE+-]{1,8} ?[a-zA-Z%/]{0,4}", fullmatch=True))
def test_any_text_is_read_or_refused(text: str) -> None:
    refusals: list[str] = []
    for parse in (parse_duration, parse_rate, parse_size, parse_share, parse_quantity, parse_number, seconds_to_ns):
        try:
            parse(text)
        except ValueError as error:  # each in turn is the point
            refusals.append(str(error))
    assert all(map(str.isprintable, refusals))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Duration("20 min"), "20 min"),
        (Duration("1h30m"), "90 min"),
        (Duration(0), "0 s"),
        (Duration("24 h"), "24 h"),
        (Duration(1), "1 ns"),
        (Size(512 * 2**20), "512 MiB"),
        (Size("4.4 GB"), "4.4 GB"),
        (Size(0), "0 B"),
        (Rate("1/5 min"), "12/hour"),
        (Rate(0), "0/s"),
        (Share(0.8), "80%"),
        (Share(0), "0%"),
    ],
)
def test_the_shortest_text(value: Any, text: str) -> None:
    assert str(value) == text
    assert f"{value}" == text


@pytest.mark.parametrize("value", [Duration("3 s"), Size("3 MB"), Rate("3/s"), Share("3%")])
def test_values_survive_copies(value: Any) -> None:
    for again in (pickle.loads(pickle.dumps(value)), copy.deepcopy(value), type(value)(value)):  # noqa: S301
        assert again == value
        assert type(again) is type(value)


@pytest.mark.parametrize("kind", [Duration, Size, Rate, Share])
def test_none_is_negative(kind: type) -> None:
    with pytest.raises(ValueError, match="expected"):
        kind(-1)


def test_constants() -> None:
    assert NEVER == 2**62
    assert Duration("90 s").seconds == 90.0
    assert Size("3 kB") == 3000


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (format_duration(1600.0), "26.7 min"),
        (format_duration(3600), "1 h"),
        (format_duration(0.25), "250 ms"),
        (format_duration(Duration("250 ms")), "250 ms"),
        (format_duration(-90), "-1.5 min"),
        (format_duration(0), "0 s"),
        (format_duration(1e-12), "0.001 ns"),
        (format_size(4.4e9), "4.4 GB"),
        (format_size(0), "0 B"),
        (format_rate(10 / 3600), "10/hour"),
        (format_rate(0.5), "30/min"),
        (format_rate(3.7), "3.7/s"),
        (format_share(10 / 12), "83.3%"),
        (format_number(1234567.0), "1,234,567"),
        (format_number(0.00012345), "0.000123"),
        (format_number(100.0), "100"),
        (format_number(0.0), "0"),
        (format_number(float("nan")), "nan"),
    ],
)
def test_rounded_for_people(text: str, expected: str) -> None:
    assert text == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("-1", "-1"),
        ("ten", "'ten'"),
        ("a\nb\x1b[31m\u202e", r"'a\nb\x1b[31m\u202e'"),
        ("x" * 1000, "'" + "x" * 56 + "..."),
        (None, "nothing"),
        ({}, "an empty mapping"),
        ([1], "a list"),
        ((), "an empty list"),
        (2**5000, "a whole number of 5001 bits"),
        (object(), "a object"),
        (1.5, "1.5"),
    ],
)
def test_what_was_found_is_shown_short_and_printable(value: Any, expected: str) -> None:
    assert shown(value) == expected
    assert len(expected) <= 60


def test_the_nearest_name() -> None:
    assert closest("Replicsa", ["replicas", "concurrency"]) == "replicas"
    assert closest("autoscale", ["replicas", "concurrency"]) is None
    assert nearest("autoscale", []) == ""


@given(
    st.lists(st.text("ab  ", max_size=40).map(str.strip), min_size=2, max_size=2, unique=True),
    st.integers(8, 24),
)
def test_two_names_can_be_told_apart_however_they_are_cut(names: list[str], most: int) -> None:
    told = told_apart(names, most)
    assert all(len(text) <= most for text in told)
    assert told[0] != told[1]
    assert [text for name, text in zip(names, told, strict=True) if len(name) <= most and text != name] == []
