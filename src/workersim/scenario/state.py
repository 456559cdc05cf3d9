"""The present state of a fleet: what waits, what runs and for how long, on which scenario."""

from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import BeforeValidator, Field, ValidationError

from workersim.errors import InputError
from workersim.scenario.base import Model
from workersim.scenario.fields import Name, Seconds, Switch, Text, few, whole
from workersim.scenario.load import content, lines_of, load
from workersim.scenario.models import Scenario
from workersim.scenario.problems import found_in
from workersim.scenario.yamlread import read_yaml
from workersim.units import nearest, shown

__all__ = ["Running", "State", "Waiting", "load_state"]


class Waiting(Model):
    """So many jobs of a class that wait, one behind the other."""

    place: ClassVar = "waiting"

    job: Name = Field(description="Their class.")
    count: Annotated[int, whole(1, 1_000_000)] = Field(default=1, description="How many.")


class Running(Model):
    """Jobs of a class that run."""

    place: ClassVar = "running"

    job: Name = Field(description="Their class.")
    since: Seconds = Field(description="For how long they have run.")
    count: Annotated[int, whole(1, 10_000)] = Field(default=1, description="How many.")


class State(Model):
    """What waits and runs just now.

    Examples
    --------
    >>> now = State(waiting=[{"job": "document", "count": 6}], running=[{"job": "document", "since": "12 min"}])
    >>> now.waiting[0].count, now.running[0].since
    (6, Duration('12 min'))
    """

    place: ClassVar = "state"

    scenario: Text | None = Field(default=None, description="The scenario file, relative to this one.")
    waiting: Annotated[tuple[Waiting, ...], BeforeValidator(few)] = Field(
        default=(), description="What waits, the next one first."
    )
    running: Annotated[tuple[Running, ...], BeforeValidator(few)] = Field(default=(), description="What runs.")
    sent: Name | None = Field(default=None, description="Class of the job that is sent now; by default the first.")
    arrivals: Switch = Field(default=False, description="Whether those of the scenario go on.")

    def ensure_classes(self, scenario: Scenario, source: str = "state") -> None:
        """Refuse classes that the scenario does not have.

        Parameters
        ----------
        scenario
            What the state is to go on with.
        source
            What messages call the state, such as its file.

        Raises
        ------
        InputError
            Naming each of them.
        """
        known = [name for name, job in scenario.workload.jobs.items() if job.can_run]
        named = [(f"waiting[{i}].job", each.job) for i, each in enumerate(self.waiting)]
        named += [(f"running[{i}].job", each.job) for i, each in enumerate(self.running)]
        named += [] if self.sent is None else [("sent", self.sent)]
        problems = [
            f"{source}: {where}: expected a job class of the scenario, found {shown(name)}{nearest(name, known)}"
            for where, name in named
            if name not in known
        ]
        if not known:
            problems = [f"{source}: expected a scenario whose job classes have a service or phases, found none"]
        if problems:
            raise InputError(*problems)


def load_state(path: str | Path) -> tuple[State, Scenario | None]:
    """Return the state that a file describes, and the scenario that it names.

    Raises
    ------
    InputError
        With file, line and column of every mistake.
    """
    path = Path(path)
    document = read_yaml(content(path, str(path)), str(path))
    try:
        state = State.__pydantic_validator__.validate_python({} if document.data is None else document.data)
    except ValidationError as error:
        raise InputError(*lines_of(document, str(path), found_in(error))) from None
    if document.repeated:
        raise InputError(*lines_of(document, str(path), []))
    return state, None if state.scenario is None else load(path.parent / state.scenario)
