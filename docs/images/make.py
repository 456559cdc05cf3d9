# ruff: noqa: INP001 (a script, which nobody imports)
"""Draw the pictures of README.md: `python docs/images/make.py`."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")

from matplotlib import pyplot as plt

import workersim as ws

HERE = Path(__file__).parent


def overload() -> None:
    """Show what each slot does in Scenario 4, and below it the queue."""
    result = ws.run(ws.load(HERE.parents[1] / "scenarios" / "4-overload.yaml"))
    figure, (top, bottom) = plt.subplots(2, 1, figsize=(8, 5.4), height_ratios=(1.1, 1), layout="constrained")
    ws.plots.slots(result, top)
    ws.plots.queue_length(result, bottom, text="documents that wait")
    # Without the version of matplotlib in it, the same picture is the same file.
    figure.savefig(HERE / "overload.png", dpi=110, metadata={"Software": None})


if __name__ == "__main__":
    overload()
