"""The audit of the guide: the page is what its module prints, and every claim of the guide's folder is on it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import workersim as ws
from workersim.experiments.verdicts import verdict_table

from .guide_table import CHANCE, PARTS, SCENARIOS, files_of, is_random, row, worked

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs/guide-audited.md").read_text(encoding="utf-8")
LINES = PAGE.splitlines()
FILES = {path for part in PARTS for path in files_of(part)}
CERTAIN = sorted(path for path in FILES if not is_random(path))


@pytest.mark.parametrize("path", CERTAIN, ids=lambda path: path.stem)
def test_rows_without_chance_are_what_is_printed(path: Path) -> None:
    verdicts = ws.check(ws.load(path))
    for verdict in verdicts:
        assert row(verdict, path) in LINES
    assert all(len(line) <= 80 for line in verdict_table(verdicts).splitlines())


@pytest.mark.parametrize("name", [part.worked for part in PARTS if part.worked and part.worked not in CHANCE])
def test_what_is_worked_out_is_what_is_printed(name: str) -> None:
    lines = worked(name)
    assert len(lines) > 2
    assert "\n".join(lines) in PAGE


def test_every_scenario_of_the_folder_is_on_the_page() -> None:
    assert set((SCENARIOS / "guide").glob("*.yaml")) <= FILES


@pytest.mark.parametrize("path", sorted(FILES - set(CERTAIN)), ids=lambda path: path.stem)
def test_rows_of_chance_are_there(path: Path) -> None:
    link = f"](../scenarios/{path.relative_to(SCENARIOS).as_posix()}) |"
    said = [line for line in LINES if line.endswith(link)]
    claims = ws.load(path).claims
    assert len(said) == len(claims)
    assert all(line.startswith(f"| {claim.says} |") for line, claim in zip(said, claims, strict=True))


def test_every_claim_on_the_guide_is_decided() -> None:
    of_guide = [line for line in LINES if "](../scenarios/guide/" in line]
    verdicts = [re.split(r" \| ", line)[1] for line in of_guide]
    assert len(verdicts) > 70
    assert set(verdicts) == {"supported", "refuted"}


@pytest.mark.parametrize("name", ["traffic-200-on-40", "band-80-on-04", "balancing-default"])
def test_some_rows_of_chance_are_what_is_printed(name: str) -> None:
    path = SCENARIOS / "guide" / f"{name}.yaml"
    for verdict in ws.check(ws.load(path)):
        assert any(line.startswith(f"| {verdict.says} | {verdict.verdict} |") for line in LINES)
