"""What the kernel costs, counted without a clock, and that its machine code is never older than its sources."""

from __future__ import annotations

import importlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import workersim
from workersim.engines.compiled import changing, fifo, kernel, tallied
from workersim.engines.compiled.changing import kernel as changing_kernel
from workersim.jit import SHARED, cache_folder
from workersim.metrics import reading, tally
from workersim.workload import ziggurat

if TYPE_CHECKING:
    from collections.abc import Callable

SOURCES = Path(workersim.__file__).parent

COUNT = """
import json, sys
import numpy as np
from tests.builders import J, cpu, io, jobs_of
from workersim.engines.compiled import engine
from workersim.engines.compiled.changing.engine import tell
from workersim.engines.system import Celery, Service, System
from workersim.scenario import Fleet
from workersim.units import NEVER

lines = 0

def count(frame, event, argument):
    global lines
    if "compiled" not in frame.f_code.co_filename:
        return None
    lines += event == "line"
    return count

def on_celery(jobs, fleet):
    settings = Celery(
        16, late=True, visibility_timeout_ns=3600 * 10**9, sweep_first_ns=10**10, sweep_every_ns=10**11
    )
    service = Service("workers", fleet.replicas, fleet.concurrency, fleet.vcpus, (0,), celery=settings)
    tell(jobs, System((service,), ("default",)), NEVER)

def steady(jobs, fleet):
    engine.simulate(jobs, fleet, NEVER, recursion=False)

def cost(run, jobs, fleet):
    global lines
    draw = np.random.default_rng(1)
    gaps = draw.exponential(1.0 / (0.7 * fleet.slots), jobs).cumsum()
    made = [J(int(at * 1e9), [cpu(int(draw.exponential(3e8))), io(int(draw.exponential(3e8)))]) for at in gaps]
    taken = jobs_of(made)
    lines = 0
    sys.settrace(count)
    run(taken, fleet)
    sys.settrace(None)
    return lines / jobs

small = Fleet(replicas=4, concurrency=4, vcpus=2)
large = Fleet(replicas=256, concurrency=4, vcpus=2)
asked = ((300, small), (3000, small), (3000, large))
print(json.dumps([[cost(run, jobs, fleet) for jobs, fleet in asked] for run in (steady, on_celery)]))
"""


def test_the_cost_of_a_job_grows_with_the_logarithm_of_the_fleet_and_not_with_the_run() -> None:
    """Lines of the kernel that are run for a job, with the JIT off."""
    environment = os.environ | {"NUMBA_DISABLE_JIT": "1", "PYTHONPATH": os.pathsep.join([str(SOURCES.parent), "."])}
    got = subprocess.run(  # noqa: S603 (our own text)
        [sys.executable, "-c", COUNT],
        cwd=Path(__file__).parent.parent,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    for short, long, many in json.loads(got.stdout):
        assert long == pytest.approx(short, rel=0.1)
        # Six more rounds in the tree of winners for each of some five updates a job; a scan would be 64 times as much.
        assert long < many < 2 * long


def test_a_kernel_is_compiled_for_one_kind_of_arguments() -> None:
    """A read-only or strided column would have it compiled anew."""
    functions: list[Any] = [kernel.run, changing_kernel.run, fifo.run, tally.tally, tally.total, tally.most_at_once]
    functions += [reading.read, reading.fill_cpu, reading.total_between, tallied.run, ziggurat.fill]
    if os.environ.get("NUMBA_DISABLE_JIT") != "1":
        assert max(len(function.signatures) for function in functions) <= 1


CHAIN = """
from llvmlite.binding import ModuleRef
from numba.core.types import Function
from workersim import jit

@jit.helper
def lowest(x): return x + x
@jit.rare
def left(x): return lowest(x) + lowest(x + x)
@jit.helper
def right(x): return left(x) + lowest(x)
@jit.rare
def both(x): return left(x) + right(x)
def top(x): return both(x)

linked, asked = [], []
link, look = ModuleRef.link_in, Function.get_call_type
ModuleRef.link_in = lambda self, other, preserve=False: linked.append(other.name) or link(self, other, preserve)
Function.get_call_type = lambda self, *given: asked.append(self) or look(self, *given)
entry = jit.compiled(**jit.FLAGS)(top)
assert entry(1) == 14
print(*[sum(name.startswith(each) for name in linked) for each in ("lowest", "left", "right", "both")])
print(sum("add" in str(each) for each in asked))
"""


def test_what_numba_does_for_a_kernel_grows_with_its_helpers_and_not_with_their_calls() -> None:
    """Each helper is linked once, into the entry, and what ``+`` means is looked up once for all of them."""
    environment = os.environ | {"NUMBA_DISABLE_JIT": "0"}
    command = [sys.executable, "-c", CHAIN]
    got = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)  # noqa: S603
    linked, looked_up = got.stdout.splitlines()
    assert linked == "2 2 2 2"  # each into its own library, and that into the entry's
    assert looked_up == "6"  # to find types once in all, and to write code where each of the five stands


ANSWER = """
from workersim.scenario import Fleet
from tests.builders import J, io, jobs_of
from workersim.engines.compiled import engine
print(engine.simulate(jobs_of([J(0, [io(5)])]), Fleet(replicas=1, concurrency=1), 2**62, recursion=False)[1].tolist())
"""


def test_an_edit_in_a_helper_is_never_answered_from_an_old_cache(tmp_path: Path) -> None:
    copied = tmp_path / "workersim"
    shutil.copytree(SOURCES, copied, ignore=shutil.ignore_patterns("__pycache__"))
    environment = os.environ | {
        "NUMBA_CACHE_DIR": str(tmp_path / "cache"),
        "NUMBA_DISABLE_JIT": "0",
        "PYTHONPATH": os.pathsep.join([str(tmp_path), "."]),
    }

    def answer() -> str:
        root = Path(__file__).parent.parent
        command = [sys.executable, "-c", ANSWER]
        got = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=True)  # noqa: S603
        return got.stdout

    assert answer() == "[5]\n"
    kept = list((tmp_path / "cache" / "workersim").glob("compiled-*"))
    assert len(kept) == 1
    assert list(kept[0].rglob("*.nbc"))
    helper = copied / "engines" / "compiled" / "phases.py"
    edited = helper.read_text().replace("end = clock.now + world.demand[p]", "end = clock.now + 7")
    assert edited != helper.read_text()
    helper.write_text(edited)
    assert answer() == "[7]\n"


def test_parts_of_kernels_in_another_room_belong_to_the_digest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the kernel in tallied.py some helpers stand with the meter."""
    use_cache(tmp_path, monkeypatch)
    shared = tmp_path / "tally.py"
    monkeypatch.setattr("workersim.jit.SHARED", (shared,))
    names = set()
    for version in range(2):
        shared.write_text(f"x = {version}\n")
        names.add(cache_folder(SOURCES / "engines" / "compiled").name)
    assert len(names) == 2


def test_what_kernels_take_from_another_room_is_known() -> None:
    """Each file with helpers that the kernels of another folder use is in ``jit.SHARED``."""
    for file in SOURCES.rglob("*.py"):
        text = file.read_text()
        if "from workersim.jit import" not in text:
            continue
        near = {file.parent, file.parent.parent}
        for room, name in re.findall(r"^from workersim\.([\w.]+)\.(\w+) import", text, re.MULTILINE):
            used = SOURCES / room.replace(".", "/") / f"{name}.py"
            has_helpers = used.exists() and re.search(r"^@(helper|rare)$", used.read_text(), re.MULTILINE)
            assert not has_helpers or used.parent in near or used in SHARED, (file, used)


def test_an_edit_in_the_folder_above_gets_a_cache_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel for changing fleets takes its trees from there."""
    use_cache(tmp_path, monkeypatch)
    inner = tmp_path / "parts" / "inner"
    inner.mkdir(parents=True)
    names = set()
    for edited in (inner / "kernel.py", inner.parent / "trees.py", inner / "cpu.py"):
        for version in range(2):
            edited.write_text(f"x = {version}\n")
            names.add(cache_folder(inner).name)
    assert len(names) == 6


def test_all_helpers_of_the_kernel_for_changing_fleets_are_in_the_digest() -> None:
    here = Path(changing.__file__).parent
    found = set()
    for file in here.glob("*.py"):
        module = importlib.import_module(f"{changing.__name__}.{file.stem}")
        parts = [part for part in vars(module).values() if hasattr(part, "py_func")]
        found |= {Path(part.__code__.co_filename).parent for part in parts}
    if os.environ.get("NUMBA_DISABLE_JIT") != "1":
        assert found == {here, here.parent}


def test_folders_of_former_versions_are_pruned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use_cache(tmp_path, monkeypatch)
    sources = tmp_path / "parts"
    sources.mkdir()
    names = set()
    for version in range(8):
        (sources / "part.py").write_text(f"x = {version}\n")
        names.add(cache_folder(sources).name)
    assert len(names) == 8
    assert len(list((tmp_path / "workersim").iterdir())) == 5


def test_a_cache_that_cannot_be_written_is_replaced_by_a_passing_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "workersim").write_text("a file where the folder should be")
    use_cache(tmp_path, monkeypatch)
    folder = cache_folder(SOURCES)
    assert folder.is_dir()
    assert tmp_path not in folder.parents


def use_cache(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    setting: Callable[..., None] = monkeypatch.setattr
    setting("workersim.jit.settings.CACHE_DIR", str(folder))
