"""What platforms allow a service, by plan: a dated table, not a rule of the simulated world."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["PLANS", "Plan"]

_TB, _GB = 10**12, 10**9


class Plan(NamedTuple):
    """The most that one service may have, all its replicas together.

    Attributes
    ----------
    replicas, vcpus, memory_bytes
        Maxima of the service.
    source
        Where that stands, and of which day it is.
    """

    replicas: int
    vcpus: int
    memory_bytes: int
    source: str


_RAILWAY = "Railway's pricing page of 2026-08-21"

PLANS = {
    "railway_trial": Plan(2, 2, _GB, _RAILWAY),
    "railway_free": Plan(1, 1, _GB // 2, _RAILWAY),
    "railway_hobby": Plan(6, 48, 48 * _GB, _RAILWAY),
    "railway_pro": Plan(42, 1000, _TB, _RAILWAY),
    "railway_enterprise": Plan(50, 2400, 24 * _TB // 10, _RAILWAY),
}
"""Limits by the name of the plan; Railway counts vCPUs and memory over all replicas of a service."""
