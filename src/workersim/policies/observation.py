"""What a scaling policy is told at its tick: what the real thing could see, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Observation", "Policy"]


@dataclass(frozen=True)
class Observation:
    """The state of one service at a tick, before that instant's arrivals and dispatch.

    Attributes
    ----------
    now_s
        Seconds from the start of the run.
    queue_length
        Messages in the lists of the queues that the service consumes.  What workers have reserved is not in a
        list any more: no scaler that asks Redis sees it.
    lists
        Length of each list, by queue and priority step.
    oldest_s
        Age of the oldest of these messages in seconds, by queue; a queue with none is left out.
    running, slots_up
        Jobs that run, and slots that are up: all of a ready replica, the working ones of a draining one.
    cpu
        Share of the vCPUs in use, mean over the ready replicas, from 0 to 1.
    wanted, starting, ready, draining
        Replicas by state.  Wanted ones are those that are or will be ready and nobody took back.
    backlog
        The truth: documents that arrived and have not started, reserved and stranded ones too.  No scaler can see it;
        a rule must ask for it by this name.
    """

    now_s: float
    queue_length: int
    lists: Mapping[tuple[str, int], int]
    oldest_s: Mapping[str, float]
    running: int
    slots_up: int
    cpu: float
    wanted: int
    starting: int
    ready: int
    draining: int
    backlog: int

    @property
    def utilization(self) -> float:
        """Running jobs divided by slots that are up; 0 if none is."""
        return self.running / self.slots_up if self.slots_up else 0.0


class Policy(Protocol):
    """Any callable that says how many replicas it wants; an engine asks it at each tick."""

    def __call__(self, observation: Observation, /) -> int:
        """Return the number of replicas wanted, >= 0."""
        ...
