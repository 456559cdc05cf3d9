"""What a scenario says about scaling: defaults, what is refused with its line, and what is written back."""

from __future__ import annotations

import pickle
from typing import Any

import jsonschema
import pytest
import yaml

from workersim.errors import InputError
from workersim.scenario import Fleet, Scenario, read, schema
from workersim.scenario.autoscale import POLICIES, Autoscale, OwnPolicy, read_autoscale
from workersim.scenario.plans import PLANS
from workersim.scenario.scalers import HireFire, Hpa, Judoscale, Keda, Railway, Timetable
from workersim.units import Duration, Share

TEXT = """\
fleet:
  replicas: 2
  concurrency: 4
  autoscale:
    {autoscale}
workload:
  jobs: {{document: {{service: 20 min}}, scan: {{service: 1 min, queue: scans}}}}
  arrivals: [{{burst: {{jobs: 10}}}}]
"""

FULL: list[dict[str, Any]] = [
    {
        "min_replicas": 2,
        "max_replicas": 10,
        "scale_up_when": "queue_length > 5",
        "scale_down_when": "queue_length < 2 AND utilization < 30%",
        "every": "1 min",
    },
    {"policy": "guide_manual", "queue_above": 20, "busy_below": "25%", "consistently": "5 min", "plan": "railway_pro"},
    {"policy": "timetable", "period": "24 h", "replicas": [["0 s", 2], ["8 h", 6]]},
    {"policy": "keda", "list_name": "default", "list_length": 8, "metric_type": "value", "polling_interval": "1 min"},
    {"policy": "hpa", "target": "60%", "tolerance": "5%", "stabilization": "1 min", "up_pods": 2},
    {"policy": "latency", "above": "1 min", "below": "10 s", "queues": ["scans"]},
    {"policy": "judoscale", "above": "1 min", "below": "10 s", "track_busy_jobs": True, "up_by": 2},
    {"policy": "hirefire", "strategy": "size", "ratio": 4, "up_timeout": "2 min"},
    {"policy": "hirefire", "above": "1 min", "below": "10 s"},
    {"policy": "railway", "load": "queue_length", "target": 4},
]


def scenario(autoscale: str | dict[str, Any]) -> Scenario:
    text = autoscale if isinstance(autoscale, str) else yaml.safe_dump(autoscale, default_flow_style=True, width=1000)
    return read(TEXT.format(autoscale=text.strip()), source="x.yaml")


def made(policy: Any) -> Scenario:
    return scenario({"scale_up_when": "ready < 1"}).replace("fleet.autoscale", policy)


@pytest.mark.parametrize("said", FULL, ids=str)
def test_what_is_said_is_written_back(said: dict[str, Any]) -> None:
    asked = scenario(said)
    assert asked.fleet.autoscale is not None
    assert asked.fleet.autoscale.written() == said
    assert read(asked.to_yaml()) == asked
    assert read(asked.to_yaml()).digest == asked.digest
    assert Fleet(replicas=2, concurrency=4, autoscale=said).autoscale == asked.fleet.autoscale
    assert pickle.loads(pickle.dumps(asked)) == asked  # noqa: S301  # our own
    jsonschema.validate(yaml.safe_load(asked.to_yaml()), schema())


def test_every_policy_is_among_these() -> None:
    assert {said.get("policy") for said in FULL} == {None, *POLICIES}


def test_the_schema_refuses_what_is_no_policy() -> None:
    checked = jsonschema.Draft202012Validator(schema())
    asked = yaml.safe_load(scenario(FULL[0]).to_yaml())
    for wrong in ({"policy": "kedaa"}, {"policy": "keda"}, {"scale_up": "x"}, {"list_name": "default"}, "fast"):
        asked["fleet"]["autoscale"] = wrong
        assert not checked.is_valid(asked), wrong


def test_the_defaults_are_those_of_the_sources() -> None:
    keda, hpa = Keda(list_name="default"), Hpa()
    assert (keda.polling_interval, keda.cooldown_period, keda.initial_cooldown_period) == (
        Duration("30 s"),
        Duration("5 min"),
        0,
    )
    assert (keda.min_replicas, keda.max_replicas, keda.activation, keda.metric_type) == (0, 100, 0, "average_value")
    for each in (keda, hpa):
        assert (each.sync_period, each.stabilization, each.tolerance) == (
            Duration("15 s"),
            Duration("5 min"),
            Share("10%"),
        )
        assert (each.up_percent, each.down_percent) == (Share("100%"), Share("100%"))
        assert (each.up_pods, each.rate_period) == (4, Duration("15 s"))
    judoscale = Judoscale(above="1 min", below="10 s")
    assert (judoscale.every, judoscale.up_every, judoscale.down_after) == tuple(
        map(Duration, ("10 s", "3 min", "10 min"))
    )
    assert (judoscale.up_by, judoscale.down_by, judoscale.track_busy_jobs) == (1, 1, False)
    assert HireFire(strategy="size", ratio=1).every == Duration("1 min")
    railway = Railway()
    assert (railway.every, railway.cooldown) == (Duration("1 min"), Duration("5 min"))
    assert (railway.target, railway.min_replicas, railway.max_replicas) == (25, 1, 10)
    assert hpa.target == Share("80%")


def test_the_plans_limits() -> None:
    assert {name: plan[:3] for name, plan in PLANS.items()} == {
        "railway_trial": (2, 2, 10**9),
        "railway_free": (1, 1, 5 * 10**8),
        "railway_hobby": (6, 48, 48 * 10**9),
        "railway_pro": (42, 1000, 10**12),
        "railway_enterprise": (50, 2400, 2_400 * 10**9),
    }
    assert Autoscale(scale_up_when="cpu > 1", plan="railway_hobby").most == 6
    assert Autoscale(scale_up_when="cpu > 1").most == 100_000


AGAINST = "(Railway's pricing page of 2026-08-21)"


@pytest.mark.parametrize(
    ("said", "refusal"),
    [
        (
            "scale_up_when: queue_lenght > 5",
            (
                "5:20: fleet.autoscale.scale_up_when: "
                "character 1: unknown name 'queue_lenght'; did you mean 'queue_length'?"
            ),
        ),
        (
            "{scale_up_when: queue_length > 5,\n     scale_down_when: queue_length < 2 & cpu < 3%}",
            "6:23: fleet.autoscale.scale_down_when: character 18: expected AND, OR, `for` or the end, found '&'",
        ),
        ("{every: 30 s}", "5:5: fleet.autoscale: expected scale_up_when, scale_down_when or policy, found none"),
        (
            "{scale_down_when: cpu < 5%, scale_up_if: queue_length > 5}",
            "5:33: fleet.autoscale: unknown key 'scale_up_if'; did you mean 'scale_up_when'?",
        ),
        ("policy: kedaa", "5:13: fleet.autoscale.policy: unknown policy 'kedaa'; did you mean 'keda'?"),
        ("policy: {}", f"5:13: fleet.autoscale.policy: expected one of {', '.join(POLICIES)}, found an empty mapping"),
        (
            "quickly",
            "5:5: fleet.autoscale: expected a mapping such as {scale_up_when: queue_length > 5}, found 'quickly'",
        ),
        ("policy: keda", "4:3: fleet.autoscale: missing key 'list_name'"),
        (
            "{policy: keda, list_name: default, lst_length: 5}",
            "5:40: fleet.autoscale: unknown key 'lst_length'; did you mean 'list_length'?",
        ),
        (
            "{policy: keda, list_name: scan}",
            "5:31: fleet.autoscale.list_name: unknown queue 'scan'; did you mean 'scans'?",
        ),
        (
            "{policy: latency, above: 9 s, below: 3 s, queues: [scans, ocr]}",
            "5:63: fleet.autoscale.queues[1]: unknown queue 'ocr'; expected one of default, scans",
        ),
        (
            "{policy: keda, list_name: default, polling_interval: 40 s}",
            (
                "5:58: fleet.autoscale.polling_interval: "
                "expected a multiple or a whole part of sync_period, which is 15 s, found 40 s"
            ),
        ),
        (
            "{scale_up_when: cpu > 5%, min_replicas: 5, max_replicas: 3}",
            "5:45: fleet.autoscale.min_replicas: expected at most max_replicas, which is 3, found 5",
        ),
        (
            "{scale_up_when: cpu > 5%, max_replicas: 50, plan: railway_pro}",
            (
                "5:45: fleet.autoscale.max_replicas: "
                f"expected at most the 42 replicas of the plan railway_pro {AGAINST}, found 50"
            ),
        ),
        (
            "{scale_up_when: cpu > 5%, min_replicas: 7, plan: railway_hobby}",
            "5:45: fleet.autoscale.min_replicas: expected at most max_replicas, which is 6, found 7",
        ),
        (
            "{scale_up_when: cpu > 5%, max_replicas: 2, plan: railway_trial}",
            (
                "5:45: fleet.autoscale.max_replicas: "
                f"expected at most the 2 vCPUs of the plan railway_trial {AGAINST}, found 2 replicas x 4"
            ),
        ),
        (
            "{scale_up_when: cpu > 5%, plan: railway}",
            "5:37: fleet.autoscale.plan: unknown plan 'railway'; did you mean 'railway_pro'?",
        ),
        (
            "{policy: timetable, plan: railway_pro, replicas: [[0 h, 2], [8 h, 60]]}",
            (
                "5:71: fleet.autoscale.replicas[1][1]: "
                f"expected at most the 42 replicas of the plan railway_pro {AGAINST}, found 60"
            ),
        ),
        (
            "{policy: timetable, replicas: [[1 h, 2]]}",
            "5:36: fleet.autoscale.replicas[0]: expected the first time to be 0 s, found 1 h",
        ),
        (
            "{policy: timetable, replicas: [[0, 2], [8 h, 3], [7 h, 3]]}",
            "5:54: fleet.autoscale.replicas[2]: expected a time after 8 h, found 7 h",
        ),
        (
            "{policy: timetable, period: 8 h, replicas: [[0, 2], [8 h, 3]]}",
            "5:57: fleet.autoscale.replicas[1]: expected a time before the period's end, 8 h, found 8 h",
        ),
        (
            "{policy: timetable, replicas: [[0, 2], [90 s, 3]]}",
            "5:44: fleet.autoscale.replicas[1]: expected a multiple of every, which is 1 min, found 90 s",
        ),
        (
            "{policy: timetable, replicas: [[0, -2]]}",
            "5:40: fleet.autoscale.replicas[0][1]: expected a whole number from 0 to 100000, found -2",
        ),
        (
            "{policy: timetable, replicas: [0]}",
            "5:36: fleet.autoscale.replicas[0]: expected a pair such as [8 h, 6], found 0",
        ),
        (
            "{policy: timetable, replicas: 3}",
            "5:35: fleet.autoscale.replicas: expected a list of pairs such as [[0 h, 2], [8 h, 6]], found 3",
        ),
        ("{policy: hpa, target: 0}", "5:27: fleet.autoscale.target: expected a share above 0%, found 0%"),
        (
            "{policy: judoscale, above: 3 s, below: 5 s}",
            "5:44: fleet.autoscale.below: expected at most above, which is 3 s, found 5 s",
        ),
        (
            "{policy: hirefire, above: 3 s, below: 5 s}",
            "5:43: fleet.autoscale.below: expected at most above, which is 3 s, found 5 s",
        ),
        (
            "{policy: hirefire, strategy: size, above: 3 s, ratio: 2}",
            "5:47: fleet.autoscale.above: expected no above with the strategy size, found one",
        ),
        (
            "{policy: hirefire, strategy: size}",
            "4:3: fleet.autoscale: expected ratio with the strategy size, found none",
        ),
        (
            "{policy: judoscale, above: 5 s, below: 3 s, track_busy_jobs: maybe}",
            "5:66: fleet.autoscale.track_busy_jobs: expected true or false, found 'maybe'",
        ),
        ("{policy: railway, every: 0 s}", "5:30: fleet.autoscale.every: expected a duration above 0 s, found '0 s'"),
    ],
)
def test_refusals_name_file_line_and_key(said: str, refusal: str) -> None:
    with pytest.raises(InputError) as refused:
        scenario(said)
    assert refused.value.problems == (f"x.yaml:{refusal}",)


def test_all_problems_are_told_together() -> None:
    with pytest.raises(InputError) as refused:
        scenario("{policy: keda, list_length: none, cooldown_period: -1 s, tolerance: 900}")
    assert len(refused.value.problems) == 4


# From Python only.


def steady(_: object) -> int:
    return 3


def test_a_callable_stands_in_a_scenario_but_in_no_file() -> None:
    asked = made({"policy": steady, "every": "10 s", "max_replicas": 5})
    assert asked.fleet.autoscale == OwnPolicy(policy=steady, every="10 s", max_replicas=5)
    with pytest.raises(InputError) as refused:
        asked.to_yaml()
    expected = "fleet.autoscale.policy: expected what a file can say, found the Python function"
    assert str(refused.value) == f"{expected} {__name__}.steady"
    assert asked == made(asked.fleet.autoscale)
    assert hash(asked) == hash(made({"policy": steady, "every": "10 s", "max_replicas": 5}))
    assert asked.digest != made(steady).digest
    assert made(steady) != made(lambda _: 3)
    changed = asked.replace("fleet.autoscale.every", "20 s").fleet.autoscale
    assert changed == OwnPolicy(policy=steady, every="20 s", max_replicas=5)
    assert Fleet(replicas=1, concurrency=1, autoscale=steady).autoscale == OwnPolicy(policy=steady)


@pytest.mark.parametrize("wrong", [Keda, {"policy": Timetable}, {"policy": 3}, {"policy": None}, 3, None, []])
def test_what_is_no_callable_is_refused(wrong: Any) -> None:
    if wrong is None:
        assert made(None).fleet.autoscale is None
        return
    with pytest.raises(InputError, match=r"fleet\.autoscale"):
        made(wrong)


def test_a_model_is_refused_with_its_own_place_too() -> None:
    with pytest.raises(
        InputError, match=r"^autoscale\.min_replicas: expected at most max_replicas, which is 1, found 2$"
    ):
        Autoscale(scale_up_when="cpu > 1", min_replicas=2, max_replicas=1)
    assert read_autoscale(Hpa()) == Hpa()
