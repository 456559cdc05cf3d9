"""Recordings of a real Celery beside the model: what was observed, a replay of it, and what no event shows."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

import workersim as ws
from workersim.engines import simulate_changing, system_of
from workersim.engines.system import Change, Happening, System
from workersim.runlog import Outcome, RunLog
from workersim.scenario import RunSettings, Scenario, Workload
from workersim.traces.recorded_fleet import recorded_fleet
from workersim.traces.recorded_workers import Workers
from workersim.units import NEVER, SECOND
from workersim.workload import Jobs, Streams

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from workersim.engines import Engine
    from workersim.workload.fates import Fates

__all__ = [
    "CHANGING",
    "ENGINES",
    "MISSES",
    "OLDEST",
    "TOSS_UPS",
    "Band",
    "Compared",
    "band",
    "compared",
    "missed",
    "p95",
    "read",
    "replayed",
    "told_who",
    "waits_s",
]

RECORDINGS = Path(__file__).parent / "recordings"
# Their notes have the 95th percentile between two waits, those of the others have a wait that occurred.
OLDEST = ("burst10_1x4", "burst10_3x4", "backlog12_3x4", "poisson200_2x4_early4", "poisson200_2x4_late1")
# What happened to their workers and jobs decides: outcomes have to be the same, the mean wait within 3 % (+ 30 ms).
CHANGING = (
    "kill_2x2_late1_vt15",
    "childkill_1x3_early4",
    "childkill_1x3_late1_reject",
    "term_2x3_early4",
    "termkill_2x3_early4",
    "join_2x3_early4",
    "limits_1x4",
    "retry4s_1x3",
    "expires6_1x3",
    "autoscale6_2_1x6",
    "eta_1x2_early1",
)
# Who gets a message depends on ages of BRPOPs, or on who is ready first, by milliseconds: compared with a band of runs.
TOSS_UPS = (
    "backlog12_3x4",
    "backlog20_3x2_early4",
    "poisson200_3x3_early4",
    "poisson200_3x3_early1",
    "kill_2x2_early4",
)
# All others: the mean wait within 1 % (+ 15 ms), the 95th percentile within 2 % (+ 30 ms), the start of the median
# document within 10 ms.  These do not come as close, in what is named, for the reason that is given.
MISSES = {
    "poisson200_2x4_early4": (
        ("mean",),
        "a toss-up too: BRPOPs of two ages a few ms apart; told who got which message, it is within 0.1 %",
    ),
    "backlog20_3x2_late1": (
        ("median",),
        "the first message came 20 to 26 ms after a worker had said that it was ready, three starting on one core",
    ),
    "cpu_burst24_1x4": (
        ("mean", "median"),
        "on the busy core a process took up its next document after 2 to 11 ms, here after 3; equal documents tie",
    ),
    "queues_roundrobin_2x2_late1": (("median",), "the third message met two BRPOPs that were 3 ms apart in age"),
}
DRAWS = 60
ENGINES: tuple[Engine, ...] = ("simpy", "compiled")
MS = SECOND // 1000
LEAD_NS = 2 * SECOND  # workers that were there at 0 become ready in the second before

# What a recording does not show, within what was measured: a BRPOP is renewed after 1.003 to 1.10 s, a fetch takes
# 1 to 4 ms, a hand-off 1.5 to 3, and a message is in Redis up to 6 ms before its event says so.  Workers that start at
# once are ready within 20 ms of when they say so.
POLL_NS, FETCH_NS, HAND_OFF_NS, SENT_NS = (1003 * MS, 1100 * MS), (MS, 4 * MS), (3 * MS // 2, 3 * MS), 6 * MS
READY_NS = 20 * MS


class Band(NamedTuple):
    """Mean and 95th percentile of the waits, from the 5th to the 95th percentile of runs over what is not shown."""

    mean_s: tuple[float, float]
    p95_s: tuple[float, float]


class Compared(NamedTuple):
    """A recording and a run of its jobs.

    Attributes
    ----------
    waits_s, observed_s
        Of the jobs that started: from publication, or from when they were due, to the first start; of retries each.
    late_s
        Simulated less observed start, of the attempts that started in both.
    same
        Whether as many attempts ended in each way.
    """

    waits_s: NDArray[np.float64]
    observed_s: NDArray[np.float64]
    late_s: NDArray[np.float64]
    same: bool

    @property
    def median_late_s(self) -> float:
        """By how much the start of the median document is off."""
        return float(np.median(np.abs(self.late_s)))


@cache
def read(name: str) -> ws.Recording:
    """Return a recording."""
    return ws.read_trace(RECORDINGS / f"{name}.jsonl.gz")


@cache
def replayed(name: str, engine: Engine = "simpy") -> Any:
    """Return a replay on the recorded fleet."""
    return ws.replay(read(name), engine=engine)


def p95(name: str, waits_s: NDArray[np.float64]) -> float:
    """Return the 95th percentile as the notes of the recording have it."""
    return float(np.quantile(waits_s, 0.95, method="linear" if name in OLDEST else "inverted_cdf"))


def compared(name: str, log: RunLog | None = None, *, engine: Engine = "simpy") -> Compared:
    """Return how a run of the jobs of a recording agrees with it; by default that of its replay."""
    recording = read(name)
    assert recording.jobs is not None
    simulated = replayed(name, engine).log if log is None else log
    retries = name.startswith("retry")
    seen, made = recording.observed, simulated
    made_due = _due_ns(made, recording.jobs.fates)
    assert recording.due_ns is not None
    if retries:
        starts = [_by_attempt(each) for each in (made, seen)]
        both = [key for key in starts[1] if key in starts[0]]
        late = np.array([starts[0][key] - starts[1][key] for key in both])
    else:
        first = [_first_starts_ns(each) for each in (made, seen)]
        ran = (first[0] < NEVER) & (first[1] < NEVER)
        late = (first[0] - first[1])[ran]
    counts = [np.bincount(each.attempts.outcome, minlength=8).tolist() for each in (made, seen)]
    waits = [waits_s(log, due, retries=retries) for log, due in ((made, made_due), (seen, recording.due_ns))]
    return Compared(waits[0], waits[1], late / SECOND, counts[0] == counts[1])


def missed(name: str, engine: Engine = "simpy") -> tuple[str, ...]:
    """Return in which figures the replay of a recording does not come as close as it has to."""
    found = compared(name, engine=engine)
    observed_s, simulated_s = found.observed_s.mean(), found.waits_s.mean()
    if name in CHANGING:
        far = {"outcomes": not found.same, "mean": abs(simulated_s - observed_s) > 0.03 * observed_s + 0.03}
    else:
        tail_s = p95(name, found.observed_s)
        far = {
            "outcomes": not found.same,
            "mean": abs(simulated_s - observed_s) > 0.01 * observed_s + 0.015,
            "p95": abs(p95(name, found.waits_s) - tail_s) > 0.02 * tail_s + 0.03,
            "median": found.median_late_s > 0.01,
        }
    return tuple(figure for figure, is_far in far.items() if is_far)


@cache
def band(name: str, draws: int = DRAWS) -> Band:
    """Return where mean and 95th percentile lie in nine of ten runs over what a recording does not show."""
    runs = [draw(name, seed, engine="compiled").waits_s for seed in range(draws)]
    spreads = [[waits.mean() for waits in runs], [p95(name, waits) for waits in runs]]
    (low, high), (tail_low, tail_high) = (np.quantile(values, [0.05, 0.95]).tolist() for values in spreads)
    return Band((low, high), (tail_low, tail_high))


def waits_s(log: RunLog, due_ns: NDArray[np.int64], *, retries: bool) -> NDArray[np.float64]:
    """Return from publication, or from when it was due, to the first start; with retries that of each attempt."""
    attempts = log.attempts
    due = np.where(due_ns < NEVER, due_ns, attempts.published_ns)
    if retries:
        return np.asarray((attempts.started_ns - due)[attempts.started_ns < NEVER] / SECOND)
    started = _first_starts_ns(log)
    waits = started - due[attempts.attempt == 0]
    return np.asarray(np.maximum(waits[started < NEVER], 0) / SECOND)


def _first_starts_ns(log: RunLog) -> NDArray[np.int64]:
    started = np.full(len(log.jobs), NEVER)
    np.minimum.at(started, log.attempts.job, log.attempts.started_ns)
    return started


def _by_attempt(log: RunLog) -> dict[tuple[int, int], int]:
    table = log.attempts
    rows = zip(table.job.tolist(), table.attempt.tolist(), table.started_ns.tolist(), strict=True)
    return {(job, attempt): start for job, attempt, start in rows if start < NEVER}


def _due_ns(log: RunLog, fates: Fates | None) -> NDArray[np.int64]:
    """Return before when each simulated attempt was not to start; ``NEVER``: at once."""
    attempts = log.attempts
    due = np.full(len(attempts), NEVER)
    if fates is None:
        return due
    first = (attempts.attempt == 0) & (fates.countdown_ns[attempts.job] > 0)
    due[first] = attempts.published_ns[first] + fates.countdown_ns[attempts.job[first]]
    again = np.flatnonzero((attempts.attempt > 0) & (fates.fails[attempts.job] > 0))
    kth = fates.first_retry[attempts.job[again]] + attempts.attempt[again] - 1
    due[again] = attempts.published_ns[again] + fates.retry_delay_ns[kth]
    return due


# What no event shows.


def _world(name: str) -> tuple[Jobs, System]:
    recording = read(name)
    told = recorded_fleet(recording)
    assert told is not None
    assert recording.jobs is not None
    scenario = Scenario(name=name, fleet=told[0], workload=Workload(arrivals=()), run=RunSettings(until="1 s"))
    return recording.jobs, system_of(scenario, recording.jobs, Streams(1, 0))


def _apart(system: System) -> tuple[list[Any], list[Any], list[int]]:
    """Return each worker as a service of its own, what happens to them, and when they are ready."""
    (service,) = system.services
    ready = [0] * service.replicas + [row.at_ns for row in system.schedule if row.kind == Happening.CHANGE]
    rows = [row._replace(service=row.replica, replica=0) for row in system.schedule if row.kind != Happening.CHANGE]
    return [replace(service, name=f"w{number}", replicas=0) for number in range(len(ready))], rows, ready


def _run(name: str, jobs: Jobs, services: list[Any], rows: list[Any], ready: list[int], engine: Engine) -> RunLog:
    """Return the log from the first arrival on; its replicas are the workers."""
    starts = [_start(number, at_ns) for number, at_ns in enumerate(ready)]
    moved = [row._replace(at_ns=row.at_ns + LEAD_NS) for row in rows]
    schedule = sorted([*starts, *moved], key=lambda row: (row.at_ns, row.kind))
    system = System(tuple(services), jobs.table.queues, tuple(schedule))
    log = simulate_changing(_later(jobs, LEAD_NS), system, engine=engine, horizon_ns=_until_ns(name))
    columns: dict[str, Any] = log.attempts.columns()
    for column in ("published_ns", "reserved_ns", "started_ns", "finished_ns"):
        columns[column] = np.where(columns[column] < NEVER, columns[column] - LEAD_NS, NEVER)
    return replace(log, attempts=replace(log.attempts, **columns))


def _start(service: int, at_ns: int) -> Change:
    return Change(at_ns, Happening.CHANGE, service, replicas=1)


def _until_ns(name: str) -> int:
    """Return when the recording ended, if it ended with jobs in hand."""
    horizon = replayed(name).result.scenario.run.horizon_ns
    return int(horizon + LEAD_NS) if horizon < NEVER else NEVER


def _later(jobs: Jobs, by_ns: NDArray[np.integer[Any]] | int) -> Jobs:
    table = jobs.table
    expires = np.where(table.expires_ns < NEVER, table.expires_ns + by_ns, NEVER)
    moved = replace(table, arrival_ns=table.arrival_ns + by_ns, expires_ns=expires)
    return Jobs(moved, jobs.first_phase, jobs.phase_kind, jobs.phase_demand_ns, None, jobs.fates)


def draw(name: str, seed: int, *, engine: Engine = "simpy") -> Compared:
    """Return a run of a recording in which all that it does not show is drawn."""
    random = np.random.default_rng(seed)
    jobs, system = _world(name)
    services, rows, ready = _apart(system)
    drawn = [
        replace(
            each,
            celery=replace(
                each.celery,
                poll_ns=int(random.integers(*POLL_NS)),
                fetch_ns=int(random.integers(*FETCH_NS)),
                hand_off_ns=int(random.integers(*HAND_OFF_NS)),
            ),
        )
        for each in services
    ]
    asking = [
        int(random.integers(SECOND, LEAD_NS)) if at_ns == 0 else at_ns + LEAD_NS + int(random.integers(READY_NS))
        for at_ns in ready
    ]
    sent = np.asarray(jobs.table.arrival_ns) - random.integers(0, SENT_NS, len(jobs))
    early = np.maximum.accumulate(np.maximum(sent, 0)) - jobs.table.arrival_ns
    log = _run(name, _later(jobs, early), drawn, rows, asking, engine)
    attempts = log.attempts
    published = np.where(attempts.attempt == 0, jobs.table.arrival_ns[attempts.job], attempts.published_ns)
    return compared(name, replace(log, attempts=replace(attempts, published_ns=published)))


def told_who(name: str, *, engine: Engine = "simpy") -> Compared:
    """Return a run in which each worker has a queue of its own, with the messages that it received first."""
    jobs, system = _world(name)
    services, rows, ready = _apart(system)
    observed = read(name).observed
    first = observed.attempts.attempt == 0
    got = observed.attempts.replica[first]
    # What never started was reserved by the worker that was killed: there the others were lost.
    lost = observed.attempts.replica[observed.attempts.outcome == Outcome.LOST]
    got = np.where(got < 0, lost.max(initial=-1), got)
    logged = Workers(read(name)).logged or list(range(len(services)))
    table = replace(jobs.table, queue=np.array([logged.index(number) for number in got.tolist()]))
    names = tuple(each.name for each in services)
    own = Jobs(replace(table, queues=names), jobs.first_phase, jobs.phase_kind, jobs.phase_demand_ns, None, jobs.fates)
    apart = [replace(each, queues=(number,)) for number, each in enumerate(services)]
    return compared(name, _run(name, own, apart, rows, [at_ns + LEAD_NS for at_ns in ready], engine))
