"""Scenario files: from a path or a text to a scenario, or to all that is wrong with it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from workersim.errors import InputError
from workersim.scenario.arrivals import Trace
from workersim.scenario.base import Model
from workersim.scenario.distributions import Empirical
from workersim.scenario.models import Scenario
from workersim.scenario.problems import MOST, Place, Problem, found_in
from workersim.scenario.yamlread import LARGEST, Document, Spot, read_yaml
from workersim.units import closest, shown

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Iterator

__all__ = ["content", "lines_of", "load", "load_fleet", "load_many", "read"]

# What a fleet file leaves to the trace that is replayed on it.
_OF_THE_TRACE = ("workload", "run", "claims")


def load(path: str | os.PathLike[str]) -> Scenario:
    """Return the scenario of a file.

    Parameters
    ----------
    path
        A YAML file; the files that it names are looked for beside it.

    Returns
    -------
    Scenario
        Valid, with its folder for the paths in it.

    Raises
    ------
    InputError
        With all that is wrong, one line each: file, line, column, key, what was expected and found.
    """
    path = Path(path)
    source = _printable(path)
    document = read_yaml(content(path, source), source)
    if isinstance(document.data, dict) and path.stem.isprintable() and path.stem.strip():
        document.data.setdefault("name", path.stem)
    scenario = _checked(document, source).in_folder(path.parent, source)
    if lines := lines_of(document, source, _absent_files(scenario)):
        raise InputError(*lines)
    return scenario


def load_fleet(path: str | os.PathLike[str]) -> Scenario:
    """Return a scenario without jobs from a fleet file: one without ``workload``, ``run`` and ``claims``.

    Parameters
    ----------
    path
        A YAML file.

    Raises
    ------
    InputError
        As ``load``; and if it says what the jobs are, which a replay takes from its trace.
    """
    path = Path(path)
    source = _printable(path)
    document = read_yaml(content(path, source), source)
    if isinstance(document.data, dict):
        why = "expected a fleet file, which leaves this to the trace"
        said = [Problem((key,), why, at_key=True, named=True) for key in _OF_THE_TRACE if key in document.data]
        if said:
            raise InputError(*lines_of(document, source, said))
        if path.stem.isprintable() and path.stem.strip():
            document.data.setdefault("name", path.stem)
        document.data |= {"workload": {"arrivals": []}, "run": {"until": "1 s"}}
    return _checked(document, source).in_folder(path.parent, source)


def load_many(paths: Iterable[str | os.PathLike[str]], *, recursive: bool = False) -> list[Scenario]:
    """Return the scenarios of several files, and of the ``*.yaml`` files in folders.

    Parameters
    ----------
    paths
        Files and folders, in the order in which the scenarios are wanted; a folder's by name.
    recursive
        Whether folders inside folders count too.

    Raises
    ------
    InputError
        With all that is wrong in all of them.
    """
    scenarios: list[Scenario] = []
    problems: list[str] = []
    for path in paths:
        try:
            files = _files(Path(path), recursive=recursive)
        except InputError as error:
            problems += error.problems
            continue
        for file in files:
            try:
                scenarios.append(load(file))
            except InputError as error:
                problems += error.problems
    if problems:
        raise InputError(*problems)
    return scenarios


def read(text: str, *, source: str = "scenario", folder: str | os.PathLike[str] = ".") -> Scenario:
    r"""Return the scenario that a YAML text describes.

    Parameters
    ----------
    text
        As in a scenario file.
    source
        What messages call it.
    folder
        Where the files that it names are looked for.

    Returns
    -------
    Scenario
        Valid.

    Raises
    ------
    InputError
        As ``load``.

    Examples
    --------
    >>> read("fleet: {replicas: -1, concurrency: 4}\nworkload: {}", source="x.yaml")
    Traceback (most recent call last):
        ...
    workersim.errors.InputError: x.yaml:1:19: fleet.replicas: expected a whole number from 0 to 100000, found -1
    """
    document = read_yaml(text.encode(errors="surrogatepass"), source)
    return _checked(document, source).in_folder(Path(folder), source)


def content(path: Path, source: str) -> bytes:
    """Return what a scenario file holds, up to a byte more than the longest may have."""
    try:
        with path.open("rb") as file:
            return file.read(LARGEST + 1)
    except FileNotFoundError:
        msg = f"{source}: expected a scenario file, found none of that name{_beside(path)}"
        raise InputError(msg) from None
    except IsADirectoryError:
        msg = f"{source}: expected a scenario file, found a folder"
        raise InputError(msg) from None
    except (OSError, ValueError) as error:  # ValueError: a path with NUL in it
        why = getattr(error, "strerror", None) or str(error)
        msg = f"{source}: expected a scenario file that can be read: {why}"
        raise InputError(msg) from None


def _printable(path: Path) -> str:
    return str(path) if str(path).isprintable() else shown(str(path))


def _beside(path: Path) -> str:
    # By their stems: an ending that all of them have is no likeness.
    names = {each.stem: each.name for each in path.parent.glob("*.yaml")}
    close = closest(path.stem, names)
    return f"; did you mean {shown(names[close])}?" if close is not None else ""


def _files(path: Path, *, recursive: bool) -> list[Path]:
    if not path.is_dir():
        return [path]
    found = path.rglob("*.yaml") if recursive else path.glob("*.yaml")
    files = sorted(file for file in found if not file.is_dir())
    if not files:
        msg = f"{_printable(path)}: expected scenario files (*.yaml) in this folder, found none"
        raise InputError(msg)
    return files


def _checked(document: Document, source: str) -> Scenario:
    if document.data is None:
        msg = f"{source}:1:1: expected a scenario, found nothing"
        raise InputError(msg)
    scenario: Scenario | None = None
    found: list[Problem] = []
    try:
        scenario = Scenario.__pydantic_validator__.validate_python(document.data)
    except ValidationError as error:
        found = found_in(error)
    lines = lines_of(document, source, found)
    if scenario is None or lines:
        raise InputError(*lines)
    return scenario


def lines_of(document: Document, source: str, problems: list[Problem]) -> list[str]:
    """Return problems as lines, each with the place of what it is about in the file."""
    found: list[tuple[Spot, str]] = [(document.spot(problem), str(problem)) for problem in problems]
    lines = [f"{source}:{spot.line}:{spot.column}: {text}" for spot, text in sorted(found + document.repeated)]
    if len(lines) > MOST:
        lines[MOST:] = [f"{source}: and {len(lines) - MOST} more"]
    return lines


def _absent_files(scenario: Scenario) -> list[Problem]:
    """Return a problem for each file that is named and not there, while its line is known."""
    return [
        Problem(place, f"expected a file, found none at {_printable(scenario.folder / name)}")
        for place, name in _named_files(scenario, ())
        if not (scenario.folder / name).is_file()
    ]


def _named_files(node: Any, place: Place) -> Iterator[tuple[Place, str]]:
    if isinstance(node, Trace):
        yield (*place, node.tag), node.file
    elif isinstance(node, Empirical) and node.file is not None:
        yield (*place, node.tag, "file"), node.file
    else:
        items = node.children() if isinstance(node, Model) else node
        if isinstance(items, dict):
            for key, each in items.items():
                yield from _named_files(each, (*place, key))
        elif isinstance(items, tuple):
            for index, each in enumerate(items):
                yield from _named_files(each, (*place, index))
