"""What becomes of a claim."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

__all__ = ["Finding", "Verdict"]

Finding: TypeAlias = Literal["supported", "refuted", "inconclusive", "assumed"]


@dataclass(frozen=True)
class Verdict:
    """A claim, what was measured, and whether the claim stands.

    Attributes
    ----------
    scenario
        Name of the scenario.
    says
        The sentence.
    measure
        Path of the figure, curve or input that it speaks of.
    expected
        What it expects, or the bound that it sets: seconds, bytes, per second, or a plain number.
    measured
        The mean over the replications, in the same unit; None if there was nothing to measure.
    interval
        Its 95 % interval; None where one run decides.
    verdict
        ``supported``, ``refuted``, ``inconclusive``, or ``assumed``: the sentence is an input of the model.
    why
        One sentence with the figures.
    """

    scenario: str
    says: str
    measure: str
    expected: float
    measured: float | None
    interval: tuple[float, float] | None
    verdict: Finding
    why: str

    def to_dict(self) -> dict[str, Any]:
        """Return the object that ``workersim check --json`` prints."""
        return vars(self) | {"interval": None if self.interval is None else list(self.interval)}
