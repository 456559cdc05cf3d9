"""``workersim calibrate``: a scenario from a recording."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from workersim.cli.inspect import read, reading_options
from workersim.cli.progress import progress_bar
from workersim.cli.shell import interruptible

if TYPE_CHECKING:
    from workersim.experiments.calibrating import Calibration, HeldOut, Uncertainty
    from workersim.experiments.calibrating.held_out import Foretold

__all__ = ["command"]


@click.command(name="calibrate", short_help="Make a scenario from a recording.")
@click.argument("trace", metavar="TRACE")
@click.option("--out", required=True, metavar="FILE.yaml", help="The scenario.")
@click.option(
    "--service",
    default="empirical",
    show_default=True,
    metavar="KIND",
    help="empirical, best (by AIC), exponential, gamma, lognormal, weibull, hyperexponential.",
)
@click.option("--vcpus", type=float, metavar="N", help="Processors a container, if they are known.")
@click.option("--check", is_flag=True, help="Calibrate on the first 70 % and foretell the rest.")
@click.option("--measure", default="wait.mean", show_default=True, metavar="FIGURE", help="Whose uncertainty is told.")
@click.option("--refits", type=click.IntRange(0, 1000), default=12, show_default=True, help="For that; 0: not told.")
@click.option("--plot", metavar="FILE.png|.svg|.pdf", help="Draw services against the families.")
@click.option("--json", "as_json", is_flag=True, help="Print an object.")
@reading_options
def command(trace: str, *, out: str, plot: str | None, as_json: bool, **options: Any) -> None:
    """Make a scenario from a recording, to edit and to run.

    Says what was inferred, what was assumed, what was dropped, and how much of the uncertainty of a figure comes from
    the fit and how much from the runs.
    """
    from workersim.experiments.output_file import OutputFile  # noqa: PLC0415  # --help need not wait for it

    file = OutputFile("--out", out, (".yaml", ".yml"))
    reading = {name: options.pop(name) for name in ("format_", "columns", "processes")}
    recording = read(trace, **reading)
    asked = {name: options.pop(name) for name in ("service", "vcpus")}
    found = _calibrated(recording, asked)
    file.write(lambda draft: draft.write_text(found.to_yaml(), encoding="utf-8"))
    if plot is not None:
        _draw(found, plot)
    spread, check = _checked(found, **options)
    if as_json:
        click.echo(json.dumps(found.to_dict() | _said(spread, check), indent=2, allow_nan=False))
    else:
        click.echo("\n".join([found.summary(), *_sentences(spread, check), "", f"written to {out}"]))


def _calibrated(recording: Any, asked: dict[str, Any]) -> Calibration:
    from workersim.experiments.calibrating import calibrate  # noqa: PLC0415  # as above

    return interruptible(lambda: calibrate(recording, **asked))


def _checked(
    found: Calibration, *, check: bool, measure: str, refits: int
) -> tuple[Uncertainty | None, HeldOut | None]:
    name = found.recording.path.name
    spread = held = None
    if refits >= 2:
        with progress_bar(name) as progress:
            spread = interruptible(lambda: found.uncertainty(measure, refits=refits, progress=progress))
    if check:
        with progress_bar(name) as progress:
            held = interruptible(lambda: found.held_out(progress=progress))
    return spread, held


def _said(spread: Uncertainty | None, check: HeldOut | None) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    if spread is not None:
        tree["uncertainty"] = {name: each for name, each in spread._asdict().items() if name != "table"}
    if check is not None:
        parts = [each._asdict() | {"inside": each.is_inside} for each in check.parts]
        tree["held_out"] = {"share": check.share, "coverage": check.coverage, "parts": parts}
    return tree


def _sentences(spread: Uncertainty | None, check: HeldOut | None) -> list[str]:
    from workersim.experiments.figure_words import shown  # noqa: PLC0415  # as above

    lines = []
    if spread is not None:
        written = partial(shown, spread.measure)
        lines += [
            "",
            f"uncertainty of {spread.measure}, which is {written(spread.mean)} in the mean:",
            f"- {spread.share:.0%} of the variance of a run comes from the fit (deviation {written(spread.from_fit)})",
            f"- the rest is chance in the run (deviation {written(spread.from_runs)})",
        ]
    if check is not None:
        inside = sum(each.is_inside for each in check.parts)
        held = f"{inside} of {len(check.parts)} figures of the rest lie in their 95 % interval"
        lines += ["", f"calibrated on the first {check.share:.0%}:", f"- {held}"]
        lines += [f"- not: {_outside(each)}" for each in check.parts if not each.is_inside]
    return lines


def _outside(part: Foretold) -> str:
    from workersim.units import format_duration, format_number  # noqa: PLC0415  # as above

    written = format_number if part.figure == "arrivals" else format_duration
    when = f"{part.begin_s:,.0f} s to {part.end_s:,.0f} s"
    foretold = f"foretold {written(part.low)} to {written(part.high)}"
    return f"{part.figure}, {when}: {written(part.observed)}, {foretold}"


def _draw(found: Calibration, name: str) -> None:
    from workersim.plots.fitted import save_fits  # noqa: PLC0415  # as above

    save_fits(found, name)
