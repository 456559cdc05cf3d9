"""The guide, audited: ``python -m tests.guide_table > docs/guide-audited.md`` writes the page."""

from __future__ import annotations

import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

import workersim as ws
from workersim import workload
from workersim.experiments.verdicts import in_words
from workersim.units import format_duration, format_number, format_share

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workersim.claims import Verdict
    from workersim.scenario import Scenario

__all__ = ["PARTS", "Part", "files_of", "page", "row", "worked"]

SCENARIOS = Path(__file__).parents[1] / "scenarios"
SERVICE_MIN = 20.0
PER_PROCESS = 60 / SERVICE_MIN  # documents an hour
HEADINGS = ("sentence", "verdict", "measured", "why", "shown by")


class Part(NamedTuple):
    """A part of the page: what it is about, what has to be known to read it, its scenarios, and what code adds."""

    title: str
    about: str
    patterns: tuple[str, ...]
    worked: str = ""


PARTS = (
    Part(
        "Scenarios 1 to 5",
        "Each has its own file, and [the first notebook](../notebooks/01-five-scenarios.ipynb) goes through them. "
        "CPU: a document is taken to compute for 4/7 of its time, as with the middle of the guide's wait ratios; "
        "idle processes are modelled as using none.",
        ("[1-5]-*.yaml",),
    ),
    Part(
        "How many processes are busy",
        "All of this is arithmetic, and right. One thing is not: the pictures fill one container before the next.",
        ("guide/uploads-*.yaml",),
        "filling",
    ),
    Part(
        "Concurrency, memory, and the formula",
        "A container that always has work. The guide calls *cores × (1 + wait ratio)* optimal; it does not say for "
        "what. For throughput there is no optimum as long as memory lasts: one process more always does a little "
        "more, and each document takes longer. The formula names the number at which the cores would just be busy "
        "all the time if documents never met on them.",
        ("guide/concurrency-*.yaml", "guide/formula-*.yaml"),
        "formula",
    ),
    Part(
        "The table by traffic",
        "The guide says how many processes belong to how many documents an hour, and not how long these may wait. "
        "The bound here is ours: 95 of 100 documents start within 20 minutes, the time that one takes. Documents "
        "vary as in Scenario 6 (coefficient of variation 0.8). A process does 3 documents an hour.",
        ("guide/traffic-*.yaml",),
        "capacity",
    ),
    Part(
        "Load balancing",
        "Idle processes that compete for documents would balance load by themselves. Celery's processes do not "
        "compete: their worker reserves for them, whether they are busy or not ([how](fleets.md#celerys-workers)).",
        ("guide/balancing-*.yaml", "celery/backlog-*.yaml", "celery/mixed-*.yaml"),
        "tree",
    ),
    Part(
        "Fault tolerance and start-up",
        "What goes on and what is lost are two questions, and the guide's row answers the first.",
        ("guide/fault-*.yaml", "celery/crash-*.yaml", "guide/startup.yaml"),
    ),
    Part(
        "Utilization bands",
        "A band is no measure of waiting without the number of processes. At 80 % busy four processes let documents "
        "wait for a long time, and forty hardly at all.",
        ("guide/band-*.yaml",),
        "bands",
    ),
    Part(
        "Scaling rules",
        "A day that begins with 4 documents an hour and has 33 at noon; for bursts see the other files.",
        ("guide/scaling-*.yaml", "celery/autoscaling-*.yaml"),
    ),
    Part("Cost", "On the day of Scenario 6.", ("guide/cost-*.yaml",), "cost"),
    Part(
        "Good for 80 % of use cases",
        "The guide does not say of which. Held against its own range of traffic, 1 to 200 documents an hour:",
        (),
        "use_cases",
    ),
)


def page() -> Iterator[str]:
    """Yield the page line by line."""
    yield "# The guide, audited"
    yield ""
    yield from _introduction()
    for part in PARTS:
        yield from ["", f"## {part.title}", "", *_wrapped(part.about), ""]
        if part.patterns:
            yield _line(HEADINGS)
            yield _line(["---"] * len(HEADINGS))
        for path in files_of(part):
            scenario = ws.load(path)
            for verdict in ws.check(scenario):
                yield row(verdict, path)
        if part.worked:
            yield from [*([""] if part.patterns else []), *worked(part.worked)]


def _introduction() -> Iterator[str]:
    text = (
        "Every figure and rule of the guide on scaling Celery workers that this project began with, as a claim, with a "
        "verdict. Claims are in scenario files, and one command checks all of them:"
    )
    yield from _wrapped(text)
    yield from ["", "```console", "$ workersim check scenarios/guide", "```", ""]
    yield from _wrapped(
        "Scenarios 1 to 5 are beside that folder, and questions of Celery's workers in `scenarios/celery`. "
        "Sentences are the guide's own or shortened ones; what stands behind a colon is what it is taken to mean "
        "here. Where chance has a part a figure has its 95 % interval. What no claim can say, such as an optimum "
        "over many fleets, is worked out below the tables, in part by formulas. This page is what `python -m "
        "tests.guide_table` prints, and a test holds it to that. [The "
        "notebook](../notebooks/04-the-guide-audited.ipynb) has the pictures."
    )


def files_of(part: Part) -> list[Path]:
    """Return the scenario files of a part."""
    return [path for pattern in part.patterns for path in sorted(SCENARIOS.glob(pattern))]


def row(verdict: Verdict, path: Path) -> str:
    """Return a verdict as a row of the page."""
    measured = in_words(verdict.measure, verdict.measured)
    if verdict.interval is not None and verdict.interval[0] < verdict.interval[1]:
        low, high = (in_words(verdict.measure, max(0.0, end)) for end in verdict.interval)
        measured += f" ({low} to {high})"
    link = f"[{path.stem}](../scenarios/{path.relative_to(SCENARIOS).as_posix()})"
    return _line([verdict.says, verdict.verdict, measured, verdict.why, link])


def worked(name: str) -> list[str]:
    """Return what code works out for a part, as lines."""
    return list(_WORKED[name]())


def _filling() -> Iterator[str]:
    """Who gets the documents of an upload."""
    yield _line(["uploaded to 3 × 4", "the guide's picture", "verdict", "measured"])
    yield _line(["---"] * 4)
    for jobs, pictured in ((1, "1/0/0"), (4, "4/0/0"), (12, "4/4/4")):
        scenario = ws.load(SCENARIOS / f"guide/uploads-{jobs:02d}-on-12.yaml")
        for worker in ("ideal", "celery"):
            found = ws.run(scenario.replace("fleet.worker", worker)).log
            assert found is not None
            counts = np.bincount(found.attempts.replica, minlength=3)
            said = "/".join(map(str, counts.tolist()))
            verdict = "supported" if said == pictured else "refuted"
            yield _line([f"{jobs}, {worker} workers", pictured, verdict, said])


def _formula() -> Iterator[str]:
    """What is lost at the formula's number, by the product form for a saturated container."""
    yield from _wrapped(
        "In a container that always has work (exact for any distribution: a closed network with a product form). "
        "The last columns: what one process more would add at the formula's number, and how many processes it takes "
        "for 95 and for 99 % of what the cores can do."
    )
    yield ""
    yield _line(
        [
            "cores",
            "wait ratio",
            "formula",
            "does, of what its cores can",
            "a document takes",
            "one more adds",
            "95 %",
            "99 %",
        ]
    )
    yield _line(["---:"] * 8)
    for cores in (2, 3, 4):
        for ratio in (0.5, 0.75, 1.0):
            cpu = SERVICE_MIN * 60 / (1 + ratio)
            io = SERVICE_MIN * 60 - cpu
            number = int(cores * (1 + ratio))
            here, more = (ws.theory.container(concurrency=c, vcpus=cores, cpu=cpu, io=io) for c in (number, number + 1))
            needed = [_least(share, cores, cpu, io) for share in (0.95, 0.99)]
            yield _line(
                [
                    str(cores),
                    f"{ratio:g}",
                    f"{number}" + ("" if number == cores * (1 + ratio) else f" ({cores * (1 + ratio):g})"),
                    format_share(here.cpu_utilization),
                    format_duration(here.response_mean_s),
                    format_share(more.throughput_per_s / here.throughput_per_s - 1, 2),
                    *map(str, needed),
                ]
            )
    yield ""
    yield from _wrapped(
        "**There is no optimum without a memory limit**: throughput rises with every process. With 1.1 GB each, a "
        "container of 8 GB has room for 7, which is what decides on 4 cores. *Refuted* as an optimum; as a rule of "
        f"thumb it costs {_range_lost()} of the throughput that the cores could give."
    )


def _least(share: float, cores: int, cpu_s: float, io_s: float) -> int:
    return next(
        number
        for number in range(1, 1000)
        if ws.theory.container(concurrency=number, vcpus=cores, cpu=cpu_s, io=io_s).cpu_utilization >= share
    )


def _range_lost() -> str:
    lost = []
    for cores in (2, 3, 4):
        for ratio in (0.5, 0.75, 1.0):
            cpu = SERVICE_MIN * 60 / (1 + ratio)
            number = int(cores * (1 + ratio))
            each = ws.theory.container(concurrency=number, vcpus=cores, cpu=cpu, io=SERVICE_MIN * 60 - cpu)
            lost.append(1 - each.cpu_utilization)
    return f"{format_share(min(lost), 2)} to {format_share(max(lost), 2)}"


TABLE = (
    ("low", 1, 2, 4),
    ("low", 10, 2, 4),
    ("medium", 10, 8, 12),
    ("medium", 50, 8, 12),
    ("high", 50, 20, 40),
    ("high", 200, 20, 40),
)


def _capacity() -> Iterator[str]:
    """How far each end of the traffic table is from what its processes can do."""
    yield from _wrapped(
        "How far each end of the table is from capacity. Where more comes than can be done, the queue grows by the "
        "difference, for as long as that goes on. The last column: the fewest processes on which 95 of 100 start "
        "within 20 minutes, if services vary as much as exponential ones (M/M/c)."
    )
    yield ""
    yield _line(
        ["row", "an hour", "processes", "they can do", "verdict", "load, or by how much beyond", "enough would be"]
    )
    yield _line(["---", "---:", "---:", "---:", "---", "---", "---:"])
    for name, rate, *ends in TABLE:
        enough = next(c for c in range(1, 1000) if c * PER_PROCESS > rate and _p95_s(c, rate) <= SERVICE_MIN * 60)
        for processes in ends:
            can = processes * PER_PROCESS
            beyond = rate > can
            told = f"{format_share(rate / can)} of capacity"
            if beyond:
                told = f"{format_number(rate / can)} times its capacity: {rate - can:g} more wait every hour"
            verdict = "refuted" if beyond else "supported" if processes >= enough else "refuted: waits are longer"
            yield _line([name, f"{rate:g}", str(processes), f"{can:g}", verdict, told, str(enough)])


def _p95_s(processes: int, rate: float) -> float:
    return ws.theory.mmc(slots=processes, rate=f"{rate:g}/hour", service="20 min").wait_p95_s


def _bands() -> Iterator[str]:
    """What a utilization means in waiting time."""
    yield from _wrapped(
        "What a utilization means in waiting time, for documents of 20 minutes that vary as much as exponential "
        "ones (M/M/c, exact): mean wait, and in brackets the wait that 95 of 100 documents do not exceed."
    )
    yield ""
    yield _line(["busy", "the guide says", "4 processes", "12 processes", "40 processes"])
    yield _line(["---:", "---", "---:", "---:", "---:"])
    words = {30: "over-provisioned", 50: "good", 65: "good", 80: "good", 90: "high", 95: "high", 97: "scale now"}
    for busy, said in words.items():
        cells = []
        for processes in (4, 12, 40):
            found = ws.theory.mmc(
                slots=processes, rate=f"{busy / 100 * processes * PER_PROCESS:g}/hour", service="20 min"
            )
            cells.append(f"{format_duration(found.wait_mean_s)} ({format_duration(found.wait_p95_s)})")
        yield _line([f"{busy} %", said, *cells])


def _tree() -> Iterator[str]:
    """Concurrency or replicas for more capacity."""
    yield from _wrapped(
        '"Add replicas for more capacity, not concurrency": eight processes that are 80 % busy, as one container or '
        "as two, with a core for each process, on the same documents."
    )
    yield ""
    yield _line(["workers", "1 × 8", "2 × 4", "verdict"])
    yield _line(["---", "---:", "---:", "---"])
    base = ws.load(SCENARIOS / "guide/balancing-default.yaml").replace("claims", [])
    rate = f"{0.8 * 8 * PER_PROCESS:g}/hour"
    two = base.replace_all({"workload.arrivals[0].poisson.rate": rate, "fleet.replicas": 2})
    one = two.replace_all(
        {"fleet.replicas": 1, "fleet.concurrency": 8, "fleet.vcpus": 8, "fleet.memory_limit": "16 GB"}
    )
    workers = {"ideal": "ideal", "Celery, visibility timeout of a day": _DAY, "Celery's own settings": "celery"}
    for words, worker in workers.items():
        waits = [ws.run(each.replace("fleet.worker", worker)).wait.mean for each in (one, two)]
        alike = waits[0] == waits[1]
        verdict = "no difference" if alike else "refuted: in one container documents wait less"
        verdict = verdict if alike or waits[0] < waits[1] else "supported"
        yield _line([words, *(f"mean wait {format_duration(wait)}" for wait in waits), verdict])
    yield ""
    yield from _wrapped(
        "What Celery's own settings add in one container is no balancing at all: a document that was reserved for "
        "longer than the visibility timeout, an hour, is handed out again and done twice. What speaks for replicas "
        "is the next part: a crash takes half of what runs, not all of it."
    )


_DAY = {"celery": {"visibility_timeout": "1 d"}}


def _cost() -> Iterator[str]:
    """Cost multiples with prices of use."""
    yield _line(["replicas", "the guide says", "a fixed price each", "priced by use, US dollars a day", "verdict"])
    yield _line(["---:", "---:", "---:", "---:", "---"])
    scenario = ws.load(SCENARIOS / "guide/cost-3-used.yaml").replace("claims", [])
    totals = {replicas: _total(scenario, replicas) for replicas in (1, 2, 3, 5, 10)}
    for replicas, total in totals.items():
        times = total / totals[1]
        verdict = (
            "supported" if abs(times / replicas - 1) <= 0.05 else "supported for fixed prices, refuted for used ones"
        )
        cells = [str(replicas), f"{replicas}×", f"{replicas}×", f"{total:.2f}, {format_number(times)}×", verdict]
        yield _line(cells)


def _total(scenario: Scenario, replicas: int) -> float:
    return float(ws.run(scenario.replace("fleet.replicas", replicas), keep_log=False).cost.total)


def _use_cases() -> Iterator[str]:
    """For which part of the guide's range of traffic four processes are enough."""
    rates = np.linspace(1, 200, 1991)
    can = rates < 4 * PER_PROCESS
    fine = np.array(
        [bool(c) and _p95_s(4, float(rate)) <= SERVICE_MIN * 60 for rate, c in zip(rates, can, strict=True)]
    )
    yield _line(["four processes", "up to", "of its range, evenly", "of its range, in orders of magnitude", "verdict"])
    yield _line(["---", "---:", "---:", "---:", "---"])
    for words, good in (("can do what comes", can), ("and 95 of 100 start within 20 min", fine)):
        highest = float(rates[good].max())
        evenly, by_size = (highest - 1) / 199, np.log(highest) / np.log(200)
        verdict = "supported" if min(evenly, by_size) >= 0.8 else "refuted"
        shares = [format_share(share, 2) for share in (evenly, by_size)]
        yield _line([words, f"{highest:.3g} an hour", *shares, verdict])
    yield ""
    five = {number: _nobody_waits(number) for number in range(1, 6)}
    yield from _wrapped(
        "Of its own five scenarios four processes serve those with at most four documents at once: in Scenario 4 "
        f"documents wait, and for the ten of Scenario 5 it takes three containers. That is {sum(five.values())} of 5."
    )


def _nobody_waits(number: int) -> bool:
    """Tell whether nobody waits in one of the five scenarios on one container of four."""
    (path,) = SCENARIOS.glob(f"{number}-*.yaml")
    result = ws.run(ws.load(path).replace("fleet.replicas", 1))
    return not result.wait.max


_WORKED = {
    "filling": _filling,
    "formula": _formula,
    "capacity": _capacity,
    "bands": _bands,
    "tree": _tree,
    "cost": _cost,
    "use_cases": _use_cases,
}
CHANCE = ("tree", "cost")
"""What is worked out from random runs."""


def is_random(path: Path) -> bool:
    """Tell whether the rows of a scenario file depend on random numbers."""
    return workload.is_random(ws.load(path))


def _line(cells: list[str] | tuple[str, ...]) -> str:
    return f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, 120, break_long_words=False, break_on_hyphens=False)


if __name__ == "__main__":
    for each in page():
        sys.stdout.write(each + "\n")
        sys.stdout.flush()
