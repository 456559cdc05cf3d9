"""How kernels are compiled, and where their machine code is kept.

Small helpers cost nothing only with both of the flags below: inlined before optimisation, and without
reference counts on the arrays of the world at each call (together 18 times as fast as plain ``njit``).
``_nrt`` is not documented by Numba; the benchmark notices if it stops working.

Numba optimises each helper by itself, with all that it calls, and makes machine code of it, before it does so once
more with whoever calls it.  A pipeline with two passes more leaves that away (a kernel of 190: 28 s instead of 52).

Numba's cache looks at the file of the compiled function alone, not at those of the helpers inside it.  So the folder
of the cache carries a digest of all files beside it and one folder up, where it may have helpers too, and of the parts
of kernels that other rooms share: an edit in any of them gets a new one.
"""

from __future__ import annotations

import gc
import hashlib
import importlib
import os
import shutil
import tempfile
from contextlib import contextmanager
from copy import copy
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray


@contextmanager
def _uncollected() -> Iterator[None]:
    """Load what stays without collections, which look at all of it again and again: 0.1 s of a new process."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            if not gc.get_freeze_count():  # nobody else's are let go
                gc.freeze()
                gc.unfreeze()  # now they are old, without one look at them
            gc.enable()


with _uncollected():
    from llvmlite import binding  # type: ignore[import-untyped]
    from numba import config, njit
    from numba.core import types
    from numba.core.compiler import CompilerBase, DefaultPassBuilder
    from numba.core.compiler_machinery import LoweringPass, register_pass
    from numba.core.registry import cpu_target
    from numba.core.typed_passes import AnnotateTypes, InlineOverloads, NativeLowering, NopythonRewrites
    from numba.core.untyped_passes import InlineClosureLikes
    from numba.np import linalg

__all__ = ["SHARED", "cache_folder", "entry", "helper", "plain", "rare"]

# Numba's own types know neither ``_nrt`` nor the names in its configuration.
compiled: Any = njit
settings: Any = config
numbas: Any = types
F = TypeVar("F", bound="Callable[..., Any]")
FLAGS = {"error_model": "numpy", "_nrt": False, "no_cfunc_wrapper": True}
# Passes for functions within functions, whole arrays and overloads that are inlined: helpers have none of these.
NEEDLESS = (InlineClosureLikes, InlineOverloads, NopythonRewrites)
KEPT = 4  # folders of former versions; a few, so that two checkouts do not take turns in compiling
# What kernels take from other rooms: how a run that is only measured is counted, and numbers that stand for something.
SHARED = tuple(
    Path(__file__).parent / name
    for name in ("metrics/tally.py", "engines/endless.py", "engines/system.py", "runlog/schema.py", "units/reading.py")
)


def _load_arrays_without_blas() -> None:
    """Load Numba's array functions, which else look for SciPy's linear algebra at once: 0.1 s of a new process.

    SciPy is there, as it is required; code that uses its linear algebra looks for it again.
    """
    look, linalg.ensure_blas = linalg.ensure_blas, _do_nothing
    try:
        importlib.import_module("numba.np.arraymath")
    finally:
        linalg.ensure_blas = look


@register_pass(mutates_CFG=False, analysis_only=False)  # type: ignore[no-untyped-call]  # Numba has few types
class _LeaveAsItIs(LoweringPass):
    """Neither optimise nor translate a helper by itself: only what is linked into an entry is ever run."""

    _name = "leave_as_it_is"

    def __init__(self) -> None:
        LoweringPass.__init__(self)  # type: ignore[no-untyped-call]  # abstract in Numba

    def run_pass(self, state: Any) -> bool:
        library = state.targetctx.codegen().create_library(state.func_id.func_qualname)
        library.enable_object_caching()
        library._optimize_functions = _do_nothing  # noqa: SLF001
        library.finalize = partial(_seal, library)
        state.library = library
        state.flags.no_compile = True
        return True


def _do_nothing(*_: Any) -> None:
    """Stand for a pass over the code of a helper."""


def _seal(library: Any) -> None:
    """Finish the library of a helper without what it calls, and without giving it to the machine."""
    library._finalize_dynamic_globals()  # noqa: SLF001
    library._finalized = True  # noqa: SLF001


@register_pass(mutates_CFG=False, analysis_only=False)  # type: ignore[no-untyped-call]  # Numba has few types
class _NothingToCall(LoweringPass):
    """Give a helper, of which there is no machine code, something in its place: nobody calls it."""

    _name = "nothing_to_call"

    def __init__(self) -> None:
        LoweringPass.__init__(self)  # type: ignore[no-untyped-call]  # abstract in Numba

    def run_pass(self, state: Any) -> bool:
        nothing: Any = [].append  # equal to no other one
        # Who calls it is linked with all that it calls; so each of them is linked once, into the entry.
        libraries = dict.fromkeys([state.library, *state.library._linking_libraries])  # noqa: SLF001
        state.targetctx.insert_user_function(nothing, state["cr"].fndesc, list(libraries))
        state.reload_init.extend(state.library._reload_init)  # noqa: SLF001 (as NativeLowering does)
        state["cr"] = state["cr"]._replace(cfunc=nothing)
        return True


@cache
def _remembering(context: Any) -> Any:
    """Return a context for types that looks an operator up once, and not anew wherever helpers add two numbers.

    Numba tries dozens of overloads before it comes to that of numbers (a kernel of 190: 9 s instead of 11).
    """
    same, found, look = copy(context), {}, context.resolve_function_type

    def resolve(function: Any, args: tuple[Any, ...], kws: dict[str, Any]) -> Any:
        if kws or not isinstance(function, numbas.Function):
            return look(function, args, kws)
        key = function, args
        if key not in found:
            found[key] = look(function, args, kws)
        return found[key]

    same.resolve_function_type = resolve
    return same


class _Part(CompilerBase):
    """How helpers are compiled."""

    def define_pipelines(self) -> list[Any]:
        """Return Numba's own pipeline with one pass more."""
        self.state.typingctx = _remembering(self.state.typingctx)
        pipeline = DefaultPassBuilder.define_nopython_pipeline(self.state)  # type: ignore[no-untyped-call]  # as above
        pipeline.passes = [each for each in pipeline.passes if each[0] not in NEEDLESS]
        pipeline.add_pass_after(_LeaveAsItIs, AnnotateTypes)
        pipeline.add_pass_after(_NothingToCall, NativeLowering)
        pipeline.finalize()
        return [pipeline]


def _keep_selections() -> None:
    """Have LLVM leave a selection by data what it is: its guess that a branch is faster is wrong here (8 % of W2)."""
    binding.set_option("", "--x86-cmov-converter=false")  # an option that a machine does not know is ignored


with _uncollected():
    _load_arrays_without_blas()
    cpu_target.target_context.refresh()  # as Numba does before its first kernel
_keep_selections()


def helper(function: F) -> F:
    """Compile a function that is inlined wherever the kernel calls it; it cannot allocate.

    Nobody calls it from Python, so it gets no wrapper for that, which would take longer to compile than itself (a
    kernel of 25 helpers: 5 s instead of 12).
    """
    return cast("F", _part(function, forceinline=True))


def rare(function: F) -> F:
    """Compile a function that the kernel calls now and then: it stands once, however often it is named."""
    # Said of it, because Numba inlines it if the first that calls it is (a kernel of 190: 16 s instead of 32).
    return cast("F", _part(function, forceinline=False))


def _part(function: Any, *, forceinline: bool) -> Any:
    """Compile a part of kernels once for all whole numbers, and not anew for each constant that it is called with."""
    part = compiled(**FLAGS, forceinline=forceinline, no_cpython_wrapper=True, pipeline_class=_Part)(function)
    if settings.DISABLE_JIT:  # it is the function itself
        return part
    template = part.get_call_template
    part.get_call_template = lambda args, kws: template(tuple(map(_whole, args)), kws)
    return part


def _whole(argument: Any) -> Any:
    """Return the type of an argument: 64 bits for a whole number with a sign, of any value."""
    known = numbas.unliteral(argument)
    return numbas.int64 if isinstance(known, numbas.Integer) and known.signed else known


def entry(function: F) -> F:
    """Compile a function that Python calls: it frees the GIL, and its machine code is kept on disk."""
    before = settings.CACHE_DIR
    settings.CACHE_DIR = str(cache_folder(Path(function.__code__.co_filename).parent))
    try:
        return cast("F", compiled(**FLAGS, cache=True, nogil=True)(function))
    finally:
        settings.CACHE_DIR = before


def plain(column: NDArray[Any], dtype: type) -> NDArray[Any]:
    """Return a column as kernels take it: contiguous and writeable, since they are compiled anew for any other kind."""
    made: NDArray[Any] = np.ascontiguousarray(column, dtype)
    return made if made.flags.writeable else made.copy()


def cache_folder(sources: Path) -> Path:
    """Return the folder for the machine code of a folder of sources as they are now, made and writable."""
    base = Path(settings.CACHE_DIR or os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = base / "workersim" / f"{sources.name}-{_digest(sources)}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError:
        return Path(tempfile.mkdtemp(prefix="workersim-"))
    _prune(folder, sources.name)
    return folder


def _digest(sources: Path) -> str:
    files = [Path(__file__), *SHARED, *sorted(sources.parent.glob("*.py")), *sorted(sources.glob("*.py"))]
    texts = (file.name.encode() + b"\0" + file.read_bytes() for file in files)
    return hashlib.sha256(b"\0".join(texts)).hexdigest()[:16]


def _prune(current: Path, name: str) -> None:
    others = [folder for folder in current.parent.glob(f"{name}-*") if folder.is_dir() and folder != current]
    for folder in sorted(others, key=lambda folder: folder.stat().st_mtime)[:-KEPT]:
        shutil.rmtree(folder, ignore_errors=True)
