"""The promise: these names, no others, and little that is loaded for them."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import workersim

NAMES = [
    "Burst",
    "Calibration",
    "Claim",
    "Comparison",
    "Deterministic",
    "Empirical",
    "Erlang",
    "Every",
    "Explanation",
    "Exponential",
    "Fleet",
    "Forecast",
    "Gamma",
    "Hyperexponential",
    "InputError",
    "Job",
    "LogError",
    "Lognormal",
    "MissingExtraError",
    "Mmpp",
    "Phase",
    "Plan",
    "Poisson",
    "Profile",
    "Recording",
    "Renewal",
    "Replay",
    "Result",
    "RunLog",
    "RunSettings",
    "Scenario",
    "Scipy",
    "Sensitivity",
    "State",
    "StepFunction",
    "Sweep",
    "Trace",
    "Triangular",
    "Uniform",
    "Verdict",
    "Verdicts",
    "Weibull",
    "WorkersimError",
    "Workload",
    "__version__",
    "calibrate",
    "check",
    "check_observed",
    "compare",
    "explain",
    "explore",
    "forecast",
    "load",
    "plan",
    "plots",
    "read",
    "read_trace",
    "replay",
    "report",
    "run",
    "schema",
    "sensitivity",
    "sweep",
    "theory",
]


def test_the_public_names() -> None:
    assert workersim.__all__ == NAMES
    assert dir(workersim) == sorted(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_each_name_is_there(name: str) -> None:
    assert getattr(workersim, name) is getattr(workersim, name)


def test_other_names_are_not() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'Jobs'"):
        _ = workersim.Jobs  # type: ignore[attr-defined]
    with pytest.raises(ImportError):
        from workersim import nothing  # type: ignore[attr-defined]  # noqa: F401, PLC0415


def test_the_version_is_the_one_of_the_package() -> None:
    project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())["project"]
    assert project["version"] == workersim.__version__


def loaded_by(statement: str) -> set[str]:
    script = f"import sys\n{statement}\nprint(*{{name.partition('.')[0] for name in sys.modules}})"
    got = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)  # noqa: S603
    return set(got.stdout.split())


HEAVY = {"pydantic", "pandas", "matplotlib", "numba", "simpy", "scipy", "pyarrow", "yaml", "click", "rich"}


def test_importing_loads_nothing_heavy() -> None:
    assert not loaded_by("import workersim") & (HEAVY | {"numpy"})


@pytest.mark.parametrize(
    ("statement", "needed"),
    [
        ("import workersim as ws; ws.Scenario", {"pydantic", "yaml"}),
        ("import workersim as ws; ws.load('scenarios/4-overload.yaml')", {"pydantic", "yaml", "numpy"}),
        ("import workersim as ws; ws.RunLog, ws.StepFunction", {"numpy"}),
        ("import workersim as ws; ws.theory", {"numpy", "scipy"}),
        ("import workersim as ws; ws.run, ws.check, ws.Result, ws.Verdict", {"pydantic", "numpy", "yaml"}),
    ],
)
def test_each_name_loads_no_more_than_it_needs(statement: str, needed: set[str]) -> None:
    assert not (loaded_by(statement) & HEAVY) - needed


def test_a_run_loads_neither_other_rooms_nor_large_parts_of_other_libraries() -> None:
    """Each of them would be waited for in every new process."""
    run = "import workersim as ws; ws.run(ws.load('scenarios/4-overload.yaml'), engine='compiled')"
    script = f"import sys\n{run}\nprint(*sys.modules)"
    got = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)  # noqa: S603
    needless = {"workersim.traces", "workersim.claims", "workersim.plots", "scipy.linalg", "scipy.stats", "pandas"}
    needless |= {f"workersim.experiments.{name}" for name in ("check", "compare", "replay", "sweep")}
    assert not needless & set(got.stdout.split())
