"""A program in C, for this purpose only: what the machine can do.  Compiled with ``cc -O3`` when it is asked first."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

from .shape import Answer, Case

__all__ = ["run"]

SOURCES = Path(__file__).parent / "c"

if shutil.which("cc") is None:
    msg = "there is no cc on this machine"
    raise ImportError(msg)


@cache
def library() -> ctypes.CDLL:
    """Compile and load the program."""
    with tempfile.TemporaryDirectory(prefix="workersim-benchmark-") as folder:
        binary = Path(folder) / "peer.so"
        sources = [str(path) for path in sorted(SOURCES.glob("*.c"))]
        command = ["cc", "-std=gnu11", "-O3", "-fPIC", "-shared", "-o", str(binary), *sources, "-lm"]
        subprocess.run(command, check=True)  # noqa: S603 (a fixed command on our own sources)
        loaded = ctypes.CDLL(str(binary))
    number, count, seed = ctypes.c_double, ctypes.c_int64, ctypes.c_uint64
    numbers = ctypes.POINTER(number)
    loaded.fifo.argtypes = [ctypes.c_int, number, count, seed, numbers]
    loaded.sharing.argtypes = [ctypes.c_int, ctypes.c_int, number, number, numbers, count, seed, numbers]
    return loaded


def run(case: Case, jobs: int, seed: int) -> Answer:
    """Run a case: W1 or W2."""
    answer = (ctypes.c_double * 4)()
    means = (ctypes.c_double * len(case.phases))(*(mean for _, mean in case.phases))
    if case.shares:
        failed = library().sharing(case.replicas, case.slots, case.vcpus, case.rate_per_s, means, jobs, seed, answer)
    else:  # the C code counts in mean services
        failed = library().fifo(case.replicas * case.slots, case.rate_per_s * means[0], jobs, seed, answer)
        answer[0], answer[1] = answer[0] * means[0], answer[1] * means[0]
    if failed:
        msg = f"the C program returned {failed}"
        raise RuntimeError(msg)
    mean_wait_s, p95_wait_s, mean_queue, mean_service_s = answer
    return Answer(
        jobs=jobs,
        mean_wait_s=mean_wait_s,
        p95_wait_s=p95_wait_s,
        mean_queue=mean_queue,
        mean_service_s=mean_service_s,
    )
