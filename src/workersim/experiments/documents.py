"""Several fleets on the same documents: what is drawn once, each of them serves."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from workersim import workload
from workersim.experiments.measuring import measured
from workersim.experiments.run import keeps_log, pick, sample

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from workersim import engines
    from workersim.experiments.measuring import Sample
    from workersim.scenario import Scenario

__all__ = [
    "CHANCE",
    "documents_of",
    "engine_for",
    "files_in",
    "replicate",
    "replications_of",
    "said_of_documents",
]

CHANCE = 10  # replications at least, where chance has a part and nobody says how many

# Keys of a fleet that have no part in what is drawn for its jobs. Any other may have one, such as its queues, of which
# the first is that of jobs that name none, or the time limits of its workers.
_SERVES_ONLY = (
    *("replicas", "concurrency", "vcpus", "process_memory", "parent_memory", "memory_limit", "cost", "queue_order"),
    *("autoscale", "changes", "stops", "deploys", "drain", "restarts"),
)


def documents_of(scenario: Scenario) -> str:
    """Return what tells apart scenarios whose jobs may be drawn differently: a digest of all that may have a part."""
    written = scenario.written()
    fleets = {"": written.get("fleet", {}), **written.get("services", {})}
    said = {
        "documents": said_of_documents(scenario),
        "seed": scenario.run.seed,
        "fleets": [
            (name, {key: value for key, value in fleet.items() if key not in _SERVES_ONLY})
            for name, fleet in fleets.items()
        ],
    }
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def said_of_documents(scenario: Scenario) -> dict[str, Any]:
    """Return what a scenario says of its documents: the workload, and until when they come."""
    written = scenario.workload.written()
    said = {"workload": written, "run": {"until": str(scenario.run.until)}}
    return said | {"folder": str(scenario.folder.resolve())} if any(files_in(written)) else said


def files_in(written: Any) -> Iterator[str]:
    """Yield the names of the files that a scenario takes documents or durations from, as it is written."""
    for key, value in written.items() if isinstance(written, dict) else enumerate(written):
        if key in ("trace", "file") and isinstance(value, str):
            yield value
        elif isinstance(value, dict | list):
            yield from files_in(value)


def replications_of(scenario: Scenario, asked: int | None) -> int:
    """Return how often to run a scenario: as often as asked, once without chance, else ten times at least."""
    if not workload.is_random(scenario):
        return 1
    return max(CHANCE, scenario.run.replications) if asked is None else asked


def engine_for(scenarios: Sequence[Scenario], replications: int) -> engines.Engine:
    """Return the engine that is done first with all of them."""
    jobs = sum(workload.expected_jobs(scenario) for scenario in scenarios)
    return pick("auto", int(jobs) * replications)


def replicate(scenarios: Sequence[Scenario], replication: int, engine: engines.Engine) -> Iterator[Sample]:
    """Run one replication of scenarios that have their documents in common.

    The figures are those of ``run`` with ``keep_log=False``.
    """
    jobs = None
    for scenario in scenarios:
        if not keeps_log(scenario, engine, keep_log=False):
            yield measured(scenario, replication=replication)
            continue
        if jobs is None:
            jobs = workload.realise(scenario, replication=replication)
        yield sample(scenario, jobs, engine, replication=replication)
