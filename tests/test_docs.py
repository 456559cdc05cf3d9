"""The examples in README and docs run, and print what stands there."""

from __future__ import annotations

import doctest
import re
import shlex
import subprocess
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

import workersim as ws
from workersim.cli import main

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
MADE = {DOCS / "generated", DOCS / "making"}  # by the build of the site, and what makes it
PAGES = [
    *(ROOT / "README.md", ROOT / "CONTRIBUTING.md"),
    *(page for page in sorted(DOCS.rglob("*.md")) if not MADE & set(page.parents)),
]
# Pages whose commands are all run, one after the other, whether or not they show what is printed.
FOLLOWED = [DOCS / "tutorial.md", *sorted((DOCS / "how-to").glob("*.md"))]

# What an example that shows one section leaves to the reader.
REST = {
    "fleet": {"replicas": 1, "concurrency": 4},
    "workload": {"jobs": {"document": {"service": "20 min"}}, "arrivals": [{"burst": {"jobs": 10}}]},
}


def blocks(language: str, pages: list[Path] = PAGES) -> list[str]:
    block = re.compile(rf"^```{language}\n(.*?)^```$", re.MULTILINE | re.DOTALL)
    return [text for page in pages for text in block.findall(page.read_text(encoding="utf-8"))]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a working directory that holds the scenarios and the trace of the docs."""
    for name in ("scenarios", "tests"):
        (tmp_path / name).symlink_to(ROOT / name)
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


def follow(text: str, folder: Path, *, everything: bool = False) -> None:
    """Do what a block says: write the files that it shows, run its commands, and compare what they print."""
    for found in re.finditer(r"^\$ ([^\n]*)\n((?:(?!\$ ).*\n)*)", text, re.MULTILINE):
        command, *arguments = shlex.split(found[1])
        if command == "cat":
            (folder / arguments[0]).write_text(found[2])
        elif command == "sed" and everything:
            subprocess.run(found[1], shell=True, check=True)  # noqa: S602 (it is our own)
        elif command == "workersim" and (found[2] or everything):
            into = arguments.index(">") if ">" in arguments else None
            ran = CliRunner().invoke(main, arguments[:into])
            assert ran.exception is None or isinstance(ran.exception, SystemExit)
            if found[2]:
                assert doctest.OutputChecker().check_output(found[2], ran.output, doctest.ELLIPSIS), ran.output
            else:
                assert ran.exit_code == 0, ran.output


OTHERS = [page for page in PAGES if page not in FOLLOWED]


@pytest.mark.parametrize("text", blocks("console", OTHERS))
def test_the_shell_prints_what_is_said(text: str, folder: Path) -> None:
    follow(text, folder)


@pytest.mark.parametrize("page", FOLLOWED, ids=lambda page: page.stem)
def test_a_page_can_be_followed(page: Path, folder: Path) -> None:
    for text in blocks("console", [page]):
        if "--cluster" not in text:  # there is no cluster here
            follow(text, folder, everything=True)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_pictures_have_a_text(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for block in re.findall(r"^```\{image\}.*?^```$", text, re.MULTILINE | re.DOTALL):
        assert re.search(r"^:alt: .{20,}", block, re.MULTILINE)
    assert "![](" not in text
