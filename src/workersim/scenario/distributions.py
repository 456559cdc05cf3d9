"""Distributions by family, with their mean and coefficient of variation (cv = deviation / mean).

A parameter is a ``Duration`` when it is written with a unit, else a plain float: seconds where a
duration stands, the number itself where a number stands.  Nothing is drawn here.
"""

import math
import warnings
from collections.abc import Iterable
from itertools import islice
from typing import Annotated, Any, ClassVar, TypeAlias

from pydantic import ConfigDict, Field, PlainValidator, create_model

from workersim.scenario.base import Tagged, read_tagged, written
from workersim.scenario.fields import DURATION, Name, Text, Written, number
from workersim.scenario.problems import MOST, Problem, fail, unknown
from workersim.units import Duration, format_number, parse_duration, parse_number, shown

__all__ = [
    "DISTRIBUTIONS",
    "Deterministic",
    "Distribution",
    "Empirical",
    "Erlang",
    "Exponential",
    "Gamma",
    "Hyperexponential",
    "Lognormal",
    "Ratio",
    "Scipy",
    "Time",
    "Triangular",
    "Uniform",
    "Weibull",
    "amount",
    "can_be_above_0",
]

_NEGLIGIBLE = 1e-9  # a probability of values below 0; should one be drawn all the same, it is refused then
_LARGEST = 36525 * 86400.0  # seconds in 100 years, the longest duration


def amount(parameter: Duration | float) -> float:
    """Return a parameter as a plain number: seconds if it has a unit, else itself."""
    return parameter.seconds if isinstance(parameter, Duration) else float(parameter)


def _parameter(value: Any) -> Duration | float:
    try:
        plain = parse_number(value)
    except ValueError:
        return parse_duration(value)
    if not 0 <= plain <= _LARGEST:
        parse_duration(value)  # says what is wrong with it
    return plain


def _parameter_above_0(value: Any) -> Duration | float:
    parameter = _parameter(value)
    if not parameter:
        msg = f"expected a duration or number above 0, found {shown(value)}"
        raise ValueError(msg)
    return parameter


def _place_or_scale(value: Any) -> Duration | float:
    try:
        return parse_number(value)
    except ValueError:
        return parse_duration(value)


def _samples(value: Any) -> tuple[Duration | float, ...]:
    if not isinstance(value, Iterable) or isinstance(value, str | dict):
        msg = f"expected a list of durations or numbers, found {shown(value)}"
        raise ValueError(msg)  # noqa: TRY004  # pydantic gathers ValueErrors only
    samples, problems = [], []
    for index, each in enumerate(value):
        try:
            samples.append(_parameter(each))
        except ValueError as error:
            problems.append(Problem((index,), str(error)))
            if len(problems) == MOST:
                break
    if problems:
        fail(problems)
    return tuple(samples)


_PARAMETER = {**DURATION, "description": "With a unit a duration; a bare number is seconds, or itself for a ratio."}

Parameter: TypeAlias = Annotated[Duration | float, Written(_parameter, _PARAMETER)]
Above0: TypeAlias = Annotated[Duration | float, Written(_parameter_above_0, _PARAMETER)]
Samples: TypeAlias = Annotated[
    tuple[Duration | float, ...], Written(_samples, {"type": "array", "minItems": 1, "items": _PARAMETER})
]
ScipyParameter: TypeAlias = Annotated[Duration | float, Written(_place_or_scale, {"type": ["number", "string"]})]
Cv: TypeAlias = Annotated[float, number(0.001, 100), Field(description="Standard deviation ÷ mean.")]


class Exponential(Tagged):
    """Without memory; its cv is 1."""

    tag: ClassVar[str] = "exponential"

    mean: Above0


class Deterministic(Tagged):
    """Always the same."""

    tag: ClassVar[str] = "deterministic"

    mean: Parameter


class Erlang(Tagged):
    """A sum of k equal exponential stages; its cv is 1/sqrt(k) for a whole k."""

    tag: ClassVar[str] = "erlang"

    mean: Above0
    cv: Cv

    @property
    def stages(self) -> int:
        """The whole k that cv stands for."""
        return max(1, round(self.cv**-2))

    def problems(self) -> list[Problem]:
        """Refuse a cv that no number of stages has, give or take its rounding to two digits."""
        near = 1 / math.sqrt(self.stages)
        if abs(self.cv / near - 1) < 0.01:
            return []
        hint = f"nearest is {format_number(near, 4)} (k = {self.stages})"
        return [Problem(("cv",), f"expected 1/sqrt(k) for a whole number k, found {shown(self.cv)}; {hint}")]


class Gamma(Tagged):
    """Positive, of any cv."""

    tag: ClassVar[str] = "gamma"

    mean: Above0
    cv: Cv


class Lognormal(Tagged):
    """Positive, with a long tail."""

    tag: ClassVar[str] = "lognormal"

    mean: Above0
    cv: Cv


class Weibull(Tagged):
    """Positive; a heavier tail than the exponential for a cv above 1."""

    tag: ClassVar[str] = "weibull"

    mean: Above0
    cv: Cv


class Hyperexponential(Tagged):
    """One of two exponentials, with balanced means; its cv is 1 or more."""

    tag: ClassVar[str] = "hyperexponential"

    mean: Above0
    cv: Annotated[float, number(1, 100), Field(description="Standard deviation ÷ mean.")]


class Uniform(Tagged):
    """Anything between two ends, equally likely."""

    tag: ClassVar[str] = "uniform"

    min: Parameter
    max: Parameter

    def problems(self) -> list[Problem]:
        """Refuse ends in the wrong order."""
        return _in_order(self, "min", "max")


class Triangular(Tagged):
    """Between two ends, most likely at the mode."""

    tag: ClassVar[str] = "triangular"

    min: Parameter
    mode: Parameter
    max: Parameter

    def problems(self) -> list[Problem]:
        """Refuse ends and mode in the wrong order."""
        return _in_order(self, "min", "mode") + _in_order(self, "mode", "max")


class Empirical(Tagged):
    """One of the values seen before, equally likely."""

    tag: ClassVar[str] = "empirical"

    values: Samples | None = Field(default=None, description="The values themselves.")
    file: Text | None = Field(default=None, description="A file that holds them, relative to the scenario file.")

    def problems(self) -> list[Problem]:
        """Refuse none or both of the sources, and no values."""
        if (self.values is None) == (self.file is None):
            found = "neither" if self.values is None else "both"
            return [Problem((), f"expected either values or file, found {found}")]
        return [Problem(("values",), "expected at least one value, found an empty list")] if self.values == () else []


class Scipy(Tagged):
    """A continuous distribution of ``scipy.stats`` by its name, with its own parameters."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, ScipyParameter] = Field(init=False)

    tag: ClassVar[str] = "scipy"

    name: Annotated[Name, Field(description="As in ``scipy.stats``.")]

    def __init__(self, /, name: str, **parameters: Any) -> None:
        super().__init__(**{"name": name, **parameters})

    __init__.__pydantic_base_init__ = True  # type: ignore[attr-defined]  # as in Model

    @property
    def parameters(self) -> dict[str, Duration | float]:
        """The parameters as ``scipy.stats`` names them: its shapes, loc and scale."""
        return dict(self.__pydantic_extra__)

    def children(self) -> dict[str, Any]:
        """Return name and parameters under the tag."""
        return {self.tag: {"name": self.name, **self.parameters}}

    def written(self) -> dict[str, Any]:
        """Return the mapping with its tag."""
        return {self.tag: {"name": self.name, **written(self.parameters)}}

    def problems(self) -> list[Problem]:
        """Refuse names and parameters that SciPy does not know, and distributions that go below 0."""
        from scipy import stats  # noqa: PLC0415  # only this family needs it, and it takes its time

        family = getattr(stats, self.name, None)
        if not isinstance(family, stats.rv_continuous):
            names = [name for name in dir(stats) if isinstance(getattr(stats, name), stats.rv_continuous)]
            return [Problem(("name",), unknown("scipy.stats distribution", self.name, names))]
        shapes = family.shapes.replace(" ", "").split(",") if family.shapes else []
        valid = [*shapes, "loc", "scale"]
        problems = [
            Problem((key,), unknown(f"parameter of {self.name}", key, valid), at_key=True)
            for key in islice((key for key in self.parameters if key not in valid), MOST)
        ]
        problems += [
            Problem((key,), f"missing key {shown(key)}", at_key=True) for key in shapes if key not in self.parameters
        ]
        return problems or self._support(family)

    def _support(self, family: Any) -> list[Problem]:
        parameters = {key: amount(each) for key, each in self.parameters.items()}
        low, _ = family.support(**parameters)
        if math.isnan(low):
            return [Problem((), f"expected parameters that scipy.stats.{self.name} takes, found others")]
        if low >= 0:
            return []
        with warnings.catch_warnings(action="ignore"):  # of numerical integration: nan is refused as well
            below = float(family.cdf(0, **parameters))
        if below < _NEGLIGIBLE:
            return []
        wanted = "expected a distribution of values from 0 on"
        return [Problem((), f"{wanted}, found scipy.stats.{self.name} below 0 with probability {below:.2g}")]


Distribution: TypeAlias = (
    Exponential
    | Deterministic
    | Erlang
    | Gamma
    | Lognormal
    | Weibull
    | Hyperexponential
    | Uniform
    | Triangular
    | Empirical
    | Scipy
)

_KINDS: tuple[type[Tagged], ...] = Distribution.__args__
DISTRIBUTIONS: dict[str, type[Tagged]] = {kind.tag: kind for kind in _KINDS}


def _in_order(model: Tagged, low: str, high: str) -> list[Problem]:
    lower, upper = getattr(model, low), getattr(model, high)
    if amount(lower) <= amount(upper):
        return []
    return [Problem((high,), f"expected at least {low}, which is {shown(lower)}, found {shown(upper)}")]


def can_be_above_0(value: Duration | Distribution) -> bool:
    """Return whether a duration, or something drawn from a distribution, is ever above 0."""
    if isinstance(value, Duration):
        return value > 0
    if isinstance(value, Deterministic):
        return value.mean > 0
    if isinstance(value, Uniform | Triangular):
        return value.max > 0
    return not isinstance(value, Empirical) or value.values is None or any(value.values)


def _read_distribution(value: Any) -> Any:
    return read_tagged(value, DISTRIBUTIONS, what="distribution", like="{exponential: {mean: 3 s}}")


def _read_time(value: Any) -> Any:
    if isinstance(value, dict | Tagged):
        return _read_distribution(value)
    return parse_duration(value)


def _read_ratio(value: Any) -> Any:
    if not isinstance(value, dict | Tagged):
        return _ratio(value)
    drawn = _read_distribution(value)
    with_unit = [
        Problem((drawn.tag, key), f"expected a plain number, as this is a ratio, found {shown(each)}")
        for key, each in drawn.children()[drawn.tag].items()
        if isinstance(each, Duration)
    ]
    if isinstance(drawn, Empirical) and any(isinstance(each, Duration) for each in drawn.values or ()):
        with_unit.append(Problem((drawn.tag, "values"), "expected plain numbers, as this is a ratio, found durations"))
    if with_unit:
        fail(with_unit)
    return drawn


_ratio = number(0, 1e9).read


def one_key(schema: dict[str, Any]) -> None:
    """Describe a mapping of which exactly one key is there, without the defaults of the rest."""
    schema |= {"minProperties": 1, "maxProperties": 1}
    for each in schema["properties"].values():
        each.pop("default", None)


_Form = create_model(
    "Distribution",
    __config__=ConfigDict(extra="forbid", json_schema_extra=one_key),
    __doc__="One family with its parameters.",
    **{tag: (kind, None) for tag, kind in DISTRIBUTIONS.items()},  # type: ignore[call-overload]  # fields by name
)
_Fixed: TypeAlias = Annotated[Duration, Written(parse_duration, DURATION)]
_FixedRatio: TypeAlias = Annotated[float, number(0, 1e9)]

Time: TypeAlias = Annotated[
    Duration | Distribution,
    PlainValidator(_read_time, json_schema_input_type=_Fixed | _Form),
]
Interval: TypeAlias = Annotated[Distribution, PlainValidator(_read_distribution, json_schema_input_type=_Form)]
Ratio: TypeAlias = Annotated[
    float | Distribution, PlainValidator(_read_ratio, json_schema_input_type=_FixedRatio | _Form)
]
