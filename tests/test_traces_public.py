"""Public traces, which lie beside the project: the figures of their notes come out of the readers."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

import workersim as ws
from workersim.traces.features import dispersion
from workersim.units import SECOND

TRACES = Path(__file__).parents[2] / "shared" / "data" / "traces"
pytestmark = pytest.mark.skipif(
    not TRACES.is_dir(), reason="the folder with the public traces is not beside the project"
)

CALLS = {
    "arrival": "86400 * day + vru_exit_s",
    "wait": "q_time_s",
    "service": "ser_time_s",
    "outcome": "outcome",
    "job_class": "type",
    "worker": "server",
}


class Case(NamedTuple):
    """A file, its columns, and figures of its notes with how exactly they are printed."""

    file: str
    columns: dict[str, str] | None
    figures: dict[str, float]


def case(file: str, columns: dict[str, str] | None = None, /, **figures: float) -> Any:
    return pytest.param(Case(file, columns, figures), id=file)


@pytest.mark.parametrize(
    "case",
    [
        case(
            "kth_sp2_1996.swf", None, jobs=28481, gap_mean=1031, gap_cv=3.88, idc_600=3.7, idc_3600=8.6,
            service_mean=8860, service_cv=2.34, service_p50=847, service_p95=47786, wait_mean=15385,
            wait_p50=300, wait_p90=36540, wait_p95=84780,
        ),
        case(
            "hpc2n_2002_sample.swf", None, jobs=3170, gap_mean=1574, gap_cv=5.49, service_mean=10128, service_cv=2.52,
            service_p50=943, wait_mean=17285, wait_p50=3540, wait_p90=47640,
        ),
        case(
            "alibaba_genai_requests.csv", {"arrival": "t_s", "service": "exec_time_seconds"},
            jobs=26823, gap_mean=74, gap_cv=12.0, idc_600=27, idc_3600=140, service_mean=28.7, service_cv=0.73,
            service_p50=23,
        ),
        case(
            "azure_functions_2021_sample.csv", {"arrival": "start_s", "service": "duration_s", "job_class": "func"},
            jobs=199, gap_mean=6.1, gap_cv=1.86, service_mean=53, service_cv=1.89, service_p50=1.6, service_p95=330,
        ),
        case(
            "azure_llm_2023_code.csv", {"arrival": "t_s"},
            jobs=8819, rate=2.57, gap_mean=0.39, gap_cv=13.2, idc_60=164,
        ),
        case(
            "azure_llm_2023_conv.csv", {"arrival": "t_s"},
            jobs=19366, rate=5.53, gap_mean=0.18, gap_cv=1.09, idc_60=16,
        ),
    ],
)  # fmt: skip
def test_the_figures_of_the_notes(case: Case) -> None:
    held = ws.read_trace(TRACES / case.file, columns=case.columns).to_dict()
    for name, told in case.figures.items():
        block, _, figure = name.partition("_")
        found = held["dispersion" if block == "idc" else block]
        found = found[figure] if figure else found
        digits = f"{told:.10g}".partition(".")[2]
        assert found == pytest.approx(told, abs=0.51 * 10.0 ** -len(digits), rel=0.001 if "cv" in name else 0), name


def test_swf_says_what_does_not_fit() -> None:
    warnings = ws.read_trace(TRACES / "hpc2n_2002_sample.swf").warnings
    assert "The header speaks of 527,371 jobs, the file has 3,170 rows: the rows count." in warnings
    assert any(each.startswith("25 rows left out: without a run time") for each in warnings)
    assert any("rows on more than one processor" in each for each in warnings)


def test_swf_knows_the_cpu_time_of_most_jobs_of_hpc2n() -> None:
    jobs = ws.read_trace(TRACES / "hpc2n_2002_sample.swf").jobs
    assert jobs is not None
    shares = jobs.cpu_ns / np.maximum(jobs.demand_ns, 1)
    known = shares > 0
    assert known.sum() > 2500
    assert shares[known].mean() == pytest.approx(0.96, abs=0.02)


def test_the_call_centre() -> None:
    found = ws.read_trace(TRACES / "callcentre_aug1999.csv", columns=CALLS)
    assert len(found) == 42078
    frame = found.attempts
    told = frame[(frame["outcome"] == "done") & frame["replica"].notna()]
    assert len(told) == pytest.approx(31011, abs=0)
    assert told["wait"].mean() == pytest.approx(74.7, abs=0.05)
    assert told["wait"].quantile([0.5, 0.9, 0.95]).tolist() == [21.0, 231.0, 315.0]
    assert (told["wait"] > 0).mean() == pytest.approx(0.59, abs=0.005)
    assert told["replica"].nunique() == 31
    talk = told["service"][told["service"] < 36_000]  # one of 36,291 s is dirt
    assert (talk.mean(), talk.quantile(0.5), talk.quantile(0.95)) == pytest.approx((184, 112, 559), rel=0.01)
    expired = frame[frame["outcome"] == "expired"]
    assert (expired["finish"] > expired["arrival"]).sum() == pytest.approx(7260, rel=0.001)


def test_pods_of_a_cluster() -> None:
    columns = {"arrival": "creation_time", "start": "scheduled_time", "finish": "deletion_time", "id": "name"}
    found = ws.read_trace(TRACES / "alibaba_openb_pods.csv", columns=columns)
    frame = found.attempts
    assert len(frame) == 8152
    assert frame["start"].isna().sum() == 897
    last = frame[(frame["arrival"] >= frame["arrival"].max() - 30 * 86400) & frame["start"].notna()]
    assert len(last) == pytest.approx(6533, abs=2)
    assert last["wait"].mean() == pytest.approx(61, abs=0.6)
    assert last["wait"].quantile([0.5, 0.9]).tolist() == [2.0, 106.0]
    assert last["service"].mean() == pytest.approx(6462, rel=0.001)
    assert last["service"].median() == pytest.approx(626, abs=1)


def test_counts_of_requests() -> None:
    found = ws.read_trace(TRACES / "nab_elb_requests.csv", columns={"arrival": "t_s", "count": "requests_5min"})
    counts = np.bincount(found.arrival_ns // (300 * SECOND), minlength=4032)
    assert counts.mean() == pytest.approx(61.8, abs=0.1)
    assert counts.std() / counts.mean() == pytest.approx(0.92, abs=0.005)
    assert counts.max() / counts.mean() == pytest.approx(10.6, abs=0.05)
    assert dispersion(np.sort(found.arrival_ns), [300])[300] == pytest.approx(52, abs=0.5)
