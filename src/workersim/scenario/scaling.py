"""What all scaling rules have in common: how few and how many replicas, and on which plan."""

from collections.abc import Collection
from typing import Annotated, Any, ClassVar

from pydantic import ConfigDict, Field

from workersim.scenario.base import Model
from workersim.scenario.fields import choice, whole
from workersim.scenario.plans import PLANS
from workersim.scenario.problems import Problem, unknown
from workersim.units import SECOND, Duration, Size

__all__ = ["MOST_REPLICAS", "Replicas", "Scaling", "Step"]

MOST_REPLICAS = 100_000

Replicas = Annotated[int, whole(0, MOST_REPLICAS)]
Step = Annotated[int, whole(1, MOST_REPLICAS)]


def _says_its_policy(schema: dict[str, Any]) -> None:
    if "policy" in schema["properties"]:
        schema["required"] = ["policy", *schema.get("required", [])]


class Scaling(Model):
    """Base of all scaling rules."""

    model_config = ConfigDict(json_schema_extra=_says_its_policy)

    place: ClassVar = "autoscale"

    min_replicas: Replicas = Field(default=1, description="It never wants fewer.")
    max_replicas: Replicas | None = Field(
        default=None, description="It never wants more; by default as many as the plan allows."
    )
    plan: Annotated[str, choice("plan", *PLANS)] | None = Field(
        default=None, description="The platform's plan, whose limits must hold."
    )

    @property
    def every_ns(self) -> int:
        """From one look at the service to the next."""
        every: Duration = getattr(self, "every", Duration(30 * SECOND))
        return int(every)

    @property
    def queues_named(self) -> tuple[tuple[str, int | None, str], ...]:
        """The queues that it looks at by name: key, index (None: not in a list), name."""
        return ()

    @property
    def most(self) -> int:
        """The most replicas that it ever wants."""
        if self.max_replicas is not None:
            return self.max_replicas
        return MOST_REPLICAS if self.plan is None else PLANS[self.plan].replicas

    def written(self) -> dict[str, Any]:
        """Return what a scenario file says, the name of the policy first."""
        policy = getattr(self, "policy", None)
        return super().written() if policy is None else {"policy": policy} | super().written()

    def problems(self) -> list[Problem]:
        """Refuse a lowest number above the highest, and numbers above the plan's limit."""
        problems = []
        if self.max_replicas is not None:
            problems += self.beyond_plan(self.max_replicas, "max_replicas")
        if self.min_replicas > self.most:
            wanted = f"expected at most max_replicas, which is {self.most}"
            problems.append(Problem(("min_replicas",), f"{wanted}, found {self.min_replicas}"))
        return problems

    def beyond_plan(self, replicas: int, *place: str | int) -> list[Problem]:
        """Return the problem with so many replicas, if the plan does not allow them."""
        if self.plan is None or replicas <= PLANS[self.plan].replicas:
            return []
        limit, _, _, source = PLANS[self.plan]
        wanted = f"expected at most the {limit} replicas of the plan {self.plan} ({source})"
        return [Problem(place, f"{wanted}, found {replicas}")]

    def misfits(self, vcpus: float, memory_bytes: int, queues: Collection[str] | None) -> list[Problem]:
        """Return what is wrong with it for a fleet: the plan's limits, and queues that are not consumed.

        Parameters
        ----------
        vcpus, memory_bytes
            Of one replica.
        queues
            What the fleet consumes; None while that is not known.
        """
        strange = [] if queues is None else self.strange_to(queues)
        return self._too_large(vcpus, memory_bytes) + strange

    def strange_to(self, queues: Collection[str]) -> list[Problem]:
        """Return the problems with queues that it looks at and that are not among those that are consumed."""
        return [
            Problem((key,) if index is None else (key, index), unknown("queue", name, queues))
            for key, index, name in self.queues_named
            if name not in queues
        ]

    def _too_large(self, vcpus: float, memory_bytes: int) -> list[Problem]:
        if self.plan is None or self.max_replicas is None:
            return []
        plan, most = PLANS[self.plan], self.max_replicas
        of_plan = f"of the plan {self.plan} ({plan.source}), found {most} replicas x"
        problems = []
        if most * vcpus > plan.vcpus:
            problems.append(f"expected at most the {plan.vcpus} vCPUs {of_plan} {vcpus:g}")
        if most * memory_bytes > plan.memory_bytes:
            problems.append(f"expected at most the {Size(plan.memory_bytes)} {of_plan} {Size(memory_bytes)}")
        return [Problem(("max_replicas",), problem) for problem in problems]
