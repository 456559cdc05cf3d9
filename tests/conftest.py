"""How much is tried: `pytest tests/test_engines_agree.py --scenarios 10000` draws that many random runs.

`tests/test_worlds_agree.py --worlds 10000` does the same for worlds with everything in them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import settings

if TYPE_CHECKING:
    import pytest

SCENARIOS = 300

settings.register_profile("workersim", deadline=None)  # the first example compiles the kernel
settings.load_profile("workersim")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--scenarios", type=int, default=SCENARIOS, help="random runs that the engines must agree on")
    parser.addoption("--worlds", type=int, default=SCENARIOS, help="random worlds that the engines must agree on")
