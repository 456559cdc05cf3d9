"""The figures of a run: the tree that ``run --json`` prints for one log."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from workersim.errors import LogError
from workersim.metrics.curves import CHANGES, closed, missing, over_time, share
from workersim.metrics.levels import level
from workersim.metrics.parts import wait_parts
from workersim.runlog.counting import exact_sum
from workersim.runlog.deciding import deciding, job_counts
from workersim.runlog.schema import Outcome
from workersim.units import NEVER, SECOND

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from workersim.metrics.steps import StepFunction
    from workersim.runlog import RunLog
    from workersim.runlog.pieces import Levels, Use
    from workersim.runlog.schema import Ints

__all__ = ["QUANTILES", "figures", "spread", "spread_of"]

QUANTILES = {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99}


def figures(log: RunLog, *, warm_up_ns: int = 0, levels: Levels | None = None) -> dict[str, Any]:
    """Return the figures of a run as a tree of plain numbers: seconds, bytes, fractions.

    Parameters
    ----------
    log
        Any log; what an observed one cannot tell is None.
    warm_up_ns
        Waits, services and responses are those of jobs that arrived from then on; curves and
        throughput are those from then to the horizon.  Counts of jobs and the cost are of the whole run.
    levels
        What the engine has followed from then on, for a log without its phases; None: the tables say it.

    Returns
    -------
    dict
        ``jobs`` (``arrived, finished, failed, expired, lost, unfinished``, and what ``job_counts`` has
        beside them); ``wait`` (arrival to the start of the attempt that decided the job, over jobs that
        started and did not expire; in ``waited`` over those of them that waited at all; beside them
        ``visible, reserved, running``, the parts of its mean), ``service`` (over attempts that left
        their slot) and ``response`` (arrival to the finish of the attempt that decided), each with
        ``mean, std, p50, p90, p95, p99, max``; ``queue_length, visible, reserved, utilization, cpu,
        replicas`` (``mean, max``); ``memory`` (``reserved``: the most bytes held, ``mean``); ``cost`` (``total``,
        ``per_job``); ``throughput`` (jobs done per second).  A figure of nothing is None.

    Raises
    ------
    LogError
        If the warm-up does not end within the run.
    """
    if not 0 <= warm_up_ns <= log.horizon_ns:
        msg = f"the warm-up must end within the run of {log.horizon_ns / SECOND} s, got {warm_up_ns / SECOND} s"
        raise LogError(msg)
    jobs = job_counts(log)
    tree: dict[str, Any] = {"jobs": jobs} | _durations(log, warm_up_ns)
    tree |= _waiting(log, warm_up_ns) if levels is None else _waiting_in(levels, log.horizon_ns - warm_up_ns)
    if levels is None:
        tree["utilization"] = _utilization(log, warm_up_ns)
        tree["cpu"] = _mean_max(_curve(log, "cpu", warm_up_ns))
    else:
        tree["utilization"] = _used(log, levels.busy, "slots", warm_up_ns)
        tree["cpu"] = _used(log, levels.cpu, "vcpus", warm_up_ns)
    tree["replicas"] = _mean_max(_curve(log, "replicas", warm_up_ns))
    memory = _curve(log, "memory", warm_up_ns)
    tree["memory"] = {
        "reserved": None if memory is None else int(memory.max()),
        "mean": None if memory is None else _known(memory.mean()),
    }
    tree["cost"] = _cost(log, jobs["finished"])
    tree["throughput"] = _throughput(log, warm_up_ns)
    return tree


def spread(durations_ns: Ints) -> dict[str, float | None]:
    """Return mean, standard deviation (of a population), quantiles and maximum in seconds.

    Parameters
    ----------
    durations_ns
        n durations; of none at all every figure is None.
    """
    return spread_of(durations_ns, exact_sum(durations_ns))


def spread_of(durations_ns: Ints, total_ns: int) -> dict[str, float | None]:
    """Return the same of durations whose exact sum is known."""
    n = len(durations_ns)
    if not n:
        return dict.fromkeys(["mean", "std", *QUANTILES, "max"])
    mean = total_ns / (n * SECOND)
    seconds = durations_ns / SECOND
    seconds -= mean  # from the exact mean, so that equal durations deviate by nothing at all
    seconds *= seconds
    std = math.sqrt(float(np.add.reduce(seconds)) / n)
    del seconds  # a column less, of what may be millions
    return {"mean": mean, "std": std, **_quantiles(durations_ns), "max": int(np.maximum.reduce(durations_ns)) / SECOND}


def _quantiles(durations_ns: Ints) -> dict[str, float]:
    """Return the quantiles in seconds that ``numpy.quantile`` gives by default, to the last bit, in half of its time.

    Only the order statistics on both sides of each are put in their places, and of those only are seconds made.
    """
    last = len(durations_ns) - 1
    below = [int(last * q) for q in QUANTILES.values()]
    above = [min(at + 1, last) for at in below]
    sides = np.partition(durations_ns, sorted({*below, *above}))[below + above] / SECOND
    sides = sides.tolist()
    lower, upper = sides[: len(below)], sides[len(below) :]
    shares = (last * q - at for q, at in zip(QUANTILES.values(), below, strict=True))
    return dict(zip(QUANTILES, map(_between, lower, upper, shares), strict=True))


def _between(lower: float, upper: float, share: float) -> float:
    """Interpolate from the nearer side, as NumPy does."""
    return lower + (upper - lower) * share if share < 0.5 else upper - (upper - lower) * (1 - share)


def _durations(log: RunLog, warm_up_ns: int) -> dict[str, Any]:
    attempts, arrival = log.attempts, log.jobs.arrival_ns
    rows = deciding(log)
    started, finished = attempts.started_ns[rows], attempts.finished_ns[rows]
    began = (arrival >= warm_up_ns) & (started < NEVER) & (attempts.outcome[rows] != Outcome.EXPIRED)
    waits = _where(began, started - arrival)
    wait = spread(waits) | wait_parts(log, rows, began)
    waits = _where(waits > 0, waits)
    left = (attempts.started_ns < NEVER) & (attempts.finished_ns < NEVER)
    left &= (arrival >= warm_up_ns)[attempts.job]
    return {
        "wait": wait | {"waited": spread(waits)},
        "service": spread(_where(left, attempts.finished_ns - attempts.started_ns)),
        "response": spread(_where(began & (finished < NEVER), finished - arrival)),
    }


def _where(flags: NDArray[np.bool_], durations_ns: Ints) -> Ints:
    """Return the flagged rows; all of them as they are."""
    return durations_ns if flags.all() else durations_ns[flags]


def _waiting(log: RunLog, warm_up_ns: int) -> dict[str, Any]:
    """Return how many jobs wait, and where; nowhere but in the queue if no worker receives one before it starts it."""
    tree = {"queue_length": _level(log, "queue_length", warm_up_ns)}
    attempts = log.attempts
    if log.engine != "observed" and np.array_equal(attempts.reserved_ns, attempts.started_ns):
        nothing = None if tree["queue_length"]["mean"] is None else 0.0
        return tree | {"visible": dict(tree["queue_length"]), "reserved": {"mean": nothing, "max": 0.0}}
    return tree | {name: _level(log, name, warm_up_ns) for name in ("visible", "reserved")}


def _waiting_in(levels: Levels, window_ns: int) -> dict[str, Any]:
    """Return the same of levels that the engine has followed."""
    waiting = {"queue_length": levels.queue_length, "visible": levels.visible, "reserved": levels.reserved}
    return {
        name: {"mean": float(area) / window_ns if window_ns else None, "max": float(most)}
        for name, (area, most) in waiting.items()
    }


def _level(log: RunLog, name: str, warm_up_ns: int) -> dict[str, float | None]:
    if missing(log, name):
        return {"mean": None, "max": None}
    window_ns = log.horizon_ns - warm_up_ns
    area, most = level(*CHANGES[name](log), warm_up_ns, log.horizon_ns)
    return {"mean": float(area) / window_ns if window_ns else None, "max": float(most)}


def _utilization(log: RunLog, warm_up_ns: int) -> dict[str, float | None]:
    slots = _curve(log, "slots", warm_up_ns)
    if slots is None or len(slots) > 1 or missing(log, "utilization"):
        return _mean_max(_curve(log, "utilization", warm_up_ns))
    there = int(slots.amounts[0])
    area, most = level(*CHANGES["busy"](log), warm_up_ns, log.horizon_ns)
    whole = float(there * (log.horizon_ns - warm_up_ns))
    return {"mean": float(area) / whole if whole else None, "max": most / there if there else None}


def _curve(log: RunLog, name: str, warm_up_ns: int) -> StepFunction | None:
    return None if missing(log, name) else over_time(log, name).between_ns(warm_up_ns, log.horizon_ns)


def _mean_max(curve: StepFunction | None) -> dict[str, float | None]:
    if curve is None:
        return {"mean": None, "max": None}
    return {"mean": _known(curve.mean()), "max": _known(curve.max())}


def _used(log: RunLog, use: Use, name: str, warm_up_ns: int) -> dict[str, float | None]:
    """Return what was in use as a share of what was up, by the name of its curve."""
    up = over_time(log, name).between_ns(warm_up_ns, log.horizon_ns)
    last = np.append(use.instants[1:] != use.instants[:-1], np.ones(min(1, len(use.instants)), np.bool_))
    most = closed((use.instants[last], use.most[last]), log.horizon_ns).between_ns(warm_up_ns, log.horizon_ns)
    there = up.area_ns()
    return {"mean": use.area / there if there else None, "max": _known(share(most, up).max())}


def _known(figure: float) -> float | None:
    return None if math.isnan(figure) else figure


def _cost(log: RunLog, finished: int) -> dict[str, float | None]:
    curve = _curve(log, "cost", 0)
    if curve is None:
        return {"total": None, "per_job": None}
    total = max(curve.integral() / 3600, log.least_price * log.horizon_ns / SECOND / 3600)
    return {"total": total, "per_job": total / finished if finished else None}


def _throughput(log: RunLog, warm_up_ns: int) -> float | None:
    window_s = (log.horizon_ns - warm_up_ns) / SECOND
    if not window_s:
        return None
    attempts = log.attempts
    rows = deciding(log)
    finished = _where(attempts.outcome[rows] == Outcome.DONE, attempts.finished_ns[rows])
    # What ended at the very end of the warm-up belongs to it; what ends at 0 belongs to the run.
    first = warm_up_ns + 1 if warm_up_ns else 0
    return float(np.count_nonzero(finished >= first)) / window_s
