"""Scaling as products and published samples do it, each with the defaults of its source.

The sources were read as stored copies, none newer than August 2026; the arithmetic is in ``policies``.
"""

import itertools
from typing import Annotated, Any, ClassVar, Literal, TypeAlias

from pydantic import Field

from workersim.scenario.fields import (
    DURATION,
    Above0,
    Name,
    Names,
    Seconds,
    Switch,
    Written,
    choice,
    few,
    number,
    whole,
)
from workersim.scenario.problems import Problem, fail
from workersim.scenario.scaling import MOST_REPLICAS, Replicas, Scaling, Step
from workersim.units import SECOND, Duration, Share, parse_duration, parse_share, shown

__all__ = ["HireFire", "Horizontal", "Hpa", "Judoscale", "Keda", "Latency", "Railway", "Timetable"]

_MINUTE = 60 * SECOND
_replicas = whole(0, MOST_REPLICAS)
_Part: TypeAlias = Annotated[Share, Written(parse_share, {"type": ["string", "number"]})]
_Jobs: TypeAlias = Annotated[float, number(0, 1e9, above=True)]


def _read_rows(value: Any) -> tuple[tuple[Duration, int], ...]:
    if not isinstance(few(value), list | tuple) or not value:
        msg = f"expected a list of pairs such as [[0 h, 2], [8 h, 6]], found {shown(value)}"
        raise ValueError(msg)
    rows: list[tuple[Duration, int]] = []
    problems: list[Problem] = []
    for index, pair in enumerate(value):
        if not isinstance(pair, list | tuple) or len(pair) != 2:
            problems.append(Problem((index,), f"expected a pair such as [8 h, 6], found {shown(pair)}"))
            continue
        read: list[Any] = []
        for part, (reader, each) in enumerate(zip((parse_duration, _replicas.read), pair, strict=True)):
            try:
                read.append(reader(each))
            except ValueError as error:
                problems.append(Problem((index, part), str(error)))
        rows.append((read[0], read[-1]) if read else (Duration(0), 0))
    if problems:
        fail(problems)
    return tuple(rows)


_ROWS = {
    "type": "array",
    "minItems": 1,
    "items": {"type": "array", "minItems": 2, "maxItems": 2, "prefixItems": [DURATION, dict(_replicas.schema)]},
}


class Timetable(Scaling):
    """So many replicas from given times on, once or in every period; it looks at the clock only.

    Railway's guide on scaling (2026-07-29) does this with cron, in whole minutes.

    Examples
    --------
    >>> Timetable(period="24 h", replicas=[["0 h", 2], ["8 h", 6]]).replicas
    ((Duration('0 s'), 2), (Duration('8 h'), 6))
    """

    policy: Annotated[Literal["timetable"], choice("policy", "timetable"), Field(description="Names the rule.")] = (
        "timetable"
    )
    replicas: Annotated[tuple[tuple[Duration, int], ...], Written(_read_rows, _ROWS)] = Field(
        description="Pairs of a time, the first 0, and the number of replicas from then on."
    )
    period: Above0 | None = Field(default=None, description="After this the times begin anew; by default never.")
    min_replicas: Replicas = Field(default=0, description="It never wants fewer.")
    every: Above0 = Field(default=Duration(_MINUTE), description="From one look at the clock to the next.")

    def problems(self) -> list[Problem]:
        """Refuse times that do not begin at 0, do not increase, lie beyond the period or between two looks."""
        problems = super().problems()
        times = [at for at, _ in self.replicas]
        if times[0] > 0:
            problems.append(Problem(("replicas", 0), f"expected the first time to be 0 s, found {times[0]}"))
        for index, (before, at) in enumerate(itertools.pairwise(times), start=1):
            if at <= before:
                problems.append(Problem(("replicas", index), f"expected a time after {before}, found {at}"))
            if self.period is not None and at >= self.period:
                wanted = f"expected a time before the period's end, {self.period}"
                problems.append(Problem(("replicas", index), f"{wanted}, found {at}"))
        places: list[tuple[tuple[str | int, ...], Duration]] = [(("replicas", i), at) for i, at in enumerate(times)]
        if self.period is not None:
            places.append((("period",), self.period))
        for place, at in places:
            if at % self.every:
                problems.append(Problem(place, f"expected a multiple of every, which is {self.every}, found {at}"))
        for index, (_, replicas) in enumerate(self.replicas):
            problems += self.beyond_plan(replicas, "replicas", index, 1)
        return problems


class Horizontal(Scaling):
    """What Kubernetes' HorizontalPodAutoscaler does with any metric.

    Defaults: Kubernetes' documentation, horizontal-pod-autoscale.md @0165025, and its controller's source.
    """

    sync_period: Above0 = Field(default=Duration(15 * SECOND), description="From one look to the next.")
    tolerance: _Part = Field(default=Share(0.1), description="A metric this near to its target changes nothing.")
    stabilization: Seconds = Field(
        default=Duration(300 * SECOND), description="Down only to the most that was recommended for so long."
    )
    up_percent: _Part = Field(default=Share(1.0), description="In each rate period at most this part more, ...")
    up_pods: Replicas = Field(default=4, description="... or so many replicas more, whichever is more.")
    down_percent: _Part = Field(default=Share(1.0), description="In each rate period at most this part less.")
    rate_period: Above0 = Field(default=Duration(15 * SECOND), description="What the rates refer to.")

    @property
    def every_ns(self) -> int:
        """From one tick to the next."""
        return int(self.sync_period)


class Hpa(Horizontal):
    """Kubernetes' HorizontalPodAutoscaler on CPU: desired = replicas x utilization / target.

    Utilization is of the vCPUs of the ready replicas (requests equal to ``vcpus``), as they are at the look.  Starting
    replicas count as idle when it would scale up, and not at all when it would scale down.
    Defaults: Kubernetes' documentation, horizontal-pod-autoscale.md @0165025; 80 % is the target of a bare HPA.
    """

    policy: Annotated[Literal["hpa"], choice("policy", "hpa"), Field(description="Names the rule.")] = "hpa"
    target: _Part = Field(default=Share(0.8), description="The share of the vCPUs that should be in use.")

    def problems(self) -> list[Problem]:
        """Refuse a target of 0, which no number of replicas can reach."""
        problems = super().problems()
        if not self.target:
            problems.append(Problem(("target",), f"expected a share above 0%, found {self.target}"))
        return problems


class Keda(Horizontal):
    """KEDA's Redis list scaler: KEDA goes from 0 to 1 and back, a HorizontalPodAutoscaler from 1 to the most.

    It sees the length of one list, so one priority of one queue; nothing that workers have reserved, nothing that runs.
    Defaults: KEDA 2.21, scaledobject-spec.md and redis-lists.md @a55c5d3.
    """

    policy: Annotated[Literal["keda"], choice("policy", "keda"), Field(description="Names the rule.")] = "keda"
    list_name: Name = Field(description="The queue whose list is looked at.")
    priority: Annotated[int, whole(0, 10**9)] = Field(default=0, description="Which of the queue's lists: its step.")
    list_length: Annotated[int, whole(1, 10**9)] = Field(default=5, description="The target: messages a replica.")
    metric_type: Annotated[Literal["average_value", "value"], choice("metric type", "average_value", "value")] = Field(
        default="average_value",
        description="average_value: length / target replicas; value: ready replicas x length / target.",
    )
    activation: Annotated[int, whole(0, 10**9)] = Field(default=0, description="From 0 to 1 above this length.")
    polling_interval: Above0 = Field(
        default=Duration(30 * SECOND), description="How often KEDA looks whether to leave 0."
    )
    cooldown_period: Seconds = Field(
        default=Duration(300 * SECOND), description="To 0 when the list was not active for so long."
    )
    initial_cooldown_period: Seconds = Field(default=Duration(0), description="Not to 0 before this instant.")
    min_replicas: Replicas = Field(default=0, description="It never wants fewer; 0 lets KEDA switch everything off.")
    max_replicas: Replicas | None = Field(default=100, description="It never wants more.")

    @property
    def every_ns(self) -> int:
        """From one tick to the next: the shorter of its two intervals."""
        return int(min(self.sync_period, self.polling_interval))

    @property
    def queues_named(self) -> tuple[tuple[str, int | None, str], ...]:
        """The queue whose list is looked at."""
        return (("list_name", None, self.list_name),)

    def problems(self) -> list[Problem]:
        """Refuse intervals that do not fit into each other."""
        problems = super().problems()
        if max(self.sync_period, self.polling_interval) % self.every_ns:
            wanted = f"expected a multiple or a whole part of sync_period, which is {self.sync_period}"
            problems.append(Problem(("polling_interval",), f"{wanted}, found {self.polling_interval}"))
        return problems


class Latency(Scaling):
    """Keep the age of the oldest message in a range: replicas more above it, less after some time below it.

    It sees the oldest message in the lists of each queue, and takes the oldest of all.  No product's defaults: looks
    every 30 s, and waits 10 minutes before it takes a replica away, as Judoscale does.
    """

    policy: Annotated[Literal["latency"], choice("policy", "latency"), Field(description="Names the rule.")] = "latency"
    above: Seconds = Field(description="Replicas more if the oldest message is older than this.")
    below: Seconds = Field(description="Replicas less if it was younger than this for `down_after`.")
    queues: Names | None = Field(default=None, description="The queues that it looks at; by default all.")
    up_by: Step = Field(default=1, description="So many more at once.")
    up_every: Seconds = Field(default=Duration(0), description="Not more before this time since the last time.")
    down_by: Step = Field(default=1, description="So many less at once.")
    down_after: Seconds = Field(
        default=Duration(10 * _MINUTE), description="Less after this time below, since the last change too."
    )
    every: Above0 = Field(default=Duration(30 * SECOND), description="From one look to the next.")

    @property
    def queues_named(self) -> tuple[tuple[str, int | None, str], ...]:
        """The queues that it looks at by name."""
        return tuple(("queues", index, name) for index, name in enumerate(self.queues or ()))

    def problems(self) -> list[Problem]:
        """Refuse a range whose ends are the wrong way round."""
        problems = super().problems()
        if self.below > self.above:
            problems.append(Problem(("below",), f"expected at most above, which is {self.above}, found {self.below}"))
        return problems


class Judoscale(Latency):
    """Judoscale on the queue time of Celery's lists.

    Up by one if the oldest message is too old and it did not scale up in the last 3 minutes, down by one after 10
    minutes below the range, and again after 10 more.
    Defaults: judoscale-python 1.13.4 @f651939 (a report every 10 s); judoscale.com, "Refining your autoscaling
    behavior" and "Tuning your application" (stored pages without a date).
    """

    policy: Annotated[Literal["judoscale"], choice("policy", "judoscale"), Field(description="Names the rule.")] = (
        "judoscale"  # type: ignore[assignment]  # narrower on purpose
    )
    up_every: Seconds = Field(
        default=Duration(3 * _MINUTE), description="Not more before this time since the last time."
    )
    every: Above0 = Field(default=Duration(10 * SECOND), description="From one report to the next.")
    track_busy_jobs: Switch = Field(default=False, description="Whether it takes nothing away while jobs run.")


class HireFire(Scaling):
    """HireFire's manager for worker dynos, by the latency or the size of the job queue.

    Latency: one more above, one less below.  Size: one replica for each `ratio` jobs.  A timeout keeps it from scaling
    in the same direction again too soon.
    Defaults: help.hirefire.io, articles 7 (a checkup every 60 s), 13 (timeouts) and 62 (stored pages without a date,
    about Heroku).
    """

    policy: Annotated[Literal["hirefire"], choice("policy", "hirefire"), Field(description="Names the rule.")] = (
        "hirefire"
    )
    strategy: Annotated[Literal["latency", "size"], choice("strategy", "latency", "size")] = Field(
        default="latency", description="What it looks at: the age of the oldest message, or the length of the queue."
    )
    above: Seconds | None = Field(default=None, description="Latency: replicas more above this age.")
    below: Seconds | None = Field(default=None, description="Latency: replicas less below this age.")
    ratio: Annotated[int, whole(1, 10**9)] | None = Field(default=None, description="Size: jobs a replica.")
    queues: Names | None = Field(default=None, description="The queues that it looks at; by default all.")
    up_by: Step = Field(default=1, description="Latency: so many more at once.")
    down_by: Step = Field(default=1, description="Latency: so many less at once.")
    up_timeout: Seconds = Field(default=Duration(0), description="Not up again before this time.")
    down_timeout: Seconds = Field(default=Duration(0), description="Not down again before this time.")
    every: Above0 = Field(default=Duration(_MINUTE), description="From one checkup to the next.")

    _needs: ClassVar = {"latency": ("above", "below"), "size": ("ratio",)}

    @property
    def queues_named(self) -> tuple[tuple[str, int | None, str], ...]:
        """The queues that it looks at by name."""
        return tuple(("queues", index, name) for index, name in enumerate(self.queues or ()))

    def problems(self) -> list[Problem]:
        """Refuse a strategy without its thresholds, with those of the other, or with a range the wrong way round."""
        problems = super().problems()
        for strategy, keys in self._needs.items():
            for key in keys:
                given = getattr(self, key) is not None
                if given != (strategy == self.strategy):
                    wanted = f"expected {'no ' if given else ''}{key} with the strategy {self.strategy}"
                    problems.append(Problem((key,), f"{wanted}, found {'one' if given else 'none'}", at_key=not given))
        if self.above is not None and self.below is not None and self.below > self.above:
            problems.append(Problem(("below",), f"expected at most above, which is {self.above}, found {self.below}"))
        return problems


class Railway(Scaling):
    """The autoscaler that Railway publishes as a sample: desired = replicas x load per replica / target, rounded up.

    Up at once; down by one, with 5 minutes from one time to the next.  ``running`` is the load of its sample, requests
    in flight, averaged over the ready replicas; ``queue_length`` is what it proposes for workers.
    Defaults: Railway's guide "Autoscale a Service Horizontally Based on Load" of 2026-07-29, docs @c2a634f.
    """

    policy: Annotated[Literal["railway"], choice("policy", "railway"), Field(description="Names the rule.")] = "railway"
    load: Annotated[Literal["running", "queue_length"], choice("load", "running", "queue_length")] = Field(
        default="running", description="What is measured: jobs that run, or messages that wait."
    )
    target: _Jobs = Field(default=25.0, description="The load that a replica should have.")
    cooldown: Seconds = Field(default=Duration(5 * _MINUTE), description="From one time down to the next.")
    max_replicas: Replicas | None = Field(default=10, description="It never wants more.")
    every: Above0 = Field(default=Duration(_MINUTE), description="From one look to the next.")
