"""Closed forms for queues in their steady state, which owe nothing to the engines.

Arguments are keywords: durations in seconds or as texts such as ``'20 min'``, rates per second or as
texts such as ``'10/hour'``.  Results carry their figures in seconds, say whether they are exact, and
name their source.
"""

from __future__ import annotations

from workersim.theory.containers import (
    Container,
    container,
    container_concurrency,
    container_curve,
    container_rule,
)
from workersim.theory.deterministic import DeterministicQueue, mdc
from workersim.theory.erlang import ExponentialQueue, erlang_b, erlang_c, mmc
from workersim.theory.general import GeneralQueue, ggc, mg1, mgc
from workersim.theory.impatience import ImpatientQueue, reneging
from workersim.theory.priorities import PriorityClass, PriorityQueue, priority
from workersim.theory.results import Queue, Result
from workersim.theory.sharing import SharedCpu, ps

__all__ = [
    "Container",
    "DeterministicQueue",
    "ExponentialQueue",
    "GeneralQueue",
    "ImpatientQueue",
    "PriorityClass",
    "PriorityQueue",
    "Queue",
    "Result",
    "SharedCpu",
    "container",
    "container_concurrency",
    "container_curve",
    "container_rule",
    "erlang_b",
    "erlang_c",
    "ggc",
    "mdc",
    "mg1",
    "mgc",
    "mmc",
    "priority",
    "ps",
    "reneging",
]
