"""Each closed form beside its simulation, as a Markdown table: ``python -m tests.theory_table``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from workersim.statistics import mean_interval

from .test_theory_agrees import CASES, REPLICATIONS, samples

if TYPE_CHECKING:
    from collections.abc import Iterator

HEADINGS = ("form", "parameters", "figure", "kind", "theory", "simulated ± 95 %", "difference")


def lines() -> Iterator[str]:
    """Yield the table line by line; durations are in mean services."""
    yield line(HEADINGS)
    yield line(["---"] * 4 + ["---:"] * 3)
    for case in CASES:
        for figure, values in zip(case.figures, samples(case), strict=True):
            low, high = mean_interval(values) or (values[0], values[0])
            mean = sum(values) / REPLICATIONS
            simulated = f"{mean:.5g} ± {(high - low) / 2:.2g}"
            difference = f"{mean / figure.theory - 1:+.2%}"
            cells = [
                case.form,
                case.parameters,
                figure.path,
                figure.kind,
                f"{figure.theory:.5g}",
                simulated,
                difference,
            ]
            yield line(cells)


def line(cells: list[str] | tuple[str, ...]) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    for each in lines():
        sys.stdout.write(each + "\n")
        sys.stdout.flush()
