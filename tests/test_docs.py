"""The examples in README and docs run, and print what stands there."""

from __future__ import annotations

import doctest
import re
import shlex
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

import workersim as ws
from workersim.cli import main

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]

# What an example that shows one section leaves to the reader.
REST = {
    "fleet": {"replicas": 1, "concurrency": 4},
    "workload": {"jobs": {"document": {"service": "20 min"}}, "arrivals": [{"burst": {"jobs": 10}}]},
}


def blocks(language: str) -> list[str]:
    block = re.compile(rf"^```{language}\n(.*?)^```$", re.MULTILINE | re.DOTALL)
    return [text for page in PAGES for text in block.findall(page.read_text(encoding="utf-8"))]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a working directory that holds the scenarios and the trace of the docs."""
    (tmp_path / "scenarios").symlink_to(ROOT / "scenarios")
    (tmp_path / "yesterday.csv").write_text(blocks("csv")[0])
    (tmp_path / "bad.yaml").write_text("{fleet: {replicas: 1, concurrency: 4}, workload: {arrivals: [trace: bad.csv]}}")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("text", blocks("yaml"))
def test_scenarios_are_read_and_run(text: str, folder: Path) -> None:
    scenario = ws.read(yaml.safe_dump(REST | yaml.safe_load(text)), folder=folder)
    assert ws.run(scenario).metrics["jobs"]["arrived"] > 0
    assert len(ws.check(scenario)) == len(scenario.claims)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_python_prints_what_is_said(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    assert doctest.testfile(str(page), module_relative=False).failed == 0


@pytest.mark.parametrize("text", blocks("python"))
def test_python_runs(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    exec(compile(text, "docs", "exec"), {})  # noqa: S102 (it is our own)


@pytest.mark.parametrize("text", blocks("console"))
def test_the_shell_prints_what_is_said(text: str, folder: Path) -> None:
    for found in re.finditer(r"^\$ ([^\n]*)\n((?:(?!\$ ).*\n)*)", text, re.MULTILINE):
        command, *arguments = shlex.split(found[1])
        if command == "cat":
            (folder / arguments[0]).write_text(found[2])
        elif command == "workersim" and found[2]:
            printed = CliRunner().invoke(main, arguments).output
            assert doctest.OutputChecker().check_output(found[2], printed, doctest.ELLIPSIS), printed
