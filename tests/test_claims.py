"""Verdicts: where the figures come from, which side of a bound they lie on, and what is said about it."""

from __future__ import annotations

import dataclasses
import importlib
import json
import math
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import workersim as ws
from workersim.claims import Evidence, Observed, Sentence, assumed, could_change, judge, sentence
from workersim.errors import LogError
from workersim.experiments.verdicts import verdict_table
from workersim.metrics import figures
from workersim.runlog import Outcome
from workersim.scenario import MEASURES

from .logs import Row, copied, fleet_of, growing, log_of, overload, retried, stranded

if TYPE_CHECKING:
    from workersim.runlog import RunLog


def claim(
    measure: str,
    how: Literal["expect", "at_least", "at_most"],
    value: float,
    *,
    within: float = 0.0,
    among: str | None = None,
    at_s: float | None = None,
) -> Sentence:
    kind = MEASURES[measure]
    return sentence("so it is", measure, kind=kind, bound=(how, value), within=within, over=(among, at_s))


def verdict_on(log: RunLog, asked: Sentence, *, warm_up_s: float = 0) -> ws.Verdict:
    seen = Evidence(log, warm_up_ns=int(warm_up_s * 1e9)).about(asked)
    return judge(asked, [seen], scenario="s", random=False)


def over(values: list[float | None], asked: Sentence) -> ws.Verdict:
    return judge(asked, [Observed(value=value, floor=value) for value in values], scenario="s", random=True)


def test_a_verdict_has_the_fields_of_the_contract() -> None:
    got = verdict_on(overload(), claim("wait.mean", "expect", 1200, within=120, among="waited"))
    fields = ["scenario", "says", "measure", "expected", "measured", "interval", "verdict", "why"]
    assert [field.name for field in dataclasses.fields(ws.Verdict)] == fields
    assert list(got.to_dict()) == fields
    assert json.loads(json.dumps(got.to_dict(), allow_nan=False)) == got.to_dict()
    interval = over([1.0, 3.0], claim("cost.total", "expect", 2)).to_dict()["interval"]
    assert isinstance(interval, list)


def test_the_overload_sentence() -> None:
    got = verdict_on(overload(), claim("wait.mean", "expect", 1200, within=120, among="waited"))
    assert (got.verdict, got.expected, got.measured, got.interval) == ("refuted", 1200, 1600, None)
    assert got.why == (
        "Of the 6 that wait, 4 wait 20 min and 2 wait 40 min; their mean is 26.7 min, "
        "and the last document finishes at 60 min."
    )


@pytest.mark.parametrize(
    ("asked", "verdict", "measured", "why"),
    [
        (claim("wait.mean", "expect", 960), "supported", 960, "4 do not wait, 4 wait 20 min and 2 wait 40 min"),
        (claim("wait.every", "at_most", 2400), "supported", 2400, "2 wait 40 min, and the last"),
        (claim("wait.every", "at_least", 1, among="waited"), "supported", 1200, "Of the 6 that wait"),
        (claim("wait.every", "at_least", 1), "refuted", 0, "0 min is not at least 1 s"),
        (claim("wait.every", "expect", 1200, within=120, among="waited"), "refuted", 2400, "40 min is outside of"),
        (claim("wait.max", "at_most", 2399), "refuted", 2400, "the longest is 40 min"),
        (claim("wait.p50", "expect", 1200), "supported", 1200, "their median is 20 min"),
        (
            claim("wait.std", "at_most", 898),
            "supported",
            60 * math.sqrt(224),
            "standard deviation of the wait is 15 min",
        ),
        (claim("wait.max", "at_most", 0, among="other"), "inconclusive", None, "no job has a wait"),
        (claim("service.mean", "expect", 1200), "supported", 1200, "The mean service is 20 min, as expected."),
        (claim("response.p95", "expect", 3600), "supported", 3600, "2 take 60 min; their 95th percentile is"),
        (claim("queue_length.max", "expect", 6), "supported", 6, "The longest queue is 6, as expected."),
        (claim("queue_length.max", "at_most", 5), "refuted", 6, "The longest queue is 6, not at most 5."),
        (claim("queue_length", "expect", 2, at_s=1200), "supported", 2, "The queue length at 20 min is 2"),
        (claim("queue_length", "expect", 2, at_s=4000), "inconclusive", None, "the run ends after 1 h, before 1.11 h"),
        (claim("busy", "expect", 4, at_s=0), "supported", 4, "The number of busy slots at 0 s is 4"),
        (claim("utilization.mean", "expect", 0.8, within=0.08), "supported", 10 / 12, "83.3%, within 72% to 88%"),
        (claim("utilization.mean", "expect", 0.83), "refuted", 10 / 12, "83.3%, not 83%"),
        (claim("memory.reserved", "expect", 4e9), "supported", 4e9, "The reserved memory is 4 GB"),
        (claim("cost.per_job", "at_least", 0.1), "supported", 0.1, "cost per job is 0.1, which is at least 0.1"),
        (claim("throughput", "expect", 10 / 3600), "supported", 10 / 3600, "throughput is 10/hour"),
        (claim("jobs.finished", "expect", 10), "supported", 10, "number of jobs finished is 10"),
        (claim("jobs.finished", "expect", 10, among="document"), "supported", 10, "of class 'document' is 10"),
        (claim("jobs.arrived", "expect", 0, among="other"), "supported", 0, "of class 'other' is 0"),
    ],
)
def test_one_run_without_chance_decides(asked: Sentence, verdict: str, measured: float | None, why: str) -> None:
    got = verdict_on(overload(), asked)
    assert (got.verdict, got.interval) == (verdict, None)
    assert got.measured == pytest.approx(measured)
    assert why in got.why


def test_waits_that_are_all_alike() -> None:
    four = log_of(*(Row(0, 0, 1200, slot=i) for i in range(4)), horizon=1200)
    one = log_of(Row(0, 60, 1200), horizon=1200)
    nobody = claim("wait.max", "at_most", 0)
    assert verdict_on(four, nobody).why == "None of the 4 jobs waits."
    assert verdict_on(four, claim("response.max", "at_most", 1200)).why == "All 4 jobs take 20 min."
    assert verdict_on(one, nobody).why == "The one job waits 1 min."
    asked = claim("wait.mean", "expect", 60, among="waited")
    assert verdict_on(one, asked).why == "The one job that waits, waits 1 min."
    assert verdict_on(four, asked).why == "There is nothing to measure: no job waited."


def test_many_different_waits_are_told_by_their_figure() -> None:
    log = log_of(*(Row(0, 10 * i, 10 * i + 10) for i in range(6)), horizon=60)
    assert verdict_on(log, claim("wait.mean", "expect", 25)).why == "The mean wait is 25 s, as expected."


def test_every_figure_is_the_one_of_the_metrics() -> None:
    for log in (overload(), retried()):
        tree = figures(log, warm_up_ns=5 * 10**9)
        for measure in MEASURES:
            head, _, figure = measure.partition(".")
            if figure and figure != "every":
                got = verdict_on(log, claim(measure, "expect", 0), warm_up_s=5)
                assert got.measured == tree[head][figure], measure
        assert verdict_on(log, claim("throughput", "expect", 0), warm_up_s=5).measured == tree["throughput"]


def test_a_class_is_counted_alone() -> None:
    log = retried()
    jobs = dataclasses.replace(log.jobs, job_class=np.array([0, 1, 0, 0, 1, 1]), classes=("a", "b"))
    log = dataclasses.replace(log, jobs=jobs)
    for name, counts in {"a": (3, 1, 1, 1, 0, 0), "b": (3, 0, 0, 0, 1, 2)}.items():
        for figure, count in zip(
            ("arrived", "finished", "failed", "expired", "lost", "unfinished"), counts, strict=True
        ):
            assert verdict_on(log, claim(f"jobs.{figure}", "expect", count, among=name)).verdict == "supported"
    assert verdict_on(log, claim("service.mean", "expect", 40 / 3, among="a")).verdict == "supported"
    assert verdict_on(log, claim("service.mean", "expect", 20, among="b")).verdict == "supported"
    assert verdict_on(log, claim("response.max", "expect", 50, among="a")).measured == 50


@pytest.mark.parametrize(
    ("log", "asked", "verdict", "why"),
    [
        (growing(), claim("jobs.lost", "at_most", 0), "refuted", "The number of jobs lost is 1, not at most 0."),
        (growing(), claim("jobs.retried", "expect", 1), "supported", "number of attempts that were retried is 1, as"),
        (copied(), claim("jobs.done_twice", "at_most", 0), "refuted", "number of jobs done more than once is 1, not"),
        (stranded(), claim("jobs.redelivered", "expect", 1), "supported", "messages that were redelivered is 1, as"),
        (retried(), claim("jobs.timed_out", "expect", 1), "supported", "number of jobs that timed out is 1"),
        (
            retried(),
            claim("jobs.timed_out", "expect", 0, among="other"),
            "supported",
            "among jobs of class 'other' is 0",
        ),
        (growing(), claim("replicas.max", "expect", 2), "supported", "The most ready replicas is 2, as expected."),
        (growing(), claim("replicas", "expect", 1, at_s=50), "supported", "number of ready replicas at 50 s is 1"),
        (
            growing(),
            claim("draining", "expect", 1, at_s=80),
            "supported",
            "number of draining replicas at 1.33 min is 1",
        ),
        (
            growing(),
            claim("memory", "at_most", 1e9, at_s=20),
            "refuted",
            "memory in use at 20 s is 2 GB, not at most 1 GB",
        ),
        (stranded(), claim("wait.reserved", "expect", 41.5), "supported", "mean time reserved by a worker is 41.5 s"),
        (
            stranded(),
            claim("wait.visible", "expect", 1, among="waited"),
            "supported",
            "visible in a queue of those that",
        ),
        (
            stranded(),
            claim("wait.running", "expect", 2.5, among="document"),
            "supported",
            "did not decide among jobs of",
        ),
    ],
)
def test_what_becomes_of_jobs_and_replicas(log: RunLog, asked: Sentence, verdict: str, why: str) -> None:
    got = verdict_on(log, asked)
    assert (got.verdict, why in got.why) == (verdict, True), got.why


def test_waits_of_jobs_that_were_lost_or_failed_say_so() -> None:
    got = verdict_on(growing(), claim("wait.mean", "at_most", 60))
    assert got.why == (
        "Of 4 jobs, 1 does not wait, 1 waits 15 s, 1 waits 30 s and 1 waits 35 s; their mean is 20 s, and the last "
        "document finishes at 110 s; of these 4 jobs 1 was lost and 1 failed."
    )
    twice = log_of(*(Row(0, 0, 9, Outcome.LOST, slot=i) for i in range(2)), Row(0, 0, 8, slot=2), horizon=9)
    assert verdict_on(twice, claim("wait.max", "at_most", 0)).why.endswith("; of these 3 jobs 2 were lost.")
    assert "lost" not in verdict_on(twice, claim("service.max", "at_most", 9)).why
    assert "lost" not in verdict_on(overload(), claim("wait.max", "at_most", 0)).why
    several = judge(claim("wait.mean", "at_most", 9), [Evidence(twice).about(claim("wait.mean", "at_most", 9))] * 3,
                    scenario="s", random=True)  # fmt: skip
    assert several.why.endswith("; of these 9 jobs 6 were lost.")


def test_a_job_that_is_to_be_tried_again_has_started_once() -> None:
    rows = [
        Row(0, 0, 10, Outcome.RETRIED, job=0),
        Row(0, None, None, Outcome.UNFINISHED, job=0, attempt=1, published=10),
    ]
    got = verdict_on(log_of(*rows, horizon=20), claim("wait.max", "at_most", 60))
    assert (got.verdict, got.why) == (
        "inconclusive",
        "1 of 1 jobs never started, or not again, so how long they wait in the end is not known.",
    )
    assert verdict_on(log_of(*rows, horizon=100), claim("wait.max", "at_most", 60)).verdict == "refuted"


def test_a_wait_of_jobs_that_never_started_is_not_known() -> None:
    log = log_of(Row(0, 0, 100), Row(0, None, None, Outcome.UNFINISHED), Row(0, None, 30, Outcome.EXPIRED), horizon=100)
    for figure in ("mean", "p95", "max", "every", "std"):
        got = verdict_on(log, claim(f"wait.{figure}", "at_most", 1000))
        assert got.verdict == "inconclusive"
        assert got.why == (
            "2 of 3 jobs never started, 1 of which left when their patience ended, "
            "so how long they would wait for a start is not known."
        )
    assert verdict_on(log, claim("wait.mean", "at_least", 1)).verdict == "inconclusive"
    assert verdict_on(log, claim("response.mean", "at_most", 1000)).verdict == "inconclusive"
    # What has nothing to do with waits is decided.
    assert verdict_on(log, claim("service.mean", "expect", 100)).verdict == "supported"
    assert verdict_on(log, claim("jobs.unfinished", "expect", 1)).verdict == "supported"


def test_what_is_too_long_already_stays_refuted() -> None:
    log = log_of(Row(0, 0, 100), Row(0, None, None, Outcome.UNFINISHED), horizon=100)
    got = verdict_on(log, claim("wait.mean", "at_most", 49))
    assert (got.verdict, got.measured) == ("refuted", 0)
    assert got.why == (
        "1 of 2 jobs never started, but with their time so far alone the mean wait is at least 50 s, not at most 49 s."
    )
    assert verdict_on(log, claim("wait.mean", "at_most", 50)).verdict == "inconclusive"
    assert verdict_on(log, claim("wait.every", "at_most", 99)).verdict == "refuted"
    assert verdict_on(log, claim("wait.every", "at_most", 100)).verdict == "inconclusive"
    # A lower bound cannot be refuted by a wait that goes on.
    assert verdict_on(log, claim("wait.mean", "at_least", 200)).verdict == "inconclusive"
    # One that started settles a claim about every job, whatever becomes of the others.
    assert verdict_on(log, claim("wait.every", "at_least", 1)).verdict == "refuted"
    # The deviation may go either way.
    assert verdict_on(log, claim("wait.std", "at_most", 1)).verdict == "inconclusive"


def test_a_job_that_left_refutes_nothing_but_leaves_a_claim_open() -> None:
    log = log_of(Row(0, 0, 10), Row(0, 10, 20), Row(0, None, 15, Outcome.EXPIRED), horizon=20)
    for asked in (
        claim("wait.mean", "expect", 5),
        claim("wait.max", "at_most", 10),
        claim("wait.every", "at_most", 10),
        claim("response.mean", "expect", 15),
        claim("wait.mean", "at_least", 5),
    ):
        got = verdict_on(log, asked)
        assert got.verdict == "inconclusive"
        assert got.measured == pytest.approx(asked.expected)
        assert got.why == (
            "1 of 3 jobs left without a start when their patience ended, "
            "so how long they would have waited for one is not known."
        )
    # Those that started may be too late by themselves.
    got = verdict_on(log, claim("wait.mean", "at_most", 4))
    assert (got.verdict, got.measured) == ("refuted", 5)
    assert got.why == (
        "Of 2 jobs, 1 does not wait and 1 waits 10 s; their mean is 5 s, and the last document finishes at 20 s; "
        "1 more job left without a start when their patience ended."
    )
    assert verdict_on(log, claim("wait.every", "at_most", 9)).verdict == "refuted"


def test_the_time_so_far_of_a_job_that_left_does_not_count() -> None:
    waits = Row(0, None, None, Outcome.UNFINISHED)
    log = log_of(Row(0, 0, 100), waits, Row(0, None, 90, Outcome.EXPIRED), horizon=100)
    assert verdict_on(log, claim("wait.mean", "at_most", 50)).verdict == "inconclusive"
    got = verdict_on(log, claim("wait.mean", "at_most", 49))
    assert got.verdict == "refuted"
    assert got.why == (
        "1 of 2 jobs never started, but with their time so far alone the mean wait is at least 50 s, not at most 49 s; "
        "1 more job left without a start when their patience ended."
    )


def test_jobs_that_left_in_some_replications_leave_a_claim_open() -> None:
    runs = [Observed(value=5.0, floor=5.0, jobs=2, left=1), Observed(value=5.0, floor=5.0, jobs=3)]
    got = judge(claim("wait.mean", "at_most", 10), runs, scenario="s", random=True)
    assert got.verdict == "inconclusive"
    assert got.why.startswith("1 of 6 jobs in 2 replications left without a start when their patience ended, so")
    assert not could_change(got, runs)


def test_only_the_jobs_that_are_meant_count_as_not_started() -> None:
    log = log_of(Row(0, None, None, Outcome.UNFINISHED), Row(10, 10, 100), horizon=100)
    assert verdict_on(log, claim("wait.max", "at_most", 0)).verdict == "refuted"
    assert verdict_on(log, claim("wait.max", "at_most", 0), warm_up_s=5).verdict == "supported"
    assert verdict_on(log, claim("wait.max", "at_most", 0, among="other")).verdict == "inconclusive"


def test_a_response_that_goes_on_may_refute_but_not_support() -> None:
    log = log_of(Row(0, 0, 10), Row(0, 0, None, Outcome.UNFINISHED, slot=1), horizon=100)
    assert verdict_on(log, claim("response.max", "at_most", 99)).verdict == "refuted"
    assert verdict_on(log, claim("response.max", "at_most", 100)).verdict == "supported"
    assert verdict_on(log, claim("response.max", "at_least", 11)).verdict == "refuted"


@pytest.mark.parametrize(
    ("values", "verdict"),
    [
        ([9, 10, 11], "inconclusive"),  # 7.5 to 12.5
        ([9.9, 10, 10.1], "supported"),  # 9.75 to 10.25
        ([12.9, 13, 13.1], "refuted"),
        ([6.9, 7, 7.1], "refuted"),
        ([10, 10, 10], "supported"),
        ([11, 11], "supported"),
        ([11.1, 11.1], "refuted"),
        ([10], "inconclusive"),
        ([50], "inconclusive"),
        ([None, 10], "inconclusive"),
        ([None, None], "inconclusive"),
        ([None, 10, 10.001], "supported"),
    ],
)
def test_with_chance_the_interval_decides(values: list[float | None], verdict: str) -> None:
    got = over(values, claim("wait.mean", "expect", 10, within=1))
    assert got.verdict == verdict
    known = [value for value in values if value is not None]
    assert (got.interval is None) == (len(known) < 2)


def test_what_is_said_about_intervals() -> None:
    about = claim("wait.mean", "expect", 600, within=60)
    assert over([590.0, 600.0, 610.0], about).why == (
        "Over 3 replications the mean wait is 10 min (95 %: 9.59 min to 10.4 min), within 9 min to 11 min."
    )
    assert "which reaches across what is claimed: 9 min to 11 min" in over([500.0, 700.0], about).why
    assert "(95 %: 15 min to 15 min)" not in over([900.0, 900.0], about).why
    assert over([900.0, 900.0], about).why.endswith("15 min, outside of 9 min to 11 min.")
    assert over([600.0], about).why == (
        "One run of a random workload cannot decide this: in it the mean wait is 10 min."
    )
    assert "needs a `within`" in over([9.0, 11.0], claim("wait.mean", "expect", 10)).why


def test_one_counterexample_refutes_what_is_said_of_every_job() -> None:
    every = claim("wait.every", "at_most", 10)
    got = over([1, 2, 11, 3], every)
    assert (got.verdict, got.measured) == ("refuted", 11)
    assert got.why == "Not every one: in 1 of 4 replications some job's wait is not at most 10 s; the farthest is 11 s."
    assert over([11], every).verdict == "refuted"
    assert over([9], every).verdict == "inconclusive"
    assert over([1, 2, 3], every).verdict == "supported"


def test_which_open_claims_more_replications_can_close() -> None:
    asked = claim("wait.mean", "at_most", 10)
    for runs, more in (
        ([Observed(value=9.0, floor=9.0), Observed(value=11.0, floor=11.0)], True),
        ([Observed(value=9.0, floor=9.0), Observed(value=9.0, floor=9.0)], False),
        ([Observed(value=9.0, floor=9.0), Observed(value=11.0, floor=11.0, stuck=1)], False),
        ([Observed(value=None)], False),
    ):
        assert could_change(judge(asked, runs, scenario="s", random=True), runs) is more


def test_inputs_are_assumed_unless_the_scenario_says_otherwise() -> None:
    asked = sentence("1.1 GB a process", "fleet.process_memory", kind="size", bound=("expect", 1.1e9))
    assert assumed(asked, 1.1e9, scenario="s").verdict == "assumed"
    got = assumed(asked, 1.2e9, scenario="s")
    assert (got.verdict, got.measured, got.interval) == ("refuted", 1.2e9, None)
    assert got.why == "The scenario itself says 1.2 GB for fleet.process_memory, not 1.1 GB."


@given(st.floats(0, 1e12), st.floats(1e-9, 1e12), st.sampled_from(["expect", "at_least", "at_most"]))
def test_a_value_is_below_within_or_above(value: float, bound: float, how: Any) -> None:
    asked = claim("cost.total", how, bound, within=bound / 10)
    assert asked.below(value) + asked.allows(value) + asked.above(value) == 1
    assert asked.allows(bound)
    assert asked.allows(math.nextafter(bound, math.inf))  # rounding is no reason


def test_what_cannot_be_told_is_said() -> None:
    waiting = log_of(Row(0, None, None, Outcome.UNFINISHED), horizon=60, fleet=fleet_of())
    assert verdict_on(waiting, claim("utilization", "at_most", 1, at_s=30)).why == (
        "There is nothing to measure: no slot is up at 30 s."
    )
    assert verdict_on(waiting, claim("service.mean", "at_most", 1)).why.endswith("no job left its slot.")
    idle = log_of(horizon=60)
    assert verdict_on(idle, claim("wait.mean", "at_most", 1)).why.endswith("no job has a wait.")
    assert verdict_on(idle, claim("cost.per_job", "at_most", 1)).why.endswith("the run has no cost.per_job.")


def test_a_response_that_goes_on_may_leave_a_claim_open() -> None:
    short = Observed(value=5.0, floor=5.0)
    longer = Observed(value=5.0, floor=30.0)
    got = judge(claim("response.mean", "at_most", 10), [short, longer], scenario="s", random=True)
    assert got.verdict == "inconclusive"
    assert got.why == "Over 2 replications the mean response is 5 s, but jobs that still run may change that."


@pytest.mark.parametrize("measure", ["wait.mean", "response.p95", "service.max"])
def test_one_replication_above_a_bound_does_not_keep_a_claim_open(measure: str) -> None:
    values: list[float | None] = [9.0, 11.0, 10.0, 9.5, 10.5]  # 9.02 to 10.98
    got = over(values, claim(measure, "at_most", 10.99))
    assert got.verdict == "supported"
    assert "still run" not in got.why
    got = over(values, claim(measure, "at_most", 10.97))
    assert got.verdict == "inconclusive"
    assert "which reaches across what is claimed: at most" in got.why
    # Nor do jobs that still run, as long as the mean with their time so far stays within.
    runs = [Observed(value=value, floor=value) for value in values] + [Observed(value=10.0, floor=10.2)]
    assert judge(claim(measure, "at_most", 10.99), runs, scenario="s", random=True).verdict == "supported"
    # But of every job it is one too many.
    runs = [Observed(value=9.0, floor=9.0), Observed(value=9.0, floor=12.0)]
    assert judge(claim("wait.every", "at_most", 10), runs, scenario="s", random=True).verdict == "refuted"


def test_rounding_decides_nothing() -> None:
    assert claim("cost.total", "expect", 0.3).allows(0.1 + 0.2)
    assert claim("cost.total", "at_most", 0.3).allows(0.1 + 0.2)
    assert not claim("cost.total", "expect", 0.3).allows(0.3 + 1e-8)
    assert not claim("cost.total", "expect", 0).allows(1e-300)


def test_a_log_names_what_it_does_not_have() -> None:
    evidence = Evidence(overload())
    for measure, at_s in (("weight.mean", None), ("jobs.happy", None), ("wait.p96", None), ("queue", 0.0)):
        with pytest.raises(LogError, match="there is no"):
            evidence.about(sentence("", measure, kind="number", bound=("expect", 1.0), over=(None, at_s)))


def random_scenario(*claims: ws.Claim, **run: Any) -> ws.Scenario:
    return ws.Scenario(
        name="random",
        fleet=ws.Fleet(replicas=1, concurrency=2),
        workload=ws.Workload(
            jobs={"document": ws.Job(service=ws.Exponential(mean="1 min"))},
            arrivals=[ws.Poisson(rate="60/hour", until="2 h")],
        ),
        run=ws.RunSettings(**run),
        claims=claims,
    )


def test_check_runs_more_replications_while_a_claim_is_open() -> None:
    far = ws.Claim(says="far", measure="utilization.max", expect="100%")
    near = ws.Claim(says="near", measure="service.mean", at_most="1 min")
    counted: list[tuple[int, int]] = []

    def progress(done: int, of: int) -> None:
        counted.append((done, of))

    (got,) = ws.check(random_scenario(far), progress=progress)
    assert (got.verdict, counted[-1]) == ("supported", (10, 10))
    got, other = ws.check(random_scenario(near, far), progress=progress)
    wanted = sorted({of for _, of in counted})
    assert wanted in ([10, 20], [10, 20, 40], [10, 20, 40, 80], [10, 20, 40, 80, 160])
    assert f"Over {counted[-1][0]} replications" in got.why
    assert other.verdict == "supported"
    # As many as are asked for, if that is more than one.
    assert "Over 3 replications" in ws.check(random_scenario(near), replications=3)[0].why
    # What the scenario asks for is where it begins.
    assert "The budget of 160 replications ended" in ws.check(random_scenario(near, replications=4))[0].why


def test_check_gives_the_same_verdicts_on_both_engines() -> None:
    claims = [
        ws.Claim(says="a", measure="wait.p95", among="document", at_most="5 min"),
        ws.Claim(says="b", measure="wait.mean", among="waited", expect="1 min", within="10%"),
        ws.Claim(says="c", measure="jobs.finished", among="document", at_least=10),
        ws.Claim(says="d", measure="fleet.concurrency", expect=2),
    ]
    scenario = random_scenario(*claims, replications=5)
    assert ws.check(scenario, engine="simpy") == ws.check(scenario, engine="compiled")
    assert ws.check(scenario, seed=1) != ws.check(scenario, seed=2)


def test_check_without_claims_or_with_inputs_only_runs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.import_module("workersim.experiments.check"), "prepare", None)
    assert ws.check(random_scenario()) == []
    asked = ws.Claim(says="1 min", measure="workload.arrivals[0].poisson.rate", expect="60/hour")
    got = ws.check(random_scenario(asked))[0]
    assert (got.verdict, got.why) == (
        "assumed",
        "This is an input of the model: workload.arrivals[0].poisson.rate is 1/min in the scenario.",
    )


def test_quantities_of_claims_become_plain_numbers() -> None:
    asked = [
        ws.Claim(says="d", measure="wait.mean", expect="20 min", within="90 s"),
        ws.Claim(says="m", measure="memory.reserved", expect="1 GB", within="10%"),
        ws.Claim(says="s", measure="cpu.mean", at_most="90%"),
        ws.Claim(says="r", measure="throughput", at_most="1/s"),
        ws.Claim(says="i", measure="fleet.startup", expect="0 s"),
        ws.Claim(says="w", measure="run.warm_up", at_most=60),
    ]
    got = ws.check(random_scenario(*asked, replications=2))
    assert [verdict.expected for verdict in got] == [1200, 1e9, 0.9, 1, 0, 60]


def test_the_table_of_verdicts_fits_a_page() -> None:
    long = ws.Verdict("n" * 300, "x" * 500, "throughput", 1e9, None, None, "inconclusive", "y" * 300)
    odd = ws.Verdict("s", "z", "workload.jobs.a.service", 90.0, 1e18, None, "refuted", "why not")
    size = ws.Verdict("s", "z", "fleet.process_memory.spacy", 5e8, 5e8, None, "assumed", "it is so")
    many = ws.Verdict("s", "z", "jobs.finished", 1e18, 1e18, None, "supported", "as it is")
    text = verdict_table([long, odd, size, many])
    assert all(len(line) <= 80 for line in text.splitlines())
    assert "1e+09/s" in text
    assert "1.5 min" in text
    assert "500 MB" in text
    assert verdict_table([]) == "It makes no claims."
