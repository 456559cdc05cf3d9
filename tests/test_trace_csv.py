"""Traces as files: what they mean, and what is said of those that mean nothing."""

from __future__ import annotations

import time
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workersim.errors import InputError
from workersim.scenario import (
    Burst,
    Every,
    Exponential,
    Fleet,
    JobClass,
    RunSettings,
    Scenario,
    Trace,
    Workload,
)
from workersim.units import NEVER, SECOND
from workersim.workload import Jobs, read_trace_csv, realise
from workersim.workload.trace_cells import Clock, duration_ns, durations_ns

CASES = Path(__file__).parents[2] / "shared" / "cases" / "files"
CPU, IO = 0, 1


@pytest.fixture
def written(tmp_path: Path) -> Any:
    """Return what writes a trace and gives its path."""

    def write(content: str | bytes) -> Path:
        path = tmp_path / "t.csv"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


def run(
    path: Path, *others: Any, jobs: dict[str, JobClass] | None = None, until: Any = "drained", **fleet: Any
) -> Jobs:
    scenario = Scenario(
        fleet=Fleet(**{"replicas": 1, "concurrency": 4} | fleet),
        workload=Workload(jobs=jobs or {}, arrivals=(Trace(str(path)), *others)),
        run=RunSettings(until=until),
    )
    return realise(scenario)


def phases(path: Path) -> list[list[tuple[int, float]]]:
    jobs = run(path)
    return [[(kind, ns / SECOND) for kind, ns in jobs.phases(i)] for i in range(len(jobs))]


# -- what rows mean --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("arrival,service\n0,25\n", [[(IO, 25)]]),
        ("arrival,phases\n0,cpu:0.4;io:0.6;cpu:0.2\n1,io:1\n", [[(CPU, 0.4), (IO, 0.6), (CPU, 0.2)], [(IO, 1)]]),
        ("arrival,phases\n0, cpu : 1 ; io : 0 ;\n", [[(CPU, 1), (IO, 0)]]),
        ("arrival,cpu,io\n0,2,6\n0,2,0\n0,0,3\n0,0,0\n", [[(0, 1), (1, 6), (0, 1)], [(0, 2)], [(1, 3)], [(0, 0)]]),
        ("arrival,cpu\n0,2\n", [[(CPU, 2)]]),
        ("arrival,io\n0,2\n", [[(IO, 2)]]),
        ("arrival,start,finish\n0,5,30\n", [[(IO, 25)]]),
        ("arrival,service,start,finish\n0,20,5,30\n0,,5,30\n", [[(IO, 20)], [(IO, 25)]]),
        (
            "arrival,phases,cpu,io,service,start,finish\n0,cpu:1,2,2,3,0,4\n0,,2,2,3,0,4\n0,,,,3,0,4\n0,,,,,0,4\n",
            [[(0, 1)], [(0, 1), (1, 2), (0, 1)], [(1, 3)], [(1, 4)]],
        ),
        ("service,note,arrival\n1,hello,0\n", [[(IO, 1)]]),
        ("arrival,service,\n0,1,\n", [[(IO, 1)]]),
    ],
)
def test_what_a_job_needs(written: Any, text: str, expected: list[Any]) -> None:
    assert phases(written(text)) == expected


def test_rows_keep_their_order(written: Any) -> None:
    path = written("arrival,service\n30,1\n10,2\n20,3\n10,4\n")
    alone = run(path)
    assert (alone.table.arrival_ns // SECOND).tolist() == [30, 10, 20, 10]
    assert (alone.demand_ns // SECOND).tolist() == [1, 2, 3, 4]
    merged = run(path, Burst(jobs=1, at="10 s"), jobs={"a": JobClass(service=5)})
    assert (merged.table.arrival_ns // SECOND).tolist() == [10, 10, 10, 20, 30]
    assert (merged.demand_ns // SECOND).tolist() == [2, 4, 5, 3, 1]


def test_rows_after_the_horizon_never_arrived(written: Any) -> None:
    path = written("arrival,service,priority\n30,1,1\n10,2,2\n30.000000001,3,3\n40,4,4\n")
    jobs = run(path, until="30 s")
    assert (jobs.demand_ns // SECOND).tolist() == [1, 2]
    assert jobs.table.priority.tolist() == [1, 2]


@pytest.mark.parametrize(
    ("text", "ns"),
    [
        ("0", 0),
        ("-0", 0),
        ("12", 12 * SECOND),
        ("0.1", 10**8),
        (".5", 5 * 10**8),
        ("5.", 5 * SECOND),
        ("+5", 5 * SECOND),
        ("1e-05", 10_000),
        ("1.5E2", 150 * SECOND),
        ("1123456789.123457", 1123456789_123457000),
        ("1123456789.1234567895", 1123456789_123456790),  # halfway: to the even one
        ("0.0000000005", 0),
        ("0.0000000015", 2),
        ("2999999999.999999999", 2999999999_999999999),
    ],
)
def test_seconds_are_exact(written: Any, text: str, ns: int) -> None:
    assert duration_ns(text) == ns
    assert read_trace_csv(written(f"arrival,service\n{text},1\n")).arrival_ns.tolist() == [ns]


@given(
    whole=st.integers(0, 10**9),
    part=st.text("0123456789", max_size=12) | st.sampled_from([f"{i:09}{r}" for i in (0, 1) for r in (5, 50, 51, 49)]),
)
def test_seconds_are_read_alike_by_both_ways(whole: int, part: str) -> None:
    text = f"{whole}.{part}"
    assert duration_ns(text) == duration_ns(f"{text}e0") == round(Fraction(text) * SECOND)


@given(st.lists(st.decimals(0, 10**7, places=12) | st.decimals(0, 1000, places=9) | st.floats(0, 1e6), max_size=9))
def test_many_cells_at_once_are_read_as_each_alone(numbers: list[Any]) -> None:
    texts = ["", *map(str, numbers)]
    many = durations_ns(texts, -1)
    assert many is None or many.tolist() == [duration_ns(text) if text else -1 for text in texts]


def test_what_must_not_be_read_at_once() -> None:
    assert durations_ns(["", "0.1", " 12 ", "1e-05"], -1).tolist() == [-1, 10**8, 12 * SECOND, 10_000]  # type: ignore[union-attr]
    odd = ["-1", "-1.0", "1_0", "\u0661", "nan", "inf", "1e400", "x", "-0.5"]
    assert [durations_ns(["1", text, ""], -1) for text in odd] == [None] * len(odd)
    # a float is too coarse for these, so each is read by itself
    coarse = ["0.0000000005", "0.0000000015", "3000000.1", "1767225600.1234567", "3155760000"]
    assert durations_ns(coarse, -1).tolist() == [duration_ns(text) for text in coarse]  # type: ignore[union-attr]
    assert durations_ns(["1", "3155760000.1"], -1) is None


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["2026-08-30T10:00:05", "2026-08-30T10:00:00", "2026-08-30 10:01"], [5, 0, 60]),
        (["2026-08-30T10:00:00Z", "2026-08-30T12:00:01+02:00", "2026-08-30T09:00:02-01:00"], [0, 1, 2]),
        (["2026-08-30", "2026-08-31"], [0, 86400]),
        (["20260830T100000", "20260830T100001"], [0, 1]),
        (["2026-08-30T10:00:00.000000", "2026-08-30T10:00:00.123456789"], [0, 0.123456789]),
        (["2026-08-30T10:00:00.5+00:00", "2026-08-30T10:00:00.123456789012+00:00"], [0.376543211, 0]),
    ],
)
def test_iso_arrivals_count_from_the_earliest(written: Any, cells: list[str], expected: list[float]) -> None:
    jobs = run(written("arrival,service\n" + "".join(f"{cell},1\n" for cell in cells)))
    assert jobs.table.arrival_ns.tolist() == [round(second * SECOND) for second in expected]


def test_observed_columns(written: Any) -> None:
    path = written(
        "arrival,start,finish,replica,slot\n"
        "2026-08-30T10:00:10,2026-08-30T10:00:12,2026-08-30T10:00:22,1,3.0\n"
        "2026-08-30T10:00:00,2026-08-30T09:59:59.5,2026-08-30T10:00:05,-1,\n"
    )
    rows = read_trace_csv(path)
    assert len(rows) == 2
    assert rows.started_ns.tolist() == [12 * SECOND, -SECOND // 2]
    assert rows.finished_ns.tolist() == [22 * SECOND, 5 * SECOND]
    assert rows.replica.tolist() == [1, -1]
    assert rows.slot.tolist() == [3, -1]
    assert rows.path == path
    unobserved = read_trace_csv(written("arrival,service,start\n0,1,\n"))
    assert unobserved.started_ns.tolist() == unobserved.finished_ns.tolist() == [NEVER]


@pytest.mark.parametrize(
    "text",
    [
        "\ufeffarrival,service\r\n0,1\r\n\r\n5,2\r\n",
        '"arrival","service"\n"0","1"\n"5","2"',
        "\n\narrival , service\n 0 , 1 \n   \n 5 ,2\n\n",
        "arrival,service\r0,1\r5,2\r",
        'arrival,service,note\n0,1,"two\nlines, a ""quote"""\n5,2,\n',
    ],
)
def test_ways_to_write_the_same(written: Any, text: str) -> None:
    jobs = run(written(text))
    assert (jobs.table.arrival_ns // SECOND).tolist() == [0, 5]
    assert (jobs.demand_ns // SECOND).tolist() == [1, 2]


# -- classes and settings -----------------------------------------------------------------------------------

CLASSES = {
    "first": JobClass(service=7, queue="slow", priority=3, expires="1 min"),
    "second": JobClass(service=Exponential(mean=5), priority=1, expires=Exponential(mean="1 min")),
    "settings": JobClass(queue="set", expires="2 min"),
}


def test_rows_take_what_they_do_not_say_from_their_class(written: Any) -> None:
    rows = ["0,1,,,,", "1,2,,own,0,5", "2,3,settings,,,", "3,4,unknown,,,", "4,,first,,,"]
    text = "\n".join(["arrival,service,job_class,queue,priority,expires", *rows])
    jobs = run(written(text), jobs=CLASSES)
    table = jobs.table
    assert table.classes == ("first", "second", "settings", "unknown")
    assert [table.classes[k] for k in table.job_class] == ["first", "first", "settings", "unknown", "first"]
    assert [table.queues[k] for k in table.queue] == ["slow", "own", "set", "default", "slow"]
    assert table.queues == ("slow", "set", "default", "own")
    assert table.priority.tolist() == [3, 0, 0, 0, 3]
    assert [ns if ns == NEVER else ns // SECOND for ns in table.expires_ns.tolist()] == [60, 6, 122, NEVER, 64]
    assert [jobs.phases(i) for i in range(5)] == [
        [(IO, SECOND)], [(IO, 2 * SECOND)], [(IO, 3 * SECOND)], [(IO, 4 * SECOND)], [(CPU, 7 * SECOND)],
    ]  # fmt: skip


def test_without_classes_rows_have_the_settings_of_nobody(written: Any) -> None:
    table = run(written("arrival,service,job_class\n0,1,\n0,1,a\n"), queues=["x", "y"]).table
    assert [table.classes[k] for k in table.job_class] == ["job", "a"]
    assert table.queues == ("x", "y")
    assert table.queue.tolist() == [0, 0]
    assert table.expires_ns.tolist() == [NEVER] * 2
    assert run(written("arrival,service\n0,1\n")).table.queues == ("default",)


def test_rows_may_leave_their_demand_to_the_class_that_they_name(written: Any) -> None:
    text = "arrival,job_class,service\n" + "0,second,\n1,first,2\n" * 500
    jobs = run(written(text), jobs=CLASSES)
    own, drawn = jobs.phase_demand_ns[1::2], jobs.phase_demand_ns[::2]
    assert set(own.tolist()) == {2 * SECOND}
    assert drawn.mean() / SECOND == pytest.approx(5, rel=0.2)
    assert len(set(drawn.tolist())) == 500
    assert jobs.phase_kind.tolist() == [CPU, IO] * 500
    patience = jobs.table.expires_ns - jobs.table.arrival_ns
    assert set(patience[1::2].tolist()) == {60 * SECOND}
    assert len(set(patience[::2].tolist())) == 500


def test_a_file_of_arrivals_alone_draws_from_the_first_class(written: Any) -> None:
    jobs = run(written("arrival\n3\n1\n"), jobs=CLASSES)
    assert jobs.phases(0) == jobs.phases(1) == [(CPU, 7 * SECOND)]
    assert jobs.table.classes[jobs.table.job_class[0]] == "first"


def test_a_trace_beside_other_streams_leaves_them_alone(written: Any) -> None:
    classes = {"second": CLASSES["second"]}
    stream = Every(interval="1 s", until="9 s")
    with_trace = run(written("arrival,service\n0.5,1\n"), stream, jobs=classes)
    assert len(with_trace) == 11
    assert with_trace.table.arrival_ns[1] == SECOND // 2


def test_a_path_is_relative_to_the_scenario(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "t.csv").write_text("arrival,service\n0,1\n")
    monkeypatch.chdir(tmp_path)
    assert len(run(Path("t.csv"))) == 1


# -- bad input -----------------------------------------------------------------------------------------------

HEAD = "arrival,service\n0,1\n"
ISO = "arrival,service\n2026-08-30T10:00,1\n"
ZONED = "arrival,service\n2026-08-30T10:00Z,1\n"
ROW2 = "row 2 (line 3), column "


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "is empty; expected a header"),
        ("\n\n", "is empty; expected a header"),
        ("arrival,service\n", "has no rows"),
        ("arrival_ms,service_ms\n0,1\n", "column `arrival` is missing; did you mean 'arrival_ms'?"),
        ("0,5\n1,5\n", "column `arrival` is missing; the header has 0, 5"),
        ("arrival;service\n0;1\n", "column `arrival` is missing; the header has 'arrival;service'"),
        ("arrival,service_ms\n0,1\n", "no column says what a job needs; expected `service`"),
        ("arrival,service_ms\n0,1\n", "did you mean 'service_ms'?"),
        ("arrival,service,arrival\n0,1,2\n", "the header has column 'arrival' twice"),
        (HEAD + "5\n", "row 2 (line 3): expected 2 fields, as in the header, found 1"),
        (HEAD + "5,1,1\n", "row 2 (line 3): expected 2 fields, as in the header, found 3"),
        (HEAD + "\nx,1\n", "row 2 (line 4), column arrival: expected a number of seconds, found 'x'"),
        (HEAD + ",1\n", ROW2 + "arrival: expected seconds, from 0 to 100 years, or ISO 8601, found nothing"),
        (HEAD + "-5,1\n", ROW2 + "arrival: expected seconds, from 0 to 100 years, or ISO 8601, found -5"),
        (HEAD + "1e400,1\n", ROW2 + "arrival: expected a number of seconds, found 1e400"),
        (HEAD + "1e13,1\n", ROW2 + "arrival: expected seconds, from 0 to 100 years"),
        (HEAD + "nan,1\n", "column arrival: expected a number of seconds, found 'nan'"),
        (HEAD + "inf,1\n", "column arrival: expected a number of seconds, found 'inf'"),
        (HEAD + "1_0,1\n", "column arrival: expected a number of seconds, found '1_0'"),
        (HEAD + "\u0661,1\n", "column arrival: expected a number of seconds, found '\u0661'"),
        (HEAD + "20 min,1\n", "column arrival: expected a number of seconds, found '20 min'"),
        (HEAD + "2026-08-30,1\n", ROW2 + "arrival: expected seconds, as in the rows before"),
        (ISO + "5,1\n", ROW2 + "arrival: expected ISO 8601 without a time zone"),
        (ISO + "2026-08-30T10:00Z,1\n", ROW2 + "arrival: expected ISO 8601 without a time zone"),
        (ZONED + "2026-08-30T10:00,1\n", ROW2 + "arrival: expected ISO 8601 with a time zone"),
        (ZONED + "2026-13-30T10:00Z,1\n", ROW2 + "arrival"),
        ("arrival,service\n0001-01-01T00:00,1\n", "row 1 (line 2), column arrival: expected a year from 1970 to 2200"),
        ("arrival,service\n1970-01-01,1\n2100-01-01,1\n", "row 2, column arrival: lies more than 100 years after"),
        (HEAD + "5,\n", "row 2 (line 3): nothing says what the job needs"),
        (HEAD + "5,-1\n", ROW2 + "service: expected seconds, from 0 to 100 years, found -1"),
        (HEAD + "5,1e10\n", ROW2 + "service"),
        (HEAD + '5,"1,5"\n', ROW2 + "service: expected a number of seconds, found '1,5'"),
        ("arrival,phases\n0,gpu:1\n", "row 1 (line 2), column phases: expected phases such as"),
        ("arrival,phases\n0,cpu:1;;io:1\n", "column phases: expected phases such as"),
        ("arrival,phases\n0,cpu:one\n", "column phases: expected a number of seconds, found 'one'"),
        ("arrival,phases\n0,cpu\n", "column phases: expected a number of seconds, found ''"),
        ("arrival,cpu,io\n0,1,x\n", "column io: expected a number of seconds, found 'x'"),
        ("arrival,service,priority\n0,1,-1\n", "column priority: expected a whole number from 0 to"),
        ("arrival,service,priority\n0,1,1.5\n", "column priority: expected a whole number"),
        ("arrival,service,expires\n0,1,-1\n", "column expires: expected seconds"),
        ("arrival,service,replica\n0,1,worker-1\n", "column replica: expected a whole number, counted"),
        ("arrival,service,queue\n0,1,a\tb\n", "column queue: expected a printable name"),
        ("arrival,service,job_class\n0,1," + "x" * 300 + "\n", "column job_class: expected a printable name of"),
        ("arrival,start,finish\n10,5,20\n", "row 1 (line 2), column start: 5 lies 5 s before arrival"),
        ("arrival,start,finish\n10,12,11\n", "row 1 (line 2), column finish: lies 1 s before start"),
        ("arrival,start,finish\n10,12,999999999\n", "column finish: 999999999 lies 1e+09 s after arrival"),
        ("arrival,start,finish\n10,2026-08-30,5\n", "column start: expected seconds, as in the rows before"),
        ("arrival,start,finish\n10,1,\n", "row 1 (line 2)"),
        ("arrival,service,fails\n0,1,\n0,1,2.5\n0,1,3\n", ROW2 + "fails: expected a whole number from 0 to 1000000"),
        ("arrival,service,time_limit\n0,1,0\n", "column time_limit: expected seconds, above 0, found 0"),
        ('arrival,service\n0,"1\n', "line 2: unexpected end of data"),
        ('arrival,service\n0,"1"x\n', "line 2: "),
        (b"arrival,service\n0,\xff\n", "line 2 is not UTF-8"),
        (b"arrival,service\n0,1\0\n", "line 2 holds a NUL byte"),
        ("arrival,service\n0,1\n".encode("utf-16"), "line 1 is not UTF-8"),
        (bytes(range(256)) * 100, "is not UTF-8"),
        ("arrival,service\n0," + "1" * 200_000 + "\n", "line 2: field larger than field limit"),
        ("arrival,service\n0," + "1" * 2_000_000 + "\n", "line 2 is longer than 1 MB"),
        ("arrival,service\n0," + "1" * 100_000 + "\n", "row 1 (line 2), column service"),
        ("arrival,service\n0,1e" + "9" * 50_000 + "\n", "row 1 (line 2), column service"),
        (b"\x7fELF" + bytes(1000), "line 1 holds a NUL byte"),
    ],
)  # fmt: skip
def test_bad_files_are_refused_in_words(written: Any, content: str | bytes, says: str) -> None:
    path = written(content)
    begun = time.monotonic()
    with pytest.raises(InputError) as caught:
        run(path)
    assert time.monotonic() - begun < 2
    assert says in str(caught.value)
    assert all(
        problem.startswith(f"{path}: ") and "\n" not in problem and len(problem) < 500
        for problem in caught.value.problems
    )


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("absent.csv", "no such file"),
        (".", "is no file"),
        ("a\0b", "no such file"),
        ("x" * 300, "cannot be read: File name too long"),
    ],
)
def test_a_path_that_is_no_file(tmp_path: Path, name: str, says: str) -> None:
    with pytest.raises(InputError, match=says):
        read_trace_csv(tmp_path / name)
    with pytest.raises(InputError, match="is no file"):
        read_trace_csv("/dev/zero")


def test_an_unreadable_file(written: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    path = written(HEAD)
    monkeypatch.setattr(Path, "open", denied)
    with pytest.raises(InputError, match=r"t\.csv: cannot be read: Permission denied"):
        read_trace_csv(path)


def test_problems_are_reported_together_in_the_order_of_the_rows(written: Any) -> None:
    path = written("arrival,service,priority\n0,x,1\n1,1,y\nz,1,1\n3,,1\n")
    with pytest.raises(InputError) as caught:
        run(path)
    assert [problem.split(": ")[1] for problem in caught.value.problems] == [
        "row 1 (line 2), column service",
        ROW2 + "priority",
        "row 3 (line 4), column arrival",
        "row 4 (line 5)",
    ]


def test_ten_problems_are_enough(written: Any) -> None:
    for row in ("x,1\n", "0,x\n", "0\n", "0,\n", "-1,1\n"):
        with pytest.raises(InputError) as caught:
            run(written("arrival,service\n" + row * 1000))
        assert len(caught.value.problems) == 11
        assert "row 10 (line 11)" in caught.value.problems[9]
        assert "reading stopped there" in caught.value.problems[10]


def test_a_problem_far_down_is_named_by_its_row(written: Any) -> None:
    with pytest.raises(InputError, match=r"row 20001 \(line 20002\), column service"):
        run(written("arrival,service\n" + "0,1\n" * 20_000 + "0,x\n"))


def test_rows_of_several_chunks_stay_in_order(written: Any) -> None:
    count = 20_000
    text = "arrival,phases,job_class\n" + "".join(f"{i},cpu:{i % 7}.5;io:1,c{i % 3}\n" for i in range(count))
    jobs = run(written(text))
    assert (jobs.table.arrival_ns == np.arange(count) * SECOND).all()
    assert (jobs.phase_demand_ns[::2] == np.arange(count) % 7 * SECOND + SECOND // 2).all()
    assert (jobs.table.job_class == np.arange(count) % 3).all()


def test_a_row_that_names_a_class_without_demands_says_too_little(written: Any) -> None:
    path = written("arrival,job_class,service\n0,settings,\n0,second,\n0,,\n")
    with pytest.raises(InputError) as caught:
        run(path, jobs=CLASSES)
    assert ["row 1" in caught.value.problems[0], "row 3" in caught.value.problems[1]] == [True, True]
    with pytest.raises(InputError, match="no column says what a job needs"):
        run(written("arrival\n0\n"))


@pytest.mark.skipif(not CASES.is_dir(), reason="../shared is not there")
def test_two_clocks_or_two_units_in_one_file() -> None:
    with pytest.raises(InputError) as caught:
        read_trace_csv(CASES / "trace_mixed_clocks.csv")
    (problem,) = caught.value.problems
    assert "trace_mixed_clocks.csv: row 1 (line 2), column start: 1789000000500 lies 1.8e+12 s after arrival" in problem
    assert "(2 more like it)" in problem
    with pytest.raises(InputError) as caught:
        read_trace_csv(CASES / "trace_milliseconds.csv")
    (problem,) = caught.value.problems
    assert problem.endswith("trace_milliseconds.csv: column `arrival` is missing; did you mean 'arrival_ms'?")


@given(text=st.text(max_size=30) | st.from_regex(r"[-+0-9.eET:Z]{1,25}", fullmatch=True))
def test_no_cell_breaks_the_clock(text: str) -> None:
    for style in ("0", "2026-08-30", "2026-08-30T10:00Z"):
        clock = Clock(style)
        try:
            read = clock.read_iso if clock.is_iso else clock.read_seconds
            assert isinstance(read(text.strip()), int)
        except ValueError as error:
            assert "expected" in str(error)  # noqa: PT017  # both ways out are right


@given(content=st.binary(max_size=200))
def test_no_content_breaks_the_reader(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.mktemp("any") / "t.csv"
    for head in (b"", b"arrival,service,phases,job_class,start\n", b"arrival,phases\n2026-08-30,"):
        path.write_bytes(head + content)
        try:
            assert len(read_trace_csv(path)) > 0
        except InputError as error:
            assert all(problem.startswith(str(path)) for problem in error.problems)  # noqa: PT017  # as above


@pytest.mark.parametrize("content", ["arrival\n0\n", 'arrival,service\n0,1\n1,"1'], ids=["header", "quotes"])
def test_a_refused_file_is_closed_at_once(written: Any, monkeypatch: pytest.MonkeyPatch, content: str) -> None:
    path, opened, really = written(content), [], Path.open

    def noted(*given: Any, **how: Any) -> Any:
        opened.append(really(*given, **how))
        return opened[-1]

    monkeypatch.setattr(Path, "open", noted)
    with pytest.raises(InputError) as refused:  # its traceback holds on to what was being read
        read_trace_csv(path)
    assert [file.closed for file in opened] == [True]
    assert str(path) in str(refused.value)
