"""How the workers of a fleet take jobs: straight from the queues, or as Celery's do."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, TypeAlias

from pydantic import Field, PlainValidator

from workersim.scenario.base import Model, Tagged, read_tagged
from workersim.scenario.fields import Above0, Bytes, Seconds, Switch, choice, whole
from workersim.scenario.problems import Problem, unknown
from workersim.units import Duration

__all__ = ["Celery", "Worker", "WorkerAutoscale"]

_BEFORE_READY_NS = 10**9  # the consumer, whose timer it is, starts about a second before the worker is ready


class WorkerAutoscale(Model):
    """The worker's own ``--autoscale``: processes are added as messages are received, and removed when idle."""

    place: ClassVar = "autoscale"

    min: Annotated[int, whole(0, 10_000)] = Field(default=0, description="The fewest processes.")
    max: Annotated[int, whole(1, 10_000)] = Field(description="The most processes.")
    keepalive: Above0 = Field(default=Duration(30 * 10**9), description="How long processes are kept without need.")

    def problems(self) -> list[Problem]:
        """Refuse a range without numbers in it."""
        if self.min <= self.max:
            return []
        return [Problem(("min",), f"expected at most max, which is {self.max}, found {self.min}")]


class Celery(Tagged):
    """Celery's prefork workers on Redis: they reserve messages ahead, and hand them to their processes.

    The defaults are Celery's own; ``fetch``, ``hand_off`` and ``poll`` are what a local Redis showed.

    Examples
    --------
    >>> Celery(acks="late", prefetch_multiplier=1).window(4)
    4
    """

    tag: ClassVar[str] = "celery"

    prefetch_multiplier: Annotated[int, whole(0, 1_000_000)] = Field(
        default=4, description="Messages reserved a process; 0: no limit."
    )
    acks: Annotated[str, choice("acknowledgement", "early", "late")] = Field(
        default="early", description="Whether a message is acknowledged when its job starts (early) or ends (late)."
    )
    disable_prefetch: Switch = Field(default=False, description="Take a message only if a process is free for it.")
    reject_on_worker_lost: Switch = Field(
        default=False, description="Put a late message back when the process that ran it is killed."
    )
    visibility_timeout: Above0 = Field(
        default=Duration("1 h"), description="Age at which an unacknowledged message is delivered again."
    )
    max_tasks_per_child: Annotated[int, whole(1, 1_000_000_000)] | None = Field(
        default=None, description="Jobs after which a process is replaced; by default never."
    )
    max_memory_per_child: Bytes | None = Field(
        default=None, description="Memory after which a process is replaced at the end of its job; by default never."
    )
    process_start: Seconds = Field(default=Duration(0), description="From the start of a replaced process to its use.")
    soft_time_limit: Above0 | None = Field(default=None, description="A job that runs longer is interrupted.")
    time_limit: Above0 | None = Field(default=None, description="A job that runs longer is killed with its process.")
    fetch: Seconds = Field(default=Duration("1 ms"), description="Time to get one message from Redis.")
    poll: Above0 = Field(default=Duration("1 s"), description="A BRPOP without an answer is renewed after this long.")
    hand_off: Seconds = Field(
        default=Duration("3 ms"), description="From a worker to the start in one of its processes."
    )
    restore_interval: Above0 = Field(default=Duration("10 s"), description="Ticks of the timer for redelivery.")
    restore_throttle: Annotated[int, whole(1, 1_000_000)] = Field(
        default=10, description="Ticks from one look for old messages to the next."
    )
    autoscale: WorkerAutoscale | None = Field(default=None, description="The worker's own --autoscale; by default off.")

    def window(self, concurrency: int) -> int | None:
        """Return how many messages a worker may hold without acknowledging them; None: any number."""
        processes = self.autoscale.max if self.autoscale else concurrency
        return self.prefetch_multiplier * processes or None

    @property
    def sweep_every_ns(self) -> int:
        """From one look for old messages to the next."""
        return self.restore_throttle * int(self.restore_interval)

    @property
    def sweep_first_ns(self) -> int:
        """From the moment a worker is ready until its first look for old messages."""
        first = (self.restore_throttle - 1) * int(self.restore_interval) - _BEFORE_READY_NS
        late = 0 if first > 0 else -(first // self.sweep_every_ns)
        return first + late * self.sweep_every_ns or self.sweep_every_ns


def _read_worker(value: Any) -> Any:
    if value == "ideal":
        return value
    if value == "celery":
        return Celery()
    if isinstance(value, str):
        raise ValueError(unknown("worker", value, ["ideal", "celery"]))  # noqa: TRY004  # as pydantic wants it
    if isinstance(value, Mapping) and list(value) == ["celery"] and value["celery"] is None:
        return Celery()
    return read_tagged(value, {"celery": Celery}, what="worker", like="ideal, or {celery: {acks: late}}")


class _WorkerForm(Model):
    __doc__ = Celery.__doc__
    celery: Celery | None = Field(default=None, description="Its settings; none: Celery's defaults.")


Worker: TypeAlias = Annotated[
    str | Celery,
    PlainValidator(
        _read_worker, json_schema_input_type=Annotated[str, choice("worker", "ideal", "celery")] | _WorkerForm
    ),
]
