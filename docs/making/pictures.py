"""The pictures of the pages, each drawn from a run that the build makes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import matplotlib as mpl
from matplotlib.figure import Figure

import workersim as ws

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["make"]

_WIDE, _TALL = 8.0, 5.4


def make(root: Path, target: Path) -> None:
    """Draw all pictures, each into a file of its name."""
    drawings: dict[str, Callable[[Path, Figure], None]] = {
        "overload": _overload,
        "sharing": _sharing,
        "instant": _instant,
        "reservation": _reservation,
        "scaled": _scaled,
        "verdicts": _verdicts,
        "front": _front,
        "replayed": _replayed,
        "curve": _curve,
    }
    with mpl.rc_context({"svg.hashsalt": "workersim", "svg.fonttype": "path"}):
        for name, draw in drawings.items():
            figure = Figure(figsize=(_WIDE, _TALL), layout="constrained", facecolor="white")
            draw(root, figure)
            figure.savefig(target / f"{name}.svg", metadata={"Date": None, "Creator": None})


def _overload(root: Path, figure: Figure) -> None:
    result = ws.run(ws.load(root / "scenarios" / "4-overload.yaml"))
    top, bottom = figure.subplots(2, 1, height_ratios=(1.1, 1))
    ws.plots.slots(result, top)
    ws.plots.queue_length(result, bottom, text="documents that wait")


def _sharing(_root: Path, figure: Figure) -> None:
    """Show two CPU phases of 20 s that share one processor from 10 s on, beside two processors."""
    jobs = {"document": ws.Job(phases=[ws.Phase(kind="cpu", demand="20 s")])}
    workload = ws.Workload(jobs=jobs, arrivals=[ws.Every(interval="10 s", until="15 s")])
    for ax, vcpus in zip(figure.subplots(2, 1, sharex=True), (2, 1), strict=True):
        fleet = ws.Fleet(replicas=1, concurrency=2, vcpus=vcpus)
        name = f"2 processes on {vcpus} vCPU{'s' * (vcpus > 1)}, each document needs 20 s of CPU"
        ws.plots.slots(ws.run(ws.Scenario(name=name, fleet=fleet, workload=workload)), ax)
        ax.set_xlim(0, 42)
        ax.label_outer()


def _instant(_root: Path, figure: Figure) -> None:
    """Show what happens at one instant of a small run, by its kinds in the order of the table."""
    jobs = {
        "first": ws.Job(service="10 s"),
        "patient": ws.Job(service="10 s", expires="10 s"),
    }
    arrivals = [
        ws.Burst(jobs=1, classes=["first"]),
        ws.Burst(jobs=2, classes=["patient"]),
        ws.Burst(jobs=1, at="10 s", classes=["first"]),
    ]
    fleet = ws.Fleet(replicas=1, concurrency=1)
    result = ws.run(ws.Scenario(fleet=fleet, workload=ws.Workload(jobs=jobs, arrivals=arrivals)))
    at = 10.0
    rows = result.attempts
    happened = [
        *((2, f"the CPU phase of job {row.job} ends") for row in rows.itertuples() if _ended(row, at)),
        *((8, f"job {row.job} arrives") for row in rows.itertuples() if row.arrival == at),
        *((9, f"dispatch: job {row.job} starts") for row in rows.itertuples() if row.start == at),
        *((10, f"the patience of job {row.job} ends") for row in rows.itertuples() if _left(row, at)),
    ]
    kinds = {
        2: "2  CPU phases end",
        8: "8  jobs arrive",
        9: "9  dispatch",
        10: "10  patience ends",
    }
    ax = figure.add_subplot()
    figure.set_size_inches(_WIDE, 2.8)
    lines = [kind for kind, _ in happened]
    ax.plot([0] * len(happened), range(len(happened)), color="0.6", linewidth=1)
    ax.plot([0] * len(happened), range(len(happened)), "o", color="#0072B2", markersize=8)
    for row, (kind, text) in enumerate(happened):
        ax.text(-0.03, row, kinds[kind], ha="right", va="center")
        ax.text(0.03, row, text, va="center")
    ax.set_ylim(len(lines) - 0.4, -0.6)
    ax.set_xlim(-0.6, 1)
    ax.set_axis_off()
    ax.set_title(f"One instant, {at:g} s: one slot, four jobs", loc="left", fontsize=11)


def _ended(row: Any, at: float) -> bool:
    return bool(row.finish == at and row.outcome == "done")


def _left(row: Any, at: float) -> bool:
    return bool(row.finish == at and row.outcome == "expired")


def reserved_early() -> ws.Result:
    """Return a run in which a worker is ready a minute after the other."""
    fleet = ws.Fleet(replicas=1, concurrency=4, worker={"celery": {}}, changes=[{"at": "1 min", "replicas": 2}])
    jobs = {"document": ws.Job(service="10 min")}
    workload = ws.Workload(jobs=jobs, arrivals=[ws.Burst(jobs=24)])
    return ws.run(ws.Scenario(name="24 documents, the second replica a minute later", fleet=fleet, workload=workload))


def _reservation(_root: Path, figure: Figure) -> None:
    early = reserved_early()
    for ax, (name, result) in zip(
        figure.subplots(2, 1, sharex=True),
        (("as Celery comes: early, multiplier 4", early), ("late, multiplier 1", _late(early))),
        strict=True,
    ):
        names = ("visible", "reserved", "running")
        curves = [result.over_time(each) for each in names]
        times = sorted({0.0, *(time for curve in curves for time in curve.times.tolist())})
        levels = [[curve.at(time) for time in times] for curve in curves]
        colours = ("#56B4E9", "#E69F00", "#009E73")
        minutes = [time / 60 for time in times]
        ax.stackplot(minutes, *reversed(levels), step="post", labels=names[::-1], colors=colours[::-1])
        ax.set_title(
            f"{name}: the last document is done at {result.log.horizon_ns / 6e10:.0f} min", loc="left", size=10
        )
        ax.set_ylabel("documents")
    ax.set_xlabel("minutes")
    figure.axes[0].legend(loc="upper right", reverse=True)


def _late(early: ws.Result) -> ws.Result:
    return ws.run(early.scenario.replace("fleet.worker", {"celery": {"acks": "late", "prefetch_multiplier": 1}}))


def _scaled(root: Path, figure: Figure) -> None:
    result = ws.run(ws.load(root / "scenarios" / "celery" / "autoscaling-startup-90-s.yaml"))
    top, bottom = figure.subplots(2, 1, sharex=True)
    ws.plots.fleet(result, top)
    ws.plots.queue_length(result, bottom)
    top.label_outer()


def _verdicts(root: Path, figure: Figure) -> None:
    figure.set_size_inches(_WIDE, 3.2)
    ws.check(ws.load(root / "scenarios" / "4-overload.yaml")).plot(figure.add_subplot())


def _front(root: Path, figure: Figure) -> None:
    found = ws.plan(
        ws.load(root / "scenarios" / "6-working-day.yaml"),
        target="wait.p95 <= 5 min",
        vary={"fleet.replicas": range(1, 5), "fleet.concurrency": [2, 4]},
    )
    found.plot(figure.add_subplot())


def _replayed(root: Path, figure: Figure) -> None:
    found = ws.replay(root / "tests" / "recordings" / "poisson200_3x3_late1.jsonl.gz")
    found.plot(ax=figure.add_subplot())


def _curve(root: Path, figure: Figure) -> None:
    result = ws.run(ws.load(root / "scenarios" / "6-working-day.yaml"))
    ws.plots.utilization_curve([result], figure.add_subplot())
