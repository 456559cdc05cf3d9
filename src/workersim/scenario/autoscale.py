"""How a fleet is scaled: the guide's lines, a named policy with its own keys, or any Python callable."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Field, PlainValidator, ValidationError

from workersim.scenario.base import Model
from workersim.scenario.conditions import parse_condition
from workersim.scenario.fields import Above0, Seconds, Written, choice, number
from workersim.scenario.problems import Problem, fail, found_in, unknown
from workersim.scenario.scalers import HireFire, Hpa, Judoscale, Keda, Latency, Railway, Timetable
from workersim.scenario.scaling import Replicas, Scaling
from workersim.units import SECOND, Duration, Share, parse_share, shown

__all__ = ["POLICIES", "Autoscale", "Autoscaling", "GuideManual", "OwnPolicy", "read_autoscale"]


def _read_condition(value: Any) -> str:
    if not isinstance(value, str):
        msg = f"expected a condition such as queue_length > 5, found {shown(value)}"
        raise ValueError(msg)  # noqa: TRY004  # pydantic gathers ValueErrors only
    return str(parse_condition(value))


_Condition: TypeAlias = Annotated[str, Written(_read_condition, {"type": "string", "maxLength": 1000})]
_Part: TypeAlias = Annotated[Share, Written(parse_share, {"type": ["string", "number"]})]


class Autoscale(Scaling):
    """The lines that the guide proposes: one replica more while one condition holds at a tick, one less while another.

    Where both hold, it scales up.  The guide gives no interval; 30 s is KEDA's.

    Examples
    --------
    >>> lines = Autoscale(min_replicas=2, max_replicas=10, scale_up_when="queue_length>5", every="1 min")
    >>> lines.scale_up_when, lines.scale_down_when, lines.every_ns
    ('queue_length > 5', None, 60000000000)
    """

    scale_up_when: _Condition | None = Field(default=None, description="A replica more, for example queue_length > 5.")
    scale_down_when: _Condition | None = Field(default=None, description="A replica less, for example running == 0.")
    every: Above0 = Field(default=Duration(30 * SECOND), description="From one look to the next.")

    def problems(self) -> list[Problem]:
        """Refuse lines that never do anything."""
        problems = super().problems()
        if self.scale_up_when is None and self.scale_down_when is None:
            problems.append(Problem((), "expected scale_up_when, scale_down_when or policy, found none"))
        return problems


class GuideManual(Scaling):
    """What the guide tells a person to do: "consistently" is 10 minutes here, and the person looks every minute.

    A replica more if the queue was longer than 10 at each look since 10 minutes; one less if utilization was below 30 %
    at each look.  After a change the 10 minutes begin anew: one waits for what it brings.
    """

    policy: Annotated[
        Literal["guide_manual"], choice("policy", "guide_manual"), Field(description="Names the rule.")
    ] = "guide_manual"
    queue_above: Annotated[float, number(0, 1e9)] = Field(default=10, description="A replica more above this.")
    busy_below: _Part = Field(default=Share(0.3), description="A replica less below this utilization.")
    consistently: Seconds = Field(default=Duration(600 * SECOND), description="For how long that must have been so.")
    every: Above0 = Field(default=Duration(60 * SECOND), description="From one look to the next.")


def _read_own(value: Any) -> Callable[..., Any]:
    made: Callable[..., Any] = value
    if not callable(value) or (isinstance(value, type) and issubclass(value, Model)):
        msg = f"expected a callable, policy(observation) -> replicas, found {shown(value)}"
        raise ValueError(msg)  # noqa: TRY004  # pydantic gathers ValueErrors only
    return made


class OwnPolicy(Scaling):
    """Any callable, ``policy(observation) -> replicas``; from Python only.

    A class is made afresh for each run; any other callable is copied, so that what it remembers is of one run.

    Examples
    --------
    >>> OwnPolicy(policy=lambda seen: seen.queue_length // 4, every="10 s").every_ns
    10000000000
    """

    policy: Annotated[Callable[..., Any], Written(_read_own, {})]
    min_replicas: Replicas = Field(default=0, description="It never gets fewer.")
    every: Above0 = Field(default=Duration(30 * SECOND), description="From one look to the next.")


POLICIES: dict[str, type[Scaling]] = {
    "guide_manual": GuideManual,
    "timetable": Timetable,
    "keda": Keda,
    "hpa": Hpa,
    "latency": Latency,
    "judoscale": Judoscale,
    "hirefire": HireFire,
    "railway": Railway,
}
"""The models by the names of their policies."""


def read_autoscale(value: Any) -> Scaling:
    """Return the model that a mapping, a callable or a model stands for.

    Raises
    ------
    ValidationError
        With all that is wrong.
    """
    if isinstance(value, Scaling):
        return value
    if callable(value):
        value = {"policy": value}
    if not isinstance(value, Mapping):
        fail([Problem((), f"expected a mapping such as {{scale_up_when: queue_length > 5}}, found {shown(value)}")])
    try:
        made: Scaling = _kind(value).__pydantic_validator__.validate_python(value)
    except ValidationError as error:
        fail(found_in(error))
    return made


def _kind(value: Mapping[str, Any]) -> type[Scaling]:
    if "policy" not in value:
        return Autoscale
    policy = value["policy"]
    if callable(policy):
        return OwnPolicy
    if not isinstance(policy, str):
        fail([Problem(("policy",), f"expected one of {', '.join(POLICIES)}, found {shown(policy)}")])
    if policy not in POLICIES:
        fail([Problem(("policy",), unknown("policy", policy, POLICIES))])
    return POLICIES[policy]


_Form: TypeAlias = Autoscale | GuideManual | Timetable | Keda | Hpa | Latency | Judoscale | HireFire | Railway

Autoscaling: TypeAlias = Annotated[Scaling, PlainValidator(read_autoscale, json_schema_input_type=_Form)]
"""The type of ``fleet.autoscale``."""
