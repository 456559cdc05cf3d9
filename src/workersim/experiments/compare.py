"""Several fleets on the same documents: by how much they differ."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workersim.errors import InputError
from workersim.experiments.compared import Comparison
from workersim.experiments.documents import (
    documents_of,
    engine_for,
    replicate,
    replications_of,
    said_of_documents,
)
from workersim.experiments.flat import short_runs
from workersim.experiments.run import ensure_scenario, settle
from workersim.experiments.threads import in_threads
from workersim.units import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from workersim.experiments.measuring import Sample
    from workersim.scenario import Scenario

__all__ = ["compare"]


def compare(
    scenarios: Iterable[Scenario],
    *,
    seed: int | None = None,
    replications: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Comparison:
    """Run several fleets on the same documents, and tell by how much they differ.

    Parameters
    ----------
    scenarios
        Two or more.
    seed
        Of all of them; None: that of the first.
    replications
        Of each.  None: as many as any of them says, but 10 at least where chance has a part, and 1 where it has none.
    progress
        Called as ``progress(done, of)`` after each run.

    Returns
    -------
    Comparison
        Differences within pairs of runs on the same draws, with 95 % intervals: of more than two fleets, so wide that
        those of all pairs hold together.

    Raises
    ------
    InputError
        If there are fewer than two, or as ``run``.

    Notes
    -----
    Where the scenarios do not ask for the same documents, only their seeds are the same: that is said in
    ``note``.  Differences are then still taken within replications.

    Examples
    --------
    >>> import workersim as ws
    >>> one = ws.Scenario(
    ...     name="one",
    ...     fleet=ws.Fleet(replicas=1, concurrency=4),
    ...     workload=ws.Workload(jobs={"document": ws.Job(service="20 min")}, arrivals=[ws.Burst(jobs=10)]),
    ... )
    >>> print(ws.compare([one, one.replace_all({"name": "three", "fleet.replicas": 3})]).sentences[0])
    three: the mean wait is 16 min shorter and the p95 wait is 40 min shorter than with one, and it costs the same.
    """
    held = list(scenarios)
    for each in held:
        ensure_scenario(each)
    if len(held) < 2:
        msg = f"compare: expected two scenarios or more, found {len(held)}"
        raise InputError(msg)
    if replications is not None and replications < 1:
        msg = f"replications: expected 1 or more, found {replications}"
        raise InputError(msg)
    seed = held[0].run.seed if seed is None else seed
    held = [settle(each, engine="auto", seed=seed, replications=None) for each in held]
    count = max(replications_of(each, replications) for each in held)
    samples: list[list[Sample]] = []
    for told in _replications(held, count):
        samples.append(told)
        if progress:
            progress(len(samples) * len(held), count * len(held))
    trees = [[sample.figures for sample in column] for column in zip(*samples, strict=True)]
    warnings = _warnings(held, samples[0], trees)
    return Comparison(tuple(held), tuple(map(tuple, trees)), _note(held), tuple(warnings))


def _replications(scenarios: Sequence[Scenario], count: int) -> Iterator[list[Sample]]:
    """Yield the samples of all scenarios, replication by replication."""
    engine = engine_for(scenarios, count)
    together: dict[str, list[int]] = {}
    for at, scenario in enumerate(scenarios):
        together.setdefault(documents_of(scenario), []).append(at)

    def one(replication: int) -> list[Sample]:
        found: dict[int, Sample] = {}
        for group in together.values():
            runs = replicate([scenarios[at] for at in group], replication, engine)
            found.update(zip(group, runs, strict=True))
        return [found[at] for at in range(len(scenarios))]

    yield from in_threads(engine, one, range(count))


def _warnings(
    scenarios: Sequence[Scenario], first: Sequence[Sample], trees: Sequence[Sequence[Mapping[str, Any]]]
) -> Iterator[str]:
    for scenario, sample, told in zip(scenarios, first, trees, strict=True):
        for warning in (*sample.warnings, *short_runs(scenario, [tree["wait"] for tree in told])):
            yield f"{scenario.name}: {warning}"


def _note(scenarios: Sequence[Scenario]) -> str:
    """Say where scenarios do not ask for the same documents; nothing if they do."""
    first = said_of_documents(scenarios[0])
    for other in scenarios[1:]:
        apart = _apart(first, said_of_documents(other))
        if apart is not None:
            path, one, two = apart
            return (
                f"These scenarios do not have the same documents: {path} is {_said(one)} in {scenarios[0].name} and "
                f"{_said(two)} in {other.name}. They share seeds, so replications are still paired, but part of each "
                "difference is that of the documents."
            )
    return ""


def _apart(one: Any, two: Any, path: str = "") -> tuple[str, Any, Any] | None:
    """Return the first place at which two trees differ, with what stands there."""
    if isinstance(one, dict) and isinstance(two, dict):
        keys = dict.fromkeys([*one, *two])
        pairs = [(f"{path}.{key}".lstrip("."), one.get(key), two.get(key)) for key in keys]
    elif isinstance(one, list) and isinstance(two, list) and len(one) == len(two):
        pairs = [(f"{path}[{at}]", a, b) for at, (a, b) in enumerate(zip(one, two, strict=True))]
    else:
        return None if one == two else (path, one, two)
    return next((found for where, a, b in pairs if (found := _apart(a, b, where)) is not None), None)


def _said(value: Any) -> str:
    return "not given" if value is None else shown(value)
