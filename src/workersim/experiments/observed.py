"""Claims against what was observed: the same sentences, another log."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workersim import claims
from workersim.errors import InputError
from workersim.experiments.check import sentence_of
from workersim.experiments.verdicts import Verdicts
from workersim.scenario import MEASURES
from workersim.units import nearest, shown

if TYPE_CHECKING:
    from collections.abc import Iterable

    from workersim.scenario import Claim
    from workersim.traces import Recording

__all__ = ["check_observed"]


def check_observed(recording: Recording, said: Iterable[Claim]) -> Verdicts:
    """Give a verdict on claims about a recorded system.

    Parameters
    ----------
    recording
        As ``ws.read_trace`` returns it.
    said
        Claims, as scenarios hold them; about what is measured, as a recording has no inputs.

    Returns
    -------
    Verdicts
        One a claim, in their order.

    Raises
    ------
    InputError
        If a claim is about an input.
    LogError
        If nothing was observed.

    Examples
    --------
    >>> import workersim as ws
    >>> trace = ws.read_trace("tests/recordings/burst10_1x4.jsonl.gz")
    >>> claim = ws.Claim(says="two wait 10 s", measure="wait.max", expect="10 s", within="1%")
    >>> [verdict] = ws.check_observed(trace, [claim])
    >>> verdict.verdict, round(verdict.measured, 2)
    ('supported', 9.99)
    """
    evidence = claims.Evidence(recording.observed)
    verdicts = Verdicts()
    for claim in said:
        if claim.measure not in MEASURES:
            wanted = f"expected something measured, as a recording has no inputs, found {shown(claim.measure)}"
            msg = f"claim: {wanted}{nearest(claim.measure, MEASURES)}"
            raise InputError(msg)
        sentence = sentence_of(claim, MEASURES[claim.measure])
        seen = [evidence.about(sentence)]
        verdicts.append(claims.judge(sentence, seen, scenario=recording.path.name, random=False))
    return verdicts
