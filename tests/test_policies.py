"""Scaling rules against sequences of observations worked out by hand from their sources."""

from __future__ import annotations

import copy
import pickle
from dataclasses import replace
from typing import Any, TypeAlias

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import workersim as ws
from workersim.errors import InputError
from workersim.policies import Observation, make_policy
from workersim.policies.conditions import SEEN
from workersim.runlog import Cause
from workersim.scenario.autoscale import read_autoscale
from workersim.scenario.conditions import NAMES

Looks: TypeAlias = list[tuple[float, dict[str, Any]]]


def seen(now_s: float = 30.0, /, **known: Any) -> Observation:
    """Return an observation of one queue; what is not given follows from the rest."""
    length = known.pop("length", 0)
    oldest = known.pop("oldest", None)
    wanted = known.get("wanted", 1)
    told: dict[str, Any] = {
        "queue_length": length,
        "lists": {("default", 0): length},
        "oldest_s": {} if oldest is None else {"default": oldest},
        "running": 0,
        "slots_up": 4 * known.get("ready", wanted),
        "cpu": 0.0,
        "wanted": wanted,
        "starting": 0,
        "ready": wanted,
        "draining": 0,
        "backlog": length,
    }
    return Observation(now_s=now_s, **told | known)


def played(settings: dict[str, Any], looks: Looks, *, wanted: int = 1) -> list[int]:
    """Return what a fresh rule wants at each look; what it wanted is ready at the next one."""
    policy = make_policy(read_autoscale(settings))()
    answers = []
    for now_s, known in looks:
        wanted = policy(seen(now_s, **{"wanted": wanted} | known))
        answers.append(wanted)
    return answers


def every(period: int, count: int, **known: Any) -> Looks:
    return [(float(period * tick), known) for tick in range(1, count + 1)]


def then(looks: Looks, period: int, count: int, **known: Any) -> Looks:
    last = int(looks[-1][0])
    return looks + [(float(last + period * tick), known) for tick in range(1, count + 1)]


# The guide's lines.

GUIDE = {
    "min_replicas": 2,
    "max_replicas": 10,
    "scale_up_when": "queue_length > 5",
    "scale_down_when": "queue_length < 2 AND utilization < 30%",
    "every": "30 s",
}


@pytest.mark.parametrize(
    ("known", "wanted"),
    [
        ({"wanted": 3, "length": 6}, 4),
        ({"wanted": 3, "length": 5}, 3),
        ({"wanted": 10, "length": 6}, 10),
        ({"wanted": 3, "length": 1, "running": 3}, 2),  # 3 of 12: 25 %
        ({"wanted": 3, "length": 2, "running": 3}, 3),
        ({"wanted": 5, "length": 1, "running": 6}, 5),  # 6 of 20: 30 % is not below 30 %
        ({"wanted": 2, "length": 0}, 2),
        ({"wanted": 1, "length": 0}, 2),  # it begins below the lowest
        ({"wanted": 12, "length": 3, "running": 30}, 10),
        # a backlog that workers have reserved is nothing to it
        ({"wanted": 3, "length": 0, "running": 3, "backlog": 40}, 2),
    ],
)
def test_the_guides_lines(known: dict[str, Any], wanted: int) -> None:
    assert played(GUIDE, [(30.0, known)]) == [wanted]


def test_up_wins_where_both_hold() -> None:
    lines = {"scale_up_when": "queue_length > 5", "scale_down_when": "utilization < 30%"}
    assert played(lines, [(30.0, {"length": 6})], wanted=3) == [4]


def test_a_condition_must_have_held_at_every_tick_for_as_long() -> None:
    lines = {"scale_up_when": "queue_length > 10 for 3 min", "every": "1 min"}
    # long from 60 s on: three minutes are over at 240 s, and it goes on being so
    assert played(lines, every(60, 5, length=11)) == [1, 1, 1, 2, 3]
    # one look at which it was not begins it anew, at 240 s
    looks = then(then(every(60, 2, length=11), 60, 1, length=10), 60, 4, length=11)
    assert played(lines, looks) == [1, 1, 1, 1, 1, 1, 2]


def test_every_part_of_a_condition_sees_every_tick() -> None:
    # the queue is long from 60 s on, whatever else is looked at first
    lines = {"scale_up_when": "running > 3 AND queue_length > 10 for 2 min", "every": "1 min"}
    looks = then(every(60, 2, length=11, running=0), 60, 1, length=11, running=4)
    assert played(lines, looks) == [1, 1, 2]
    lines = {"scale_up_when": "queue_length > 99 OR queue_length > 10 for 1 min", "every": "1 min"}
    assert played(lines, then(every(60, 1, length=100), 60, 1, length=11)) == [2, 3]


def test_conditions_hold_to_the_nanosecond() -> None:
    lines = {"scale_up_when": "queue_length > 0 for 200 ms", "every": "100 ms"}
    # in floats, 4.1 - 3.9 is less than 0.2, and so is 4.1e9 - 3.9e9 where each is a product
    assert played(lines, [(3.9, {"length": 1}), (4.0, {"length": 1}), (4.1, {"length": 1})]) == [1, 1, 2]


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("queue_length == 7", True),
        ("oldest >= 90 s", True),
        ("oldest > 90 s", False),
        ("running == 6", True),
        ("utilization == 75%", True),
        ("cpu == 60%", True),
        ("wanted == 4 AND starting == 1 AND ready == 2 AND draining == 3", True),
        ("replicas == 4", True),
        ("slots_up <= 7", False),
        ("backlog == 9", True),
        ("NOT backlog == 9", False),
        ("NOT backlog == 9 OR ready < 3", True),
    ],
)
def test_what_the_names_of_conditions_stand_for(text: str, holds: bool) -> None:  # noqa: FBT001
    known = {
        "length": 7,
        "oldest_s": {"a": 90.0, "b": 12.0},
        "running": 6,
        "slots_up": 8,
        "cpu": 0.6,
        "wanted": 4,
        "starting": 1,
        "ready": 2,
        "draining": 3,
        "backlog": 9,
    }
    assert played({"scale_up_when": text}, [(30.0, known)]) == [4 + holds]


def test_every_name_can_be_seen() -> None:
    assert set(SEEN) == set(NAMES)
    assert SEEN["oldest"](seen()) == 0.0
    assert SEEN["utilization"](seen(slots_up=0)) == 0.0


# What the guide tells a person to do.


def test_the_guides_manual_rules() -> None:
    manual = {"policy": "guide_manual"}
    # 11 in the queue from the first minute on: ten minutes are over at 660 s; then ten more, from 720 s on
    long = played(manual, every(60, 22, length=11))
    assert long == [1] * 10 + [2] * 11 + [3]
    assert played(manual, every(60, 20, length=10, running=4)) == [1] * 20
    # below 30 % of 12 slots; a busy minute begins it anew
    looks = then(then(every(60, 9, running=3), 60, 1, running=4), 60, 11, running=3)
    assert played(manual, looks, wanted=3) == [3] * 20 + [2]


def test_a_person_at_the_limit_changes_nothing() -> None:
    # at the highest number there is no change that begins the ten minutes anew
    manual = {"policy": "guide_manual", "max_replicas": 2, "consistently": "1 min"}
    assert played(manual, every(60, 6, length=11)) == [1, 2, 2, 2, 2, 2]


# A timetable.


def test_a_timetable() -> None:
    table = {"policy": "timetable", "period": "24 h", "replicas": [["0 h", 2], ["8 h", 6], ["20 h", 0]]}
    hours: Looks = [(hour * 3600.0, {}) for hour in (1, 7, 8, 19, 20, 23, 24, 32, 47)]
    assert played(table, [(60.0, {}), (28_740.0, {}), *hours]) == [2, 2, 2, 2, 6, 6, 0, 0, 2, 6, 0]
    once = {**table, "period": None, "max_replicas": 4, "min_replicas": 1}
    assert played(once, hours) == [2, 2, 4, 4, 1, 1, 1, 1, 1]


# KEDA's Redis list scaler, with a HorizontalPodAutoscaler behind it.

KEDA = {"policy": "keda", "list_name": "default", "list_length": 5}


def test_keda_shares_the_list_out() -> None:
    # 20 messages, 5 a replica: 4, whatever there is now
    assert played(KEDA, every(15, 1, length=20), wanted=1) == [4]
    assert played(KEDA, every(15, 1, length=21), wanted=1) == [5]
    assert played(KEDA, every(15, 1, length=20), wanted=3) == [4]


@pytest.mark.parametrize(("length", "wanted"), [(20, 4), (22, 4), (23, 5), (18, 4), (27, 6)])
def test_hpa_leaves_what_is_within_a_tenth(length: int, wanted: int) -> None:
    # for 4 replicas 20 is the target: 22 is 1.1 times it, 23 needs 4.6 replicas
    assert played(KEDA, every(15, 1, length=length), wanted=4) == [wanted]


def test_hpa_limits_the_rate_of_growth() -> None:
    # in 15 s four more or as many again, whichever is more: 1, 5, 10, 20, 40
    assert played(KEDA, every(15, 5, length=200), wanted=1) == [5, 10, 20, 40, 40]
    assert played({**KEDA, "max_replicas": 7}, every(15, 3, length=200), wanted=1) == [5, 7, 7]
    # looks each 5 s share the 15 s: 1 + 4 at once, then nothing until 20 s
    often = {**KEDA, "sync_period": "5 s"}
    assert played(often, every(5, 5, length=200), wanted=1) == [5, 5, 5, 10, 10]


def test_hpa_goes_down_to_the_most_of_five_minutes() -> None:
    always = {**KEDA, "min_replicas": 1}
    looks = then(then(every(15, 1, length=40), 15, 1, length=20), 15, 22, length=0)
    answers = played(always, looks, wanted=8)
    # 8 was recommended at 15 s, 4 at 30 s, 0 from 45 s on; each counts until it is 300 s old
    at = dict(zip([now for now, _ in looks], answers, strict=True))
    assert (at[15.0], at[30.0], at[300.0], at[315.0], at[330.0], at[345.0]) == (8, 8, 8, 4, 1, 1)


def test_hpa_keeps_what_it_finds_for_five_minutes() -> None:
    always = {**KEDA, "min_replicas": 1}
    assert played(always, every(15, 21, length=0), wanted=6) == [6] * 20 + [1]
    assert played({**always, "stabilization": "0 s"}, every(15, 1, length=0), wanted=6) == [1]
    # down by at most half in 15 s
    halves = {**always, "stabilization": "0 s", "down_percent": "50%"}
    assert played(halves, every(15, 4, length=0), wanted=6) == [3, 1, 1, 1]


def test_keda_goes_to_zero_and_back_at_its_polls() -> None:
    looks = then(every(15, 2, length=20), 15, 20, length=0)
    at = dict(zip([now for now, _ in looks], played(KEDA, looks, wanted=4), strict=True))
    # active at the poll at 30 s; 300 s later its cooldown is over
    assert (at[15.0], at[300.0], at[315.0], at[330.0]) == (4, 4, 4, 0)
    longer = {**KEDA, "cooldown_period": "10 min"}
    looks = then(looks, 15, 20, length=0)
    at = dict(zip([now for now, _ in looks], played(longer, looks, wanted=4), strict=True))
    assert (at[315.0], at[330.0], at[615.0], at[630.0]) == (4, 1, 1, 0)
    # from 0 to 1 at a poll only, and from there as the HorizontalPodAutoscaler says
    assert played(KEDA, every(15, 3, length=20), wanted=0) == [0, 1, 4]


def test_keda_switches_off_what_it_never_saw_active() -> None:
    assert played(KEDA, every(15, 2, length=0), wanted=3) == [3, 0]
    later = {**KEDA, "initial_cooldown_period": "1 min"}
    assert played(later, every(15, 4, length=0), wanted=3) == [3, 3, 3, 0]


def test_keda_is_active_above_its_activation_value() -> None:
    activated = {**KEDA, "activation": 5}
    assert played(activated, every(30, 1, length=5), wanted=0) == [0]
    assert played(activated, every(30, 1, length=6), wanted=0) == [1]
    # ignored where it never goes to 0
    assert played({**activated, "min_replicas": 1}, every(30, 2, length=5), wanted=1) == [1, 1]


def test_keda_by_value_multiplies_the_ready_replicas() -> None:
    value = {**KEDA, "metric_type": "value"}
    assert played(value, every(15, 1, length=10), wanted=2) == [4]
    assert played(value, [(15.0, {"length": 10, "ready": 1, "starting": 1})], wanted=2) == [2]
    assert played(value, every(15, 1, length=6), wanted=10) == [12]  # 1.2 times 10
    assert played(value, [(15.0, {"length": 11, "wanted": 3})], wanted=3) == [7]  # 2.2 times 3


def test_keda_sees_one_list() -> None:
    lists = {("default", 0): 5, ("default", 3): 50, ("high", 0): 500}
    known = {"lists": lists, "queue_length": 555, "oldest_s": {}}
    assert played(KEDA, [(15.0, known)], wanted=2) == [2]  # half the target: held by what it found
    assert played({**KEDA, "priority": 3}, [(15.0, known)], wanted=8) == [10]
    assert played({**KEDA, "list_name": "elsewhere"}, [(30.0, known)], wanted=2) == [0]


def test_keda_polls_and_syncs_each_at_its_own_time() -> None:
    assert make_policy(read_autoscale(KEDA)).every_ns == 15 * 10**9
    quick = {**KEDA, "polling_interval": "5 s"}
    assert make_policy(read_autoscale(quick)).every_ns == 5 * 10**9
    # on at the first poll; the other looks each 15 s
    assert played(quick, every(5, 4, length=20), wanted=0) == [1, 1, 4, 4]


# HorizontalPodAutoscaler on CPU.


@pytest.mark.parametrize(
    ("known", "wanted"),
    [
        ({"cpu": 1.0}, 5),  # 1.25 times 4
        ({"cpu": 0.88}, 4),  # 1.1 is within a tenth
        ({"cpu": 0.89}, 5),
        ({"cpu": 0.72}, 4),
        ({"cpu": 0.0}, 4),  # held for five minutes
        ({"cpu": 1.0, "ready": 2, "starting": 2}, 4),  # with two idle ones 0.625: never down by that
        ({"cpu": 1.0, "ready": 0, "starting": 4}, 4),  # no metric
    ],
)
def test_hpa_on_cpu(known: dict[str, Any], wanted: int) -> None:
    assert played({"policy": "hpa"}, [(15.0, known)], wanted=4) == [wanted]


def test_hpa_on_cpu_counts_starting_replicas_as_idle() -> None:
    hpa = {"policy": "hpa", "stabilization": "0 s"}
    # 1.125 times 9 would be 11; over all 10 it is 1.0125 and within a tenth
    assert played(hpa, [(15.0, {"cpu": 0.9, "ready": 9, "starting": 1})], wanted=10) == [10]
    assert played(hpa, [(15.0, {"cpu": 0.9, "ready": 9})], wanted=10) == [11]
    # 1.25 times 2 are 3, over all 4 it is 0.625: no way up becomes one down
    assert played(hpa, [(15.0, {"cpu": 1.0, "ready": 2, "starting": 2})], wanted=4) == [4]
    # where it would go down they are left out: 0.5 times 3
    assert played(hpa, [(15.0, {"cpu": 0.4, "ready": 3, "starting": 2})], wanted=5) == [2]


def test_hpa_on_cpu_goes_down_after_five_minutes() -> None:
    assert played({"policy": "hpa"}, every(15, 21, cpu=0.2), wanted=4) == [4] * 20 + [1]


# Latency: Judoscale, HireFire, and the bare rule.

JUDOSCALE = {"policy": "judoscale", "above": "60 s", "below": "10 s"}


def test_judoscale_goes_up_every_three_minutes() -> None:
    assert played(JUDOSCALE, every(10, 37, oldest=61.0)) == [2] * 18 + [3] * 18 + [4]
    assert played(JUDOSCALE, every(10, 37, oldest=60.0)) == [1] * 37
    jumps = {**JUDOSCALE, "up_by": 3, "max_replicas": 6}
    assert played(jumps, every(10, 19, oldest=61.0)) == [4] * 18 + [6]


def test_judoscale_goes_down_after_ten_minutes_and_again_after_ten_more() -> None:
    looks = every(10, 121, oldest=9.0)
    answers = played(JUDOSCALE, looks, wanted=4)
    at = dict(zip([now for now, _ in looks], answers, strict=True))
    assert (at[600.0], at[610.0], at[1200.0], at[1210.0]) == (4, 3, 3, 2)
    # no message at all is an age of 0; one look within the range begins it anew
    looks = then(then(every(10, 60), 10, 1, oldest=10.0), 10, 61)
    assert played(JUDOSCALE, looks, wanted=4) == [4] * 121 + [3]


def test_judoscale_may_spare_busy_jobs() -> None:
    careful = {**JUDOSCALE, "track_busy_jobs": True}
    looks = then(every(10, 62, running=1), 10, 1)
    assert played(careful, looks, wanted=4) == [4] * 62 + [3]
    assert played(JUDOSCALE, looks, wanted=4) == [4] * 60 + [3] * 3


def test_latency_is_of_the_queues_that_are_named() -> None:
    looks = [(30.0, {"oldest_s": {"low": 500.0, "high": 5.0}})]
    latency = {"policy": "latency", "above": "60 s", "below": "10 s"}
    assert played(latency, looks) == [2]
    assert played({**latency, "queues": ["high"]}, looks) == [1]
    assert played({**latency, "queues": ["high"], "down_after": 0}, looks, wanted=2) == [1]
    assert played({**latency, "up_by": 2}, every(30, 3, oldest=61.0)) == [3, 5, 7]


def test_hirefire_by_latency_with_timeouts() -> None:
    hirefire = {"policy": "hirefire", "above": "60 s", "below": "10 s"}
    assert played(hirefire, every(60, 3, oldest=61.0)) == [2, 3, 4]
    assert played({**hirefire, "up_timeout": "2 min"}, every(60, 4, oldest=61.0)) == [2, 2, 3, 3]
    assert played({**hirefire, "down_timeout": "2 min", "down_by": 2}, every(60, 4), wanted=9) == [7, 7, 5, 5]
    # a timeout is of its own direction
    looks = then(every(60, 1, oldest=61.0), 60, 1)
    assert played({**hirefire, "up_timeout": "1 h", "down_timeout": "1 h"}, looks, wanted=4) == [5, 4]
    assert played(hirefire, every(60, 2, oldest=30.0), wanted=4) == [4, 4]


def test_hirefire_by_size() -> None:
    size = {"policy": "hirefire", "strategy": "size", "ratio": 10, "max_replicas": 5}
    assert played(size, [(60.0, {"length": n}) for n in (23, 20, 0, 51, 41)], wanted=1) == [3, 2, 1, 5, 5]
    lists = {("a", 0): 20, ("a", 3): 5, ("b", 0): 100}
    assert played({**size, "queues": ["a"]}, [(60.0, {"lists": lists})]) == [3]


# Railway's sample.


def test_railways_sample() -> None:
    sample = {"policy": "railway", "target": 2}
    assert played(sample, [(60.0, {"running": 12})], wanted=3) == [6]  # 4 a replica, twice the target
    # only those that are ready answer: 4 each, of 4 that are wanted
    assert played(sample, [(60.0, {"running": 12, "ready": 3, "starting": 1})], wanted=4) == [8]
    assert played(sample, [(60.0, {"running": 0, "ready": 0, "starting": 3})], wanted=3) == [3]
    assert played(sample, [(60.0, {"running": 24})], wanted=6) == [10]
    # down by one, and again five minutes later
    assert played(sample, every(60, 7), wanted=5) == [4, 4, 4, 4, 4, 3, 3]


def test_railways_sample_at_the_lowest_number_uses_up_no_cooldown() -> None:
    sample = {"policy": "railway", "target": 2}
    looks = then(then(every(60, 1), 60, 1, running=4), 60, 1)
    assert played(sample, looks) == [1, 2, 1]


def test_railways_sample_on_the_queue() -> None:
    sample = {"policy": "railway", "load": "queue_length"}
    assert played(sample, every(60, 1, length=51), wanted=2) == [3]
    assert played(sample, every(60, 1, length=50), wanted=2) == [2]


# One's own.


def by_four(observation: Observation) -> int:
    return observation.queue_length // 4


class Growing:
    """One more at each look."""

    def __init__(self) -> None:
        self.looks = 0

    def __call__(self, _: Observation) -> int:
        self.looks += 1
        return self.looks


def test_any_callable() -> None:
    assert played({"policy": by_four, "max_replicas": 3}, every(30, 1, length=9)) == [2]
    assert played({"policy": by_four, "max_replicas": 3}, every(30, 1, length=90)) == [3]
    assert make_policy(read_autoscale(by_four)).every_ns == 30 * 10**9
    assert make_policy(read_autoscale({"policy": by_four, "every": "5 s"})).every_ns == 5 * 10**9


@pytest.mark.parametrize("policy", [Growing, Growing(), Growing().__call__])
def test_what_a_policy_remembers_is_of_one_run(policy: Any) -> None:
    factory = make_policy(read_autoscale(policy))
    for _ in range(2):
        made = factory()
        assert [made(seen()) for _ in range(3)] == [1, 2, 3]


@pytest.mark.parametrize("wanted", [2, np.int64(2), 2.0, np.ceil(1.5)])
def test_whole_numbers_of_any_kind(wanted: Any) -> None:
    answer = make_policy(read_autoscale(lambda _: wanted))()(seen())
    assert answer == 2
    assert type(answer) is int


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (2.5, "2.5"),
        (-1, "-1"),
        (None, "nothing"),
        ("3", "3"),
        (True, "True"),
        (float("nan"), "nan"),
        (float("inf"), "inf"),
        (10**6, "1000000"),
        (10**400, "a whole number of 1329 bits"),
    ],
)
def test_what_is_no_number_of_replicas_is_refused(wanted: Any, found: str) -> None:
    with pytest.raises(InputError) as refusal:
        make_policy(read_autoscale(lambda _: wanted))()(seen(90.0))
    expected = "expected a policy that returns a whole number of replicas from 0 to 100000"
    assert str(refusal.value) == f"fleet.autoscale.policy: {expected}, found {found} at 90 s"


class Uncopied:
    def __init__(self) -> None:
        self.looks = iter(lambda: 0, 1)

    def __deepcopy__(self, _: Any) -> Uncopied:
        msg = "cannot pickle 'generator' object"
        raise TypeError(msg)

    def __call__(self, _: Observation) -> int:
        return 0


def test_what_cannot_be_copied_is_refused() -> None:
    with pytest.raises(InputError, match=r"^fleet.autoscale.policy: expected a callable that can be copied .*Uncopied"):
        make_policy(read_autoscale(Uncopied()))()


# All of them.

ALL = st.sampled_from(
    [
        GUIDE,
        {"scale_up_when": "oldest > 10 s for 20 s", "scale_down_when": "NOT queue_length > 0", "min_replicas": 0},
        {"policy": "guide_manual", "consistently": "30 s", "every": "10 s"},
        {"policy": "timetable", "period": "2 min", "replicas": [["0 s", 9], ["1 min", 1]]},
        KEDA,
        {**KEDA, "metric_type": "value", "cooldown_period": "15 s", "max_replicas": 4},
        {"policy": "hpa", "stabilization": "30 s"},
        {"policy": "latency", "above": "5 s", "below": "2 s", "down_after": "30 s", "min_replicas": 0},
        JUDOSCALE,
        {"policy": "hirefire", "above": "5 s", "below": "2 s", "up_timeout": "1 min"},
        {"policy": "hirefire", "strategy": "size", "ratio": 2},
        {"policy": "railway", "target": 3},
        {"policy": "railway", "load": "queue_length", "target": 0.5},
    ]
)
SMALL = st.integers(0, 5)


@st.composite
def observations(draw: st.DrawFn) -> Observation:
    length, ready, starting = draw(st.integers(0, 40)), draw(SMALL), draw(SMALL)
    running = draw(st.integers(0, 4 * ready))
    oldest = {"default": draw(st.floats(0, 100))} if length else {}
    return seen(
        length=length,
        oldest_s=oldest,
        ready=ready,
        starting=starting,
        running=running,
        cpu=draw(st.floats(0, 1)),
        backlog=length + draw(SMALL),
    )


@given(ALL, st.lists(observations(), max_size=20), st.integers(0, 12))
def test_all_stay_between_their_limits_and_do_the_same_again(
    settings: dict[str, Any], looks: list[Observation], wanted: int
) -> None:
    scaling = read_autoscale(settings)
    factory = make_policy(scaling)
    first, second = factory(), pickle.loads(pickle.dumps(factory))()  # noqa: S301  # our own
    for tick, look in enumerate(looks, start=1):
        observation = replace(look, now_s=tick * factory.every_ns / 1e9, wanted=wanted)
        before = copy.deepcopy(observation)
        wanted = first(observation)
        # none of these asks for the truth by its name, so none may be led by it
        assert second(replace(observation, backlog=observation.backlog + 1000)) == wanted
        assert scaling.min_replicas <= wanted <= scaling.most
        assert observation == before


# In a run.


def run_of(autoscale: Any, **run: Any) -> ws.Result:
    fleet = ws.Fleet(replicas=1, concurrency=4, startup="90 s", autoscale=autoscale)
    workload = ws.Workload(jobs={"document": ws.Job(service="20 min")}, arrivals=[ws.Burst(jobs=10)])
    return ws.run(ws.Scenario(fleet=fleet, workload=workload), engine="simpy", **run)


def test_the_guides_lines_in_scenario_4() -> None:
    result = run_of({"scale_up_when": "queue_length > 5", "max_replicas": 4})
    # six wait at 30, 60 and 90 s; the replicas of these are ready at 120, 150 and 180 s, and the last finds nothing
    assert sorted(result.attempts["wait"]) == [0.0] * 4 + [120.0] * 4 + [150.0] * 2
    assert sorted(result.attempts["replica"]) == [0] * 4 + [1] * 4 + [2] * 2
    fleet = result.log.fleet
    starts = fleet.instant_ns[fleet.cause == Cause.STARTING]
    assert list(starts // 10**9) == [30, 60, 90]


def test_a_policy_is_made_for_each_replication() -> None:
    result = run_of({"policy": Growing, "every": "1 min", "max_replicas": 3}, replications=2)
    # 1, 2, 3 at the first three looks of each run; the second replica is ready 90 s after the second look
    assert result.wait.max == 270.0
    assert result.metrics["wait"]["interval"]["max"] == pytest.approx([270.0, 270.0])


def test_a_run_tells_what_a_policy_returned_wrongly() -> None:
    with pytest.raises(InputError, match=r"^fleet\.autoscale\.policy: expected .*, found 0\.5 at 30 s$"):
        run_of(lambda _: 0.5)
