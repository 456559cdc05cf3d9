"""The grammar of scaling conditions: printing and parsing agree, every mistake is told in one line with its place."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workersim.scenario.conditions import (
    NAMES,
    Both,
    Comparison,
    Condition,
    Either,
    Held,
    Not,
    parse_condition,
)
from workersim.units import Duration, Share, parse_duration, parse_share

NUMBERS = st.integers(-1000, 10**9).map(float) | st.floats(-1e12, 1e12)
DURATIONS = st.integers(0, 10**18).map(Duration)
SHARES = st.floats(0, 10).map(Share)


def values_of(name: str) -> st.SearchStrategy[Any]:
    if NAMES[name] is parse_duration:
        return DURATIONS
    return SHARES if NAMES[name] is parse_share else NUMBERS


COMPARISONS = st.sampled_from(sorted(NAMES)).flatmap(
    lambda name: st.builds(Comparison, st.just(name), st.sampled_from(["<", "<=", ">", ">=", "=="]), values_of(name))
)


def _larger(parts: st.SearchStrategy[Condition]) -> st.SearchStrategy[Condition]:
    lists = st.lists(parts, min_size=2, max_size=3).map(tuple)
    return st.one_of(
        st.builds(Held, parts, DURATIONS), st.builds(Not, parts), st.builds(Both, lists), st.builds(Either, lists)
    )


CONDITIONS: st.SearchStrategy[Condition] = st.recursive(COMPARISONS, _larger, max_leaves=8)


@given(CONDITIONS)
def test_what_is_printed_is_read_as_the_same(condition: Condition) -> None:
    assert parse_condition(str(condition)) == condition


@given(CONDITIONS)
def test_capitals_and_spaces_do_not_matter(condition: Condition) -> None:
    text = str(condition)
    loose = re.sub(r"\b(AND|OR|NOT|for)\b", lambda word: word[0].swapcase(), text).replace(" ", "  ")
    assert parse_condition(f" {loose}\n") == condition
    tight = re.sub(r" ?([<>=]=?|\(|\)) ?", r"\1", text)
    assert parse_condition(tight) == condition


LONG, SHORT, OLD = (
    Comparison("queue_length", ">", 5.0),
    Comparison("queue_length", "<", 2.0),
    Comparison("oldest", ">=", Duration("90 s")),
)


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("queue_length > 5", LONG),
        ("QUEUE_LENGTH>5", LONG),
        (
            "queue_length < 2 AND utilization < 30%",
            Both((SHORT, Comparison("utilization", "<", Share("30%")))),
        ),
        ("queue_length > 5 or queue_length < 2 and oldest >= 1min30s", Either((LONG, Both((SHORT, OLD))))),
        ("(queue_length > 5 or queue_length < 2) and oldest >= 90", Both((Either((LONG, SHORT)), OLD))),
        ("not queue_length > 5 for 10 min", Not(Held(LONG, Duration("10 min")))),
        ("(not queue_length > 5) for 10", Held(Not(LONG), Duration("10 s"))),
        ("not not queue_length > 5", Not(Not(LONG))),
        ("replicas == 3", Comparison("wanted", "==", 3.0)),
        ("wanted == 3.", Comparison("wanted", "==", 3.0)),
        ("ready <= 1e1", Comparison("ready", "<=", 10.0)),
        ("cpu > .5", Comparison("cpu", ">", Share("50%"))),
    ],
)
def test_what_a_text_means(text: str, tree: Condition) -> None:
    assert parse_condition(text) == tree


@pytest.mark.parametrize(
    ("text", "refusal"),
    [
        ("", "character 1: expected a name such as queue_length, found the end"),
        ("queue_lenght > 5", "character 1: unknown name 'queue_lenght'; did you mean 'queue_length'?"),
        (
            "queue_length > 5 AND utilisation < 30%",
            "character 22: unknown name 'utilisation'; did you mean 'utilization'?",
        ),
        ("queue_length > 5 AND", "character 21: expected a name such as queue_length, found the end"),
        ("queue_length > 5 AND OR", "character 22: expected a name such as queue_length, found 'OR'"),
        ("queue_length", "character 13: expected <, <=, >, >= or ==, found the end"),
        ("queue_length = 5", "character 14: expected <, <=, >, >= or ==, found '='"),
        ("queue_length => 5", "character 14: expected <, <=, >, >= or ==, found '=>'"),
        ("queue_length != 5", "character 14: expected <, <=, >, >= or ==, found '!='"),
        ("queue_length > 5 && ready > 1", "character 18: expected AND, OR, `for` or the end, found '&&'"),
        ("queue_length > wanted", "character 16: expected a value for queue_length, found 'wanted'"),
        ("queue_length > 30%", "character 16: expected a number, found '30%'"),
        (
            "utilization < 30",
            "character 15: expected a share such as 80% or 0.8, found 30",
        ),
        (
            "oldest > 5 mins AND oldest < 5 minn",
            (
                "character 30: unknown unit 'minn'; did you mean 'min'? "
                "expected a duration such as 20 min, 90 s or 1h30m, found '5 minn'"
            ),
        ),
        ("(queue_length > 5", "character 18: expected AND, OR, `for` or a closing parenthesis, found the end"),
        ("queue_length > 5)", "character 17: expected AND, OR, `for` or the end, found ')'"),
        ("queue_length > 5 for", "character 21: expected a duration such as 10 min, found the end"),
        ("queue_length > 5 for 30%", "character 22: expected a duration such as 20 min, 90 s or 1h30m, found '30%'"),
        ("queue_length > 5 for 1h for 2h", "character 25: expected AND, OR, `for` or the end, found 'for'"),
        ("5 < queue_length", "character 1: expected a name such as queue_length, found 5"),
        ("queue_length > 1e999", "character 16: expected a number, found 1e999"),
        ("NOT " * 51 + "ready > 1", "character 204: expected at most 50 levels inside each other, found more"),
        ("(" * 900, "character 52: expected at most 50 levels inside each other, found more"),
        ("a" * 1001, "expected a condition of at most 1000 characters, found 1001"),
        ("queue_length > 5\x00", "character 17: expected AND, OR, `for` or the end, found '\\x00'"),
    ],
)
def test_mistakes(text: str, refusal: str) -> None:
    with pytest.raises(ValueError, match=r".") as refused:
        parse_condition(text)
    assert str(refused.value) == refusal


@pytest.mark.parametrize(
    "text", ["__import__('os').system('x')", "queue_length > (lambda: 5)()", "ready.__class__ > 1"]
)
def test_no_code_is_run(text: str) -> None:
    with pytest.raises(ValueError, match=r"^character \d+: "):
        parse_condition(text)


PIECES = st.sampled_from(
    [
        "queue_length",
        "oldest",
        "cpu",
        "and",
        "OR",
        "not",
        "for",
        "(",
        ")",
        "<",
        ">=",
        "==",
        "5",
        "30%",
        "5 min",
        "1e",
        ".",
        "µs",
        "%",
        "\n",
        "🦆",
    ]
)


@given(st.text(max_size=60) | st.lists(PIECES, max_size=12).map(" ".join) | st.lists(PIECES, max_size=12).map("".join))
def test_anything_is_read_or_refused_in_one_line(text: str) -> None:
    refusal = ""
    try:
        condition = parse_condition(text)
    except ValueError as error:
        refusal = str(error)
    if not refusal:
        assert parse_condition(str(condition)) == condition
        return
    place = re.match(r"character (\d+): ", refusal)
    assert place is not None
    assert 1 <= int(place[1]) <= len(text) + 1
    assert refusal.isprintable()
    assert len(refusal) < 400
