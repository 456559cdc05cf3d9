"""The page: what was gathered, in the order in which somebody asks, as one piece of HTML."""

from __future__ import annotations

import hashlib
import platform
import shlex
from functools import cache
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, NamedTuple

import jinja2

from workersim.experiments.answer import answer
from workersim.plots.canvas import plain
from workersim.report import tables
from workersim.report.pictures import Pictures

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from workersim.report.gathering import Settings, Told
    from workersim.report.pictures import Picture
    from workersim.scenario import Scenario

__all__ = ["page"]

_LONGEST_NAME = 120
_LONGEST_NOTE = 500


class Part(NamedTuple):
    """Everything that the page says of one scenario."""

    key: str
    name: str
    answer: str
    warnings: tuple[str, ...]
    fleets: dict[str, list[tuple[str, str]]]
    jobs: list[tuple[str, str]]
    grids: dict[str, tables.Grid]
    pictures: dict[str, Picture | None]
    cost: list[tuple[str, str]]
    claims: list[tables.Claim]
    facts: list[tuple[str, str]]
    command: str
    text: str


def page(told: Sequence[Told], settings: Settings, *, note: str = "") -> str:
    """Return the page about scenarios that were run.

    Parameters
    ----------
    told
        At least one.
    settings
        With which they were run, for the command that repeats it.
    note
        A line below the title.
    """
    pictures = Pictures()
    parts = [_part(f"s{at}", each, settings, pictures) for at, each in enumerate(told)]
    title = parts[0].name if len(parts) == 1 else f"{len(parts)} scenarios"
    return (
        _environment()
        .get_template("report.html.jinja")
        .render(
            title=title,
            note=plain(note, _LONGEST_NOTE),
            version=version("workersim"),
            parts=parts,
            comparison=list(tables.comparison(told)) if len(told) > 1 else [],
            versions=list(_versions(told)),
        )
    )


@cache
def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.PackageLoader("workersim.report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def _part(key: str, told: Told, settings: Settings, pictures: Pictures) -> Part:
    result = told.result
    return Part(
        key=key,
        name=plain(told.scenario.name, _LONGEST_NAME),
        answer=answer(result),
        warnings=result.warnings,
        fleets=tables.fleets(result.scenario),
        jobs=tables.jobs(result),
        grids={"quantiles": tables.quantiles(result), "summary": tables.summary(result)},
        pictures={
            "waits": pictures.waits(told),
            "queue": pictures.queue(told),
            "utilization": pictures.utilization(told),
            "slots": pictures.slots(told),
            "memory": pictures.memory(told),
        },
        cost=tables.cost(result),
        claims=tables.claims(told),
        facts=list(_facts(told)),
        command=_command(told.scenario, settings),
        text=told.scenario.to_yaml(),
    )


def _facts(told: Told) -> Iterator[tuple[str, str]]:
    result = told.result
    yield "Seed", str(result.seed)
    more = " (chance has a part in this; the scenario asks for one)" if told.by_itself else ""
    yield "Replications", f"{result.replications:,}{more}"
    yield "Engine", result.engine
    yield "Run until", str(result.scenario.run.until)
    if result.scenario.run.warm_up:
        yield "Left out at the beginning", str(result.scenario.run.warm_up)
    yield "SHA-256 of the scenario", result.scenario.digest
    for name, digest in _files(told.scenario):
        yield f"SHA-256 of {plain(name)}", digest
    if told.verdicts:
        yield "Verdicts", "as workersim check gives them: replications are added until a claim is decided, up to 160"


def _files(scenario: Scenario) -> Iterator[tuple[str, str]]:
    """Return the files that arrivals are read from; without them nobody can repeat the run."""
    for arrival in scenario.workload.arrivals:
        name = getattr(arrival, "file", None)
        if isinstance(name, str):
            with (scenario.folder / name).open("rb") as file:
                yield name, hashlib.file_digest(file, "sha256").hexdigest()


def _command(scenario: Scenario, settings: Settings) -> str:
    words: list[Any] = ["workersim", "report", scenario.source or "scenario.yaml", "--out", "report.html"]
    if settings.engine != "auto":
        words += ["--engine", settings.engine]
    if settings.seed is not None:
        words += ["--seed", settings.seed]
    if settings.replications is not None:
        words += ["--replications", settings.replications]
    return shlex.join(map(str, words))


def _versions(told: Sequence[Told]) -> Iterator[tuple[str, str]]:
    yield "workersim", version("workersim")
    yield "Python", platform.python_version()
    engines = {each.result.engine for each in told}
    yield "NumPy", version("numpy")
    if "compiled" in engines:
        yield "Numba", version("numba")
    if "simpy" in engines:
        yield "SimPy", version("simpy")
