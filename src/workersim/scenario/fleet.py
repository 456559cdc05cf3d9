"""The fleet: replicas (containers) of so many processes, and how they take jobs."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from workersim.scenario.base import Model
from workersim.scenario.distributions import Time
from workersim.scenario.fields import Bytes, Memory, Names, Written, choice, number, whole
from workersim.scenario.problems import Problem
from workersim.units import Duration, Size

__all__ = ["Fleet"]

_MOST_SLOTS = 10_000_000
_FIXED = "this version has a fixed fleet"
_STEADY = "in this version every replica runs from the start to the end"
_worker = choice("worker", "ideal")


def _read_worker(value: Any) -> Any:
    if value == "celery" or (isinstance(value, Mapping) and list(value) == ["celery"]):
        msg = "Celery's own behaviour is not simulated yet; expected ideal"
        raise ValueError(msg)
    return _worker.read(value)


class Fleet(Model):
    """Equal containers that serve the queues of one service.

    Examples
    --------
    >>> fleet = Fleet(replicas=3, concurrency=4, process_memory={"model": "700 MB", "python": "400 MB"})
    >>> fleet.slots, fleet.cores, str(Size(fleet.memory_bytes))
    (12, 4.0, '4.4 GB')
    """

    place: ClassVar = "fleet"
    not_yet: ClassVar = {
        "autoscale": _FIXED,
        "changes": _FIXED,
        "stops": _STEADY,
        "deploys": _STEADY,
        "crashes": _STEADY,
    }

    replicas: Annotated[int, whole(0, 100_000)] = Field(description="Containers, all ready from the start.")
    concurrency: Annotated[int, whole(1, 10_000)] = Field(description="Processes a container; each runs one job.")
    vcpus: Annotated[float, number(0.001, 100_000)] | None = Field(
        default=None, description="Processors a container; by default as many as it has processes."
    )
    process_memory: Memory = Field(
        default=Size(0), description="Memory of each process: one size, or the sizes of what it loads."
    )
    parent_memory: Bytes = Field(default=Size(0), description="Memory of a container beside its processes.")
    memory_limit: Bytes | None = Field(default=None, description="The most memory that a container may use.")
    startup: Time = Field(default=Duration(0), description="From the start of a container until it takes jobs.")
    cost: Annotated[float, number(0, 1e9)] = Field(default=1.0, description="Price of a replica for an hour.")
    dispatch: Annotated[
        Literal["longest_idle", "first", "least_busy", "random"],
        choice("dispatch rule", "longest_idle", "first", "least_busy", "random"),
    ] = Field(default="longest_idle", description="Which of the idle processes takes the next job.")
    queues: Names | None = Field(
        default=None, description="The queues that are consumed; by default every queue of the workload."
    )
    queue_order: Annotated[
        Literal["round_robin", "priority", "sorted"], choice("queue order", "round_robin", "priority", "sorted")
    ] = Field(default="round_robin", description="Which queue is served next: in turn, as listed, or by name.")
    worker: Annotated[Literal["ideal"], Written(_read_worker, _worker.schema)] = Field(
        default="ideal", description="How a worker takes jobs; ideal: every process straight from the queues."
    )

    @property
    def slots(self) -> int:
        """Processes of the whole fleet."""
        return self.replicas * self.concurrency

    @property
    def cores(self) -> float:
        """Processors a container, the default resolved."""
        return float(self.concurrency) if self.vcpus is None else self.vcpus

    @property
    def process_bytes(self) -> int:
        """Memory of one process."""
        memory = self.process_memory
        return int(sum(memory.values())) if isinstance(memory, Mapping) else int(memory)

    @property
    def memory_bytes(self) -> int:
        """Memory of one container at rest."""
        return int(self.parent_memory) + self.process_bytes * self.concurrency

    @property
    def home_queue(self) -> str:
        """The queue of jobs that name none."""
        return "default" if self.queues is None or "default" in self.queues else self.queues[0]

    def problems(self) -> list[Problem]:
        """Refuse more processes than can be kept track of, and more memory than there is."""
        problems = []
        if self.slots > _MOST_SLOTS:
            wanted = f"expected at most {_MOST_SLOTS} processes in the fleet"
            problems.append(Problem(("replicas",), f"{wanted}, found {self.replicas} x {self.concurrency}"))
        if self.memory_limit is not None and self.memory_bytes > self.memory_limit:
            rest = f"{Size(self.memory_bytes)} that a container takes at rest"
            problems.append(Problem(("memory_limit",), f"expected at least the {rest}, found {self.memory_limit}"))
        return problems
