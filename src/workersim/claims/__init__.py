"""A sentence about a fleet, and what runs say about it."""

from __future__ import annotations

from workersim.claims.evidence import Evidence, Observed
from workersim.claims.judging import assumed, could_change, judge
from workersim.claims.sentence import Sentence, sentence
from workersim.claims.verdict import Verdict

__all__ = ["Evidence", "Observed", "Sentence", "Verdict", "assumed", "could_change", "judge", "sentence"]
