"""The fleet: replicas (containers) of so many processes, and how they take jobs."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import BeforeValidator, Field

from workersim.scenario.autoscale import Autoscaling
from workersim.scenario.base import Model
from workersim.scenario.costs import MONTH_H, Cost, Usage
from workersim.scenario.distributions import Time
from workersim.scenario.fields import Bytes, Memory, Names, Seconds, choice, few, number, whole
from workersim.scenario.happenings import Change, Crashes, Deploy, Stop
from workersim.scenario.problems import Problem
from workersim.scenario.worker import Celery, Worker
from workersim.units import Duration, Size

__all__ = ["Fleet"]

_MOST_SLOTS = 10_000_000


class Fleet(Model):
    """Equal containers that serve the queues of one service.

    Examples
    --------
    >>> fleet = Fleet(replicas=3, concurrency=4, process_memory={"model": "700 MB", "python": "400 MB"})
    >>> fleet.slots, fleet.cores, str(Size(fleet.memory_bytes))
    (12, 4.0, '4.4 GB')
    """

    place: ClassVar = "fleet"
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
    cost: Cost = Field(default=1.0, description="Price of a replica for an hour, or prices of what it uses.")
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
    worker: Worker = Field(
        default="ideal", description="How a worker takes jobs; ideal: every process straight from the queues."
    )
    drain: Seconds | None = Field(
        default=None, description="Grace of replicas that are taken away; by default as long as they need."
    )
    restarts: Annotated[int, whole(0, 1_000_000)] = Field(
        default=10, description="How often a replica comes back after it has run out of memory."
    )
    autoscale: Autoscaling | None = Field(default=None, description="The rule that says how many replicas are wanted.")
    changes: Annotated[tuple[Change, ...], BeforeValidator(few)] = Field(
        default=(), description="When so many replicas are wanted instead."
    )
    stops: Annotated[tuple[Stop, ...], BeforeValidator(few)] = Field(default=(), description="SIGTERM to a replica.")
    deploys: Annotated[tuple[Deploy, ...], BeforeValidator(few)] = Field(
        default=(), description="When a new set of replicas takes over."
    )
    crashes: Crashes = Field(default=(), description="When replicas or processes die, or how often.")

    @property
    def slots(self) -> int:
        """Processes of the whole fleet as it begins."""
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
    def celery(self) -> Celery | None:
        """Celery's settings, if its workers are Celery's."""
        return self.worker if isinstance(self.worker, Celery) else None

    @property
    def is_steady(self) -> bool:
        """Whether it stays as it is, and its processes take jobs straight from the queues."""
        changes = (self.changes, self.stops, self.deploys, self.crashes, self.autoscale)
        return self.celery is None and not any(changes)

    def fits(self, job_memory: int = 0) -> int | None:
        """Return the highest concurrency that the memory limit allows; None without a limit.

        Parameters
        ----------
        job_memory
            Bytes that each running job takes beside its process at rest.

        Examples
        --------
        >>> Fleet(replicas=1, concurrency=4, process_memory="1.1 GB", memory_limit="8 GB").fits()
        7
        """
        each = self.process_bytes + job_memory
        if self.memory_limit is None or each == 0:
            return None
        return max(0, (int(self.memory_limit) - int(self.parent_memory)) // each)

    @property
    def replica_price(self) -> float:
        """Price of a replica for an hour, whatever it uses."""
        return 0.0 if isinstance(self.cost, Usage) else self.cost

    @property
    def gb_price(self) -> float:
        """Price of a GB of memory for an hour."""
        return 60.0 * self.cost.gb_minute if isinstance(self.cost, Usage) else 0.0

    @property
    def vcpu_price(self) -> float:
        """Price of a vCPU in use for an hour."""
        return 60.0 * self.cost.vcpu_minute if isinstance(self.cost, Usage) else 0.0

    @property
    def least_price(self) -> float:
        """What an hour costs at least, on the average of a run."""
        return self.cost.minimum / MONTH_H if isinstance(self.cost, Usage) else 0.0

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
        if self.celery is not None:
            problems += self._not_celery(self.celery)
        if self.autoscale is not None:
            found = self.autoscale.misfits(self.cores, self.memory_bytes, self.queues)
            problems += [Problem(("autoscale", *each.place), each.message) for each in found]
        return problems

    def _not_celery(self, celery: Celery) -> list[Problem]:
        """Refuse what Celery's workers cannot honour."""
        problems = []
        if self.dispatch != "longest_idle":
            said = "expected no dispatch rule: among Celery's workers the oldest BRPOP is served"
            problems.append(Problem(("dispatch",), f"{said}, found {self.dispatch}"))
        if celery.autoscale is not None and celery.autoscale.max != self.concurrency:
            wanted = f"expected the concurrency, {self.concurrency}: the window and the memory are for that many"
            place = ("worker", "celery", "autoscale", "max")
            problems.append(Problem(place, f"{wanted}, found {celery.autoscale.max}"))
        return problems
