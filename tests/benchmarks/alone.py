"""One run in a process of its own: ``python -m tests.benchmarks.alone ours W1-4 1000000`` prints what it cost."""

from __future__ import annotations

import json
import resource
import time
from pathlib import Path

import click

from .contenders import CONTENDERS, load
from .contenders.cases import CASES


@click.command()
@click.argument("contender", type=click.Choice(list(CONTENDERS)))
@click.argument("case", type=click.Choice(list(CASES)))
@click.argument("jobs", type=int)
def main(contender: str, case: str, jobs: int) -> None:
    """Run a contender once and print seconds and bytes as JSON."""
    began = time.perf_counter()
    answer = load(CONTENDERS[contender])(CASES[case], jobs, 1)
    took = time.perf_counter() - began
    click.echo(json.dumps({"jobs": answer.jobs, "seconds": took, "peak_bytes": peak_bytes()}))


def peak_bytes() -> int:
    """Return the most memory that this process ever held.

    ``ru_maxrss`` would not do on Linux: a new process starts with its parent's, if that had more.
    """
    status = Path("/proc/self/status")
    if status.exists():
        lines = dict(line.split(":", 1) for line in status.read_text(encoding="ascii").splitlines())
        return int(lines["VmHWM"].split()[0]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


if __name__ == "__main__":
    main()
