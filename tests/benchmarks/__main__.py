"""Run the benchmark: ``python -m tests.benchmarks``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .comparison import compare
from .contenders import CONTENDERS, OURS, Absent
from .contenders.cases import CASES
from .machine import described
from .probes import first_runs, memory, two_cores
from .report import write
from .scaling import costs_against_size
from .targets import Findings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from .contenders import Contender
    from .probes import Probe

PARTS = ("cases", "scaling", "probes")


@dataclass(frozen=True, kw_only=True)
class Effort:
    """How much time everything may take."""

    seconds: float
    repeats: int
    sizes: tuple[int, ...]
    longest_s: float
    memory_sizes: dict[str, tuple[int, ...]]
    two_core_jobs: int


FULL = Effort(
    seconds=1.5,
    repeats=7,
    sizes=(10_000, 100_000, 1_000_000, 10_000_000, 100_000_000),
    longest_s=15.0,
    memory_sizes={"W1-4": (1_000_000, 10_000_000, 100_000_000), "W4": (1_000_000, 10_000_000)},
    two_core_jobs=10_000_000,
)
QUICK = Effort(
    seconds=0.2,
    repeats=3,
    sizes=(10_000, 100_000, 1_000_000),
    longest_s=1.0,
    memory_sizes={"W1-4": (100_000, 1_000_000), "W4": (100_000,)},
    two_core_jobs=1_000_000,
)


def listed(known: Iterable[str]) -> Callable[[click.Context, click.Parameter, str], tuple[str, ...]]:
    """Return the reader of an option that names some of these, with commas between."""
    names = tuple(known)

    def read(_: click.Context, __: click.Parameter, value: str) -> tuple[str, ...]:
        given = tuple(value.split(","))
        unknown = [name for name in given if name not in names]
        if unknown:
            msg = f"unknown {', '.join(unknown)}; expected some of {','.join(names)}"
            raise click.BadParameter(msg)
        return given

    return read


def tell(line: str) -> None:
    """Say on the terminal what is going on."""
    click.echo(line, err=True)


@click.command(context_settings={"show_default": True})
@click.option("--quick", is_flag=True, help="Small runs, to see that all works; no times to quote.")
@click.option("--cases", callback=listed(CASES), default=",".join(CASES))
@click.option("--contenders", callback=listed(CONTENDERS), default=",".join(CONTENDERS))
@click.option("--parts", callback=listed(PARTS), default=",".join(PARTS))
@click.option("--repeats", type=click.IntRange(1), help="Rounds.  [default: 7, with --quick 3]", show_default=False)
@click.option("--seed", type=click.IntRange(0), default=1, help="Of the first round; the next has the next.")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), default=Path("docs/benchmark"))
def main(
    *,
    quick: bool,
    cases: tuple[str, ...],
    contenders: tuple[str, ...],
    parts: tuple[str, ...],
    repeats: int | None,
    seed: int,
    out: Path,
) -> None:
    """Time workersim beside its peers and write a page, a plot and the numbers into a folder."""
    effort = QUICK if quick else FULL
    repeats = repeats or effort.repeats
    chosen = [CONTENDERS[key] for key in contenders]
    found = Findings(described(), seed)
    if "cases" in parts:
        for key in cases:
            found.rows += compare(CASES[key], chosen, seconds=effort.seconds, repeats=repeats, seed=seed, tell=tell)
    if "scaling" in parts:
        found.series += costs_against_size(
            chosen, effort.sizes, repeats=min(3, repeats), longest_s=effort.longest_s, tell=tell
        )
    if "probes" in parts:
        found.probes += probed(chosen, effort, repeats)
    click.echo(write(found, out))


def probed(chosen: list[Contender], effort: Effort, repeats: int) -> Iterator[Probe]:
    """Yield what is asked of ours alone, as far as it can run."""
    if CONTENDERS[OURS] not in chosen:
        return
    parts = {
        "memory": memory(effort.memory_sizes),
        "two cores": two_cores(jobs=effort.two_core_jobs, repeats=repeats),
        "first runs": first_runs(),
    }
    for name, probes in parts.items():
        tell(f"{name} of {CONTENDERS[OURS].title}")
        try:
            yield from probes
        except Absent as reason:
            tell(f"left out: {reason}")


if __name__ == "__main__":
    main()
