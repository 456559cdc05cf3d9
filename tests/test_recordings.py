"""The recordings of a real Celery fleet: read as they were observed, and replayed on their own fleets."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import workersim as ws
from workersim.traces.recorded_fleet import celery_settings, fleet_events, recorded_fleet
from workersim.units import NEVER, SECOND

RECORDINGS = Path(__file__).parent / "recordings"

# Observed waits from publication (a countdown: from when it was due) to the first start, as the notes of the
# recordings have them: mean, p95, max in seconds; jobs that succeeded; whether a replay comes within 3 % and 30 ms.
OBSERVED = {
    "burst10_1x4": ((3.998, 9.989, 9.991), 10, True),
    "burst10_3x4": ((0.006, 0.009, 0.009), 10, True),
    "backlog12_3x4": ((6.214, 11.212, 11.212), 12, False),
    "poisson200_2x4_early4": ((1.162, 4.165, 6.177), 200, False),
    "poisson200_2x4_late1": ((0.752, 2.896, 3.538), 200, True),
    "burst8_1x3": ((5.248, 11.994, 11.994), 8, True),
    "burst17_3x3": ((4.214, 8.954, 8.954), 17, True),
    "backlog20_3x2_early4": ((7.752, 11.997, 14.494), 20, True),
    "backlog20_3x2_late1": ((7.486, 11.970, 11.971), 20, True),
    "poisson200_3x3_early4": ((0.713, 2.909, 3.949), 200, True),
    "poisson200_3x3_early1": ((0.609, 2.585, 4.179), 200, False),
    "poisson200_3x3_late1": ((0.383, 1.403, 1.795), 200, True),
    "poisson200_3x3_noprefetch": ((0.382, 1.400, 1.793), 200, True),
    "cpu_burst24_1x4": ((11.040, 22.091, 22.102), 24, True),
    "cpu_poisson110_1x5": ((0.147, 0.968, 2.869), 110, True),
    "queues_strict_2x2_late1": ((11.947, 28.126, 28.808), 75, True),
    "queues_roundrobin_2x2_late1": ((12.158, 27.992, 28.527), 75, True),
    "priority_2x2_late1": ((4.908, 18.801, 20.534), 80, True),
    "priority_2x2_early4": ((4.800, 8.517, 10.516), 80, True),
    "kill_2x2_early4": ((6.956, 20.710, 23.210), 43, False),
    "kill_2x2_late1_vt15": ((7.021, 17.372, 19.867), 50, True),
    "childkill_1x3_early4": ((0.428, 1.665, 2.554), 28, True),
    "childkill_1x3_late1_reject": ((0.819, 3.162, 3.786), 30, False),
    "term_2x3_early4": ((17.871, 39.991, 43.946), 40, True),
    "termkill_2x3_early4": ((13.005, 29.940, 34.935), 25, True),
    "join_2x3_early4": ((9.056, 17.493, 17.494), 32, True),
    "recycle4_1x3": ((0.254, 1.197, 2.213), 60, True),
    "limits_1x4": ((0.709, 2.098, 2.931), 63, True),
    "retry4s_1x3": ((0.131, 0.807, 1.037), 46, True),
    "expires6_1x3": ((3.987, 5.847, 5.977), 44, True),
    "autoscale6_2_1x6": ((0.366, 2.180, 2.301), 29, False),
    "eta_1x2_early1": ((15.824, 42.024, 43.525), 60, True),
}
OLDEST = ("burst10_1x4", "burst10_3x4", "backlog12_3x4", "poisson200_2x4_early4", "poisson200_2x4_late1")


@cache
def read(name: str) -> ws.Recording:
    return ws.read_trace(RECORDINGS / f"{name}.jsonl.gz")


def waits_s(recording: ws.Recording, *, retries: bool) -> Any:
    """Return from publication, or from when it was due, to the first start; with retries that of each attempt."""
    attempts = recording.observed.attempts
    assert recording.due_ns is not None
    due = np.where(recording.due_ns < NEVER, recording.due_ns, attempts.published_ns)
    if retries:
        return (attempts.started_ns - due)[attempts.started_ns < NEVER] / SECOND
    started = np.full(len(recording), NEVER)
    np.minimum.at(started, attempts.job, attempts.started_ns)
    waits = started - due[attempts.attempt == 0]
    return np.maximum(waits[started < NEVER], 0) / SECOND


@pytest.mark.parametrize("name", OBSERVED)
def test_what_was_observed_is_read(name: str) -> None:
    (mean, p95, most), succeeded, _ = OBSERVED[name]
    found = read(name)
    waits = waits_s(found, retries=name.startswith("retry"))
    assert waits.mean() == pytest.approx(mean, abs=0.001)
    method = "linear" if name in OLDEST else "inverted_cdf"
    assert np.quantile(waits, 0.95, method=method) == pytest.approx(p95, abs=0.0015)  # type: ignore[call-overload]
    assert waits.max() == pytest.approx(most, abs=0.001)
    assert found.metrics is not None
    assert found.metrics["jobs"]["finished"] == succeeded
    found.observed.check()


def test_rows_of_what_went_wrong() -> None:
    def ended(name: str) -> dict[Any, int]:
        counts = read(name).attempts["outcome"].value_counts()
        return {outcome: int(count) for outcome, count in counts.items() if count}

    assert ended("kill_2x2_early4") == {"done": 43, "unfinished": 5, "lost": 2}
    assert ended("kill_2x2_late1_vt15") == {"done": 50, "lost": 2}
    assert ended("childkill_1x3_early4") == {"done": 28, "lost": 2}
    assert ended("childkill_1x3_late1_reject") == {"done": 30, "lost": 2}
    assert ended("term_2x3_early4") == {"done": 40, "redelivered": 12}
    assert ended("termkill_2x3_early4") == {"done": 25, "unfinished": 12, "lost": 3}
    assert ended("limits_1x4") == {"done": 63, "timed_out": 17}
    assert ended("retry4s_1x3") == {"done": 46, "retried": 40, "failed": 4}
    assert ended("expires6_1x3") == {"done": 44, "expired": 16}


def test_priorities_and_queues_are_those_of_the_recording() -> None:
    frame = read("priority_2x2_late1").attempts.groupby("priority")["wait"].mean()
    assert frame.round(1).tolist() == [0.4, 1.0, 1.6, 14.8]
    frame = read("queues_strict_2x2_late1").attempts.groupby("queue", observed=True)["wait"].mean()
    assert frame.round(1).to_dict() == {"default": 19.3, "high_priority": 1.0}


def test_utilization_and_what_workers_reserved_are_observed_too() -> None:
    found = read("poisson200_2x4_early4")
    assert found.over_time("utilization").mean() == pytest.approx(0.79, abs=0.005)
    assert read("join_2x3_early4").over_time("reserved").at(2.0) == 12.0


# The others depend on what no event shows (the ages of BRPOPs, which child was killed, when forks were done), or,
# as backlog12, on when workers were ready, which the recording does not say.
CLOSE = [name for name, (_, _, close) in OBSERVED.items() if close]
# In these single jobs go other ways, although all of them together wait as long.
FICKLE = {"backlog20_3x2_early4", "poisson200_3x3_early4", "priority_2x2_early4", "recycle4_1x3"}
CROSSED = {"kill_2x2_late1_vt15", "term_2x3_early4", "queues_roundrobin_2x2_late1", "burst10_3x4", "cpu_burst24_1x4"}


@cache
def replayed(name: str) -> Any:
    return ws.replay(read(name))


@pytest.mark.parametrize("name", CLOSE)
def test_a_replay_on_the_recorded_fleet_gives_the_observed_waits(name: str) -> None:
    result = replayed(name)
    figures = ("mean",) if name in FICKLE else ("mean", "p50", "p95")
    for figure in figures:
        observed, simulated = result.observed["wait"][figure], result.metrics["wait"][figure]
        assert abs(simulated - observed) <= 0.03 * observed + 0.03, (figure, observed, simulated)
    assert result.metrics["jobs"] == result.observed["jobs"]
    if name not in FICKLE | CROSSED:
        assert result.agreement.correlation > 0.99
        assert result.agreement.mean_error_s < 0.04


def test_a_recording_that_does_not_say_when_its_workers_were_ready() -> None:
    assert any("does not say when its workers were ready" in each for each in replayed("backlog12_3x4").warnings)
    assert not any("were ready" in each for each in replayed("poisson200_3x3_late1").warnings)


def test_processor_sharing_stretches_services_as_observed() -> None:
    for name in ("cpu_burst24_1x4", "cpu_poisson110_1x5"):
        difference = replayed(name).difference
        assert difference["service.mean"] == pytest.approx(0.0, abs=0.025)


@pytest.mark.parametrize(
    "ranked",
    [
        ("burst10_3x4", "burst10_1x4"),
        ("poisson200_2x4_late1", "poisson200_2x4_early4"),
        ("backlog20_3x2_late1", "backlog20_3x2_early4"),
        ("poisson200_3x3_noprefetch", "poisson200_3x3_early1", "poisson200_3x3_early4"),
        ("poisson200_3x3_late1", "poisson200_3x3_early1"),
        ("queues_strict_2x2_late1", "queues_roundrobin_2x2_late1"),
        ("priority_2x2_early4", "priority_2x2_late1"),
    ],
)
def test_of_fleets_with_the_same_jobs_the_better_one_comes_first(ranked: tuple[str, ...]) -> None:
    for figures in ("observed", "metrics"):
        means = [getattr(replayed(name), figures)["wait"]["mean"] for name in ranked]
        assert means == sorted(means), figures


def test_the_settings_of_a_recorded_fleet() -> None:
    told = recorded_fleet(read("queues_strict_2x2_late1").meta)
    assert told is not None
    fleet, _ = told
    assert (fleet.replicas, fleet.concurrency, fleet.cores) == (2, 2, 1.0)
    assert (fleet.queues, fleet.queue_order) == (("high_priority", "default"), "priority")
    assert fleet.celery is not None
    assert (fleet.celery.acks, fleet.celery.window(2)) == ("late", 2)
    assert celery_settings(read("recycle4_1x3").meta) == {
        "prefetch_multiplier": 4,
        "acks": "early",
        "disable_prefetch": False,
        "visibility_timeout": "3600 s",
        "max_tasks_per_child": 4,
        "process_start": "1.5 s",
    }
    assert celery_settings(read("poisson200_2x4_late1").meta)["acks"] == "late"
    assert fleet_events(read("kill_2x2_early4").meta)["crashes"][0]["replica"] == 0
    assert fleet_events(read("termkill_2x3_early4").meta)["stops"][0]["grace"].startswith("1.5")
    assert fleet_events(read("join_2x3_early4").meta)["changes"][0]["replicas"] == 2
    told = recorded_fleet(read("autoscale6_2_1x6").meta)
    assert told is not None
    assert told[0].celery is not None
    assert told[0].celery.autoscale is not None
    assert (told[0].celery.autoscale.min, told[0].celery.autoscale.max, told[0].concurrency) == (2, 6, 6)
    assert recorded_fleet({}) is None


def table_row(name: str) -> str:
    """Return the row of the docs' table for a recording."""
    found = replayed(name)
    cells = [f"{block['wait']['mean']:.3f} / {block['wait']['p95']:.3f}" for block in (found.observed, found.metrics)]
    return f"| {name} | {cells[0]} | {cells[1]} | {found.difference['wait.mean']:+.1%} |"


def test_the_table_of_the_docs() -> None:
    page = (Path(__file__).parents[1] / "docs" / "traces.md").read_text(encoding="utf-8")
    rows = [table_row(name) for name in OBSERVED]
    assert [row for row in rows if row not in page] == []
