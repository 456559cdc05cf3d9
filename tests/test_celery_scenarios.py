"""The ready questions about Celery: what each claim comes to, and that each file says in two lines what it shows."""

from __future__ import annotations

from pathlib import Path

import pytest

import workersim as ws

FOLDER = Path(__file__).parent.parent / "scenarios" / "celery"
VERDICTS = {
    "autoscaling-hidden-backlog": ["refuted"],
    "autoscaling-startup-5-s": ["refuted"],
    "autoscaling-startup-90-s": ["refuted"],
    "backlog-early": ["supported", "supported", "supported"],
    "backlog-late": ["supported"],
    "crash-one-of-8": ["supported"],
    "crash-two-of-4": ["supported"],
    "deploy-drain-0": ["supported", "refuted"],
    "deploy-drain-15": ["supported"],
    "memory-limit": ["refuted"],
    "mixed-lengths-prefetch-1": ["supported"],
    "mixed-lengths-prefetch-4": ["refuted"],
    "priority-starvation": ["supported", "refuted"],
    "visibility-timeout": ["refuted"],
}


def test_every_question_is_held() -> None:
    assert sorted(VERDICTS) == sorted(path.stem for path in FOLDER.glob("*.yaml"))


@pytest.mark.parametrize("name", VERDICTS)
def test_its_claims_come_to_this(name: str) -> None:
    path = FOLDER / f"{name}.yaml"
    comments = [line for line in path.read_text().splitlines() if line.startswith("# ")]
    assert len(comments) == 2
    assert [str(each.verdict) for each in ws.check(ws.load(path), engine="compiled")] == VERDICTS[name]


@pytest.mark.parametrize("name", VERDICTS)
def test_both_engines_tell_the_same_story(name: str) -> None:
    scenario = ws.load(FOLDER / f"{name}.yaml").replace("run.replications", 1)
    simpy, compiled = (ws.run(scenario, engine=engine).log for engine in ("simpy", "compiled"))
    assert simpy.diff(compiled) is None
    compiled.check()
