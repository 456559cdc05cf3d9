"""Arrays that one run after the other uses; the runs are too large for a kernel that is not compiled."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from workersim.engines.compiled.changing.engine import tell
from workersim.engines.system import Service, System
from workersim.units import NEVER

from .builders import J, cpu, io, jobs_of

if TYPE_CHECKING:
    from workersim.policies import Observation


def test_a_run_within_a_run_has_arrays_of_its_own() -> None:
    """A policy may simulate what it is about to do; the arrays of both runs are large enough to be lent."""
    jobs, others = (jobs_of([J(k, [io(long), cpu(3)]) for k in range(100_000)]) for long in (5, 7))
    alone = tell(jobs, System((Service("workers", 4, 4, 2.0, (0,)),), ("default",)), NEVER)

    class Simulates:
        def __call__(self, observation: Observation, /) -> int:
            tell(others, System((Service("workers", 4, 4, 2.0, (0,)),), ("default",)), NEVER)
            return observation.wanted

    asked = Service("workers", 4, 4, 2.0, (0,), every_ns=8000, policy=Simulates)
    outer = tell(jobs, System((asked,), ("default",)), NEVER)
    assert np.array_equal(outer.attempts, alone.attempts)
    assert np.array_equal(outer.phases, alone.phases)
