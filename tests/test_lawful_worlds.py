"""All engines tell the same of whole random worlds, and what they tell breaks no law."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import HealthCheck, given, settings

from .random_worlds import RandomWorld, worlds
from .worlds import ENGINES, run

if TYPE_CHECKING:
    import pytest


def test_all_engines_write_the_same_lawful_log(request: pytest.FixtureRequest) -> None:
    @settings(
        max_examples=request.config.getoption("--scenarios"), deadline=None, suppress_health_check=list(HealthCheck)
    )
    @given(world=worlds())
    def agree(world: RandomWorld) -> None:
        first, *others = (run(engine, world.documents, *world.services, **world.asked) for engine in ENGINES)
        first.log.check()
        for other in others:
            assert first.log.diff(other.log) is None

    agree()
