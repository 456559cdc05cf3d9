"""From evidence to a scenario."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from workersim.errors import InputError
from workersim.experiments.calibrating.arrivals import Arriving, arriving
from workersim.experiments.calibrating.fates import fates_of
from workersim.experiments.calibrating.fleet import fleet_of, told_vcpus
from workersim.experiments.calibrating.notes import Notes
from workersim.experiments.calibrating.services import Service, service_of
from workersim.experiments.calibrating.stretch import Stretch, needed_s, occupancy_of, progress, stretch_of
from workersim.runlog import Cause, Kind, Outcome
from workersim.scenario import read
from workersim.scenario.dump import to_yaml
from workersim.units import SECOND, shown

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from workersim.experiments.calibrating.evidence import Evidence
    from workersim.scenario import Scenario

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

__all__ = ["Made", "made_of"]

HOURS = 3600
NEARLY_0 = 1e-4
RESERVED = "waited"  # what claims call other jobs


class Made(NamedTuple):
    """A scenario as a file has it, and what it was made from."""

    data: dict[str, Any]
    arriving: Arriving
    services: dict[str, Service]
    stretch: Stretch
    notes: Notes
    span_ns: int

    def scenario(self) -> Scenario:
        """Return it as a scenario."""
        return read(to_yaml(self.data), folder=Path())


class _Needs(NamedTuple):
    """What jobs needed, in seconds, and their classes; the share of CPU of each class; the CPU as it was found."""

    need_s: Floats
    job_class: Ints
    shares: dict[int, float]
    stretch: Stretch


def made_of(evidence: Evidence, *, service: str, vcpus: float | None) -> Made:
    """Return the scenario that evidence speaks for.

    Raises
    ------
    InputError
        If nothing says what jobs need.
    """
    notes = Notes()
    needs = _needs(evidence, vcpus, notes)
    if not len(needs.need_s):
        msg = f"{evidence.recording.path}: no job ended, so nothing says what jobs need"
        raise InputError(msg)
    recording = evidence.recording
    mean = float(needs.need_s.mean())
    stream = arriving(evidence.arrival_ns, epoch_ns=recording.epoch_ns, end_ns=evidence.end_ns, service_s=mean)
    notes.inferred += stream.inferred
    notes.dropped += stream.dropped
    jobs, services = _classes(evidence, needs, service, notes)
    data = {
        "name": f"{recording.path.name}, calibrated",
        "fleet": fleet_of(evidence, needs.stretch.vcpus, notes),
        "workload": {"jobs": jobs, "arrivals": [{stream.kind: stream.body}]},
        "run": _run(evidence, stream),
    }
    _say_what_is_left(evidence, notes)
    span_ns = int(evidence.arrival_ns[-1] - evidence.arrival_ns[0])
    return Made(data, stream, services, needs.stretch, notes, span_ns)


# -- what jobs need --------------------------------------------------------------------------------


def _needs(evidence: Evidence, vcpus: float | None, notes: Notes) -> _Needs:
    known = told_vcpus(evidence) if vcpus is None else vcpus
    planned = _planned(evidence, known)
    if planned is not None:
        notes.inferred.append("What jobs need of CPU and I/O is what the file says of them.")
        return planned
    runs = evidence.runs
    if runs is None:
        notes.assumed.append("Nothing says how services divide into CPU and I/O: all is I/O.")
        return _Needs(*_demands(evidence), {}, Stretch(0.0, known, 0.0))
    stretch = stretch_of(runs, vcpus=known)
    occupancy = occupancy_of(runs)
    cores = float(stretch.vcpus or 1.0)
    rates = progress(stretch.share, cores, int(occupancy.running.max(initial=0)))
    need = needed_s(occupancy, rates)
    ended = runs.outcome == Outcome.DONE if (runs.outcome == Outcome.DONE).any() else np.ones(len(need), np.bool_)
    _say_of_stretch(stretch, known, notes)
    shares = dict.fromkeys(range(len(evidence.classes)), stretch.share)
    return _Needs(need[ended], evidence.class_of_run[ended], shares, stretch)


def _say_of_stretch(stretch: Stretch, known: float | None, notes: Notes) -> None:
    if stretch.share > 0:
        cores = "as said" if known is not None else "inferred"
        notes.inferred.append(
            f"Services stretch when more jobs run in a container: {stretch.share:.0%} of a service is CPU, on "
            f"{stretch.vcpus:.3g} vCPUs a container ({cores}; log-likelihood +{stretch.gain:.0f})."
        )
        if stretch.others:
            sizes = " or ".join(f"{each:g}" for each in stretch.others)
            notes.assumed.append(
                f"{stretch.vcpus:g} vCPUs: {sizes} would be as likely, with another share; --vcpus N says it."
            )
        notes.assumed.append(
            "All classes need the CPU for the same share of their service, half of it before their I/O."
        )
    else:
        notes.assumed.append("Services do not clearly stretch when more jobs run at once: they are taken as I/O.")


def _planned(evidence: Evidence, vcpus: float | None) -> _Needs | None:
    """Return what the file says of CPU and I/O, if it does."""
    jobs = evidence.recording.jobs
    if jobs is None or not (jobs.phase_kind == Kind.CPU).any():
        return None
    mine = np.isin(evidence.recording.job_rows, evidence.jobs)
    number = evidence.class_of_job[evidence.recording.job_rows[mine]]
    need, cpu = jobs.demand_ns[mine] / SECOND, jobs.cpu_ns[mine] / SECOND
    shares = {
        each: float(cpu[number == each].sum() / need[number == each].sum()) for each in np.unique(number).tolist()
    }
    return _Needs(need, number, shares, Stretch(0.0, vcpus, 0.0))


def _demands(evidence: Evidence) -> tuple[Floats, Ints]:
    jobs = evidence.recording.jobs
    if jobs is None:
        return np.empty(0), np.empty(0, np.int64)
    mine = np.isin(evidence.recording.job_rows, evidence.jobs)
    return jobs.demand_ns[mine] / SECOND, evidence.class_of_job[evidence.recording.job_rows[mine]]


# -- the classes -----------------------------------------------------------------------------------


def _classes(evidence: Evidence, needs: _Needs, choice: str, notes: Notes) -> tuple[dict[str, Any], dict[str, Service]]:
    jobs: dict[str, Any] = {}
    services: dict[str, Service] = {}
    counts = np.bincount(evidence.job_class, minlength=len(evidence.classes))
    for number, name in enumerate(evidence.classes):
        values = needs.need_s[needs.job_class == number]
        if not counts[number]:
            continue
        if not len(values):
            notes.dropped.append(f"{counts[number]:,} jobs of {shown(name)}, of which none ended.")
            continue
        called = f"{name}_" if name == RESERVED else name
        services[called] = service_of(values, choice)
        jobs[called] = {
            "weight": int(counts[number]),
            **_demand(needs.shares.get(number, 0.0), services[called].written()),
            **fates_of(evidence, number, notes.dropped),
        }
        notes.inferred.append(_said_of(called, services[called], int(counts[number])))
    if len(jobs) == 1:
        next(iter(jobs.values())).pop("weight")
    elif len(jobs) > 1:
        notes.assumed.append("Classes are mixed by chance, in the same shares at all hours.")
    return jobs, services


def _demand(share: float, written: Any) -> dict[str, Any]:
    """Return a service with the ratio of I/O to CPU; where all is I/O, as the only phase."""
    if share <= NEARLY_0:
        return {"phases": [{"io": written}]}
    ratio = {} if share >= 1 - NEARLY_0 else {"wait_ratio": float(f"{(1 - share) / share:.4g}")}
    return {"service": written, **ratio}


def _said_of(name: str, service: Service, count: int) -> str:
    mean = service.values_s.mean()
    cv = service.values_s.std() / mean if mean else 0.0
    said = f"{shown(name)}: {count:,} jobs, service {mean:.4g} s with cv {cv:.2f}"
    if not service.fits:
        return f"{said}."
    best = service.fits[0]
    family = f"of the families {best.family} fits best (mean {best.mean:.4g} s, cv {best.cv:.2f})"
    return f"{said}; {family}, written as {service.chosen}."


# -- the rest --------------------------------------------------------------------------------------


def _run(evidence: Evidence, stream: Arriving) -> dict[str, Any]:
    if stream.kind == "burst":
        return {"until": "drained", "seed": 1, "replications": 10}
    span_s = max((int(evidence.arrival_ns[-1]) - stream.begins_ns) / SECOND, 1.0)
    text = f"{-(-span_s // HOURS):.0f} h" if span_s > 10 * HOURS else f"{span_s:.6g} s"
    return {"until": text, "seed": 1, "replications": 10}


def _say_what_is_left(evidence: Evidence, notes: Notes) -> None:
    recording = evidence.recording
    if recording.left_out:
        notes.dropped.append(f"{recording.left_out:,} jobs of which the file tells too little.")
    if recording.log is None:
        return
    outcomes = np.asarray(recording.log.attempts.outcome)[evidence.rows]
    for outcome, what in (
        (Outcome.TIMED_OUT, "ran into a time limit: what they would have needed is not known"),
        (Outcome.LOST, "were lost with their process or worker: no crash or stop is in the scenario"),
        (Outcome.REDELIVERED, "returned to the queue: no crash or stop is in the scenario"),
    ):
        count = int((outcomes == outcome).sum())
        if count:
            notes.dropped.append(f"{count:,} attempts that {what}.")
    running = int((outcomes == Outcome.UNFINISHED).sum())
    if running:
        notes.dropped.append(
            f"{running:,} attempts that had not ended: long ones are among them more often than others."
        )
    changes = np.asarray(recording.log.fleet.cause)[np.asarray(recording.log.fleet.instant_ns) > 0]
    if len(changes):
        later, gone = (int((changes == cause).sum()) for cause in (Cause.READY, Cause.DOWN))
        notes.dropped.append(
            f"When workers came and went ({later:,} ready after the first arrival, {gone:,} gone before the end): the "
            "fleet of the scenario is there all the time."
        )
