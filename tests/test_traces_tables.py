"""Tables of recorded jobs: what is read from them, what is repaired by which rule, and what is refused by its row."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import workersim as ws
from workersim.errors import InputError, LogError, MissingExtraError

if TYPE_CHECKING:
    from collections.abc import Callable

CASES = Path(__file__).parents[2] / "shared" / "cases" / "files"

# A row a task, as django-celery-results writes it: r-1 and r-2 without track_started, r-6 still at work.
RESULTS = """task_id,task_name,worker,status,date_created,date_started,date_done
r-1,docs.extract,celery@w1,SUCCESS,@00:33:32.900+00:00,,@00:33:33.000+00:00
r-2,docs.extract,celery@w1,SUCCESS,@00:37:35.100+00:00,,@00:37:35.200+00:00
r-3,docs.extract,celery@w1,SUCCESS,@00:41:40.000+00:00,@00:42:10.000+00:00,@00:48:10.000+00:00
r-4,docs.extract,celery@w1,FAILURE,@00:42:40.000+00:00,@00:48:10.500+00:00,@00:48:20.500+00:00
r-5,docs.extract,celery@w1,SUCCESS,@00:43:20.000+00:00,@00:48:20.600+00:00,@00:51:20.600+00:00
r-6,docs.extract,celery@w1,STARTED,@00:45:00.000+00:00,@00:51:20.700+00:00,@00:51:20.700+00:00
""".replace("@", "2026-09-10 ")
# Offsets differ, one row is of another executor, one runs, one waits, one was skipped.
INSTANCES = """dag_id,task_id,run_id,state,queued_dttm,start_date,end_date,duration,pool,queue,executor,try_number
d,load,1,success,@00:26:40+00:00,@00:26:44+00:00,@00:31:44+00:00,300,p,default,CeleryExecutor,1
d,load2,1,success,@02:26:40+02:00,@02:26:45+02:00,@02:36:45+02:00,600,p,default,CeleryExecutor,1
d,etl,1,success,@00:27:40+00:00,@00:31:45+00:00,@00:41:45+00:00,600,p,default,CeleryExecutor,1
d,etl2,1,failed,@00:27:40+00:00,@00:36:46+00:00,@00:37:46+00:00,60,p,default,CeleryExecutor,2
d,k8s,1,success,@00:27:40+00:00,@00:27:50+00:00,@00:32:50+00:00,300,p,k,KubernetesExecutor,1
d,ml,1,running,@02:28:40+02:00,@02:37:47+02:00,,,p,default,CeleryExecutor,1
d,late,1,queued,@00:28:50+00:00,,,,p,default,CeleryExecutor,0
d,skip,1,skipped,,,,,p,default,CeleryExecutor,0
""".replace("@", "2026-09-10 ")
DAY = 1_789_000_000


@pytest.fixture
def written(tmp_path: Path) -> Callable[..., Path]:
    """Return what writes a file and gives its path."""

    def write(content: str | bytes, name: str = "t.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


def waits(recording: ws.Recording) -> list[float]:
    found: list[float] = recording.attempts["wait"].dropna().round(6).tolist()
    return found


def services(recording: ws.Recording) -> list[float]:
    found: list[float] = recording.attempts["service"].dropna().round(6).tolist()
    return found


def said(recording: ws.Recording, words: str) -> bool:
    return any(words in warning for warning in recording.to_dict()["warnings"])


# -- what people reported: the numbers are those of the cases -----------------------------------------------


@pytest.mark.parametrize("kind", ["csv", "json", "dump"])
def test_c51_a_table_of_task_results(written: Callable[..., Path], kind: str) -> None:
    path = written(RESULTS)
    if kind != "csv":
        names, *rows = [line.split(",") for line in RESULTS.splitlines()]
        told: list[dict[str, Any]] = [
            {name: cell or None for name, cell in zip(names, row, strict=True)} for row in rows
        ]
        if kind == "dump":
            told = [{"model": "django_celery_results.taskresult", "pk": i, "fields": row} for i, row in enumerate(told)]
        path = written(json.dumps(told), "t.json")
    found = ws.read_trace(path)
    assert found.format == "django-celery-results"
    assert waits(found) == [30.0, 330.5, 300.6]
    assert services(found) == [360.0, 10.0, 180.0]
    held = found.to_dict()
    assert (held["rows"], held["jobs"], held["started"], held["finished"]) == (6, 6, 3, 3)
    assert held["wait"]["mean"] == pytest.approx(220.3667, abs=1e-4)
    assert held["arrival_from"] == "created"
    assert said(found, "2 rows left out: nothing says when they started")
    assert said(found, "1 row left out: not at its end yet, and date_done of such a row is no end (row 6)")


def test_c57_task_instances_of_airflow(written: Callable[..., Path]) -> None:
    found = ws.read_trace(written(INSTANCES))
    assert found.format == "airflow"
    assert waits(found) == [4.0, 5.0, 245.0, 546.0, 547.0]
    assert services(found) == [300.0, 600.0, 600.0, 60.0]
    assert found.attempts["outcome"].tolist() == ["done", "done", "done", "failed", "unfinished", "unfinished"]
    held = found.to_dict()
    assert (held["rows"], held["jobs"], held["started"], held["finished"]) == (8, 6, 5, 4)
    assert held["wait"]["mean"] == pytest.approx(269.4)
    assert said(found, "'KubernetesExecutor' is another fleet (row 5)")
    assert said(found, "'skipped' never queued, so no job (row 8)")
    assert said(found, "2 rows with another UTC offset in 'queued_dttm' than most: made UTC")
    assert said(found, "1 row of a later try")


def test_c58_two_clocks_in_one_file(written: Callable[..., Path]) -> None:
    path = written("arrival,start,finish\n0,1789000000500,1789000600500\n30,1789000600600,1789001200600\n")
    with pytest.raises(InputError) as error:
        ws.read_trace(path)
    assert len(error.value.problems) == 1
    assert str(error.value).endswith(
        "t.csv: row 1 (line 2), column start: 1789000000500 lies 1.8e+12 s after arrival; "
        "expected the clock and the unit of `arrival` (1 more like it)"
    )


def test_c58_milliseconds_by_other_names(written: Callable[..., Path]) -> None:
    path = written("arrival_ms,service_ms\n0,45000\n10000,45000\n20000,45000\n95000,30000\n")
    with pytest.raises(InputError, match=r"t\.csv: column `arrival` is missing; did you mean 'arrival_ms'\?$"):
        ws.read_trace(path)
    found = ws.read_trace(path, columns={"arrival": "arrival_ms", "service": "service_ms"})
    assert said(found, "Column 'service_ms' is read as milliseconds, by its name.")
    result = ws.replay(found, ws.Fleet(replicas=1, concurrency=1))
    assert result.attempts["wait"].tolist() == [0.0, 35.0, 70.0, 40.0]


@pytest.mark.skipif(not CASES.is_dir(), reason="the folder with the cases is not beside the project")
def test_the_files_of_the_cases() -> None:
    assert waits(ws.read_trace(CASES / "django_celery_results_taskresult.csv")) == [30.0, 330.5, 300.6]
    assert waits(ws.read_trace(CASES / "airflow_task_instance.csv")) == [4.0, 5.0, 245.0, 546.0, 547.0]
    for name in ("trace_mixed_clocks.csv", "trace_milliseconds.csv"):
        with pytest.raises(InputError):
            ws.read_trace(CASES / name)


# -- instants -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cells", "style"),
    [
        (("0", "60.5"), None),
        ((f"{DAY}", f"{DAY}.0", f"{DAY + 60}.5"), "epoch seconds"),
        ((f"{DAY}000", f"{DAY + 60}500"), "epoch milliseconds"),
        ((f"{DAY}000000", f"{DAY + 60}500000"), "epoch microseconds"),
        ((f"{DAY}000000000", f"{DAY + 60}500000000"), "epoch nanoseconds"),
        (("2026-09-10T00:00:00Z", "2026-09-10T02:01:00.5+02:00"), "ISO 8601 with a time zone"),
        (("2026-09-10 00:00:00", "2026-09-10 00:01:00.5"), "ISO 8601 without a time zone"),
    ],
)
def test_clocks_are_recognised_and_said(
    written: Callable[..., Path], cells: tuple[str, ...], style: str | None
) -> None:
    found = ws.read_trace(written("arrival,service\n" + "".join(f"{cell},1\n" for cell in cells)))
    assert found.arrival_ns[[0, -1]].tolist() == [0, 60_500_000_000]
    assert style is None or said(found, f"Column 'arrival' is read as {style}.")


@pytest.mark.parametrize(
    ("first", "then", "says"),
    [
        (f"{DAY}", f"{DAY}000", "expected epoch seconds from 1990 to 2115, as in the rows before"),
        (f"{DAY}000", f"{DAY}", "expected epoch milliseconds from 1990 to 2115, as in the rows before"),
        ("0", "2026-09-10T00:00:00Z", "expected seconds, as in the rows before"),
        ("2026-09-10T00:00:00Z", "5", "expected ISO 8601 with a time zone, as in the rows before"),
        ("2026-09-10T00:00:00Z", "2026-09-10T00:00:00", "expected ISO 8601 with a time zone, as in the rows before"),
        ("0", "-5", "expected seconds, from 0 to 100 years"),
        ("0", "1e999999", "expected seconds, as in the rows before"),
        ("0", "", "expected an instant, found nothing"),
        ("0", "-1", "expected an instant, found nothing"),
    ],
)
def test_mixed_units_are_refused_by_row(written: Callable[..., Path], first: str, then: str, says: str) -> None:
    with pytest.raises(InputError, match=r"row 2 \(line 3\), column arrival: ") as error:
        ws.read_trace(written(f"arrival,service\n{first},1\n{then},1\n"))
    assert says in str(error.value)


def test_columns_may_have_clocks_of_their_own_if_both_are_of_the_calendar(written: Callable[..., Path]) -> None:
    found = ws.read_trace(written(f"arrival,start,finish\n2026-09-10T00:26:40Z,{DAY + 5}.5,{DAY + 9}000\n"))
    assert (waits(found), services(found)) == ([5.5], [3.5])


# -- rows that say too little, or too much ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "wait", "service", "outcome"),
    [
        ("10,12,15,", 2.0, 3.0, "done"),
        ("10,12,,", 2.0, None, "unfinished"),
        ("10,12,-1,", 2.0, None, "unfinished"),
        ("10,,,", None, None, "unfinished"),
        ("10,,15,2", 3.0, 2.0, "done"),  # the finish less the service
        ("10,12,,4", 2.0, 4.0, "done"),  # the start and the service
        ("10,9.5,15,", 0.0, 5.0, "done"),  # half a second before it arrives: two clocks
    ],
)
def test_what_is_missing_follows_from_the_rest(
    written: Callable[..., Path], row: str, wait: float | None, service: float | None, outcome: str
) -> None:
    found = ws.read_trace(written(f"arrival,start,finish,service\n0,0,1,\n{row}\n")).attempts.iloc[1]
    assert [None if each != each else each for each in (found["wait"], found["service"])] == [wait, service]  # noqa: PLR0124
    assert found["outcome"] == outcome


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("10,12,11", "column finish: lies 1 s before start; expected it later"),
        ("10,8,11", "column start: 8 lies 2 s before arrival; expected the clock and the unit of `arrival`"),
        ("10,400000010,400000011", "column start: 400000010 lies 4e+08 s after arrival"),
        ("10,twelve,13", "column start: expected seconds, as in the rows before, found 'twelve'"),
    ],
)
def test_rows_that_contradict_themselves_are_refused(written: Callable[..., Path], row: str, says: str) -> None:
    with pytest.raises(InputError) as error:
        ws.read_trace(written(f"arrival,start,finish\n0,0,1\n{row}\n"))
    assert f"row 2 (line 3), {says}" in str(error.value)


def test_rows_out_of_order_keep_it_and_are_counted(written: Callable[..., Path]) -> None:
    found = ws.read_trace(written("arrival,service\n5,1\n3,1\n4,1\n"))
    assert found.arrival_ns.tolist() == [5_000_000_000, 3_000_000_000, 4_000_000_000]
    assert said(found, "1 job arriving before one of an earlier row")


def test_messages_that_came_twice_and_retries_are_one_job(written: Callable[..., Path]) -> None:
    table = (
        "uid,at,begin,end,state\n"
        "a,0,1,2,RETRY\n"
        "b,1,2,3,SUCCESS\n"
        "a,0,5,7,SUCCESS\n"
        "b,1,2,3,SUCCESS\n"  # the same once more
        "c,4,,,PENDING\n"
    )
    columns = {"id": "uid", "arrival": "at", "start": "begin", "finish": "end", "outcome": "state"}
    found = ws.read_trace(written(table), columns=columns)
    assert found.attempts[["job", "attempt", "wait", "outcome"]].values.tolist()[:3] == [
        [0, 0, 1.0, "retried"],
        [0, 1, 5.0, "done"],
        [1, 0, 1.0, "done"],
    ]
    assert len(found) == 3
    assert found.to_dict()["rows"] == 5
    assert said(found, "1 row the same as an earlier one of its attempt, as of a message that came twice")
    assert said(found, "1 row of a further attempt of a job that has another row")
    found.observed.check()


def test_other_words_for_an_end_leave_it_to_the_times(written: Callable[..., Path]) -> None:
    columns = {"arrival": "a", "start": "s", "finish": "f", "outcome": "o"}
    found = ws.read_trace(written("a,s,f,o\n0,1,2,PHANTOM\n"), columns=columns)
    assert found.attempts["outcome"].tolist() == ["done"]
    assert said(found, "1 row with the end 'PHANTOM', which means nothing here")


# -- mapped columns ---------------------------------------------------------------------------------------


def test_sums_of_columns(written: Callable[..., Path]) -> None:
    columns = {"arrival": "86400 * day + at_s", "wait": "q", "service": "talk", "job_class": "type"}
    found = ws.read_trace(written("day,at_s,q,talk,type\n0,10,5,60,a\n1,10,0,30.5,b\n"), columns=columns)
    assert found.arrival_ns.tolist() == [10_000_000_000, 86_410_000_000_000]
    assert (waits(found), services(found)) == ([5.0, 0.0], [60.0, 30.5])
    assert found.observed.jobs.classes == ("a", "b")


def test_rows_that_stand_for_several_jobs(written: Callable[..., Path]) -> None:
    found = ws.read_trace(written("t,n\n0,2\n300,0\n600,3.0\n"), columns={"arrival": "t", "count": "n"})
    assert (found.arrival_ns / 1e9).tolist() == [0, 150, 600, 700, 800]
    assert found.jobs is None
    assert said(found, "Nothing says what jobs need")


@pytest.mark.parametrize(
    ("columns", "says"),
    [
        ({"arival": "a"}, "columns: expected one of arrival, .*found 'arival'; did you mean 'arrival'"),
        ({"arrival": "arrivals"}, "arrival: expected a column, found no 'arrivals'; did you mean 'arrival'"),
        ({"arrival": 3}, "columns.arrival: expected the name of a column, found 3"),
        ("arrival", "columns: expected a mapping such as"),
        ({"service": "service"}, "column `arrival` is missing"),
    ],
)
def test_columns_that_are_none(written: Callable[..., Path], columns: Any, says: str) -> None:
    with pytest.raises(InputError, match=says):
        ws.read_trace(written("arrival,service\n0,1\n"), columns=columns)


# -- files ------------------------------------------------------------------------------------------------


def test_semicolons_tabs_gzip_and_zstd(written: Callable[..., Path]) -> None:
    import pyarrow as pa  # type: ignore[import-untyped]  # noqa: PLC0415 (an extra)

    text = "arrival,start,finish\n0,1,2\n1,3,4\n"
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as stream:
        stream.write(text.encode())
    for content in (
        text,
        text.replace(",", ";"),
        text.replace(",", "\t"),
        gzip.compress(text.encode()),
        sink.getvalue().to_pybytes(),
    ):
        assert waits(ws.read_trace(written(content))) == [1.0, 2.0]


def test_parquet(tmp_path: Path) -> None:
    import pandas as pd  # noqa: PLC0415 (takes half a second)

    path = tmp_path / "t.parquet"
    start = pd.to_datetime(["2026-09-10T00:00:01.5Z", "NaT"], utc=True)
    frame = pd.DataFrame(
        {
            "arrival": pd.to_datetime(["2026-09-10T00:00:00Z", "2026-09-10T00:00:03Z"], utc=True),
            "start": start,
            "finish": start + pd.Timedelta(seconds=2),
            "priority": [3, 0],
            "job_class": ["a", "b"],
        }
    )
    frame.to_parquet(path)
    found = ws.read_trace(path)
    assert (found.format, waits(found), services(found)) == ("parquet", [1.5], [2.0])
    assert found.observed.jobs.priority.tolist() == [3, 0]


def test_what_is_needed_for_parquet_and_zstd_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    for content in (b"PAR1xxxx", b"\x28\xb5\x2f\xfdxxxx"):
        path = tmp_path / "t"
        path.write_bytes(content)
        with pytest.raises(MissingExtraError, match=r"pip install 'workersim\[parquet\]'"):
            ws.read_trace(path)


def test_what_our_own_runs_write_is_read_as_it_was(tmp_path: Path) -> None:
    overload = ws.run(ws.load(Path(__file__).parents[1] / "scenarios" / "4-overload.yaml"))
    for name in ("jobs.csv", "jobs.parquet"):
        path = tmp_path / name
        if name.endswith("csv"):
            overload.attempts.to_csv(path, index=False)
        else:
            overload.attempts.to_parquet(path, index=False)
        found = ws.read_trace(path)
        assert found.metrics is not None
        for block in ("wait", "service", "response", "queue_length"):
            assert found.metrics[block] == overload.metrics[block]
        assert np.array_equal(found.observed.attempts.slot, overload.log.attempts.slot)


def test_the_format_that_is_asked_for(written: Callable[..., Path]) -> None:
    path = written("arrival,service\n0,1\n")
    assert ws.read_trace(path, "csv").format == "csv"
    with pytest.raises(InputError, match="expected the columns of airflow, found a table of another kind"):
        ws.read_trace(path, "airflow")
    with pytest.raises(InputError, match=r"format: expected one of .*, found 'cvs'; did you mean 'csv'"):
        ws.read_trace(path, "cvs")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "is empty; expected a header"),
        ("arrival,service\n", "has no rows"),
        ("arrival,service\n0,1,2\n", r"row 1 \(line 2\): expected 2 fields, as in the header, found 3"),
        ("arrival,arrival\n0,1\n", "has column 'arrival' twice"),
        (b"arrival,service\n0,\xff\n", "line 2 is not UTF-8"),
        (b"arrival,service\n0,\x00\n", "holds a NUL byte"),
        ("[1, 2]", "row 1: expected an object in braces"),
        ('[{"arrival": 0,', "expected JSON"),
        ("{" * 100_000, "expected JSON"),
        ('[{"arrival": NaN}]', "is no number in JSON"),
        ('{"type": "task-sent"', "expected JSON"),
    ],
)
def test_files_that_are_none(written: Callable[..., Path], content: str | bytes, says: str) -> None:
    with pytest.raises(InputError, match=says):
        ws.read_trace(written(content))


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"absent\.csv: no such file"):
        ws.read_trace(tmp_path / "absent.csv")
    with pytest.raises(InputError, match="is no file"):
        ws.read_trace(tmp_path)


def test_a_file_without_starts_has_nothing_observed(written: Callable[..., Path]) -> None:
    found = ws.read_trace(written("arrival,service\n0,10\n5,20\n"))
    assert found.log is None
    assert found.metrics is None
    assert found.to_dict()["wait"] is None
    assert found.to_dict()["service"]["mean"] == 15.0
    assert found.to_dict()["offered_load"] == 6.0
    with pytest.raises(LogError, match="no starts"):
        found.over_time("queue_length")


def test_progress_is_told(written: Callable[..., Path]) -> None:
    told: list[tuple[int, int]] = []
    path = written("arrival,service\n" + "1,1\n" * 30_000)
    ws.read_trace(path, progress=lambda done, of: told.append((done, of)))
    assert len(told) >= 3
    assert all(done <= of == path.stat().st_size for done, of in told)


def test_names_from_a_file_are_escaped(written: Callable[..., Path]) -> None:
    found = ws.read_trace(
        written("arrival,start,finish,o\n0,1,2,<script>\n"),
        columns={
            "arrival": "arrival",
            "start": "start",
            "finish": "finish",
            "outcome": "o",
        },
    )
    assert "<script>" not in found._repr_html_()
    assert "&lt;script&gt;" in found._repr_html_()


# -- Flower -------------------------------------------------------------------------------------------------


def flower(**more: Any) -> dict[str, Any]:
    task: dict[str, Any] = {
        "uuid": "u", "name": "docs.extract", "state": "SUCCESS", "received": DAY + 1.0, "sent": None,
        "started": DAY + 3.0, "rejected": None, "succeeded": DAY + 10.0, "failed": None, "retried": None,
        "revoked": None, "args": "()", "kwargs": "{}", "eta": None, "expires": None, "retries": 0,
        "worker": "celery@w1", "result": "'x'", "exception": None, "timestamp": DAY + 10.0, "runtime": 6.9,
        "traceback": None, "exchange": None, "routing_key": None, "clock": 3, "client": None, "root": "u",
        "children": [],
    }  # fmt: skip
    return task | more


def dump(*tasks: dict[str, Any]) -> str:
    return json.dumps({f"u{i}": task | {"uuid": f"u{i}"} for i, task in enumerate(tasks)})


def test_flower_without_sent_waits_from_the_receipt(written: Callable[..., Path]) -> None:
    found = ws.read_trace(written(dump(flower(), flower(received=DAY + 2.0, started=DAY + 10.0, succeeded=DAY + 12.0))))
    assert found.format == "flower"
    assert found.arrival_from == "received"
    assert waits(found) == [2.0, 8.0]
    assert said(found, "2 rows without `sent`")


def test_flower_utilization_is_active_by_processes(written: Callable[..., Path]) -> None:
    tasks = [flower(sent=DAY + 0.0, started=DAY + 3.0 + i, worker=f"celery@w{i % 3}") for i in range(8)]
    tasks = [task | {"succeeded": None, "state": "STARTED", "runtime": None} for task in tasks] + [
        flower(sent=DAY + 0.0)
    ]
    found = ws.read_trace(written(dump(*tasks)), processes=4)
    # the guide: 8 active of 3 x 4 processes
    assert found.over_time("utilization").at(10.0) == pytest.approx(8 / 12)
    assert found.metrics is not None
    assert found.metrics["jobs"]["unfinished"] == 8


def test_flower_ends_by_state(written: Callable[..., Path]) -> None:
    states = {
        "FAILURE": ("failed", "failed"),
        "REVOKED": ("revoked", "expired"),
        "RETRY": ("retried", "retried"),
        "RECEIVED": ("", "unfinished"),
    }
    tasks = []
    for state, (column, _) in states.items():
        more: dict[str, Any] = {"state": state, "sent": DAY + 0.0, "succeeded": None, "runtime": None}
        if state in {"REVOKED", "RECEIVED"}:
            more["started"] = None
        tasks.append(flower(**more | ({column: DAY + 10.0} if column else {})))
    found = ws.read_trace(written(dump(flower(), *tasks)))
    assert found.attempts["outcome"].tolist() == ["done", *(outcome for _, outcome in states.values())]


def test_flower_a_worker_whose_clock_is_an_hour_behind(written: Callable[..., Path]) -> None:
    def of(worker: str, behind: float, at: float) -> dict[str, Any]:
        times = {
            "received": DAY + at + 1 - behind,
            "started": DAY + at + 3 - behind,
            "succeeded": DAY + at + 9 - behind,
        }
        return flower(sent=DAY + at, worker=worker, runtime=6.0, **times)

    found = ws.read_trace(written(dump(of("a", 0, 0.0), of("b", 3600, 5.0), of("b", 3600, 9.0))))
    assert said(found, "The clock of 'b' is 3,599 s behind that of the sender")
    assert waits(found) == [3.0, 2.0, 2.0]
    assert services(found) == [6.0, 6.0, 6.0]


def test_flower_a_receipt_that_crosses_the_sending(written: Callable[..., Path]) -> None:
    found = ws.read_trace(written(dump(flower(sent=DAY + 1.004))))
    assert said(found, "1 row received before it was sent")
    assert waits(found) == [pytest.approx(1.996)]


def test_a_start_just_before_the_arrival_shortens_what_is_replayed_too(written: Callable[..., Path]) -> None:
    jobs = ws.read_trace(written("arrival,start,finish\n0,0,1\n10,9.5,15\n")).jobs
    assert jobs is not None
    assert jobs.demand_ns.tolist() == [1_000_000_000, 5_000_000_000]
