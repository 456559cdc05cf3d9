"""The tables of a report: figures in words, with their intervals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from workersim.experiments.answer import between
from workersim.experiments.summary import NOTHING
from workersim.experiments.verdicts import in_words
from workersim.statistics import mean_interval
from workersim.units import format_duration, format_number, format_rate, format_share, format_size

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from workersim.experiments.result import Result
    from workersim.report.gathering import Told
    from workersim.scenario import Fleet, Scenario

__all__ = ["Cell", "Grid", "claims", "comparison", "cost", "fleets", "jobs", "quantiles", "summary"]

_SPREAD = {
    "mean": "mean",
    "p50": "half at most",
    "p90": "90 of 100",
    "p95": "95 of 100",
    "p99": "99 of 100",
    "max": "longest",
}
_ENDS = ("finished", "failed", "expired", "lost", "unfinished")
_AGAIN = {"redelivered": "Messages redelivered", "done_twice": "Jobs done more than once"}
_COMPARED: dict[str, tuple[str, Callable[[float], str]]] = {
    "wait.mean": ("mean wait", format_duration),
    "wait.p95": ("95 of 100 wait at most", format_duration),
    "wait.max": ("longest wait", format_duration),
    "queue_length.max": ("longest queue", format_number),
    "utilization.mean": ("mean utilization", format_share),
    "jobs.finished": ("jobs finished", format_number),
    "cost.total": ("cost in all", format_number),
    "cost.per_job": ("cost of a job", format_number),
}
_SYMBOLS = {"supported": "✓", "refuted": "✗", "inconclusive": "?", "assumed": "="}
_MINUS = "\N{MINUS SIGN}"


class Cell(NamedTuple):
    """A figure, and below it how sure it is."""

    text: str
    small: str = ""


class Grid(NamedTuple):
    """A table whose first column says what its rows are about."""

    caption: str
    headings: list[str]
    rows: list[tuple[str, list[Cell]]]


def fleets(scenario: Scenario) -> dict[str, list[tuple[str, str]]]:
    """Return by the names of services what there is to run on, a pair a fact; the only service is nameless."""
    return {name: _fleet(each) for name, each in scenario.fleets.items()}


def _fleet(of: Fleet) -> list[tuple[str, str]]:
    """Return the facts of a fleet; whatever else the scenario says of it comes last."""
    memory = f"{format_size(of.memory_bytes)} at rest" if of.memory_bytes else "not given"
    limit = f", of at most {format_size(float(of.memory_limit))}" if of.memory_limit is not None else ""
    told = {
        "replicas": ("Replicas (containers)", f"{of.replicas:,}"),
        "concurrency": ("Slots (processes) of each", f"{of.concurrency:,}, so {of.slots:,} in all"),
        "vcpus": ("vCPUs of each", format_number(of.cores, 6)),
        "process_memory": ("Memory of each", memory + limit),
        "cost": ("Price of each", f"{format_number(of.cost, 6)} an hour" if isinstance(of.cost, float | int) else ""),
    }
    said = of.written()
    rest = {key: value for key, value in said.items() if key not in {*told, "parent_memory", "memory_limit"}}
    facts = [pair for pair in told.values() if pair[1]]
    return facts + [(key.replace("_", " ").capitalize(), _in_one_line(value)) for key, value in rest.items()]


def jobs(result: Result) -> list[tuple[str, str]]:
    """Return what became of the jobs."""
    counts = result.metrics["jobs"]
    each = " (mean of the replications)" if result.replications > 1 else ""
    said = [(f"Jobs that arrived{each}", _count(counts["arrived"]))]
    said += [(f"of them {name}", _count(counts[name])) for name in _ENDS if counts[name] or name == "finished"]
    more = [name for name in counts if name not in ("arrived", "interval", *_ENDS) and counts[name]]
    return said + [(_AGAIN.get(name, name.replace("_", " ")), _count(counts[name])) for name in more]


def quantiles(result: Result) -> Grid:
    """Return waits, services and responses with their quantiles."""
    metrics = result.metrics
    blocks = {
        "Wait": metrics["wait"],
        "Wait of those that waited": metrics["wait"]["waited"],
        "Service": metrics["service"],
        "Response (wait and service)": metrics["response"],
    }
    rows = [(name, [_cell(block, key, format_duration) for key in _SPREAD]) for name, block in blocks.items()]
    return Grid("Waits, services and responses" + _with_intervals(result), list(_SPREAD.values()), rows)


def summary(result: Result) -> Grid:
    """Return queue, utilization and CPU over time."""
    rows = [
        (name, [_cell(result.metrics[key], figure, show) for figure in ("mean", "max")])
        for name, key, show in (
            ("Queue length (jobs)", "queue_length", format_number),
            ("Utilization of slots", "utilization", format_share),
            ("CPU in use", "cpu", format_share),
        )
    ]
    return Grid("Over time" + _with_intervals(result), ["mean", "highest"], rows)


def cost(result: Result) -> list[tuple[str, str]]:
    """Return what the run costs, and the memory that it holds."""
    metrics = result.metrics
    reserved, held = metrics["memory"]["reserved"], any(each.memory_bytes for each in result.scenario.fleets.values())
    return [
        ("Cost in all", _figure(metrics["cost"], "total", format_number)),
        ("Cost of a job", _figure(metrics["cost"], "per_job", format_number)),
        ("Jobs finished", _figure(metrics, "throughput", format_rate)),
        ("Memory of the fleet", format_size(reserved) if held and reserved is not None else "not given"),
        ("Work offered", _figure(metrics, "offered_load", lambda load: f"{format_number(load)} slots kept busy")),
    ]


class Claim(NamedTuple):
    """A verdict in words."""

    verdict: str
    symbol: str
    says: str
    why: str
    expected: str
    measured: Cell


def claims(told: Told) -> list[Claim]:
    """Return the verdicts, in the order of the claims."""
    return [
        Claim(
            verdict.verdict,
            _SYMBOLS[verdict.verdict],
            verdict.says,
            verdict.why,
            in_words(verdict.measure, verdict.expected),
            Cell(in_words(verdict.measure, verdict.measured), _around(verdict.interval, verdict.measure)),
        )
        for verdict in told.verdicts
    ]


def comparison(told: Sequence[Told]) -> Iterator[Grid]:
    """Return the figures of all scenarios side by side, and how far each is from the first."""
    headings = [name for name, _ in _COMPARED.values()]
    results = [each.result for each in told]
    rows = [
        (each.scenario.name, [_cell_at(each.metrics, path, show) for path, (_, show) in _COMPARED.items()])
        for each in results
    ]
    yield Grid("Figures of each scenario", headings, rows)
    first, *others = results
    pairs = [
        (each.scenario.name, [_difference(first, each, path, show) for path, (_, show) in _COMPARED.items()])
        for each in others
    ]
    yield Grid(f"Differences from the first, “{first.scenario.name}”", headings, pairs)


def _difference(first: Result, other: Result, path: str, show: Callable[[float], str]) -> Cell:
    """Return the mean difference over replications; the same one of both saw documents drawn from one seed."""
    block, _, name = path.partition(".")
    pairs = [(a[block][name], b[block][name]) for a, b in zip(first.samples, other.samples, strict=False)]
    known = [b - a for a, b in pairs if a is not None and b is not None]
    if not known:
        return Cell(NOTHING)
    interval = mean_interval(known)
    sure = ""
    if interval is not None and interval[0] < interval[1]:
        sure = f"{_signed(interval[0], show)} to {_signed(interval[1], show)}"
    return Cell(_signed(sum(known) / len(known), show), sure)


def _signed(value: float, show: Callable[[float], str]) -> str:
    text = show(abs(value))
    return text if not value else f"{'+' if value > 0 else _MINUS}{text}"


def _around(interval: tuple[float, float] | None, measure: str) -> str:
    if interval is None or interval[0] == interval[1]:
        return ""
    return between(interval, lambda value: in_words(measure, value))


def _with_intervals(result: Result) -> str:
    return ", with 95% intervals of the mean over replications" if result.replications > 1 else ""


def _cell_at(metrics: Mapping[str, Any], path: str, show: Callable[[float], str]) -> Cell:
    block, _, name = path.partition(".")
    return _cell(metrics[block], name, show)


def _cell(block: Mapping[str, Any], name: str, show: Callable[[float], str]) -> Cell:
    value, interval = block[name], block.get("interval", {}).get(name)
    if value is None:
        return Cell(NOTHING)
    return Cell(show(value), between(interval, show) if interval and interval[0] < interval[1] else "")


def _figure(block: Mapping[str, Any], name: str, show: Callable[[float], str]) -> str:
    cell = _cell(block, name, show)
    return f"{cell.text} ({cell.small})" if cell.small else cell.text


def _count(number: float) -> str:
    return f"{round(number, 2):,.10g}"


def _in_one_line(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key}: {_in_one_line(each)}" for key, each in value.items())
    if isinstance(value, list):
        return ", ".join(map(_in_one_line, value))
    return str(value)
