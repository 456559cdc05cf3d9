"""What is asked of ours alone: memory, replications on two cores, and the first run of a new process."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workersim.experiments.threads import threads

from .contenders import CONTENDERS, OURS, Absent, load
from .contenders.cases import CASES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

__all__ = ["Probe", "first_runs", "memory", "two_cores"]

HERE = __package__ or ""
FEW = 1_000


@dataclass(frozen=True)
class Probe:
    """A number about ours: a key for the targets, what it is, its value, and the value for people."""

    key: str
    title: str
    value: float
    text: str


def new_process(contender: str, case: str, jobs: int, *, cache: str | None = None) -> dict[str, Any]:
    """Run once in a new process; ``wall_s`` is from its start to its end.

    It keeps the bytecode of what it imports, as Python does unless it is told otherwise: without, 0.2 s go to that.
    """
    caches = {} if cache is None else {"NUMBA_CACHE_DIR": cache, "XDG_CACHE_HOME": cache}
    settings = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"} | caches
    command = [sys.executable, "-m", f"{HERE}.alone", contender, case, str(jobs)]
    began = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=settings)  # noqa: S603
    took = time.perf_counter() - began
    if done.returncode:
        msg = done.stderr.strip().rpartition("\n")[2]
        raise Absent(msg)
    told: dict[str, Any] = json.loads(done.stdout)
    return told | {"wall_s": took}


def memory(sizes: Mapping[str, Sequence[int]], *, contender: str = OURS) -> Iterator[Probe]:
    """Yield the peak memory of one run of each case at each of its sizes, interpreter and libraries included."""
    for case, jobs in ((case, jobs) for case, all_sizes in sizes.items() for jobs in all_sizes):
        if jobs > CONTENDERS[contender].largest:
            continue
        peak = new_process(contender, case, jobs)["peak_bytes"]
        title = f"peak memory, {CONTENDERS[contender].title}, {case}, {jobs:,} jobs"
        yield Probe(f"memory {contender} {case} {jobs}", title, peak, f"{peak / 1e6:,.0f} MB")


def first_runs(*, cases: Sequence[str] = ("W1-4", "W2", "W4")) -> Iterator[Probe]:
    """Yield the seconds of a whole new process that runs a few jobs, without and with machine code on disk."""
    for case in cases:
        with tempfile.TemporaryDirectory(prefix="workersim-benchmark-") as cache:
            for state in ("cold", "warm"):
                took = new_process(OURS, case, FEW, cache=cache)["wall_s"]
                title = f"a new process, {case}, {FEW:,} jobs, {state} cache"
                yield Probe(f"first {case} {state}", title, took, f"{took:.2f} s")


def two_cores(*, jobs: int, repeats: int, case: str = "W1-4") -> Iterator[Probe]:
    """Yield how many times as fast two replications are in two threads as one after the other."""
    if (os.cpu_count() or 1) < 2:
        return
    run = load(CONTENDERS[OURS])

    def replication(seed: int) -> None:
        run(CASES[case], jobs, seed)

    def took(mapped: Callable[..., Any], seed: int) -> float:
        began = time.perf_counter()
        list(mapped(replication, (seed, seed + 1)))
        return time.perf_counter() - began

    with threads(2) as pool:
        took(pool.map, 0)
        gains = [took(map, seed) / took(pool.map, seed) for seed in range(1, 1 + repeats)]
    gain = statistics.median(gains)
    text = f"{gain:.2f} x ({min(gains):.2f} to {max(gains):.2f})"
    yield Probe(f"two cores {case}", f"two replications on two cores, {case}, {jobs:,} jobs each", gain, text)
