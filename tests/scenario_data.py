"""Random scenarios as plain data, every field and family in them, for what is read and written."""

from __future__ import annotations

from functools import cache
from typing import Any

from hypothesis import strategies as st

from workersim.units import Duration, Rate, Size

__all__ = ["scenarios"]

Data = dict[str, Any]

SECONDS = st.integers(1, 3 * 10**9).map(lambda ns: Duration(ns * 1000))
TIMES = SECONDS.map(str) | st.integers(1, 10**6) | st.floats(0.001, 1e6)
ZERO_OR_MORE = st.just(0) | TIMES
RATES = st.floats(0, 1e6).map(lambda per_s: str(Rate(per_s))) | st.sampled_from(["10/hour", "1/5 min", 0, 3])
SIZES = st.integers(0, 10**12).map(lambda size: str(Size(size))) | st.integers(0, 10**9)
CVS = st.floats(0.001, 100)
# names that YAML, read carelessly, would take for something else are as likely as any
NAMES = st.sampled_from(
    ["document", "no", "null", "~", "10:30", "1e3", "a.b", "x y", "é", "- a", "#1", "'", "{}"]
) | st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=10)


def _optional(**values: st.SearchStrategy[Any]) -> st.SearchStrategy[Data]:
    return st.fixed_dictionaries({}, optional=values)


def _sorted(*keys: str) -> st.SearchStrategy[Data]:
    return st.lists(st.integers(0, 1000), min_size=len(keys), max_size=len(keys)).map(
        lambda values: dict(zip(keys, sorted(values), strict=True))
    )


@cache
def distributions(parameters: st.SearchStrategy[Any]) -> st.SearchStrategy[Data]:
    def family(name: str, /, **fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Data]:
        return st.fixed_dictionaries(fields).map(lambda body: {name: body})

    return st.one_of(
        family("exponential", mean=parameters),
        family("deterministic", mean=parameters),
        family("erlang", mean=parameters, cv=st.integers(1, 1000).map(lambda k: k**-0.5)),
        family("gamma", mean=parameters, cv=CVS),
        family("lognormal", mean=parameters, cv=CVS),
        family("weibull", mean=parameters, cv=CVS),
        family("hyperexponential", mean=parameters, cv=st.floats(1, 100)),
        _sorted("min", "max").map(lambda body: {"uniform": {**body, "max": body["max"] + 1}}),
        _sorted("min", "mode", "max").map(lambda body: {"triangular": {**body, "max": body["max"] + 1}}),
        family("empirical", values=st.lists(parameters, min_size=1, max_size=3)),
        st.just({"empirical": {"file": "waits.txt"}}),
        family("scipy", name=st.just("gamma"), a=st.floats(0.1, 10), scale=parameters),
    )


def _window() -> st.SearchStrategy[Data]:
    return st.lists(st.integers(0, 10**6), min_size=2, max_size=2, unique=True).map(
        lambda ends: {"from": min(ends), "until": max(ends)}
    ) | st.just({})


@cache
def _streams() -> st.SearchStrategy[Data]:
    def stream(tag: str, body: st.SearchStrategy[Data]) -> st.SearchStrategy[Data]:
        return st.builds(lambda body, window: {tag: {**body, **window}}, body, _window())

    profile = st.lists(st.tuples(st.integers(1, 1000), RATES), max_size=3, unique_by=lambda pair: pair[0]).map(
        lambda pairs: {"rates": [[0, 1], *map(list, sorted(pairs, key=lambda pair: pair[0]))], "period": 1001}
    )
    mmpp = st.lists(st.tuples(RATES, TIMES | distributions(TIMES)), min_size=1, max_size=3).map(
        lambda states: {"rates": [rate for rate, _ in states], "holding": [time for _, time in states]}
    )
    return st.one_of(
        st.fixed_dictionaries({"jobs": st.integers(0, 10**9), "at": ZERO_OR_MORE}).map(lambda body: {"burst": body}),
        stream("every", st.fixed_dictionaries({"interval": TIMES})),
        stream("poisson", st.fixed_dictionaries({"rate": RATES})),
        stream("renewal", st.fixed_dictionaries({"interval": distributions(TIMES)})),
        stream("profile", profile),
        stream("mmpp", mmpp),
        NAMES.map(lambda name: {"trace": name}),
    )


@cache
def _classes() -> st.SearchStrategy[Data]:
    times = ZERO_OR_MORE | distributions(TIMES)
    numbers = st.floats(0.001, 1000)
    needs = st.fixed_dictionaries(
        {"service": times}, optional={"wait_ratio": numbers | distributions(numbers)}
    ) | st.fixed_dictionaries(
        {
            "phases": st.lists(
                st.builds(lambda kind, time: {kind: time}, st.sampled_from(["cpu", "io"]), times), min_size=1
            )
        }
    )
    settings = _optional(
        weight=st.floats(0.001, 1e6), queue=NAMES, priority=st.integers(0, 2**31), expires=st.none() | times
    )
    return st.builds(lambda needs, settings: needs | settings, needs, settings)


@cache
def _claims() -> st.SearchStrategy[Data]:
    says = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=40)
    bounds = st.one_of(
        st.fixed_dictionaries(
            {"measure": st.just("wait.mean"), "expect": TIMES}, optional={"within": TIMES | st.just("10%")}
        ),
        st.fixed_dictionaries({"measure": st.just("wait.every"), "among": st.just("waited"), "at_most": TIMES}),
        st.fixed_dictionaries({"measure": st.just("cpu.max"), "at_least": st.floats(0, 1)}),
        st.fixed_dictionaries({"measure": st.just("utilization"), "at": st.just(1), "expect": st.just("25%")}),
        st.fixed_dictionaries({"measure": st.just("memory.reserved"), "expect": SIZES}),
        st.fixed_dictionaries({"measure": st.just("throughput"), "expect": RATES}),
        st.fixed_dictionaries({"measure": st.just("fleet.replicas"), "expect": st.integers(0, 100)}),
    )
    return st.builds(lambda says, bound: {"says": says, **bound}, says, bounds)


@cache
def _scaling() -> st.SearchStrategy[Data]:
    limits = {"min_replicas": st.integers(0, 3), "max_replicas": st.none() | st.integers(3, 50)}
    conditions = st.sampled_from(["queue_length>5", "cpu < .3 and not oldest > 90 for 1h", "(ready == 1) or wanted<3"])

    def policy(name: str, needs: Data | None = None, /, **fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Data]:
        given = {"policy": st.just(name)} | {key: st.just(value) for key, value in (needs or {}).items()}
        return st.fixed_dictionaries(given, optional=limits | fields)

    in_range = {"below": "1 s", "above": "1 min"}
    return st.one_of(
        st.fixed_dictionaries({"scale_up_when": conditions}, optional={**limits, "scale_down_when": conditions}),
        policy("guide_manual", queue_above=st.floats(0, 1e9), busy_below=st.just("3%"), consistently=ZERO_OR_MORE),
        policy("timetable", {"replicas": [["0 s", 1], ["8 h", 3]]}, period=st.just("24 h")),
        policy("hpa", target=st.floats(0.001, 10), up_pods=st.integers(0, 9)),
        policy("latency", in_range, up_by=st.integers(1, 9), every=TIMES),
        policy("judoscale", in_range, track_busy_jobs=st.booleans()),
        policy("hirefire", in_range, down_timeout=ZERO_OR_MORE),
        policy("hirefire", {"strategy": "size", "ratio": 3}),
        policy("railway", load=st.sampled_from(["running", "queue_length"]), target=st.floats(0.001, 1e9)),
    )


@cache
def _fleets() -> st.SearchStrategy[Data]:
    return st.fixed_dictionaries(
        {"replicas": st.integers(0, 1000), "concurrency": st.integers(1, 1000)},
        optional={
            "vcpus": st.none() | st.floats(0.001, 100_000),
            "process_memory": SIZES | st.dictionaries(NAMES, SIZES, min_size=1, max_size=3),
            "parent_memory": SIZES,
            "memory_limit": st.just("1000 TB"),
            "startup": ZERO_OR_MORE | distributions(TIMES),
            "cost": st.floats(0, 1e9),
            "dispatch": st.sampled_from(["longest_idle", "first", "least_busy", "random"]),
            "queues": st.lists(NAMES, min_size=1, max_size=3, unique=True),
            "queue_order": st.sampled_from(["round_robin", "priority", "sorted"]),
            "worker": st.just("ideal"),
            "autoscale": st.none() | _scaling(),
        },
    )


@cache
def _runs() -> st.SearchStrategy[Data]:
    return st.fixed_dictionaries(
        {"until": SECONDS.map(lambda until: until + 2 * 10**9).map(Duration).map(str)},
        optional={
            "warm_up": st.just(1),
            "seed": st.integers(0, 2**63 - 1),
            "replications": st.integers(1, 100_000),
        },
    )


@st.composite
def scenarios(draw: st.DrawFn) -> Data:
    """Return what a scenario file may say."""
    classes = draw(st.dictionaries(NAMES.filter(lambda name: name != "waited"), _classes(), min_size=1, max_size=3))
    arrivals = draw(st.lists(_streams(), max_size=4))
    for arrival in arrivals:
        if draw(st.booleans()):
            arrival["jobs"] = draw(st.lists(st.sampled_from(sorted(classes)), min_size=1, max_size=3, unique=True))
    data = {"fleet": draw(_fleets()), "workload": {"jobs": classes, "arrivals": arrivals}, "run": draw(_runs())}
    return data | draw(_optional(name=NAMES, claims=st.lists(_claims(), max_size=3)))
